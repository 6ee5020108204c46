# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describing instances and changing their attributes."""

from __future__ import annotations

import base64
import datetime as dt
import typing as t

from local_cloud import catalogue
from local_cloud.clock import MINUTE_FORMAT
from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import (
    Record,
    check_name,
    check_text,
    dry_run,
    ecs,
    find_all,
    fits,
    get_one,
    has_tags,
    json_list,
    page_numbered,
    page_walked,
    save,
    shown_tags,
)
from local_cloud.services.ecs.launch import check_host_name, check_password, check_user_data, metadata_options
from local_cloud.services.ecs.lifecycle import hosts_of
from local_cloud.services.ecs.network import address_filter, check_groups, private_addresses, set_groups
from local_cloud.services.shapes import ABSENT

_STATUSES = ("Pending", "Starting", "Running", "Stopping", "Stopped")
#: keys of the record that answers show unchanged
_SAME = [
    "InstanceId",
    "InstanceName",
    "Description",
    "Status",
    "RegionId",
    "ZoneId",
    "InstanceType",
    "ImageId",
    "OSName",
    "OSNameEn",
    "OSType",
    "HostName",
    "SerialNumber",
    "CreationTime",
    "StartTime",
    "ExpiredTime",
    "AutoReleaseTime",
    "InstanceChargeType",
    "InternetChargeType",
    "InternetMaxBandwidthIn",
    "InternetMaxBandwidthOut",
    "KeyPairName",
    "DeletionProtection",
    "StoppedMode",
    "SpotStrategy",
    "SpotPriceLimit",
    "CreditSpecification",
    "ResourceGroupId",
]


# -- describing


@ecs("DescribeInstances")
def describe_instances(call: Call) -> Record:
    _check_filters(call)
    dry_run(call)
    ids = json_list(call, "InstanceIds")
    private = address_filter(call, "PrivateIpAddresses")
    public = address_filter(call, "PublicIpAddresses")
    group = call.get("SecurityGroupId")
    elastic = address_filter(call, "EipAddresses")
    eips = {eip["InstanceId"]: eip for eip in find_all(call, "eip", lagged=True) if eip.get("InstanceId")}
    nowhere = bool(call.get("LockReason"))

    def fits_all(instance: Record) -> bool:
        options = instance["MetadataOptions"]
        return (
            not nowhere
            and (not ids or instance["InstanceId"] in ids)
            and (not private or instance["PrivateIpAddress"] in private)
            and (not public or instance["PublicIpAddress"] in public)
            and (not elastic or eips.get(instance["InstanceId"], {}).get("IpAddress") in elastic)
            and (not group or group in instance["SecurityGroupIds"])
            and call.get("InstanceNetworkType") in (None, "", _network_type(instance))
            and fits(call, instance, _EQUAL_FILTERS, ("InstanceName",))
            and call.get("InstanceTypeFamily") in (None, "", _type_of(instance).family)
            and call.get("HttpEndpoint") in (None, "", options["HttpEndpoint"])
            and call.get("HttpTokens") in (None, "", options["HttpTokens"])
            and call.get("IoOptimized") in (None, True)
            and _in_times(call, instance)
            and has_tags(call, instance)
        )

    page = page_walked(call, "instance", fits_all)
    with_options = "META_OPTIONS" in (call.get("AdditionalAttributes") or ())
    shown = [
        {**_shown(call, instance, with_options), "EipAddress": _eip_shown(eips.get(instance["InstanceId"]))}
        for instance in page.items
    ]
    return {"Instances": {"Instance": shown}, **page.about}


_EQUAL_FILTERS = (
    "Status",
    "VpcId",
    "VSwitchId",
    "ZoneId",
    "InstanceType",
    "ImageId",
    "KeyPairName",
    "InstanceChargeType",
    "InternetChargeType",
    "ResourceGroupId",
)
_TIME_FILTERS = {
    "CreationStartTime": ("CreationTime", True),
    "CreationEndTime": ("CreationTime", False),
    "ExpiredStartTime": ("ExpiredTime", True),
    "ExpiredEndTime": ("ExpiredTime", False),
}


def _check_filters(call: Call) -> None:
    for name, values, code in (
        ("Status", _STATUSES, "InvalidStatus.NotFound"),
        ("InstanceChargeType", ("PostPaid", "PrePaid"), "InvalidInstanceChargeType.NotFound"),
        ("InstanceNetworkType", ("classic", "vpc"), "InvalidNetworkType.NotFound"),
        (
            "LockReason",
            ("financial", "security", "recycling", "dedicatedhostfinancial", "refunded"),
            "InvalidLockReason.NotFound",
        ),
    ):
        if call.get(name) not in (None, "", *values):
            message = f"The {name} provided does not exist in our records."
            raise ApiError(code, 404, message)
    for entry in call.get("Filter") or ():
        if entry.get("Key") not in _TIME_FILTERS:
            raise ApiError("InvalidFilterKey.NotFound", 404, "The specified filter key is invalid.")
    if len(call.get("Tag") or ()) > 20:
        raise ApiError("InvalidTagCount", 400, "The specified tags are beyond the permitted range.")


