# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcome of a task in one line, for modules that have no better words of their own. Private; pure functions."""

from __future__ import annotations

import re
import typing as t

from .plan import Plan

_NAMED = 3
_ABBREVIATIONS = ("kms", "ram")


def of_plan(plan: Plan) -> str:
    """The steps of a plan; the same in check mode and for real."""
    names = [step.name for step in plan.steps]
    if not names:
        return " ".join(plan.kept) or "nothing to change"
    more = len(names) - _NAMED
    return "; ".join(names[:_NAMED]) + (f"; and {more} more step{'' if more == 1 else 's'}" if more > 0 else "")


def of_reading(result: t.Mapping[str, t.Any]) -> str:
    """How many of what was read: the first list of a result counts, by its name."""
    for name, value in result.items():
        if isinstance(value, list):
            words = (word.upper() if word in _ABBREVIATIONS else word for word in name.split("_"))
            return counted(len(value), " ".join(words))
    return "read"


def counted(number: int, plural: str) -> str:
    """A number with its noun, for example C(1 policy)."""
    if number != 1:
        return f"{number} {plural}"
    singular = re.sub("ies$", "y", plural)
    return f"1 {singular if singular != plural else re.sub('(?<=ss)es$|s$', '', plural)}"
