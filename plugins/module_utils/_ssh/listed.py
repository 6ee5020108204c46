# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of authorized_keys that a task lists: all of them read, each error with number and comment. Private.

This runs in instances, too, so it keeps to Python 3.8 and its standard library.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._cloud.texts import printable
from .entry import Entry, comment_of, parse
from .key import Refused, is_private, is_type, neighbours, own_type

_PRIVATE = (
    "{label} is, or belongs to, a private key. A private key must not leave its owner, and was not sent to any host. "
    "Give the public key, which is in the file .pub or printed by ssh-keygen -y -f FILE; take the private one out of "
    "where it was pasted, and replace it if others could read it there"
)


def read(listed: t.Iterable[str]) -> tuple[list[Entry], list[str]]:
    """Read what a task lists.

    :param listed: lines, or texts of several lines; blank lines and comments count for nothing
    :returns: the entries without repetitions, and what is wrong
    """
    entries: list[Entry] = []
    problems: list[str] = []
    for label, line in _lines(listed):
        if line is None:
            problems.append(_PRIVATE.format(label=label))
            continue
        comment = comment_of(line)
        label = f"{label} ({comment})" if comment else label
        try:
            entry = dataclasses.replace(parse(line), label=label)
        except Refused as exc:
            problems.append(f"{label}: {exc}")
            continue
        same = [other for other in entries if (other.key, other.options) == (entry.key, entry.options)]
        if not same:
            entries.append(entry)
        elif same[0].comment != entry.comment:
            problems.append(f"{label}: it is the same key, with the same options, as {same[0].label}")
    return entries, list(map(printable, problems))


def keys(listed: t.Iterable[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Read what a task lists in order to take it away, for which a line need not be one that sshd takes.

    :returns: type and data of each key, and what is wrong
    """
    found: list[tuple[str, str]] = []
    problems: list[str] = []
    for label, line in _lines(listed):
        if line is None:
            problems.append(_PRIVATE.format(label=label))
            continue
        words = line.split()
        pair = next((one for one in neighbours(words) if own_type(one[1]) == one[0] or is_type(one[0])), None)
        if pair is None:
            problems.append(
                f"{label}: it is no public key in OpenSSH's form, such as: ssh-ed25519 AAAAC3Nza... comment"
            )
        elif pair not in found:
            found.append(pair)
    return found, list(map(printable, problems))


def never_used(entries: t.Sequence[Entry]) -> list[str]:
    """Entries that sshd does not come to, because it takes the first line with a key that fits."""
    found = []
    for number, entry in enumerate(entries):
        first = next((one for one in entries[:number] if one.key == entry.key and not one.restricts_who), None)
        if first and not entry.is_authority:
            found.append(
                f"{entry.label} has no effect: {first.label} is the same key, comes first and lets in from everywhere"
            )
    return found


def _lines(listed: t.Iterable[str]) -> t.Iterator[tuple[str, str | None]]:
    """Each line with its label; None for a private key, however many lines it has."""
    inside = False
    for number, text in enumerate(listed, 1):
        lines = [line.strip().lstrip("\ufeff") for line in re.split(r"[\r\n]+", str(text))]
        lines = [line for line in lines if line and not line.startswith("#")]
        for line_number, line in enumerate(lines, 1):
            label = f"entry {number}" if len(lines) == 1 else f"entry {number}, line {line_number},"
            if inside:
                # What follows the beginning of a private key is part of it up to its end, or to a public key.
                if _is_public(line):
                    inside = False
                else:
                    inside = not _ends(line)
                    continue
            if is_private(line):
                inside = not _ends(line)
                yield label.rstrip(","), None
            else:
                yield label, line


def _ends(line: str) -> bool:
    return "-----END" in line or "Private-MAC:" in line


def _is_public(line: str) -> bool:
    try:
        parse(line)
    except Refused:
        return False
    return True
