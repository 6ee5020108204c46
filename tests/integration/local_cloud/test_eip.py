# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic IP addresses, as VPC and as ECS know them."""

from __future__ import annotations

import json
import typing as t

import pytest
from people import ram_user
from sdk import Sdk

BOTH = pytest.mark.parametrize("product", ["vpc", "ecs"])


def address(sdk: Sdk, allocation_id: str, product: str = "vpc") -> dict[str, t.Any]:
    body = sdk("DescribeEipAddresses", product=product, AllocationId=allocation_id)
    return t.cast("dict[str, t.Any]", body["EipAddresses"]["EipAddress"][0])


@BOTH
def test_an_address_is_had_used_changed_freed_and_released(sdk: Sdk, product: str) -> None:
    (instance_id,) = sdk.run()
    made = sdk("AllocateEipAddress", product=product, InternetChargeType="PayByTraffic")
    one = {"product": product, "AllocationId": made["AllocationId"]}
    shown = address(sdk, made["AllocationId"], product)
    assert (shown["Status"], shown["IpAddress"], shown["Bandwidth"]) == ("Available", made["EipAddress"], "5")
    sdk("AssociateEipAddress", **one, InstanceId=instance_id)
    assert address(sdk, made["AllocationId"], product)["Status"] == "Associating"
    assert sdk.refused("UnassociateEipAddress", **one) == (400, "IncorrectEipStatus")
    sdk.cloud.clock_advance(1)
    shown = address(sdk, made["AllocationId"], product)
    assert (shown["Status"], shown["InstanceId"], shown["InstanceType"]) == ("InUse", instance_id, "EcsInstance")
    sdk("ModifyEipAddressAttribute", **one, Bandwidth="7")
    eip = sdk.instance(instance_id)["EipAddress"]
    assert (eip["IpAddress"], eip["Bandwidth"], eip["AllocationId"]) == (made["EipAddress"], 7, made["AllocationId"])
    for filters, count in (([made["EipAddress"]], 1), (["192.0.2.1"], 0)):
        assert sdk("DescribeInstances", EipAddresses=json.dumps(filters))["TotalCount"] == count
    assert sdk.refused("ReleaseEipAddress", **one) == (400, "IncorrectEipStatus")
    sdk("UnassociateEipAddress", **one, InstanceId=instance_id)
    sdk.cloud.clock_advance(1)
    assert sdk.instance(instance_id)["EipAddress"]["IpAddress"] == ""
    sdk("ReleaseEipAddress", **one)
    assert sdk.refused("ReleaseEipAddress", **one) == (404, "InvalidAllocationId.NotFound")


@pytest.mark.parametrize(
    "change",
    [
        {"Bandwidth": "0"},
        {"Bandwidth": "201", "InternetChargeType": "PayByTraffic"},
        {"Bandwidth": "fast"},
        {"InternetChargeType": "PayByLuck"},
        {"InstanceChargeType": "PrePaid", "InternetChargeType": "PayByTraffic", "Period": 1},
        {"InstanceChargeType": "PrePaid"},
        {"InstanceChargeType": "Free"},
    ],
)
def test_an_address_that_can_t_be_had(sdk: Sdk, change: dict[str, t.Any]) -> None:
    assert sdk.refused("AllocateEipAddress", product="vpc", **change) == (400, "InvalidParameter")
    assert sdk("DescribeEipAddresses", product="vpc")["TotalCount"] == 0


def test_the_same_client_token_has_one_address_and_there_is_a_quota(sdk: Sdk) -> None:
    sdk.cloud.set("vpc.eips", 1)
    ids = {sdk("AllocateEipAddress", product="vpc", ClientToken="once")["AllocationId"] for _again in range(2)}
    assert len(ids) == 1
    assert sdk.refused("AllocateEipAddress", product="vpc") == (400, "QuotaExceeded.Eip")


