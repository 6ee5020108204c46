# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to change at a VPC and its vSwitches. Pure. Private."""

from __future__ import annotations

import ipaddress
import itertools
import typing as t
from dataclasses import dataclass, field, replace

from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming, networks, ownership
from .._core import tags as tagging
from .._core.plan import Plan, Step

#: Ranges that a VPC cannot have.
_RESERVED = tuple(
    ipaddress.IPv4Network(block) for block in ("100.64.0.0/10", "224.0.0.0/4", "127.0.0.0/8", "169.254.0.0/16")
)

Shape = dict[str, t.Any]


@dataclass(frozen=True)
class Switch:
    """A vSwitch as a task wants it."""

    name: str
    zone_id: str
    cidr_block: str


@dataclass(frozen=True)
class Desired:
    """A VPC with vSwitches as a task wants them; None means: not given.

    :ivar notes: what is to be said about how it is written
    """

    present: bool = True
    name: str | None = None
    vpc_id: str | None = None
    cidr_block: str | None = None
    vswitches: tuple[Switch, ...] = ()
    tags: dict[str, t.Any] | None = None
    purge_tags: bool = True
    notes: tuple[str, ...] = ()
    terms: ownership.Terms = field(default_factory=ownership.Terms)

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Desired:
        given = {"cidr_block": options["cidr_block"]}
        switches = [dict(one) for one in options["vswitches"] or ()]
        notes = [*_cut(given), *(note for at, one in enumerate(switches) for note in _cut(one, f"vswitches[{at}]."))]
        return cls(
            present=options["state"] == "present",
            name=options["name"],
            vpc_id=options["vpc_id"],
            cidr_block=given["cidr_block"],
            vswitches=tuple(Switch(**one) for one in switches),
            notes=tuple(notes),
            tags=options["tags"],
            purge_tags=options["purge_tags"],
            terms=ownership.Terms.from_options(options),
        )

    @property
    def label(self) -> str:
        return str(self.name or self.vpc_id)

    def check(self) -> None:
        """Compare with the limits of the API, and the ranges with each other.

        :raises InvalidInput: naming option and rule
        """
        naming.check(naming.VPC, "name", self.name)
        vpc = None
        if self.cidr_block:
            vpc = _block("cidr_block", self.cidr_block, 8, 28)
            for reserved in _RESERVED:
                if vpc.overlaps(reserved):
                    raise InvalidInput(f"cidr_block is {vpc}, which is in {reserved}, a range that a VPC cannot have.")
        names: set[str] = set()
        blocks = []
        for index, switch in enumerate(self.vswitches):
            where = f"vswitches[{index}]"
            naming.check(naming.VSWITCH, f"{where}.name", switch.name)
            if switch.name in names:
                raise InvalidInput(f"Two vswitches are named {switch.name!r}; their names must differ.")
            names.add(switch.name)
            if not switch.zone_id:
                raise InvalidInput(f"{where}.zone_id is blank; expected a zone such as cn-hangzhou-h.")
            block = _block(f"{where}.cidr_block", switch.cidr_block, 16, 29)
            if vpc and not block.subnet_of(vpc):
                raise InvalidInput(f"{where}.cidr_block is {block}, which is not inside the VPC's {vpc}.")
            blocks.append((where, block))
        for (one, first), (other, second) in itertools.combinations(blocks, 2):
            if first.overlaps(second):
                raise InvalidInput(f"{one}.cidr_block {first} and {other}.cidr_block {second} overlap.")
        tagging.check(self.tags)


@dataclass(frozen=True)
class Actual:
    """What is there: the VPC in the shape of results, or None, and what uses it (read only when it is to go)."""

    vpc: Shape | None = None
    users: list[str] = field(default_factory=list)


def plan(desired: Desired, actual: Actual) -> Plan:
    """Decide.

    :raises UnexpectedState: when something would have to be replaced, or is not this collection's to delete or change
    :raises InvalidInput: when something is missing that only creating needs
    """
    if not desired.present:
        return _removal(desired, actual)
    found = _creation(desired) if actual.vpc is None else _change(desired, actual.vpc)
    return replace(found, warnings=(*desired.notes, *found.warnings))


def may_go(desired: Desired, vpc: Shape | None) -> bool:
    """Whether the VPC is to be deleted and may be, unless something uses it."""
    return vpc is not None and not desired.present and (desired.terms.adopt or ownership.proven(vpc["tags"]))


def _shown(vpc: Shape) -> Shape:
    """What a diff shows."""
    return {
        "name": vpc["name"],
        "cidr_block": vpc["cidr_block"],
        "tags": vpc["tags"],
        "vswitches": sorted(
            ({key: one[key] for key in ("name", "zone_id", "cidr_block", "tags")} for one in vpc["vswitches"]),
            key=lambda one: (one["name"], one["cidr_block"]),
        ),
    }


