# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPCs."""

from __future__ import annotations

import ipaddress

from local_cloud.framework import ApiError, Call
from local_cloud.services.vpc.common import (
    RESOURCE_GROUP,
    Record,
    bad_cidr,
    become_available,
    check_region,
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

_RESERVED = [ipaddress.ip_network(block) for block in ("100.64.0.0/10", "224.0.0.0/4", "127.0.0.0/8", "169.254.0.0/16")]
#: VPCs of an account in a region
_QUOTA = 10


@served("CreateVpc", ecs=True)
def create_vpc(call: Call) -> Record:
    check_region(call)
    block = str(call.get("CidrBlock") or call.settings["vpc.default_cidr_block"])
    network = cidr(call, block, 8, 28)
    if any(network.overlaps(reserved) for reserved in _RESERVED):
        raise bad_cidr(call, f"{block} lies in a range that VPCs can't use.")
    described = {**texts(call, "VpcName"), "Tags": tags(call)}
    user_cidrs = [one for one in str(call.get("UserCidr", "")).split(",") if one]
    if len(call.store.find("vpc", region=call.region, where={"AccountId": call.account_id})) >= _QUOTA:
        raise ApiError("QuotaExceeded.Vpc", 400, f"The quota of {_QUOTA} VPCs in the region is used up.")
    dry_run(call)
    record = {
        **described,
        "VpcId": call.store.new_id("vpc"),
        "VRouterId": call.store.new_id("vrt"),
        "RouterTableIds": {"RouterTableIds": [call.store.new_id("vtb")]},
        "CidrBlock": str(network),
        "UserCidrs": {"UserCidr": user_cidrs},
        "ResourceGroupId": call.get("ResourceGroupId") or RESOURCE_GROUP,
        "CreationTime": call.clock.text(),
        "RegionId": call.region,
        "IsDefault": False,
        "EnabledIpv6": bool(call.get("EnableIpv6", False)),
        "DnsHostnameStatus": "ENABLED" if call.get("EnableDnsHostname") else "DISABLED",
        "OwnerId": int(call.account_id),
        "AccountId": call.account_id,
    }
    become_available(call, "vpc", record["VpcId"], record)
    return {
        "VpcId": record["VpcId"],
        "VRouterId": record["VRouterId"],
        "RouteTableId": record["RouterTableIds"]["RouterTableIds"][0],
        "ResourceGroupId": record["ResourceGroupId"],
    }


def _view(call: Call, record: Record) -> Record:
    shown = {name: value for name, value in record.items() if name != "AccountId"}
    vswitches = call.store.find("vswitch", where={"VpcId": record["VpcId"]}, lagged=True)
    shown["VSwitchIds"] = {"VSwitchId": [vswitch["VSwitchId"] for vswitch in vswitches]}
    return shown


@served("DescribeVpcs", ecs=True)
def describe_vpcs(call: Call) -> Record:
    shown, more = page(call, select(call, "vpc"))
    return {"Vpcs": {"Vpc": [_view(call, record) for record in shown]}, **more}


@served("DescribeVpcAttribute")
def describe_vpc_attribute(call: Call) -> Record:
    shown = _view(call, find(call, "vpc", lagged=True))
    del shown["RouterTableIds"]
    vswitches, groups = shown["VSwitchIds"]["VSwitchId"], _security_groups(call, shown["VpcId"])
    counts = {"VSwitch": len(vswitches), "VRouter": 1, "RouteTable": 1, "SecurityGroup": groups}
    resources = [{"ResourceType": kind, "ResourceCount": count} for kind, count in counts.items() if count]
    return {**shown, "CloudResources": {"CloudResourceSetType": resources}}


@served("ModifyVpcAttribute", ecs=True)
def modify_vpc_attribute(call: Call) -> Record:
    vpc = find(call, "vpc")
    changes = given_texts(call, "VpcName")
    if call.get("CidrBlock"):
        network = cidr(call, str(call.params["CidrBlock"]), 8, 28)
        for vswitch in call.store.find("vswitch", where={"VpcId": vpc["VpcId"]}):
            if not ipaddress.IPv4Network(vswitch["CidrBlock"]).subnet_of(network):
                raise bad_cidr(call, f"{network} leaves out {vswitch['CidrBlock']} of {vswitch['VSwitchId']}.")
        changes["CidrBlock"] = str(network)
    if call.get("EnableIPv6") is not None:
        changes["EnabledIpv6"] = bool(call.params["EnableIPv6"])
    if call.get("EnableDnsHostname") is not None:
        changes["DnsHostnameStatus"] = "ENABLED" if call.params["EnableDnsHostname"] else "DISABLED"
    if call.get("UserCidr"):
        changes["UserCidrs"] = {"UserCidr": [one for one in str(call.params["UserCidr"]).split(",") if one]}
    if vpc["Status"] != "Available":
        raise ApiError("IncorrectVpcStatus", 400, "The VPC is being created: wait until it is Available.")
    call.store.put("vpc", vpc["VpcId"], {**vpc, **changes}, region=vpc["RegionId"])
    return {}


def _security_groups(call: Call, vpc_id: str) -> int:
    return len(call.store.find("security_group", where={"VpcId": vpc_id}))


@served("DeleteVpc", ecs=True)
def delete_vpc(call: Call) -> Record:
    vpc = find(call, "vpc")
    if vpc["Status"] != "Available":
        raise ApiError("IncorrectVpcStatus", 400, "The VPC is being created: wait until it is Available.")
    if call.store.find("vswitch", where={"VpcId": vpc["VpcId"]}):
        raise ApiError("DependencyViolation.VSwitch", 400, "The VPC has vSwitches: delete them first.")
    if _security_groups(call, vpc["VpcId"]):
        raise ApiError("DependencyViolation.SecurityGroup", 400, "The VPC has security groups: delete them first.")
    dry_run(call)
    call.store.delete("vpc", vpc["VpcId"])
    return {}
