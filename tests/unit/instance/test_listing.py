# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory makes of the items of DescribeInstances."""

from __future__ import annotations

import threading
import typing as t

import pytest
from alibabacloud_ecs20140526.models import DescribeInstancesRequest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput, NotFound
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import Connection
from ansible_collections.alitrust.ecs.plugins.module_utils._instance import listing

ITEM: dict[str, t.Any] = {
    "InstanceId": "i-1",
    "InstanceName": "web-1",
    "VpcAttributes": {"PrivateIpAddress": {"IpAddress": ["172.16.0.10"]}},
    "PublicIpAddress": {"IpAddress": ["203.0.113.9"]},
    "EipAddress": {"IpAddress": ""},
    "NetworkInterfaces": {
        "NetworkInterface": [
            {"NetworkInterfaceId": "eni-1", "Type": "Primary", "PrimaryIpAddress": "172.16.0.10"},
            {"NetworkInterfaceId": "eni-2", "Type": "Secondary", "PrimaryIpAddress": "172.16.0.11"},
        ]
    },
    "Tags": {"Tag": [{"TagKey": "Name", "TagValue": "shop"}, {"TagKey": "acs:ecs:supportVtpm", "TagValue": "true"}]},
}


def one(**more: t.Any) -> listing.Facts:
    return listing.facts({**ITEM, **more})


def test_an_address_of_each_kind() -> None:
    assert listing.address(one(), ["private_ip"]) == "172.16.0.10"
    assert listing.address(one(), ["eip", "eni_ip"]) == "172.16.0.11"
    assert listing.address(one(), ["public_ip"]) == "203.0.113.9"
    with_eip = one(EipAddress={"IpAddress": "198.51.100.4"})
    assert listing.address(with_eip, ["eip"]) == listing.address(with_eip, ["public_ip"]) == "198.51.100.4"
    assert listing.address(one(NetworkInterfaces={}), ["eip", "eni_ip"]) is None
    assert listing.address(one(), ["eip", "session"]) == one()["instance_id"]


def test_tags_of_the_system_are_kept_apart() -> None:
    assert (one()["tags"], one()["system_tags"]) == ({"Name": "shop"}, {"acs:ecs:supportVtpm": "true"})
    assert one()["supports_vtpm"]


def test_a_host_is_named_by_the_first_that_it_has() -> None:
    assert listing.host_name(one(), ["eip", "tag:none", "tag:Name", "name"]) == "shop"
    assert listing.host_name(one(InstanceName=""), ["name"]) == "i-1"
    assert listing.host_name(one(InstanceName="my web:1, 网"), ["name"]) == "my web:1, 网"
    assert listing.host_name(one(InstanceName="my web:1, 网"), ["name"], safe=True) == "my_web_1__网"


def test_of_several_with_one_name_the_oldest_keeps_it() -> None:
    old = one(InstanceId="i-2", CreationTime="2026-01-01T00:00Z")
    new = one(InstanceId="i-1", CreationTime="2026-02-01T00:00Z")
    assert listing.host_names([old], ["name"]) == {"i-2": old["name"]}
    assert listing.host_names([new, old], ["name"]) == {"i-2": old["name"], "i-1": f"{old['name']}-i-1"}


@pytest.mark.parametrize("name", ["colour", "tag:", "Name"])
def test_what_names_nothing_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"hostnames has '{name}'; expected name, instance_id"):
        listing.check_names(["name", "tag:Name", name])


def test_filters_become_parameters_and_blank_ones_none() -> None:
    assert listing.parameters({"instance_name": "web*", "vpc_id": "", "eips": [], "private_ips": "172.16.0.10"}) == {
        "InstanceName": "web*",
        "PrivateIpAddresses": '["172.16.0.10"]',
    }
    with pytest.raises(InvalidInput, match="filters has 'colour'; expected eips, image_id"):
        listing.parameters({"colour": "red"})
    with pytest.raises(InvalidInput, match="101 values; expected at most 100"):
        listing.parameters({"instance_ids": [f"i-{number}" for number in range(101)]})


def test_filters_are_parameters_that_the_api_knows() -> None:
    # A walk goes past the request models, which would refuse the others.
    names = {**listing._FILTERS, **listing._LIST_FILTERS}.values()
    more = {"RegionId": "cn-hangzhou", "MaxResults": 100, "NextToken": "t", "Status": "Running", "Tag": [{"Key": "a"}]}
    asked = {**dict.fromkeys(names, "x"), **more, "AdditionalAttributes": ["META_OPTIONS"]}
    assert DescribeInstancesRequest().from_map(asked).to_map() == {**asked, "Filter": []}


def test_regions_are_read_side_by_side() -> None:
    together = threading.Barrier(3)

    def of_region(cloud: t.Any) -> list[listing.Facts]:
        together.wait(60)  # breaks unless three are here at once
        return [one(InstanceId=f"i-{cloud.region}")]

    wanted = ["cn-shanghai", "cn-beijing", "cn-hangzhou"]
    found, failed = listing.read(Connection(region="cn-hangzhou"), wanted, of_region)
    assert (len(found), failed) == (3, {})


def test_a_region_that_fails_leaves_the_others() -> None:
    def of_region(cloud: t.Any) -> list[listing.Facts]:
        if cloud.region == "cn-beijing":
            raise NotFound("ecs", "DescribeInstances", "InvalidRegionId.NotFound", "No such region.")
        return [one(InstanceId=f"i-{cloud.region}")]

    connection = Connection(region="cn-hangzhou")
    found, failed = listing.read(connection, ["cn-shanghai", "cn-beijing", "cn-hangzhou"], of_region)
    assert [each["instance_id"] for each in found] == ["i-cn-hangzhou", "i-cn-shanghai"]
    assert list(failed) == ["cn-beijing"]
