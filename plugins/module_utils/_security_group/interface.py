# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many rules the groups of one network interface can have together. Pure. Private."""

from __future__ import annotations

import typing as t

#: Of all groups that one network interface is in (ECS, "Limits"). It follows from 5 groups of 200 rules each, so it is
#: of interest only where one of these quotas was raised.
RULES_PER_INTERFACE = 1000


def too_many(counts: t.Mapping[str, int]) -> str | None:
    """Why groups do not fit together, as half a sentence about them; None where they do.

    :param counts: how many rules each group has, by what it is called
    """
    total = sum(counts.values())
    if total <= RULES_PER_INTERFACE:
        return None
    each = ", ".join(f"{name} {count}" for name, count in counts.items())
    return (
        f"would have {total} rules together ({each}); at most {RULES_PER_INTERFACE} are possible for the groups of one "
        "network interface"
    )
