# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every ECS operation that is served answers as the SDK's response model has it (the client of ``sdk`` checks that)."""

from __future__ import annotations

import json
import typing as t

from alibabacloud_ecs20140526 import models
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from sdk import PLAIN_IMAGE, ZONE, Sdk
from shapes import problems

from local_cloud.framework import OPERATIONS
from local_cloud.server import load_services

TRUST = json.dumps(
    {
        "Version": "1",
        "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["ecs.aliyuncs.com"]}}],
    }
)


def test_every_operation_answers_in_the_sdk_s_shape(sdk: Sdk) -> None:
    sdk.cloud.set("ecs.run_command_on_stopped", "abort")
    networks(sdk)
    place = sdk.place()
    (instance_id,) = sdk.run(place, Tag=[{"Key": "a", "Value": "b"}], InternetMaxBandwidthOut=5)
    ids = json.dumps([instance_id])
    catalogue(sdk)
    reads(sdk, instance_id)
    keys_and_roles(sdk, ids)
    groups(sdk, instance_id, place["SecurityGroupId"])
    interfaces(sdk, instance_id, place)
    changes(sdk, instance_id, place["VSwitchId"])
    disks_and_images(sdk, instance_id)
    prefix_lists(sdk)
    commands(sdk, instance_id)
    sessions(sdk, instance_id)
    power(sdk, instance_id)
    second = sdk("CreateInstance", **place)["InstanceId"]
    sdk.cloud.clock_advance(5)
    sdk("DeleteInstance", InstanceId=second)
    sdk("DeleteInstances", InstanceId=[instance_id], Force=True)
    load_services()
    served = {action for product, action in OPERATIONS if product == "ecs"}
    assert served == {action for product, action in sdk.called if product == "ecs"}


def networks(sdk: Sdk) -> None:
    vpc_id = sdk("CreateVpc", CidrBlock="192.168.0.0/16")["VpcId"]
    sdk.cloud.clock_advance(2)
    vswitch_id = sdk("CreateVSwitch", VpcId=vpc_id, ZoneId=ZONE, CidrBlock="192.168.0.0/24")["VSwitchId"]
    sdk.cloud.clock_advance(2)
    assert sdk("DescribeVpcs", VpcId=vpc_id)["TotalCount"] == 1
    assert sdk("DescribeVSwitches", VpcId=vpc_id)["TotalCount"] == 1
    sdk("ModifyVpcAttribute", VpcId=vpc_id, VpcName="new")
    sdk("ModifyVSwitchAttribute", VSwitchId=vswitch_id, VSwitchName="new")
    assert sdk("DescribeRouteTables")["TotalCount"] == sdk("DescribeVRouters")["TotalCount"] == 1
    sdk("DeleteVSwitch", VSwitchId=vswitch_id)
    sdk("DeleteVpc", VpcId=vpc_id)


def catalogue(sdk: Sdk) -> None:
    for action in ("DescribeRegions", "DescribeZones", "DescribeInstanceTypeFamilies", "DescribeInstanceTypes"):
        sdk(action)
    for destination in ("Zone", "InstanceType", "DataDisk", "Network", "IoOptimized"):
        sdk("DescribeAvailableResource", DestinationResource=destination)
    sdk("DescribeAccountAttributes")
    sdk("DescribeImages", PageSize=100)


def reads(sdk: Sdk, instance_id: str) -> None:
    sdk("DescribeInstances", AdditionalAttributes=["META_OPTIONS"])
    for action in ("DescribeInstanceAttribute", "DescribeUserData", "GetInstanceConsoleOutput"):
        sdk(action, InstanceId=instance_id)
    sdk("DescribeInstanceStatus")
    sdk("DescribeInstancesFullStatus")
    sdk("DescribeInstanceHistoryEvents")
    sdk("DescribeNetworkInterfaces")
    sdk("DescribeSecurityGroups", MaxResults=10)


def keys_and_roles(sdk: Sdk, ids: str) -> None:
    sdk("CreateKeyPair", KeyPairName="made")
    private = ed25519.Ed25519PrivateKey.generate()
    line = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    sdk("ImportKeyPair", KeyPairName="imported", PublicKeyBody=line.decode())
    sdk("AttachKeyPair", InstanceIds=ids, KeyPairName="made")
    sdk("DetachKeyPair", InstanceIds=ids, KeyPairName="made")
    sdk("DescribeKeyPairs", IncludePublicKey=True)
    sdk("DeleteKeyPairs", KeyPairNames='["made"]')
    sdk("CreateRole", product="ram", RoleName="R", AssumeRolePolicyDocument=TRUST)
    sdk("AttachInstanceRamRole", InstanceIds=ids, RamRoleName="R")
    sdk("DescribeInstanceRamRole", InstanceIds=ids)
    sdk("DetachInstanceRamRole", InstanceIds=ids, RamRoleName="R")


