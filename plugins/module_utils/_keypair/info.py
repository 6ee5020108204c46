# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading key pairs. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput
from .._core import tags
from . import binding, key_file, public_key, shape


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """The key pairs that match every filter given, sorted by name."""
    tags.check(options["tags"])
    local = _local(options)
    query = {
        "KeyPairName": options["name"],
        "KeyPairFingerPrint": options["fingerprint"],
        "Tag": tags.to_api(options["tags"]) if options["tags"] else None,
    }
    query = {key: value for key, value in query.items() if value}
    items = cloud.pages("ecs", "DescribeKeyPairs", query, IncludePublicKey=True)
    pairs = sorted((shape.key_pair(item) for item in items), key=lambda pair: str(pair["name"]))
    if options["include_instances"]:
        for pair in pairs:
            pair["instance_ids"] = binding.users(cloud, pair["name"])
    if local is None:
        return {"key_pairs": pairs}
    for pair in pairs:
        pair["matches"] = public_key.stored(pair["public_key"]) == local
    return {"key_pairs": pairs, "compared_with": local.text}


def _local(options: dict[str, t.Any]) -> public_key.PublicKey | None:
    """The key here that pairs are compared with.

    :raises InvalidInput: it is none, or it cannot be told
    """
    text, path = options["public_key"], options["private_key_file"]
    if text and path:
        raise InvalidInput("public_key and private_key_file exclude each other: each says which key to compare with.")
    if text:
        return public_key.parse("public_key", text)
    if not path:
        return None
    file = key_file.look(path)
    if not file.exists:
        raise InvalidInput(f"private_key_file is {file.path}; there is no such file.")
    if file.public is None:
        raise InvalidInput(
            f"private_key_file is {file.path}; its public half cannot be told. It is no private key, or a passphrase "
            "protects it.",
            hint="Give the public key instead, with public_key.",
        )
    return file.public
