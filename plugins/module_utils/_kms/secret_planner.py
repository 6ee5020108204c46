# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to bring a secret into the wanted state. Private; pure functions.

No plan has a value in it: steps name versions, and the diff says whether the value differs.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cloud.errors import UnexpectedState
from .._core import naming, ownership, tags
from .._core.plan import Plan, Step
from .secrets import GENERIC, Secret, Value, Version

#: What the diff shows of a value.
HIDDEN = "hidden"
OTHER = "hidden, another one"


class Actual(t.NamedTuple):
    """What KMS has.

    :ivar value: the current value; None where it was not read, or cannot be
    :ivar named: the value of the version that the task names, where there is that version and it is not the current one
    :ivar versions: newest first
    """

    secret: Secret | None
    value: Value | None = None
    named: Value | None = None
    versions: tuple[Version, ...] = ()


class KeyRef(t.NamedTuple):
    """A key that a task names.

    :ivar instance_id: the KMS instance that it is in; empty where it is in none
    """

    id: str
    instance_id: str = ""


@dataclass(frozen=True)
class Wanted:
    """A secret as a task wants it; None means: not given, leave it alone.

    :ivar absent: whether there shall be none
    :ivar window: days until it is deleted for good; None for at once
    :ivar version_id: of the version with the value
    :ivar key: the key that encrypts it
    :ivar instance_id: the KMS instance that keeps it
    :ivar owner: value of the ownership tag of a secret that is adopted
    :ivar terms: how a secret is dealt with that others made
    """

    name: str
    absent: bool = False
    window: int | None = 30
    value: Value | None = None
    version_id: str | None = None
    description: str | None = None
    key: KeyRef | None = None
    instance_id: str | None = None
    tags: t.Mapping[str, t.Any] | None = None
    purge_tags: bool = True
    owner: str = ""
    terms: ownership.Terms = field(default_factory=ownership.Terms)

    @property
    def key_id(self) -> str | None:
        return self.key.id if self.key else None


def refuse_other_instance(name: str, key: KeyRef | None, instance_id: str | None) -> None:
    """:raises UnexpectedState: a new secret and its key would not be of one KMS instance (CreateSecret)"""
    if key is None or key.instance_id == (instance_id or ""):
        return
    raise UnexpectedState(
        f"The KMS key {key.id} is in {_instance(key.instance_id)}, and the secret {name} is to be in "
        f"{_instance(instance_id)}; KMS wants both in one.",
        hint=f"Give dkms_instance_id: {key.instance_id}, or another key as kms_key_id."
        if key.instance_id
        else "Give a key of that KMS instance as kms_key_id, or leave one of the two out.",
    )


def _instance(instance_id: str | None) -> str:
    return f"the KMS instance {instance_id}" if instance_id else "no KMS instance"


def plan(actual: Actual, wanted: Wanted) -> Plan:
    """The way from what is there to what is wanted.

    :raises UnexpectedState: it cannot be had, or something would be lost that was not given up
    """
    secret = actual.secret
    if wanted.absent:
        return _plan_deletion(actual, wanted)
    if secret is None:
        return _plan_creation(wanted)
    _refuse_fixed(secret, wanted)
    left = ownership.used_as_it_is(f"secret {secret.name}", ours=secret.ours, terms=wanted.terms)
    if left is None:
        return _plan_change(actual, secret, wanted)
    if secret.planned_delete_time:
        raise UnexpectedState(
            f"The secret {secret.name} is not this collection's, and will be deleted at {secret.planned_delete_time}.",
            hint=ownership.adopt_hint("restore"),
        )
    return Plan(view(secret), view(secret), kept=(left,))


def _plan_deletion(actual: Actual, wanted: Wanted) -> Plan:
    secret = actual.secret
    if secret is None:
        return Plan({}, {})
    there = view(secret)
    if secret.planned_delete_time and wanted.window is not None:
        warning = (
            f"The secret {secret.name} is already going to be deleted, at {secret.planned_delete_time}; "
            "recovery_window_in_days does not move that. To have it moved, take the secret back with state: present "
            "first."
        )
        return Plan(there, there, warnings=(warning,))
    kept = ownership.reason_to_stay(f"secret {secret.name}", ours=secret.ours, terms=wanted.terms)
    if kept:
        return Plan(there, there, kept=(kept,))
    if wanted.window is None:
        step = Step(f"delete secret {secret.name} for good", "delete", {"window_days": None})
        return Plan(there, {}, (step,))
    name = f"schedule the deletion of secret {secret.name} in {wanted.window} days"
    step = Step(name, "delete", {"window_days": wanted.window})
    warning = (
        f"The secret {secret.name} will be deleted in {wanted.window} days, and cannot be read from now on. Until "
        "then, state: present takes it back."
    )
    return Plan(there, {**there, "pending_deletion": True}, (step,), (warning,))


