# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPCs and vSwitches, as VPC and as ECS know them."""

from __future__ import annotations

import typing as t

import pytest
from people import ram_user
from sdk import Sdk

from local_cloud import catalogue

if t.TYPE_CHECKING:
    pass

ZONE = "cn-hangzhou-h"


@pytest.fixture
def vpc(sdk: Sdk) -> Sdk:
    return sdk


def new_vpc(vpc: Sdk, cidr: str = "10.0.0.0/16", product: str = "vpc") -> str:
    """A VPC that is Available."""
    vpc_id = vpc("CreateVpc", product=product, CidrBlock=cidr)["VpcId"]
    vpc.cloud.clock_advance(2)
    return str(vpc_id)


@pytest.mark.parametrize("product", ["vpc", "ecs"])
def test_vpc_and_vswitch_live_and_die(vpc: Sdk, product: str) -> None:
    created = vpc("CreateVpc", product=product, CidrBlock="10.0.0.0/16", VpcName="one", Description="d")
    vpc_id = created["VpcId"]
    assert created["VRouterId"].startswith("vrt-")
    assert created["RouteTableId"].startswith("vtb-")
    switch = {"VpcId": vpc_id, "ZoneId": ZONE, "CidrBlock": "10.0.1.0/24"}
    shown = vpc("DescribeVpcs", product=product, VpcId=vpc_id)["Vpcs"]["Vpc"][0]
    assert (shown["Status"], shown["VpcName"], shown["CidrBlock"]) == ("Pending", "one", "10.0.0.0/16")
    assert vpc.refused("CreateVSwitch", product=product, **switch) == (400, "IncorrectVpcStatus")
    assert vpc.refused("DeleteVpc", product=product, VpcId=vpc_id) == (400, "IncorrectVpcStatus")
    vpc.cloud.clock_advance(2)
    switch_id = vpc("CreateVSwitch", product=product, **switch, VSwitchName="two")["VSwitchId"]
    shown = vpc("DescribeVSwitches", product=product, VSwitchId=switch_id)["VSwitches"]["VSwitch"][0]
    assert (shown["Status"], shown["AvailableIpAddressCount"], shown["ZoneId"]) == ("Pending", 252, ZONE)
    shown = vpc(
        "DescribeVpcs",
        product=product,
    )["Vpcs"]["Vpc"][0]
    assert (shown["Status"], shown["VSwitchIds"]["VSwitchId"]) == ("Available", [switch_id])
    assert vpc.refused("DeleteVSwitch", product=product, VSwitchId=switch_id) == (400, "IncorrectVSwitchStatus")
    vpc.cloud.clock_advance(2)
    assert vpc.refused("DeleteVpc", product=product, VpcId=vpc_id) == (400, "DependencyViolation.VSwitch")
    vpc("DeleteVSwitch", product=product, VSwitchId=switch_id)
    vpc("DeleteVpc", product=product, VpcId=vpc_id)
    assert vpc.refused("DeleteVSwitch", product=product, VSwitchId=switch_id) == (404, "InvalidVSwitchId.NotFound")
    assert vpc.refused("DeleteVpc", product=product, VpcId=vpc_id) == (404, "InvalidVpcId.NotFound")
    assert vpc("DescribeVpcs", product=product, VpcId=vpc_id)["Vpcs"]["Vpc"] == []


@pytest.mark.parametrize(
    "cidr",
    ["10.0.0.1/16", "10.0.0.0/29", "100.64.0.0/16", "127.0.0.0/16", "169.254.0.0/16", "224.0.0.0/16", "x", "10.0.0.0"],
)
def test_vpc_needs_a_usable_cidr_block(vpc: Sdk, cidr: str) -> None:
    assert vpc.refused("CreateVpc", product="vpc", CidrBlock=cidr) == (400, "InvalidCidrBlock")


def test_vpc_without_a_cidr_block_gets_the_default(vpc: Sdk) -> None:
    vpc_id = vpc(
        "CreateVpc",
        product="vpc",
    )["VpcId"]
    assert vpc("DescribeVpcAttribute", product="vpc", VpcId=vpc_id)["CidrBlock"] == "172.16.0.0/12"


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"CidrBlock": "10.1.0.0/24"}, (400, "InvalidCidrBlock")),
        ({"CidrBlock": "10.0.0.0/30"}, (400, "InvalidCidrBlock")),
        ({"CidrBlock": "10.0.1.128/25"}, (400, "InvalidCidrBlock.Overlapped")),
        ({"ZoneId": "cn-beijing-h"}, (404, "InvalidZoneId.NotFound")),
        ({"VpcId": "vpc-no"}, (404, "InvalidVpcId.NotFound")),
        ({"VSwitchName": "http://x"}, (400, "InvalidVSwitchName.Malformed")),
    ],
)
def test_vswitch_must_fit(vpc: Sdk, change: dict[str, str], answer: tuple[int, str]) -> None:
    base = {"VpcId": new_vpc(vpc), "ZoneId": ZONE, "CidrBlock": "10.0.1.0/24"}
    vpc("CreateVSwitch", product="vpc", **base)
    assert vpc.refused("CreateVSwitch", product="vpc", **{**base, "CidrBlock": "10.0.2.0/24", **change}) == answer


