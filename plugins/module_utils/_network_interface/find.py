# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding and reading network interfaces, as this collection shows them. Private.

In check mode, what earlier tasks would have made is found too, and what they would have deleted or changed is not there
as it is.
"""

from __future__ import annotations

import typing as t

from .._cloud import foretold
from .._cloud.door import Cloud, chunks, dig
from .._core import naming, tags
from .._core.summary import counted
from .._instance import finder
from .._network import find as network
from .._security_group.users import MEMBERSHIP

KIND = network.INTERFACE
INFO_SPEC: dict[str, dict[str, t.Any]] = {
    "names": {"type": "list", "elements": "str", "aliases": ["name"]},
    "network_interface_ids": {"type": "list", "elements": "str", "aliases": ["ids", "network_interface_id"]},
    "vpc_id": {"type": "str"},
    "vswitch_id": {"type": "str"},
    "instance_id": {"type": "str"},
    "security_group_id": {"type": "str"},
    "type": {"type": "str", "choices": ["Primary", "Secondary"]},
    "status": {"type": "str", "choices": ["Available", "Attaching", "InUse", "Detaching"]},
    "tags": {"type": "dict"},
}
Shape = dict[str, t.Any]
_IDS_PER_CALL = 100
_PLACES = {"vpc_id": "VpcId", "vswitch_id": "VSwitchId", "instance_id": "InstanceId"}


def shape(item: t.Mapping[str, t.Any]) -> Shape:
    """From an item of DescribeNetworkInterfaces. One that is being detached has no instance any more."""
    addresses = dig(item, "PrivateIpSets.PrivateIpSet") or []
    return {
        "network_interface_id": str(item["NetworkInterfaceId"]),
        "name": str(item.get("NetworkInterfaceName") or ""),
        "description": str(item.get("Description") or ""),
        "type": str(item.get("Type") or ""),
        "status": str(item.get("Status") or ""),
        "instance_id": "" if item.get("Status") == "Detaching" else str(item.get("InstanceId") or ""),
        "vpc_id": str(item.get("VpcId") or ""),
        "vswitch_id": str(item.get("VSwitchId") or ""),
        "zone_id": str(item.get("ZoneId") or ""),
        "mac_address": str(item.get("MacAddress") or ""),
        "primary_ip_address": str(item.get("PrivateIpAddress") or ""),
        "private_ip_addresses": sorted(str(one["PrivateIpAddress"]) for one in addresses if not one.get("Primary")),
        "security_group_ids": sorted(dig(item, "SecurityGroupIds.SecurityGroupId") or []),
        "delete_on_release": item.get("DeleteOnRelease") is not False,
        "creation_time": str(item.get("CreationTime") or ""),
        "tags": tags.own(tags.from_api(dig(item, "Tags.Tag"))),
    }


def interfaces(
    cloud: Cloud,
    ids: t.Collection[str] | None = None,
    fits: t.Callable[[Shape], bool] = lambda one: True,
    **query: t.Any,
) -> list[Shape]:
    """The network interfaces of the region that fit, the oldest first; what is being deleted is gone.

    :param ids: None means: not asked for
    :param fits: the same as the query, and whatever it cannot say, for what is only foretold, too
    :param query: further parameters of DescribeNetworkInterfaces
    """
    asked: list[dict[str, t.Any]] = [query]
    if ids is not None:
        real = sorted({one for one in ids if not foretold.is_id(one)})
        asked = [{**query, "NetworkInterfaceId": part} for part in chunks(real, _IDS_PER_CALL)]
    if any(foretold.is_id(value) for value in query.values()):
        asked = []
    items = [item for one in asked for item in cloud.pages("ecs", "DescribeNetworkInterfaces", one)]
    made = {one["id"]: {**one["thing"], "network_interface_id": one["id"]} for one in cloud.foretold.all_of(KIND)}
    there = (shape(item) for item in items if item["NetworkInterfaceId"] not in made)
    found = (seen for one in (*there, *made.values()) if (seen := _as_foretold(cloud, one)))
    wanted = [one for one in found if (ids is None or one["network_interface_id"] in ids) and fits(one)]
    return sorted(wanted, key=lambda one: (one["creation_time"], one["network_interface_id"]))


def _as_foretold(cloud: Cloud, one: Shape) -> Shape | None:
    """As it would be after the earlier tasks of a check run; None where it would be gone."""
    told, key = cloud.foretold, one["network_interface_id"]
    if one["status"] == "Deleting" or told.is_gone(KIND, key):
        return None
    if one["instance_id"] and told.is_gone(finder.KIND, one["instance_id"]):
        if one["type"] == "Primary" or one["delete_on_release"]:
            return None
        one = {**one, "instance_id": "", "status": "Available"}
    moved = told.find(MEMBERSHIP, key)
    return {**one, "security_group_ids": sorted(moved["security_group_ids"])} if moved else one


def read_interfaces(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """The network interfaces that match every filter given, sorted by name."""
    names, group, wanted = options["names"], options["security_group_id"], options["tags"] or {}
    naming.check_each(naming.NETWORK_INTERFACE, "names", names)
    tags.check(wanted)
    asked = {key: tags.text(value) for key, value in wanted.items()}
    same = {name: options[name] for name in (*_PLACES, "type", "status") if options[name]}

    def fits(one: Shape) -> bool:
        return (
            (names is None or one["name"] in names)
            and all(one[name] == value for name, value in same.items())
            and (not group or group in one["security_group_ids"])
            and asked.items() <= one["tags"].items()
        )

    # Not by group: the operation shows only secondary ones for one, and by no name: it takes only one.
    query = {_PLACES[name]: value for name, value in same.items() if name in _PLACES}
    found = interfaces(cloud, options["network_interface_ids"], fits, **query)
    found.sort(key=lambda one: (one["name"], one["network_interface_id"]))
    return {"network_interfaces": found, "summary": counted(len(found), "network interfaces")}
