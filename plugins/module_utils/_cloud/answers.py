# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Telling an answer from what only looks like one. Private.

A captive portal, a gateway or a proxy answers with status 200, too. Used in instances as well, so it keeps to
Python 3.8 and its standard library.
"""

from __future__ import annotations

import re
import typing as t

from .texts import from_json

#: As much of a body is looked at, and shown.
_LOOKED_AT = 1 << 16
_SHOWN = 160
#: What follows such a word may be a secret, and goes on until nobody knows where.
_CONFIDENTIAL = re.compile(
    r"secret|token|passw|private.?key|plaintext|authorization|credential|signature|userdata|commandcontent",
    re.IGNORECASE,
)
_KINDS: dict[str, t.Any] = {"object": dict, "list": list, "value": (str, int, float, bool)}


def lacking(body: t.Any, required: t.Mapping[str, str]) -> list[str]:
    """What an answer of Alibaba Cloud would have, and this has not.

    :param body: what came, parsed
    :param required: members of the answer besides C(RequestId), with their kind: C(object), C(list) or C(value); of
        names with C(|) between them one is enough
    """
    if not isinstance(body, dict):
        body = {}
    return [
        names.replace("|", " or ")
        for names, kind in (("RequestId", "value"), *required.items())
        if not any(isinstance(body.get(name), _KINDS[kind]) for name in names.split("|"))
    ]


def parsed(content: bytes | str) -> t.Any:
    """What is in a body of JSON; None where it is no JSON."""
    try:
        return from_json(content)
    except ValueError:
        return None


def beginning(content: bytes, secrets: t.Iterable[str] = ()) -> str:
    """The beginning of a body on one line, up to where a secret may follow.

    :param secrets: parts of the request, which some servers repeat
    """
    text = content[:_LOOKED_AT].decode("utf-8", "replace")
    for secret in secrets:
        text = text.replace(secret, "...")
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    text = " ".join(text.split())
    found = _CONFIDENTIAL.search(text)
    end = min(found.start() if found else len(text), _SHOWN)
    return text[:end] + ("..." if end < len(text) or len(content) > _LOOKED_AT else "")


def described(status: int, content_type: str, content: bytes, secrets: t.Iterable[str] = ()) -> str:
    """An answer in a few words, for an error."""
    kind = content_type.partition(";")[0].strip()[:60] or "no content type"
    return f"status {status}, {kind}, {beginning(content, secrets)!r}"
