# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to bring a key into the wanted state. Private; pure functions."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cloud.errors import UnexpectedState
from .._core import ownership, tags
from .._core.plan import Plan, Step
from .keys import PENDING_DELETION, Key

#: Option -> the member of KeyMetadata that shows it. These are chosen when the key is created, and for good.
FIXED = {
    "key_spec": "KeySpec",
    "key_usage": "KeyUsage",
    "protection_level": "ProtectionLevel",
    "dkms_instance_id": "DKMSInstanceId",
}


@dataclass(frozen=True)
class Wanted:
    """A key as a task wants it; None means: not given, leave it alone.

    :ivar alias: full alias
    :ivar rotation_days: 0 for a key that does not rotate
    :ivar window: days until deletion; None for a key that shall stay
    :ivar owner: value of the ownership tag of a key that is adopted
    :ivar terms: how a key is dealt with that others made
    :ivar force: whether it may be deleted though something uses it
    """

    alias: str | None = None
    move_alias: bool = False
    enabled: bool | None = None
    description: str | None = None
    fixed: t.Mapping[str, str] | None = None
    rotation_days: int | None = None
    protected: bool | None = None
    tags: t.Mapping[str, t.Any] | None = None
    purge_tags: bool = True
    window: int | None = None
    owner: str = ""
    terms: ownership.Terms = field(default_factory=ownership.Terms)
    force: bool = False

    @property
    def key_name(self) -> str:
        return self.alias or "the key"


def must_go(actual: Key | None, wanted: Wanted) -> bool:
    """Whether it matters who uses the key, because it may be deleted."""
    deleting = wanted.window is not None and actual is not None and actual.state != PENDING_DELETION
    return deleting and not wanted.force and (wanted.terms.adopt or bool(actual and actual.ours))


def plan(actual: Key | None, alias_target: str | None, wanted: Wanted, users: t.Sequence[str] = ()) -> Plan:
    """The way from what is there to what is wanted.

    :param alias_target: ID of the key that the alias belongs to, None where there is no such alias
    :param users: what uses the key, in words
    :raises UnexpectedState: something would be lost that was not given up
    """
    if wanted.window is not None:
        return _plan_deletion(actual, wanted, users)
    if actual is None:
        return _plan_creation(wanted)
    left = ownership.used_as_it_is(f"KMS key {actual.id}", ours=actual.ours, terms=wanted.terms)
    if left is None:
        return _plan_change(actual, alias_target, wanted)
    _refuse_fixed(actual, wanted)
    if actual.state != "Enabled":
        raise UnexpectedState(
            f"{wanted.key_name} is the key {actual.id}, which is not this collection's and {actual.state}; only an "
            "Enabled key can be used.",
            hint=ownership.adopt_hint("change"),
        )
    return Plan(view(actual), view(actual), kept=(left,))


def _on_its_way(key: Key) -> str:
    when = key.metadata.get("DeleteDate")
    return (
        f"The key {key.id} is already going to be deleted{f', at {when}' if when else ''}; pending_window_in_days does "
        "not move that. To have it moved, take the key back with state: present first."
    )


def _plan_deletion(actual: Key | None, wanted: Wanted, users: t.Sequence[str]) -> Plan:
    if actual is None:
        return Plan(view(actual), view(actual))
    if actual.state == PENDING_DELETION:
        return Plan(view(actual), view(actual), warnings=(_on_its_way(actual),))
    kept = ownership.reason_to_stay(f"KMS key {actual.id}", ours=actual.ours, terms=wanted.terms, users=users)
    if kept:
        return Plan(view(actual), view(actual), kept=(kept,))
    if users:
        raise UnexpectedState(
            f"The KMS key {actual.id} is still used by {'; '.join(users)}.",
            hint="What is encrypted with a key is lost with it. Delete that first, or set force to true.",
        )
    steps = []
    after = {**view(actual), "key_state": PENDING_DELETION}
    if actual.protected:
        if wanted.protected is not False:
            raise UnexpectedState(
                f"The key {actual.id} is protected against deletion.",
                hint="Set deletion_protection to false as well to have it deleted all the same.",
            )
        steps.append(_protect(actual, False))
        after["deletion_protection"] = False
    args = {"key_id": actual.id, "days": wanted.window}
    steps.append(Step(f"schedule the deletion of key {actual.id} in {wanted.window} days", "schedule_deletion", args))
    warning = (
        f"The key {actual.id} will be deleted in {wanted.window} days. What it has encrypted cannot be read from now "
        "on, and never again after that. Until then, state: present takes it back."
    )
    return Plan(view(actual), after, tuple(steps), (warning,))


