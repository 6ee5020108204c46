# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers and route tables: each VPC has its system ones, with the routes that come by themselves."""

from __future__ import annotations

import typing as t

from local_cloud.services.vpc.common import Record, check_region, page, served

if t.TYPE_CHECKING:
    from local_cloud.framework import Call

#: addresses of the cloud's own services
_SERVICES = "100.64.0.0/10"


def _vpcs(call: Call) -> list[Record]:
    """The caller's VPCs of the region whose table the filters leave."""
    check_region(call)
    found = call.store.find("vpc", region=call.region, where={"AccountId": call.account_id}, lagged=True)
    if call.get("RouterType") not in (None, "", "VRouter"):
        return []
    return [
        vpc
        for vpc in found
        if call.get("RouteTableId") in (None, "", _table_id(vpc))
        and call.get("RouterId") in (None, "", vpc["VRouterId"])
        and call.get("VRouterId") in (None, "", vpc["VRouterId"])
        and call.get("VpcId") in (None, "", vpc["VpcId"])
        and call.get("RouteTableName") in (None, "")  # a system table has none
        and call.get("RouteTableType") in (None, "", "System")
        and call.get("ResourceGroupId") in (None, "", vpc["ResourceGroupId"])
        and not call.get("Tag")
    ]


def _table_id(vpc: Record) -> str:
    return t.cast(str, vpc["RouterTableIds"]["RouterTableIds"][0])


def _vswitches(call: Call, vpc: Record) -> list[Record]:
    return call.store.find("vswitch", where={"VpcId": vpc["VpcId"]}, lagged=True)


@served("DescribeVRouters", ecs=True)
def describe_v_routers(call: Call) -> Record:
    shown, more = page(call, _vpcs(call))
    routers = [
        {
            "VRouterId": vpc["VRouterId"],
            "VpcId": vpc["VpcId"],
            "RegionId": vpc["RegionId"],
            "CreationTime": vpc["CreationTime"],
            "RouteTableIds": {"RouteTableId": [_table_id(vpc)]},
        }
        for vpc in shown
    ]
    return {"VRouters": {"VRouter": routers}, **more}


@served("DescribeRouteTables", ecs=True)
def describe_route_tables(call: Call) -> Record:
    shown, more = page(call, _vpcs(call))
    return {"RouteTables": {"RouteTable": [_table(call, vpc) for vpc in shown]}, **more}


def _table(call: Call, vpc: Record) -> Record:
    vswitches = _vswitches(call, vpc)
    routes = [(one["CidrBlock"], "local") for one in vswitches]
    return {
        "CreationTime": vpc["CreationTime"],
        "ResourceGroupId": vpc["ResourceGroupId"],
        "RouteTableId": _table_id(vpc),
        "RouteTableType": "System",
        "Status": vpc["Status"],
        "VRouterId": vpc["VRouterId"],
        "VSwitchIds": {"VSwitchId": [one["VSwitchId"] for one in vswitches]},
        "RouteEntrys": {"RouteEntry": [_entry(vpc, *route) for route in [*routes, (_SERVICES, "service")]]},
    }


def _entry(vpc: Record, block: str, hop: str) -> Record:
    return {
        "DestinationCidrBlock": block,
        "NextHopType": hop,
        "RouteTableId": _table_id(vpc),
        "Status": "Available",
        "Type": "System",
    }


@served("DescribeRouteTableList")
def describe_route_table_list(call: Call) -> Record:
    shown, more = page(call, _vpcs(call))
    tables = [
        {
            "AssociateType": "VSwitch",
            "CreationTime": vpc["CreationTime"],
            "OwnerId": vpc["OwnerId"],
            "ResourceGroupId": vpc["ResourceGroupId"],
            "RouteTableId": _table_id(vpc),
            "RouteTableType": "System",
            "RouterId": vpc["VRouterId"],
            "RouterType": "VRouter",
            "Status": vpc["Status"],
            "VpcId": vpc["VpcId"],
            "VSwitchIds": {"VSwitchId": [one["VSwitchId"] for one in _vswitches(call, vpc)]},
        }
        for vpc in shown
    ]
    return {"RouterTableList": {"RouterTableListType": tables}, **more}
