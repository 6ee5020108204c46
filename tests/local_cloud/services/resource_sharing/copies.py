# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the other accounts see: a snapshot of their own id for each one that is shared with them."""

from __future__ import annotations

import typing as t

from local_cloud import directory

if t.TYPE_CHECKING:
    from local_cloud.settings import Settings
    from local_cloud.store import Store

Record = dict[str, t.Any]


def accounts_of(store: Store, settings: Settings, share_id: str) -> list[str]:
    """The accounts that a share has reached."""
    found: list[str] = []
    for one in _associated(store, share_id, "Target"):
        target, owner = one["EntityId"], one["AccountId"]
        accounts = directory.members(settings, target) if directory.is_part(target) else [target]
        found += [account for account in accounts if account != owner and account not in found]
    return found


def settle(store: Store, share_id: str) -> None:
    """Make the copies that a share's associations call for, and remove the others."""
    wanted = {
        (one["EntityId"], account)
        for one in _associated(store, share_id, "Resource")
        for account in accounts_of(store, store.context.settings, share_id)
    }
    held = {
        (snapshot["_SharedFrom"], snapshot["AccountId"]): snapshot
        for snapshot in store.find("snapshot", where={"_ShareId": share_id})
    }
    for pair in sorted(wanted - set(held)):
        _copy(store, share_id, *pair)
    for pair in sorted(set(held) - wanted):
        store.delete("snapshot", held[pair]["SnapshotId"])


def _associated(store: Store, share_id: str, kind: str) -> list[Record]:
    where = {"ResourceShareId": share_id, "AssociationType": kind, "AssociationStatus": "Associated"}
    return store.find("resource_share_association", where=where)


def _copy(store: Store, share_id: str, source_id: str, account: str) -> None:
    source = store.get("snapshot", source_id)
    if source is None:
        return
    tag = f"acs:ecs:sharedFrom:{source['AccountId']}:{source['RegionId']}:{source_id}"
    copy = {
        **source,
        "AccountId": account,
        "SnapshotId": store.new_id("s-"),
        "Tags": [{"TagKey": tag, "TagValue": ""}],
        "_SharedFrom": source_id,
        "_ShareId": share_id,
        "_OwnerId": source["AccountId"],
    }
    store.put("snapshot", copy["SnapshotId"], copy, region=source["RegionId"])