def test_same_client_token_makes_one_vpc(vpc: Sdk) -> None:
    ids = {vpc("CreateVpc", product="vpc", ClientToken="t")["VpcId"] for _index in range(2)}
    assert len(ids) == 1


def test_dry_run_creates_nothing(vpc: Sdk) -> None:
    assert vpc.refused("CreateVpc", product="vpc", DryRun=True) == (400, "DryRunOperation")
    assert (
        vpc(
            "DescribeVpcs",
            product="vpc",
        )["TotalCount"]
        == 0
    )


def test_vpc_with_a_security_group_stays(vpc: Sdk) -> None:
    vpc_id = new_vpc(vpc)
    group_id = vpc("CreateSecurityGroup", product="ecs", VpcId=vpc_id)["SecurityGroupId"]
    assert vpc.refused("DeleteVpc", product="vpc", VpcId=vpc_id) == (400, "DependencyViolation.SecurityGroup")
    vpc("DeleteSecurityGroup", product="ecs", SecurityGroupId=group_id)
    vpc("DeleteVpc", product="vpc", VpcId=vpc_id)


def test_network_interfaces_use_addresses_and_stand_against_deletion(vpc: Sdk) -> None:
    switch_id = vpc("CreateVSwitch", product="vpc", VpcId=new_vpc(vpc), ZoneId=ZONE, CidrBlock="10.0.1.0/24")[
        "VSwitchId"
    ]
    vpc.cloud.clock_advance(2)
    interface = {"NetworkInterfaceId": "eni-1", "VSwitchId": switch_id, "AccountId": vpc.cloud.account_id}
    vpc.cloud.preload([{"kind": "eni", "id": "eni-1", "data": interface, "region": "cn-hangzhou"}])
    assert vpc("DescribeVSwitchAttributes", product="vpc", VSwitchId=switch_id)["AvailableIpAddressCount"] == 251
    refused = vpc.refused("DeleteVSwitch", product="vpc", VSwitchId=switch_id)
    assert refused == (400, "DependencyViolation.NetworkInterface")


def test_lists_are_filtered_and_paged(vpc: Sdk) -> None:
    ids = [
        vpc("CreateVpc", product="vpc", VpcName=f"v{number}", Tag=[{"Key": "n", "Value": str(number % 2)}])["VpcId"]
        for number in range(3)
    ]

    def listed(**filters: t.Any) -> list[str]:
        return [item["VpcId"] for item in vpc("DescribeVpcs", product="vpc", **filters)["Vpcs"]["Vpc"]]

    assert listed() == ids
    assert listed(VpcId=f"{ids[0]},{ids[2]}") == [ids[0], ids[2]]
    assert listed(VpcName="v1") == [ids[1]]
    assert listed(Tag=[{"Key": "n", "Value": "0"}]) == [ids[0], ids[2]]
    assert listed(PageSize=2, PageNumber=2) == [ids[2]]
    assert vpc("DescribeVpcs", product="vpc", RegionId="cn-beijing")["TotalCount"] == 0


def test_quota_of_vpcs(vpc: Sdk) -> None:
    for _index in range(10):
        vpc(
            "CreateVpc",
            product="vpc",
        )
    assert vpc.refused(
        "CreateVpc",
        product="vpc",
    ) == (400, "QuotaExceeded.Vpc")


def test_regions_and_zones(vpc: Sdk) -> None:
    regions = vpc("DescribeRegions", product="vpc", AcceptLanguage="en-US")["Regions"]["Region"]
    assert {item["RegionId"] for item in regions} == set(catalogue.regions())
    zones = vpc(
        "DescribeZones",
        product="vpc",
    )["Zones"]["Zone"]
    assert tuple(item["ZoneId"] for item in zones) == catalogue.regions()["cn-hangzhou"].zones
    assert vpc.refused("DescribeZones", product="vpc", RegionId="cn-nowhere") == (404, "InvalidRegionId.NotFound")


