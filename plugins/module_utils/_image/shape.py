# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots and images in the form that people read. Private; pure functions."""

from __future__ import annotations

import typing as t

from .._core import tags

Item = t.Mapping[str, t.Any]
Shape = dict[str, t.Any]


def snapshot(item: Item) -> Shape:
    """From an item of DescribeSnapshots."""
    return {
        "snapshot_id": str(item["SnapshotId"]),
        "name": str(item.get("SnapshotName") or ""),
        "description": str(item.get("Description") or ""),
        "status": str(item.get("Status") or ""),
        "progress": str(item.get("Progress") or ""),
        "disk_id": str(item.get("SourceDiskId") or ""),
        "disk_type": str(item.get("SourceDiskType") or ""),
        "source_snapshot_id": str(item.get("SourceSnapshotId") or ""),
        "source_region": str(item.get("SourceRegionId") or ""),
        "size": int(item.get("SourceDiskSize") or 0),
        "encrypted": bool(item.get("Encrypted")),
        "kms_key_id": str(item.get("KMSKeyId") or ""),
        "usage": str(item.get("Usage") or "none"),
        "retention_days": int(item.get("RetentionDays") or 0),
        "creation_time": str(item.get("CreationTime") or ""),
        "tags": _tags(item),
    }


def image(item: Item, snapshots: t.Iterable[Item] = ()) -> Shape:
    """From an item of DescribeImages.

    :param snapshots: items of DescribeSnapshots, of those that it is made of; only they tell the keys
    """
    mappings = (item.get("DiskDeviceMappings") or {}).get("DiskDeviceMapping") or []
    ids = [str(one["SnapshotId"]) for one in mappings if one.get("SnapshotId")]
    own = [one for one in snapshots if str(one["SnapshotId"]) in ids and one.get("Encrypted")]
    return {
        "image_id": str(item["ImageId"]),
        "name": str(item.get("ImageName") or ""),
        "family": str(item.get("ImageFamily") or ""),
        "description": str(item.get("Description") or ""),
        "status": str(item.get("Status") or ""),
        "progress": str(item.get("Progress") or ""),
        "owner": str(item.get("ImageOwnerAlias") or ""),
        "os_name": str(item.get("OSNameEn") or item.get("OSName") or ""),
        "platform": str(item.get("Platform") or ""),
        "architecture": str(item.get("Architecture") or ""),
        "boot_mode": str(item.get("BootMode") or ""),
        "size": int(item.get("Size") or 0),
        "encrypted": any(str(one.get("Encrypted")).lower() == "true" for one in mappings),
        "kms_key_ids": sorted({str(one.get("KMSKeyId") or "") for one in own} - {""}),
        "snapshot_ids": ids,
        "is_copy": bool(item.get("IsCopied")),
        "is_shared": str(item.get("IsSelfShared") or "").lower() == "true",
        "creation_time": str(item.get("CreationTime") or ""),
        "tags": _tags(item),
    }


def _tags(item: Item) -> dict[str, str]:
    return tags.own(tags.from_api((item.get("Tags") or {}).get("Tag")))
