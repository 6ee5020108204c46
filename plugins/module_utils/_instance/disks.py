# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of the disks of instances that exist: decided here, purely. Private.

A disk grows (ResizeDisk), changes category and performance level (ModifyDiskSpec), and one that is missing is made and
attached (CreateDisk, AttachDisk). None is made smaller, taken away, encrypted or decrypted: that is said.

Disks are those of the fleet by their ownership tag. Of an instance that is not of a fleet, and that the task names by
its id, all are meant.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cloud.door import dig
from .._cloud.errors import UnexpectedState
from .._core import ownership
from .._core import tags as tagging
from .._core.plan import Step
from . import disk_limits, encryption
from .desired import Desired
from .disk_limits import DEFAULT_CATEGORY
from .families import SYSTEM_DISK_CATEGORY
from .names import listing
from .shape import Instance

Item = t.Mapping[str, t.Any]
Options = t.Mapping[str, t.Any]

#: Options of a disk that are compared, and the keys of DescribeDisks.
_KEYS = {
    "category": "Category",
    "size": "Size",
    "performance_level": "PerformanceLevel",
    "encrypted": "Encrypted",
    "kms_key_id": "KMSKeyId",
}
#: An instance has no more data disks.
MOST_DATA_DISKS = 16


@dataclass(frozen=True)
class Stuck:
    """What stays as it is although it was wanted otherwise.

    :ivar reason: a part of a sentence
    """

    option: str
    actual: t.Any
    wanted: t.Any
    reason: str


@dataclass(frozen=True)
class New:
    """A data disk that an instance is to get.

    :ivar option: where the task asks for it, for example C(data_disks[1])
    :ivar name: of the disk, by which the next run knows one that was made and not attached
    :ivar made: its id where an earlier run made it
    """

    instance: Instance
    option: str
    wanted: Item
    name: str
    made: str | None = None


@dataclass
class Outcome:
    """What becomes of the disks of one instance.

    :ivar before: the compared options of each disk, for the diff
    :ivar late: whether something takes effect at the next restart only
    """

    steps: list[Step] = field(default_factory=list)
    new: list[New] = field(default_factory=list)
    stuck: list[Stuck] = field(default_factory=list)
    before: dict[str, t.Any] = field(default_factory=dict)
    after: dict[str, t.Any] = field(default_factory=dict)
    late: bool = False


def outcome(desired: Desired, one: Instance, disks: t.Iterable[Item], options: Options) -> Outcome:
    """What becomes of the disks of an instance that stays.

    :param disks: as DescribeDisks tells them, those of other instances too; an instance without one is not compared
    :raises UnexpectedState: a data disk is missing, and there is one that is not proven to be ours
    """
    found = Outcome()
    disks = list(disks)
    mine = [disk for disk in disks if disk.get("InstanceId") == one["instance_id"]]
    if not mine:
        return found
    for disk in mine:
        if disk.get("Type") == "system" and options["system_disk"]:
            _compare(found, desired, one, "system_disk", disk, options["system_disk"])
    if options["data_disks"] is not None:
        _data(found, desired, one, mine, disks, options["data_disks"])
    return found


def short_of_data_disks(one: Instance, disks: t.Iterable[Item], options: Options) -> bool:
    """Whether an instance has fewer data disks of the fleet than wanted, so that all of its disks have to be known."""
    ours = [disk for disk in disks if disk.get("InstanceId") == one["instance_id"] and disk.get("Type") == "data"]
    return len(ours) < len(options["data_disks"] or ())


def name_of(one: Instance, number: int) -> str:
    """What the data disk with this number is called that an instance gets later."""
    return f"{one['instance_id']}-data-{number}"


# ---------------------------------------------------------------------- data disks


