# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rules a security group can have, as far as that takes a look at the cloud. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import AccessDenied, UnexpectedState
from .._cloud.foretold import is_id
from . import find, rule_planner, shape
from .interface import too_many
from .rule import Rule
from .rule_planner import Group, Unfit

KINDS = {
    "vpc": "a security group in a VPC",
    "classic": "a security group in the classic network",
    "enterprise": "an advanced (enterprise) security group",
}
_INTERFACE = "NetworkInterfaceId"
_LISTED = 3


class Fit:
    """What one group can hold. What is looked up is looked up once.

    :ivar group_type: C(normal) or C(enterprise), None until it is known
    """

    def __init__(self, cloud: Cloud) -> None:
        self.group_type: str | None = None
        self._cloud = cloud
        self._peers: dict[str, find.Item] | None = None

    def unfit(self, group: Group, rules: t.Sequence[Rule]) -> tuple[list[Unfit], str]:
        """The rules that the group cannot have, each once, and what kind of group it is.

        Its type, and whether the groups and prefix lists that the rules name exist, cost a call each, which is only
        made where it matters.
        """
        if not group.security_group_id:
            return [], ""
        kind = KINDS["vpc" if group.vpc else "classic"]
        found = rule_planner.only_elsewhere(group, rules)
        for_basic = rule_planner.only_for_basic(rules)
        if for_basic and self._type(group.security_group_id) == "enterprise":
            found, kind = found + for_basic, KINDS["enterprise"]
        found += self._without_peer(group, rules)
        reasons: dict[Rule, list[str]] = {}
        for rule, reason in found:
            reasons.setdefault(rule, []).append(reason)
        return [(rule, ", ".join(reasons[rule])) for rule in rules if rule in reasons], kind

    def _type(self, security_group_id: str) -> str:
        if self.group_type is None:
            item = find.by_id(self._cloud, security_group_id) or {}
            self.group_type = str(item.get("SecurityGroupType") or "normal")
        return self.group_type

    def _without_peer(self, group: Group, rules: t.Sequence[Rule]) -> list[Unfit]:
        """Rules whose peer does not exist here; the groups of other accounts cannot be looked at."""
        own = [rule for rule in rules if rule.peer_kind == "group" and not rule.owner]
        lists = [rule for rule in rules if rule.peer_kind == "prefix_list"]
        if self._peers is None:
            self._peers = {
                **find.by_ids(self._cloud, (rule.peer for rule in own)),
                **self._prefix_lists({rule.peer for rule in lists}),
            }
        found = []
        for rule in (*own, *lists):
            peer = self._peers.get(rule.peer)
            if peer is None:
                found.append((rule, f"there is no {rule.peer} in {self._cloud.region}"))
            elif rule.peer_kind == "group" and str(peer.get("VpcId") or "") != group.vpc_id:
                found.append((rule, f"{rule.peer} is in another VPC"))
            elif peer.get("SecurityGroupType") == "enterprise":
                found.append((rule, f"{rule.peer} is an advanced group, which no rule can name"))
        return found

    def _prefix_lists(self, ids: t.Collection[str]) -> dict[str, find.Item]:
        try:
            return find.prefix_lists(self._cloud, ids)
        except AccessDenied:
            # Rules need no right to read the lists that they name; without it, the API has the last word.
            return {one: {} for one in ids}


def check_interfaces(cloud: Cloud, security_group_id: str, label: str, count: int) -> None:
    """Whether every network interface in a group can have that many rules of it, besides those of its other groups.

    Who may not look has the answer of the API instead.

    :raises UnexpectedState: naming instances or interfaces, groups and their rules
    """
    if is_id(security_group_id):
        return
    try:
        # The primary interface of an instance is in the instance's groups, and may not be listed by a group.
        holders = {
            str(item[name]): (item.get("SecurityGroupIds") or {}).get("SecurityGroupId") or ()
            for operation, name in (("DescribeInstances", "InstanceId"), ("DescribeNetworkInterfaces", _INTERFACE))
            for item in cloud.pages("ecs", operation, SecurityGroupId=security_group_id)
            if item.get("Type") != "Primary"
        }
        together: dict[tuple[str, ...], list[str]] = {}
        for holder, groups in holders.items():
            others = tuple(sorted({str(one) for one in groups} - {security_group_id}))
            together.setdefault(others, []).append(holder)
        known = find.by_ids(cloud, {one for others in together for one in others})
    except AccessDenied:
        return
    for others, members in together.items():
        counts = {label: count, **{one: shape.rule_count(known[one]) for one in others if one in known}}
        reason = too_many(counts)
        if reason:
            more = f" and {len(members) - _LISTED} more" if len(members) > _LISTED else ""
            raise UnexpectedState(
                f"The groups of {', '.join(members[:_LISTED])}{more} {reason}. Nothing was changed.",
                hint="Merge rules (several ports or networks in one range), use a prefix list, or take the interface "
                "out of a group.",
            )
