# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vSwitches, security groups and keys of disks that a task gives by name. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._kms import disk_encryption
from .._network import find
from .._security_group import find as group_find
from . import places
from .shape import Instance

Options = t.Mapping[str, t.Any]


def resolved(cloud: Cloud, options: Options, ones: t.Sequence[Instance]) -> dict[str, t.Any]:
    """The options with IDs in the place of names, which are None then.

    Names of groups are looked up in the VPC of the vSwitches, of the instances where no vSwitch is given, else in all.

    :param ones: instances that the task is about
    :raises UnexpectedState: something does not exist, or several have its name
    """
    found = dict(options)
    vswitches: list[dict[str, t.Any]] = []
    if options["vswitch_names"]:
        vswitches = find.chosen_vswitches(cloud, names=options["vswitch_names"])
        found |= {"vswitch_ids": [item["VSwitchId"] for item in vswitches], "vswitch_names": None}
    if options["security_group_names"]:
        vpcs = {str(item["VpcId"]) for item in vswitches or _given(cloud, options)} or {one["vpc_id"] for one in ones}
        vpc_id = next(iter(vpcs)) if len(vpcs) == 1 else None
        groups = group_find.chosen(cloud, names=options["security_group_names"], vpc_id=vpc_id)
        found |= {"security_group_ids": [item["SecurityGroupId"] for item in groups], "security_group_names": None}
    return found


def with_key_ids(cloud: Cloud, options: Options) -> dict[str, t.Any]:
    """The options with the IDs of KMS keys in the place of their aliases.

    :raises AccessDenied: a key cannot be read
    """
    disks = [options["system_disk"] or {}, *(options["data_disks"] or ())]
    keys = disk_encryption.key_ids(cloud, [disk["kms_key_id"] for disk in disks if disk.get("kms_key_id")])
    if not keys:
        return dict(options)

    def with_id(disk: dict[str, t.Any]) -> dict[str, t.Any]:
        key = disk.get("kms_key_id")
        return {**disk, "kms_key_id": keys.get(key, key) if key else None}

    system, data = options["system_disk"], options["data_disks"]
    return {
        **options,
        "system_disk": with_id(system) if system else system,
        "data_disks": [with_id(disk) for disk in data] if data else data,
    }


def _given(cloud: Cloud, options: Options) -> list[dict[str, t.Any]]:
    items = [find.vswitch_by_id(cloud, one) for one in places.vswitch_ids(options)]
    return [item for item in items if item]