def test_vpc_permissions_hold_for_the_actions_of_ecs_too(vpc: Sdk) -> None:
    user = ram_user(vpc, "reader", "AliyunVPCReadOnlyAccess")
    assert (
        user(
            "DescribeVpcs",
            product="ecs",
        )["TotalCount"]
        == 0
    )
    assert user.refused(
        "CreateVpc",
        product="ecs",
    ) == (403, "Forbidden.RAM")
    assert user.refused(
        "CreateVpc",
        product="vpc",
    ) == (403, "Forbidden.RAM")


@pytest.mark.parametrize("product", ["vpc", "ecs"])
def test_names_and_blocks_change(vpc: Sdk, product: str) -> None:
    vpc_id = vpc("CreateVpc", product=product, CidrBlock="10.0.0.0/16", VpcName="one", Description="kept")["VpcId"]
    early = vpc.refused("ModifyVpcAttribute", product=product, VpcId=vpc_id, VpcName="two")
    assert early == (400, "IncorrectVpcStatus")
    vpc.cloud.clock_advance(2)
    vswitch_id = vpc("CreateVSwitch", product=product, VpcId=vpc_id, ZoneId=ZONE, CidrBlock="10.0.1.0/24")["VSwitchId"]
    soon = vpc.refused("ModifyVSwitchAttribute", product=product, VSwitchId=vswitch_id, VSwitchName="two")
    assert soon == (400, "IncorrectVSwitchStatus")
    vpc.cloud.clock_advance(2)
    vpc("ModifyVpcAttribute", product=product, VpcId=vpc_id, VpcName="two", CidrBlock="10.0.0.0/15")
    shown = vpc("DescribeVpcs", product=product, VpcId=vpc_id)["Vpcs"]["Vpc"][0]
    assert (shown["VpcName"], shown["Description"], shown["CidrBlock"]) == ("two", "kept", "10.0.0.0/15")
    outside = vpc.refused("ModifyVpcAttribute", product=product, VpcId=vpc_id, CidrBlock="10.1.0.0/16")
    assert outside == (400, "InvalidCidrBlock")
    vpc("ModifyVSwitchAttribute", product=product, VSwitchId=vswitch_id, VSwitchName="two", Description="new")
    shown = vpc("DescribeVSwitches", product=product, VSwitchId=vswitch_id)["VSwitches"]["VSwitch"][0]
    assert (shown["VSwitchName"], shown["Description"]) == ("two", "new")
    for action, name in (("ModifyVpcAttribute", "VpcId"), ("ModifyVSwitchAttribute", "VSwitchId")):
        assert vpc.refused(action, product=product) == (400, "MissingParameter")
        assert vpc.refused(action, product=product, **{name: "none"}) == (404, f"Invalid{name}.NotFound")


@pytest.mark.parametrize("product", ["vpc", "ecs"])
def test_each_vpc_has_a_route_table_with_what_comes_by_itself(vpc: Sdk, product: str) -> None:
    made = [vpc("CreateVpc", product=product, CidrBlock=f"10.{number}.0.0/16") for number in range(2)]
    vpc.cloud.clock_advance(2)
    vswitch = {"VpcId": made[0]["VpcId"], "ZoneId": ZONE, "CidrBlock": "10.0.1.0/24"}
    vpc("CreateVSwitch", product=product, **vswitch)

    def tables(**filters: str) -> list[dict[str, t.Any]]:
        body = vpc("DescribeRouteTables", product=product, **filters)
        return t.cast("list[dict[str, t.Any]]", body["RouteTables"]["RouteTable"])

    assert [table["RouteTableId"] for table in tables()] == [one["RouteTableId"] for one in made]
    (table,) = tables(RouteTableId=made[0]["RouteTableId"])
    assert tables(VRouterId=made[0]["VRouterId"]) == [table]
    routes = {entry["DestinationCidrBlock"]: entry["NextHopType"] for entry in table["RouteEntrys"]["RouteEntry"]}
    assert routes == {"10.0.1.0/24": "local", "100.64.0.0/10": "service"}
    assert tables(RouterType="VBR") == []
    routers = vpc("DescribeVRouters", product=product, VRouterId=made[1]["VRouterId"])["VRouters"]["VRouter"]
    assert [(one["VpcId"], one["RouteTableIds"]["RouteTableId"]) for one in routers] == [
        (made[1]["VpcId"], [made[1]["RouteTableId"]])
    ]


def test_route_tables_are_listed_by_vpc(vpc: Sdk) -> None:
    ids = [new_vpc(vpc, f"10.{number}.0.0/16") for number in range(2)]
    listed = vpc("DescribeRouteTableList", product="vpc", VpcId=ids[1])["RouterTableList"]["RouterTableListType"]
    assert [(one["VpcId"], one["RouteTableType"], one["Status"]) for one in listed] == [(ids[1], "System", "Available")]
