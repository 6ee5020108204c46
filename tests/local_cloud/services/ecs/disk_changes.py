# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that become larger, faster, or of another name."""

from __future__ import annotations

import typing as t

from local_cloud import catalogue
from local_cloud.catalogue import DiskLimits
from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import (
    Record,
    check_name,
    check_text,
    dry_run,
    ecs,
    find_one,
    get_one,
    required,
    save,
)
from local_cloud.services.ecs.data_disks import check_no_snapshot, provisioned_iops, wrong_status
from local_cloud.services.ecs.disks import charge_type, limits_of, portable
from local_cloud.services.shapes import ABSENT

#: categories that a disk can become one of, and which can't be resized while the instance runs
_CHANGEABLE = ("cloud_essd", "cloud_auto", "cloud_ssd", "cloud_efficiency", "cloud_essd_entry")
_OFFLINE_ONLY = ("cloud",)


@ecs("ResizeDisk")
def resize_disk(call: Call) -> Record:
    required(call, "DiskId", "NewSize")
    way = call.get("Type") or "offline"
    if way not in ("offline", "online"):
        raise ApiError("InvalidParam.Type", 400, "The specified type is not supported.")
    disk = get_one(call, "disk", call.params["DiskId"])
    instance = _check_state(call, disk)
    if way == "online":
        if disk["Category"] in _OFFLINE_ONLY:
            message = "The specified disk category does not support resize online."
            raise ApiError("InvalidDiskCategory.NotSupported", 403, message)
        if instance is None or instance["Status"] != "Running":
            message = "The status of instance to which the disk attachs must be running when resizing online."
            raise ApiError("InvalidInstanceStatus.NotRunning", 403, message)
    size = call.params["NewSize"]
    _level, limits = limits_of(disk["Category"], disk["PerformanceLevel"], "PerformanceLevel")
    most = _range(disk, limits)[1]
    if size < disk["Size"]:
        message = "Specified new disk size is less than the original disk size."
        raise ApiError("InvalidDiskSize.TooSmall", 403, message)
    if size == disk["Size"]:
        message = "Specified new disk size is less than or equal the original disk size."
        raise ApiError("InvalidDiskSize", 403, message)
    if size > most:
        message = f"Specified new disk size is beyond the permitted range: at most {most} GiB."
        raise ApiError("InvalidDiskSize.TooLarge", 403, message)
    save(call, "disk", disk["DiskId"], {**disk, "Size": size})
    return {"OrderId": _order(call, disk)}


@ecs("ModifyDiskSpec")
def modify_disk_spec(call: Call) -> Record:
    required(call, "DiskId")
    disk = get_one(call, "disk", call.params["DiskId"])
    instance = _check_state(call, disk)
    category = _new_category(call, disk, instance)
    changed: Record = {"Category": category, **_new_level(call, disk, category)}
    if call.get("ProvisionedIops") is not None:
        changed["ProvisionedIops"] = provisioned_iops(call, category)
    dry_run(call)
    save(call, "disk", disk["DiskId"], {**disk, **changed})
    task = call.store.new_id("t-") if category != disk["Category"] else ABSENT
    return {"TaskId": task, "OrderId": _order(call, disk)}


def _new_category(call: Call, disk: Record, instance: Record | None) -> str:
    category = call.get("DiskCategory") or disk["Category"]
    if category not in catalogue.disk_categories():
        message = 'The specified parameter "DiskCategory" is not valid.'
        raise ApiError("InvalidDiskCategory.ValueNotSupported", 400, message)
    if category == disk["Category"]:
        return t.cast(str, category)
    usable = instance is None or category in catalogue.instance_types()[instance["InstanceType"]].disks
    if category not in _CHANGEABLE or disk["Category"] not in _CHANGEABLE or not usable:
        raise _denied()
    _level, limits = limits_of(category, call.get("PerformanceLevel"), "PerformanceLevel")
    least, most = _range(disk, limits)
    if not least <= disk["Size"] <= most:
        raise _does_not_match()
    return t.cast(str, category)


def _new_level(call: Call, disk: Record, category: str) -> Record:
    levels = catalogue.disk_categories()[category]
    if "" in levels:
        if call.get("PerformanceLevel"):
            raise _denied()
        return {"PerformanceLevel": "", "_IOPS": levels[""].iops}
    same = category == disk["Category"]
    level = call.get("PerformanceLevel") or (disk["PerformanceLevel"] if same else catalogue.default_level(category))
    if level not in levels:
        message = "The specified parameter PerformanceLevel is not valid."
        raise ApiError("InvalidPerformanceLevel.Malformed", 400, message)
    lower = same and level < disk["PerformanceLevel"]
    if lower and (level == "PL0" or charge_type(disk) == "PrePaid"):
        raise _denied()
    least, most = _range(disk, levels[level])
    if not least <= disk["Size"] <= most:
        raise _does_not_match()
    return {"PerformanceLevel": level, "_IOPS": levels[level].iops}


@ecs("ModifyDiskAttribute")
def modify_disk_attribute(call: Call) -> None:
    one, several = call.get("DiskId"), call.get("DiskIds") or []
    if one and several:
        raise ApiError("InvalidParameter.Conflict", 400, "DiskId and DiskIds exclude each other.")
    if not one and not several:
        raise ApiError("IncompleteParamter", 400, "Some fields can not be null in this request.")
    flags = ("DeleteWithInstance", "DeleteAutoSnapshot", "EnableAutoSnapshot", "BurstingEnabled")
    changes: Record = {name: call.params[name] for name in flags if call.get(name) is not None}
    if call.get("DiskName") not in (None, ""):
        check_name(call.params["DiskName"], "InvalidDiskName.Malformed", "DiskName")
        changes["DiskName"] = call.params["DiskName"]
    if call.get("Description") is not None:
        changes["Description"] = check_text(call, "Description", "InvalidDescription.Malformed", 2, 256) or ""
    if not changes:
        raise ApiError("NoAttributeToModify", 400, "No attribute to be modified in this request.")
    for disk in [get_one(call, "disk", disk_id) for disk_id in ([one] if one else several)]:
        if changes.get("DeleteWithInstance") is False and disk["Category"] == "cloud" and not portable(disk):
            raise ApiError("DiskNotPortable", 403, "The specified disk is not a portable disk.")
        save(call, "disk", disk["DiskId"], {**disk, **changes})


# -- what they need


def _check_state(call: Call, disk: Record) -> Record | None:
    """The instance that a disk is attached to.

    :raises ApiError: the disk or the instance is in the middle of something.
    """
    if disk["Status"] not in ("In_use", "Available"):
        raise wrong_status()
    check_no_snapshot(call, disk)
    instance = find_one(call, "instance", disk["InstanceId"]) if disk["InstanceId"] else None
    if instance is not None and instance["Status"] not in ("Running", "Stopped"):
        message = "The current status of the resource does not support this operation."
        raise ApiError("IncorrectInstanceStatus", 403, message)
    return instance


def _range(disk: Record, limits: DiskLimits) -> tuple[int, int]:
    return limits.system if disk["Type"] == "system" else limits.data


def _order(call: Call, disk: Record) -> t.Any:
    """The order that changes a subscription disk; the answer has none for another."""
    return str(call.store.next_number("order")) if charge_type(disk) == "PrePaid" else ABSENT


def _denied() -> ApiError:
    return ApiError("OperationDenied", 403, "The type of the disk does not support the operation.")


def _does_not_match() -> ApiError:
    message = "The specified PerformanceLevel and disk size do not match."
    return ApiError("OperationDenied.PerformanceLevelNotMatch", 403, message)
