# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations on tags from before TagResources, which older clients use: one resource at a time."""

from __future__ import annotations

from collections import Counter

from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import (
    Record,
    ecs,
    find_all,
    find_one,
    has_tags,
    page_numbered,
    request_tags,
    required,
    save,
    shown_tags,
)
from local_cloud.services.ecs.tags import add_tags

#: resource type -> kind of record, key of its id, its name among the counts of DescribeTags
_KINDS = {
    "disk": ("disk", "DiskId", "Disk"),
    "instance": ("instance", "InstanceId", "Instance"),
    "image": ("image", "ImageId", "Image"),
    "securitygroup": ("security_group", "SecurityGroupId", "Securitygroup"),
    "snapshot": ("snapshot", "SnapshotId", "Snapshot"),
}


def _kind(name: str) -> tuple[str, str, str]:
    if name not in _KINDS:
        raise ApiError("InvalidResourceType.NotFound", 404, "The ResourceType provided does not exist in our records.")
    return _KINDS[name]


def _resource(call: Call) -> tuple[str, str, Record]:
    """Kind, id and record of the resource that the request names.

    :raises ApiError: no such type or resource.
    """
    required(call, "ResourceType", "ResourceId")
    kind, _id_key, _name = _kind(call.params["ResourceType"])
    record = find_one(call, kind, call.params["ResourceId"])
    if record is None:
        raise ApiError("InvalidResourceId.NotFound", 404, "The specified ResourceId is not found in our records.")
    return kind, call.params["ResourceId"], record


def _given(call: Call) -> list[Record]:
    if not 1 <= len(call.get("Tag") or ()) <= 20:
        raise ApiError("InvalidTagCount", 400, "The specified tags are beyond the permitted range: 1 to 20.")
    return request_tags(call)


@ecs("AddTags")
def add(call: Call) -> None:
    resource = _resource(call)
    add_tags(call, [resource], _given(call))


@ecs("RemoveTags")
def remove(call: Call) -> None:
    kind, record_id, record = _resource(call)
    keys = {tag["TagKey"] for tag in _given(call)}
    kept = [tag for tag in record.get("Tags", ()) if tag["TagKey"] not in keys]
    save(call, kind, record_id, {**record, "Tags": kept})


@ecs("DescribeTags")
def describe(call: Call) -> Record:
    wanted = [call.params["ResourceType"]] if call.get("ResourceType") else list(_KINDS)
    counts: dict[tuple[str, str], Counter[str]] = {}
    for kind, id_key, name in map(_kind, wanted):
        for record in find_all(call, kind, lagged=True):
            if call.get("ResourceId") not in (None, "", record[id_key]):
                continue
            for tag in shown_tags(call, record):
                if has_tags(call, {"Tags": [tag]}) or not call.get("Tag"):
                    counts.setdefault((tag["TagKey"], tag["TagValue"]), Counter())[name] += 1
    tags = [{"TagKey": key, "TagValue": value, "ResourceTypeCount": dict(n)} for (key, value), n in counts.items()]
    page = page_numbered(call, tags, default=50)
    return {"Tags": {"Tag": page.items}, **page.about}