def _creation(desired: Desired) -> Plan:
    if desired.vpc_id:
        raise InvalidInput(
            f"There is no VPC {desired.vpc_id} in this region.",
            hint="Check the id and the region; to create a VPC, leave vpc_id out.",
        )
    if not desired.cidr_block:
        raise InvalidInput(f"There is no VPC {desired.name}; cidr_block is needed to create it.")
    name = str(desired.name)
    tags = {tagging.OWNER_KEY: name, **{key: tagging.text(value) for key, value in (desired.tags or {}).items()}}
    switches = _listed(desired.vswitches, desired.label)
    after = {"name": name, "cidr_block": desired.cidr_block, "tags": tags, "vswitches": switches}
    make = Step(f"create VPC {name}", "make", {"name": name, "cidr_block": desired.cidr_block, "tags": tags})
    return Plan({}, _shown(after), (make, *_switch_steps(desired.vswitches, name)))


def _change(desired: Desired, vpc: Shape) -> Plan:
    label = vpc["name"] or vpc["vpc_id"]
    if desired.name and desired.name != vpc["name"]:
        raise UnexpectedState(f"The VPC {vpc['vpc_id']} is named {vpc['name']!r}, not {desired.name!r}.")
    if desired.cidr_block and _network(desired.cidr_block) != _network(vpc["cidr_block"]):
        raise _replacement(f"VPC {label} ({vpc['vpc_id']})", "cidr_block", vpc["cidr_block"], desired.cidr_block)
    missing = []
    untagged = []
    for switch in desired.vswitches:
        found = [one for one in vpc["vswitches"] if one["name"] == switch.name]
        if len(found) > 1:
            ids = ", ".join(one["vswitch_id"] for one in found)
            raise UnexpectedState(
                f"Several vSwitches of VPC {label} are named {switch.name}: {ids}.", hint="Rename all but one of them."
            )
        if found:
            _check_switch(switch, found[0])
            untagged += [one for one in found if ownership.adoption(one["tags"], desired.terms, desired.label)]
        else:
            _check_room(switch, vpc)
            missing.append(switch)
    ours = ownership.proven(vpc["tags"])
    kept = ownership.used_as_it_is(f"VPC {label} ({vpc['vpc_id']})", ours=ours, terms=desired.terms)
    if kept:
        _check_complete(missing, vpc)
        return Plan(_shown(vpc), _shown(vpc), kept=(kept,))
    mark = {tagging.OWNER_KEY: desired.label}
    after = {
        **vpc,
        "vswitches": [
            *({**one, "tags": {**one["tags"], **mark}} if one in untagged else one for one in vpc["vswitches"]),
            *_listed(missing, desired.label),
        ],
    }
    steps = list(_switch_steps(missing, label))
    adopting = ownership.adoption(vpc["tags"], desired.terms, desired.label)
    to_set, to_remove = tagging.changes(vpc["tags"], desired.tags, desired.purge_tags, adopting)
    if to_set or to_remove:
        remaining = {key: value for key, value in vpc["tags"].items() if key not in to_remove}
        after["tags"] = {**remaining, **to_set}
        steps.append(Step(f"change tags of VPC {label}", "tag", {"to_set": to_set, "to_remove": to_remove}))
    for one in untagged:
        name = f"change tags of vSwitch {one['name']}"
        steps.append(Step(name, "tag_vswitch", {"vswitch_id": one["vswitch_id"], "to_set": mark}))
    return Plan(_shown(vpc), _shown(after), tuple(steps))


def _check_complete(missing: t.Sequence[Switch], vpc: Shape) -> None:
    """A VPC that is used as it is has to have all that the task wants of it."""
    if not missing:
        return
    label = f"{vpc['name'] or 'without a name'} ({vpc['vpc_id']})"
    there = ", ".join(one["name"] or one["vswitch_id"] for one in vpc["vswitches"]) or "none"
    raise UnexpectedState(
        f"The VPC {label} has no vSwitch {', '.join(one.name for one in missing)} (it has: {there}), and it does not "
        f"carry the tag {tagging.OWNER_KEY}: this collection did not make it and adds nothing to it.",
        hint="Use one of its vSwitches, choose another name for the VPC, or set adopt: true if it is yours to change.",
    )


