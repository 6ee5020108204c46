# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances: creation, states in time, power, deletion, attributes."""

from __future__ import annotations

import base64
import datetime as dt
import json
import typing as t

import pytest
from sdk import PLAIN_IMAGE, REGION, Sdk


@pytest.fixture
def place(sdk: Sdk) -> dict[str, t.Any]:
    return sdk.place()


def test_an_instance_goes_through_its_states_to_running(sdk: Sdk, place: dict[str, t.Any]) -> None:
    instance_id = sdk("RunInstances", **place)["InstanceIdSets"]["InstanceIdSet"][0]
    seen = [sdk.status(instance_id)]
    for _index in range(20):
        sdk.cloud.clock_advance(0.1)
        if sdk.status(instance_id) != seen[-1]:
            seen.append(sdk.status(instance_id))
    assert seen == ["Pending", "Stopped", "Starting", "Running"]


def test_an_instance_of_create_instance_ends_stopped_and_has_to_be_started(sdk: Sdk, place: dict[str, t.Any]) -> None:
    instance_id = sdk("CreateInstance", **place)["InstanceId"]
    assert sdk.refused("StartInstance", InstanceId=instance_id) == (403, "IncorrectInstanceStatus")
    sdk.cloud.clock_advance(5)
    assert sdk.status(instance_id) == "Stopped"
    sdk("StartInstance", InstanceId=instance_id)
    assert sdk.status(instance_id) == "Starting"
    sdk.cloud.clock_advance(5)
    assert sdk.status(instance_id) == "Running"
    assert sdk.instance(instance_id)["PublicIpAddress"] == {"IpAddress": []}
    address = sdk("AllocatePublicIpAddress", InstanceId=instance_id)["IpAddress"]
    assert sdk.instance(instance_id)["PublicIpAddress"] == {"IpAddress": [address]}


def test_power_operations_need_the_right_state_and_are_not_idempotent(sdk: Sdk, place: dict[str, t.Any]) -> None:
    (instance_id,) = sdk.run(place)
    assert sdk.refused("StartInstance", InstanceId=instance_id) == (403, "IncorrectInstanceStatus")
    sdk("RebootInstance", InstanceId=instance_id)
    assert sdk.status(instance_id) == "Starting"
    assert sdk.refused("StopInstance", InstanceId=instance_id) == (403, "IncorrectInstanceStatus")
    sdk.cloud.clock_advance(5)
    sdk("StopInstance", InstanceId=instance_id, StoppedMode="StopCharging")
    assert sdk.status(instance_id) == "Stopping"
    sdk.cloud.clock_advance(5)
    assert sdk.status(instance_id) == "Stopped"
    assert sdk.instance(instance_id)["StoppedMode"] == "StopCharging"
    assert sdk.refused("StopInstance", InstanceId=instance_id) == (403, "IncorrectInstanceStatus")
    assert sdk.refused("RebootInstance", InstanceId=instance_id) == (403, "IncorrectInstanceStatus")
    assert sdk.refused("StartInstance", InstanceId="i-none") == (404, "InvalidInstanceId.NotFound")
    sdk.cloud.set("ecs.sold_out", "ecs.g7.large@*")
    assert sdk.refused("StartInstance", InstanceId=instance_id) == (403, "OperationDenied.NoStock")


def test_a_batch_is_all_or_nothing_unless_asked_otherwise(sdk: Sdk, place: dict[str, t.Any]) -> None:
    first, second = sdk.run(place, Amount=2)
    sdk("StopInstance", InstanceId=first)
    sdk.cloud.clock_advance(5)
    assert sdk.refused("StopInstances", InstanceId=[first, second]) == (403, "IncorrectInstanceStatus")
    assert sdk.status(second) == "Running"
    assert sdk.refused("StopInstances", InstanceId=[second, "i-none"]) == (404, "InvalidInstanceId.NotFound")
    body = sdk("StopInstances", InstanceId=[first, second], BatchOptimization="SuccessFirst")
    assert body["InstanceResponses"]["InstanceResponse"] == [
        {
            "InstanceId": first,
            "Code": "IncorrectInstanceStatus",
            "Message": "The current status of the resource does not support this operation.",
            "PreviousStatus": "Stopped",
            "CurrentStatus": "Stopped",
        },
        {
            "InstanceId": second,
            "Code": "200",
            "Message": "success",
            "PreviousStatus": "Running",
            "CurrentStatus": "Stopping",
        },
    ]
    sdk.cloud.clock_advance(5)
    sdk("StartInstances", InstanceId=[first, second])
    sdk.cloud.clock_advance(5)
    sdk("RebootInstances", InstanceId=[first, second])
    assert {sdk.status(first), sdk.status(second)} == {"Starting"}


