# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, network interfaces and membership in security groups."""

from __future__ import annotations

import ipaddress
import secrets
import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import (
    Record,
    check_text,
    ecs,
    find_all,
    fits,
    get_one,
    has_tags,
    invalid,
    json_list,
    new_record,
    page_either,
    save,
    seconds_text,
    shown_tags,
)
from local_cloud.settings import define

define("ecs.groups_per_interface", 5, "security groups that an instance's interface can be in")
define("ecs.instances_per_basic_group", 2000, "private addresses in a basic group")
define("ecs.instances_per_advanced_group", 65536, "private addresses in an advanced group")

#: first addresses of a subnet that the service keeps (the network itself), and last ones (router, service, broadcast)
_KEPT_FIRST, _KEPT_LAST = 1, 3


# -- addresses


def _taken(call: Call, vswitch: Record) -> set[str]:
    return {eni["PrivateIpAddress"] for eni in call.store.find("eni", where={"VSwitchId": vswitch["VSwitchId"]})}


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
    number = secrets.token_bytes(3)
    mac = "00:16:3e:" + ":".join(f"{byte:02x}" for byte in number)
    eni_id = call.store.new_id("eni-")
    instance.update({"NetworkInterfaceId": eni_id, "MacAddress": mac, "SecurityGroupIds": groups})
    eni = new_record(
        call,
        NetworkInterfaceId=eni_id,
        InstanceId=instance["InstanceId"],
        MacAddress=mac,
        PrivateIpAddress=instance["PrivateIpAddress"],
        VpcId=instance["VpcId"],
        VSwitchId=instance["VSwitchId"],
        ZoneId=instance["ZoneId"],
        SecurityGroupIds=groups,
        NetworkInterfaceName="",
        Description="",
        Tags=instance["Tags"],
        CreationTime=seconds_text(call),
        Status="InUse",
        Type="Primary",
    )
    save(call, "eni", eni_id, eni)


# -- membership


def members(call: Call, group_id: str) -> list[Record]:
    """The network interfaces in a group, those of instances released a moment ago included."""
    return [eni for eni in call.store.find("eni", call.region) if group_id in eni["SecurityGroupIds"]]


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
    """Put an instance's primary interface into exactly these groups."""
    instance["SecurityGroupIds"] = groups
    save(call, "instance", instance["InstanceId"], instance)
    eni = get_one(call, "eni", instance["NetworkInterfaceId"])
    save(call, "eni", eni["NetworkInterfaceId"], {**eni, "SecurityGroupIds": groups})


# -- operations


@ecs("DescribeNetworkInterfaces")
def describe_network_interfaces(call: Call) -> Record:
    ids = call.get("NetworkInterfaceId") or []
    addresses = call.get("PrivateIpAddress") or []
    found = []
    for eni in find_all(call, "eni", lagged=True):
        if (
            (not ids or eni["NetworkInterfaceId"] in ids)
            and (not addresses or eni["PrivateIpAddress"] in addresses)
            and (not call.get("SecurityGroupId") or call.get("SecurityGroupId") in eni["SecurityGroupIds"])
            and (not call.get("PrimaryIpAddress") or call.get("PrimaryIpAddress") == eni["PrivateIpAddress"])
            and fits(call, eni, ("InstanceId", "VpcId", "VSwitchId", "Type", "Status"), ("NetworkInterfaceName",))
            and has_tags(call, eni)
        ):
            found.append(eni)
    page = page_either(call, found, most=500, most_page=100)
    return {"NetworkInterfaceSets": {"NetworkInterfaceSet": [_shown(call, eni) for eni in page.items]}, **page.about}


def _shown(call: Call, eni: Record) -> Record:
    same = (
        "NetworkInterfaceId InstanceId MacAddress PrivateIpAddress VpcId VSwitchId ZoneId NetworkInterfaceName"
        " Description CreationTime Status Type"
    )
    address = {"PrivateIpAddress": eni["PrivateIpAddress"], "Primary": True}
    return {
        **{key: eni[key] for key in same.split()},
        "Attachment": {"InstanceId": eni["InstanceId"]},
        "DeleteOnRelease": True,
        "NetworkInterfaceTrafficMode": "Standard",
        "OwnerId": eni["AccountId"],
        "PrivateIpSets": {"PrivateIpSet": [address]},
        "QueueNumber": 2,
        "SecurityGroupIds": {"SecurityGroupId": eni["SecurityGroupIds"]},
        "SourceDestCheck": False,
        "Tags": {"Tag": shown_tags(call, eni)},
    }


@ecs("ModifyNetworkInterfaceAttribute")
def modify_network_interface_attribute(call: Call) -> None:
    eni = get_one(call, "eni", call.params["NetworkInterfaceId"])
    for name in ("NetworkInterfaceName", "Description"):
        if call.get(name) is not None:
            eni[name] = check_text(call, name, f"Invalid{name}.Malformed", 2, 255) or ""
    save(call, "eni", eni["NetworkInterfaceId"], eni)
    if call.get("SecurityGroupId"):
        groups = check_groups(call, call.params["SecurityGroupId"], eni["VpcId"])
        set_groups(call, get_one(call, "instance", eni["InstanceId"]), groups)


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
