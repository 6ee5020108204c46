# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of the text of authorized_keys; pure. Private.

This runs in instances, too, so it keeps to Python 3.8 and its standard library.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .entry import Entry, parse
from .key import Refused, neighbours

if t.TYPE_CHECKING:
    Key = tuple[str, str]


def key_lines(text: str) -> list[str]:
    """The lines that are neither blank nor a comment."""
    return [line.strip() for line in _split(text) if _counts(line)]


def with_entries(text: str, entries: t.Sequence[Entry], *, exclusive: bool = False) -> str:
    """The text with these entries in it. All other lines stay as and where they are.

    A listed key has exactly the lines that are listed for it, in their order, where it had its first ones. One that is
    as it should be is not touched; a comment is replaced by a listed one only.

    :param exclusive: leave out the lines of other keys, and those that sshd does not take
    """
    lines = _split(text)
    wanted: dict[Key, list[Entry]] = {}
    for entry in entries:
        wanted.setdefault(entry.key, []).append(entry)
    places = {key: [at for at, line in enumerate(lines) if _has(line, key)] for key in wanted}
    kept: dict[int, list[str]] = {}
    for key, ones in wanted.items():
        there = places[key]
        for at in there:
            kept[at] = []
        for number, entry in enumerate(ones):
            if number < len(there):
                kept[there[number]].append(_renewed(lines[there[number]], entry))
            elif there:
                kept[there[-1]].append(entry.line)
    result: list[str] = []
    for at, line in enumerate(lines):
        if at in kept:
            result += kept[at]
        elif not exclusive or not _counts(line):
            result.append(line)
    result += [entry.line for entry in entries if not places[entry.key]]
    return _join(result, text)


def without_keys(text: str, keys: t.Collection[Key]) -> str:
    """The text without the lines of these keys, whatever their options."""
    return _join([line for line in _split(text) if not any(_has(line, key) for key in keys)], text)


def lacking(text: str, entries: t.Iterable[Entry]) -> list[Entry]:
    """The entries that the text does not have with just these options."""
    there = {(entry.key, entry.options) for entry in map(_parsed, key_lines(text)) if entry}
    return [entry for entry in entries if (entry.key, entry.options) not in there]


def _split(text: str) -> list[str]:
    """The lines as sshd takes them; no other character ends one."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _join(lines: list[str], before: str) -> str:
    # A last line that had no end keeps none, as long as nothing comes after it.
    after = "\n".join(lines)
    return after if not lines or after == before else after + "\n"


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _has(line: str, key: Key) -> bool:
    """Whether the line is about the key, even where sshd would not take the line."""
    words = line.split()
    return _counts(line) and key in neighbours(words)


def _parsed(line: str) -> Entry | None:
    try:
        return parse(line)
    except Refused:
        return None


def _renewed(line: str, entry: Entry) -> str:
    there = _parsed(line)
    if there is None:
        return entry.line
    if not entry.comment:
        entry = dataclasses.replace(entry, comment=there.comment)
    same = (there.key, there.options, there.comment) == (entry.key, entry.options, entry.comment)
    return line if same else entry.line
