# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disks are encrypted unless the task says otherwise: with the service key of ECS, which costs nothing and needs no
role ("Service keys" of the documents). Pure. Private.

A disk is encrypted at its creation only, so this is about those that are made; what exists stays as it is.
"""

from __future__ import annotations

import typing as t

from .._cloud.door import dig
from .._cloud.errors import CloudError

Options = t.Mapping[str, t.Any]

SYSTEM, DATA = "system_disk", "data_disks"
NONE: frozenset[str] = frozenset()
BOTH = frozenset({SYSTEM, DATA})


def made(options: Options, plain: frozenset[str]) -> dict[str, t.Any]:
    """The options with the disks as they are made.

    :param plain: L(SYSTEM) and L(DATA), as far as the default does not count there
    """
    data = options[DATA] or []
    return {
        **options,
        SYSTEM: made_disk(SYSTEM, options[SYSTEM] or {}, plain) or options[SYSTEM],
        DATA: [made_disk(DATA, disk, plain) for disk in data] or options[DATA],
    }


def made_disk(option: str, disk: Options, plain: frozenset[str]) -> dict[str, t.Any]:
    """One disk as it is made. One from a snapshot is encrypted as that is, with the same key."""
    silent = disk.get("encrypted") is None and not disk.get("snapshot_id")
    return {**disk, "encrypted": True} if silent and option not in plain else dict(disk)


def silent(options: Options) -> frozenset[str]:
    """L(SYSTEM) and L(DATA), where the default would count."""
    return frozenset(
        option
        for option, disks in ((SYSTEM, [options[SYSTEM] or {}]), (DATA, options[DATA] or []))
        if any(made_disk(option, disk, NONE) != disk for disk in disks)
    )


def by_image(image: Options) -> frozenset[str]:
    """L(SYSTEM) where the image is encrypted and ours: the disk then is, with the same key. With a shared one the disk
    has to ask for a key of the account itself (ReplaceSystemDisk, C(Encrypted)).

    :param image: as DescribeImages tells it
    """
    mappings = dig(image, "DiskDeviceMappings.DiskDeviceMapping") or []
    encrypted = any(str(one.get("Encrypted")).lower() == "true" for one in mappings)
    return frozenset({SYSTEM}) if encrypted and image.get("ImageOwnerAlias") == "self" else NONE


def refused(error: CloudError) -> bool:
    """Whether RunInstances refuses because a disk is to be encrypted. Which families and regions encrypt no system disk
    is not documented, nor is the code."""
    return "encrypt" in f"{error.code} {error.message}".lower()
