# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vSwitches."""

from __future__ import annotations

import ipaddress

from local_cloud import catalogue
from local_cloud.framework import ApiError, Call
from local_cloud.services.vpc.common import (
    Record,
    bad_cidr,
    become_available,
    cidr,
    dry_run,
    find,
    given_texts,
    page,
    select,
    served,
    tags,
    texts,
)

#: vSwitches of a VPC
_QUOTA = 150
#: addresses that the system keeps: the first and the last three
_RESERVED_ADDRESSES = 4


@served("CreateVSwitch", ecs=True)
def create_vswitch(call: Call) -> Record:
    described = {**texts(call, "VSwitchName"), "Tags": tags(call)}
    vpc = find(call, "vpc")
    network = cidr(call, str(call.params["CidrBlock"]), 16, 29)
    if not network.subnet_of(ipaddress.IPv4Network(vpc["CidrBlock"])):
        raise bad_cidr(call, f"{network} does not lie in the VPC's {vpc['CidrBlock']}.")
    if call.params["ZoneId"] not in catalogue.regions()[vpc["RegionId"]].zones:
        raise ApiError("InvalidZoneId.NotFound", 404, "The specified ZoneId does not exist in the region.")
    if vpc["Status"] != "Available":
        raise ApiError("IncorrectVpcStatus", 400, "The VPC is being created: wait until it is Available.")
    siblings = call.store.find("vswitch", where={"VpcId": vpc["VpcId"]})
    for sibling in siblings:
        if network.overlaps(ipaddress.IPv4Network(sibling["CidrBlock"])):
            raise ApiError(
                call.settings["vpc.cidr_overlap_code"],
                400,
                f"The specified CIDR block {network} overlaps {sibling['CidrBlock']} of {sibling['VSwitchId']}.",
            )
    if len(siblings) >= _QUOTA:
        raise ApiError("QuotaExceeded.VSwitch", 400, f"The quota of {_QUOTA} vSwitches of the VPC is used up.")
    dry_run(call)
    record = {
        **described,
        "VSwitchId": call.store.new_id("vsw"),
        "VpcId": vpc["VpcId"],
        "ZoneId": call.params["ZoneId"],
        "CidrBlock": str(network),
        "CreationTime": call.clock.text(),
        "RegionId": vpc["RegionId"],
        "IsDefault": False,
        "EnabledIpv6": False,
        "ResourceGroupId": vpc["ResourceGroupId"],
        "RouteTable": {"RouteTableId": vpc["RouterTableIds"]["RouterTableIds"][0], "RouteTableType": "System"},
        "OwnerId": int(call.account_id),
        "AccountId": call.account_id,
    }
    become_available(call, "vswitch", record["VSwitchId"], record)
    return {"VSwitchId": record["VSwitchId"]}


def _interfaces(call: Call, vswitch: Record, *, lagged: bool = False) -> int:
    """How many addresses of network interfaces are in a vSwitch."""
    there = call.store.find("eni", where={"VSwitchId": vswitch["VSwitchId"]}, lagged=lagged)
    return sum(1 + len(eni.get("_Secondary") or ()) for eni in there)


def _view(call: Call, record: Record) -> Record:
    shown = {name: value for name, value in record.items() if name not in ("AccountId", "RegionId")}
    size = ipaddress.IPv4Network(record["CidrBlock"]).num_addresses
    shown["AvailableIpAddressCount"] = size - _RESERVED_ADDRESSES - _interfaces(call, record, lagged=True)
    return shown


@served("DescribeVSwitches", ecs=True)
def describe_vswitches(call: Call) -> Record:
    if "RegionId" not in call.params and "VpcId" not in call.params and call.product == "vpc":
        raise ApiError("MissingParameter", 400, "RegionId or VpcId must be given.")
    records = select(call, "vswitch")
    shown, more = page(call, records)
    return {"VSwitches": {"VSwitch": [_view(call, record) for record in shown]}, **more}


@served("DescribeVSwitchAttributes")
def describe_vswitch_attributes(call: Call) -> Record:
    return _view(call, find(call, "vswitch", lagged=True))


@served("ModifyVSwitchAttribute", ecs=True)
def modify_vswitch_attribute(call: Call) -> Record:
    vswitch = find(call, "vswitch")
    changes = given_texts(call, "VSwitchName")
    if vswitch["Status"] != "Available":
        raise ApiError("IncorrectVSwitchStatus", 400, "The vSwitch is being created: wait until it is Available.")
    call.store.put("vswitch", vswitch["VSwitchId"], {**vswitch, **changes}, region=vswitch["RegionId"])
    return {}


@served("DeleteVSwitch", ecs=True)
def delete_vswitch(call: Call) -> Record:
    vswitch = find(call, "vswitch")
    if vswitch["Status"] != "Available":
        raise ApiError("IncorrectVSwitchStatus", 400, "The vSwitch is being created: wait until it is Available.")
    if _interfaces(call, vswitch):
        raise ApiError("DependencyViolation.NetworkInterface", 400, "Instances use the vSwitch: release them first.")
    dry_run(call)
    call.store.delete("vswitch", vswitch["VSwitchId"])
    return {}
