# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who needs a key: what ECS has encrypted with it, and whom this collection gave the right to it. Private.

A key can be used in its own region only, so disks and snapshots of other regions are none of its.
"""

from __future__ import annotations

import re
import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import CloudError
from .._ram import policies
from .._ram.policies import PolicyRef
from .share_role import OF_KEYS, policy_name

_LISTED = 5


def read_users(cloud: Cloud, key_id: str) -> list[str]:
    """What uses a key, in words; what cannot be asked counts as possible.

    What would be gone by now in a check run does not count.
    """
    return [
        *_asked("disks", lambda: _named("disk", _disks(cloud, key_id))),
        *_asked("snapshots", lambda: _named("snapshot", _snapshots(cloud, key_id))),
        *_asked("rights of RAM roles", lambda: _holders(cloud, key_id)),
    ]


def _asked(what: str, read: t.Callable[[], list[str]]) -> list[str]:
    try:
        return read()
    except CloudError as error:
        return [f"possibly {what}, which could not be asked ({error.code})"]


def _named(kind: str, ids: list[str]) -> list[str]:
    if not ids:
        return []
    more = ", ..." if len(ids) > _LISTED else ""
    return [f"{len(ids)} {kind}{'' if len(ids) == 1 else 's'} ({', '.join(ids[:_LISTED])}{more})"]


def _disks(cloud: Cloud, key_id: str) -> list[str]:
    found = cloud.pages("ecs", "DescribeDisks", KMSKeyId=key_id)
    with_instances = [one["DiskId"] for one in found if _goes_with_instance(cloud, one)]
    return sorted(
        one["DiskId"] for one in found if one.get("KMSKeyId") == key_id and one["DiskId"] not in with_instances
    )


def _goes_with_instance(cloud: Cloud, disk: t.Mapping[str, t.Any]) -> bool:
    instance = disk.get("InstanceId")
    return bool(instance and disk.get("DeleteWithInstance") and cloud.foretold.is_gone("instance", instance))


def _snapshots(cloud: Cloud, key_id: str) -> list[str]:
    found = cloud.pages("ecs", "DescribeSnapshots", KMSKeyId=key_id)
    return sorted(one["SnapshotId"] for one in found if one.get("KMSKeyId") == key_id)


def _holders(cloud: Cloud, key_id: str) -> list[str]:
    """Who has one of the policies that this collection makes for a single key."""
    names = [policy_name(purpose, cloud.region, key_id) for purpose in OF_KEYS]
    names.append(f"alitrust-kms-access-{re.sub('[^A-Za-z0-9-]', '-', key_id)}")  # of the role kms_access
    found = {name: policies.read_entities(cloud, PolicyRef("Custom", name)) for name in names}
    return [f"{', '.join(map(str, entities))} by policy {name}" for name, entities in found.items() if entities]
