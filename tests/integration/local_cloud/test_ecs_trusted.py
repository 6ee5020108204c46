# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trusted instances: what must be in place, and how one is recognised."""

from __future__ import annotations

import json
import typing as t

import pytest
from sdk import PLAIN_IMAGE, TRUSTED_IMAGE, Sdk

SECURED_IMAGE = "aliyun_2_1903_x64_20G_secured_alibase_20210120.vhd"
BIOS_IMAGE = "ubuntu_22_04_x64_20G_alibase_20240710.vhd"
UEFI_IMAGE = "debian_12_6_x64_20G_uefi_alibase_20240711.vhd"
ECS_TRUST = json.dumps(
    {
        "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["ecs.aliyuncs.com"]}}],
        "Version": "1",
    }
)
OTHER_TRUST = ECS_TRUST.replace("ecs.aliyuncs.com", "fc.aliyuncs.com")


@pytest.fixture
def trusted(sdk: Sdk) -> dict[str, t.Any]:
    """Parameters of a trusted instance for which everything is in place."""
    sdk("OpenKmsService", product="kms")
    sdk("CreateRole", product="ram", RoleName="TrustRole", AssumeRolePolicyDocument=ECS_TRUST)
    return {
        **sdk.place(),
        "ImageId": TRUSTED_IMAGE,
        "InstanceType": "ecs.g7t.large",
        "SystemDisk": {"Category": "cloud_essd", "Size": "40"},
        "SecurityOptions": {"TrustedSystemMode": "vTPM"},
        "RamRoleName": "TrustRole",
    }


def test_a_trusted_instance_carries_the_system_tag_and_its_role(sdk: Sdk, trusted: dict[str, t.Any]) -> None:
    (instance_id,) = sdk.run(trusted, Tag=[{"Key": "mine", "Value": "1"}])
    tags = [{"TagKey": "mine", "TagValue": "1"}, {"TagKey": "acs:ecs:supportVtpm", "TagValue": "true"}]
    assert sdk.instance(instance_id)["Tags"] == {"Tag": tags}
    sets = sdk("DescribeInstanceRamRole", InstanceIds=json.dumps([instance_id]))["InstanceRamRoleSets"]
    assert sets == {"InstanceRamRoleSet": [{"InstanceId": instance_id, "RamRoleName": "TrustRole"}]}
    assert sdk("DescribeInstances", Tag=[{"Key": "acs:ecs:supportVtpm"}])["TotalCount"] == 1
    listed = sdk("ListTagResources", ResourceType="instance", ResourceId=[instance_id])["TagResources"]["TagResource"]
    assert [tag["TagKey"] for tag in listed] == ["mine", "acs:ecs:supportVtpm"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"SecurityOptions": {"TrustedSystemMode": "TPM"}}, (400, "InvalidParameter")),
        ({"InstanceType": "ecs.u1.large"}, (400, "InvalidInstanceType.ValueNotSupported")),
        ({"ImageId": UEFI_IMAGE}, (403, "ImageNotSupportInstanceType")),
        ({"ImageId": PLAIN_IMAGE}, (403, "ImageNotSupportInstanceType")),
        ({"SystemDisk": {"Category": "cloud_auto"}}, (403, "InvalidInstanceType.NotSupportDiskCategory")),
        ({"VSwitchId": None}, (400, "MissingParameter")),
        ({"RamRoleName": "OtherRole"}, (401, "InvalidRamRole.NotEcsRole")),
        ({"RamRoleName": "NoRole"}, (404, "InvalidRamRole.NotFound")),
        (
            {"SecurityOptions": {"ConfidentialComputingMode": "Enclave"}, "InstanceType": "ecs.g7.large"},
            (403, "InvalidOperation.ConfidentialComputingModeInInviteOnlyTesting"),
        ),
    ],
)
def test_each_condition_has_its_refusal(
    sdk: Sdk, trusted: dict[str, t.Any], change: dict[str, t.Any], error: tuple[int, str]
) -> None:
    sdk("CreateRole", product="ram", RoleName="OtherRole", AssumeRolePolicyDocument=OTHER_TRUST)
    params = {name: value for name, value in {**trusted, **change}.items() if value is not None}
    assert sdk.refused("RunInstances", **params) == error
    assert sdk.refused("RunInstances", **params, DryRun=True) == error


