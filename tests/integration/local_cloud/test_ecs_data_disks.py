# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks apart from instances: made, attached, detached, released; larger, faster, of another name."""

from __future__ import annotations

import json
import typing as t

import pytest
from sdk import REGION, ZONE, Sdk

NEW: dict[str, t.Any] = {"ZoneId": ZONE, "DiskCategory": "cloud_essd", "Size": 40}
MONTH: dict[str, t.Any] = {"InstanceChargeType": "PrePaid", "Period": 1}


def disk(sdk: Sdk, disk_id: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", sdk("DescribeDisks", DiskIds=json.dumps([disk_id]))["Disks"]["Disk"][0])


def disks_of(sdk: Sdk, instance_id: str, kind: str) -> list[dict[str, t.Any]]:
    found = sdk("DescribeDisks", InstanceId=instance_id, DiskType=kind)["Disks"]["Disk"]
    return t.cast("list[dict[str, t.Any]]", found)


def made(sdk: Sdk, **params: t.Any) -> str:
    """A disk that is Available."""
    disk_id = sdk("CreateDisk", **{**NEW, **params})["DiskId"]
    sdk.cloud.clock_advance(1)
    return t.cast(str, disk_id)


@pytest.fixture
def instance_id(sdk: Sdk) -> str:
    return sdk.run()[0]


@pytest.fixture
def attached(sdk: Sdk, instance_id: str) -> str:
    """A disk that the instance uses."""
    disk_id = made(sdk)
    sdk("AttachDisk", InstanceId=instance_id, DiskId=disk_id)
    sdk.cloud.clock_advance(1)
    return disk_id


def test_a_disk_is_made_attached_detached_and_released(sdk: Sdk, instance_id: str) -> None:
    disk_id = sdk("CreateDisk", **NEW, DiskName="data", Tag=[{"Key": "a", "Value": "b"}])["DiskId"]
    one = {"InstanceId": instance_id, "DiskId": disk_id}
    assert disk(sdk, disk_id)["Status"] == "Creating"
    assert sdk.refused("AttachDisk", **one) == (403, "IncorrectDiskStatus")
    sdk.cloud.clock_advance(1)
    shown = disk(sdk, disk_id)
    assert (shown["Status"], shown["InstanceId"], shown["Portable"]) == ("Available", "", True)
    assert (shown["PerformanceLevel"], shown["Tags"]["Tag"]) == ("PL1", [{"TagKey": "a", "TagValue": "b"}])
    sdk("AttachDisk", **one)
    assert disk(sdk, disk_id)["Status"] == "Attaching"
    sdk.cloud.clock_advance(1)
    shown = disk(sdk, disk_id)
    assert (shown["Status"], shown["InstanceId"], shown["Device"]) == ("In_use", instance_id, "/dev/xvdb")
    assert (shown["DeleteWithInstance"], shown["Attachments"]["Attachment"][0]["Device"]) == (False, "/dev/xvdb")
    assert sdk.refused("DeleteDisk", DiskId=disk_id) == (403, "IncorrectDiskStatus")
    sdk("DetachDisk", **one)
    assert sdk.refused("DetachDisk", **one) == (403, "IncorrectDiskStatus")
    sdk.cloud.clock_advance(1)
    shown = disk(sdk, disk_id)
    assert (shown["Status"], shown["InstanceId"], shown["Attachments"]["Attachment"]) == ("Available", "", [])
    assert sdk.refused("DetachDisk", **one) == (404, "InvalidDisk.AlreadyDetached")
    sdk("DeleteDisk", DiskId=disk_id)
    assert sdk.refused("DeleteDisk", DiskId=disk_id) == (404, "InvalidDiskId.NotFound")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ZoneId": None}, (400, "MissingParameter")),
        ({"ZoneId": "cn-beijing-a"}, (404, "InvalidZoneId.NotFound")),
        ({"Size": None}, (400, "MissingParameter")),
        ({"Size": 19}, (400, "InvalidSize.ValueNotSupported")),
        ({"Size": 70000}, (400, "InvalidSize.ValueNotSupported")),
        ({"DiskCategory": "cloud_fast"}, (400, "InvalidDiskCategory.ValueNotSupported")),
        ({"PerformanceLevel": "PL9"}, (400, "InvalidParameter")),
        ({"PerformanceLevel": "PL3"}, (400, "InvalidSize.ValueNotSupported")),
        ({"ProvisionedIops": 100}, (400, "InvalidParameter")),
        ({"DiskCategory": "cloud_auto", "ProvisionedIops": 60000}, (400, "InvalidProvisionedIops.LimitExceed")),
        ({"DiskName": "1st"}, (400, "InvalidDiskName.Malformed")),
        ({"Description": "http://x"}, (400, "InvalidDescription.Malformed")),
        ({"KMSKeyId": "a-key"}, (400, "InvalidParameter.EncryptedIllegal")),
        ({"SnapshotId": "s-none"}, (404, "InvalidSnapshotId.NotFound")),
        ({"MultiAttach": "Enabled"}, (501, "NotImplementedByLocalCloud")),
    ],
)
def test_a_disk_that_can_t_be_is_refused(sdk: Sdk, change: dict[str, t.Any], code: tuple[int, str]) -> None:
    wanted = {name: value for name, value in {**NEW, **change}.items() if value is not None}
    assert sdk.refused("CreateDisk", **wanted) == code
    assert sdk("DescribeDisks")["TotalCount"] == 0


