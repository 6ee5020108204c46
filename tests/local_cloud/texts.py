# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that strangers send, read: nothing that gets through here can trouble who stores or sends it again.

And what they are sent, written.
"""

from __future__ import annotations

import json
import math
import typing as t

import orjson

#: levels of lists and objects; what the API takes has fewer than ten
DEEPEST = 64
#: SQLite's integers
_LEAST, _MOST = -(2**63), 2**63 - 1
#: what Python's own JSON does not know is a mistake here, too
_AS_PYTHON = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def parse_json(text: str | bytes) -> t.Any:
    """The value of a JSON text.

    :raises ValueError: it is none; or one that is too deep, or has a number or a character that can't be kept.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    level = [value]
    for _depth in range(DEEPEST):
        if not level:
            return value
        level = [inner for one in level for inner in _checked(one)]
    raise ValueError("it is nested too deeply")


def to_json(value: t.Any) -> bytes:
    """A value as JSON, without blanks between its parts: as Python's own writes it, in a tenth of the time.

    :raises TypeError: it has something that JSON has not
    :raises ValueError: it has half a surrogate pair
    """
    try:
        return orjson.dumps(value, option=_AS_PYTHON)
    except TypeError:
        # It takes no number of more than 64 bits, and no number as a key; what else it refuses, this does, too.
        return json.dumps(value, ensure_ascii=False, check_circular=False, separators=(",", ":")).encode()


def _checked(value: t.Any) -> t.Iterable[t.Any]:
    """What is inside of a value that can be kept."""
    if isinstance(value, str):
        value.encode()  # half a surrogate pair has no UTF-8; the error is a ValueError
    elif (isinstance(value, float) and not math.isfinite(value)) or (
        isinstance(value, int) and not _LEAST <= value <= _MOST
    ):
        raise ValueError("a number is too large")
    elif isinstance(value, dict):
        return [*value, *value.values()]
    elif isinstance(value, list):
        return value
    return ()


def digits(text: t.Any, longest: int = 18) -> int | None:
    """The number that a text of ASCII digits is; None for any other text, or one that is longer."""
    text = str(text)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= longest else None
