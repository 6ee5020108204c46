# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where new instances would go: stock, disks and free addresses of each place, call by call. Private; pure functions.

All instances of one call are in one place. A place may have no room for a call that another has room for, so only that
no place is left for a call stands in the way.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .disk_limits import DEFAULT_CATEGORY
from .names import counted
from .places import Place, places

if t.TYPE_CHECKING:
    from .requirements import Facts

Options = t.Mapping[str, t.Any]
Item = t.Mapping[str, t.Any]


@dataclass
class Room:
    """Where there is room.

    :ivar offers: for each call the places that may have room for it, the preferred one first
    :ivar passed_over: places that have none for the first call, and why
    :ivar lack: why a call has no place, in sentences; empty where each has one
    """

    offers: list[list[Place]] = field(default_factory=list)
    passed_over: list[dict[str, t.Any]] = field(default_factory=list)
    lack: str = ""


def find(options: Options, facts: Facts, calls: t.Sequence[int]) -> Room:
    """Give each call the places that have room for it when those before it have taken their first.

    :param calls: how many instances each call creates
    """
    found = Room()
    stocked: list[Place] = []
    for place in places(options):
        vswitch = (facts.vswitches or {}).get(place.vswitch_id) or {}
        seen = Place(place.instance_type, place.vswitch_id, vswitch.get("ZoneId"))
        reason = _no_stock(seen, facts) or _no_disks(options, seen, facts)
        if reason is None:
            stocked.append(seen)
        if reason is None and not _holds(vswitch.get("AvailableIpAddressCount"), calls[0]):
            reason = _few_addresses(vswitch, calls[0])
        if reason is not None:
            found.passed_over.append(seen.passed_over(reason))
    free = {key: item.get("AvailableIpAddressCount") for key, item in (facts.vswitches or {}).items() if item}
    for number in calls:
        offer = [one for one in stocked if _holds(free.get(one.vswitch_id), number)]
        if not offer:
            found.lack = _together(stocked, facts, calls) if found.offers else _reasons(found)
            return found
        found.offers.append(offer)
        if isinstance(left := free.get(offer[0].vswitch_id), int):
            free[offer[0].vswitch_id] = left - number
    return found


def _reasons(found: Room) -> str:
    return " ".join(dict.fromkeys(one["reason"] for one in found.passed_over))


def _holds(free: t.Any, number: int) -> bool:
    return not isinstance(free, int) or free >= number


def _few_addresses(vswitch: Item, number: int) -> str:
    free = vswitch["AvailableIpAddressCount"]
    return (
        f"The vSwitch {vswitch.get('VSwitchId')} has {free} free address{'' if free == 1 else 'es'}, {number} "
        f"{'is' if number == 1 else 'are'} needed at once."
    )


def _together(having: t.Sequence[Place], facts: Facts, calls: t.Sequence[int]) -> str:
    """Why vSwitches that have addresses for one call do not have enough for all."""
    items = {one.vswitch_id: (facts.vswitches or {}).get(one.vswitch_id) or {} for one in having}
    each = [f"{key} has {item.get('AvailableIpAddressCount')}" for key, item in items.items()]
    whose = f"the vSwitch {each[0]}" if len(each) == 1 else f"of the vSwitches {', '.join(each)}"
    parts = f", created in calls of {', '.join(map(str, calls))} that each go to one vSwitch" if len(each) > 1 else ""
    return (
        f"{counted(sum(calls))} need{'s' if sum(calls) == 1 else ''} as many free addresses{parts}; {whose}. Give more "
        "or larger vSwitches (vswitch_ids), or create fewer."
    )


def _no_stock(place: Place, facts: Facts) -> str | None:
    """Why an instance type is not to be had in a place, as far as the facts tell."""
    zones = (facts.stock or {}).get(place.instance_type)
    known = (facts.instance_types or {}).get(place.instance_type)
    if zones is None or known is None or not place.zone_id:
        return None  # not read, or refused for another reason
    having = sorted(str(one.get("ZoneId")) for one in zones if one.get("Status") != "SoldOut")
    if place.zone_id in having:
        return None
    elsewhere = f"; it is in {', '.join(having)}." if having else " nor in another zone of the region."
    return f"{place.instance_type} is not to be had in {place.zone_id}, the zone of the vSwitch{elsewhere}"


def _no_disks(options: Options, place: Place, facts: Facts) -> str | None:
    """Why the disks are not to be had in a place, as far as the facts tell."""
    for use, wanted in wanted_categories(options).items():
        zones = (facts.disks or {}).get((place.instance_type, use))
        having = categories(zones, place.zone_id)
        lacking = [one for one in wanted if one not in having]
        if having and lacking:
            what = "system disk" if use == SYSTEM else "data disk"
            return (
                f"{place.instance_type} in {place.zone_id} takes no {what} of the category {lacking[0]}; it takes "
                f"{', '.join(having)}."
            )
    return None


#: What DescribeAvailableResource is asked for.
SYSTEM, DATA = "SystemDisk", "DataDisk"


def wanted_categories(options: Options) -> dict[str, list[str]]:
    """The categories of disks that new instances get, by what DescribeAvailableResource calls their use."""
    wanted = {SYSTEM: [options["system_disk"]] if options["system_disk"] else [], DATA: options["data_disks"] or []}
    return {
        use: list(dict.fromkeys(disk.get("category") or DEFAULT_CATEGORY for disk in disks))
        for use, disks in wanted.items()
        if disks
    }


def categories(zones: t.Sequence[Item] | None, zone_id: str | None) -> list[str]:
    """Categories of disks that a zone in an answer of DescribeAvailableResource has; empty where it does not tell."""
    zone = next((one for one in zones or () if one.get("ZoneId") == zone_id), None)
    resources = ((zone or {}).get("AvailableResources") or {}).get("AvailableResource") or []
    return [
        str(one.get("Value"))
        for resource in resources
        for one in (resource.get("SupportedResources") or {}).get("SupportedResource") or []
        if one.get("Status") != "SoldOut"
    ]