def _data(
    found: Outcome,
    desired: Desired,
    one: Instance,
    mine: list[Item],
    all_disks: list[Item],
    wanted: t.Sequence[Item],
) -> None:
    attached = sorted((disk for disk in mine if disk.get("Type") == "data"), key=_place)
    others = [disk for disk in attached if (one["fleet"] or desired.fleet) and not _proven(disk)]
    ours = [disk for disk in attached if disk not in others]
    if others and len(ours) < len(wanted):
        if not desired.terms.adopt:
            raise UnexpectedState(_not_ours(one, others, len(ours), len(wanted)), hint=_ADOPT)
        ids = [disk["DiskId"] for disk in others]
        owner = {tagging.OWNER_KEY: one["fleet"] or desired.fleet}
        found.steps.append(
            Step(f"adopt the data disks {listing(ids)} of {_title(one)}", "tag_disks", {"ids": ids, "to_set": owner})
        )
        ours = attached
    for option, disk, want in _matched(ours, wanted):
        _compare(found, desired, one, option, disk, want)
    if len(ours) > len(wanted):
        reason = "a data disk is not taken away; detach it yourself"
        found.stuck.append(Stuck("data_disks", _amount(len(ours)), _amount(len(wanted)), reason))
    for number, want in list(enumerate(wanted))[len(ours) :]:
        if one["status"] == "Pending":
            return  # its disks may not be seen yet
        option = f"data_disks[{number}]"
        if len(attached) + len(found.new) >= MOST_DATA_DISKS:
            reason = f"an instance has at most {MOST_DATA_DISKS} data disks"
            found.stuck.append(Stuck("data_disks", _amount(len(attached)), _amount(len(wanted)), reason))
            return
        made = encryption.made_disk(encryption.DATA, want, desired.plain_disks)
        _add(found, desired, one, New(one, option, made, name_of(one, number + 1)), all_disks)


def _matched(ours: list[Item], wanted: t.Sequence[Item]) -> t.Iterator[tuple[str, Item, Item]]:
    """Which disk each entry means: the one that is as wanted, best at the same place; those left in their order."""
    free = dict(enumerate(ours))
    chosen: dict[int, Item] = {}
    numbers = range(min(len(wanted), len(ours)))
    for number in numbers:
        if _is_as(free[number], wanted[number]):
            chosen[number] = free.pop(number)
    for number in numbers:
        same = next((place for place, disk in free.items() if _is_as(disk, wanted[number])), None)
        if number not in chosen and same is not None:
            chosen[number] = free.pop(same)
    for number in numbers:
        if number not in chosen:
            chosen[number] = free.pop(min(free))
    for number in numbers:
        yield f"data_disks[{number}]", chosen[number], wanted[number]


def _is_as(disk: Item, wanted: Item) -> bool:
    return not _differences(disk, wanted)


def _add(found: Outcome, desired: Desired, one: Instance, new: New, disks: list[Item]) -> None:
    left = next((disk for disk in disks if disk.get("DiskName") == new.name and not disk.get("InstanceId")), None)
    with_instance = new.wanted.get("delete_with_instance") is not False
    args: dict[str, t.Any] = {"instance_id": one["instance_id"], "delete_with_instance": with_instance}
    if left is not None:
        found.new.append(New(one, new.option, new.wanted, new.name, left["DiskId"]))
        what = f"attach the data disk {left['DiskId']}, which an earlier run made, to {_title(one)}"
        found.steps.append(Step(what, "attach_disk", {"id": left["DiskId"], **args}))
    else:
        found.new.append(new)
        fleet = one["fleet"] or desired.fleet
        owner = {tagging.OWNER_KEY: fleet} if fleet else {}
        tags = {**(one["tags"] if desired.tags is None else desired.tags), **owner}
        args |= {"zone_id": one["zone_id"], "wanted": dict(new.wanted), "name": new.name, "tags": tags}
        size = f" of {new.wanted['size']} GiB" if new.wanted.get("size") is not None else ""
        found.steps.append(Step(f"create a data disk{size} and attach it to {_title(one)}", "add_disk", args))
    found.after[new.option] = _given(new.wanted) | {"category": new.wanted.get("category") or DEFAULT_CATEGORY}


def _not_ours(one: Instance, others: list[Item], ours: int, wanted: int) -> str:
    ids = listing([f"{disk['DiskId']} ({disk.get('Size')} GiB)" for disk in others])
    return (
        f"{_title(one)} has {_amount(ours)} of the fleet, {wanted} are wanted, and the data disks attached to it "
        f"without the tag {tagging.OWNER_KEY} may be meant: {ids}."
    )


_ADOPT = (
    "Set adopt: true if they are to count and are yours to change and to delete with their instance, give their disks "
    "the tag yourself, or detach them."
)


# ---------------------------------------------------------------------- one disk


