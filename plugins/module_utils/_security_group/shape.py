# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A security group as results show it, the same from the module and its C(_info). Private."""

from __future__ import annotations

import typing as t

from .._core import tags
from . import outbound
from .rule import Rule

#: What users may write for the two types: the API's words and the documents'.
TYPES = {"normal": "normal", "basic": "normal", "enterprise": "enterprise", "advanced": "enterprise"}


def group(
    item: t.Mapping[str, t.Any], inner_access_policy: str | None = None, rules: t.Iterable[Rule] | None = None
) -> dict[str, t.Any]:
    """From an item of DescribeSecurityGroups.

    :param inner_access_policy: from DescribeSecurityGroupAttribute, where that was read
    :param rules: from there too
    """
    kind = str(item.get("SecurityGroupType") or "normal")
    return {
        "security_group_id": str(item["SecurityGroupId"]),
        "name": str(item.get("SecurityGroupName") or ""),
        "description": str(item.get("Description") or ""),
        "vpc_id": str(item.get("VpcId") or ""),
        "network_type": "vpc" if item.get("VpcId") else "classic",
        "type": kind,
        "inner_access_policy": inner_access_policy.lower() if inner_access_policy else None,
        "outbound": None if rules is None else outbound.state(kind, rules),
        "tags": tags.own(tags.from_api((item.get("Tags") or {}).get("Tag"))),
        "creation_time": str(item.get("CreationTime") or ""),
    }


def rule_count(item: t.Mapping[str, t.Any]) -> int:
    """How many rules a group has in both directions, by its item of DescribeSecurityGroups."""
    return int(item.get("RuleCount") or 0)
