# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to have a prefix list with these entries, or to have it no more. Private; pure functions."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming, networks, ownership
from .._core import tags as tagging
from .._core.plan import Plan, Step
from .find import Shape

#: Entries that a prefix list can have.
MOST = 200
_PLAIN = ownership.Terms()
_VERSIONS = {"IPv4": 4, "IPv6": 6}


@dataclass(frozen=True)
class Desired:
    """What a task wants.

    :ivar entries: CIDR block -> description (None where it is not given), or None where entries are left alone
    """

    present: bool = True
    name: str | None = None
    prefix_list_id: str | None = None
    address_family: str | None = None
    max_entries: int | None = None
    entries: t.Mapping[str, str | None] | None = None
    purge_entries: bool = True
    description: str | None = None
    tags: t.Mapping[str, t.Any] | None = None
    terms: ownership.Terms = _PLAIN
    notes: tuple[str, ...] = field(default=())

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Desired:
        """:raises InvalidInput: an entry is no CIDR block, or is given twice"""
        entries: dict[str, str | None] | None = None
        notes: list[str] = []
        if options["entries"] is not None:
            entries = {}
            for number, one in enumerate(options["entries"]):
                where, value = f"entries[{number}].cidr", str(one["cidr"] or "").strip()
                network = networks.meant(value)
                if network is None:
                    raise InvalidInput(f"{where} is {value!r}; expected a CIDR block such as 192.0.2.0/24.")
                notes += networks.notes(where, [value])
                if str(network) in entries:
                    raise InvalidInput(f"{where} has {network}, which is given before.")
                entries[str(network)] = one["description"]
        return cls(
            present=options["state"] == "present",
            name=options["name"],
            prefix_list_id=options["prefix_list_id"],
            address_family=options["address_family"],
            max_entries=options["max_entries"],
            entries=entries,
            purge_entries=options["purge_entries"],
            description=options["description"],
            tags=options["tags"],
            terms=ownership.Terms.from_options(options),
            notes=tuple(notes),
        )

    @property
    def label(self) -> str:
        """For messages."""
        return f"prefix list {self.name or self.prefix_list_id}"

    def check(self) -> None:
        """:raises InvalidInput: naming the option and the rule"""
        naming.check(naming.PREFIX_LIST, "name", self.name)
        naming.check_description(naming.ECS_DESCRIPTION, "description", self.description)
        tagging.check(self.tags)
        if self.max_entries is not None and not 1 <= self.max_entries <= MOST:
            raise InvalidInput(f"max_entries is {self.max_entries}; expected 1 to {MOST}.")
        for block, text in (self.entries or {}).items():
            naming.check_description(naming.ECS_DESCRIPTION, f"The description of {block}", text)
        if self.address_family:
            self.check_family(self.address_family)
        if self.max_entries:
            self.check_room(self.max_entries, len(self.entries or ()))

    def check_family(self, family: str) -> None:
        """:raises InvalidInput: an entry is of the other family"""
        for block in self.entries or ():
            network = networks.meant(block)
            if network is not None and network.version != _VERSIONS.get(family):
                raise InvalidInput(f"The entry {block} is not of the address family {family} of the {self.label}.")

    def check_room(self, most: int, wanted: int) -> None:
        """:raises InvalidInput: there are more entries than the list can have"""
        if wanted > most:
            raise InvalidInput(f"The {self.label} would have {wanted} entries; its max_entries is {most}.")