def test_secure_boot_needs_a_type_and_an_image_that_support_it(sdk: Sdk, trusted: dict[str, t.Any]) -> None:
    params = {**trusted, "SecurityOptions": {"TrustedSystemMode": "vTPM", "EnableSecureBoot": True}}
    assert sdk.refused("RunInstances", **params) == (400, "InvalidParameter")
    sdk.cloud.set("ecs.secure_boot", "supported")
    (kind,) = sdk("DescribeInstanceTypes", InstanceTypes=["ecs.g7t.large"])["InstanceTypes"]["InstanceType"]
    assert kind["SecurityOptions"] == {"SecureBootSupport": "supported"}
    told = [sdk("DescribeImages", ImageId=one)["Images"]["Image"][0] for one in (TRUSTED_IMAGE, BIOS_IMAGE)]
    assert [one["SecureBootOptions"]["SecureBootSupport"] for one in told] == ["supported", "unsupported"]
    (instance_id,) = sdk.run(params)
    assert sdk.instance(instance_id)["SecurityOptions"] == {"EnableSecureBoot": True}


def test_without_kms_there_are_no_trusted_instances(sdk: Sdk) -> None:
    params = {**sdk.place(), "ImageId": TRUSTED_IMAGE, "SecurityOptions": {"TrustedSystemMode": "vTPM"}}
    assert sdk.refused("RunInstances", **params) == (403, "InvalidParameter.KMSKeyId.KMSUnauthorized")
    sdk.cloud.set("ecs.trusted.kms_off", "400 Forbidden.KmsServiceNotEnabled")
    assert sdk.refused("RunInstances", **params) == (400, "Forbidden.KmsServiceNotEnabled")
    sdk("OpenKmsService", product="kms")
    assert sdk.run(params)


def test_the_sixth_generation_is_trusted_by_its_image_the_seventh_by_the_parameter(sdk: Sdk) -> None:
    sdk("OpenKmsService", product="kms")
    place = {**sdk.place(), "SystemDisk": {"Category": "cloud_essd"}}
    (sixth,) = sdk.run({**place, "InstanceType": "ecs.g6t.large", "ImageId": SECURED_IMAGE})
    (seventh,) = sdk.run({**place, "InstanceType": "ecs.g7t.large", "ImageId": TRUSTED_IMAGE})
    assert [tag["TagKey"] for tag in sdk.instance(sixth)["Tags"]["Tag"]] == ["acs:ecs:supportVtpm"]
    assert sdk.instance(seventh)["Tags"] == {"Tag": []}


def test_a_trusted_instance_takes_only_trusted_images_for_its_system_disk(sdk: Sdk, trusted: dict[str, t.Any]) -> None:
    (instance_id,) = sdk.run({**trusted, "InstanceType": "ecs.g7.large"})
    sdk("StopInstance", InstanceId=instance_id)
    sdk.cloud.clock_advance(5)
    wrong = sdk.refused("ReplaceSystemDisk", InstanceId=instance_id, ImageId=PLAIN_IMAGE)
    assert wrong == (403, "ImageNotSupportInstanceType")
    before = sdk("DescribeDisks", InstanceId=instance_id)["Disks"]["Disk"][0]["DiskId"]
    disk_id = sdk(
        "ReplaceSystemDisk", InstanceId=instance_id, ImageId="aliyun_2_1903_x64_20G_uefi_alibase_20230731.vhd"
    )["DiskId"]
    assert disk_id != before
    assert [disk["DiskId"] for disk in sdk("DescribeDisks")["Disks"]["Disk"]] == [disk_id]


# -- the role of an instance


def _roles(sdk: Sdk, *ids: str) -> dict[str, str]:
    sets = sdk("DescribeInstanceRamRole", InstanceIds=json.dumps(ids))["InstanceRamRoleSets"]["InstanceRamRoleSet"]
    return {item["InstanceId"]: item["RamRoleName"] for item in sets}


def test_a_role_is_attached_and_detached_item_by_item(sdk: Sdk) -> None:
    sdk("CreateRole", product="ram", RoleName="A", AssumeRolePolicyDocument=ECS_TRUST)
    sdk("CreateRole", product="ram", RoleName="B", AssumeRolePolicyDocument=ECS_TRUST)
    first, second = sdk.run(Amount=2)
    assert _roles(sdk, first, second) == {first: "", second: ""}
    body = sdk("AttachInstanceRamRole", InstanceIds=json.dumps([first]), RamRoleName="A")
    assert (body["TotalCount"], body["FailCount"], body["RamRoleName"]) == (1, 0, "A")
    body = sdk("AttachInstanceRamRole", InstanceIds=json.dumps([first, second]), RamRoleName="B")
    assert (body["TotalCount"], body["FailCount"]) == (2, 1)
    items = body["AttachInstanceRamRoleResults"]["AttachInstanceRamRoleResult"]
    assert [(item["Code"], item["Success"]) for item in items] == [
        ("InvalidInstanceRamRole.NotSupport", False),
        ("200", True),
    ]
    assert _roles(sdk, first, second) == {first: "A", second: "B"}
    assert sdk("DescribeInstanceRamRole", RamRoleName="A")["TotalCount"] == 1
    body = sdk("DetachInstanceRamRole", InstanceIds=json.dumps([first, second]), RamRoleName="A")
    assert (body["TotalCount"], body["FailCount"]) == (2, 1)
    assert _roles(sdk, first, second) == {first: "", second: "B"}


