# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Large values as indented JSON. Private to this collection.

Python's own encoder hands on each word by itself where it indents, which takes several times as long.
"""

from __future__ import annotations

import json
import typing as t
from json.encoder import encode_basestring_ascii

_STEP = "  "
_WORDS = {None: "null", True: "true", False: "false"}


def nice_json(value: t.Any) -> str:
    """The same text as C(json.dumps) with sorted keys and an indentation of 2.

    :param value: of dictionaries with text as keys, lists, texts, numbers, booleans and None
    """
    return _written(value, "\n")


def _written(value: t.Any, line: str) -> str:
    """:param line: a line break, and the blanks that a line of the value begins with"""
    own = value.__class__
    if own is str:
        return encode_basestring_ascii(value)
    if own is dict and value:
        inner = line + _STEP
        parts = [f"{encode_basestring_ascii(key)}: {_written(value[key], inner)}" for key in sorted(value)]
        return f"{{{inner}{f',{inner}'.join(parts)}{line}}}"
    if own is list and value:
        inner = line + _STEP
        return f"[{inner}{f',{inner}'.join([_written(one, inner) for one in value])}{line}]"
    return _WORDS[value] if value is None or own is bool else str(value) if own is int else json.dumps(value)