def _plan_creation(wanted: Wanted) -> Plan:
    labels = {name: tags.text(value) for name, value in (wanted.tags or {}).items()}
    after: dict[str, t.Any] = {
        "aliases": [wanted.alias],
        "key_state": "Enabled" if wanted.enabled is not False else "Disabled",
        "description": wanted.description or "",
        "rotation_days": wanted.rotation_days or None,
        "deletion_protection": bool(wanted.protected),
        "tags": labels,
        **(wanted.fixed or {}),
    }
    args = {
        "alias": wanted.alias,
        "description": wanted.description,
        "fixed": dict(wanted.fixed or {}),
        "rotation_days": wanted.rotation_days or None,
        "labels": labels,
    }
    steps = [
        Step(f"create a key for {wanted.alias}", "create_key", args),
        Step(f"give it the alias {wanted.alias}", "create_alias", {"alias": wanted.alias, "key_id": None}),
    ]
    if wanted.protected:
        steps.append(Step("protect it against deletion", "protect", {"key_id": None, "enable": True}))
    if wanted.enabled is False:
        steps.append(Step("disable it", "switch", {"key_id": None, "enable": False}))
    return Plan({}, after, tuple(steps))


def _plan_change(actual: Key, alias_target: str | None, wanted: Wanted) -> Plan:
    _refuse_fixed(actual, wanted)
    after = view(actual)
    steps = []
    state = actual.state
    if state == PENDING_DELETION:
        steps.append(Step(f"cancel the deletion of key {actual.id}", "cancel_deletion", {"key_id": actual.id}))
        state = "Enabled"  # whatever it was before (KMS CancelKeyDeletion)
    if wanted.enabled is not None and state in ("Enabled", "Disabled"):
        name = "Enabled" if wanted.enabled else "Disabled"
        if state != name:
            word = "enable" if wanted.enabled else "disable"
            args = {"key_id": actual.id, "enable": wanted.enabled}
            steps.append(Step(f"{word} key {actual.id}", "switch", args))
            state = name
    after["key_state"] = state
    if wanted.alias and alias_target != actual.id:
        steps.append(_alias_step(actual, alias_target, wanted))
        after["aliases"] = sorted({*actual.aliases, wanted.alias})
    if wanted.description not in (None, actual.description):
        args = {"key_id": actual.id, "description": wanted.description}
        steps.append(Step(f"describe key {actual.id} anew", "describe", args))
        after["description"] = wanted.description
    if wanted.rotation_days is not None and wanted.rotation_days != (actual.rotation_days or 0):
        what = f"every {wanted.rotation_days} days" if wanted.rotation_days else "no more"
        args = {"key_id": actual.id, "days": wanted.rotation_days}
        steps.append(Step(f"rotate key {actual.id} {what}", "rotate", args))
        after["rotation_days"] = wanted.rotation_days or None
    if wanted.protected not in (None, actual.protected):
        steps.append(_protect(actual, bool(wanted.protected)))
        after["deletion_protection"] = wanted.protected
    mark = ownership.adoption(actual.tags, wanted.terms, wanted.owner)
    to_set, to_remove = tags.changes(actual.tags, wanted.tags, wanted.purge_tags, mark)
    if to_set or to_remove:
        args = {"key_id": actual.id, "to_set": to_set, "to_remove": to_remove}
        steps.append(Step(f"change the tags of key {actual.id}", "tag", args))
        kept = {name: value for name, value in actual.tags.items() if name not in to_remove}
        after["tags"] = tags.own({**kept, **to_set})
    return Plan(view(actual), after, tuple(steps))


def _refuse_fixed(actual: Key, wanted: Wanted) -> None:
    for option, value in (wanted.fixed or {}).items():
        held = actual.metadata.get(FIXED[option])
        if held != value:
            raise UnexpectedState(
                f"{wanted.key_name} is the key {actual.id}, whose {option} is {held or 'not set'}, not {value}; "
                "that cannot be changed.",
                hint=f"Leave {option} out, or use another alias for a key of that kind.",
            )


def _alias_step(actual: Key, alias_target: str | None, wanted: Wanted) -> Step:
    args = {"alias": wanted.alias, "key_id": actual.id}
    if alias_target is None:
        return Step(f"give key {actual.id} the alias {wanted.alias}", "create_alias", args)
    if not wanted.move_alias:
        raise UnexpectedState(
            f"{wanted.alias} belongs to the key {alias_target}, not to {actual.id}.",
            hint="Set move_alias to true to have it moved.",
        )
    return Step(f"move the alias {wanted.alias} from key {alias_target} to {actual.id}", "update_alias", args)


def _protect(actual: Key, enable: bool) -> Step:
    what = f"protect key {actual.id}" if enable else f"stop protecting key {actual.id}"
    return Step(f"{what} against deletion", "protect", {"key_id": actual.id, "enable": enable})


def view(key: Key | None) -> dict[str, t.Any]:
    """The key as the diff shows it; empty when there is none."""
    if key is None:
        return {}
    return {
        "key_id": key.id,
        "aliases": list(key.aliases),
        "key_state": key.state,
        "description": key.description,
        "rotation_days": key.rotation_days,
        "deletion_protection": key.protected,
        "tags": tags.own(key.tags),
    }
