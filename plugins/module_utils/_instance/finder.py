# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding instances: by ownership tag, by id, by name, page after page. Private."""

from __future__ import annotations

import typing as t

from .._cloud import foretold
from .._cloud.door import Cloud, chunks, json_list
from .._core import tags as tagging
from .._ram.attachments import read_carriers
from . import companions, shape
from .desired import Desired
from .disks import name_of as disk_name
from .disks import short_of_data_disks as lacks
from .shape import Instance

Disk = dict[str, t.Any]

_DESCRIBE_AT_ONCE = 100
#: What a check run calls an instance.
KIND = "instance"
_TAG_OWNER = tagging.OWNER_KEY


def describe(cloud: Cloud, ids: t.Sequence[str] | None = None, **filters: t.Any) -> list[Instance]:
    """Instances that pass all filters; of some ids, those that exist.

    In check mode, those that earlier tasks would have deleted are gone, and those that they would have made are found
    by the ids that stand for them.
    """
    query = {"AdditionalAttributes": ["META_OPTIONS"], **filters}
    if ids is None:
        items = cloud.pages("ecs", "DescribeInstances", query)
    else:
        items = [
            item
            for some in chunks([one for one in ids if not foretold.is_id(one)], _DESCRIBE_AT_ONCE)
            for item in cloud.pages("ecs", "DescribeInstances", query, InstanceIds=json_list(some))
        ]
    found = [shape.instance(item) for item in items if not cloud.foretold.is_gone(KIND, item["InstanceId"])]
    made = [record for one in ids or () if foretold.is_id(one) and (record := cloud.foretold.find(KIND, one))]
    return sorted([*found, *map(_unborn, made)], key=shape.order)


def _unborn(record: foretold.Record) -> Instance:
    """An instance that an earlier task of a check run would have made."""
    return {**record["instance"], "instance_id": record["id"]}


def of_fleet(cloud: Cloud, fleet: str | None) -> list[Instance]:
    """Those that carry its ownership tag, and those that earlier tasks of a check run would have made for it."""
    found = describe(cloud, Tag=[{"Key": _TAG_OWNER, "Value": fleet}])
    return [*found, *map(_unborn, cloud.foretold.all_of(KIND, fleet=fleet))]


def members(cloud: Cloud, desired: Desired) -> list[Instance]:
    """The instances that a task means and that are provably so: by id, or by ownership tag."""
    if desired.instance_ids:
        return describe(cloud, desired.instance_ids)
    found = of_fleet(cloud, desired.fleet)
    if desired.only_named:
        found = [one for one in found if one["name"] == desired.plain_name]
    return found


def unowned(cloud: Cloud, desired: Desired) -> list[Instance]:
    """Instances with a fitting name that nobody's ownership tag claims."""
    wildcard = desired.pattern.wildcard if desired.pattern else desired.plain_name
    found = describe(cloud, InstanceName=wildcard)
    return [one for one in found if one["fleet"] is None and desired.names_match(one["name"])]


def with_roles(cloud: Cloud, ones: t.Sequence[Instance]) -> list[Instance]:
    """The same instances with C(ram_role_name), which DescribeInstances does not tell."""
    roles = read_carriers(cloud, [one["instance_id"] for one in ones if not foretold.is_id(one["instance_id"])])
    return [{**one, "ram_role_name": roles.get(one["instance_id"], one["ram_role_name"] or "")} for one in ones]


def disks(cloud: Cloud, desired: Desired, ones: t.Sequence[Instance], options: t.Mapping[str, t.Any]) -> list[Disk]:
    """Disks of a fleet: they got its ownership tag when they were created with their instance. Of an instance that
    lacks one of the data disks wanted, all that are attached, and those that an earlier run has made for it."""
    if desired.instance_ids:
        real = [one for one in desired.instance_ids if not foretold.is_id(one)]
        found = [disk for one in real for disk in cloud.pages("ecs", "DescribeDisks", InstanceId=one)]
    else:
        found = cloud.pages("ecs", "DescribeDisks", Tag=[{"Key": _TAG_OWNER, "Value": desired.fleet}])
    short = [one for one in ones if not foretold.is_id(one["instance_id"]) and lacks(one, found, options)]
    known = {disk["DiskId"] for disk in found}
    if desired.instance_ids:
        names = [disk_name(one, number + 1) for one in short for number in range(len(options["data_disks"]))]
        more = [disk for name in names for disk in cloud.pages("ecs", "DescribeDisks", DiskName=name)]
    else:
        more = companions.attached(cloud, [one["instance_id"] for one in short], "DescribeDisks")
    return [*found, *(disk for disk in more if disk["DiskId"] not in known)]