def test_the_same_client_token_makes_one_disk(sdk: Sdk) -> None:
    first = sdk("CreateDisk", **NEW, ClientToken="once")["DiskId"]
    assert sdk("CreateDisk", **NEW, ClientToken="once")["DiskId"] == first
    other = sdk.refused("CreateDisk", **{**NEW, "Size": 50}, ClientToken="once")
    assert other == (400, "IdempotentParameterMismatch")
    assert sdk("DescribeDisks")["TotalCount"] == 1


def test_a_disk_is_made_of_a_snapshot_and_at_least_as_large(sdk: Sdk, attached: str) -> None:
    snapshot_id = sdk("CreateSnapshot", DiskId=attached)["SnapshotId"]
    early = sdk.refused("CreateDisk", ZoneId=ZONE, DiskCategory="cloud_essd", SnapshotId=snapshot_id)
    assert early == (403, "InvalidSnapshotId.NotReady")
    sdk.cloud.clock_advance(1)
    for size, expected in ((None, 40), (20, 40), (60, 60)):
        more: dict[str, t.Any] = {} if size is None else {"Size": size}
        new = sdk("CreateDisk", ZoneId=ZONE, DiskCategory="cloud_essd", SnapshotId=snapshot_id, **more)["DiskId"]
        shown = disk(sdk, new)
        assert (shown["Size"], shown["SourceSnapshotId"]) == (expected, snapshot_id)


def test_a_snapshot_of_a_system_disk_may_make_no_data_disk(sdk: Sdk, instance_id: str) -> None:
    snapshot_id = sdk("CreateSnapshot", DiskId=disks_of(sdk, instance_id, "system")[0]["DiskId"])["SnapshotId"]
    sdk.cloud.clock_advance(1)
    wanted: dict[str, t.Any] = {"ZoneId": ZONE, "DiskCategory": "cloud_essd", "SnapshotId": snapshot_id}
    assert sdk("CreateDisk", **wanted)["DiskId"]
    sdk.cloud.set("ecs.disk_of_system_snapshot", False)
    assert sdk.refused("CreateDisk", **wanted) == (403, "InvalidSnapshotId.NotDataDiskSnapshot")


def test_a_subscription_instance_gets_a_disk_at_once(sdk: Sdk, instance_id: str) -> None:
    wanted: dict[str, t.Any] = {"DiskCategory": "cloud_essd", "Size": 40}
    both = sdk.refused("CreateDisk", **NEW, InstanceId=instance_id)
    assert both == (400, "InvalidParameter.Conflict")
    assert sdk.refused("CreateDisk", **wanted, InstanceId=instance_id) == (403, "InvalidPayMethod")
    (paid,) = sdk.run(**MONTH)
    disk_id = sdk("CreateDisk", **wanted, InstanceId=paid)["DiskId"]
    sdk.cloud.clock_advance(1)
    shown = disk(sdk, disk_id)
    assert (shown["Status"], shown["InstanceId"], shown["DiskChargeType"]) == ("In_use", paid, "PrePaid")
    assert sdk.refused("DetachDisk", InstanceId=paid, DiskId=disk_id) == (403, "DiskNotPortable")


