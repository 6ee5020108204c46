# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images and snapshots to share, encrypted or not, without the time that making them takes."""

from __future__ import annotations

import typing as t

from modules.harness import Modules

REGION = "cn-hangzhou"
ACCOUNT, PARTNER = "1234567890123456", "2345678901234567"
_TIME = "2026-01-01T00:00:00Z"


def key(modules: Modules, alias: str = "disks") -> str:
    """A CMK of the account, KMS switched on."""
    modules.run("kms_service")
    return str(modules.run("kms_key", alias=alias)["kms_key"]["key_id"])


def snapshot(modules: Modules, number: int = 0, key_id: str | None = None) -> str:
    """A snapshot of a data disk that is gone; encrypted when a key is given, and a blank one is the service key."""
    snapshot_id = f"s-bp1aaaaaaaaaaaaaaaaa{number}"
    data: dict[str, t.Any] = {
        "AccountId": ACCOUNT,
        "RegionId": REGION,
        "SnapshotId": snapshot_id,
        "SnapshotName": "",
        "Description": "",
        "Status": "accomplished",
        "Progress": "100%",
        "Available": True,
        "SourceDiskId": "d-gone",
        "SourceDiskType": "data",
        "SourceDiskSize": "40",
        "SourceStorageType": "cloud_essd",
        "Encrypted": key_id is not None,
        "KMSKeyId": key_id or "",
        "SnapshotType": "user",
        "CreationTime": _TIME,
        "LastModifiedTime": _TIME,
        "RetentionDays": 0,
        "SnapshotLinkId": "sl-gone",
        "Tags": [],
    }
    _put(modules, "snapshot", snapshot_id, data)
    return snapshot_id


def image(modules: Modules, key_id: str | None = None, accounts: t.Sequence[str] = (), number: int = 5) -> str:
    """A custom image that is shared with some accounts; encrypted as its snapshot."""
    image_id = f"m-bp1aaaaaaaaaaaaaaaaa{number}"
    data: dict[str, t.Any] = {
        "AccountId": ACCOUNT,
        "RegionId": REGION,
        "ImageId": image_id,
        "ImageName": f"golden-{number}",
        "ImageFamily": "",
        "ImageVersion": "",
        "Description": "",
        "OSName": "Linux",
        "OSNameEn": "Linux",
        "OSType": "linux",
        "Platform": "Others Linux",
        "Architecture": "x86_64",
        "BootMode": "UEFI",
        "Size": 20,
        "IsSupportCloudinit": True,
        "Status": "Available",
        "Progress": "100%",
        "CreationTime": _TIME,
        "Tags": [],
        "_Trusted": True,
        "_Shares": [{"AliyunId": account, "SharedTime": _TIME} for account in accounts],
        "_IsPublic": False,
        "_SnapshotIds": [snapshot(modules, number, key_id)],
        "_Encrypted": key_id is not None,
        "_KMSKeyId": key_id or "",
    }
    _put(modules, "image", image_id, data)
    return image_id


def _put(modules: Modules, kind: str, id: str, data: dict[str, t.Any]) -> None:
    modules.cloud.preload([{"kind": kind, "id": id, "region": REGION, "data": data}])
