# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data disks of their own: made, attached, detached and released apart from instances."""

from __future__ import annotations

import datetime as dt

from local_cloud import catalogue
from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import (
    Record,
    check_name,
    check_text,
    ecs,
    get_one,
    invalid,
    missing,
    request_tags,
    save,
    seconds_text,
)
from local_cloud.services.ecs.disks import disk_record, encryption_from, limits_of, portable, snapshot_key
from local_cloud.services.ecs.key_use import SNAPSHOT_ROLE
from local_cloud.services.ecs.stock import sold_in
from local_cloud.services.shapes import ABSENT
from local_cloud.settings import define

define("ecs.disk_creating_seconds", 0.3, "how long a new disk is Creating")
define("ecs.disk_attaching_seconds", 0.3, "how long a disk is Attaching or Detaching")
define(
    "ecs.disk_of_paid_instance_code",
    "InvalidPayMethod",
    "code of CreateDisk for an instance that is not a subscription (UNCERTAIN)",
)
define("ecs.disk_of_system_snapshot", True, "whether a data disk can be made of a system disk's snapshot (UNCERTAIN)")
define("ecs.data_disks_per_instance", 16, "data disks of an instance")

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


# -- making and releasing


@ecs("CreateDisk")
def create_disk(call: Call) -> Record:
    instance = _subscription(call)
    zone_id = instance["ZoneId"] if instance else call.params["ZoneId"]
    if catalogue.zone_region(zone_id) != call.region:
        raise ApiError("InvalidZoneId.NotFound", 404, "The specified zone does not exist.")
    if call.get("DiskName"):
        check_name(call.params["DiskName"], "InvalidDiskName.Malformed", "DiskName")
    description = check_text(call, "Description", "InvalidDescription.Malformed", 2, 256) or ""
    if (call.get("MultiAttach") or "Disabled") != "Disabled":
        raise ApiError("NotImplementedByLocalCloud", 501, "The local cloud has no disks with MultiAttach.")
    snapshot = _source(call)
    category = call.get("DiskCategory") or "cloud"
    _check_category(category, zone_id)
    level, limits = limits_of(category, call.get("PerformanceLevel"), "PerformanceLevel")
    size = max(call.get("Size") or 0, int(snapshot["SourceDiskSize"]) if snapshot else 0)
    least, most = limits.data
    if not least <= size <= most:
        message = f'The specified parameter "Size" is not valid: {least} to {most} GiB for this category.'
        raise ApiError("InvalidSize.ValueNotSupported", 400, message)
    disk = disk_record(
        call,
        ZoneId=zone_id,
        Type="data",
        Category=category,
        PerformanceLevel=level,
        Size=size,
        DiskName=call.get("DiskName") or "",
        Description=description,
        DeleteWithInstance=False,
        SourceSnapshotId=call.get("SnapshotId") or "",
        Tags=[] if instance else request_tags(call),
        ResourceGroupId="" if instance else call.get("ResourceGroupId") or "",
        DiskChargeType="PrePaid" if instance else "PostPaid",
        Portable=instance is None,
        BurstingEnabled=bool(call.get("BurstingEnabled")) and category == "cloud_auto",
        ProvisionedIops=provisioned_iops(call, category),
        Status="Creating",
        _IOPS=limits.iops,
        **encryption_from(call, _encryption_wanted(call, instance), snapshot and snapshot_key(snapshot), SNAPSHOT_ROLE),
    )
    done: Record = {"Status": "Available"}
    if instance:
        attached = {"InstanceId": instance["InstanceId"], "Device": _device(call, instance)}
        disk.update({**attached, "DeleteWithInstance": True})
        done = {"Status": "In_use", "AttachedTime": seconds_text(call)}
    _later(call, disk, "ecs.disk_creating_seconds", done)
    return {"DiskId": disk["DiskId"], "OrderId": ABSENT}


def _subscription(call: Call) -> Record | None:
    """The subscription instance that gets the disk at once, None for a disk in a zone.

    :raises ApiError: both or neither are named, or the instance isn't a subscription.
    """
    if not call.get("InstanceId"):
        if not call.get("ZoneId"):
            raise missing("ZoneId")
        return None
    if call.get("ZoneId"):
        raise ApiError("InvalidParameter.Conflict", 400, "ZoneId and InstanceId exclude each other.")
    instance = get_one(call, "instance", call.params["InstanceId"])
    if instance["InstanceChargeType"] != "PrePaid":
        code = call.settings["ecs.disk_of_paid_instance_code"]
        raise ApiError(code, 403, "The specified pay method is not valid: the instance is pay-as-you-go.")
    return instance


def _source(call: Call) -> Record | None:
    """The snapshot to make the disk of."""
    if not call.get("SnapshotId"):
        if call.get("Size") is None:
            message = 'The input parameter either "SnapshotId" or "Size" should be specified.'
            raise ApiError("MissingParameter", 400, message)
        return None
    snapshot = get_one(call, "snapshot", call.params["SnapshotId"])
    if snapshot["Status"] != "accomplished":
        raise ApiError("InvalidSnapshotId.NotReady", 403, "The specified snapshot has not completed yet.")
    if snapshot["SourceDiskType"] == "system" and not call.settings["ecs.disk_of_system_snapshot"]:
        message = "The specified snapshot is system disk snapshot."
        raise ApiError("InvalidSnapshotId.NotDataDiskSnapshot", 403, message)
    return snapshot


def _check_category(category: str, zone_id: str) -> None:
    if category not in catalogue.disk_categories():
        message = 'The specified parameter "DiskCategory" is not valid.'
        raise ApiError("InvalidDiskCategory.ValueNotSupported", 400, message)
    if not any(category in kind.disks for kind in sold_in(zone_id)):
        raise ApiError("InvalidDataDiskCategory.NotSupported", 403, "Specified disk category is not supported.")


