# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to bring one custom policy into the wanted state. Private; pure functions."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming, ownership
from .._core.plan import Plan, Step
from . import documents
from .documents import Document
from .policies import MAX_VERSIONS, Entity, Policy, PolicyRef

_PLAIN = ownership.Terms()


@dataclass(frozen=True)
class WantedPolicy:
    """A policy as a task wants it; None means: not given, leave it alone.

    :ivar rotate: whether the oldest version that is not in force may go when there is no room for another
    :ivar owner: value of the ownership tag of a policy that is created or adopted
    :ivar default_version: the version that shall be in force, instead of a document
    :ivar terms: how a policy is dealt with that others made
    """

    name: str
    document: Document | None = None
    description: str | None = None
    rotate: bool = False
    owner: str = "ram_policy"
    default_version: str | None = None
    terms: ownership.Terms = field(default_factory=ownership.Terms)


def plan_present(actual: Policy | None, wanted: WantedPolicy) -> Plan:
    """:raises InvalidInput: it has to be created, but without a document"""
    kept = as_it_is(actual, wanted)
    if kept:
        return Plan(view(actual), view(actual), kept=(kept,))
    steps = content_steps(actual, wanted)
    before = view(actual)
    after: dict[str, t.Any] = dict(before) if actual else {"name": wanted.name, "description": ""}
    if actual is None or any(step.do == "create_policy_version" for step in steps):
        after["document"] = wanted.document
    for step in steps:
        if actual and step.do == "set_default_version":
            before["default_version"], after["default_version"] = actual.default_version, step.args["version"]
            after["document"] = next(one.document for one in actual.versions or () if one.id == step.args["version"])
    if wanted.description is not None:
        after["description"] = wanted.description
    return Plan(before, after, tuple(steps))


def content_steps(actual: Policy | None, wanted: WantedPolicy) -> list[Step]:
    """Steps for the content of one policy, which must not be one that is used as it is.

    :raises InvalidInput: it has to be created, but without a document
    :raises UnexpectedState: no room for another version, or only by deleting one of a policy that others made
    """
    name, document, description = wanted.name, wanted.document, wanted.description
    if actual is None:
        if document is None:
            raise InvalidInput(f"The custom policy {name} does not exist; a document is needed to create it.")
        content = {"document": document, "description": description}
        return [Step(f"create policy {name}", "create_policy", {"name": name, **content, "owner": wanted.owner})]
    steps = []
    if wanted.default_version is not None and wanted.default_version != actual.default_version:
        steps.append(_default_step(actual, wanted.default_version))
    if document is not None and not documents.same(actual.document, document):
        steps.append(_version_step(actual, wanted, document))
    naming.check_clearing("description", f"the policy {name}", actual.description, description)
    if description is not None and description != actual.description:
        args = {"name": name, "description": description}
        steps.append(Step(f"change the description of policy {name}", "describe_policy", args))
    return steps + adopt_steps("policy", name, actual.tags, wanted.terms, wanted.owner)


def as_it_is(actual: Policy | None, wanted: WantedPolicy) -> str | None:
    """Why the content of a policy is left alone, as a sentence; None where it may be changed.

    :raises UnexpectedState: it is to be left alone, but does not allow what is wanted of it
    """
    if actual is None:
        return None
    name = wanted.name
    kept = ownership.used_as_it_is(f"policy {name}", ours=actual.ours, terms=wanted.terms)
    missing = documents.not_granted([actual.document], wanted.document) if kept and wanted.document else []
    if missing:
        raise UnexpectedState(
            f"The policy {name} is not this collection's, so it has to be used as it is; but it does not allow "
            f"{', '.join(missing)} where that is needed.",
            hint=ownership.adopt_hint("change"),
        )
    return kept


def adopt_steps(
    kind: str, name: str, tags: t.Mapping[str, str] | None, terms: ownership.Terms, owner: str
) -> list[Step]:
    """The step by which a role or a policy that others made becomes ours, where the task adopts it."""
    if tags is None or not ownership.adoption(tags, terms, owner):
        return []
    return [Step(f"adopt {kind} {name}", "tag_resource", {"kind": kind, "name": name, "owner": owner})]


