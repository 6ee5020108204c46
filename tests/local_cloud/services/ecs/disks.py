# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks: made with their instance, listed, replaced.

Apart from instances: ``data_disks.py``; larger or faster: ``disk_changes.py``.
"""

from __future__ import annotations

import secrets
import typing as t

from local_cloud import catalogue
from local_cloud.catalogue import DiskLimits, InstanceType
from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import (
    Record,
    dry_run,
    ecs,
    find_all,
    fits,
    get_one,
    has_tags,
    invalid,
    json_list,
    missing,
    new_record,
    page_walked,
    save,
    seconds_text,
    shown_tags,
)
from local_cloud.services.ecs.images import usable_image
from local_cloud.services.ecs.key_use import DISK_ROLE, IMAGE_ROLE, SNAPSHOT_ROLE, inherited, require_key
from local_cloud.services.ecs.trusted import kms_enabled
from local_cloud.texts import digits


def system_disk(call: Call, instance_type: InstanceType, image: Record, request: Record) -> Record:
    """The checked system disk of a request: Category, PerformanceLevel, Size and the like.

    :param request: ``SystemDisk`` of the request.
    :raises ApiError: as documented for the field.
    """
    category = request.get("Category") or _default_category(instance_type)
    if category not in catalogue.disk_categories():
        raise ApiError(
            "InvalidSystemDiskCategory.ValueNotSupported",
            400,
            "The specified parameter SystemDisk.Category is not valid.",
        )
    level, limits = limits_of(category, request.get("PerformanceLevel"), "SystemDisk.PerformanceLevel")
    if category not in instance_type.disks:
        raise ApiError(
            "InvalidInstanceType.NotSupportDiskCategory",
            403,
            "The instanceType of the specified instance does not support this disk category.",
        )
    least, most = limits.system
    size = _number(request.get("Size"), max(40, image["Size"], least))
    if size is None or size < 1:
        raise ApiError(
            "InvalidSystemDiskSize.ValueNotSupported", 400, "The specified parameter SystemDisk.Size is invalid."
        )
    for wrong, code, message in (
        (size < image["Size"], "LessThanImageSize", "is less than image size."),
        (size < least, "LessThanMinSize", f"is less than the minimum size: {least}."),
        (size > most, "MoreThanMaxSize", f"exceeds the maximum size: {most}."),
    ):
        if wrong:
            raise ApiError(f"InvalidSystemDiskSize.{code}", 404, f"The specified parameter SystemDisk.Size {message}")
    return {
        "Type": "system",
        "Category": category,
        "PerformanceLevel": level,
        "Size": size,
        "DiskName": request.get("DiskName") or "",
        "Description": request.get("Description") or "",
        "Device": "/dev/xvda",
        "DeleteWithInstance": True,
        **encryption_from(call, request, image_key(image), IMAGE_ROLE),
        "_IOPS": limits.iops,
    }


def data_disk(call: Call, instance_type: InstanceType, request: Record, number: int) -> Record:
    """A checked data disk of a request (``DataDisk.N``).

    :raises ApiError: as documented for the field.
    """
    category = request.get("Category") or _default_category(instance_type)
    if category not in catalogue.disk_categories():
        raise ApiError(
            "InvalidDataDiskCategory.ValueNotSupported",
            400,
            "The specified parameter DataDisk.n.Category is not valid.",
        )
    if category not in instance_type.disks:
        raise ApiError(
            "InvalidInstanceType.NotSupportDiskCategory",
            403,
            "The instanceType of the specified instance does not support this disk category.",
        )
    level, limits = limits_of(category, request.get("PerformanceLevel"), f"DataDisk.{number}.PerformanceLevel")
    snapshot = get_one(call, "snapshot", request["SnapshotId"]) if request.get("SnapshotId") else None
    least, most = limits.data
    size = _number(request.get("Size"), int(snapshot["SourceDiskSize"]) if snapshot else None)
    if size is None or not max(least, int(snapshot["SourceDiskSize"]) if snapshot else 0) <= size <= most:
        raise ApiError(
            "InvalidDataDiskSize.ValueNotSupported",
            400,
            f"The specified DataDisk.{number}.Size is not valid: {least} to {most} GiB for this category.",
        )
    return {
        "Type": "data",
        "Category": category,
        "PerformanceLevel": level,
        "Size": size,
        "DiskName": request.get("DiskName") or "",
        "Description": request.get("Description") or "",
        "Device": f"/dev/xvd{chr(ord('a') + number)}",
        "DeleteWithInstance": request.get("DeleteWithInstance") is not False,
        "SourceSnapshotId": request.get("SnapshotId") or "",
        **encryption_from(call, request, snapshot and snapshot_key(snapshot), SNAPSHOT_ROLE),
        "_IOPS": limits.iops,
    }


def _default_category(instance_type: InstanceType) -> str:
    """Newer types don't take the old default."""
    return "cloud_efficiency" if "cloud_efficiency" in instance_type.disks else "cloud_essd"