def test_deleting_needs_time_force_or_a_stop_and_no_protection(sdk: Sdk, place: dict[str, t.Any]) -> None:
    instance_id = sdk("RunInstances", **place, DeletionProtection=True)["InstanceIdSets"]["InstanceIdSet"][0]
    early = (403, "IncorrectInstanceStatus.Initializing")
    assert sdk.refused("DeleteInstance", InstanceId=instance_id, Force=True) == early
    sdk.cloud.clock_advance(5)
    protected = (403, "InvalidOperation.DeletionProtection")
    assert sdk.refused("DeleteInstance", InstanceId=instance_id, Force=True) == protected
    sdk("ModifyInstanceAttribute", InstanceId=instance_id, DeletionProtection=False)
    assert sdk.refused("DeleteInstance", InstanceId=instance_id) == (403, "IncorrectInstanceStatus")
    sdk("DeleteInstance", InstanceId=instance_id, Force=True)
    assert sdk.status(instance_id) == "Stopping"
    sdk.cloud.clock_advance(5)
    assert sdk.status(instance_id) == "gone"
    assert sdk.refused("DeleteInstance", InstanceId=instance_id) == (404, "InvalidInstanceId.NotFound")


def test_several_are_deleted_together_or_not_at_all(sdk: Sdk, place: dict[str, t.Any]) -> None:
    ids = sdk.run(place, Amount=3)
    assert sdk.refused("DeleteInstances", InstanceId=[*ids, "i-none"], Force=True)[0] == 404
    assert sdk.refused("DeleteInstances", InstanceId=ids) == (403, "IncorrectInstanceStatus")
    assert sdk.refused("DeleteInstances", InstanceId=ids, Force=True, DryRun=True) == (400, "DRYRUN.SUCCESS")
    sdk("DeleteInstances", InstanceId=ids, Force=True)
    sdk.cloud.clock_advance(5)
    assert sdk("DescribeInstances")["Instances"]["Instance"] == []
    assert sdk("DescribeDisks")["Disks"]["Disk"] == []
    assert sdk("DescribeNetworkInterfaces")["NetworkInterfaceSets"]["NetworkInterfaceSet"] == []


def test_a_disk_that_is_not_deleted_with_its_instance_is_kept(sdk: Sdk, place: dict[str, t.Any]) -> None:
    disks = [
        {"Size": 20, "Category": "cloud_essd", "DeleteWithInstance": False},
        {"Size": 30, "Category": "cloud_essd"},
    ]
    (instance_id,) = sdk.run(place, DataDisk=disks)
    assert [disk["Size"] for disk in sdk("DescribeDisks", InstanceId=instance_id)["Disks"]["Disk"]] == [40, 20, 30]
    sdk("DeleteInstance", InstanceId=instance_id, Force=True)
    sdk.cloud.clock_advance(5)
    (kept,) = sdk("DescribeDisks")["Disks"]["Disk"]
    assert (kept["Size"], kept["Status"], kept["InstanceId"]) == (20, "Available", "")


@pytest.mark.parametrize(
    ("pattern", "unique", "names"),
    [
        ("web-[1,3]", False, ["web-001", "web-002", "web-003"]),
        ("web-[8,2]-x", False, ["web-08-x", "web-09-x", "web-10-x"]),
        ("web-[,]", False, ["web-000000", "web-000001", "web-000002"]),
        ("web", True, ["web001", "web002", "web003"]),
        ("web", False, ["web", "web", "web"]),
    ],
)
def test_names_are_counted_up(sdk: Sdk, place: dict[str, t.Any], pattern: str, unique: bool, names: list[str]) -> None:
    sdk.run(place, Amount=3, InstanceName=pattern, UniqueSuffix=unique)
    assert [i["InstanceName"] for i in sdk("DescribeInstances")["Instances"]["Instance"]] == names


def test_a_name_is_the_id_unless_given(sdk: Sdk, place: dict[str, t.Any]) -> None:
    (instance_id,) = sdk.run(place)
    shown = sdk.instance(instance_id)
    assert (shown["InstanceName"], shown["HostName"]) == (instance_id, f"iZ{instance_id.removeprefix('i-')}Z")


