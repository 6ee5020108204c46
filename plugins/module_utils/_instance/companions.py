# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would be deleted with an instance although it is not proven to be ours. Private.

A data disk with DeleteWithInstance and a secondary network interface with DeleteOnRelease go with the instance to which
they are attached, whoever made and attached them. What RunInstances makes with an instance gets the instance's tags.
The system disk is a part of the instance. Snapshots, elastic IP addresses, other disks and other interfaces stay.
"""

from __future__ import annotations

import typing as t

from .._cloud import foretold
from .._cloud.door import Cloud, dig
from .._core import ownership
from .._core import tags as tagging

#: Up to how many instances are asked about one by one; of more, all attachments of the region are read.
_ONE_BY_ONE = 5


def strangers(cloud: Cloud, instance_ids: t.Iterable[str]) -> dict[str, list[str]]:
    """Instance id -> what of others would go with it, in words; only for those where there is something.

    :raises AccessDenied: disks or interfaces cannot be read, so that nothing is known
    """
    ids = [one for one in instance_ids if not foretold.is_id(one)]
    found: dict[str, list[str]] = {}
    disks = attached(cloud, ids, "DescribeDisks", DiskType="data")
    for disk in disks:
        if disk.get("DeleteWithInstance") and disk.get("Type", "data") == "data" and not _ours(disk):
            found.setdefault(disk["InstanceId"], []).append(f"the data disk {disk['DiskId']} ({disk.get('Size')} GiB)")
    for one in attached(cloud, ids, "DescribeNetworkInterfaces", Type="Secondary"):
        if one.get("DeleteOnRelease") is not False and one.get("Type") == "Secondary" and not _ours(one):
            found.setdefault(one["InstanceId"], []).append(f"the network interface {one['NetworkInterfaceId']}")
    return found


def attached(cloud: Cloud, ids: list[str], action: str, **filters: t.Any) -> list[dict[str, t.Any]]:
    """Disks or network interfaces that are attached to some instances.

    :param action: the operation that lists them
    """
    if len(ids) <= _ONE_BY_ONE:
        items = [item for one in ids for item in cloud.pages("ecs", action, filters, InstanceId=one)]
    else:
        items = cloud.pages("ecs", action, filters)
    return [item for item in items if item.get("InstanceId") in ids]


def _ours(item: t.Mapping[str, t.Any]) -> bool:
    return ownership.proven(tagging.from_api(dig(item, "Tags.Tag")))
