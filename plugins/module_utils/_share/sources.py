# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shared: images and snapshots, whether they are encrypted, and with which keys. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cloud.door import Cloud, json_list
from .._cloud.errors import UnexpectedState
from .._cloud.foretold import is_id
from .._core import tags
from .._kms.share_role import service_key_id

_EVERY_STATUS = "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated"


@dataclass(frozen=True)
class Source:
    """An image or a snapshot of the account.

    :ivar status: as ECS says
    :ivar key_ids: the CMKs that it is encrypted with, as far as they can be read
    :ivar service_key: whether the service key of ECS is among its keys
    :ivar tags: read of images only
    """

    kind: t.Literal["image", "snapshot"]
    id: str
    status: str
    encrypted: bool
    key_ids: tuple[str, ...] = ()
    service_key: bool = False
    tags: t.Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


def read_image(cloud: Cloud, image_id: str) -> Source:
    """:raises UnexpectedState: the account has no such image in the region"""
    if foretold := cloud.foretold.find("image", image_id):
        thing = foretold["thing"]
        keys = tuple(thing["kms_key_ids"])
        only_service = thing["encrypted"] and not keys
        return Source("image", image_id, thing["status"], thing["encrypted"], keys, only_service, thing["tags"])
    found = cloud.pages("ecs", "DescribeImages", ImageId=image_id, Status=_EVERY_STATUS)
    image = next((one for one in found if one.get("ImageId") == image_id), None)
    if image is None or image.get("ImageOwnerAlias") != "self":
        what = "There is no image" if image is None else "The account does not own the image"
        raise UnexpectedState(
            f"{what} {image_id} in the region {cloud.region}.", hint="Only custom images of the account can be shared."
        )
    mappings = (image.get("DiskDeviceMappings") or {}).get("DiskDeviceMapping") or []
    encrypted = any(one.get("Encrypted") for one in mappings)
    ids = [str(one["SnapshotId"]) for one in mappings if one.get("SnapshotId")]
    snapshots = _describe(cloud, ids) if encrypted else []
    keys, service_key = _keys(cloud, snapshots)
    labels = tags.from_api((image.get("Tags") or {}).get("Tag"))
    return Source("image", image_id, str(image.get("Status") or ""), encrypted, keys, service_key, labels)


def read_snapshots(cloud: Cloud, snapshot_ids: t.Sequence[str]) -> list[Source]:
    """:raises UnexpectedState: naming those that the account does not have in the region"""
    found = find_snapshots(cloud, snapshot_ids)
    there = [one.id for one in found]
    missing = [one for one in snapshot_ids if one not in there]
    if missing:
        raise UnexpectedState(
            f"There is no snapshot {', '.join(missing)} in the region {cloud.region}.",
            hint="Check snapshot_ids and region.",
        )
    return found


def find_snapshots(cloud: Cloud, snapshot_ids: t.Sequence[str]) -> list[Source]:
    """Those of the snapshots that the account has in the region."""
    real = [one for one in snapshot_ids if not is_id(one)]
    found = {str(one["SnapshotId"]): one for one in _describe(cloud, real)}
    sources = []
    for snapshot_id in snapshot_ids:
        if is_id(snapshot_id) and (foretold := cloud.foretold.find("snapshot", snapshot_id)):
            thing = foretold["thing"]
            own = (thing["kms_key_id"],) if thing["kms_key_id"] else ()
            only_service = thing["encrypted"] and not own
            sources.append(Source("snapshot", snapshot_id, thing["status"], thing["encrypted"], own, only_service))
        if snapshot_id not in found:
            continue
        snapshot = found[snapshot_id]
        keys, service_key = _keys(cloud, [snapshot])
        encrypted, status = bool(snapshot.get("Encrypted")), str(snapshot.get("Status") or "")
        sources.append(Source("snapshot", snapshot_id, status, encrypted, keys, service_key))
    return sources


def shown(source: Source) -> dict[str, t.Any]:
    """A source as C(encrypted_share_info) returns it."""
    return {
        "kind": source.kind,
        "id": source.id,
        "status": source.status,
        "encrypted": source.encrypted,
        "kms_key_ids": list(source.key_ids),
        "service_key": source.service_key,
    }


def _describe(cloud: Cloud, snapshot_ids: t.Sequence[str]) -> list[dict[str, t.Any]]:
    return cloud.pages("ecs", "DescribeSnapshots", SnapshotIds=json_list(snapshot_ids)) if snapshot_ids else []


def _keys(cloud: Cloud, snapshots: t.Iterable[dict[str, t.Any]]) -> tuple[tuple[str, ...], bool]:
    """The CMKs of encrypted snapshots, and whether the service key is used by any."""
    used = list(dict.fromkeys(str(one.get("KMSKeyId") or "") for one in snapshots if one.get("Encrypted")))
    if not used:
        return (), False
    service_key = service_key_id(cloud)
    own = tuple(key for key in used if key not in ("", service_key))
    return own, len(own) < len(used)