def test_attaching_is_refused_as_a_whole_for_bad_roles_and_instances(sdk: Sdk) -> None:
    sdk("CreateRole", product="ram", RoleName="Other", AssumeRolePolicyDocument=OTHER_TRUST)
    (instance_id,) = sdk.run()
    ids = json.dumps([instance_id])
    not_ecs = sdk.refused("AttachInstanceRamRole", InstanceIds=ids, RamRoleName="Other")
    assert not_ecs == (404, "InvalidRamRole.NotEcsRole")
    unknown = sdk.refused("AttachInstanceRamRole", InstanceIds=ids, RamRoleName="None")
    assert unknown == (404, "InvalidRamRole.NotFound")
    missing = sdk.refused("AttachInstanceRamRole", InstanceIds='["i-none"]', RamRoleName="Other")
    assert missing == (404, "InvalidInstanceId.NotFound")
    malformed = sdk.refused("AttachInstanceRamRole", InstanceIds="i-1,i-2", RamRoleName="Other")
    assert malformed == (400, "InvalidInstanceIds.Malformed")
    assert sdk.refused("DescribeInstanceRamRole") == (403, "InvalidParameter.AllEmpty")


def test_a_user_needs_pass_role(sdk: Sdk) -> None:
    sdk("CreateRole", product="ram", RoleName="A", AssumeRolePolicyDocument=ECS_TRUST)
    (instance_id,) = sdk.run()
    sdk("CreateUser", product="ram", UserName="ops")
    key = sdk("CreateAccessKey", product="ram", UserName="ops")["AccessKey"]
    sdk("AttachPolicyToUser", product="ram", PolicyType="System", PolicyName="AliyunECSFullAccess", UserName="ops")
    ops = Sdk(sdk.cloud, key["AccessKeyId"], key["AccessKeySecret"])
    params = {"InstanceIds": json.dumps([instance_id]), "RamRoleName": "A"}
    document = {
        "Version": "1",
        "Statement": [{"Effect": "Deny", "Action": "ram:PassRole", "Resource": "*"}],
    }
    sdk("CreatePolicy", product="ram", PolicyName="NoPass", PolicyDocument=json.dumps(document))
    sdk("AttachPolicyToUser", product="ram", PolicyType="Custom", PolicyName="NoPass", UserName="ops")
    assert ops.refused("AttachInstanceRamRole", **params) == (403, "InvalidUser.PassRoleForbidden")
    document["Statement"][0].update({"Effect": "Allow", "Resource": "acs:ram:*:*:role/A"})  # type: ignore[attr-defined]
    sdk("CreatePolicy", product="ram", PolicyName="Pass", PolicyDocument=json.dumps(document))
    sdk("DetachPolicyFromUser", product="ram", PolicyType="Custom", PolicyName="NoPass", UserName="ops")
    sdk("AttachPolicyToUser", product="ram", PolicyType="Custom", PolicyName="Pass", UserName="ops")
    assert ops("AttachInstanceRamRole", **params)["FailCount"] == 0


def test_the_roles_of_a_fleet_come_in_pages(sdk: Sdk) -> None:
    sdk("CreateRole", product="ram", RoleName="A", AssumeRolePolicyDocument=ECS_TRUST)
    ids = sdk.run(Amount=23, RamRoleName="A")
    default = sdk("DescribeInstanceRamRole", RamRoleName="A")
    assert len(default["InstanceRamRoleSets"]["InstanceRamRoleSet"]) == 10
    assert default["TotalCount"] == 23
    second = sdk("DescribeInstanceRamRole", RamRoleName="A", PageSize=20, PageNumber=2)
    assert [item["InstanceId"] for item in second["InstanceRamRoleSets"]["InstanceRamRoleSet"]] == ids[20:]