def limits_of(category: str, level: str | None, parameter: str) -> tuple[str, DiskLimits]:
    """The performance level of a disk, empty in a category without levels, and its limits.

    :raises ApiError: no such level.
    """
    levels = catalogue.disk_categories()[category]
    level = level or catalogue.default_level(category)
    if "" in levels:  # no levels in this category: the parameter has no effect
        return "", levels[""]
    if level not in levels:
        raise invalid(parameter, f"Expected one of {', '.join(levels)}.")
    return level, levels[level]


def _number(value: object, default: int | None) -> int | None:
    if value in (None, ""):
        return default
    return digits(value)


def encryption(call: Call, request: Record) -> Record:
    """Encrypted and KMSKeyId of a disk or an image, the key checked.

    :raises ApiError: KMS off, unknown key, key not usable, or ECS not allowed to use it.
    """
    encrypted, key_id = str(request.get("Encrypted") or "").lower() == "true", request.get("KMSKeyId") or ""
    if key_id and not encrypted:
        raise ApiError("InvalidParameter.EncryptedIllegal", 400, "The value of parameter Encrypted is illegal.")
    if not encrypted:
        return {"Encrypted": False, "KMSKeyId": ""}
    if not kms_enabled(call):
        raise ApiError(
            "InvalidParameter.KMSKeyId.KMSUnauthorized", 403, "ECS service have no right to access your KMS."
        )
    service = call.store.get("kms_alias", f"{call.account_id}/{call.region}/alias/acs/ecs") or {}
    if not key_id:
        return {"Encrypted": True, "KMSKeyId": service.get("KeyId", "")}
    key = call.store.get("kms_key", key_id)
    if key is None or key.get("AccountId") != call.account_id:
        raise ApiError("InvalidParameter.KMSKeyId.NotFound", 404, "The specified parameter KMSKeyId is not found.")
    if key_id != service.get("KeyId"):
        require_key(call, key_id, DISK_ROLE, call.account_id)
    return {"Encrypted": True, "KMSKeyId": key_id}


def encryption_from(call: Call, request: Record, source: Record | None, role_name: str) -> Record:
    """As :func:`encryption`; what an encrypted image or snapshot holds is decrypted, and stays encrypted."""
    own = encryption(call, request)
    theirs = inherited(call, source, role_name) if source else own
    return own if own["Encrypted"] else theirs


def image_key(image: Record) -> Record:
    """Who encrypted an image, and with which key."""
    key = {"Encrypted": bool(image.get("_Encrypted")), "KMSKeyId": image.get("_KMSKeyId", "")}
    return {"AccountId": image["AccountId"], **key}


def snapshot_key(snapshot: Record) -> Record:
    """Who encrypted a snapshot, and with which key."""
    owner = snapshot.get("_OwnerId") or snapshot["AccountId"]
    return {"AccountId": owner, **{name: snapshot[name] for name in ("Encrypted", "KMSKeyId")}}


def new_disk(call: Call, instance: Record, disk: Record) -> str:
    """Attach a new disk to a new instance; returns its id."""
    record = disk_record(
        call,
        ZoneId=instance["ZoneId"],
        Tags=instance["Tags"],
        DiskChargeType=instance["InstanceChargeType"],
        Portable=disk["Type"] == "data" and instance["InstanceChargeType"] == "PostPaid",
        **disk,
    )
    now = record["CreationTime"]
    record.update({"InstanceId": instance["InstanceId"], "Status": "In_use", "AttachedTime": now})
    record["ImageId"] = instance["ImageId"] if disk["Type"] == "system" else ""
    save(call, "disk", record["DiskId"], record)
    return t.cast(str, record["DiskId"])


def disk_record(call: Call, **fields: t.Any) -> Record:
    """A new disk that is attached to nothing, not saved."""
    return new_record(
        call,
        DiskId=call.store.new_id("d-"),
        CreationTime=seconds_text(call),
        SerialNumber=secrets.token_hex(10),
        **{"InstanceId": "", "ImageId": "", "Device": "", "AttachedTime": "", "DetachedTime": "", **fields},
    )


