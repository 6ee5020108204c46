# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an instance cannot become without being made anew: found here, reported, never done. Private."""

from __future__ import annotations

import typing as t

from .desired import Desired
from .disks import Stuck
from .shape import Instance

Replacement = dict[str, t.Any]

#: The reason that needs no words.
_AT_CREATION = "chosen when an instance is created"


def needed(
    desired: Desired, ones: t.Iterable[Instance], stuck: t.Iterable[tuple[Instance, Stuck]]
) -> list[Replacement]:
    """What differs from the options given and would need new instances.

    :param stuck: what of the disks cannot be as wanted
    """
    found: list[Replacement] = []
    for one in ones:
        for option, wanted in desired.fixed.items():
            if one[option] is not None and one[option] not in wanted:  # what is not told is not compared
                found.append(_one(one, option, one[option], wanted[0] if len(wanted) == 1 else wanted, _AT_CREATION))
    return found + [_one(one, it.option, it.actual, it.wanted, it.reason) for one, it in stuck]


def _one(one: Instance, option: str, actual: t.Any, wanted: t.Any, reason: str) -> Replacement:
    return {
        "instance_id": one["instance_id"],
        "name": one["name"],
        "option": option,
        "actual": actual,
        "wanted": wanted,
        "reason": reason,
    }


def sentence(found: t.Sequence[Replacement]) -> str:
    """All of them in one line of text."""
    parts = [
        f"{item['name']} ({item['instance_id']}) has {item['option']} {item['actual']}, wanted {_words(item['wanted'])}"
        f"{_why(item)}"
        for item in found[:5]
    ]
    more = f"; and {len(found) - 5} more, see needs_replacement" if len(found) > 5 else ""
    return f"This cannot be changed on an instance, and nothing is replaced: {'; '.join(parts)}{more}."


def _why(item: Replacement) -> str:
    return "" if item["reason"] == _AT_CREATION else f" ({item['reason']})"


def _words(wanted: t.Any) -> str:
    return " or ".join(wanted) if isinstance(wanted, list) else str(wanted)
