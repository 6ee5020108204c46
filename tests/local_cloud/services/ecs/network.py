# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, primary network interfaces and membership in security groups; secondary ones: ``interfaces.py``."""

from __future__ import annotations

import ipaddress
import secrets
import typing as t

from local_cloud.catalogue import InstanceType
from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import (
    Record,
    ecs,
    get_one,
    invalid,
    json_list,
    new_record,
    save,
    seconds_text,
)
from local_cloud.settings import define

define("ecs.groups_per_interface", 5, "security groups that an instance's interface can be in")
define("ecs.instances_per_basic_group", 2000, "private addresses in a basic group")
define("ecs.instances_per_advanced_group", 65536, "private addresses in an advanced group")

#: first addresses of a subnet that the service keeps (the network itself), and last ones (router, service, broadcast)
_KEPT_FIRST, _KEPT_LAST = 1, 3


# -- addresses


def _taken(call: Call, vswitch: Record) -> set[str]:
    there = call.store.find("eni", where={"VSwitchId": vswitch["VSwitchId"]})
    return {address for eni in there for address in (eni["PrivateIpAddress"], *(eni.get("_Secondary") or ()))}


def choose_addresses(call: Call, vswitch: Record, amount: int, first: str = "") -> list[str]:
    """Private addresses for new interfaces in a vSwitch; fewer than ``amount`` when it is nearly full.

    :param first: the address wanted for the first one, the others follow it; by default free ones are chosen, each
        after the one given last, so that an address isn't used again soon.
    :raises ApiError: a wanted address is malformed, outside or taken.
    """
    network = ipaddress.IPv4Network(vswitch["CidrBlock"])
    usable = range(_KEPT_FIRST, network.num_addresses - _KEPT_LAST)
    taken = _taken(call, vswitch)
    if not first:
        counter = f"address/{vswitch['VSwitchId']}"
        start = call.store.next_number(counter) - 1
        found: list[str] = []
        for step in range(len(usable)):
            address = str(network.network_address + usable[(start + step) % len(usable)])
            if address not in taken:
                found.append(address)
            if len(found) == amount:
                for _index in range(step):
                    call.store.next_number(counter)
                break
        return found
    try:
        begin = ipaddress.IPv4Address(first)
    except ValueError:
        raise ApiError("InvalidPrivateIpAddress.Malformed", 400, "Specified private IP address is malformed.") from None
    wanted = [begin + n for n in range(amount)]
    if any(address not in network or int(address) - int(network[0]) not in usable for address in wanted):
        raise ApiError("InvalidPrivateIpAddress", 400, "Specified private IP address is not in the vSwitch.")
    if any(str(address) in taken for address in wanted):
        raise ApiError("InvalidIPAddress.AlreadyUsed", 400, "The specified IP address is already used.")
    return [str(address) for address in wanted]


def vswitch_full() -> ApiError:
    """The refusal when a vSwitch has no addresses left."""
    return ApiError("InvalidVSwitchId.IpNotEnough", 403, "The specified VSwitch has not enough IpAddress.")


def new_interface(call: Call, instance: Record, groups: list[str]) -> None:
    """Give an instance its primary network interface; ``instance`` must have PrivateIpAddress already."""
    place = {name: instance[name] for name in ("VpcId", "VSwitchId", "ZoneId")}
    eni = interface_record(call, place, instance["PrivateIpAddress"], groups, Tags=instance["Tags"])
    eni.update({"InstanceId": instance["InstanceId"], "Status": "InUse", "Type": "Primary"})
    instance.update({name: eni[name] for name in ("NetworkInterfaceId", "MacAddress", "SecurityGroupIds")})
    save(call, "eni", eni["NetworkInterfaceId"], eni)


def interface_record(call: Call, place: Record, address: str, groups: list[str], **fields: t.Any) -> Record:
    """A secondary network interface that isn't attached yet, not saved.

    :param place: what has VpcId, VSwitchId and ZoneId.
    """
    number = secrets.token_bytes(3)
    return new_record(
        call,
        NetworkInterfaceId=call.store.new_id("eni-"),
        InstanceId="",
        MacAddress="00:16:3e:" + ":".join(f"{byte:02x}" for byte in number),
        PrivateIpAddress=address,
        SecurityGroupIds=groups,
        **{name: place[name] for name in ("VpcId", "VSwitchId", "ZoneId")},
        **{
            "NetworkInterfaceName": "",
            "Description": "",
            "Tags": [],
            "CreationTime": seconds_text(call),
            "Status": "Available",
            "Type": "Secondary",
            "DeleteOnRelease": True,
            **fields,
        },
    )


def private_addresses(record: Record) -> list[Record]:
    """The private addresses of a network interface, as answers show them, the primary one first."""
    others = [{"PrivateIpAddress": one, "Primary": False} for one in record.get("_Secondary") or ()]
    return [{"PrivateIpAddress": record["PrivateIpAddress"], "Primary": True}, *others]


def interfaces_of_type(kind: InstanceType) -> int:
    """How many network interfaces, the primary one included, an instance of a type can have."""
    return 3 if kind.cpu <= 4 else 4 if kind.cpu <= 8 else 8


# -- membership


