# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to have a snapshot or an image, or to have it no more. Private; pure functions."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming, ownership
from .._core import tags as tagging
from .._core.plan import Plan, Step
from .shape import Shape

_PLAIN = ownership.Terms()


@dataclass(frozen=True)
class Kind:
    """What is different between the two.

    :ivar noun: for messages
    :ivar rule: what one may be called
    :ivar ready: the status in which it can be used
    :ivar coming: those on the way there
    :ivar sources: the options that say what it is made of; the last one makes a copy
    :ivar fixed: what of a thing has to be as the task says, because it cannot be changed
    :ivar free: what of a thing can be changed in place, beside its description and its tags
    """

    noun: str
    rule: naming.Rule
    ready: str
    coming: tuple[str, ...]
    sources: tuple[str, ...]
    fixed: tuple[str, ...]
    free: str

    @property
    def key(self) -> str:
        return f"{self.noun}_id"


SNAPSHOT = Kind(
    noun="snapshot",
    rule=naming.SNAPSHOT,
    ready="accomplished",
    coming=("progressing",),
    sources=("disk_id", "source_snapshot_id"),
    fixed=("disk_id", "source_snapshot_id"),
    free="retention_days",
)
IMAGE = Kind(
    noun="image",
    rule=naming.IMAGE,
    ready="Available",
    coming=("Creating", "Waiting"),
    sources=("instance_id", "snapshot_id", "source_image_id"),
    fixed=(),
    free="family",
)


@dataclass(frozen=True)
class Desired:
    """What a task wants.

    :ivar id: of one that is there already
    :ivar source: name and value of the option that says what it is made of
    :ivar source_region: of what is copied; None for the region of the task
    :ivar more: the value of L(Kind.free)
    """

    kind: Kind
    present: bool = True
    name: str | None = None
    id: str | None = None
    source: tuple[str, str] | None = None
    source_region: str | None = None
    encrypted: bool | None = None
    kms_key_id: str | None = None
    description: str | None = None
    more: t.Any = None
    tags: t.Mapping[str, t.Any] | None = None
    purge_tags: bool = True
    terms: ownership.Terms = _PLAIN

    @classmethod
    def from_options(cls, kind: Kind, options: t.Mapping[str, t.Any]) -> Desired:
        given = [(name, str(options[name])) for name in kind.sources if options[name]]
        return cls(
            kind=kind,
            present=options["state"] == "present",
            name=options["name"],
            id=options[kind.key],
            source=given[0] if given else None,
            source_region=options["source_region"],
            encrypted=options["encrypted"],
            kms_key_id=options["kms_key_id"],
            description=options["description"],
            more=options[kind.free],
            tags=options["tags"],
            purge_tags=options["purge_tags"],
            terms=ownership.Terms.from_options(options),
        )

    @property
    def copies(self) -> bool:
        return self.source is not None and self.source[0] == self.kind.sources[-1]

    @property
    def words(self) -> str:
        """The description of a new one: CopySnapshot wants one."""
        copy = f"Copy of {self.source[1]}" if self.source and self.copies and self.kind is SNAPSHOT else ""
        return self.description or copy

    @property
    def label(self) -> str:
        """For messages."""
        return f"{self.kind.noun} {self.name or self.id}"

    def check(self, region: str) -> None:
        """Refuse what cannot be.

        :param region: of the task
        :raises InvalidInput: naming the options
        """
        naming.check(self.kind.rule, "name", self.name)
        naming.check_description(naming.ECS_DESCRIPTION, "description", self.description)
        tagging.check(self.tags)
        if not self.present:
            return
        copying = self.kind.sources[-1]
        if self.source_region and not self.copies:
            raise InvalidInput(f"source_region is where {copying} is, which is not given.")
        if self.encrypted is not None and self.source and not self.copies:
            raise InvalidInput(
                f"encrypted and kms_key_id are about a copy, which is made of {copying}; what is made of "
                f"{self.source[0]} is encrypted as that is, with the same key."
            )
        if self.kms_key_id and not self.encrypted:
            raise InvalidInput("kms_key_id is the key of an encrypted copy, so encrypted: true belongs to it.")
        if self.copies and not self.encrypted and self.source_region in (None, region):
            raise InvalidInput(
                f"Within a region, only encrypted copies are made: {copying} needs encrypted: true, or another "
                "source_region."
            )
        if self.source and not self.name:
            raise InvalidInput(f"A {self.kind.noun} that is to be made of {self.source[0]} needs a name.")


@dataclass(frozen=True)
class Actual:
    """What is there.

    :ivar users: what keeps it from being deleted, in words
    """

    thing: Shape | None = None
    users: tuple[str, ...] = field(default=())


