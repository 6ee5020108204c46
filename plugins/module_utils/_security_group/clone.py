# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rules of a security group a clone of it can have. Pure. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from .._cloud.errors import UnexpectedState
from .._core.tags import OWN_PREFIX
from .rule import Rule
from .rule_planner import only_for_basic

#: Says what a group is a clone of, as C(region/id). While rules may still be missing, C(_UNFINISHED) follows.
TAG = f"{OWN_PREFIX}clone-of"
_UNFINISHED = " unfinished"
#: The weakest priority that users can give. Rules that the system made may have a weaker one (110).
_WEAKEST = 100


@dataclass(frozen=True)
class Source:
    """The group to clone.

    :ivar group: in the shape of results, with its C(inner_access_policy)
    """

    region: str
    group: dict[str, t.Any]
    rules: tuple[Rule, ...] = ()

    @property
    def mark(self) -> str:
        """Value of the tag of a finished clone."""
        return f"{self.region}/{self.group['security_group_id']}"

    @property
    def unfinished_mark(self) -> str:
        return self.mark + _UNFINISHED


@dataclass(frozen=True)
class Target:
    """Where the clone is.

    :ivar vpc_id: empty in the classic network
    :ivar type: type of the clone
    :ivar security_group_ids: groups there that rules can name
    :ivar prefix_list_ids: prefix lists there that rules can name
    """

    region: str
    vpc_id: str
    type: str
    security_group_ids: frozenset[str] = frozenset()
    prefix_list_ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Selection:
    """The rules of the clone, and those that it cannot have, with the reason of each."""

    rules: tuple[Rule, ...] = ()
    not_cloned: tuple[tuple[Rule, str], ...] = ()

    def not_cloned_results(self) -> list[dict[str, t.Any]]:
        return [
            {"rule": rule.line, "security_group_rule_id": rule.rule_id, "reason": reason}
            for rule, reason in self.not_cloned
        ]


def is_unfinished(tags: t.Mapping[str, str]) -> bool:
    return tags.get(TAG, "").endswith(_UNFINISHED)


def origin(tags: t.Mapping[str, str]) -> str:
    """C(region/id) of what a group is a clone of, empty when it is none."""
    return tags.get(TAG, "").removesuffix(_UNFINISHED)


def select(source: Source, target: Target, map_system_priority: bool) -> Selection:
    """Sort the source's rules into those that the clone can have and those that it cannot.

    In a VPC the two sides of the classic network become one; rules that are the same then are one rule.

    :raises UnexpectedState: when nothing can be cloned at all
    """
    if source.group["vpc_id"] and not target.vpc_id:
        raise UnexpectedState(
            f"{source.group['security_group_id']} is a group of a VPC; it cannot be cloned into the classic network.",
            hint="Give the vpc_id of a VPC in the region of the clone.",
        )
    chosen: dict[Rule, Rule] = {}
    not_cloned = []
    for rule in sorted(source.rules, key=lambda rule: rule.order):
        there = replace(
            rule,
            rule_id=None,
            priority=min(rule.priority, _WEAKEST) if map_system_priority else rule.priority,
            nic_type="intranet" if target.vpc_id else rule.nic_type,
        )
        reasons = list(_reasons(there, source, target))
        if reasons:
            not_cloned.append((rule, "; ".join(reasons)))
        else:
            chosen.setdefault(there, there)
    return Selection(tuple(chosen), tuple(not_cloned))


def _reasons(rule: Rule, source: Source, target: Target) -> t.Iterator[str]:
    same_region = source.region == target.region
    place = f"VPC {target.vpc_id}" if target.vpc_id else "the classic network"
    if rule.priority > _WEAKEST:
        yield (
            f"priority {rule.priority} is for rules of the system only; clone_from.map_system_priority makes it "
            f"{_WEAKEST}"
        )
    # A group of another account cannot be looked up; in the same network it stays the peer that it was.
    same_network = same_region and source.group["vpc_id"] == target.vpc_id
    if rule.peer_kind == "group" and rule.peer not in target.security_group_ids and not (rule.owner and same_network):
        yield f"there is no security group {rule.peer} in {place} of {target.region}"
    if rule.peer_kind == "prefix_list" and not same_region and rule.peer not in target.prefix_list_ids:
        yield f"there is no prefix list {rule.peer} in {target.region}"
    if rule.port_list and not same_region:
        yield f"there is no port list {rule.port_list} in {target.region}"
    if target.type == "enterprise":
        for _rule, why in only_for_basic([rule]):
            yield f"in an advanced group {why}"