def plan(desired: Desired, there: Shape | None, region: str) -> Plan:
    """Decide.

    :param region: for messages
    :raises UnexpectedState: it is not there and cannot be made, or cannot become what is wanted
    :raises InvalidInput: the entries do not fit
    """
    if not desired.present:
        return _removal(desired, there)
    if there is None:
        return _creation(desired, region)
    what = title(there)
    for option, wanted in (("address_family", desired.address_family), ("max_entries", desired.max_entries)):
        if wanted is not None and wanted != there[option]:
            raise UnexpectedState(
                f"The {what} has {option} {there[option]}, not {wanted}; that cannot be changed in place.",
                hint="Choose another name for the new one, or delete the old one first.",
            )
    desired.check_family(there["address_family"])
    before = {one["cidr"]: one["description"] for one in there["entries"]}
    after, removed = _entries(desired, before)
    desired.check_room(there["max_entries"], len(after))
    ours = ownership.proven(there["tags"])
    kept = ownership.used_as_it_is(what, ours=ours, terms=desired.terms)
    if kept:
        return Plan(_shown(there), _shown(there), warnings=desired.notes, kept=(kept,))
    if removed and not ours and not desired.terms.adopt:
        ownership.reason_to_stay(what, ours=False, terms=desired.terms, verb="take entries out of")
    _check_tags(desired, there)
    naming.check_clearing("description", f"the {what}", there["description"], desired.description)
    changes: dict[str, t.Any] = {}
    words = []
    added = {block: text for block, text in after.items() if before.get(block) != text}
    if added:
        changes["added"] = added
        words.append(f"add or change {len(added)} entr{'y' if len(added) == 1 else 'ies'}")
    if removed:
        changes["removed"] = removed
        words.append(f"remove {len(removed)} entr{'y' if len(removed) == 1 else 'ies'}")
    text = there["description"]
    if desired.description and desired.description != text:
        changes["description"] = text = desired.description
        words.append("change the description")
    steps = (Step(f"{', '.join(words)} of {what}", "modify", changes),) if changes else ()
    shown = {**there, "description": text, "entries": _listed(after)}
    return Plan(_shown(there), _shown(shown), steps, desired.notes)


def _entries(desired: Desired, before: t.Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The entries that there will be, and the CIDR blocks of those that go."""
    if desired.entries is None:
        return dict(before), []
    for block, text in desired.entries.items():
        if text == "" and before.get(block):
            raise UnexpectedState(
                f"The description of {block} in the {desired.label} cannot be cleared.",
                hint="Leave it out to keep it, or give another.",
            )
    wanted = {block: before.get(block, "") if text is None else text for block, text in desired.entries.items()}
    staying = {} if desired.purge_entries else dict(before)
    after = {**staying, **wanted}
    return after, sorted(block for block in before if block not in after)


def _creation(desired: Desired, region: str) -> Plan:
    if desired.prefix_list_id:
        raise UnexpectedState(
            f"There is no prefix list {desired.prefix_list_id} in {region}.", hint="Check prefix_list_id and region."
        )
    missing = [name for name in ("address_family", "max_entries") if getattr(desired, name) is None]
    if missing:
        raise InvalidInput(f"There is no {desired.label}; {' and '.join(missing)} is needed to make it.")
    labels = {key: tagging.text(value) for key, value in (desired.tags or {}).items()}
    labels[tagging.OWNER_KEY] = tagging.fitting(str(desired.name))
    after = {
        "name": desired.name,
        "description": desired.description or "",
        "address_family": desired.address_family,
        "max_entries": desired.max_entries,
        "entries": _listed({block: text or "" for block, text in (desired.entries or {}).items()}),
        "tags": labels,
    }
    return Plan({}, after, (Step(f"create {desired.label}", "create", {"after": after}),), desired.notes)


def _check_tags(desired: Desired, there: Shape) -> None:
    """Tags can be given to a new list only: C(prefix list) is none of the types that TagResources takes."""
    wanted = {key: tagging.text(value) for key, value in (desired.tags or {}).items()}
    if not wanted.items() <= there["tags"].items():
        raise UnexpectedState(
            f"The tags of the {title(there)} are not those that the task names, and Alibaba Cloud takes tags of a "
            "prefix list only when it is made.",
            hint="Leave tags out, or choose another name for a new one.",
        )


def _removal(desired: Desired, there: Shape | None) -> Plan:
    if there is None:
        return Plan({}, {})
    what, count = title(there), there["association_count"]
    users = [f"rules of {count} security group{'' if count == 1 else 's'}"] if count else []
    kept = ownership.reason_to_stay(what, ours=ownership.proven(there["tags"]), terms=desired.terms, users=users)
    if kept:
        return Plan(_shown(there), _shown(there), kept=(kept,))
    warnings = (f"The {what} is still used by {users[0]}.",) if users else ()
    return Plan(_shown(there), {}, (Step(f"delete {what}", "delete"),), warnings)


def title(there: Shape) -> str:
    """In words."""
    return f"prefix list {there['name'] or 'without a name'} ({there['prefix_list_id']})"


def _listed(entries: t.Mapping[str, str]) -> list[dict[str, str]]:
    return [{"cidr": block, "description": text} for block, text in sorted(entries.items())]


def _shown(there: Shape) -> Shape:
    names = ("name", "description", "address_family", "max_entries", "entries", "tags")
    return {name: there[name] for name in names}