def test_what_can_t_be_associated_is_refused(sdk: Sdk) -> None:
    place = sdk.place()
    (plain,) = sdk.run(place)
    (public,) = sdk.run(place, InternetMaxBandwidthOut=5)
    first, second = (sdk("AllocateEipAddress", product="vpc")["AllocationId"] for _one in range(2))

    def refused(allocation_id: str, **where: str) -> tuple[int, str]:
        return sdk.refused("AssociateEipAddress", product="vpc", AllocationId=allocation_id, **where)

    assert refused(first) == (400, "MissingParameter")
    assert refused("eip-none", InstanceId=plain) == (404, "InvalidAllocationId.NotFound")
    assert refused(first, InstanceId="i-none") == (404, "InvalidInstanceId.NotFound")
    nat = refused(first, InstanceId="ngw-1", InstanceType="Nat")
    assert nat == (400, "InvalidInstanceType.ValueNotSupported")
    assert refused(first, InstanceId=public) == (400, "BIND_INSTANCE_HAVE_PORTMAP_OR_BIND_EIP")
    sdk("AssociateEipAddress", product="vpc", AllocationId=first, InstanceId=plain)
    assert refused(second, InstanceId=plain) == (400, "InvalidAssociation.Duplicated")
    other = sdk.refused("UnassociateEipAddress", product="vpc", AllocationId=first, InstanceId=public)
    assert other == (400, "InvalidBindingStatus")


def test_an_address_outlives_its_instance(sdk: Sdk) -> None:
    (instance_id,) = sdk.run()
    allocation_id = sdk("AllocateEipAddress", product="vpc")["AllocationId"]
    sdk("AssociateEipAddress", product="vpc", AllocationId=allocation_id, InstanceId=instance_id)
    sdk("DeleteInstance", InstanceId=instance_id, Force=True)
    sdk.cloud.clock_advance(5)
    shown = address(sdk, allocation_id)
    assert (shown["Status"], shown["InstanceId"]) == ("Available", "")


def test_a_subscription_stays(sdk: Sdk) -> None:
    made = sdk("AllocateEipAddress", product="vpc", InstanceChargeType="PrePaid", Period=1)
    assert made["OrderId"] > 0
    refused = sdk.refused("ReleaseEipAddress", product="vpc", AllocationId=made["AllocationId"])
    assert refused == (400, "Forbidden.ChargeTypeIsPrepaid")


@BOTH
def test_addresses_are_found_by_what_they_are(sdk: Sdk, product: str) -> None:
    tag = {"Tag": [{"Key": "a", "Value": "b"}]}
    made = sdk("AllocateEipAddress", product="vpc", Name="one", Description="first", **tag)
    sdk("AllocateEipAddress", product="vpc")

    def found(**filters: t.Any) -> list[str]:
        body = sdk("DescribeEipAddresses", product=product, **filters)
        return [one["IpAddress"] for one in body["EipAddresses"]["EipAddress"]]

    one = [made["EipAddress"]]
    assert found(AllocationId=f"eip-0,{made['AllocationId']}") == found(EipAddress=made["EipAddress"]) == one
    assert len(found(Status="Available")) == 2
    assert found(Status="InUse") == found(AssociatedInstanceId="i-1") == []
    if product == "vpc":
        assert found(EipName="one") == found(**tag) == one


def test_a_policy_can_be_limited_to_an_address(sdk: Sdk) -> None:
    mine, other = (sdk("AllocateEipAddress", product="vpc")["AllocationId"] for _one in range(2))
    resource = f"acs:vpc:cn-hangzhou:{sdk.cloud.account_id}:eip/{mine}"
    statement = {"Effect": "Allow", "Action": "vpc:ReleaseEipAddress", "Resource": resource}
    user = ram_user(sdk, "limited")
    document = json.dumps({"Version": "1", "Statement": [statement]})
    sdk("CreatePolicy", product="ram", PolicyName="one-address", PolicyDocument=document)
    named = {"UserName": "limited", "PolicyName": "one-address", "PolicyType": "Custom"}
    sdk("AttachPolicyToUser", product="ram", **named)
    assert user.refused("ReleaseEipAddress", product="vpc", AllocationId=other) == (403, "Forbidden.RAM")
    user("ReleaseEipAddress", product="vpc", AllocationId=mine)
