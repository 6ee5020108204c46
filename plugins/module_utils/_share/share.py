# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of C(encrypted_share) and its info module, and what the latter reads. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput
from .._core import ownership, regions
from .._core.resource import Resource
from . import image, snapshots, sources

SPEC: dict[str, dict[str, t.Any]] = {
    "image_id": {"type": "str"},
    "snapshot_ids": {"type": "list", "elements": "str", "aliases": ["snapshot_id"]},
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent", "exact"], "default": "present"},
    "account_ids": {"type": "list", "elements": "str"},
    "resource_directory_ids": {"type": "list", "elements": "str", "aliases": ["resource_directory_id"]},
    "folder_paths": {"type": "list", "elements": "str", "aliases": ["folder_path"]},
    "allow_external": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
    **ownership.SPEC,
}
CONSTRAINTS: dict[str, t.Any] = {
    "mutually_exclusive": [("image_id", "snapshot_ids"), ("image_id", "name")],
    "required_one_of": [("image_id", "snapshot_ids", "name")],
}
INFO_SPEC: dict[str, dict[str, t.Any]] = {
    "image_ids": {"type": "list", "elements": "str", "aliases": ["image_id"]},
    "snapshot_ids": {"type": "list", "elements": "str", "aliases": ["snapshot_id"]},
    "regions": {"type": "list", "elements": "str"},
    "kinds": {"type": "list", "elements": "str", "choices": ["image", "snapshot"]},
}


def share_of(options: t.Mapping[str, t.Any]) -> type[Resource[t.Any]]:
    """What a task is about: the share of an image, or of snapshots."""
    return image.ImageShare if options["image_id"] else snapshots.SnapshotShare


def read_shares(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(encrypted_share_info) returns: the shares of these images and snapshots, or all of the regions.

    :raises InvalidInput: regions together with images or snapshots, which are in one region; kinds with single things
    """
    wanted = options["regions"]
    if wanted is None:
        return _read_region(cloud, options)
    for name in ("image_ids", "snapshot_ids"):
        if options[name] is not None:
            raise InvalidInput(f"{name} is about one region; leave out regions, and set region.")
    unread: dict[str, str] = {}
    if "all" in wanted:
        wanted, unread = regions.names(cloud)
    found, more = regions.read(cloud, list(dict.fromkeys(wanted)), lambda there: _read_region(there, options))
    shares: dict[str, dict[str, t.Any]] = {}
    for region, read in found.items():
        for share in read["encrypted_shares"]:
            # One endpoint for all regions, as that of a local cloud, may show a resource share in each of them.
            known = shares.get(_id(share))
            if known is None or known["encrypted"] is None:
                shares[_id(share)] = {**share, "region_id": region}
    return {
        "encrypted_shares": list(shares.values()),
        "sources": [source for read in found.values() for source in read["sources"]],
        "unread_regions": {**unread, **more},
    }


def _id(share: t.Mapping[str, t.Any]) -> str:
    return str(share["image_id"] if share["kind"] == "image" else share["resource_share_id"])


def _read_region(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    image_ids, snapshot_ids = options["image_ids"], options["snapshot_ids"]
    every = image_ids is None and snapshot_ids is None
    if options["kinds"] and not every:
        raise InvalidInput("kinds is for reading everything that is shared; image_ids and snapshot_ids say the kind.")
    kinds = (options["kinds"] or ("image", "snapshot")) if every else ()
    images = [
        sources.read_image(cloud, one) for one in (_shared_images(cloud) if "image" in kinds else image_ids or ())
    ]
    accounts = {one.id: image.read_accounts(cloud, one.id) for one in images}
    found = [image.shown(one, accounts[one.id]) for one in images if accounts[one.id]]
    asked = sources.read_snapshots(cloud, list(dict.fromkeys(snapshot_ids or ())))
    if "snapshot" in kinds or snapshot_ids:
        found += _snapshot_shares(cloud, set(snapshot_ids or ()))
    return {"encrypted_shares": found, "sources": [sources.shown(one) for one in [*images, *asked]]}


def _shared_images(cloud: Cloud) -> list[str]:
    own = cloud.pages("ecs", "DescribeImages", ImageOwnerAlias="self")
    return sorted(str(one["ImageId"]) for one in own if str(one.get("IsSelfShared")).lower() == "true")


def _snapshot_shares(cloud: Cloud, wanted: set[str]) -> list[dict[str, t.Any]]:
    found = []
    for one in snapshots.list_shares(cloud):
        state = snapshots.read_share(cloud, one)
        held = list(state.share.snapshots) if state.share else []
        if held and (not wanted or wanted & set(held)):
            read = sources.find_snapshots(cloud, held)  # a share may outlive what it shares
            found.append(snapshots.shown(str(one["ResourceShareName"]), state, read))
    return sorted(found, key=lambda share: (share["name"], share["resource_share_id"]))
