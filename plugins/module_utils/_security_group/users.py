# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a security group from being deleted. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import NotFound
from . import rules

_LISTED = 20


def of_group(cloud: Cloud, group_id: str) -> list[str]:
    """Instances, secondary network interfaces (the primary ones are the instances') and rules of other groups."""
    found = []
    instances = cloud.pages("ecs", "DescribeInstances", SecurityGroupId=group_id)
    if instances:
        found.append(_counted("instance", [item["InstanceId"] for item in instances]))
    interfaces = cloud.pages("ecs", "DescribeNetworkInterfaces", SecurityGroupId=group_id, Type="Secondary")
    if interfaces:
        found.append(_counted("network interface", [item["NetworkInterfaceId"] for item in interfaces]))
    groups = sorted(_naming(cloud, group_id))
    if groups:
        lines = [line for other in groups[:_LISTED] for line in _rules_about(cloud, other, group_id)]
        found.append(": ".join(["rules of " + _counted("security group", groups), *lines[:1]]))
        found.extend(lines[1:_LISTED])
    return found


def _naming(cloud: Cloud, group_id: str) -> set[str]:
    """Other groups with rules that name this one."""
    try:
        answer = cloud.call("ecs", "DescribeSecurityGroupReferences", SecurityGroupId=[group_id])
    except NotFound:
        return set()
    return {
        other["SecurityGroupId"]
        for item in (answer.get("SecurityGroupReferences") or {}).get("SecurityGroupReference") or []
        for other in (item.get("ReferencingSecurityGroups") or {}).get("ReferencingSecurityGroup") or []
        if other["SecurityGroupId"] != group_id
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