def _version_step(actual: Policy, wanted: WantedPolicy, document: Document) -> Step:
    name = wanted.name
    versions = actual.versions or ()
    for version in reversed(versions):
        if documents.same(version.document, document):
            return _default_step(actual, version.id)
    full = len(versions) >= MAX_VERSIONS
    oldest = next((version.id for version in versions if version.id != actual.default_version), "")
    if full and not wanted.rotate:
        raise UnexpectedState(
            f"The policy {name} has {len(versions)} versions, which is the most that are possible, so there is no room "
            "for a changed document.",
            hint=f"Set rotate to true to let the oldest version that is not in force ({oldest}) go, or delete one.",
            versions=[version.id for version in versions],
        )
    if full:
        what = f"version {oldest} of policy {name}"
        ownership.reason_to_stay(what, ours=actual.ours, terms=wanted.terms)
    replacing = f" instead of its oldest, {oldest}" if full else ""
    args = {"name": name, "document": document, "rotate": full}
    return Step(f"give policy {name} a new default version{replacing}", "create_policy_version", args)


def _default_step(actual: Policy, version: str) -> Step:
    """:raises InvalidInput: the policy has no such version"""
    name, there = actual.ref.name, [one.id for one in actual.versions or ()]
    if version not in there:
        raise InvalidInput(f"The policy {name} has no version {version}; it has {', '.join(there)}.")
    return Step(
        f"make version {version} of policy {name} the default",
        "set_default_version",
        {"name": name, "version": version},
    )


def plan_absent(
    actual: Policy | None, entities: t.Sequence[Entity], detach: bool, terms: ownership.Terms = _PLAIN
) -> Plan:
    """:raises UnexpectedState: others made the policy, or something still has it and detaching was not asked for"""
    if actual is None:
        return Plan({}, {})
    name = actual.ref.name
    users = [] if detach else list(map(str, entities))
    kept = ownership.reason_to_stay(f"policy {name}", ours=actual.ours, terms=terms, users=users)
    if kept:
        return Plan(view(actual), view(actual), kept=(kept,))
    if entities and not detach:
        raise UnexpectedState(
            f"The policy {name} is attached to {', '.join(map(str, entities))}.",
            hint="Detach it there, or set detach to true to let this task do so.",
            attached_to=[{"type": entity.kind, "name": entity.name} for entity in entities],
        )
    steps = [detach_step(entity, actual.ref) for entity in entities]
    steps.append(delete_step(name))
    before = view(actual)
    if entities:
        before["attached_to"] = sorted(map(str, entities))
    return Plan(before, {}, tuple(steps))


def attachment_steps(
    entity: Entity, actual: t.Collection[PolicyRef], wanted: t.Iterable[PolicyRef], purge: t.Callable[[PolicyRef], bool]
) -> tuple[list[Step], set[PolicyRef]]:
    """Steps by which an entity gets the wanted policies and loses the others that may be purged; what it has then."""
    wanted = list(wanted)
    missing = [ref for ref in wanted if ref not in actual]
    surplus = [ref for ref in actual if ref not in wanted and purge(ref)]
    steps = [attach_step(entity, ref) for ref in missing] + [detach_step(entity, ref) for ref in surplus]
    return steps, {*actual, *missing} - set(surplus)


def refs_view(refs: t.Iterable[PolicyRef]) -> list[dict[str, str]]:
    """Policies as the diff and the results show them, by name."""
    return [{"name": ref.name, "type": ref.type} for ref in sorted(refs, key=lambda ref: (ref.name, ref.type))]


def attach_step(entity: Entity, ref: PolicyRef) -> Step:
    return _relation("attach", "to", "attach_policy", entity, ref)


def detach_step(entity: Entity, ref: PolicyRef) -> Step:
    return _relation("detach", "from", "detach_policy", entity, ref)


def delete_step(name: str) -> Step:
    return Step(f"delete policy {name}", "delete_policy", {"name": name})


def _relation(verb: str, preposition: str, do: str, entity: Entity, ref: PolicyRef) -> Step:
    args = {"kind": entity.kind, "entity": entity.name, "type": ref.type, "name": ref.name}
    return Step(f"{verb} {ref} {preposition} {entity}", do, args)


def view(policy: Policy | None) -> dict[str, t.Any]:
    """A policy as the diff shows it."""
    if policy is None:
        return {}
    return {"name": policy.ref.name, "description": policy.description, "document": policy.document}
