# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic network interfaces: secondary ones are made, attached, detached and deleted; all are described."""

from __future__ import annotations

import datetime as dt

from local_cloud import catalogue
from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import (
    Record,
    check_name,
    check_text,
    ecs,
    find_all,
    find_one,
    fits,
    get_one,
    has_tags,
    invalid,
    missing,
    page_either,
    request_tags,
    save,
    shown_tags,
)
from local_cloud.services.ecs.network import (
    check_groups,
    choose_addresses,
    interface_record,
    interfaces_of_type,
    private_addresses,
    set_interface_groups,
    vswitch_full,
)
from local_cloud.settings import define

define("ecs.network_interfaces", 5000, "secondary network interfaces of an account in a region")
define("ecs.attaching_seconds", 0.3, "how long a network interface is Attaching or Detaching")
define(
    "ecs.interfaces_of_group",
    "secondary",
    "which interfaces DescribeNetworkInterfaces shows for a SecurityGroupId (documented: secondary ones)",
    ("secondary", "all"),
)

_SAME = (
    "NetworkInterfaceId",
    "InstanceId",
    "MacAddress",
    "PrivateIpAddress",
    "VpcId",
    "VSwitchId",
    "ZoneId",
    "NetworkInterfaceName",
    "Description",
    "CreationTime",
    "Status",
    "Type",
    "DeleteOnRelease",
)


# -- describing


@ecs("DescribeNetworkInterfaces")
def describe_network_interfaces(call: Call) -> Record:
    ids = call.get("NetworkInterfaceId") or []
    addresses = call.get("PrivateIpAddress") or []
    found = []
    for eni in find_all(call, "eni", lagged=True):
        if (
            (not ids or eni["NetworkInterfaceId"] in ids)
            and (not addresses or not {eni["PrivateIpAddress"], *(eni.get("_Secondary") or ())}.isdisjoint(addresses))
            and _in_group(call, eni)
            and (not call.get("PrimaryIpAddress") or call.get("PrimaryIpAddress") == eni["PrivateIpAddress"])
            and fits(call, eni, ("InstanceId", "VpcId", "VSwitchId", "Type", "Status"), ("NetworkInterfaceName",))
            and has_tags(call, eni)
        ):
            found.append(eni)
    page = page_either(call, found, most=500, most_page=100)
    return {"NetworkInterfaceSets": {"NetworkInterfaceSet": [_shown(call, eni) for eni in page.items]}, **page.about}


def _in_group(call: Call, eni: Record) -> bool:
    group_id = call.get("SecurityGroupId")
    if not group_id:
        return True
    meant = call.settings["ecs.interfaces_of_group"] == "all" or eni["Type"] == "Secondary"
    return meant and group_id in eni["SecurityGroupIds"]


def _about(call: Call, eni: Record) -> Record:
    """What both an entry of the list and the answer to a creation tell."""
    return {
        **{key: eni[key] for key in _SAME},
        "OwnerId": eni["AccountId"],
        "PrivateIpSets": {"PrivateIpSet": private_addresses(eni)},
        "SecurityGroupIds": {"SecurityGroupId": eni["SecurityGroupIds"]},
        "SourceDestCheck": False,
        "Tags": {"Tag": shown_tags(call, eni)},
    }


def _shown(call: Call, eni: Record) -> Record:
    return {
        **_about(call, eni),
        "Attachment": {"InstanceId": eni["InstanceId"]},
        "NetworkInterfaceTrafficMode": "Standard",
        "QueueNumber": 2,
    }


# -- making and deleting


@ecs("CreateNetworkInterface")
def create_network_interface(call: Call) -> Record:
    single, several = call.get("SecurityGroupId"), call.get("SecurityGroupIds") or []
    if single and several:
        raise ApiError("InvalidParameter", 400, "SecurityGroupId and SecurityGroupIds exclude each other.")
    if not single and not several:
        raise missing("SecurityGroupId")
    vswitch = get_one(call, "vswitch", call.params["VSwitchId"])
    groups = _groups(call, [single] if single else several, vswitch["VpcId"])
    texts = _texts(call, longest=256)
    if len(find_all(call, "eni", Type="Secondary")) >= call.settings["ecs.network_interfaces"]:
        raise ApiError("MaxEniCountExceeded", 403, "The maximum number of network interfaces is reached.")
    wanted = call.get("PrimaryIpAddress") or ""
    try:
        addresses = choose_addresses(call, vswitch, 1, wanted)
    except ApiError as error:
        raise ApiError("InvalidVSwitchId.IpInvalid", 403, error.message) from None
    if not addresses:
        raise vswitch_full()
    eni = interface_record(
        call,
        vswitch,
        addresses[0],
        groups,
        **texts,
        _Secondary=_secondary(call, vswitch, addresses[0]),
        Tags=request_tags(call),
        DeleteOnRelease=call.get("DeleteOnRelease") is not False,
    )
    save(call, "eni", eni["NetworkInterfaceId"], eni)
    left_out = ("InstanceId", "CreationTime", "DeleteOnRelease")
    return {name: value for name, value in _about(call, eni).items() if name not in left_out}


def _secondary(call: Call, vswitch: Record, primary: str) -> list[str]:
    """The secondary addresses of a new interface: those wanted, or as many as wanted."""
    wanted, count = call.get("PrivateIpAddress") or [], call.get("SecondaryPrivateIpAddressCount")
    if wanted and count is not None:
        raise invalid("PrivateIpAddress", "It and SecondaryPrivateIpAddressCount exclude each other.")
    if len(wanted) > 10 or not 1 <= (1 if count is None else count) <= 49:
        raise invalid("PrivateIpAddress", "At most 10 addresses can be named, and 49 be chosen.")
    if len({primary, *wanted}) <= len(wanted):
        raise ApiError("InvalidIPAddress.AlreadyUsed", 400, "The specified IP address is already used.")
    if not count:
        return [choose_addresses(call, vswitch, 1, one)[0] for one in wanted]
    found = [one for one in choose_addresses(call, vswitch, count + 1) if one != primary][:count]
    if len(found) < count:
        raise vswitch_full()
    return found


