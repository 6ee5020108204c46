# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A custom image: of an instance, of a snapshot, or a copy of another image. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import json_list
from .._cloud.errors import UnexpectedState
from .._cloud.foretold import is_id
from .._cloud.writes import DOUBT
from .._core import naming
from .._core import tags as tags_of
from .._core.waiter import seen_within
from . import find, planner, stored
from .planner import Actual
from .shape import Shape

SPEC: dict[str, dict[str, t.Any]] = {
    **stored.SPEC,
    "image_id": {"type": "str"},
    "instance_id": {"type": "str"},
    "snapshot_id": {"type": "str"},
    "source_image_id": {"type": "str"},
    "family": {"type": "str"},
}
CONSTRAINTS: dict[str, t.Any] = {
    "required_one_of": [("name", "image_id")],
    "mutually_exclusive": [
        ("name", "image_id"),
        ("instance_id", "snapshot_id", "source_image_id"),
        ("family", "source_image_id"),
    ],
}
_AT_REST = ("Running", "Stopped")


class Image(stored.Stored):
    """One custom image."""

    kind = planner.IMAGE
    blocked = ("ImageUsed", "ImageUseShared")
    mend = (
        "Stop sharing it with alitrust.ecs.encrypted_share and state: absent. That instances were made of it, "
        "force: true overlooks."
    )

    def validate(self) -> None:
        naming.check(naming.IMAGE_FAMILY, "family", self.options["family"])
        naming.check_instance_ids([self.options["instance_id"]] if self.options["instance_id"] else None, "instance_id")
        super().validate()

    def _thing(self) -> Shape | None:
        thing = super()._thing()
        if thing is not None and thing["owner"] not in ("self", ""):
            raise UnexpectedState(
                f"The image {thing['image_id']} is not the account's own ({thing['owner']}).",
                hint="Only custom images of the account can be changed or deleted.",
            )
        return thing

    def _read(self, ids: t.Collection[str] | None = None, name: str | None = None) -> list[Shape]:
        if ids is not None:
            return find.images(self.cloud, ids, owner="")
        return find.named(find.images(self.cloud, ImageName=name), str(name))

    def _users(self) -> t.Iterator[tuple[str, list[str]]]:
        if is_id(self._id):
            return
        if not self.options["force"]:
            found = [str(one["InstanceId"]) for one in self.cloud.pages("ecs", "DescribeInstances", ImageId=self._id)]
            yield "instance", self.cloud.foretold.staying("instance", found)
        items = self.cloud.pages("ecs", "DescribeImageSharePermission", ImageId=self._id)
        yield "account that it is shared with", [str(one["AliyunId"]) for one in items]

    def _check_source(self) -> None:
        option, source = t.cast("tuple[str, str]", self.desired.source)
        door = self._source
        if option == "instance_id":
            self._check_instance(source)
        elif option == "snapshot_id":
            found = next(iter(find.snapshots(door, [source])), None)
            if found is None:
                raise stored.there_is_no(door, "snapshot", source, option)
            if found["status"] != planner.SNAPSHOT.ready:
                raise stored.not_usable("snapshot", source, found["status"], planner.SNAPSHOT.ready)
            if found["disk_type"] == "data":
                raise UnexpectedState(f"The snapshot {source} is of a data disk; an image is made of a system disk.")
        else:
            image = next(iter(find.images(door, [source], owner="")), None)
            if image is None:
                raise stored.there_is_no(door, "image", source, option)
            if image["owner"] not in ("self", ""):
                raise UnexpectedState(f"The image {source} is not the account's own; only custom images are copied.")
            if image["status"] != self.kind.ready:
                raise stored.not_usable("image", source, image["status"], self.kind.ready)

    def _check_instance(self, instance_id: str) -> None:
        if is_id(instance_id):
            return
        seen = ""

        def at_rest() -> bool | None:
            nonlocal seen
            items = self.cloud.pages("ecs", "DescribeInstances", InstanceIds=json_list([instance_id]))
            seen = str(items[0].get("Status")) if items else ""
            return True if seen in _AT_REST or not seen else None

        # A read may be behind what an earlier task has seen.
        at_ease = seen_within(self.cloud, at_rest, DOUBT)
        if at_ease and seen:
            return
        if not seen:
            raise stored.there_is_no(self.cloud, "instance", instance_id, "instance_id")
        raise stored.not_usable("instance", instance_id, seen, " or ".join(_AT_REST))

    def _request(self, labels: dict[str, str], *, copy: bool) -> str:
        description = self.desired.description or None
        marks = tags_of.to_api(labels)
        if copy:
            what = {"ImageId": self._source_id, "DestinationRegionId": self.cloud.region}
            answer = self._source.call(
                "ecs",
                "CopyImage",
                what,
                DestinationImageName=self.desired.name,
                DestinationDescription=description,
                Tag=marks,
                **self._encryption(),
            )
            return str(answer["ImageId"])
        option, source = t.cast("tuple[str, str]", self.desired.source)
        key = "InstanceId" if option == "instance_id" else "SnapshotId"
        what = {key: source, "ImageName": str(self.desired.name)}
        family = self.desired.more
        answer = self.cloud.call("ecs", "CreateImage", what, Description=description, ImageFamily=family, Tag=marks)
        return str(answer["ImageId"])

    def _modify(self, changes: dict[str, t.Any]) -> None:
        request = {"Description": changes.get("description"), "ImageFamily": changes.get("family")}
        self.cloud.call("ecs", "ModifyImageAttribute", request, ImageId=self._id)

    def _delete_it(self) -> None:
        self.cloud.call("ecs", "DeleteImage", ImageId=self._id, Force=self.options["force"] or None)

    def _unborn(self) -> Shape:
        return {
            **dict.fromkeys(("os_name", "platform", "architecture", "boot_mode", "family"), ""),
            "size": 0,
            "snapshot_ids": [],
            "encrypted": bool(self.desired.encrypted),
            "kms_key_ids": [self.desired.kms_key_id] if self.desired.kms_key_id else [],
            "status": self.kind.ready,
            "owner": "self",
            "is_copy": self.desired.copies,
            "is_shared": False,
        }

    def _result(self, thing: Shape | None, actual: Actual) -> dict[str, t.Any]:
        left = actual.thing["snapshot_ids"] if thing is None and actual.thing else []
        return {"image": thing, **({"snapshot_ids": left} if left else {})}