def joined(call: Call) -> list[Record]:
    """What is in groups: network interfaces, those of instances released a moment ago included, and instances of the
    classic network, which have none."""
    return [*call.store.find("eni", call.region), *call.store.find("instance", call.region, where={"VpcId": ""})]


def members(call: Call, group_id: str) -> list[Record]:
    """What is in a group."""
    return [one for one in joined(call) if group_id in one["SecurityGroupIds"]]


def check_groups(call: Call, group_ids: t.Sequence[str], vpc_id: str, *, joining: int = 1) -> list[str]:
    """The groups that an interface in a VPC may be in together.

    :param joining: how many interfaces are to join.
    :raises ApiError: unknown, of another VPC, basic mixed with advanced, too many, or full.
    """
    ids = list(dict.fromkeys(group_ids))
    groups = [get_one(call, "security_group", id) for id in ids]
    if any(group["VpcId"] != vpc_id for group in groups):
        raise ApiError(
            "OperationDenied.InconsistentNetwork",
            403,
            "The specified security group and vswitch are not in the same vpc.",
        )
    if len({group["SecurityGroupType"] for group in groups}) > 1:
        raise ApiError(
            "EnterpriseGroupLimited.MutliGroupType",
            403,
            "The specified instance can't be in basic and advanced security groups at the same time.",
        )
    if len(ids) > call.settings["ecs.groups_per_interface"]:
        raise ApiError(
            "InstanceSecurityGroupLimitExceeded",
            403,
            "Exceeding the allowed amount of security groups that an instance can be in.",
        )
    for group in groups:
        kind = "advanced" if group["SecurityGroupType"] == "enterprise" else "basic"
        room = call.settings[f"ecs.instances_per_{kind}_group"]
        if room < 65536 and len(members(call, group["SecurityGroupId"])) + joining > room:
            raise ApiError(
                "SecurityGroupInstanceLimitExceed", 403, "The maximum number of instances in a group is exceeded."
            )
    return ids


def set_groups(call: Call, instance: Record, groups: list[str]) -> None:
    """Put an instance's primary interface into exactly these groups; in the classic network, the instance itself."""
    instance["SecurityGroupIds"] = groups
    save(call, "instance", instance["InstanceId"], instance)
    if instance["VpcId"]:
        eni = get_one(call, "eni", instance["NetworkInterfaceId"])
        save(call, "eni", eni["NetworkInterfaceId"], {**eni, "SecurityGroupIds": groups})


def set_interface_groups(call: Call, eni: Record, groups: list[str]) -> None:
    """Put a network interface into exactly these groups; of a primary one, its instance."""
    if eni["Type"] == "Primary":
        set_groups(call, get_one(call, "instance", eni["InstanceId"]), groups)
    else:
        save(call, "eni", eni["NetworkInterfaceId"], {**eni, "SecurityGroupIds": groups})


# -- operations


@ecs("ModifyInstanceVpcAttribute")
def modify_instance_vpc_attribute(call: Call) -> None:
    instance = get_one(call, "instance", call.params["InstanceId"])
    if instance["Status"] != "Stopped":
        raise ApiError(
            "IncorrectInstanceStatus", 403, "The current status of the resource does not support this operation."
        )
    vswitch = get_one(call, "vswitch", call.params["VSwitchId"])
    if vswitch["VpcId"] != instance["VpcId"] or vswitch["ZoneId"] != instance["ZoneId"]:
        raise ApiError(
            "InvalidParameter.Mismatch", 400, "The specified vSwitch is not in the VPC and zone of the instance."
        )
    eni = get_one(call, "eni", instance["NetworkInterfaceId"])
    addresses = choose_addresses(call, vswitch, 1, call.get("PrivateIpAddress") or "")
    if not addresses:
        raise vswitch_full()
    change = {"VSwitchId": vswitch["VSwitchId"], "PrivateIpAddress": addresses[0]}
    save(call, "eni", eni["NetworkInterfaceId"], {**eni, **change})
    save(call, "instance", instance["InstanceId"], {**instance, **change})


@ecs("AllocatePublicIpAddress")
def allocate_public_ip_address(call: Call) -> Record:
    instance = get_one(call, "instance", call.params["InstanceId"])
    if instance["Status"] not in ("Running", "Stopped"):
        raise ApiError(
            "IncorrectInstanceStatus", 403, "The current status of the resource does not support this operation."
        )
    if instance["PublicIpAddress"]:
        raise ApiError("AllocatedAlready", 403, "The specified instance has already been allocated an IP address.")
    instance["PublicIpAddress"] = public_address(call)
    save(call, "instance", instance["InstanceId"], instance)
    return {"IpAddress": instance["PublicIpAddress"]}


def public_address(call: Call) -> str:
    """A public address nobody else has, of the block for documentation (or benchmarks, when that is used up)."""
    number = call.store.next_number("public_address") - 1
    block = ipaddress.IPv4Network("203.0.113.0/24") if number < 254 else ipaddress.IPv4Network("198.18.0.0/15")
    return str(block.network_address + 1 + (number if number < 254 else number - 254))


def address_filter(call: Call, name: str) -> list[str]:
    """The addresses of a filter that is a JSON array.

    :raises ApiError: it isn't one.
    """
    return json_list(call, name, 100, invalid(name, "Expected a JSON array of at most 100 addresses."))
