# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secondary network interfaces, and the classic network as far as security groups need it."""

from __future__ import annotations

import typing as t

import pytest
from sdk import Sdk


@pytest.fixture
def place(sdk: Sdk) -> dict[str, t.Any]:
    return sdk.place()


def new(sdk: Sdk, place: dict[str, t.Any], **params: t.Any) -> str:
    made = sdk("CreateNetworkInterface", **{name: place[name] for name in ("VSwitchId", "SecurityGroupId")}, **params)
    return t.cast(str, made["NetworkInterfaceId"])


def shown(sdk: Sdk, eni: str) -> dict[str, t.Any]:
    (one,) = sdk("DescribeNetworkInterfaces", NetworkInterfaceId=[eni])["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    return t.cast("dict[str, t.Any]", one)


def other_group(sdk: Sdk, place: dict[str, t.Any], **params: t.Any) -> str:
    (group,) = sdk("DescribeSecurityGroups", SecurityGroupId=place["SecurityGroupId"])["SecurityGroups"][
        "SecurityGroup"
    ]
    return t.cast(str, sdk("CreateSecurityGroup", VpcId=group["VpcId"], **params)["SecurityGroupId"])


def test_an_interface_is_attached_and_detached(sdk: Sdk, place: dict[str, t.Any]) -> None:
    (instance,) = sdk.run(place)
    eni = new(sdk, place, PrimaryIpAddress="10.0.0.77", NetworkInterfaceName="second")
    assert (shown(sdk, eni)["Status"], shown(sdk, eni)["PrivateIpAddress"]) == ("Available", "10.0.0.77")
    both = {"NetworkInterfaceId": eni, "InstanceId": instance}
    sdk("AttachNetworkInterface", **both)
    assert shown(sdk, eni)["Status"] == "Attaching"
    again = sdk.refused("AttachNetworkInterface", **both)
    assert again == (400, "InvalidOperation.InvalidEniState")
    sdk.cloud.clock_advance(1)
    assert (shown(sdk, eni)["Status"], shown(sdk, eni)["InstanceId"]) == ("InUse", instance)
    kinds = [one["Type"] for one in sdk.instance(instance)["NetworkInterfaces"]["NetworkInterface"]]
    assert kinds == ["Primary", "Secondary"]
    assert sdk.refused("DeleteNetworkInterface", NetworkInterfaceId=eni) == (400, "InvalidOperation.InvalidEniState")
    primary = sdk.instance(instance)["NetworkInterfaces"]["NetworkInterface"][0]["NetworkInterfaceId"]
    refused = sdk.refused("DetachNetworkInterface", NetworkInterfaceId=primary, InstanceId=instance)
    assert refused == (400, "InvalidOperation.DetachPrimaryEniNotAllowed")
    sdk("DetachNetworkInterface", **both)
    sdk.cloud.clock_advance(1)
    assert (shown(sdk, eni)["Status"], shown(sdk, eni)["InstanceId"]) == ("Available", "")
    assert len(sdk.instance(instance)["NetworkInterfaces"]["NetworkInterface"]) == 1
    sdk("DeleteNetworkInterface", NetworkInterfaceId=eni)
    assert sdk.refused("DeleteNetworkInterface", NetworkInterfaceId=eni) == (404, "InvalidEniId.NotFound")


def test_secondary_addresses_are_taken_with_the_interface(sdk: Sdk, place: dict[str, t.Any]) -> None:
    eni = new(sdk, place, PrimaryIpAddress="10.0.0.77", PrivateIpAddress=["10.0.0.78", "10.0.0.79"])
    addresses = shown(sdk, eni)["PrivateIpSets"]["PrivateIpSet"]
    assert [(one["PrivateIpAddress"], one["Primary"]) for one in addresses] == [
        ("10.0.0.77", True),
        ("10.0.0.78", False),
        ("10.0.0.79", False),
    ]
    wanted = {name: place[name] for name in ("VSwitchId", "SecurityGroupId")}
    taken = sdk.refused("CreateNetworkInterface", **wanted, PrivateIpAddress=["10.0.0.78"])
    assert taken == (400, "InvalidIPAddress.AlreadyUsed")
    both = sdk.refused(
        "CreateNetworkInterface", **wanted, PrivateIpAddress=["10.0.0.90"], SecondaryPrivateIpAddressCount=1
    )
    assert both[0] == 400
    some = shown(sdk, new(sdk, place, SecondaryPrivateIpAddressCount=3))["PrivateIpSets"]["PrivateIpSet"]
    assert len({one["PrivateIpAddress"] for one in some}) == 4


def test_a_description_may_be_longer_when_an_interface_is_made(sdk: Sdk, place: dict[str, t.Any]) -> None:
    """Documented: 256 characters for CreateNetworkInterface, 255 for ModifyNetworkInterfaceAttribute."""
    eni = new(sdk, place, Description="x" * 256)
    refused = sdk.refused("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=eni, Description="y" * 256)
    assert refused == (400, "InvalidDescription.Malformed")
    sdk("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=eni, Description="y" * 255)


def test_an_instance_s_type_limits_its_interfaces(sdk: Sdk, place: dict[str, t.Any]) -> None:
    (instance,) = sdk.run(place)
    for _index in range(2):
        sdk("AttachNetworkInterface", NetworkInterfaceId=new(sdk, place), InstanceId=instance)
    sdk.cloud.clock_advance(1)
    refused = sdk.refused("AttachNetworkInterface", NetworkInterfaceId=new(sdk, place), InstanceId=instance)
    assert refused == (403, "EniPerInstanceLimitExceeded")


def test_an_interface_is_attached_in_its_own_vpc_only(sdk: Sdk, place: dict[str, t.Any]) -> None:
    (instance,) = sdk.run(place)
    stranger = new(sdk, sdk.place())
    refused = sdk.refused("AttachNetworkInterface", NetworkInterfaceId=stranger, InstanceId=instance)
    assert refused == (403, "InvalidOperation.VpcMismatch")


def test_an_interface_goes_with_its_instance_unless_it_is_to_stay(sdk: Sdk, place: dict[str, t.Any]) -> None:
    (instance,) = sdk.run(place)
    goes, stays = new(sdk, place), new(sdk, place, DeleteOnRelease=False)
    for eni in (goes, stays):
        sdk("AttachNetworkInterface", NetworkInterfaceId=eni, InstanceId=instance)
    sdk.cloud.clock_advance(1)
    sdk("DeleteInstance", InstanceId=instance, Force=True)
    sdk.cloud.clock_advance(5)
    (left,) = sdk("DescribeNetworkInterfaces")["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    assert (left["NetworkInterfaceId"], left["Status"], left["InstanceId"]) == (stays, "Available", "")
    blocked = sdk.refused("DeleteSecurityGroup", SecurityGroupId=place["SecurityGroupId"])
    assert blocked == (403, "DependencyViolation")


def test_the_groups_of_an_interface(sdk: Sdk, place: dict[str, t.Any]) -> None:
    """The codes for an interface differ from those for an instance."""
    first, second = place["SecurityGroupId"], other_group(sdk, place)
    eni = new(sdk, place)
    both = {"SecurityGroupId": second, "NetworkInterfaceId": eni}
    assert sdk.refused("LeaveSecurityGroup", **both) == (400, "InvalidSecurityGroupAssociation.NotFound")
    sdk("JoinSecurityGroup", **both)
    assert shown(sdk, eni)["SecurityGroupIds"] == {"SecurityGroupId": [first, second]}
    sdk("LeaveSecurityGroup", **{**both, "SecurityGroupId": first})
    assert sdk.refused("LeaveSecurityGroup", **both) == (403, "InvalidOperation.AtLeastInOneGroup")
    conflict = sdk.refused("JoinSecurityGroup", **both, InstanceId="i-1")
    assert conflict == (403, "InvalidParam.EniIdAndInstanceId.Conflict")
    found = sdk("DescribeNetworkInterfaces", SecurityGroupId=second)["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    assert [one["NetworkInterfaceId"] for one in found] == [eni]


def test_an_interface_moves_between_types_of_groups_in_one_step(sdk: Sdk, place: dict[str, t.Any]) -> None:
    advanced = other_group(sdk, place, SecurityGroupType="enterprise")
    eni = new(sdk, place)
    mixed = sdk.refused("JoinSecurityGroup", SecurityGroupId=advanced, NetworkInterfaceId=eni)
    assert mixed == (400, "InvalidOperation.MultiGroupType")
    sdk("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=eni, SecurityGroupId=[advanced])
    assert shown(sdk, eni)["SecurityGroupIds"] == {"SecurityGroupId": [advanced]}
    elsewhere = sdk("CreateSecurityGroup", VpcId=sdk.network()[0])["SecurityGroupId"]
    refused = sdk.refused("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=eni, SecurityGroupId=[elsewhere])
    assert refused == (403, "InvalidOperation.VpcMismatch")


def test_the_classic_network_exists_for_those_who_have_it(sdk: Sdk, place: dict[str, t.Any]) -> None:
    assert sdk.refused("CreateSecurityGroup", SecurityGroupName="old") == (403, "InvalidVpcId.NotFound")
    sdk.cloud.set("ecs.classic_network", True)
    assert sdk.refused("CreateSecurityGroup", SecurityGroupType="enterprise") == (403, "InvalidVpcId.NotFound")
    classic = sdk("CreateSecurityGroup", SecurityGroupName="old")["SecurityGroupId"]
    (listed,) = sdk("DescribeSecurityGroups", NetworkType="classic")["SecurityGroups"]["SecurityGroup"]
    assert (listed["SecurityGroupId"], listed["VpcId"]) == (classic, "")
    (instance,) = sdk.run(place)
    refused = sdk.refused("JoinSecurityGroup", SecurityGroupId=classic, InstanceId=instance)
    assert refused == (400, "InvalidInstanceId.Mismatch")
    wanted = {"VSwitchId": place["VSwitchId"], "SecurityGroupId": classic}
    assert sdk.refused("CreateNetworkInterface", **wanted) == (403, "InvalidSecurityGroupId.NotVpc")
