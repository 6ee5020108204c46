# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading key pairs. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._core import tags
from . import binding, shape


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """The key pairs that match every filter given, sorted by name."""
    tags.check(options["tags"])
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
    return {"key_pairs": pairs}