def test_private_addresses_come_from_the_vswitch_and_are_not_used_twice(sdk: Sdk, place: dict[str, t.Any]) -> None:
    first, second = sdk.run(place, Amount=2)
    addresses = [sdk.instance(i)["VpcAttributes"]["PrivateIpAddress"]["IpAddress"][0] for i in (first, second)]
    assert addresses == ["10.0.0.1", "10.0.0.2"]
    assert sdk.refused("RunInstances", **place, PrivateIpAddress="10.0.0.2") == (400, "InvalidIPAddress.AlreadyUsed")
    assert sdk.refused("RunInstances", **place, PrivateIpAddress="10.0.1.2") == (400, "InvalidPrivateIpAddress")
    (third,) = sdk.run(place, PrivateIpAddress="10.0.0.77")
    assert sdk.instance(third)["NetworkInterfaces"]["NetworkInterface"][0]["PrimaryIpAddress"] == "10.0.0.77"


def test_a_full_vswitch_takes_some_when_some_are_enough(sdk: Sdk) -> None:
    vpc_id, vswitch_id = sdk.network("10.0.0.0/28")
    group = sdk("CreateSecurityGroup", VpcId=vpc_id)["SecurityGroupId"]
    place = {
        "ImageId": PLAIN_IMAGE,
        "InstanceType": "ecs.g7.large",
        "VSwitchId": vswitch_id,
        "SecurityGroupId": group,
    }
    assert sdk.refused("RunInstances", **place, Amount=13)[0] == 403
    assert sdk("DescribeInstances")["TotalCount"] == 0
    ids = sdk("RunInstances", **place, Amount=13, MinAmount=2)["InstanceIdSets"]["InstanceIdSet"]
    assert len(ids) == 12


_BAD = [
    ({"ImageId": "m-none"}, (404, "InvalidImageId.NotFound")),
    ({"ImageId": None}, (400, "MissingParameter")),
    ({"InstanceType": "ecs.zz.large"}, (400, "InvalidInstanceType.ValueNotSupported")),
    ({"VSwitchId": None}, (400, "MissingParameter")),
    ({"VSwitchId": "vsw-none"}, (404, "InvalidVSwitchId.NotFound")),
    ({"ZoneId": "cn-hangzhou-g"}, (400, "InvalidParameter.Mismatch")),
    ({"ZoneId": "cn-beijing-c"}, (404, "InvalidZoneId.NotFound")),
    ({"SecurityGroupId": None}, (400, "MissingParameter")),
    ({"SecurityGroupId": "sg-none"}, (404, "InvalidSecurityGroupId.NotFound")),
    ({"SecurityGroupIds": ["sg-none"]}, (400, "InvalidParameter")),
    ({"KeyPairName": "none"}, (404, "InvalidKeyPairName.NotFound")),
    ({"RamRoleName": "none"}, (404, "InvalidRamRole.NotFound")),
    ({"Password": "lowercase-only"}, (400, "InvalidPassword.Malformed")),
    ({"HostName": "-x"}, (400, "InvalidHostName.Malformed")),
    ({"InstanceName": "1x"}, (400, "InvalidInstanceName.Malformed")),
    ({"Description": "http://x"}, (400, "InvalidDescription.Malformed")),
    ({"UserData": "not base64!"}, (403, "InvalidUserData.Base64FormatInvalid")),
    ({"UserData": base64.b64encode(b"x" * 32769).decode()}, (400, "InvalidUserData.SizeExceeded")),
    ({"HttpTokens": "maybe"}, (400, "InvalidHttpTokens.NotSupported")),
    ({"HttpEndpoint": "maybe"}, (400, "InvalidHttpEndpoint.NotSupported")),
    ({"SystemDisk": {"Category": "cloud_magic"}}, (400, "InvalidSystemDiskCategory.ValueNotSupported")),
    ({"SystemDisk": {"Category": "cloud_efficiency"}}, (403, "InvalidInstanceType.NotSupportDiskCategory")),
    ({"SystemDisk": {"Size": "19"}}, (404, "InvalidSystemDiskSize.LessThanImageSize")),
    ({"SystemDisk": {"Size": "2049"}}, (404, "InvalidSystemDiskSize.MoreThanMaxSize")),
    ({"SystemDisk": {"Size": "40", "PerformanceLevel": "PL2"}}, (404, "InvalidSystemDiskSize.LessThanMinSize")),
    ({"DataDisk": [{"Size": 1, "Category": "cloud_essd"}]}, (400, "InvalidDataDiskSize.ValueNotSupported")),
    ({"Tag": [{"Key": "acs:x", "Value": "y"}]}, (403, "NoPermission.Tag")),
    ({"Tag": [{"Key": "a"}, {"Key": "a"}]}, (400, "Duplicate.TagKey")),
    ({"AutoReleaseTime": "2020-01-01T00:00:00Z"}, (400, "InvalidAutoReleaseTime.Malformed")),
    ({"MinAmount": 3, "Amount": 2}, (400, "InvalidParameter")),
    ({"InstanceChargeType": "PrePaid"}, (400, "MissingParameter")),
]


