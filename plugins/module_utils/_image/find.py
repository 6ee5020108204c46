# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding snapshots and images, by ID or by name, as this collection shows them. Private.

In check mode, what earlier tasks would have made is found too, and what they would have deleted or changed is not there
as it is.
"""

from __future__ import annotations

import typing as t

from .._cloud import foretold
from .._cloud.door import Cloud, chunks, json_list
from . import shape
from .shape import Item, Shape

SNAPSHOT, IMAGE = "snapshot", "image"
#: All that an image can be; DescribeImages tells only of those that are Available without it.
EVERY_STATUS = "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated"
_IDS_PER_CALL = 100
_IMAGE_IDS_PER_CALL = 20


def snapshots(cloud: Cloud, ids: t.Collection[str] | None = None, **query: t.Any) -> list[Shape]:
    """The snapshots of the region that fit, the oldest first.

    :param ids: None means all; what a check run has made up is found, too
    :param query: parameters of DescribeSnapshots
    """
    return _as_foretold(cloud, SNAPSHOT, [shape.snapshot(one) for one in _items(cloud, ids, query)], ids, query)


def images(cloud: Cloud, ids: t.Collection[str] | None = None, *, owner: str = "self", **query: t.Any) -> list[Shape]:
    """The images of the region that fit, the oldest first.

    :param ids: None means all; what a check run has made up is found, too
    :param owner: whose, in the API's word; C(None) where those of all owners count
    :param query: parameters of DescribeImages
    """
    asked: list[dict[str, t.Any]] = [{**query, "Status": EVERY_STATUS, **({"ImageOwnerAlias": owner} if owner else {})}]
    if ids is not None:
        real = sorted({one for one in ids if not foretold.is_id(one)})
        asked = [{**asked[0], "ImageId": ",".join(part)} for part in chunks(real, _IMAGE_IDS_PER_CALL)]
    items = [item for one in asked for item in cloud.pages("ecs", "DescribeImages", one)]
    keyed = [snapshot_id for item in items for snapshot_id in _encrypted(item)]
    of = _items(cloud, keyed, {}) if keyed else []
    found = [shape.image(item, of) for item in items if ids is None or item["ImageId"] in ids]
    return _as_foretold(cloud, IMAGE, found, ids, query)


def named(things: t.Iterable[Shape], name: str) -> list[Shape]:
    """Those that have exactly this name: the API also finds parts of names."""
    return [one for one in things if one["name"] == name]


def _encrypted(item: Item) -> list[str]:
    made = shape.image(item)
    return list(made["snapshot_ids"]) if made["encrypted"] else []


def _items(cloud: Cloud, ids: t.Collection[str] | None, query: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    asked = [query]
    if ids is not None:
        real = sorted({one for one in ids if not foretold.is_id(one)})
        asked = [{**query, "SnapshotIds": json_list(part)} for part in chunks(real, _IDS_PER_CALL)]
    return [item for one in asked for item in cloud.pages("ecs", "DescribeSnapshots", one)]


def _as_foretold(
    cloud: Cloud, kind: str, there: list[Shape], ids: t.Collection[str] | None, query: t.Mapping[str, t.Any]
) -> list[Shape]:
    key = f"{kind}_id"
    name = query.get("SnapshotName") or query.get("ImageName")
    made = {
        one["id"]: {**one["thing"], key: one["id"]}
        for one in cloud.foretold.all_of(kind)
        if (ids is None or one["id"] in ids) and name in (None, one["name"])
    }
    staying = [one for one in there if one[key] not in made and not cloud.foretold.is_gone(kind, one[key])]
    return sorted([*staying, *made.values()], key=lambda one: (one["creation_time"], one[key]))
