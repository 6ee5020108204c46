# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding security groups and what rules name: by id, or by a name that must be unambiguous. Private.

In check mode, what earlier tasks would have made is found too, and what they would have deleted or changed is not there
as it is.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._cloud import foretold
from .._cloud.door import Cloud, chunks, json_list
from .._cloud.errors import Twins, UnexpectedState
from .._core import ownership, twins
from .._core import tags as tagging
from . import shape
from .rule import Rule

Item = dict[str, t.Any]
_IDS_PER_CALL = 100
#: What a check run calls a group, with all that an item of DescribeSecurityGroups says of it.
KIND = "security_group"


def by_id(cloud: Cloud, security_group_id: str) -> Item | None:
    """The item of DescribeSecurityGroups, or None."""
    found = listed(cloud, {"SecurityGroupId": security_group_id}, lambda item: True)
    return next((item for item in found if item["SecurityGroupId"] == security_group_id), None)


def by_ids(cloud: Cloud, ids: t.Iterable[str]) -> dict[str, Item]:
    """The items of those that exist, by id."""
    wanted = sorted(set(ids))
    real = [one for one in wanted if not foretold.is_id(one)]
    queries = [{"SecurityGroupIds": json_list(part)} for part in chunks(real, _IDS_PER_CALL)]
    items = [item for query in queries for item in cloud.pages("ecs", "DescribeSecurityGroups", query)]
    found = {item["SecurityGroupId"]: item for item in _as_foretold(cloud, items)}
    return {one: found[one] for one in wanted if one in found}


def listed(cloud: Cloud, query: t.Mapping[str, t.Any], fits: t.Callable[[Item], bool]) -> list[Item]:
    """The items of DescribeSecurityGroups that fit.

    :param query: parameters of the operation
    :param fits: the same for what is only foretold
    """
    made_up = any(foretold.is_id(value) for value in query.values())
    items = [] if made_up else cloud.pages("ecs", "DescribeSecurityGroups", query)
    return [item for item in _as_foretold(cloud, items) if fits(item)]


def _as_foretold(cloud: Cloud, items: t.Iterable[Item]) -> list[Item]:
    known = {one["id"]: _item(one) for one in cloud.foretold.all_of(KIND)}
    gone = (item for item in items if not cloud.foretold.is_gone(KIND, item["SecurityGroupId"]))
    return [*(item for item in gone if item["SecurityGroupId"] not in known), *known.values()]


def _item(record: foretold.Record) -> Item:
    return {
        "SecurityGroupId": record["id"],
        "SecurityGroupName": record["name"],
        "Description": record["description"],
        "VpcId": record["vpc_id"],
        "SecurityGroupType": record["type"],
        "Tags": {"Tag": tagging.to_api(record["tags"])},
    }


def prefix_lists(cloud: Cloud, ids: t.Iterable[str]) -> dict[str, Item]:
    """The items of the prefix lists that exist, by id."""
    found: dict[str, Item] = {}
    for part in chunks(sorted(set(ids)), _IDS_PER_CALL):
        items = cloud.pages("ecs", "DescribePrefixLists", PrefixListId=part)
        found.update((item["PrefixListId"], item) for item in items)
    return found


def by_name(
    cloud: Cloud, name: str, vpc_id: str | None, *, network_type: str | None = None, ours_first: bool = False
) -> Item | None:
    """The only group of that name, in the VPC or the kind of network where one is given.

    :param network_type: C(vpc) or C(classic)
    :param ours_first: whether the only one that this collection made is chosen where several have the name
    :raises UnexpectedState: when several have it, listing them
    """
    found = twins.settled(cloud, lambda: all_by_name(cloud, name, vpc_id, network_type=network_type), twin)
    if ours_first:
        found = ownership.ours_first(found, lambda item: shape.group(item)["tags"])
    if len(found) > 1:
        listed = ", ".join(f"{item['SecurityGroupId']} (VPC {item.get('VpcId') or 'none'})" for item in found)
        narrower = [] if vpc_id or network_type == "classic" else ["vpc_id"]
        if narrower and not network_type and not all(item.get("VpcId") for item in found):
            narrower.append("network_type: classic for the one in the classic network")
        ours = all(ownership.proven(shape.group(item)["tags"]) for item in found)
        raise (Twins if ours else UnexpectedState)(
            f"{len(found)} security groups are named {name}: {listed}.",
            hint="Say which one with security_group_id" + (f", or with {' or '.join(narrower)}." if narrower else "."),
        )
    return found[0] if found else None