def provisioned_iops(call: Call, category: str) -> int:
    """The IOPS beyond a disk's own that the call provisions; cloud_auto alone can have them.

    :raises ApiError: another category, or too many.
    """
    wanted = int(call.get("ProvisionedIops") or 0)
    if wanted and category != "cloud_auto":
        raise invalid("ProvisionedIops", "Only disks of the category cloud_auto have them.")
    if not 0 <= wanted <= 50_000:
        raise ApiError("InvalidProvisionedIops.LimitExceed", 400, "The specified ProvisionedIops exceed the limit.")
    return wanted


def _encryption_wanted(call: Call, instance: Record | None) -> Record:
    """Encrypted and KMSKeyId of the request; the key counts for nothing with an instance."""
    return {"Encrypted": call.get("Encrypted"), "KMSKeyId": None if instance else call.get("KMSKeyId")}


@ecs("DeleteDisk")
def delete_disk(call: Call) -> None:
    disk = get_one(call, "disk", call.params["DiskId"])
    if disk["Status"] != "Available":
        raise wrong_status()
    check_no_snapshot(call, disk)
    call.store.delete("disk", disk["DiskId"])


# -- attaching and detaching


@ecs("AttachDisk")
def attach_disk(call: Call) -> None:
    instance = get_one(call, "instance", call.params["InstanceId"])
    disk = get_one(call, "disk", call.params["DiskId"])
    for name in ("Bootable", "Force"):  # every instance here has a system disk, and no disk is in several zones
        if call.get(name):
            raise invalid(name, "It is for instances without a system disk." if name == "Bootable" else "")
    _ready(instance)
    if disk["Status"] != "Available":
        raise wrong_status()
    if disk["ZoneId"] != instance["ZoneId"]:
        message = "The specified instance and disk are not in the same zone."
        raise ApiError("ResourcesNotInSameZone", 403, message)
    if disk["Category"] not in catalogue.instance_types()[instance["InstanceType"]].disks:
        message = "The instanceType of the specified instance does not support this disk category."
        raise ApiError("InvalidInstanceType.NotSupportDiskCategory", 403, message)
    attached = {"InstanceId": instance["InstanceId"], "Device": _device(call, instance, call.get("Device") or "")}
    disk.update({**attached, "Status": "Attaching", "DeleteWithInstance": bool(call.get("DeleteWithInstance"))})
    done = {"Status": "In_use", "AttachedTime": seconds_text(call), "DetachedTime": ""}
    _later(call, disk, "ecs.disk_attaching_seconds", done)


@ecs("DetachDisk")
def detach_disk(call: Call) -> None:
    instance = get_one(call, "instance", call.params["InstanceId"])
    disk = get_one(call, "disk", call.params["DiskId"])
    if not disk["InstanceId"]:
        raise ApiError("InvalidDisk.AlreadyDetached", 404, "The specified disk has been detached.")
    if disk["InstanceId"] != instance["InstanceId"]:
        message = "The specified disk has not been attached on the specified instance."
        raise ApiError("DependencyViolation", 403, message)
    if disk["Type"] == "system":
        message = "The specified disk is a system disk and cannot support the operation."
        raise ApiError("DiskTypeViolation", 403, message)
    if not portable(disk):
        raise ApiError("DiskNotPortable", 403, "The specified disk is not a portable disk.")
    if disk["Status"] != "In_use":
        raise wrong_status()
    _ready(instance)
    disk.update({"Status": "Detaching", "DeleteWithInstance": bool(call.get("DeleteWithInstance"))})
    done = {"Status": "Available", "InstanceId": "", "Device": "", "DetachedTime": seconds_text(call)}
    _later(call, disk, "ecs.disk_attaching_seconds", done)


def _device(call: Call, instance: Record, wanted: str = "") -> str:
    """The name of one more disk of an instance.

    :raises ApiError: the instance has as many as it can, or one of that name.
    """
    disks = call.store.find("disk", where={"InstanceId": instance["InstanceId"]})
    if sum(disk["Type"] == "data" for disk in disks) >= call.settings["ecs.data_disks_per_instance"]:
        message = "The amount of the disk on instance in question reach its limits."
        raise ApiError("InstanceDiskLimitExceeded", 403, message)
    taken = {disk["Device"] for disk in disks}
    if wanted in taken:
        raise ApiError("InvalidDevice.InUse", 403, "The specified device has been occupied.")
    return wanted or next(name for letter in _LETTERS if (name := f"/dev/xvd{letter}") not in taken)


# -- what both need


def _later(call: Call, disk: Record, setting: str, done: Record) -> None:
    """Save a disk and plan what it is when the operation is done."""
    save(call, "disk", disk["DiskId"], disk)
    ready = call.now + dt.timedelta(seconds=call.settings[setting])
    call.store.schedule("disk", disk["DiskId"], ready, done)


def _ready(instance: Record) -> None:
    if instance["Status"] not in ("Running", "Stopped") or instance.get("_Releasing"):
        message = "The current status of the resource does not support this operation."
        raise ApiError("IncorrectInstanceStatus", 403, message)


def wrong_status() -> ApiError:
    """The refusal of a disk in the middle of something."""
    return ApiError("IncorrectDiskStatus", 403, "The current disk status does not support this operation.")


def check_no_snapshot(call: Call, disk: Record) -> None:
    """:raises ApiError: a snapshot of the disk is being made."""
    taken = call.store.find("snapshot", where={"SourceDiskId": disk["DiskId"], "Status": "progressing"})
    if taken:
        message = "The operation is denied due to a snapshot of the specified disk is not completed yet."
        raise ApiError("DiskCreatingSnapshot", 403, message)