def portable(disk: Record) -> bool:
    """Whether a disk can be detached (records of older versions don't say)."""
    return bool(disk.get("Portable", disk["Type"] == "data"))


def charge_type(disk: Record) -> str:
    """How a disk is paid for (records of older versions don't say)."""
    return str(disk.get("DiskChargeType", "PostPaid"))


@ecs("DescribeDisks")
def describe_disks(call: Call) -> Record:
    dry_run(call)
    ids = json_list(call, "DiskIds")
    wanted_type, status = call.get("DiskType") or "all", call.get("Status") or "All"

    def fits_all(disk: Record) -> bool:
        return (
            (not ids or disk["DiskId"] in ids)
            and wanted_type in ("all", disk["Type"])
            and status in ("All", disk["Status"])
            and fits(call, disk, ("InstanceId", "Category", "KMSKeyId", "ZoneId"), ("DiskName",))
            and (call.get("Encrypted") is None or call.get("Encrypted") == disk["Encrypted"])
            and (call.get("DeleteWithInstance") is None or call.get("DeleteWithInstance") == disk["DeleteWithInstance"])
            and call.get("SnapshotId") in (None, "", disk.get("SourceSnapshotId"))
            and has_tags(call, disk)
        )

    page = page_walked(call, "disk", fits_all, most=500)
    return {"Disks": {"Disk": [_shown(call, disk) for disk in page.items]}, **page.about}


def _shown(call: Call, disk: Record) -> Record:
    same = (
        "DiskId DiskName Description Type Category PerformanceLevel Size Status InstanceId Device Encrypted KMSKeyId"
        " ImageId DeleteWithInstance RegionId ZoneId CreationTime AttachedTime DetachedTime SerialNumber"
    )
    attachment = {key: disk[key] for key in ("InstanceId", "Device", "AttachedTime")}
    attached = [attachment] if disk["InstanceId"] else []
    return {
        **{key: disk[key] for key in same.split()},
        "SourceSnapshotId": disk.get("SourceSnapshotId", ""),
        "DeleteAutoSnapshot": disk.get("DeleteAutoSnapshot", True),
        "EnableAutoSnapshot": disk.get("EnableAutoSnapshot", True),
        "Portable": portable(disk),
        "DiskChargeType": charge_type(disk),
        "ResourceGroupId": disk.get("ResourceGroupId", ""),
        "BurstingEnabled": disk.get("BurstingEnabled", False),
        "ProvisionedIops": disk.get("ProvisionedIops", 0),
        "ExpiredTime": "2999-09-08T16:00Z",
        "IOPS": disk["_IOPS"],
        "MultiAttach": "Disabled",
        "Attachments": {"Attachment": attached},
        "MountInstances": {"MountInstance": attached},
        "MountInstanceNum": len(attached),
        "Tags": {"Tag": shown_tags(call, disk)},
    }


@ecs("ReplaceSystemDisk")
def replace_system_disk(call: Call) -> Record:
    instance = get_one(call, "instance", call.params["InstanceId"])
    if instance["Status"] != "Stopped":
        raise ApiError(
            "IncorrectInstanceStatus", 403, "The current status of the resource does not support this operation."
        )
    if not call.get("ImageId"):
        raise missing("ImageId")
    instance_type = catalogue.instance_types()[instance["InstanceType"]]
    image = usable_image(call, call.params["ImageId"], instance_type)
    if instance["_Trusted"] and not image["_Trusted"]:
        raise ApiError(
            "ImageNotSupportInstanceType", 403, "The specified image does not support the specified InstanceType."
        )
    old = next(d for d in find_all(call, "disk", InstanceId=instance["InstanceId"]) if d["Type"] == "system")
    same = {key: old[key] for key in ("Category", "PerformanceLevel")}
    request = {**same, **(call.get("SystemDisk") or {})}
    request.setdefault("Size", str(max(old["Size"], image["Size"])))
    if call.get("Encrypted"):
        request.update({"Encrypted": "true", "KMSKeyId": call.get("KMSKeyId")})
    disk = system_disk(call, instance_type, image, request)
    call.store.delete("disk", old["DiskId"])
    instance.update({"ImageId": image["ImageId"], **{key: image[key] for key in ("OSName", "OSNameEn", "OSType")}})
    save(call, "instance", instance["InstanceId"], instance)
    return {"DiskId": new_disk(call, instance, disk)}