def plan(desired: Desired, actual: Actual, region: str) -> Plan:
    """Decide.

    :param region: for messages
    :raises UnexpectedState: it is not there and nothing says what to make it of; what is there cannot become that
    """
    if not desired.present:
        return _removal(desired, actual)
    thing = actual.thing
    if thing is None:
        return _creation(desired, region)
    kind = desired.kind
    what = title(kind, thing)
    if thing["status"] not in (kind.ready, *kind.coming, "Deprecated"):
        raise UnexpectedState(
            f"The {what} is {thing['status']}, so that it cannot be used.",
            hint="Delete it with state: absent, and make it again.",
        )
    _check_fixed(desired, thing)
    unsettled = thing["status"] in kind.coming
    kept = ownership.used_as_it_is(what, ours=ownership.proven(thing["tags"]), terms=desired.terms)
    if kept:
        return Plan(_shown(thing), _shown(thing), kept=(kept,), unsettled=unsettled)
    # An empty one is what a copy was made with, which has got one all the same.
    as_made = desired.description == "" and thing["description"] == desired.words
    description = None if as_made else desired.description
    naming.check_clearing("description", f"the {what}", thing["description"], description)
    changes = {
        name: value
        for name, value in (("description", description), (kind.free, desired.more))
        if value is not None and value != thing[name]
    }
    steps = []
    if changes:
        steps.append(Step(f"change {' and '.join(sorted(changes))} of {what}", "describe", {"changes": changes}))
    adopting = ownership.adoption(thing["tags"], desired.terms, owner(thing))
    to_set, to_remove = tagging.changes(thing["tags"], desired.tags, desired.purge_tags, adopting)
    after = {**thing, **changes}
    if to_set or to_remove:
        staying = {key: value for key, value in thing["tags"].items() if key not in to_remove}
        after["tags"] = {**staying, **to_set}
        steps.append(Step(f"change tags of {what}", "tag", {"to_set": to_set, "to_remove": to_remove}))
    return Plan(_shown(thing), _shown(after), tuple(steps), unsettled=unsettled)


def _creation(desired: Desired, region: str) -> Plan:
    kind = desired.kind
    if desired.id:
        raise UnexpectedState(
            f"There is no {kind.noun} {desired.id} in {region}.", hint=f"Check {kind.key} and the region."
        )
    if desired.source is None:
        raise UnexpectedState(
            f"There is no {kind.noun} {desired.name} in {region}.",
            hint=f"To have it made, say of what: {' or '.join(kind.sources)}.",
        )
    option, source = desired.source
    labels = {key: tagging.text(value) for key, value in (desired.tags or {}).items()}
    labels[tagging.OWNER_KEY] = tagging.fitting(str(desired.name))
    after: Shape = {"name": desired.name, "description": desired.words, "tags": labels}
    if kind is SNAPSHOT:
        after["retention_days"] = desired.more or 0
    elif not desired.copies:  # which have the family of their source
        after["family"] = desired.more or ""
    if desired.copies:
        where = f" of {desired.source_region}" if desired.source_region not in (None, region) else ""
        how = "encrypted copy" if desired.encrypted else "copy"
        if desired.encrypted:
            after["encrypted"] = True
        return Plan(
            {}, after, (Step(f"make {desired.label}, {_an(how)} of {source}{where}", "copy", {"labels": labels}),)
        )
    noun = option.removesuffix("_id")
    return Plan({}, after, (Step(f"make {desired.label} of {noun} {source}", "create", {"labels": labels}),))


def _an(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _check_fixed(desired: Desired, thing: Shape) -> None:
    """Refuse to go on with a thing that is of another source, or encrypted otherwise."""
    wanted: list[tuple[str, t.Any, t.Any]] = []
    if desired.source and desired.source[0] in desired.kind.fixed and (there := thing[desired.source[0]]):
        wanted.append((desired.source[0], there, desired.source[1]))
    if desired.encrypted is not None:
        wanted.append(("encrypted", thing["encrypted"], desired.encrypted))
    keys = thing["kms_key_ids"] if desired.kind is IMAGE else [thing["kms_key_id"]] if thing["kms_key_id"] else []
    if desired.kms_key_id and keys and desired.kms_key_id not in keys:
        wanted.append(("kms_key_id", ", ".join(keys), desired.kms_key_id))
    for option, there, given in wanted:
        if there != given:
            raise UnexpectedState(
                f"The {title(desired.kind, thing)} has {option} {_text(there)}, not {_text(given)}; that cannot be "
                "changed in place.",
                hint="Choose another name for the new one, or delete the old one first.",
            )


def _text(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _removal(desired: Desired, actual: Actual) -> Plan:
    thing, kind = actual.thing, desired.kind
    if thing is None:
        return Plan({}, {})
    what, ours = title(kind, thing), ownership.proven(thing["tags"])
    kept = ownership.reason_to_stay(what, ours=ours, terms=desired.terms, users=actual.users)
    if kept:
        return Plan(_shown(thing), _shown(thing), kept=(kept,))
    warnings = (f"The {what} is still used by {'; '.join(actual.users)}.",) if actual.users else ()
    return Plan(_shown(thing), {}, (Step(f"delete {what}", "delete"),), warnings)


def may_go(desired: Desired, thing: Shape) -> bool:
    """Whether it would be deleted if nothing used it."""
    return not desired.present and (ownership.proven(thing["tags"]) or desired.terms.adopt)


def owner(thing: Shape) -> str:
    """The value of the ownership tag of one that is adopted."""
    return tagging.fitting(str(thing["name"] or thing.get("image_id") or thing["snapshot_id"]))


def title(kind: Kind, thing: Shape) -> str:
    """In words."""
    return f"{kind.noun} {thing['name'] or 'without a name'} ({thing[kind.key]})"


def _shown(thing: Shape) -> Shape:
    free = "retention_days" if "retention_days" in thing else "family"
    return {key: thing[key] for key in ("name", "description", free, "encrypted", "tags") if key in thing}
