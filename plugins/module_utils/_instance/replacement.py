# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an instance cannot become without being made anew: found here, reported, never done. Private."""

from __future__ import annotations

import typing as t

from .desired import Desired
from .shape import Instance

#: Options of a disk and the keys of DescribeDisks.
_DISK_KEYS = {
    "category": "Category",
    "size": "Size",
    "performance_level": "PerformanceLevel",
    "encrypted": "Encrypted",
    "kms_key_id": "KMSKeyId",
}

Replacement = dict[str, t.Any]


def needed(
    desired: Desired,
    ones: t.Iterable[Instance],
    disks: t.Iterable[t.Mapping[str, t.Any]],
    options: t.Mapping[str, t.Any],
) -> list[Replacement]:
    """What differs from the options given and would need new instances.

    :param disks: disks of these instances as DescribeDisks tells them; instances without one here are not compared
    """
    found: list[Replacement] = []
    of: dict[str, list[t.Mapping[str, t.Any]]] = {}
    for disk in disks:
        of.setdefault(disk.get("InstanceId") or "", []).append(disk)
    for one in ones:
        for option, wanted in desired.fixed.items():
            if one[option] is not None and one[option] not in wanted:  # what is not told is not compared
                found.append(_one(one, option, one[option], wanted[0] if len(wanted) == 1 else wanted))
        mine = of.get(one["instance_id"], [])
        if options["system_disk"]:
            for disk in mine:
                if disk.get("Type") == "system":
                    found += _disk(one, "system_disk", disk, options["system_disk"])
        if options["data_disks"] and mine:
            data = [disk for disk in mine if disk.get("Type") == "data"]
            if len(data) < len(options["data_disks"]):
                found.append(_one(one, "data_disks", f"{len(data)} disks", f"{len(options['data_disks'])} disks"))
    return found


def _disk(
    one: Instance, name: str, disk: t.Mapping[str, t.Any], wanted: t.Mapping[str, t.Any]
) -> t.Iterator[Replacement]:
    for option, key in _DISK_KEYS.items():
        if wanted.get(option) is not None and disk.get(key) != wanted[option]:
            yield _one(one, f"{name}.{option}", disk.get(key), wanted[option])


def _one(one: Instance, option: str, actual: t.Any, wanted: t.Any) -> Replacement:
    return {
        "instance_id": one["instance_id"],
        "name": one["name"],
        "option": option,
        "actual": actual,
        "wanted": wanted,
    }


def sentence(found: t.Sequence[Replacement]) -> str:
    """All of them in one line of text."""
    parts = [
        f"{item['name']} ({item['instance_id']}) has {item['option']} {item['actual']}, wanted {_words(item['wanted'])}"
        for item in found[:5]
    ]
    more = f"; and {len(found) - 5} more, see needs_replacement" if len(found) > 5 else ""
    return f"This can only be had with new instances, and nothing is replaced: {'; '.join(parts)}{more}."


def _words(wanted: t.Any) -> str:
    return " or ".join(wanted) if isinstance(wanted, list) else str(wanted)
