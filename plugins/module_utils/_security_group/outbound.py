# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a group does with outbound traffic that no other rule is about. Pure. Private.

Without rules a basic group lets everything out and an advanced one nothing. The console gives a new advanced group a
rule that lets everything out; the API does not.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .rule import NO_PORTS, Rule

CHOICES = ("allow", "deny")

#: The rule that the console adds to a new advanced group.
LETS_OUT = Rule("egress", "all", NO_PORTS, "cidr", "0.0.0.0/0", nic_type="intranet")
#: For a basic group: the weakest priority, so that any other rule can make an exception.
KEEPS_IN = tuple(replace(LETS_OUT, peer=peer, policy="drop", priority=100) for peer in ("0.0.0.0/0", "::/0"))


def state(group_type: str, rules: t.Iterable[Rule]) -> str:
    """C(allow) or C(deny): which choice the group's rules show."""
    there = set(rules)
    if group_type == "enterprise":
        return "allow" if LETS_OUT in there else "deny"
    return "deny" if there.issuperset(KEEPS_IN) else "allow"


def changes(choice: str, group_type: str, rules: t.Collection[Rule]) -> tuple[list[Rule], list[Rule]]:
    """The rules to add and, as they are in the group, to remove."""
    if choice == state(group_type, rules):
        return [], []
    own = (LETS_OUT,) if group_type == "enterprise" else KEEPS_IN
    if (choice == "allow") == (group_type == "enterprise"):
        return [rule for rule in own if rule not in rules], []
    return [], [rule for rule in rules if rule in own]