def groups(sdk: Sdk, instance_id: str, first: str) -> None:
    vpc_id = sdk.instance(instance_id)["VpcAttributes"]["VpcId"]
    group: dict[str, t.Any] = {"SecurityGroupId": sdk("CreateSecurityGroup", VpcId=vpc_id)["SecurityGroupId"]}
    rule = {"IpProtocol": "TCP", "PortRange": "1/2"}
    list_id = sdk("CreatePrefixList", PrefixListName="net", AddressFamily="IPv4", MaxEntries=1)["PrefixListId"]
    sdk("DescribePrefixLists")
    sdk("DescribePrefixListAttributes", PrefixListId=list_id)
    inbound = [{**rule, "SourceGroupId": first}, {**rule, "SourcePrefixListId": list_id}]
    sdk("AuthorizeSecurityGroup", **group, Permissions=inbound)
    sdk("AuthorizeSecurityGroupEgress", **group, Permissions=[{**rule, "DestCidrIp": "0.0.0.0/0"}])
    one, _two, out = sdk("DescribeSecurityGroupAttribute", **group)["Permissions"]["Permission"]
    sdk("DescribeSecurityGroupReferences", SecurityGroupId=[first])
    sdk("ModifySecurityGroupRule", **group, SecurityGroupRuleId=one["SecurityGroupRuleId"], Priority="2")
    sdk("ModifySecurityGroupEgressRule", **group, SecurityGroupRuleId=out["SecurityGroupRuleId"], Priority="2")
    sdk("RevokeSecurityGroup", **group, SecurityGroupRuleId=[one["SecurityGroupRuleId"]])
    sdk("RevokeSecurityGroupEgress", **group, SecurityGroupRuleId=[out["SecurityGroupRuleId"]])
    sdk("ModifySecurityGroupAttribute", **group, SecurityGroupName="new")
    sdk("ModifySecurityGroupPolicy", **group, InnerAccessPolicy="Drop")
    sdk("JoinSecurityGroup", **group, InstanceId=instance_id)
    sdk("LeaveSecurityGroup", **group, InstanceId=instance_id)
    sdk("DeleteSecurityGroup", **group)


def interfaces(sdk: Sdk, instance_id: str, place: dict[str, t.Any]) -> None:
    wanted = {"VSwitchId": place["VSwitchId"], "SecurityGroupId": place["SecurityGroupId"]}
    eni = sdk("CreateNetworkInterface", **wanted)["NetworkInterfaceId"]
    for action in ("AttachNetworkInterface", "DetachNetworkInterface"):
        sdk(action, NetworkInterfaceId=eni, InstanceId=instance_id)
        sdk.cloud.clock_advance(5)
    sdk("DeleteNetworkInterface", NetworkInterfaceId=eni)


