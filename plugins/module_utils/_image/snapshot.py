# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A snapshot of a disk, or a copy of a snapshot. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import json_list
from .._cloud.errors import InvalidInput
from .._cloud.foretold import is_id
from .._core import tags as tags_of
from . import find, planner, stored
from .shape import Shape

SPEC: dict[str, dict[str, t.Any]] = {
    **stored.SPEC,
    "snapshot_id": {"type": "str"},
    "disk_id": {"type": "str"},
    "source_snapshot_id": {"type": "str"},
    "retention_days": {"type": "int"},
}
CONSTRAINTS: dict[str, t.Any] = {
    "required_one_of": [("name", "snapshot_id")],
    "mutually_exclusive": [("name", "snapshot_id"), ("disk_id", "source_snapshot_id")],
}
_LONGEST = 65536


class Snapshot(stored.Stored):
    """One snapshot."""

    kind = planner.SNAPSHOT
    blocked = ("SnapshotCreatedImage", "SnapshotCreatedDisk")
    mend = "Delete the images first, with alitrust.ecs.image. That disks were made of it, force: true overlooks."

    def validate(self) -> None:
        days = self.options["retention_days"]
        if days is not None and not 1 <= days <= _LONGEST:
            raise InvalidInput(f"retention_days is {days}; expected 1 to {_LONGEST}.")
        super().validate()

    def _read(self, ids: t.Collection[str] | None = None, name: str | None = None) -> list[Shape]:
        if ids is not None:
            return find.snapshots(self.cloud, ids)
        return find.named(find.snapshots(self.cloud, SnapshotName=name), str(name))

    def _users(self) -> t.Iterator[tuple[str, list[str]]]:
        if is_id(self._id):
            return
        images = find.images(self.cloud, SnapshotId=self._id)
        yield "image", [one["image_id"] for one in images if self._id in one["snapshot_ids"]]
        if not self.options["force"]:
            disks = self.cloud.pages("ecs", "DescribeDisks", SnapshotId=self._id)
            yield "disk", [str(one["DiskId"]) for one in disks if one.get("SourceSnapshotId") == self._id]

    def _check_source(self) -> None:
        source, door = self._source_id, self._source
        if self.desired.copies:
            found = next(iter(find.snapshots(door, [source])), None)
            if found is None:
                raise stored.there_is_no(door, "snapshot", source, "source_snapshot_id")
            if found["status"] != self.kind.ready:
                raise stored.not_usable("snapshot", source, found["status"], self.kind.ready)
        elif not is_id(source) and not self.cloud.pages("ecs", "DescribeDisks", DiskIds=json_list([source])):
            raise stored.there_is_no(self.cloud, "disk", source, "disk_id")

    def _request(self, labels: dict[str, str], *, copy: bool) -> str:
        common = {"RetentionDays": self.options["retention_days"], "Tag": tags_of.to_api(labels)}
        if not copy:
            what = {"DiskId": self._source_id, "SnapshotName": self.desired.name}
            answer = self.cloud.call(
                "ecs", "CreateSnapshot", what, Description=self.desired.description or None, **common
            )
            return str(answer["SnapshotId"])
        what = {"SnapshotId": self._source_id, "DestinationRegionId": self.cloud.region}
        answer = self._source.call(
            "ecs",
            "CopySnapshot",
            what,
            DestinationSnapshotName=self.desired.name,
            DestinationSnapshotDescription=self.desired.words,
            **self._encryption(),
            **common,
        )
        return str(answer["SnapshotId"])

    def _modify(self, changes: dict[str, t.Any]) -> None:
        request = {"Description": changes.get("description"), "RetentionDays": changes.get("retention_days")}
        self.cloud.call("ecs", "ModifySnapshotAttribute", request, SnapshotId=self._id)

    def _delete_it(self) -> None:
        self.cloud.call("ecs", "DeleteSnapshot", SnapshotId=self._id, Force=self.options["force"] or None)

    def _unborn(self) -> Shape:
        return {
            "disk_type": "",
            "size": 0,
            "disk_id": "" if self.desired.copies else self._source_id,
            "source_snapshot_id": self._source_id if self.desired.copies else "",
            "source_region": self._source.region if self.desired.copies else "",
            "encrypted": bool(self.desired.encrypted),
            "kms_key_id": self.desired.kms_key_id or "",
            "status": self.kind.ready,
            "usage": "none",
        }
