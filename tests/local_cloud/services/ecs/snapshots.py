# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of disks."""

from __future__ import annotations

import dataclasses
import datetime as dt

from local_cloud import catalogue
from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import (
    Record,
    check_name,
    check_text,
    dry_run,
    ecs,
    find_all,
    find_one,
    fits,
    get_one,
    has_tags,
    invalid,
    json_list,
    new_record,
    page_either,
    request_tags,
    save,
    seconds_text,
    shown_tags,
)
from local_cloud.settings import define

define("ecs.snapshot_seconds", 0.3, "how long a snapshot is progressing")
define("ecs.snapshots_per_disk", 256, "manual snapshots of one disk")
define(
    "ecs.shared_snapshot_code", "OperationDenied.SharedSnapshot", "code for what a shared snapshot can't be (UNCERTAIN)"
)


define(
    "ecs.snapshot_copy_within_region",
    "encrypted",
    "which copies of a snapshot CopySnapshot makes within its region (UNCERTAIN)",
    ("encrypted", "all", "none"),
)
define(
    "ecs.forced_snapshot_deletion",
    "disks",
    "whose use of a snapshot DeleteSnapshot with Force overlooks (documented: that of disks)",
    ("disks", "all"),
)


@ecs("CreateSnapshot")
def create_snapshot(call: Call) -> Record:
    disk = get_one(call, "disk", call.params["DiskId"])
    name = check_snapshot_name(call.get("SnapshotName") or "")
    description = check_text(call, "Description", "InvalidDescription.Malformed", 2, 256) or ""
    taken = [s for s in find_all(call, "snapshot") if s["SourceDiskId"] == disk["DiskId"]]
    if any(snapshot["Status"] == "progressing" for snapshot in taken):
        raise ApiError(
            "IncorrectDiskStatus.CreatingSnapshot", 403, "The current disk is creating a snapshot, try again later."
        )
    if len(taken) >= call.settings["ecs.snapshots_per_disk"]:
        raise ApiError("QuotaExceed.Snapshot", 403, "The snapshot quota of the disk is exceeded.")
    if not disk["AttachedTime"]:
        raise ApiError("IncorrectDiskStatus.NeverAttached", 403, "The disk has never been attached to an instance.")
    instance = find_one(call, "instance", disk["InstanceId"]) if disk["InstanceId"] else None
    if instance is not None:
        if instance["Status"] not in ("Running", "Stopped"):
            raise ApiError(
                "IncorrectInstanceStatus", 400, "The current status of the resource does not support this operation."
            )
        if not instance["StartTime"]:
            raise ApiError("IncorrectDiskStatus.NeverUsed", 403, "The disk has never been used by an instance.")
    return {"SnapshotId": take_snapshot(call, disk, name=name, description=description)}


def check_snapshot_name(name: str) -> str:
    """A name that a snapshot may have, or none.

    :raises ApiError: malformed, or as automatic snapshots are called.
    """
    if name:
        check_name(name, "InvalidSnapshotName.Malformed", "SnapshotName")
        if name.lower().startswith("auto"):
            raise ApiError("InvalidSnapshotName.Malformed", 400, "The specified SnapshotName is malformed.")
    return name


def take_snapshot(call: Call, disk: Record, *, name: str = "", description: str = "", **more: str) -> str:
    """Begin a snapshot of a disk; returns its id.

    :param more: fields that only copies have
    """
    snapshot_id, now = call.store.new_id("s-"), seconds_text(call)
    snapshot = new_record(
        call,
        SnapshotId=snapshot_id,
        SnapshotName=name,
        Description=description,
        Status="progressing",
        Progress="0%",
        Available=False,
        SourceDiskId=disk["DiskId"],
        SourceDiskType=disk["Type"],
        SourceDiskSize=str(disk["Size"]),
        SourceStorageType=disk["Category"],
        Encrypted=disk["Encrypted"],
        KMSKeyId=disk["KMSKeyId"],
        SnapshotType="user",
        CreationTime=now,
        LastModifiedTime=now,
        RetentionDays=call.get("RetentionDays") or 0,
        SnapshotLinkId=f"sl-{disk['DiskId'].removeprefix('d-')}",
        Tags=request_tags(call),
        **more,
    )
    save(call, "snapshot", snapshot_id, snapshot)
    done = call.now + dt.timedelta(seconds=call.settings["ecs.snapshot_seconds"])
    changes = {"Status": "accomplished", "Progress": "100%", "Available": True}
    call.store.schedule("snapshot", snapshot_id, done, changes)
    return snapshot_id