def changes(sdk: Sdk, instance_id: str, vswitch_id: str) -> None:
    sdk("ModifyInstanceAttribute", InstanceId=instance_id, InstanceName="new")
    sdk("ModifyInstanceMetadataOptions", InstanceId=instance_id, HttpEndpoint="enabled")
    eni_id = sdk.instance(instance_id)["NetworkInterfaces"]["NetworkInterface"][0]["NetworkInterfaceId"]
    sdk("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=eni_id, Description="first")
    sdk("StopInstance", InstanceId=instance_id)
    sdk.cloud.clock_advance(5)
    sdk("ModifyInstanceVpcAttribute", InstanceId=instance_id, VSwitchId=vswitch_id, PrivateIpAddress="10.0.0.99")
    sdk("ReplaceSystemDisk", InstanceId=instance_id, ImageId=PLAIN_IMAGE)
    sdk("StartInstance", InstanceId=instance_id)
    sdk.cloud.clock_advance(5)
    tag: dict[str, t.Any] = {"ResourceType": "instance", "ResourceId": [instance_id]}
    sdk("TagResources", **tag, Tag=[{"Key": "x", "Value": "y"}])
    sdk("ListTagResources", **tag)
    sdk("UntagResources", **tag, TagKey=["x"])
    older: dict[str, t.Any] = {"ResourceType": "instance", "ResourceId": instance_id}
    sdk("AddTags", **older, Tag=[{"Key": "x", "Value": "y"}])
    sdk("DescribeTags", **older)
    sdk("RemoveTags", **older, Tag=[{"Key": "x"}])
    sdk("ModifyInstanceNetworkSpec", InstanceId=instance_id, InternetMaxBandwidthOut=9)


def prefix_lists(sdk: Sdk) -> None:
    named: dict[str, t.Any] = {"PrefixListName": "changing", "AddressFamily": "IPv4", "MaxEntries": 5}
    list_id = sdk("CreatePrefixList", **named, Entry=[{"Cidr": "192.0.2.0/24"}])["PrefixListId"]
    changes: dict[str, t.Any] = {"AddEntry": [{"Cidr": "198.51.100.0/24"}], "RemoveEntry": [{"Cidr": "192.0.2.0/24"}]}
    sdk("ModifyPrefixList", PrefixListId=list_id, Description="better", **changes)
    sdk("DeletePrefixList", PrefixListId=list_id)


def disks_and_images(sdk: Sdk, instance_id: str) -> None:
    data_disk(sdk, instance_id)
    disk_id = sdk("DescribeDisks", MaxResults=10)["Disks"]["Disk"][0]["DiskId"]
    snapshot_id = sdk("CreateSnapshot", DiskId=disk_id)["SnapshotId"]
    sdk("DescribeSnapshots")
    sdk.cloud.clock_advance(5)
    copy = {"DestinationSnapshotName": "copy", "DestinationSnapshotDescription": "a copy"}
    sdk("CopySnapshot", SnapshotId=snapshot_id, DestinationRegionId="cn-beijing", **copy)
    sdk("DescribeSnapshots", RegionId="cn-beijing")
    sdk("ModifySnapshotAttribute", SnapshotId=snapshot_id, Description="better")
    image_id = sdk("CreateImage", InstanceId=instance_id, ImageName="golden")["ImageId"]
    sdk.cloud.clock_advance(5)
    sdk("DescribeImages", ImageId=image_id)
    sdk("CopyImage", ImageId=image_id, DestinationRegionId="cn-beijing")
    sdk("ModifyImageAttribute", ImageId=image_id, Description="better")
    sdk("ModifyImageSharePermission", ImageId=image_id, AddAccount=["5555666677778888"])
    sdk("DescribeImageSharePermission", ImageId=image_id)
    sdk("ModifyImageSharePermission", ImageId=image_id, RemoveAccount=["5555666677778888"])
    sdk("DeleteImage", ImageId=image_id)
    sdk("DeleteSnapshot", SnapshotId=snapshot_id)


def data_disk(sdk: Sdk, instance_id: str) -> None:
    disk_id = sdk("CreateDisk", ZoneId=ZONE, DiskCategory="cloud_essd", Size=500)["DiskId"]
    sdk.cloud.clock_advance(5)
    for action in ("AttachDisk", "DetachDisk"):
        sdk(action, DiskId=disk_id, InstanceId=instance_id)
        sdk.cloud.clock_advance(5)
    sdk("ResizeDisk", DiskId=disk_id, NewSize=600)
    sdk("ModifyDiskSpec", DiskId=disk_id, PerformanceLevel="PL2")
    sdk("ModifyDiskAttribute", DiskId=disk_id, DiskName="new")
    sdk("DeleteDisk", DiskId=disk_id)


def commands(sdk: Sdk, instance_id: str) -> None:
    invoke_id = sdk("RunCommand", Type="RunShellScript", CommandContent="true", InstanceId=[instance_id])["InvokeId"]
    results = sdk("DescribeInvocationResults", InvokeId=invoke_id)["Invocation"]["InvocationResults"]
    assert results["InvocationResult"][0]["ErrorCode"] == "ClientNotRunning"  # without hosts nothing could run it
    assert sdk("DescribeInvocations", InvokeId=invoke_id, IncludeOutput=True)["TotalCount"] == 1
    status = sdk("DescribeCloudAssistantStatus", InstanceId=[instance_id])["InstanceCloudAssistantStatusSet"]
    assert status["InstanceCloudAssistantStatus"][0]["CloudAssistantStatus"] == "false"
    parameters = {"username": "root", "sshPublicKey": "ssh-ed25519 AAAA"}
    command: dict[str, t.Any] = {"CommandId": "cmd-ACS-ECS-SendSshPublicKey-linux.sh", "Parameters": parameters}
    sdk("InvokeCommand", **command, InstanceId=[instance_id])
    file: dict[str, t.Any] = {"Name": "a", "TargetDir": "/tmp", "Content": "b", "Tag": [{"Key": "c", "Value": "d"}]}
    sent = sdk("SendFile", **file, InstanceId=[instance_id])["InvokeId"]
    (shown,) = sdk("DescribeSendFileResults", InvokeId=sent)["Invocations"]["Invocation"]
    assert (shown["InvocationStatus"], shown["FileMode"], shown["Overwrite"]) == ("Failed", "0644", "false")


def sessions(sdk: Sdk, instance_id: str) -> None:
    sdk.cloud.set("ecs.agent_without_hosts", "loopback")
    configs: tuple[tuple[str, str, dict[str, t.Any]], ...] = (
        ("SessionManagerConfig", "SessionManagerConfig", {"SessionManagerEnabled": True}),
        ("SessionManagerDelivery", "OssDeliveryConfig", {"BucketName": "log", "Enabled": True}),
        ("InvocationDelivery", "SlsDeliveryConfig", {"ProjectName": "log", "Enabled": True}),
        ("AgentUpgradeConfig", "AgentUpgradeConfig", {"AllowedUpgradeWindow": ["02:00-03:00"], "Enabled": True}),
    )
    for setting, name, value in configs:
        given: dict[str, t.Any] = {"SettingType": setting, name: value}
        sdk("ModifyCloudAssistantSettings", **given)
    types = ["SessionManagerConfig", "SessionManagerDelivery", "InvocationDelivery", "AgentUpgradeConfig"]
    shown = sdk("DescribeCloudAssistantSettings", SettingType=types)
    assert shown["SessionManagerConfig"] == {"SessionManagerEnabled": True}
    assert shown["OssDeliveryConfigs"]["OssDeliveryConfig"][0]["DeliveryType"] == "SessionManagerDelivery"
    assert shown["AgentUpgradeConfig"]["AllowedUpgradeWindows"]["AllowedUpgradeWindow"] == ["02:00-03:00"]
    session = sdk("StartTerminalSession", InstanceId=[instance_id], PortNumber=22)
    (listed,) = sdk("DescribeTerminalSessions")["Sessions"]["Session"]
    assert (listed["SessionId"], listed["PortNumber"]) == (session["SessionId"], 22)
    sdk("EndTerminalSession", SessionId=session["SessionId"])
    sdk.cloud.set("ecs.agent_without_hosts", "offline")


def power(sdk: Sdk, instance_id: str) -> None:
    one, several = {"InstanceId": instance_id}, {"InstanceId": [instance_id]}
    for action, instances in (
        ("RebootInstance", one),
        ("RebootInstances", several),
        ("StopInstance", one),
        ("StartInstance", one),
        ("StopInstances", several),
        ("StartInstances", several),
    ):
        sdk(action, **instances)
        sdk.cloud.clock_advance(5)
    (bare,) = sdk.run()
    eip = {"AllocationId": sdk("AllocateEipAddress")["AllocationId"]}
    for action, more in (
        ("AssociateEipAddress", {"InstanceId": bare}),
        ("ModifyEipAddressAttribute", {"Bandwidth": "2"}),
        ("UnassociateEipAddress", {"InstanceId": bare}),
        ("ReleaseEipAddress", {}),
    ):
        sdk(action, **eip, **more)
        sdk.cloud.clock_advance(5)
    sdk("DescribeEipAddresses")
    sdk("AllocatePublicIpAddress", InstanceId=bare)


# -- the check itself


def test_the_check_finds_what_is_missing_left_over_or_of_another_type() -> None:
    body = {
        "RequestId": "r",
        "PageNumber": "1",
        "PageSize": 10,
        "Surprise": True,
        "KeyPairs": {"KeyPair": [{"KeyPairName": "k", "Tags": {"Tag": [{"TagKey": "a", "Colour": "red"}]}}]},
    }
    found = problems(models, "DescribeKeyPairs", body)
    assert "DescribeKeyPairs.Surprise: left over" in found
    assert "DescribeKeyPairs.KeyPairs.KeyPair[].Tags.Tag[].Colour: left over" in found
    assert "DescribeKeyPairs.TotalCount: missing" in found
    assert "DescribeKeyPairs.KeyPairs.KeyPair[].Tags.Tag[].TagValue: missing" in found
    assert "DescribeKeyPairs.PageNumber: '1' is not int" in found
