# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding security groups and what rules name: by id, or by a name that must be unambiguous. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud, chunks, json_list
from .._cloud.errors import UnexpectedState

Item = dict[str, t.Any]
_IDS_PER_CALL = 100


def by_id(cloud: Cloud, security_group_id: str) -> Item | None:
    """The item of DescribeSecurityGroups, or None."""
    found = cloud.pages("ecs", "DescribeSecurityGroups", SecurityGroupId=security_group_id)
    return next((item for item in found if item["SecurityGroupId"] == security_group_id), None)


def by_ids(cloud: Cloud, ids: t.Iterable[str]) -> dict[str, Item]:
    """The items of those that exist, by id."""
    found: dict[str, Item] = {}
    for part in chunks(sorted(set(ids)), _IDS_PER_CALL):
        items = cloud.pages("ecs", "DescribeSecurityGroups", SecurityGroupIds=json_list(part))
        found.update((item["SecurityGroupId"], item) for item in items)
    return found


def prefix_lists(cloud: Cloud, ids: t.Iterable[str]) -> dict[str, Item]:
    """The items of the prefix lists that exist, by id."""
    found: dict[str, Item] = {}
    for part in chunks(sorted(set(ids)), _IDS_PER_CALL):
        items = cloud.pages("ecs", "DescribePrefixLists", PrefixListId=part)
        found.update((item["PrefixListId"], item) for item in items)
    return found


def by_name(cloud: Cloud, name: str, vpc_id: str | None, *, classic: bool = False) -> Item | None:
    """The only group of that name, in the VPC or the classic network where one is given.

    :raises UnexpectedState: when several have it, listing them
    """
    found = all_by_name(cloud, name, vpc_id, classic=classic)
    if len(found) > 1:
        listed = ", ".join(f"{item['SecurityGroupId']} (VPC {item.get('VpcId') or 'none'})" for item in found)
        raise UnexpectedState(
            f"{len(found)} security groups are named {name}: {listed}.",
            hint="Say which one with security_group_id" + ("." if vpc_id else ", or with vpc_id."),
        )
    return found[0] if found else None


def all_by_name(cloud: Cloud, name: str, vpc_id: str | None, *, classic: bool = False) -> list[Item]:
    """All groups of exactly that name, the oldest first."""
    query = {"SecurityGroupName": name, **({"VpcId": vpc_id} if vpc_id else {})}
    if classic:
        query["NetworkType"] = "classic"
    found = [
        item
        for item in cloud.pages("ecs", "DescribeSecurityGroups", query)
        if item.get("SecurityGroupName") == name
        and (not vpc_id or item.get("VpcId") == vpc_id)
        and not (classic and item.get("VpcId"))
    ]
    return sorted(found, key=lambda item: (str(item.get("CreationTime")), str(item["SecurityGroupId"])))