@ecs("CopySnapshot")
def copy_snapshot(call: Call) -> Record:
    from local_cloud.services.ecs.disks import encryption, snapshot_key  # disks need this module

    snapshot = get_one(call, "snapshot", call.params["SnapshotId"])
    if snapshot["Status"] != "accomplished":
        raise ApiError("InvalidSnapshotId.NotReady", 403, "The specified snapshot is not ready.")
    region = call.params["DestinationRegionId"]
    if region not in catalogue.regions():
        raise ApiError("InvalidRegionId.NotFound", 404, "The specified DestinationRegionId does not exist.")
    within = call.settings["ecs.snapshot_copy_within_region"]
    if region == call.region and (within == "none" or (within == "encrypted" and not call.get("Encrypted"))):
        raise invalid("DestinationRegionId", "Such a copy can't be made within a region.")
    there = dataclasses.replace(call, region=region)
    name = check_snapshot_name(call.params["DestinationSnapshotName"])
    description = check_text(call, "DestinationSnapshotDescription", "InvalidDescription.Malformed", 2, 256) or ""
    key = encryption(there, {"Encrypted": call.get("Encrypted"), "KMSKeyId": call.get("KMSKeyId")})
    if not key["Encrypted"]:  # what was encrypted stays so
        key = {field: value for field, value in snapshot_key(snapshot).items() if field != "AccountId"}
    disk = {
        "DiskId": snapshot["SourceDiskId"],
        "Type": snapshot["SourceDiskType"],
        "Size": snapshot["SourceDiskSize"],
        "Category": snapshot["SourceStorageType"],
        **key,
    }
    source = {"SourceSnapshotId": snapshot["SnapshotId"], "SourceRegionId": call.region}
    return {"SnapshotId": take_snapshot(there, disk, name=name, description=description, **source)}


def _named(call: Call) -> Record:
    """The snapshot that an operation without RegionId is about. Of itself its host says the region; at one address for
    all regions the ID has to."""
    snapshot_id = call.params["SnapshotId"]
    found = call.store.get("snapshot", snapshot_id)
    if found and found["AccountId"] == call.account_id and call.region == call.settings["default_region"]:
        return found
    return get_one(call, "snapshot", snapshot_id)


@ecs("ModifySnapshotAttribute")
def modify_snapshot_attribute(call: Call) -> None:
    snapshot = _named(call)
    if call.get("SnapshotName"):
        snapshot["SnapshotName"] = check_snapshot_name(call.params["SnapshotName"])
    if call.get("Description"):
        snapshot["Description"] = check_text(call, "Description", "InvalidDescription.Malformed", 2, 256) or ""
    if call.get("RetentionDays") is not None:
        snapshot["RetentionDays"] = call.params["RetentionDays"]
    save(call, "snapshot", snapshot["SnapshotId"], snapshot)


@ecs("DescribeSnapshots")
def describe_snapshots(call: Call) -> Record:
    dry_run(call)
    ids = json_list(call, "SnapshotIds")
    by_image = {used for image in find_all(call, "image") for used in image["_SnapshotIds"]}
    by_disk = {disk.get("SourceSnapshotId") for disk in find_all(call, "disk")}
    usages = {(True, True): "image_disk", (True, False): "image", (False, True): "disk", (False, False): "none"}
    found = []
    for snapshot in find_all(call, "snapshot", lagged=True):
        snapshot["Usage"] = usages[snapshot["SnapshotId"] in by_image, snapshot["SnapshotId"] in by_disk]
        disk_id, status, kind = call.get("DiskId"), call.get("Status") or "all", call.get("SnapshotType") or "all"
        of_instance = call.get("InstanceId")
        disk = find_one(call, "disk", snapshot["SourceDiskId"]) if of_instance else None
        if (
            (not ids or snapshot["SnapshotId"] in ids)
            and disk_id in (None, "", snapshot["SourceDiskId"])
            and (not of_instance or (disk is not None and disk["InstanceId"] == of_instance))
            and status in ("all", snapshot["Status"])
            and kind in ("all", snapshot["SnapshotType"])
            and fits(call, snapshot, ("Usage", "SourceDiskType", "KMSKeyId", "SnapshotLinkId"), ("SnapshotName",))
            and (call.get("Encrypted") is None or call.get("Encrypted") == snapshot["Encrypted"])
            and has_tags(call, snapshot)
        ):
            found.append(snapshot)
    page = page_either(call, found, most=100)
    return {"Snapshots": {"Snapshot": [_shown(call, snapshot) for snapshot in page.items]}, **page.about}


def _shown(call: Call, snapshot: Record) -> Record:
    shown = {key: value for key, value in snapshot.items() if key not in ("AccountId", "Tags") and key[0] != "_"}
    return {**shown, "Category": "standard", "Tags": {"Tag": shown_tags(call, snapshot)}}


@ecs("DeleteSnapshot")
def delete_snapshot(call: Call) -> None:
    snapshot = _named(call)
    if snapshot.get("_SharedFrom") or call.store.find("snapshot", where={"_SharedFrom": snapshot["SnapshotId"]}):
        raise ApiError(call.settings["ecs.shared_snapshot_code"], 403, "The specified snapshot is shared.")
    force = bool(call.get("Force"))
    if not force or call.settings["ecs.forced_snapshot_deletion"] == "disks":
        images = call.store.find("image", snapshot["RegionId"], where={"AccountId": call.account_id})
        if any(snapshot["SnapshotId"] in image["_SnapshotIds"] for image in images):
            raise ApiError("SnapshotCreatedImage", 403, "The snapshot has been used to create custom images.")
    if not force:
        disks = call.store.find("disk", snapshot["RegionId"], where={"AccountId": call.account_id})
        if any(disk.get("SourceSnapshotId") == snapshot["SnapshotId"] for disk in disks):
            raise ApiError("SnapshotCreatedDisk", 403, "The snapshot has been used to create disks.")
    call.store.delete("snapshot", snapshot["SnapshotId"])
