# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be bought where."""

from __future__ import annotations

import typing as t

from sdk import REGION, Sdk

from local_cloud import catalogue


def test_regions_and_zones(sdk: Sdk) -> None:
    regions = {r["RegionId"]: r for r in sdk("DescribeRegions")["Regions"]["Region"]}
    assert regions[REGION]["RegionEndpoint"] == "ecs-cn-hangzhou.aliyuncs.com"
    english = sdk("DescribeRegions", AcceptLanguage="en-US")["Regions"]["Region"]
    assert "Germany (Frankfurt)" in {region["LocalName"] for region in english}
    zones = sdk("DescribeZones", RegionId="eu-central-1")["Zones"]["Zone"]
    assert [zone["ZoneId"] for zone in zones] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    assert "cloud_essd" in zones[0]["AvailableDiskCategories"]["DiskCategories"]
    assert sdk.refused("DescribeZones", RegionId="mars-1") == (404, "InvalidRegionId.NotFound")
    assert sdk.refused("DescribeRegions", ResourceType="moon") == (404, "InvalidResourceType.NotFound")


def test_instance_types_are_filtered(sdk: Sdk) -> None:
    def ids(**params: t.Any) -> list[str]:
        return [i["InstanceTypeId"] for i in sdk("DescribeInstanceTypes", **params)["InstanceTypes"]["InstanceType"]]

    assert ids(InstanceTypes=["ecs.g7t.large", "ecs.none.large"]) == ["ecs.g7t.large"]
    assert ids(InstanceTypeFamily="ecs.c7t", MaximumCpuCoreCount=4) == ["ecs.c7t.large", "ecs.c7t.xlarge"]
    assert ids(CpuArchitecture="ARM", MinimumMemorySize=200.0) == ["ecs.g8y.16xlarge"]
    body = sdk("DescribeInstanceTypes", MaxResults=100)
    rest = sdk("DescribeInstanceTypes", MaxResults=100, NextToken=body["NextToken"])
    assert len(body["InstanceTypes"]["InstanceType"]) == 100
    assert len(rest["InstanceTypes"]["InstanceType"]) == len(catalogue.instance_types()) - 100
    families = sdk("DescribeInstanceTypeFamilies", Generation="ecs-6")["InstanceTypeFamilies"]["InstanceTypeFamily"]
    assert {"InstanceTypeFamilyId": "ecs.g7t", "Generation": "ecs-6"} in families


def stock(sdk: Sdk, **params: t.Any) -> dict[str, dict[str, t.Any]]:
    zones = sdk("DescribeAvailableResource", **params)["AvailableZones"]["AvailableZone"]
    return {zone["ZoneId"]: zone for zone in zones}


def test_stock_by_zone(sdk: Sdk) -> None:
    wanted = {"DestinationResource": "InstanceType", "InstanceType": "ecs.g7t.large"}
    assert "cn-hangzhou-b" not in stock(sdk, **wanted)
    assert stock(sdk, **wanted)["cn-hangzhou-h"]["Status"] == "Available"
    sdk.cloud.set("ecs.sold_out", "ecs.g7t.large@cn-hangzhou-h")
    zones = stock(sdk, **wanted)
    assert (zones["cn-hangzhou-h"]["Status"], zones["cn-hangzhou-i"]["Status"]) == ("SoldOut", "Available")
    resource = zones["cn-hangzhou-h"]["AvailableResources"]["AvailableResource"][0]
    assert resource["SupportedResources"]["SupportedResource"][0]["StatusCategory"] == "WithoutStock"
    assert stock(sdk, **wanted, NetworkCategory="classic") == {}


def test_disks_that_go_with_a_type(sdk: Sdk) -> None:
    zones = stock(sdk, DestinationResource="SystemDisk", InstanceType="ecs.g7t.large", ZoneId="cn-hangzhou-h")
    resource = zones["cn-hangzhou-h"]["AvailableResources"]["AvailableResource"][0]
    limits = {i["Value"]: (i["Min"], i["Max"]) for i in resource["SupportedResources"]["SupportedResource"]}
    assert limits == {"cloud_essd": (1, 2048), "cloud_auto": (1, 2048)}
    assert sdk.refused("DescribeAvailableResource", DestinationResource="SystemDisk") == (400, "Invalid.Param")
    unknown = sdk.refused("DescribeAvailableResource", DestinationResource="Moon")
    assert unknown == (404, "Invalid.DestinationResource")


def test_every_type_can_boot_some_image_and_have_some_disk() -> None:
    images = catalogue.images().values()
    for kind in catalogue.instance_types().values():
        architecture = "arm64" if kind.architecture == "ARM" else "x86_64"
        booting = [i for i in images if i.architecture == architecture and i.boot in (*kind.boot, "UEFI-Preferred")]
        assert booting, kind.id
        assert set(kind.disks) <= set(catalogue.disk_categories()), kind.id
        if kind.vtpm != "none":
            assert any(image.trusted for image in booting), kind.id
            assert "cloud_essd" in kind.disks, kind.id
        assert all(catalogue.zone_region(zone) for zone in kind.not_in), kind.id