def twin(item: Item) -> twins.Twin | None:
    """A group as one of several of its name; None where this collection has not made it."""
    ours = ownership.proven(shape.group(item)["tags"])
    return twins.Twin(str(item.get("CreationTime")), str(item["SecurityGroupId"])) if ours else None


def all_by_name(cloud: Cloud, name: str, vpc_id: str | None, *, network_type: str | None = None) -> list[Item]:
    """All groups of exactly that name, the oldest first."""
    found = [
        item
        for item in all_in(cloud, vpc_id, network_type, SecurityGroupName=name)
        if item.get("SecurityGroupName") == name
    ]
    return sorted(found, key=lambda item: (str(item.get("CreationTime")), str(item["SecurityGroupId"])))


def all_in(cloud: Cloud, vpc_id: str | None, network_type: str | None, **query: t.Any) -> list[Item]:
    """All groups of a VPC, of a kind of network, or of the region.

    :param query: further parameters of DescribeSecurityGroups
    """
    narrowed = {"VpcId": vpc_id, "NetworkType": network_type, **query}
    return listed(
        cloud,
        {name: value for name, value in narrowed.items() if value},
        lambda item: (
            (not vpc_id or item.get("VpcId") == vpc_id)
            and network_type in (None, "vpc" if item.get("VpcId") else "classic")
        ),
    )


def chosen(
    cloud: Cloud,
    ids: t.Iterable[str] = (),
    names: t.Iterable[str] = (),
    *,
    vpc_id: str | None = None,
    network_type: str | None = None,
) -> list[Item]:
    """The items of the groups that a task chooses by their ids and their names, in this order, each once.

    :param vpc_id: where names are looked up
    :param network_type: the same
    :raises UnexpectedState: naming all that do not exist, or when several have a name
    """
    wanted = list(dict.fromkeys(ids))
    there = by_ids(cloud, wanted) if wanted else {}
    found = {one: there[one] for one in wanted if one in there}
    missing = [one for one in wanted if one not in there]
    for name in dict.fromkeys(names):
        item = by_name(cloud, name, vpc_id, network_type=network_type)
        if item is None:
            missing.append(f"{name} (in {vpc_id})" if vpc_id else name)
        else:
            found[str(item["SecurityGroupId"])] = item
    if missing:
        raise UnexpectedState(
            f"There is no security group {', '.join(missing)} in {cloud.region}.",
            hint="alitrust.ecs.security_group_info lists the groups that are there.",
        )
    return list(found.values())


def with_peer_ids(cloud: Cloud, rules: t.Sequence[Rule], vpc_id: str | None, *, vpc: bool) -> list[Rule]:
    """The rules with the ids of those groups that they name, each once.

    :param vpc_id: where the names are looked up
    :param vpc: whether that is in a VPC, or in the classic network
    :raises UnexpectedState: naming all groups that do not exist
    """
    names = list(dict.fromkeys(rule.peer for rule in rules if rule.peer_kind == "group_name"))
    if not names:
        return list(rules)
    found = chosen(cloud, (), names, vpc_id=vpc_id, network_type="vpc" if vpc else "classic")
    ids = {str(item["SecurityGroupName"]): str(item["SecurityGroupId"]) for item in found}
    return list(
        dict.fromkeys(
            replace(rule, peer_kind="group", peer=ids[rule.peer]) if rule.peer_kind == "group_name" else rule
            for rule in rules
        )
    )