@pytest.mark.parametrize(("change", "error"), _BAD)
def test_run_instances_refuses_what_cannot_be(
    sdk: Sdk, place: dict[str, t.Any], change: dict[str, t.Any], error: tuple[int, str]
) -> None:
    params = {name: value for name, value in {**place, **change}.items() if value is not None}
    assert sdk.refused("RunInstances", **params) == error
    assert sdk("DescribeInstances")["TotalCount"] == 0


def test_a_dry_run_checks_everything_and_creates_nothing(sdk: Sdk, place: dict[str, t.Any]) -> None:
    assert sdk.refused("RunInstances", **place, DryRun=True) == (400, "DryRunOperation")
    bad = {**place, "ImageId": "m-none"}
    assert sdk.refused("RunInstances", **bad, DryRun=True) == (404, "InvalidImageId.NotFound")
    assert sdk("DescribeInstances")["TotalCount"] == 0


def test_what_is_sold_out_is_refused(sdk: Sdk, place: dict[str, t.Any]) -> None:
    sdk.cloud.set("ecs.sold_out", "ecs.g7.large@cn-hangzhou-h, *@cn-hangzhou-k")
    assert sdk.refused("RunInstances", **place) == (403, "OperationDenied.NoStock")
    assert sdk.run({**place, "InstanceType": "ecs.g7.xlarge"})


def test_the_same_token_never_creates_twice(sdk: Sdk, place: dict[str, t.Any]) -> None:
    assert sdk.run(place, ClientToken="token-1") == sdk.run(place, ClientToken="token-1")
    mismatch = (400, "IdempotentParameterMismatch")
    assert sdk.refused("RunInstances", **place, ClientToken="token-1", Amount=2) == mismatch
    assert sdk("DescribeInstances")["TotalCount"] == 1


def test_describe_instances_filters(sdk: Sdk, place: dict[str, t.Any]) -> None:
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    (first,) = sdk.run(place, InstanceName="web-one", Tag=tags)
    (second,) = sdk.run(place, InstanceName="db-one", Tag=tags[:1], HttpTokens="required")

    def found(**params: t.Any) -> list[str]:
        return [i["InstanceId"] for i in sdk("DescribeInstances", **params)["Instances"]["Instance"]]

    assert found() == [first, second]
    assert found(InstanceIds=json.dumps([second, "i-none"])) == [second]
    assert found(InstanceIds='["i-none"]') == []
    assert found(InstanceName="web-*") == [first]
    assert found(InstanceName="one") == []
    assert found(Tag=tags) == [first]
    assert found(Tag=[{"Key": "a"}]) == [first, second]
    assert found(Tag=[{"Key": "a", "Value": "2"}]) == []
    assert found(HttpTokens="required") == [second]
    assert found(PrivateIpAddresses='["10.0.0.2"]') == [second]
    assert found(SecurityGroupId=place["SecurityGroupId"], VSwitchId=place["VSwitchId"]) == [first, second]
    assert found(Status="Stopped") == []
    assert found(InstanceNetworkType="classic") == []
    assert sdk.refused("DescribeInstances", InstanceIds="i-1") == (400, "InvalidInstanceIds.Malformed")
    assert sdk.refused("DescribeInstances", DryRun=True) == (400, "DryRunOperation")


def test_describe_instances_pages_by_number_and_by_token(sdk: Sdk, place: dict[str, t.Any]) -> None:
    ids = sdk.run(place, Amount=25)
    assert len(sdk("DescribeInstances")["Instances"]["Instance"]) == 10
    body = sdk("DescribeInstances", PageNumber=3, PageSize=10)
    assert [i["InstanceId"] for i in body["Instances"]["Instance"]] == ids[20:]
    assert (body["TotalCount"], body["PageNumber"], body["PageSize"]) == (25, 3, 10)
    seen: list[str] = []
    token = ""
    while True:
        body = sdk("DescribeInstances", MaxResults=3, **({"NextToken": token} if token else {}))
        assert len(body["Instances"]["Instance"]) <= 10
        seen += [i["InstanceId"] for i in body["Instances"]["Instance"]]
        token = body["NextToken"]
        if not token:
            break
    assert seen == ids
    assert len(sdk("DescribeInstances", MaxResults=1000)["Instances"]["Instance"]) == 25
    assert sdk.refused("DescribeInstances", NextToken="rubbish") == (400, "InvalidParameter")


