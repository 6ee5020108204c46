# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding VPCs and vSwitches, by id or by a name that must be unambiguous. Private.

In check mode, what earlier tasks would have made is found too, and what they would have deleted or changed is not there
as it is.
"""

from __future__ import annotations

import ipaddress
import typing as t

from .._cloud import foretold
from .._cloud.door import Cloud, chunks
from .._cloud.errors import Twins, UnexpectedState
from .._core import ownership, twins
from .._core import tags as tagging
from . import shape

Item = dict[str, t.Any]
#: What a check run calls a network interface.
INTERFACE = "network_interface"
_IDS_PER_CALL = 20
#: Addresses of a vSwitch that nobody can have: the first one and the last three.
_SYSTEM_ADDRESSES = 4


# ---------------------------------------------------------------------- VPCs


def vpcs(cloud: Cloud, ids: t.Collection[str] | None = None, names: t.Collection[str] | None = None) -> list[Item]:
    """The items of DescribeVpcs that fit, the oldest first; None means: not asked for."""
    queries: list[dict[str, t.Any]] = [{}]
    if ids is not None:
        real = sorted({one for one in ids if not foretold.is_id(one)})
        queries = [{"VpcId": ",".join(part)} for part in chunks(real, _IDS_PER_CALL)]
    elif names is not None:
        queries = [{"VpcName": one} for one in sorted(set(names))]
    items = [item for query in queries for item in cloud.pages("vpc", "DescribeVpcs", query)]
    found = _as_foretold(cloud, "vpc", "VpcId", items, _vpc_item)
    fitting = [
        item
        for item in found
        if (ids is None or item["VpcId"] in ids) and (names is None or item.get("VpcName") in names)
    ]
    return sorted(fitting, key=lambda item: (str(item.get("CreationTime")), str(item["VpcId"])))


def vpc_by_id(cloud: Cloud, vpc_id: str) -> Item | None:
    return next(iter(vpcs(cloud, ids=[vpc_id])), None)


def vpc_by_name(cloud: Cloud, name: str, *, ours_first: bool = False) -> Item | None:
    """The only VPC of that name, or None.

    :param ours_first: whether the only one that this collection made is chosen where several have the name
    :raises UnexpectedState: when several have it, listing them
    """
    found = twins.settled(cloud, lambda: vpcs(cloud, names=[name]), twin)
    if ours_first:
        found = ownership.ours_first(found, lambda item: shape.vpc(item, ())["tags"])
    if len(found) > 1:
        ours = all(ownership.proven(shape.vpc(item, ())["tags"]) for item in found)
        raise (Twins if ours else UnexpectedState)(
            f"{len(found)} VPCs are named {name}: {', '.join(item['VpcId'] for item in found)}.",
            hint="Say which one with vpc_id.",
        )
    return found[0] if found else None


def twin(item: Item) -> twins.Twin | None:
    """A VPC as one of several of its name; None where this collection has not made it."""
    ours = ownership.proven(shape.vpc(item, ())["tags"])
    return twins.Twin(str(item.get("CreationTime")), str(item["VpcId"])) if ours else None


def chosen_vpc(cloud: Cloud, vpc_id: str | None, name: str | None, *, option: str = "vpc") -> str | None:
    """ID of the VPC that a task chooses by its id (which is not looked up) or its name; None where it chooses none.

    :raises UnexpectedState: when no VPC or several have the name
    """
    if vpc_id or not name:
        return vpc_id or None
    item = vpc_by_name(cloud, name)
    if item is None:
        raise UnexpectedState(
            f"There is no VPC named {name} in {cloud.region}.", hint=f"Check {option} and the region, or give its ID."
        )
    return str(item["VpcId"])


def need_vpc(cloud: Cloud, vpc_id: str) -> Item:
    """:raises UnexpectedState: when there is no such VPC"""
    item = vpc_by_id(cloud, vpc_id)
    if item is None:
        raise UnexpectedState(
            f"There is no VPC {vpc_id} in {cloud.region}.",
            hint="Check the ID and the region; alitrust.ecs.vpc_info lists the VPCs that are there.",
        )
    return item


# ---------------------------------------------------------------------- vSwitches


def vswitches(cloud: Cloud, query: t.Mapping[str, str], fits: t.Callable[[Item], bool] = lambda _: True) -> list[Item]:
    """The items of DescribeVSwitches that fit, sorted by name.

    :param query: parameters of the operation
    :param fits: the same for what is only foretold
    """
    made_up = any(foretold.is_id(value) for value in query.values())
    items = [] if made_up else cloud.pages("vpc", "DescribeVSwitches", query)
    found = _as_foretold(cloud, "vswitch", "VSwitchId", items, _vswitch_item)
    fitting = [item for item in found if fits(item)]
    return sorted(fitting, key=lambda item: (str(item.get("VSwitchName")), str(item["VSwitchId"])))


def vswitches_of(cloud: Cloud, vpc_id: str) -> list[Item]:
    return vswitches(cloud, {"VpcId": vpc_id}, lambda item: item["VpcId"] == vpc_id)


def vswitch_by_id(cloud: Cloud, vswitch_id: str) -> Item | None:
    return next(iter(vswitches(cloud, {"VSwitchId": vswitch_id}, lambda item: item["VSwitchId"] == vswitch_id)), None)


def vswitch_by_name(cloud: Cloud, name: str, vpc_id: str | None = None) -> Item | None:
    """The only vSwitch of that name, in the VPC where one is given, or None.

    :raises UnexpectedState: when several have it, listing them
    """
    query = {"VSwitchName": name, **({"VpcId": vpc_id} if vpc_id else {})}
    found = vswitches(
        cloud,
        query,
        lambda item: item.get("VSwitchName") == name and vpc_id in (None, "", item["VpcId"]),
    )
    if len(found) > 1:
        listed = ", ".join(f"{item['VSwitchId']} (VPC {item['VpcId']})" for item in found)
        raise UnexpectedState(
            f"{len(found)} vSwitches are named {name}: {listed}.",
            hint="Say which one by its ID" + ("." if vpc_id else ", or name the VPC, too."),
        )
    return found[0] if found else None


def chosen_vswitches(
    cloud: Cloud, ids: t.Iterable[str] = (), names: t.Iterable[str] = (), *, vpc_id: str | None = None
) -> list[Item]:
    """The items of the vSwitches that a task chooses by their ids and their names, in this order, each once.

    What C(shape.vswitch) makes of an item is how results show it.

    :param vpc_id: where names are looked up
    :raises UnexpectedState: naming all that do not exist
    """
    found: dict[str, Item] = {}
    missing = []
    for key, item in (
        *((one, vswitch_by_id(cloud, one)) for one in ids),
        *((one, vswitch_by_name(cloud, one, vpc_id)) for one in names),
    ):
        if item is None:
            missing.append(key)
        else:
            found[str(item["VSwitchId"])] = item
    if missing:
        where = f"VPC {vpc_id} of {cloud.region}" if vpc_id else cloud.region
        raise UnexpectedState(
            f"There is no vSwitch {', '.join(missing)} in {where}.",
            hint="alitrust.ecs.vpc_info lists the vSwitches that are there.",
        )
    return list(found.values())


# ---------------------------------------------------------------------- what is in them


def instances(cloud: Cloud, query: t.Mapping[str, str]) -> list[str]:
    """IDs of the instances that would still be there.

    :param query: parameters of DescribeInstances
    """
    if any(foretold.is_id(value) for value in query.values()):
        return []
    found = [str(item["InstanceId"]) for item in cloud.pages("ecs", "DescribeInstances", query)]
    return cloud.foretold.staying("instance", found)


def secondary_interfaces(cloud: Cloud, query: t.Mapping[str, str]) -> list[str]:
    """IDs of the secondary network interfaces that would still be there; the primary ones are the instances'.

    :param query: parameters of DescribeNetworkInterfaces
    """
    if any(foretold.is_id(value) for value in query.values()):
        return []
    found = [
        str(item["NetworkInterfaceId"])
        for item in cloud.pages("ecs", "DescribeNetworkInterfaces", {"Type": "Secondary", **query})
        # An interface goes with its instance unless it is told to stay.
        if not (item.get("DeleteOnRelease") and cloud.foretold.is_gone("instance", str(item.get("InstanceId") or "")))
    ]
    return cloud.foretold.staying(INTERFACE, found)


def addresses(cidr_block: str) -> int:
    """How many addresses a new vSwitch has to give."""
    return ipaddress.IPv4Network(cidr_block).num_addresses - _SYSTEM_ADDRESSES


# ---------------------------------------------------------------------- what a check run foretells


def _as_foretold(
    cloud: Cloud, kind: str, key: str, items: t.Iterable[Item], made: t.Callable[[foretold.Record], Item]
) -> list[Item]:
    known = {one["id"]: made(one) for one in cloud.foretold.all_of(kind)}
    there = [item for item in items if item[key] not in known and not cloud.foretold.is_gone(kind, item[key])]
    return [*there, *known.values()]


def _vpc_item(record: foretold.Record) -> Item:
    return {
        "VpcId": record["id"],
        "VpcName": record["name"],
        "CidrBlock": record["cidr_block"],
        "Status": record["status"],
        "Tags": {"Tag": tagging.to_api(record["tags"])},
    }


def _vswitch_item(record: foretold.Record) -> Item:
    return {
        "VSwitchId": record["id"],
        "VSwitchName": record["name"],
        "VpcId": record["vpc_id"],
        "ZoneId": record["zone_id"],
        "CidrBlock": record["cidr_block"],
        "AvailableIpAddressCount": record["available_ip_address_count"],
        "Status": record["status"],
        "Tags": {"Tag": tagging.to_api(record["tags"])},
    }
