# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks, snapshots, images and their shares, tags."""

from __future__ import annotations

import json
import typing as t

import pytest
from people import other_account
from sdk import PLAIN_IMAGE, TRUSTED_IMAGE, Sdk

RECIPIENT = "5555666677778888"


def system_disk(sdk: Sdk, instance_id: str) -> dict[str, t.Any]:
    disks = sdk("DescribeDisks", InstanceId=instance_id, DiskType="system")["Disks"]["Disk"]
    return t.cast("dict[str, t.Any]", disks[0])


def image(sdk: Sdk, image_id: str, **params: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", sdk("DescribeImages", ImageId=image_id, **params)["Images"]["Image"][0])


@pytest.fixture
def custom(sdk: Sdk) -> str:
    """A custom image that is Available."""
    (instance_id,) = sdk.run()
    image_id = sdk("CreateImage", InstanceId=instance_id, ImageName="golden")["ImageId"]
    sdk.cloud.clock_advance(2)
    return t.cast(str, image_id)


def test_a_snapshot_takes_its_time_and_one_at_a_time(sdk: Sdk) -> None:
    (instance_id,) = sdk.run()
    disk = system_disk(sdk, instance_id)
    snapshot_id = sdk("CreateSnapshot", DiskId=disk["DiskId"], SnapshotName="before")["SnapshotId"]

    def shown() -> dict[str, t.Any]:
        ids = json.dumps([snapshot_id])
        return t.cast("dict[str, t.Any]", sdk("DescribeSnapshots", SnapshotIds=ids)["Snapshots"]["Snapshot"][0])

    assert (shown()["Status"], shown()["Available"]) == ("progressing", False)
    busy = sdk.refused("CreateSnapshot", DiskId=disk["DiskId"])
    assert busy == (403, "IncorrectDiskStatus.CreatingSnapshot")
    sdk.cloud.clock_advance(2)
    assert (shown()["Status"], shown()["Progress"], shown()["SourceDiskSize"]) == ("accomplished", "100%", "40")
    auto = sdk.refused("CreateSnapshot", DiskId=disk["DiskId"], SnapshotName="auto1")
    assert auto == (400, "InvalidSnapshotName.Malformed")
    assert sdk.refused("CreateSnapshot", DiskId="d-none") == (404, "InvalidDiskId.NotFound")
    sdk("DeleteSnapshot", SnapshotId=snapshot_id)
    assert sdk.refused("DeleteSnapshot", SnapshotId=snapshot_id) == (404, "InvalidSnapshotId.NotFound")


def test_a_snapshot_is_copied_and_changed(sdk: Sdk) -> None:
    (instance_id,) = sdk.run()
    disk = system_disk(sdk, instance_id)
    source = sdk("CreateSnapshot", DiskId=disk["DiskId"])["SnapshotId"]
    copy = {"SnapshotId": source, "DestinationSnapshotName": "copy", "DestinationSnapshotDescription": "a copy"}
    not_ready = sdk.refused("CopySnapshot", DestinationRegionId="cn-beijing", **copy)
    assert not_ready == (403, "InvalidSnapshotId.NotReady")
    sdk.cloud.clock_advance(2)
    far = sdk("CopySnapshot", DestinationRegionId="cn-beijing", **copy)["SnapshotId"]
    (shown,) = sdk("DescribeSnapshots", RegionId="cn-beijing")["Snapshots"]["Snapshot"]
    assert (shown["SnapshotId"], shown["SourceSnapshotId"], shown["Status"]) == (far, source, "progressing")
    plain = sdk.refused("CopySnapshot", DestinationRegionId="cn-hangzhou", **copy)
    assert plain == (400, "InvalidParameter")
    sdk.cloud.set("ecs.snapshot_copy_within_region", "all")
    sdk("CopySnapshot", DestinationRegionId="cn-hangzhou", **copy)
    sdk.cloud.set("ecs.snapshot_copy_within_region", "none")
    sdk("OpenKmsService", product="kms")
    sealed = sdk.refused("CopySnapshot", DestinationRegionId="cn-hangzhou", Encrypted=True, **copy)
    assert sealed == (400, "InvalidParameter")
    sdk("ModifySnapshotAttribute", SnapshotId=source, SnapshotName="new", Description="changed", RetentionDays=3)
    (shown,) = sdk("DescribeSnapshots", SnapshotIds=json.dumps([source]))["Snapshots"]["Snapshot"]
    assert (shown["SnapshotName"], shown["Description"], shown["RetentionDays"]) == ("new", "changed", 3)


def test_whose_use_of_a_snapshot_a_forced_deletion_overlooks(sdk: Sdk) -> None:
    (instance_id,) = sdk.run()
    disk = system_disk(sdk, instance_id)
    source = sdk("CreateSnapshot", DiskId=disk["DiskId"])["SnapshotId"]
    sdk.cloud.clock_advance(2)
    made = sdk("CreateDisk", ZoneId=disk["ZoneId"], SnapshotId=source, DiskCategory="cloud_essd", Size=40)["DiskId"]
    (shown,) = sdk("DescribeDisks", SnapshotId=source)["Disks"]["Disk"]
    assert shown["DiskId"] == made
    assert sdk.refused("CreateSnapshot", DiskId=made) == (403, "IncorrectDiskStatus.NeverAttached")
    assert sdk.refused("DeleteSnapshot", SnapshotId=source) == (403, "SnapshotCreatedDisk")
    sdk("CreateImage", SnapshotId=source, ImageName="golden")
    assert sdk.refused("DeleteSnapshot", SnapshotId=source, Force=True) == (403, "SnapshotCreatedImage")
    sdk.cloud.set("ecs.forced_snapshot_deletion", "all")
    sdk("DeleteSnapshot", SnapshotId=source, Force=True)


def test_a_disk_never_used_has_no_snapshot(sdk: Sdk) -> None:
    instance_id = sdk("CreateInstance", **sdk.place())["InstanceId"]
    sdk.cloud.clock_advance(5)
    disk = system_disk(sdk, instance_id)
    assert sdk.refused("CreateSnapshot", DiskId=disk["DiskId"]) == (403, "IncorrectDiskStatus.NeverUsed")


def test_a_custom_image_is_made_used_and_deleted(sdk: Sdk) -> None:
    place = sdk.place()
    (instance_id,) = sdk.run(place)
    image_id = sdk("CreateImage", InstanceId=instance_id, ImageName="golden", ImageFamily="gold")["ImageId"]
    assert sdk("DescribeImages", ImageId=image_id)["Images"]["Image"] == []
    assert image(sdk, image_id, Status="Creating")["Progress"] == "0%"
    not_ready = sdk.refused("RunInstances", **{**place, "ImageId": image_id})
    assert not_ready == (403, "OperationDenied.ImageNotValid")
    same_name = sdk.refused("CreateImage", InstanceId=instance_id, ImageName="golden")
    assert same_name == (400, "InvalidImageName.Duplicated")
    sdk.cloud.clock_advance(2)
    shown = image(sdk, image_id, ImageOwnerAlias="self")
    assert (shown["Status"], shown["BootMode"], shown["Usage"]) == ("Available", "UEFI-Preferred", "none")
    snapshot_id = shown["DiskDeviceMappings"]["DiskDeviceMapping"][0]["SnapshotId"]
    assert sdk.refused("DeleteSnapshot", SnapshotId=snapshot_id) == (403, "SnapshotCreatedImage")
    del place["ImageId"]
    sdk.run({**place, "ImageFamily": "gold"})
    assert image(sdk, image_id)["Usage"] == "instance"
    sdk("ModifyImageAttribute", ImageId=image_id, ImageName="silver", Description="less than gold")
    assert image(sdk, image_id)["ImageName"] == "silver"
    assert sdk.refused("DeleteImage", ImageId=image_id) == (403, "ImageUsed")
    sdk("DeleteImage", ImageId=image_id, Force=True)
    sdk("DeleteImage", ImageId=image_id)  # unknown: ignored


def test_an_image_of_a_trusted_instance_is_trusted(sdk: Sdk) -> None:
    sdk("OpenKmsService", product="kms")
    place = {**sdk.place(), "ImageId": TRUSTED_IMAGE, "SecurityOptions": {"TrustedSystemMode": "vTPM"}}
    (instance_id,) = sdk.run(place)
    image_id = sdk("CreateImage", InstanceId=instance_id)["ImageId"]
    sdk.cloud.clock_advance(2)
    (second,) = sdk.run({**place, "ImageId": image_id})
    assert sdk.instance(second)["Tags"]["Tag"][0]["TagKey"] == "acs:ecs:supportVtpm"


def test_public_images_can_be_told_apart(sdk: Sdk) -> None:
    def ids(**params: t.Any) -> set[str]:
        return {i["ImageId"] for i in sdk("DescribeImages", PageSize=100, **params)["Images"]["Image"]}

    assert {TRUSTED_IMAGE, PLAIN_IMAGE} <= ids()
    assert PLAIN_IMAGE not in ids(ImageName="uefi")
    assert TRUSTED_IMAGE in ids(ImageName="uefi")
    assert ids(InstanceType="ecs.g7t.large") > ids(InstanceType="ecs.g7t.large", ImageName="aliyun_2*") != set()
    assert TRUSTED_IMAGE not in ids(InstanceType="ecs.g6.large")
    assert ids(ImageOwnerAlias="self") == set()
    assert ids(OSType="windows") == {"win2019_1809_x64_dtc_zh-cn_40G_alibase_20240610.vhd"}


def test_an_image_is_shared_with_accounts(sdk: Sdk, custom: str) -> None:
    def accounts() -> list[str]:
        body = sdk("DescribeImageSharePermission", ImageId=custom)
        return [account["AliyunId"] for account in body["Accounts"]["Account"]]

    dry = sdk.refused("ModifyImageSharePermission", ImageId=custom, AddAccount=[RECIPIENT], DryRun=True)
    assert dry == (400, "DryRunOperation")
    assert accounts() == []
    sdk("ModifyImageSharePermission", ImageId=custom, AddAccount=[RECIPIENT])
    sdk("ModifyImageSharePermission", ImageId=custom, AddAccount=[RECIPIENT])  # again: nothing changes
    assert accounts() == [RECIPIENT]
    assert sdk.refused("DeleteImage", ImageId=custom, Force=True) == (403, "ImageUseShared")
    own = sdk.refused("ModifyImageSharePermission", ImageId=custom, AddAccount=[sdk.cloud.account_id])
    assert own == (404, "InvalidAccount.Forbbiden")
    nobody = sdk.refused("ModifyImageSharePermission", ImageId=custom, AddAccount=["nobody"])
    assert nobody == (404, "InvalidAccount.NotFound")
    sdk("ModifyImageSharePermission", ImageId=custom, RemoveAccount=[RECIPIENT])
    sdk("ModifyImageSharePermission", ImageId=custom, RemoveAccount=[RECIPIENT])
    assert accounts() == []
    sdk("DeleteImage", ImageId=custom)


def test_the_recipient_of_a_share_uses_the_image(sdk: Sdk, custom: str) -> None:
    other = next(a for a in sdk.cloud.accounts if a["access_key_id"] != sdk.cloud.access_key_id)
    recipient = Sdk(sdk.cloud, other["access_key_id"], other["access_key_secret"])
    assert recipient("DescribeImages", ImageId=custom)["Images"]["Image"] == []
    account_id = recipient("GetCallerIdentity", product="sts")["AccountId"]
    sdk("ModifyImageSharePermission", ImageId=custom, AddAccount=[account_id])
    assert image(recipient, custom)["ImageOwnerAlias"] == "others"
    assert recipient.run({**recipient.place(), "ImageId": custom})


def test_an_encrypted_image_is_shared_only_with_a_cmk_and_the_share_role(sdk: Sdk, custom: str) -> None:
    sdk("OpenKmsService", product="kms")
    key_id = sdk("CreateKey", product="kms")["KeyMetadata"]["KeyId"]
    service = sdk("CopyImage", ImageId=custom, Encrypted=True, DestinationImageName="by-service-key")["ImageId"]
    role = sdk.refused("CopyImage", ImageId=custom, Encrypted=True, KMSKeyId=key_id)
    assert role == (403, "InvalidParameter.KMSKeyId.CMKUnauthorized")

    def trust(*services: str) -> str:
        principal = {"Service": list(services)}
        statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": principal}
        return json.dumps({"Version": "1", "Statement": [statement]})

    encrypt = {"RoleName": "AliyunECSDiskEncryptDefaultRole", "AssumeRolePolicyDocument": trust("ecs.aliyuncs.com")}
    sdk("CreateRole", product="ram", **encrypt)
    policy = {"PolicyType": "System", "PolicyName": "AliyunECSDiskEncryptRolePolicy", "RoleName": encrypt["RoleName"]}
    no_right = sdk.refused("CopyImage", ImageId=custom, Encrypted=True, KMSKeyId=key_id)
    assert no_right == (403, "InvalidParameter.KMSKeyId.CMKUnauthorized")
    sdk("AttachPolicyToRole", product="ram", **policy)
    cmk = sdk("CopyImage", ImageId=custom, Encrypted=True, KMSKeyId=key_id, DestinationImageName="by-cmk")["ImageId"]
    sdk.cloud.clock_advance(2)
    unsupported = sdk.refused("ModifyImageSharePermission", ImageId=service, AddAccount=[RECIPIENT])
    assert unsupported == (403, "InvalidOperation.ServiceKeyEncryptedImageUnsupported")
    no_role = sdk.refused("ModifyImageSharePermission", ImageId=cmk, AddAccount=[RECIPIENT])
    assert no_role == (403, "AssumeRoleError")
    share = {"RoleName": "AliyunECSShareEncryptImageDefaultRole"}
    sdk("CreateRole", product="ram", **share, AssumeRolePolicyDocument=trust("1@ecs.aliyuncs.com"))
    wrong_account = sdk.refused("ModifyImageSharePermission", ImageId=cmk, AddAccount=[RECIPIENT])
    assert wrong_account == (403, "AssumeRoleError")
    sdk("UpdateRole", product="ram", **share, NewAssumeRolePolicyDocument=trust(f"{RECIPIENT}@ecs.aliyuncs.com"))
    no_right = sdk.refused("ModifyImageSharePermission", ImageId=cmk, AddAccount=[RECIPIENT])
    assert no_right == (403, "InvalidParameter.KMSKeyId.CMKUnauthorized")
    sdk("AttachPolicyToRole", product="ram", **{**policy, "PolicyName": "AliyunKMSFullAccess", **share})
    sdk("ModifyImageSharePermission", ImageId=cmk, AddAccount=[RECIPIENT])


def test_the_recipient_of_an_encrypted_image_depends_on_the_share_role(sdk: Sdk, custom: str) -> None:
    sdk("OpenKmsService", product="kms")
    key_id = sdk("CreateKey", product="kms")["KeyMetadata"]["KeyId"]
    account, recipient = other_account(sdk)
    for role, principal in (
        ("AliyunECSDiskEncryptDefaultRole", "ecs.aliyuncs.com"),
        ("AliyunECSShareEncryptImageDefaultRole", f"{account}@ecs.aliyuncs.com"),
    ):
        statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": principal}}
        document = json.dumps({"Version": "1", "Statement": [statement]})
        sdk("CreateRole", product="ram", RoleName=role, AssumeRolePolicyDocument=document)
        policy = {"PolicyType": "System", "PolicyName": "AliyunKMSFullAccess", "RoleName": role}
        sdk("AttachPolicyToRole", product="ram", **policy)
    cmk = sdk("CopyImage", ImageId=custom, Encrypted=True, KMSKeyId=key_id, DestinationImageName="by-cmk")["ImageId"]
    sdk.cloud.clock_advance(2)
    sdk("ModifyImageSharePermission", ImageId=cmk, AddAccount=[account])
    recipient("OpenKmsService", product="kms")
    place = {**recipient.place(), "ImageId": cmk}
    (instance_id,) = recipient.run(place)
    assert system_disk(recipient, instance_id)["Encrypted"] is True
    sdk("DetachPolicyFromRole", product="ram", **policy)
    refused = recipient.refused("RunInstances", **place)
    assert refused == (403, "InvalidParameter.KMSKeyId.CMKUnauthorized")


def test_disks_are_encrypted_with_keys_that_can_be_used(sdk: Sdk) -> None:
    place = sdk.place()

    def disk(**fields: str) -> dict[str, t.Any]:
        return {**place, "SystemDisk": {"Category": "cloud_essd", **fields}}

    without_kms = sdk.refused("RunInstances", **disk(Encrypted="true"))
    assert without_kms == (403, "InvalidParameter.KMSKeyId.KMSUnauthorized")
    sdk("OpenKmsService", product="kms")
    assert sdk.refused("RunInstances", **disk(KMSKeyId="k")) == (400, "InvalidParameter.EncryptedIllegal")
    unknown = sdk.refused("RunInstances", **disk(Encrypted="true", KMSKeyId="k"))
    assert unknown == (404, "InvalidParameter.KMSKeyId.NotFound")
    (instance_id,) = sdk.run(disk(Encrypted="true"))
    assert system_disk(sdk, instance_id)["Encrypted"] is True


# -- tags


def test_tags_of_several_resources(sdk: Sdk) -> None:
    ids = sdk.run(Amount=2, Tag=[{"Key": "a", "Value": "1"}])
    sdk("TagResources", ResourceType="instance", ResourceId=ids, Tag=[{"Key": "a", "Value": "2"}, {"Key": "b"}])

    def tags(**params: t.Any) -> list[tuple[str, str, str]]:
        listed = sdk("ListTagResources", ResourceType="instance", **params)["TagResources"]["TagResource"]
        return [(tag["ResourceId"], tag["TagKey"], tag["TagValue"]) for tag in listed]

    assert tags(ResourceId=ids[:1]) == [(ids[0], "a", "2"), (ids[0], "b", "")]
    assert len(tags(Tag=[{"Key": "a", "Value": "2"}])) == 4
    sdk("UntagResources", ResourceType="instance", ResourceId=ids[:1], TagKey=["a", "unknown"])
    assert tags(ResourceId=ids[:1]) == [(ids[0], "b", "")]
    sdk("UntagResources", ResourceType="instance", ResourceId=ids, All=True)
    assert tags(ResourceId=ids) == []


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"ResourceId": ["i-none"]}, (404, "InvalidResourceId.NotFound")),
        ({"ResourceType": "cloud"}, (404, "InvalidResourceType.NotFound")),
        ({"Tag": [{"Key": "acs:x", "Value": "y"}]}, (403, "NoPermission.Tag")),
        ({"Tag": [{"Key": "http://x", "Value": "y"}]}, (400, "InvalidTagKey.Malformed")),
        ({"Tag": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}, (400, "Duplicate.TagKey")),
        ({"Tag": [{"Key": f"k{n}", "Value": ""} for n in range(20)]}, (403, "QuotaExceed.Tags")),
    ],
)
def test_tag_resources_refuses(sdk: Sdk, params: dict[str, t.Any], error: tuple[int, str]) -> None:
    ids = sdk.run(Tag=[{"Key": "own", "Value": "1"}])
    given = {"ResourceType": "instance", "ResourceId": ids, "Tag": [{"Key": "x", "Value": "y"}], **params}
    assert sdk.refused("TagResources", **given) == error


def test_key_pairs_are_tagged_by_id_and_by_name(sdk: Sdk) -> None:
    pair_id = sdk("CreateKeyPair", KeyPairName="mine")["KeyPairId"]
    for resource, key in ((pair_id, "by-id"), ("mine", "by-name")):
        sdk("TagResources", ResourceType="keypair", ResourceId=[resource], Tag=[{"Key": key, "Value": "1"}])
    listed = sdk("ListTagResources", ResourceType="keypair", ResourceId=[pair_id])["TagResources"]["TagResource"]
    assert [(tag["ResourceId"], tag["TagKey"]) for tag in listed] == [(pair_id, "by-id"), (pair_id, "by-name")]