def _in_times(call: Call, instance: Record) -> bool:
    for entry in call.get("Filter") or ():
        key, from_then_on = _TIME_FILTERS[entry["Key"]]
        if not entry.get("Value"):
            continue
        try:
            wanted = dt.datetime.strptime(entry["Value"], MINUTE_FORMAT)
        except ValueError:
            raise ApiError(
                "InvalidFilterValue", 400, "The specified filter value is invalid: yyyy-MM-ddTHH:mmZ is expected."
            ) from None
        actual = dt.datetime.strptime(instance[key], MINUTE_FORMAT)
        if (actual < wanted) if from_then_on else (actual > wanted):
            return False
    return True


def _type_of(instance: Record) -> catalogue.InstanceType:
    return catalogue.instance_types()[instance["InstanceType"]]


def _addresses(address: str) -> Record:
    return {"IpAddress": [address] if address else []}


def _eip_shown(eip: Record | None) -> Record | None:
    """The elastic IP address of an instance."""
    if eip is None:
        return None
    return {
        "AllocationId": eip["AllocationId"],
        "IpAddress": eip["IpAddress"],
        "Bandwidth": int(eip.get("Bandwidth") or 0),
        "InternetChargeType": eip.get("InternetChargeType", ""),
        "IsSupportUnassociate": True,
    }


def _vpc_attributes(instance: Record) -> Record:
    return {
        "VpcId": instance["VpcId"],
        "VSwitchId": instance["VSwitchId"],
        "PrivateIpAddress": _addresses(instance["PrivateIpAddress"] if instance["VpcId"] else ""),
    }


def _network_type(instance: Record) -> str:
    return "vpc" if instance["VpcId"] else "classic"


def _interfaces(call: Call, instance: Record) -> list[Record]:
    """The network interfaces that DescribeInstances shows: the primary one, and secondary ones that are attached."""
    if not instance["VpcId"]:
        return []
    attached = (call.store.get("eni", eni_id, lagged=True) for eni_id in instance.get("_Interfaces") or ())
    return [_interface(instance, "Primary"), *(_interface(eni, "Secondary") for eni in attached if eni)]


def _interface(record: Record, kind: str) -> Record:
    """A network interface as an instance shows it; of a primary one, the instance has everything."""
    return {
        "NetworkInterfaceId": record["NetworkInterfaceId"],
        "MacAddress": record["MacAddress"],
        "PrimaryIpAddress": record["PrivateIpAddress"],
        "Type": kind,
        "PrivateIpSets": {"PrivateIpSet": private_addresses(record)},
    }


