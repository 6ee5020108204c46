# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that come from elsewhere: what may be in an option, what they mean, what may be shown to people. Private; pure.

Used in instances as well, so it keeps to Python 3.8 and its standard library.
"""

from __future__ import annotations

import json
import re
import typing as t
import unicodedata
from collections.abc import Mapping  # that of typing is ten times slower to ask whether a value is one

#: Of a word in a message, as many characters are shown.
_LONGEST_WORD = 1000
_SHOWN = 200
_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")
#: Bytes that are no UTF-8, as Python has them in texts: fine in the name of a file, and in what gzip has packed.
_BYTES = re.compile("[\udc80-\udcff]")
_WITH_BYTES = ("user_data",)
_HALF = re.compile("[\ud800-\udfff]")
#: Digits of the longest number that anything counts with here.
_DIGITS = 18
#: Types of values of which nothing can be wrong once the texts have been looked at, by the type of their option.
_FINE: dict[str, tuple[type, ...]] = {"str": (str,), "path": (str,), "bool": (bool,), "list": (list,), "dict": (dict,)}
#: No number of seconds, GiB or things is as large as what a system call cannot take any more.
_LARGEST = 2**31


def printable(text: str, *, lines: bool = False) -> str:
    """A text for people, whose terminal it cannot command and whose eyes it cannot deceive.

    Names and descriptions come from whoever may change them. Characters that clear a screen, change the order of what
    is read or are not seen at all become what Python writes for them, such as C(\\x1b), and so do line breaks: what
    comes behind one would look like something else that was said. A word that is much longer than words are is cut.

    :param lines: whether it is a text of several lines, each of them fit for people already
    """
    if lines:
        return "\n".join(map(printable, text.split("\n")))
    if not text.isascii() or not text.isprintable():
        text = "".join(map(_seen, text))
    return _LONG_WORD.sub(lambda found: f"{found[0][:_SHOWN]}... ({len(found[0])} characters)", text)


def _seen(letter: str) -> str:
    if letter.isprintable() or unicodedata.category(letter) == "Zs":
        return letter
    return ascii(letter)[1:-1]


def whole(text: t.Any) -> int | None:
    """The number that a text of digits is, None for any other text.

    Python takes more for a digit than the ten, and refuses to make a number of thousands of them.
    """
    text = str(text)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None


def from_json(text: str | bytes) -> t.Any:
    """What is in JSON.

    :raises ValueError: it is none, or nested so deeply that Python gives up
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def complaint(params: t.Mapping[str, t.Any], spec: t.Mapping[str, t.Any]) -> str:
    """What no option can have, whatever it means, or empty.

    A NUL ends a text for whatever is written in C, and half of a character cannot be encoded, so that nothing that a
    task talks to takes either. Clocks and sockets do not take every number that Python does. And ansible-core makes
    texts of lists, and says of a text where options of their own belong neither its name nor what was expected.

    :param params: options as they were given, or as they were checked; the values are not in the complaint
    """
    return _complaint(params, _options(spec), read=_are_plain(params))


def _are_plain(params: t.Mapping[str, t.Any]) -> bool:
    """Whether no text in there has a NUL or anything else that is not ASCII; False where that takes a closer look.

    Python writes down a list of hundreds of rules faster than a loop looks at the first of them.
    """
    try:
        written = repr(params)
    except (RecursionError, UnicodeError):
        return False
    return written.isascii() and not any(escape in written for escape in ("\\x", "\\u", "\\U"))


def _options(spec: t.Mapping[str, t.Any]) -> dict[str, tuple[str, t.Mapping[str, t.Any]]]:
    """Every key that an option may be given by, with its name and what is said of it."""
    return {key: (name, one) for name, one in spec.items() for key in (name, *one.get("aliases", ()))}


def _complaint(
    params: t.Mapping[str, t.Any], options: t.Mapping[str, tuple[str, t.Mapping[str, t.Any]]], *, read: bool = False
) -> str:
    """:param read: whether the texts have been looked at, because they are in something that was"""
    for key, value in params.items():
        if value is not None and key in options:
            name, option = options[key]
            if read and type(value) in _FINE.get(option.get("type", "str"), ()) and not option.get("options"):
                continue
            what = _wrong(value, option, name in _WITH_BYTES, read)
            if what:
                return f"{key}{what}."
    return ""


def _wrong(value: t.Any, option: t.Mapping[str, t.Any], with_bytes: bool, read: bool) -> str:
    kind = option.get("type", "str")
    if kind in ("int", "float") and isinstance(value, str) and _endless(value):
        value = float("inf")
    if kind in ("int", "float") and isinstance(value, (int, float)) and not abs(value) < _LARGEST:
        return f" is not a number that can be meant; expected one from -{_LARGEST - 1} to {_LARGEST - 1}"
    if kind in ("str", "path") and isinstance(value, (list, tuple, Mapping)) and not with_bytes:
        return f" is a {'dictionary' if isinstance(value, Mapping) else 'list'}; expected text"
    for text in () if read else _texts(value):
        if text.isascii() and "\0" not in text:
            continue
        if "\0" in text:
            return " has a NUL character (U+0000); expected text without it"
        half = _HALF.search(_BYTES.sub("", text) if with_bytes or kind == "path" else text)
        if half:
            return f" has U+{ord(half[0]):04X}, which is half of a character; expected text without it"
    inner = option.get("options")
    if not inner:
        return ""
    inner_options = _options(inner)
    for one in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(one, Mapping):
            worse = _complaint(one, inner_options, read=True)
            if worse:
                return f": {worse.rstrip('.')}"
        elif not (isinstance(one, str) and (one.strip() == "" or one.lstrip().startswith("{") or "=" in one)):
            return f" has what is no dictionary; expected one with {', '.join(inner)}"
    return ""


def _endless(text: str) -> bool:
    """Whether Python makes something of it that is no number to count with."""
    return text.strip().lower().lstrip("+-") in ("inf", "infinity", "nan")


def survivable(value: t.Any) -> t.Any:
    """A copy of what there is a complaint about, without what ansible-core could not even log or convert."""
    if isinstance(value, str):
        return "?" if _endless(value) else _HALF.sub("?", value)
    if isinstance(value, float) and not abs(value) < _LARGEST:
        return "?"
    if isinstance(value, Mapping):
        return {survivable(key): survivable(one) for key, one in value.items()}
    return [survivable(one) for one in value] if isinstance(value, (list, tuple)) else value


def _texts(value: t.Any) -> t.Iterator[str]:
    """Every text in a value, however deep: names of members as well."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, (list, tuple)):
            waiting += one


def without_scalars(params: t.Any, spec: t.Mapping[str, t.Any]) -> None:
    """Make texts of numbers and truth values where options of their own belong, in place.

    Those ansible-core refuses in words, but it crashes with the others.

    :param params: options as they were given
    """
    for name, option in spec.items():
        if not option.get("options"):
            continue
        for key in (name, *option.get("aliases", ())):
            if isinstance(params, dict) and params.get(key) is not None:
                params[key] = _mappings(params[key], option["options"])


def _mappings(value: t.Any, spec: t.Mapping[str, t.Any]) -> t.Any:
    if isinstance(value, (list, tuple)):
        return ["" if one is None else _mappings(one, spec) for one in value]
    if isinstance(value, Mapping):
        without_scalars(value, spec)
        return value
    return value if isinstance(value, str) else str(value)