def test_metadata_options_are_shown_when_asked_for_and_can_be_changed(sdk: Sdk, place: dict[str, t.Any]) -> None:
    (instance_id,) = sdk.run(place)
    assert "MetadataOptions" not in sdk.instance(instance_id)
    sdk("ModifyInstanceMetadataOptions", InstanceId=instance_id, HttpEndpoint="enabled", HttpTokens="required")
    shown = sdk.instance(instance_id, AdditionalAttributes=["META_OPTIONS"])["MetadataOptions"]
    assert shown == {
        "HttpEndpoint": "enabled",
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
        "InstanceMetadataTags": "disabled",
    }


def test_attributes_are_modified(sdk: Sdk, place: dict[str, t.Any]) -> None:
    (instance_id,) = sdk.run(place)
    data = base64.b64encode(b"#!/bin/sh\n").decode()
    changes = {"InstanceName": "new-name", "Description": "something", "HostName": "new-host", "UserData": data}
    sdk("ModifyInstanceAttribute", InstanceId=instance_id, **changes)
    sdk("ModifyInstanceAttribute", InstanceId=instance_id, **changes)  # an equal value succeeds
    shown = sdk.instance(instance_id)
    assert {name: shown[name] for name in changes if name != "UserData"} == {
        name: value for name, value in changes.items() if name != "UserData"
    }
    assert sdk("DescribeUserData", InstanceId=instance_id)["UserData"] == data
    assert sdk("DescribeInstanceAttribute", InstanceId=instance_id)["IoOptimized"] == "optimized"
    assert sdk.refused("DescribeInstanceAttribute", InstanceId="i-none") == (404, "InvalidInstanceId.NotFound")
    wrong = sdk.refused("ModifyInstanceAttribute", InstanceId=instance_id, InstanceName="1")
    assert wrong == (400, "InvalidInstanceName.Malformed")


def test_security_groups_are_replaced_as_a_set(sdk: Sdk, place: dict[str, t.Any]) -> None:
    (instance_id,) = sdk.run(place)
    vpc_id = sdk.instance(instance_id)["VpcAttributes"]["VpcId"]
    groups = [sdk("CreateSecurityGroup", VpcId=vpc_id)["SecurityGroupId"] for _index in range(6)]
    sdk("ModifyInstanceAttribute", InstanceId=instance_id, SecurityGroupIds=groups[:2])
    assert sdk.instance(instance_id)["SecurityGroupIds"] == {"SecurityGroupId": groups[:2]}
    too_many = sdk.refused("ModifyInstanceAttribute", InstanceId=instance_id, SecurityGroupIds=groups)
    assert too_many == (403, "InstanceSecurityGroupLimitExceeded")
    advanced = sdk("CreateSecurityGroup", VpcId=vpc_id, SecurityGroupType="enterprise")["SecurityGroupId"]
    mixed = sdk.refused("ModifyInstanceAttribute", InstanceId=instance_id, SecurityGroupIds=[groups[0], advanced])
    assert mixed == (403, "EnterpriseGroupLimited.MutliGroupType")


def test_another_account_sees_nothing(sdk: Sdk, place: dict[str, t.Any]) -> None:
    (instance_id,) = sdk.run(place)
    other = next(a for a in sdk.cloud.accounts if a["access_key_id"] != sdk.cloud.access_key_id)
    stranger = Sdk(sdk.cloud, other["access_key_id"], other["access_key_secret"])
    assert stranger("DescribeInstances")["TotalCount"] == 0
    assert stranger.refused("StopInstance", InstanceId=instance_id) == (404, "InvalidInstanceId.NotFound")
    assert sdk.refused("DescribeInstances", RegionId="mars-1") == (404, "InvalidRegionId.NotFound")
    assert sdk("DescribeInstances", RegionId="cn-beijing")["TotalCount"] == 0
    assert sdk("DescribeInstances", RegionId=REGION)["TotalCount"] == 1


def test_an_instance_is_released_by_itself_when_asked_to(sdk: Sdk, place: dict[str, t.Any]) -> None:
    now = dt.datetime.strptime(sdk.cloud.status()["now"], "%Y-%m-%dT%H:%M:%SZ")
    (instance_id,) = sdk.run(place, AutoReleaseTime=(now + dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    sdk.cloud.clock_advance(3000)
    assert sdk.status(instance_id) == "Running"
    sdk.cloud.clock_advance(600)
    assert sdk.status(instance_id) == "gone"
    sdk("DeleteSecurityGroup", SecurityGroupId=place["SecurityGroupId"])
