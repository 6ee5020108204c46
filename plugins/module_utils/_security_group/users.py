# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a security group from being deleted. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import NotFound
from .._cloud.foretold import is_id
from .._network import find as network
from . import find, rules

#: What a check run calls the groups of an instance or network interface, by its id.
MEMBERSHIP = "security_group_membership"
_LISTED = 20


def of_group(cloud: Cloud, group_id: str) -> list[str]:
    """Instances, secondary network interfaces (the primary ones are the instances') and rules of other groups.

    In check mode, those that would be left by then.
    """
    found = []
    query = {"SecurityGroupId": group_id}
    instances = _members(cloud, "instance", group_id, network.instances(cloud, query))
    if instances:
        found.append(_counted("instance", instances))
    interfaces = _members(cloud, "interface", group_id, network.secondary_interfaces(cloud, query))
    if interfaces:
        found.append(_counted("network interface", interfaces))
    named = {other: [*_rules_about(cloud, other, group_id)] for other in sorted(_naming(cloud, group_id))}
    # Rules that a group would have lost by then keep nothing.
    groups = [other for other, lines in named.items() if lines or not cloud.foretold.find(rules.RULES, other)]
    if groups:
        lines = [line for other in groups[:_LISTED] for line in named[other]]
        found.append(": ".join(["rules of " + _counted("security group", groups), *lines[:1]]))
        found.extend(lines[1:_LISTED])
    return found


def _members(cloud: Cloud, kind: str, group_id: str, found: list[str]) -> list[str]:
    """Those of the group that would not be in other groups by then, and those that would have come."""
    moved = {one["id"]: one["security_group_ids"] for one in cloud.foretold.all_of(MEMBERSHIP, member=kind)}
    if kind == "instance":
        new = {one["id"]: one.get("security_group_ids") or () for one in cloud.foretold.all_of("instance")}
        moved = {**new, **moved}
    there = [one for one in found if one not in moved]
    return [*there, *(one for one, groups in moved.items() if group_id in groups)]


def _naming(cloud: Cloud, group_id: str) -> set[str]:
    """Other groups with rules that name this one."""
    told = {
        one["id"]
        for one in cloud.foretold.all_of(rules.RULES)
        if any(rule["peer_kind"] == "group" and rule["peer"] == group_id for rule in one["rules"])
    }
    found = {*told, *(() if is_id(group_id) else _references(cloud, group_id))}
    return {*cloud.foretold.staying(find.KIND, found)} - {group_id}


def _references(cloud: Cloud, group_id: str) -> set[str]:
    try:
        answer = cloud.call("ecs", "DescribeSecurityGroupReferences", SecurityGroupId=[group_id])
    except NotFound:
        return set()
    return {
        other["SecurityGroupId"]
        for item in (answer.get("SecurityGroupReferences") or {}).get("SecurityGroupReference") or []
        for other in (item.get("ReferencingSecurityGroups") or {}).get("ReferencingSecurityGroup") or []
    }


def _rules_about(cloud: Cloud, other: str, group_id: str) -> t.Iterator[str]:
    try:
        found = rules.read(cloud, other).rules
    except NotFound:
        return  # gone meanwhile, or of another account
    for rule in sorted(found, key=lambda rule: rule.order):
        if rule.peer_kind == "group" and rule.peer == group_id:
            yield f"{other} {rule.line}"


def _counted(noun: str, ids: list[str]) -> str:
    """A list for a message, cut where it gets long."""
    shown = ", ".join(ids[:_LISTED])
    return f"{len(ids)} {noun}{'' if len(ids) == 1 else 's'} ({shown}{', ...' if len(ids) > _LISTED else ''})"
