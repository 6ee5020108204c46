# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to bring a role with its policies into the wanted state. Private; pure functions."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming, ownership
from .._core.plan import Plan, Step
from . import documents, policy_planner
from .attachments import Carriers
from .documents import Document
from .policies import Entity, Policy, PolicyRef
from .policy_planner import WantedPolicy, refs_view
from .roles import Role

_PLAIN = ownership.Terms()


@dataclass(frozen=True)
class RoleState:
    """What RAM and ECS have.

    :ivar policies: content of those custom policies that the task gives a document for
    :ivar granted: what the policies of a role allow that is to be used as it is
    :ivar carriers: instance id -> name of its role, C("") without one; of the instances that the task is about
    :ivar everywhere: who carries the role in all regions; read only when it shall go
    :ivar users: RAM users that may use the role; read only where the task says who shall
    :ivar users_ours: whether this collection made the policy by which they may
    :ivar owned: custom policies made for this role -> who else has them; read only when the role shall go
    """

    role: Role | None = None
    attached: tuple[PolicyRef, ...] = ()
    policies: t.Mapping[str, Policy | None] = field(default_factory=dict)
    granted: tuple[Document, ...] = ()
    carriers: t.Mapping[str, str] = field(default_factory=dict)
    everywhere: Carriers = field(default_factory=Carriers)
    users: tuple[str, ...] = ()
    users_ours: bool = True
    owned: t.Mapping[PolicyRef, tuple[Entity, ...]] = field(default_factory=dict)

    @property
    def ours(self) -> bool:
        """Whether there is nothing that others made."""
        return self.role is None or self.role.ours


@dataclass(frozen=True)
class WantedRole:
    """A role as a task wants it; None means: not given, leave it alone.

    :ivar trust: the trust policy, which the planner of the module has already decided on
    :ivar attached: the policies it shall have
    :ivar contents: content of custom policies among them
    :ivar purge: whether other policies shall be detached
    :ivar owner: value of the ownership tag of what is created or adopted
    :ivar terms: how a role is dealt with that others made
    :ivar trust_loses: whether the trust policy takes somebody's right to assume the role; None: as its statements tell
    """

    name: str
    trust: Document
    owner: str
    description: str | None = None
    max_session_duration: int | None = None
    attached: tuple[PolicyRef, ...] = ()
    contents: tuple[WantedPolicy, ...] = ()
    purge: t.Callable[[PolicyRef], bool] = lambda ref: False
    terms: ownership.Terms = field(default_factory=ownership.Terms)
    trust_loses: bool | None = None

    @property
    def title(self) -> str:
        """In words."""
        return f"RAM role {self.name}"


def as_it_is(actual: RoleState, wanted: WantedRole) -> str | None:
    """Why nothing of the role is changed, as a sentence; None where it may be."""
    left = "its trust policy and its policies are left as they are"
    return ownership.used_as_it_is(wanted.title, ours=actual.ours, terms=wanted.terms, left=left)


def not_granted(actual: RoleState, wanted: WantedRole) -> list[str]:
    """What a role that is used as it is would need besides: policies, or actions where their content is known."""
    contents = {content.name: content.document for content in wanted.contents}
    missing: dict[str, None] = {}
    for ref in wanted.attached:
        document = contents.get(ref.name) if ref.type == "Custom" else None
        if document is not None:
            missing |= dict.fromkeys(documents.not_granted(actual.granted, document))
        elif ref not in actual.attached:
            missing[str(ref)] = None
    return list(missing)


def plan_present(actual: RoleState, wanted: WantedRole) -> Plan:
    """The role, the content of its policies, and which it has.

    A role that is used as it is (L{as_it_is}) is none of this function's business.

    :raises UnexpectedState: others made the role, and something of theirs would be lost
    """
    refuse_service_linked(actual)
    name, entity = wanted.name, Entity("Role", wanted.name)
    steps = _role_steps(actual.role, wanted)
    kept: dict[str, str] = {}
    for content in wanted.contents:
        held = actual.policies.get(content.name)
        left = policy_planner.as_it_is(held, content)
        if left:
            kept[content.name] = left
        else:
            steps += policy_planner.content_steps(held, content)
    attaching, attached = policy_planner.attachment_steps(entity, actual.attached, wanted.attached, wanted.purge)
    if set(actual.attached) - attached - set(actual.owned):
        _refuse_loss(actual, wanted, "detach policies from")
    steps += attaching
    before = view(actual)
    after = dict(before) if actual.role else {"name": name, "description": "", "max_session_duration": 3600}
    if actual.role is None or not documents.same(actual.role.trust_policy, wanted.trust):
        after["trust_policy"] = wanted.trust
    if wanted.description is not None:
        after["description"] = wanted.description
    if wanted.max_session_duration is not None:
        after["max_session_duration"] = wanted.max_session_duration
    after["policies"] = refs_view(attached)
    contents = dict(before.get("documents", {}))
    for content in wanted.contents:
        held = actual.policies.get(content.name)
        if content.name not in kept and (held is None or not documents.same(held.document, content.document)):
            contents[content.name] = content.document
    if contents:
        after["documents"] = contents
    return Plan(before, after, tuple(steps), kept=tuple(kept.values()))


