# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading snapshots and images. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._core import naming, tags
from .._core.summary import counted
from . import find
from .shape import Shape

SNAPSHOT_SPEC: dict[str, dict[str, t.Any]] = {
    "names": {"type": "list", "elements": "str", "aliases": ["name"]},
    "snapshot_ids": {"type": "list", "elements": "str", "aliases": ["ids", "snapshot_id"]},
    "disk_id": {"type": "str"},
    "instance_id": {"type": "str"},
    "tags": {"type": "dict"},
}
IMAGE_SPEC: dict[str, dict[str, t.Any]] = {
    "names": {"type": "list", "elements": "str", "aliases": ["name"]},
    "image_ids": {"type": "list", "elements": "str", "aliases": ["ids", "image_id"]},
    "family": {"type": "str"},
    "owner": {"type": "str", "choices": ["self", "others", "system", "marketplace"], "default": "self"},
    "tags": {"type": "dict"},
}
Options = dict[str, t.Any]


def read_snapshots(cloud: Cloud, options: Options) -> dict[str, t.Any]:
    """The snapshots that match every filter given, sorted by name."""
    naming.check_each(naming.SNAPSHOT, "names", options["names"])
    naming.check_instance_ids([options["instance_id"]] if options["instance_id"] else None, "instance_id")
    query = {"DiskId": options["disk_id"], "InstanceId": options["instance_id"]}
    found = find.snapshots(cloud, options["snapshot_ids"], **{key: value for key, value in query.items() if value})
    disk_id = options["disk_id"]
    found = [one for one in _fitting(found, options) if disk_id in (None, one["disk_id"])]
    return {"snapshots": found, "summary": counted(len(found), "snapshots")}


def read_images(cloud: Cloud, options: Options) -> dict[str, t.Any]:
    """The images that match every filter given, sorted by name."""
    family = options["family"]
    query = {"ImageFamily": family} if family else {}
    found = find.images(cloud, options["image_ids"], owner=options["owner"], **query)
    found = [one for one in _fitting(found, options) if family in (None, one["family"])]
    return {"images": found, "summary": counted(len(found), "images")}


def _fitting(found: list[Shape], options: Options) -> list[Shape]:
    """Those with one of the names and all tags, sorted by name."""
    names, wanted = options["names"], options["tags"] or {}
    tags.check(wanted)
    asked = {key: tags.text(value) for key, value in wanted.items()}
    fitting = [one for one in found if (names is None or one["name"] in names) and asked.items() <= one["tags"].items()]
    return sorted(fitting, key=lambda one: (one["name"], one["creation_time"]))