def _removal(desired: Desired, actual: Actual) -> Plan:
    vpc = actual.vpc
    if vpc is None:
        return Plan({}, {})
    label = f"{vpc['name'] or 'without a name'} ({vpc['vpc_id']})"
    ours, before = ownership.proven(vpc["tags"]), _shown(vpc)
    foreign = [
        f"{one['name'] or 'without a name'} ({one['vswitch_id']})"
        for one in vpc["vswitches"]
        if not desired.terms.adopt and not ownership.proven(one["tags"])
    ]
    users = list(actual.users)
    if ours and foreign and desired.terms.leave_others:
        users.append(f"vSwitches of others: {', '.join(foreign)}")
    kept = ownership.reason_to_stay(f"VPC {label}", ours=ours, terms=desired.terms, users=users)
    if kept:
        return Plan(before, before, kept=(kept,))
    if foreign:
        raise UnexpectedState(
            f"The VPC {label} has vSwitches that do not carry the tag {tagging.OWNER_KEY}: {', '.join(foreign)}. This "
            "collection did not make them and does not delete them.",
            hint="Delete them first, or set adopt: true if they are yours to delete.",
        )
    warnings = (f"The VPC {label} is still used by {'; '.join(actual.users)}.",) if actual.users else ()
    steps = [
        Step(f"delete vSwitch {one['name'] or one['vswitch_id']}", "delete_vswitch", {"vswitch_id": one["vswitch_id"]})
        for one in vpc["vswitches"]
    ]
    step = Step(f"delete VPC {vpc['name'] or vpc['vpc_id']}", "delete")
    return Plan(before, {}, (*steps, step), warnings)


def _switch_steps(switches: t.Iterable[Switch], label: str) -> t.Iterator[Step]:
    for switch in switches:
        yield Step(f"create vSwitch {switch.name} in VPC {label}", "make_vswitch", {"switch": switch})


def _listed(switches: t.Iterable[Switch], owner: str) -> list[Shape]:
    return [
        {
            "name": one.name,
            "zone_id": one.zone_id,
            "cidr_block": one.cidr_block,
            "tags": {tagging.OWNER_KEY: owner},
        }
        for one in switches
    ]


def _check_switch(switch: Switch, found: Shape) -> None:
    what = f"vSwitch {switch.name} ({found['vswitch_id']})"
    if switch.zone_id != found["zone_id"]:
        raise _replacement(what, "zone_id", found["zone_id"], switch.zone_id)
    if _network(switch.cidr_block) != _network(found["cidr_block"]):
        raise _replacement(what, "cidr_block", found["cidr_block"], switch.cidr_block)


def _check_room(switch: Switch, vpc: Shape) -> None:
    block = _network(switch.cidr_block)
    if not block.subnet_of(_network(vpc["cidr_block"])):
        raise InvalidInput(
            f"The vSwitch {switch.name} has cidr_block {block}, which is not inside the VPC's {vpc['cidr_block']}."
        )
    for one in vpc["vswitches"]:
        if block.overlaps(_network(one["cidr_block"])):
            raise InvalidInput(
                f"The vSwitch {switch.name} has cidr_block {block}, which overlaps {one['cidr_block']} of the vSwitch "
                f"{one['name'] or 'without a name'} ({one['vswitch_id']})."
            )


def _replacement(what: str, option: str, there: str, wanted: str) -> UnexpectedState:
    return UnexpectedState(
        f"The {what} has {option} {there}, not {wanted}; that cannot be changed in place: it needs replacement.",
        hint="Delete it first if nothing uses it, or choose another name.",
    )


def check_choice(vpc_id: str | None, name: str | None, prefix: str = "") -> None:
    """How a task says which VPC: by its id or by its name.

    :param prefix: of the two options, for messages
    :raises InvalidInput: when it says both, or no VPC can have the name
    """
    naming.check(naming.VPC, f"{prefix}vpc", name)
    if vpc_id and name:
        raise InvalidInput(f"{prefix}vpc_id and {prefix}vpc both say which VPC; give one of them.")


def _block(option: str, value: str, shortest: int, longest: int) -> ipaddress.IPv4Network:
    try:
        block = ipaddress.IPv4Network(value, strict=False)
    except ValueError:
        raise InvalidInput(f"{option} is {value!r}; expected an IPv4 network such as 172.16.0.0/16.") from None
    if "/" not in value or not shortest <= block.prefixlen <= longest:
        raise InvalidInput(f"{option} is {value!r}; expected a mask from /{shortest} to /{longest}.")
    return block


def _cut(options: dict[str, t.Any], where: str = "") -> list[str]:
    """Put the network in the place of an address with its mask; what is no block is left for the check."""
    value = str(options["cidr_block"] or "").strip()
    network = networks.meant(value) if "/" in value else None
    if network is not None:
        options["cidr_block"] = str(network)
    return list(networks.notes(f"{where}cidr_block", [value]))


def _network(value: str) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network(value, strict=False)