def _shown(call: Call, instance: Record, with_options: bool) -> Record:
    kind = _type_of(instance)
    return {
        **{key: instance[key] for key in _SAME},
        "Cpu": kind.cpu,
        "Memory": int(kind.memory * 1024),
        "InstanceTypeFamily": kind.family,
        "CpuOptions": {"CoreCount": kind.cpu // 2, "ThreadsPerCore": 2, "Numa": "ON"},
        "InstanceNetworkType": _network_type(instance),
        "IoOptimized": True,
        "DeviceAvailable": True,
        "PublicIpAddress": _addresses(instance["PublicIpAddress"]),
        "VpcAttributes": _vpc_attributes(instance),
        "InnerIpAddress": _addresses("" if instance["VpcId"] else instance["PrivateIpAddress"]),
        "SecurityGroupIds": {"SecurityGroupId": instance["SecurityGroupIds"]},
        "NetworkInterfaces": {"NetworkInterface": _interfaces(call, instance)},
        "Tags": {"Tag": shown_tags(call, instance)},
        "MetadataOptions": instance["MetadataOptions"] if with_options else ABSENT,
        "SecurityOptions": {"EnableSecureBoot": instance["_SecureBoot"]},
        "HibernationOptions": {"Configured": False},
        "Recyclable": instance.get("Recyclable", False),
    }


@ecs("DescribeInstanceStatus")
def describe_instance_status(call: Call) -> Record:
    ids = call.get("InstanceId") or []
    found = [
        instance
        for instance in find_all(call, "instance", lagged=True)
        if (not ids or instance["InstanceId"] in ids) and fits(call, instance, ("ZoneId",))
    ]
    page = page_numbered(call, found, most=50)
    shown = [{key: instance[key] for key in ("InstanceId", "Status")} for instance in page.items]
    return {"InstanceStatuses": {"InstanceStatus": shown}, **page.about}


@ecs("DescribeInstanceAttribute")
def describe_instance_attribute(call: Call) -> Record:
    instance = get_one(call, "instance", call.params["InstanceId"], lagged=True)
    kind = _type_of(instance)
    left_out = {"OSName", "OSNameEn", "OSType", "StartTime", "AutoReleaseTime", "KeyPairName", "DeletionProtection"}
    left_out |= {"SpotStrategy", "SpotPriceLimit", "ResourceGroupId"}
    return {
        **{key: instance[key] for key in _SAME if key not in left_out},
        "Cpu": kind.cpu,
        "Memory": int(kind.memory * 1024),
        "InstanceNetworkType": _network_type(instance),
        "IoOptimized": "optimized",
        "PublicIpAddress": _addresses(instance["PublicIpAddress"]),
        "VpcAttributes": _vpc_attributes(instance),
        "SecurityGroupIds": {"SecurityGroupId": instance["SecurityGroupIds"]},
        "SecurityOptions": {"EnableSecureBoot": instance["_SecureBoot"]},
    }


@ecs("DescribeUserData")
def describe_user_data(call: Call) -> Record:
    instance = get_one(call, "instance", call.params["InstanceId"], lagged=True)
    return {"InstanceId": instance["InstanceId"], "RegionId": call.region, "UserData": instance["_UserData"]}


@ecs("GetInstanceConsoleOutput")
def get_instance_console_output(call: Call) -> Record:
    instance = get_one(call, "instance", call.params["InstanceId"], lagged=True)
    hosts = hosts_of(call.store)
    output = hosts.console(instance["InstanceId"]).encode() if hosts and instance["StartTime"] else b""
    return {
        "InstanceId": instance["InstanceId"],
        "ConsoleOutput": base64.b64encode(output).decode(),
        "LastUpdateTime": call.clock.text(),
    }


# -- changing


@ecs("ModifyInstanceAttribute")
def modify_instance_attribute(call: Call) -> None:
    instance = get_one(call, "instance", call.params["InstanceId"])
    for name, check in _TEXTS.items():
        if call.get(name) not in (None, ""):
            instance[name] = check(call)
    if call.get("HostName"):
        check_host_name(call.params["HostName"])
        if instance["Status"] in ("Pending", "Starting"):
            raise ApiError(
                "IncorrectInstanceStatus", 403, "The current status of the resource does not support this operation."
            )
        instance["HostName"] = call.params["HostName"]
    if call.get("Password"):
        check_password(call.params["Password"])
        instance["_Password"] = call.params["Password"]
    if call.get("UserData") is not None:
        instance["_UserData"] = check_user_data(call, None)
    if call.get("DeletionProtection") is not None:
        if instance["InstanceChargeType"] == "PrePaid" and call.params["DeletionProtection"]:
            raise ApiError("ChargeTypeViolation", 403, "Only pay-as-you-go instances have deletion protection.")
        instance["DeletionProtection"] = call.params["DeletionProtection"]
    if call.get("Recyclable") is not None:
        instance["Recyclable"] = call.params["Recyclable"]
    save(call, "instance", instance["InstanceId"], instance)
    if call.get("SecurityGroupIds"):
        if not instance["VpcId"]:
            raise ApiError("OperationDenied", 403, "Security groups of instances in the classic network can't be set.")
        set_groups(call, instance, check_groups(call, call.params["SecurityGroupIds"], instance["VpcId"]))


def _new_name(call: Call) -> str:
    check_name(call.params["InstanceName"], "InvalidInstanceName.Malformed", "InstanceName")
    return t.cast(str, call.params["InstanceName"])


_TEXTS: dict[str, t.Callable[[Call], str | None]] = {
    "InstanceName": _new_name,
    "Description": lambda call: check_text(call, "Description", "InvalidDescription.Malformed", 2, 256),
    "CreditSpecification": lambda call: call.get("CreditSpecification"),
}


@ecs("ModifyInstanceMetadataOptions")
def modify_instance_metadata_options(call: Call) -> None:
    if not call.get("InstanceId"):
        raise ApiError("MissingParameter.InstanceId", 400, "The input parameter InstanceId is mandatory.")
    instance = get_one(call, "instance", call.params["InstanceId"])
    instance["MetadataOptions"] = metadata_options(call, instance["MetadataOptions"])
    save(call, "instance", instance["InstanceId"], instance)