def _compare(found: Outcome, desired: Desired, one: Instance, option: str, disk: Item, wanted: Item) -> None:
    """Note how a disk becomes as wanted, and what of it cannot be."""
    differs = _differences(disk, wanted)
    system = disk.get("Type") == "system"
    subscription = disk.get("DiskChargeType") == "PrePaid"
    size, category = int(disk.get("Size") or 0), str(disk.get("Category") or "")
    level = disk.get("PerformanceLevel") or None
    reasons: dict[str, str] = {
        key: "a disk is encrypted at its creation only" for key in ("encrypted", "kms_key_id") if key in differs
    }

    def later(key: str) -> t.Any:
        """What an option of the disk will be."""
        return differs[key] if key in differs and key not in reasons else {**_actual(disk)}[key]

    if "category" in differs:
        why = disk_limits.why_not_category(category, differs["category"], subscription=subscription)
        if system and desired.trusted and differs["category"] != SYSTEM_DISK_CATEGORY:
            why = f"the system disk of a trusted instance is {SYSTEM_DISK_CATEGORY}"
        reasons |= {"category": why} if why else {}
    if "performance_level" in differs:
        why = disk_limits.why_not_level(level, differs["performance_level"], subscription=subscription)
        if later("category") != DEFAULT_CATEGORY:
            why = f"only {DEFAULT_CATEGORY} has performance levels"
        reasons |= {"performance_level": why} if why else {}
    if "size" in differs and differs["size"] < size:
        reasons["size"] = "a disk cannot become smaller"
    for key in ("size", "performance_level", "category"):
        span = disk_limits.limits(later("category"), later("performance_level"), system=system)
        if key in differs and key not in reasons and span and not span[0] <= later("size") <= span[1]:
            what = later("performance_level") if later("category") == DEFAULT_CATEGORY else later("category")
            reasons[key] = f"at {what} it has {span[0]} to {span[1]} GiB"
    changes = {key: value for key, value in differs.items() if key not in reasons}
    found.stuck += [Stuck(f"{option}.{key}", _actual(disk)[key], differs[key], why) for key, why in reasons.items()]
    found.before[option] = {key: _actual(disk)[key] for key in _given(wanted)}
    found.after[option] = {**found.before[option], **changes}
    found.steps += _steps(found, one, option, disk, changes)


def _steps(found: Outcome, one: Instance, option: str, disk: Item, changes: dict[str, t.Any]) -> list[Step]:
    what = f"{'system' if disk.get('Type') == 'system' else 'data'} disk {disk['DiskId']} of {_title(one)}"
    steps = []
    spec = {key: changes[key] for key in ("category", "performance_level") if key in changes}
    if spec:
        words = ", ".join(f"{_actual(disk)[key] or 'none'} to {value}" for key, value in spec.items())
        steps.append(Step(f"change {what} from {words}", "change_disk", {"id": disk["DiskId"], "spec": spec}))
    if "size" in changes:
        category, level = str(disk.get("Category")), disk.get("PerformanceLevel") or None
        span = disk_limits.limits(category, level, system=disk.get("Type") == "system")
        online = one["status"] == "Running" and disk_limits.grows_online(category)
        found.late = found.late or (one["status"] == "Running" and not online)
        args = {"id": disk["DiskId"], "size": changes["size"], "online": online}
        grow = Step(f"grow {what} from {disk.get('Size')} to {changes['size']} GiB", "resize_disk", args)
        # A higher performance level may need the new size; a new size may need the other category.
        first = span is None or changes["size"] <= span[1]
        steps = [grow, *steps] if first else [*steps, grow]
    return steps


def _differences(disk: Item, wanted: Item) -> dict[str, t.Any]:
    actual = _actual(disk)
    return {key: value for key, value in _given(wanted).items() if actual[key] != value}


def _given(wanted: Item) -> dict[str, t.Any]:
    return {key: wanted[key] for key in _KEYS if wanted.get(key) is not None}


def _actual(disk: Item) -> dict[str, t.Any]:
    return {option: disk.get(key) for option, key in _KEYS.items()}


def _place(disk: Item) -> tuple[int, str, str]:
    """Disks in the order of their devices."""
    device = str(disk.get("Device") or "")
    return len(device), device, str(disk.get("DiskId"))


def _proven(disk: Item) -> bool:
    return ownership.proven(tagging.from_api(dig(disk, "Tags.Tag")))


def _amount(number: int) -> str:
    return f"{number} data disk{'' if number == 1 else 's'}"


def _title(one: Instance) -> str:
    return f"{one['name']} ({one['instance_id']})"