def test_what_can_t_be_attached_is_refused(sdk: Sdk, instance_id: str, attached: str) -> None:
    free = made(sdk)
    one = {"InstanceId": instance_id, "DiskId": free}
    assert sdk.refused("AttachDisk", InstanceId="i-none", DiskId=free) == (404, "InvalidInstanceId.NotFound")
    assert sdk.refused("AttachDisk", InstanceId=instance_id, DiskId="d-none") == (404, "InvalidDiskId.NotFound")
    assert sdk.refused("AttachDisk", InstanceId=instance_id, DiskId=attached) == (403, "IncorrectDiskStatus")
    assert sdk.refused("AttachDisk", **one, Device="/dev/xvdb") == (403, "InvalidDevice.InUse")
    assert sdk.refused("AttachDisk", **one, Bootable=True) == (400, "InvalidParameter")
    elsewhere = made(sdk, ZoneId="cn-hangzhou-i")
    far = sdk.refused("AttachDisk", InstanceId=instance_id, DiskId=elsewhere)
    assert far == (403, "ResourcesNotInSameZone")
    slow = made(sdk, DiskCategory="cloud_efficiency")
    kind = sdk.refused("AttachDisk", InstanceId=instance_id, DiskId=slow)
    assert kind == (403, "InvalidInstanceType.NotSupportDiskCategory")
    sdk.cloud.set("ecs.data_disks_per_instance", 1)
    assert sdk.refused("AttachDisk", **one) == (403, "InstanceDiskLimitExceeded")
    sdk("StopInstance", InstanceId=instance_id)
    assert sdk.refused("AttachDisk", **one) == (403, "IncorrectInstanceStatus")


def test_what_can_t_be_detached_is_refused(sdk: Sdk, instance_id: str, attached: str) -> None:
    (other,) = sdk.run()
    assert sdk.refused("DetachDisk", InstanceId=other, DiskId=attached) == (403, "DependencyViolation")
    system = disks_of(sdk, instance_id, "system")[0]["DiskId"]
    assert sdk.refused("DetachDisk", InstanceId=instance_id, DiskId=system) == (403, "DiskTypeViolation")


@pytest.mark.parametrize("with_instance", [True, False])
def test_a_disk_goes_with_its_instance_or_stays(sdk: Sdk, instance_id: str, attached: str, with_instance: bool) -> None:
    sdk("ModifyDiskAttribute", DiskId=attached, DeleteWithInstance=with_instance)
    sdk("DeleteInstance", InstanceId=instance_id, Force=True)
    sdk.cloud.clock_advance(5)
    left = sdk("DescribeDisks")["Disks"]["Disk"]
    assert [(one["DiskId"], one["Status"]) for one in left] == ([] if with_instance else [(attached, "Available")])


def test_an_instance_that_goes_while_a_disk_is_being_attached_leaves_it_available(sdk: Sdk, instance_id: str) -> None:
    sdk.cloud.set("ecs.disk_attaching_seconds", 60)
    disk_id = made(sdk)
    sdk("AttachDisk", InstanceId=instance_id, DiskId=disk_id)
    sdk("DeleteInstance", InstanceId=instance_id, Force=True)
    sdk.cloud.clock_advance(120)
    assert disk(sdk, disk_id)["Status"] == "Available"


def test_a_disk_grows_and_never_shrinks(sdk: Sdk, instance_id: str, attached: str) -> None:
    sdk("ResizeDisk", DiskId=attached, NewSize=60)
    sdk("ResizeDisk", DiskId=attached, NewSize=80, Type="online")
    assert disk(sdk, attached)["Size"] == 80
    for size, code in (
        (60, "InvalidDiskSize.TooSmall"),
        (80, "InvalidDiskSize"),
        (70000, "InvalidDiskSize.TooLarge"),
    ):
        assert sdk.refused("ResizeDisk", DiskId=attached, NewSize=size) == (403, code)
    system = disks_of(sdk, instance_id, "system")[0]["DiskId"]
    assert sdk.refused("ResizeDisk", DiskId=system, NewSize=4000) == (403, "InvalidDiskSize.TooLarge")
    sdk("ResizeDisk", DiskId=system, NewSize=100)
    assert sdk.refused("ResizeDisk", DiskId=attached) == (400, "MissingParameter")
    assert sdk.refused("ResizeDisk", DiskId=attached, NewSize=90, Type="hot") == (400, "InvalidParam.Type")
    assert sdk.refused("ResizeDisk", DiskId="d-none", NewSize=90) == (404, "InvalidDiskId.NotFound")
    sdk("CreateSnapshot", DiskId=attached)
    assert sdk.refused("ResizeDisk", DiskId=attached, NewSize=90) == (403, "DiskCreatingSnapshot")
    sdk("StopInstance", InstanceId=instance_id)
    sdk.cloud.clock_advance(5)
    stopped = sdk.refused("ResizeDisk", DiskId=attached, NewSize=90, Type="online")
    assert stopped == (403, "InvalidInstanceStatus.NotRunning")
    sdk("ResizeDisk", DiskId=attached, NewSize=90)