@ecs("DeleteNetworkInterface")
def delete_network_interface(call: Call) -> None:
    eni = get_one(call, "eni", call.params["NetworkInterfaceId"])
    _in_state(eni, "Available")
    call.store.delete("eni", eni["NetworkInterfaceId"])


# -- attaching and detaching


@ecs("AttachNetworkInterface")
def attach_network_interface(call: Call) -> None:
    eni = get_one(call, "eni", call.params["NetworkInterfaceId"])
    instance = _instance(call)
    _in_state(eni, "Available")
    if eni["VpcId"] != instance["VpcId"]:
        raise _mismatch("Vpc")
    if eni["ZoneId"] != instance["ZoneId"]:
        raise _mismatch("AvailabilityZone")
    kind = catalogue.instance_types()[instance["InstanceType"]]
    if len(find_all(call, "eni", InstanceId=instance["InstanceId"])) >= interfaces_of_type(kind):
        raise ApiError("EniPerInstanceLimitExceeded", 403, "The instance type can't have more network interfaces.")
    save(
        call,
        "eni",
        eni["NetworkInterfaceId"],
        {**eni, "InstanceId": instance["InstanceId"], "Status": "Attaching"},
    )
    attached = [*(instance.get("_Interfaces") or ()), eni["NetworkInterfaceId"]]
    save(call, "instance", instance["InstanceId"], {**instance, "_Interfaces": attached})
    _later(call, eni, {"Status": "InUse"})


@ecs("DetachNetworkInterface")
def detach_network_interface(call: Call) -> None:
    eni = get_one(call, "eni", call.params["NetworkInterfaceId"])
    instance = _instance(call)
    if eni["Type"] == "Primary":
        raise ApiError(
            "InvalidOperation.DetachPrimaryEniNotAllowed",
            400,
            "Detaching primary ENI from ECS instance is not allowed.",
        )
    _in_state(eni, "InUse", "Detaching")
    if eni["InstanceId"] != instance["InstanceId"]:
        raise ApiError("InvalidParameter", 400, "The network interface is not attached to that instance.")
    call.store.unschedule("eni", eni["NetworkInterfaceId"])
    save(call, "eni", eni["NetworkInterfaceId"], {**eni, "Status": "Detaching"})
    attached = [one for one in instance.get("_Interfaces") or () if one != eni["NetworkInterfaceId"]]
    save(call, "instance", instance["InstanceId"], {**instance, "_Interfaces": attached})
    _later(call, eni, {"Status": "Available", "InstanceId": ""})


def _later(call: Call, eni: Record, changes: Record) -> None:
    at = call.now + dt.timedelta(seconds=call.settings["ecs.attaching_seconds"])
    call.store.schedule("eni", eni["NetworkInterfaceId"], at, changes)


def _instance(call: Call) -> Record:
    instance = find_one(call, "instance", call.params["InstanceId"])
    if instance is None:
        raise ApiError("InvalidEcsId.NotFound", 404, "The specified instance does not exist.")
    if instance["Status"] not in ("Running", "Stopped") or instance.get("_Releasing"):
        raise ApiError("InvalidOperation.InvalidEcsState", 400, "The operation is not allowed in the instance's state.")
    return instance


def _mismatch(what: str) -> ApiError:
    return ApiError(f"InvalidOperation.{what}Mismatch", 403, "The network interface can't be used there.")


def _in_state(eni: Record, *states: str) -> None:
    if eni["Status"] not in states:
        raise ApiError(
            "InvalidOperation.InvalidEniState",
            400,
            f"The operation is not allowed in the current ENI state. Expected {' or '.join(states)}.",
        )


# -- changing


@ecs("ModifyNetworkInterfaceAttribute")
def modify_network_interface_attribute(call: Call) -> None:
    eni = get_one(call, "eni", call.params["NetworkInterfaceId"])
    _in_state(eni, "Available", "InUse")
    eni.update(_texts(call, longest=255))
    if call.get("DeleteOnRelease") is not None:
        eni["DeleteOnRelease"] = call.params["DeleteOnRelease"]
    save(call, "eni", eni["NetworkInterfaceId"], eni)
    if call.get("SecurityGroupId"):
        set_interface_groups(call, eni, _groups(call, call.params["SecurityGroupId"], eni["VpcId"]))


def _texts(call: Call, longest: int) -> Record:
    texts: Record = {}
    if call.get("NetworkInterfaceName"):
        name = call.params["NetworkInterfaceName"]
        check_name(name, "InvalidNetworkInterfaceName.Malformed", "NetworkInterfaceName")
        texts["NetworkInterfaceName"] = name
    if call.get("Description") is not None:
        texts["Description"] = check_text(call, "Description", "InvalidDescription.Malformed", 2, longest) or ""
    return texts


def _groups(call: Call, group_ids: list[str], vpc_id: str) -> list[str]:
    """The groups that an interface in a VPC may be in together."""
    for group_id in group_ids:
        group = get_one(call, "security_group", group_id)
        if not group["VpcId"]:
            raise ApiError("InvalidSecurityGroupId.NotVpc", 403, "The security group is of the classic network.")
        if group["VpcId"] != vpc_id:
            raise _mismatch("Vpc")
    return check_groups(call, group_ids, vpc_id)