def _plan_creation(wanted: Wanted) -> Plan:
    if wanted.value is None:
        raise UnexpectedState(
            f"There is no secret {wanted.name}, and without a value none can be created.",
            hint="Give value or value_base64.",
        )
    refuse_other_instance(wanted.name, wanted.key, wanted.instance_id)
    after = {
        "name": wanted.name,
        "description": wanted.description or "",
        "kms_key_id": wanted.key_id or "",
        "dkms_instance_id": wanted.instance_id or "",
        "pending_deletion": False,
        "value": HIDDEN,
        "tags": {name: tags.text(value) for name, value in (wanted.tags or {}).items()},
    }
    return Plan({}, after, (Step(f"create secret {wanted.name}", "create"),))


def _plan_change(actual: Actual, secret: Secret, wanted: Wanted) -> Plan:
    before = view(secret)
    after = dict(before)
    steps: list[Step] = []
    warnings: tuple[str, ...] = ()
    if secret.planned_delete_time:
        steps.append(Step(f"restore secret {secret.name}", "restore"))
        after["pending_deletion"] = False
        if wanted.value is not None:
            _refuse_value(secret, wanted)
            steps.append(Step(f"store the value of secret {secret.name} if it differs", "store_if_other"))
            warnings = (f"The value of secret {secret.name} can be compared only after it is restored.",)
    elif (step := value_step(actual, wanted)) is not None:
        _refuse_value(secret, wanted)
        steps.append(step)
        after["value"] = OTHER
    naming.check_clearing("description", f"secret {secret.name}", secret.description, wanted.description)
    if wanted.description and wanted.description != secret.description:
        step_args = {"description": wanted.description}
        steps.append(Step(f"describe secret {secret.name} anew", "describe", step_args))
        after["description"] = wanted.description
    mark = ownership.adoption(secret.tags, wanted.terms, wanted.owner)
    to_set, to_remove = tags.changes(secret.tags, wanted.tags, wanted.purge_tags, mark)
    if to_set or to_remove:
        args = {"to_set": to_set, "to_remove": to_remove}
        steps.append(Step(f"change the tags of secret {secret.name}", "tag", args))
        kept = {name: value for name, value in secret.tags.items() if name not in to_remove}
        after["tags"] = tags.own({**kept, **to_set})
    return Plan(before, after, tuple(steps), warnings)


def value_step(actual: Actual, wanted: Wanted) -> Step | None:
    """What has to be done about the value; nothing where the current one is the same, whatever its version."""
    secret = actual.secret
    if secret is None or wanted.value is None or secret.foretold:
        return None
    if actual.value is not None and actual.value.same_as(wanted.value):
        return None
    if actual.named is None:
        return Step(f"store another value of secret {secret.name}", "store")
    if not actual.named.same_as(wanted.value):
        raise UnexpectedState(
            f"The secret {secret.name} has a version {wanted.version_id} already, with another value; a version is "
            "written once.",
            hint="Give another version_id, or leave it out.",
        )
    name = f"make version {wanted.version_id} of secret {secret.name} the current one again"
    return Step(name, "make_current", {"version_id": wanted.version_id})


def _refuse_value(secret: Secret, wanted: Wanted) -> None:
    if secret.type != GENERIC:
        raise UnexpectedState(
            f"The secret {secret.name} is of the type {secret.type}: a service gives it its values.",
            hint="Leave value and value_base64 out.",
        )
    ownership.reason_to_stay(
        f"secret {secret.name}", ours=secret.ours, terms=wanted.terms, verb="give another value to"
    )


def _refuse_fixed(secret: Secret, wanted: Wanted) -> None:
    """What is chosen when a secret is created is so for good."""
    for option, given, held in (
        ("kms_key_id", wanted.key_id, secret.key_id),
        ("dkms_instance_id", wanted.instance_id, secret.instance_id),
    ):
        if given and given != held:
            raise UnexpectedState(
                f"The {option} of the secret {secret.name} is {held or 'not set'}, not {given}; that cannot be "
                "changed.",
                hint=f"Leave {option} out, or use another name.",
            )


def view(secret: Secret) -> dict[str, t.Any]:
    """The secret as the diff shows it."""
    return {
        "name": secret.name,
        "description": secret.description,
        "kms_key_id": secret.key_id,
        "dkms_instance_id": secret.instance_id,
        "pending_deletion": bool(secret.planned_delete_time),
        "value": HIDDEN,
        "tags": tags.own(secret.tags),
    }
