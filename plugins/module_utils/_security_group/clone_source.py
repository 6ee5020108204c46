# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading what a clone is made of. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import UnexpectedState
from .._network.find import chosen_vpc
from . import clone, find, rules, shape

if t.TYPE_CHECKING:
    from .planner import CloneFrom, Desired


def read(cloud: Cloud, desired: Desired, item: find.Item | None) -> clone.Source | None:
    """The group to clone, as long as something is left to do.

    A clone is what the group was when it was cloned. Once it is finished it is left alone, so that it can be changed
    or be a backup.

    :param cloud: the door to the region of the clone
    :param item: the group that has the clone's name, if there is one
    :raises UnexpectedState: when that is no clone of it, or there is nothing to clone
    """
    wanted = t.cast("CloneFrom", desired.clone_from)
    there = cloud.in_region(wanted.region)
    tags = shape.group(item)["tags"] if item else {}
    if item and not clone.is_unfinished(tags) and clone.origin(tags) == f"{there.region}/{wanted.security_group_id}":
        return None
    source = clone.Source(there.region, shape.group(_find(there, wanted)))
    if item and clone.origin(tags) != source.mark:
        raise UnexpectedState(
            f"There is a security group {desired.name} ({item['SecurityGroupId']}) already, and it is not a clone of "
            f"{source.mark}.",
            hint="Give the clone another name. To give an existing group the rules of another one, use "
            "alitrust.ecs.sg_rule.",
        )
    if item and not clone.is_unfinished(tags):
        return None
    details = rules.read(there, source.group["security_group_id"])
    group = {**source.group, "inner_access_policy": details.inner_access_policy}
    return clone.Source(source.region, group, details.rules)


def _find(cloud: Cloud, wanted: CloneFrom) -> find.Item:
    if wanted.security_group_id:
        item = find.by_id(cloud, wanted.security_group_id)
    else:
        vpc_id = chosen_vpc(cloud, wanted.vpc_id, wanted.vpc, option="clone_from.vpc")
        item = find.by_name(cloud, str(wanted.name), vpc_id, network_type=wanted.network_type)
    if item is None:
        raise UnexpectedState(
            f"There is no security group {wanted.label} to clone.",
            hint="Check clone_from: security_group_id or name, vpc_id, vpc or network_type, and region.",
        )
    return item


def select(cloud: Cloud, desired: Desired, source: clone.Source) -> clone.Selection:
    """What of the source the clone can have; looks up what its rules name."""
    wanted, vpc_id = t.cast("CloneFrom", desired.clone_from), desired.vpc_id or ""
    groups = find.by_ids(cloud, (rule.peer for rule in source.rules if rule.peer_kind == "group"))
    lists: dict[str, find.Item] = {}
    if source.region != cloud.region:
        lists = find.prefix_lists(cloud, (rule.peer for rule in source.rules if rule.peer_kind == "prefix_list"))
    target = clone.Target(
        region=cloud.region,
        vpc_id=vpc_id,
        type=desired.type or source.group["type"],
        security_group_ids=frozenset(key for key, item in groups.items() if (item.get("VpcId") or "") == vpc_id),
        prefix_list_ids=frozenset(lists),
    )
    return clone.select(source, target, wanted.map_system_priority)