def test_the_same_client_token_resizes_once(sdk: Sdk, attached: str) -> None:
    for _again in range(2):
        sdk("ResizeDisk", DiskId=attached, NewSize=60, ClientToken="once")
    assert disk(sdk, attached)["Size"] == 60


def test_a_disk_of_a_subscription_is_changed_by_an_order(sdk: Sdk) -> None:
    (paid,) = sdk.run(**MONTH)
    system = disks_of(sdk, paid, "system")[0]
    assert sdk("ResizeDisk", DiskId=system["DiskId"], NewSize=500)["OrderId"]
    assert sdk("ModifyDiskSpec", DiskId=system["DiskId"], PerformanceLevel="PL2")["OrderId"]
    lower = sdk.refused("ModifyDiskSpec", DiskId=system["DiskId"], PerformanceLevel="PL1")
    assert lower == (403, "OperationDenied")


def test_a_disk_becomes_faster(sdk: Sdk, attached: str) -> None:
    one = {"DiskId": attached}
    small = sdk.refused("ModifyDiskSpec", **one, PerformanceLevel="PL2")
    assert small == (403, "OperationDenied.PerformanceLevelNotMatch")
    sdk("ResizeDisk", **one, NewSize=500)
    assert sdk.refused("ModifyDiskSpec", **one, PerformanceLevel="PL2", DryRun=True) == (400, "DryRunOperation")
    assert "TaskId" not in sdk("ModifyDiskSpec", **one, PerformanceLevel="PL2")
    assert (disk(sdk, attached)["PerformanceLevel"], disk(sdk, attached)["IOPS"]) == ("PL2", 100000)
    sdk("ModifyDiskSpec", **one, PerformanceLevel="PL1")
    for level, code in (
        ("PL0", (403, "OperationDenied")),
        ("PL9", (400, "InvalidPerformanceLevel.Malformed")),
    ):
        assert sdk.refused("ModifyDiskSpec", **one, PerformanceLevel=level) == code
    task = sdk("ModifyDiskSpec", **one, DiskCategory="cloud_auto", ProvisionedIops=100)["TaskId"]
    assert task.startswith("t-")
    shown = disk(sdk, attached)
    assert (shown["Category"], shown["PerformanceLevel"], shown["ProvisionedIops"]) == ("cloud_auto", "", 100)
    assert sdk.refused("ModifyDiskSpec", **one, PerformanceLevel="PL1") == (403, "OperationDenied")
    for category, code in (
        ("cloud_efficiency", (403, "OperationDenied")),  # not with this instance type
        ("cloud_fast", (400, "InvalidDiskCategory.ValueNotSupported")),
    ):
        assert sdk.refused("ModifyDiskSpec", **one, DiskCategory=category) == code


def test_the_attributes_of_disks_change(sdk: Sdk, attached: str) -> None:
    other = made(sdk)
    sdk(
        "ModifyDiskAttribute", DiskIds=[attached, other], DiskName="new", Description="better", EnableAutoSnapshot=False
    )
    for disk_id in (attached, other):
        shown = disk(sdk, disk_id)
        assert (shown["DiskName"], shown["Description"], shown["EnableAutoSnapshot"]) == ("new", "better", False)
    assert sdk.refused("ModifyDiskAttribute", DiskName="none") == (400, "IncompleteParamter")
    assert sdk.refused("ModifyDiskAttribute", DiskId=attached) == (400, "NoAttributeToModify")
    assert sdk.refused("ModifyDiskAttribute", DiskId=attached, DiskName="1") == (400, "InvalidDiskName.Malformed")
    assert sdk.refused("ModifyDiskAttribute", DiskId="d-none", DiskName="new") == (404, "InvalidDiskId.NotFound")


def test_disks_of_another_region_are_changed_without_naming_it(sdk: Sdk) -> None:
    """AttachDisk and its like have no RegionId."""
    there = "cn-beijing"
    disk_id = sdk("CreateDisk", RegionId=there, ZoneId=f"{there}-h", DiskCategory="cloud_essd", Size=40)["DiskId"]
    sdk.cloud.clock_advance(1)
    sdk("ResizeDisk", DiskId=disk_id, NewSize=50)
    assert sdk("DescribeDisks", RegionId=there)["Disks"]["Disk"][0]["Size"] == 50
    assert sdk("DescribeDisks", RegionId=REGION)["TotalCount"] == 0
