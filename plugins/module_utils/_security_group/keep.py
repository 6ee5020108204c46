# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rules stay in a group although the task does not name them. Pure. Private.

Services add rules by themselves, such as Data Management Service and Data Transmission Service (ECS Security guide,
"Why have several internal security group rules been automatically added to my security group?"). What these look like
is not documented, so the task says it.
"""

from __future__ import annotations

import fnmatch
import typing as t
from dataclasses import dataclass

from .._cloud.errors import InvalidInput
from .._core import networks
from . import traffic
from .planner import check_id
from .rule import Rule
from .rule_options import network

#: How an element of the option C(keep) is written.
SPEC: dict[str, dict[str, t.Any]] = {
    "description": {"type": "str"},
    "cidr": {"type": "list", "elements": "str"},
    "prefix_list_id": {"type": "list", "elements": "str"},
}


@dataclass(frozen=True)
class Keep:
    """Rules that have a description, a peer, or both.

    :ivar description: a pattern of the shell in lower case; None for every description
    :ivar cidrs: networks that the rule's peer is in
    :ivar prefix_lists: IDs; a rule has one of these as its peer, or a network in one of C(cidrs)
    """

    description: str | None
    cidrs: tuple[str, ...] = ()
    prefix_lists: frozenset[str] = frozenset()

    def fits(self, rule: Rule) -> bool:
        if self.description and not fnmatch.fnmatchcase((rule.description or "").lower(), self.description):
            return False
        if not self.cidrs and not self.prefix_lists:
            return True
        if rule.peer_kind == "prefix_list":
            return rule.peer in self.prefix_lists
        return rule.peer_kind == "cidr" and any(traffic.within(rule.peer, one) for one in self.cidrs)


def from_options(elements: t.Sequence[t.Mapping[str, t.Any]] | None) -> tuple[tuple[Keep, ...], list[str]]:
    """The elements of the option C(keep), and what is to be said about how they are written.

    :raises InvalidInput: naming the element, what is wrong and what was expected
    """
    found: list[Keep] = []
    notes: list[str] = []
    for index, options in enumerate(elements or ()):
        where = f"keep[{index}]"
        pattern = (options.get("description") or "").strip().lower() or None
        cidrs = [one for one in options.get("cidr") or () if one]
        lists = [one for one in options.get("prefix_list_id") or () if one]
        if not pattern and not cidrs and not lists:
            raise InvalidInput(
                f"{where} names no rules.",
                hint="Give description (a pattern such as '*dts*'), cidr or prefix_list_id.",
            )
        for one in lists:
            check_id(f"{where}.prefix_list_id", one)
        notes += networks.notes(f"{where}.cidr", cidrs)
        found.append(Keep(pattern, tuple(str(network(f"{where}.cidr", one)) for one in cidrs), frozenset(lists)))
    return tuple(found), notes