def _refuse_loss(actual: RoleState, wanted: WantedRole, verb: str) -> None:
    """:raises UnexpectedState: others made the role, and the task does not adopt it"""
    ownership.reason_to_stay(wanted.title, ours=actual.ours, terms=wanted.terms, verb=verb)


def _role_steps(role: Role | None, wanted: WantedRole) -> list[Step]:
    name = wanted.name
    if role is None:
        if not naming.NEW_ROLE.fits(name):
            raise InvalidInput(
                f"The role {name} does not exist and cannot be created; expected a name of {naming.NEW_ROLE.words}."
            )
        args: dict[str, t.Any] = {
            "name": name,
            "trust": wanted.trust,
            "description": wanted.description,
            "max_session_duration": wanted.max_session_duration,
            "owner": wanted.owner,
        }
        return [Step(f"create role {name}", "create_role", args)]
    changes: dict[str, t.Any] = {}
    if not documents.same(role.trust_policy, wanted.trust):
        loses = documents.loses(role.trust_policy, wanted.trust) if wanted.trust_loses is None else wanted.trust_loses
        if loses:
            _refuse_loss(RoleState(role), wanted, "replace the trust policy of")
        changes["trust"] = wanted.trust
    naming.check_clearing("description", f"the role {name}", role.description, wanted.description)
    if wanted.description not in (None, role.description):
        changes["description"] = wanted.description
    if wanted.max_session_duration not in (None, role.max_session_duration):
        changes["max_session_duration"] = wanted.max_session_duration
    adopting = policy_planner.adopt_steps("role", name, role.tags, wanted.terms, wanted.owner)
    if not changes:
        return adopting
    words = {"trust": "trust policy", "max_session_duration": "session duration"}
    what = " and ".join(words.get(key, key) for key in changes)
    return [*adopting, Step(f"change the {what} of role {name}", "update_role", {"name": name, **changes})]


def plan_absent(
    actual: RoleState,
    name: str,
    terms: ownership.Terms = _PLAIN,
    users: t.Sequence[str] = (),
    about_it: t.Container[str] = (),
) -> Plan:
    """The role without its policies and then gone, and with it the policies that were made for it alone.

    :param users: what would be without the role, in words
    :param about_it: names of policies that mean nothing without the role: they go, whoever has them
    :raises UnexpectedState: others made the role, and the task does not adopt it
    """
    refuse_service_linked(actual)
    stays = ownership.reason_to_stay(f"RAM role {name}", ours=actual.ours, terms=terms, users=users)
    if stays:
        return Plan(view(actual), view(actual), kept=(stays,))
    entity, before = Entity("Role", name), view(actual)
    steps = [policy_planner.detach_step(entity, ref) for ref in actual.attached]
    if actual.role is not None:
        steps.append(Step(f"delete role {name}", "delete_role", {"name": name}))
    kept = []
    after: dict[str, t.Any] = {}
    for ref, entities in actual.owned.items():
        others = [other for other in entities if other != entity]
        if others and ref.name not in about_it:
            kept.append(f"The policy {ref.name} stays: {', '.join(map(str, others))} has it too.")
        else:
            steps += [policy_planner.detach_step(other, ref) for other in others]
            steps.append(policy_planner.delete_step(ref.name))
            before.setdefault("own_policies", []).append(ref.name)
    return Plan(before, after, tuple(steps), kept=tuple(kept))


def refuse_service_linked(actual: RoleState) -> None:
    """:raises UnexpectedState: the role belongs to a service of Alibaba Cloud"""
    if actual.role is not None and actual.role.service_linked:
        raise UnexpectedState(
            f"{actual.role.name} is a service-linked role; only the service that it belongs to may change it.",
            hint="Use a role with another name.",
        )


def view(state: RoleState) -> dict[str, t.Any]:
    """The role as the diff shows it; empty when there is none."""
    role = state.role
    contents = {name: policy.document for name, policy in state.policies.items() if policy}
    shown: dict[str, t.Any] = {}
    if role is not None:
        shown = {
            "name": role.name,
            "description": role.description,
            "trust_policy": role.trust_policy,
            "max_session_duration": role.max_session_duration,
            "policies": refs_view(state.attached),
        }
    if contents:
        shown["documents"] = contents
    return shown
