# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource behind C(instance_ram_role). Private."""

from __future__ import annotations

import re
import typing as t
from dataclasses import replace
from functools import cached_property

from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming, ownership
from .._core.plan import Plan
from . import attachments, documents, policies, policy_planner, role_planner, roles, shape, templates, users
from .attachments import AttachmentActions, Carriers
from .documents import Document
from .policies import Entity, PolicyRef
from .policy_planner import WantedPolicy
from .resource import RamResource
from .role_planner import RoleState, WantedRole
from .roles import ECS, Role, RoleActions

#: What the trust client of an instance has to be allowed (Create security-enhanced instances).
TRUST_ACTIONS = (
    "yundun-systrust:GenerateNonce",
    "yundun-systrust:GenerateAikcert",
    "yundun-systrust:RegisterMessage",
    "yundun-systrust:PutMessage",
)

SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "description": {"type": "str"},
    "max_session_duration": {"type": "int"},
    "trust_policy": {"type": "json"},
    "policies": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "type": {"type": "str", "choices": ["System", "Custom"], "default": "Custom"},
            "document": {"type": "json"},
        },
    },
    "trust_actions": {"type": "list", "elements": "str"},
    "purge_policies": {"type": "bool", "default": False},
    "rotate": {"type": "bool", "default": False},
    "users": {"type": "list", "elements": "str"},
    "user_actions": {"type": "list", "elements": "str"},
    "instance_ids": {"type": "list", "elements": "str"},
    "attachment": {"type": "str", "choices": ["attached", "detached"], "default": "attached"},
    "replace": {"type": "bool", "default": False},
    "detach": {"type": "bool", "default": False},
    "detach_regions": {"type": "list", "elements": "str"},
    **ownership.SPEC,
}

INFO_SPEC: dict[str, dict[str, t.Any]] = {
    "names": {"type": "list", "elements": "str", "aliases": ["name"]},
    "instance_ids": {"type": "list", "elements": "str"},
}


def owner_of(name: str) -> str:
    """Value of the ownership tag of a role and of the policies made for it."""
    return f"instance_ram_role/{name}"


def report_policy_name(role: str) -> str:
    """Name of the policy that a role gets when no policies are given."""
    return _policy_name(role, "trust-report")


def use_policy_name(role: str) -> str:
    """Name of the policy by which RAM users may use the role."""
    return _policy_name(role, "use")


def _policy_name(role: str, purpose: str) -> str:
    return f"{re.sub('[^A-Za-z0-9-]', '-', role)}-{purpose}"


class InstanceRamRole(RoleActions, AttachmentActions, RamResource[RoleState]):
    """One role for instances, with its policies, and who carries it."""

    # ------------------------------------------------------------------ options

    def validate(self) -> None:
        naming.check(naming.ROLE, "name", self._name)
        naming.check_description(naming.RAM_DESCRIPTION, "description", self.options["description"])
        roles.check_session(self.options["max_session_duration"])
        naming.check_instance_ids(self._instance_ids)
        if self.options["policies"] is not None and self.options["trust_actions"]:
            raise InvalidInput(
                "trust_actions is about the policy that the role gets when policies is not given; give one of them."
            )
        templates.check_actions("trust_actions", self.options["trust_actions"] or ())
        templates.check_actions("user_actions", self.options["user_actions"] or ())
        if self.options["user_actions"] and not self.options["users"]:
            raise InvalidInput("user_actions is about what the RAM users in users may do; users is not given.")
        naming.check_each(naming.USER, "users", self.options["users"])
        for number, policy in enumerate(self.options["policies"] or ()):
            naming.check(naming.POLICY, f"policies[{number}].name", policy["name"])
            if policy["type"] == "System" and policy["document"]:
                raise InvalidInput(
                    f"policies[{number}] is a system policy ({policy['name']}) with a document; only the document of a "
                    "custom policy can be changed. Leave document out, or set type to Custom."
                )
        refs = list(self._attached)
        twice = sorted({ref.name for ref in refs if refs.count(ref) > 1})
        if twice:
            raise InvalidInput(f"policies lists {', '.join(twice)} more than once.")
        self._contents  # noqa: B018  the grammar of the documents is checked by reading them
        self._trust_policy  # noqa: B018

    @property
    def _name(self) -> str:
        return str(self.options["name"])

    @property
    def _absent(self) -> bool:
        return bool(self.options["state"] == "absent")

    @property
    def _instance_ids(self) -> list[str]:
        return [] if self._absent else list(self.options["instance_ids"] or ())

    @cached_property
    def _trust_policy(self) -> Document | None:
        text = self.options["trust_policy"]
        return documents.parse("trust_policy", text, "trust") if text else None

    @cached_property
    def _attached(self) -> tuple[PolicyRef, ...]:
        given = self.options["policies"]
        if given is None:
            return (PolicyRef("Custom", report_policy_name(self._name)),)
        return tuple(PolicyRef(policy["type"], policy["name"]) for policy in given)

    @property
    def _users(self) -> list[str] | None:
        """The RAM users that shall be able to use the role; None: not given, leave them alone."""
        return None if self._absent else self.options["users"]

    @property
    def _use_policy(self) -> PolicyRef:
        return PolicyRef("Custom", use_policy_name(self._name))

    @cached_property
    def _contents(self) -> tuple[WantedPolicy, ...]:
        """The custom policies that the task says the content of: the role's own, and the one of its users."""
        contents = self._contents_of_role
        if not self._users:
            return contents
        document = templates.document("use_instance_role", self.options["user_actions"] or (), [self._name])
        return (*contents, self._content(self._use_policy.name, document))

    def _content(self, name: str, document: Document) -> WantedPolicy:
        rotate = self.options["rotate"]
        return WantedPolicy(name, document, rotate=rotate, owner=owner_of(self._name), terms=self._terms)

    @property
    def _contents_of_role(self) -> tuple[WantedPolicy, ...]:
        given = self.options["policies"]
        if given is None:
            document = documents.allow(self.options["trust_actions"] or TRUST_ACTIONS)
            return (self._content(report_policy_name(self._name), document),)
        return tuple(
            self._content(
                policy["name"], documents.parse(f"policies[{number}].document", policy["document"], "permission")
            )
            for number, policy in enumerate(given)
            if policy["document"]
        )

    @property
    def _terms(self) -> ownership.Terms:
        return ownership.Terms.from_options(self.options)

    @property
    def _detached_regions(self) -> list[str] | None:
        """The regions whose instances may lose a role that shall go; None stands for all."""
        if not self.options["detach"]:
            return []
        more = self.options["detach_regions"] or []
        return None if "all" in more else [self.cloud.region, *more]

    # ------------------------------------------------------------------ flow

    def find(self) -> RoleState:
        role = roles.read_role(self.cloud, self._name)
        if self._owner_matters:
            role = roles.with_tags(self.cloud, role)
        state = RoleState(role, roles.read_attached(self.cloud, self._name) if role else ())
        if self._absent:
            return self._find_leaving(state)
        if role_planner.as_it_is(state, self._wanted(state)):
            state = replace(state, granted=policies.read_documents(self.cloud, state.attached))
        wanted = [(content.name, content.document) for content in self._contents]
        return replace(
            state,
            policies=policies.read_contents(self.cloud, wanted, self._terms),
            carriers=attachments.read_carriers(self.cloud, self._instance_ids),
            **self._read_users(),
        )

    def _find_leaving(self, state: RoleState) -> RoleState:
        if state.role and not state.ours and not self._terms.adopt:
            return state  # it stays, whoever has it
        read = attachments.read_lasting if self._detached_regions == [] else attachments.read_everywhere
        owned = policies.read_owned(self.cloud, owner_of(self._name))
        return replace(
            state,
            everywhere=read(self.cloud, self._name) if state.role else Carriers(),
            owned={ref: policies.read_entities(self.cloud, ref) for ref in owned},
        )

    @property
    def _owner_matters(self) -> bool:
        """Whether the task may take something away from a role, or has to leave alone what others made."""
        taking = self._absent or self.options["purge_policies"] or self._trust_policy is not None
        return bool(taking or self._terms != ownership.Terms())

    def _read_users(self) -> dict[str, t.Any]:
        """The RAM users that may use the role now; read only where the task is about them."""
        if self._users is None:
            return {}
        entities = policies.read_entities(self.cloud, self._use_policy)
        held = tuple(sorted(entity.name for entity in entities if entity.kind == "User"))
        policy = policies.read_policy(self.cloud, self._use_policy) if set(held) - set(self._users) else None
        return {
            "users": held,
            "users_ours": all(one.ours for one in policies.with_tags(self.cloud, [policy] if policy else [])),
        }

    def plan(self, actual: RoleState) -> Plan:
        return self._plan_absent(actual) if self._absent else self._plan_present(actual)

    def _wanted(self, actual: RoleState) -> WantedRole:
        purge = bool(self.options["purge_policies"])
        return WantedRole(
            name=self._name,
            trust=self._trust_for(actual.role),
            owner=owner_of(self._name),
            description=self.options["description"],
            max_session_duration=self.options["max_session_duration"],
            attached=self._attached,
            contents=self._contents,
            purge=lambda ref: purge,
            terms=self._terms,
        )

    def _plan_present(self, actual: RoleState) -> Plan:
        wanted = self._wanted(actual)
        kept = role_planner.as_it_is(actual, wanted)
        plan = self._plan_as_it_is(actual, wanted, kept) if kept else role_planner.plan_present(actual, wanted)
        plan = self._with_users(plan, actual)
        if self.options["attachment"] == "attached":
            if self._instance_ids:
                attachments.check_trust(self._name, wanted.trust)
            replace_other = bool(self.options["replace"])
            steps, carriers = attachments.attach_steps(self._name, actual.carriers, self._instance_ids, replace_other)
        else:
            steps, carriers = attachments.detach_steps(self._name, actual.carriers, self._instance_ids)
        if not self._instance_ids:
            return plan
        return replace(
            plan,
            before={**plan.before, "instances": dict(actual.carriers)},
            after={**plan.after, "instances": carriers},
            steps=(*plan.steps, *steps),
        )

    def _plan_as_it_is(self, actual: RoleState, wanted: WantedRole, kept: str) -> Plan:
        """Nothing of the role is changed; it has to do as it is.

        What the task itself demands of its policies is demanded of it. That it lets instances report trust is what most
        want of a role, and not all, so that is only warned about.

        :raises UnexpectedState: ECS may not assume it, or it lacks policies that the task names
        """
        role = t.cast("Role", actual.role)
        what = f"The RAM role {self._name} is not this collection's, so it has to be used as it is; but"
        if self._trust_policy is None and not documents.trusts_service(role.trust_policy, ECS):
            raise UnexpectedState(f"{what} {ECS} may not assume it.", hint=ownership.adopt_hint("change"))
        if self._trust_policy is not None and not documents.same(role.trust_policy, self._trust_policy):
            raise UnexpectedState(f"{what} it has another trust policy.", hint=ownership.adopt_hint("change"))
        missing = role_planner.not_granted(actual, wanted)
        warnings: tuple[str, ...] = ()
        if missing and self.options["policies"] is not None:
            lacks = f"{what} it lacks {', '.join(missing)}."
            raise UnexpectedState(lacks, hint=ownership.adopt_hint("change"))
        if missing:
            warnings = (
                f"The RAM role {self._name} does not allow {', '.join(missing)}, so instances with it cannot report to "
                "the trusted service.",
            )
        shown = role_planner.view(actual)
        return Plan(shown, shown, warnings=warnings, kept=(kept,))

    def _with_users(self, plan: Plan, actual: RoleState) -> Plan:
        """The plan, with the users that shall be able to use the role and no others."""
        if self._users is None:
            return plan
        joining = [name for name in self._users if name not in actual.users]
        leaving = [name for name in actual.users if name not in self._users]
        kept = leaving and ownership.reason_to_stay(
            f"policy {self._use_policy.name}", ours=actual.users_ours, terms=self._terms, verb="detach"
        )
        if kept:
            leaving, plan = [], replace(plan, kept=(*plan.kept, kept))
        steps = [policy_planner.attach_step(Entity("User", name), self._use_policy) for name in joining]
        steps += [policy_planner.detach_step(Entity("User", name), self._use_policy) for name in leaving]
        before, after = {"users": list(actual.users)}, {"users": sorted({*actual.users, *joining} - set(leaving))}
        return replace(
            plan,
            before={**plan.before, **before},
            after={**plan.after, **after},
            steps=(*plan.steps, *steps),
        )

    def _trust_for(self, role: Role | None) -> Document:
        """Without a trust policy given, ECS has to be among those who may assume the role."""
        if self._trust_policy:
            return self._trust_policy
        if role is None:
            return documents.trust_of_service(ECS)
        if documents.trusts_service(role.trust_policy, ECS):
            return role.trust_policy
        return documents.with_service(role.trust_policy, ECS)

    def _plan_absent(self, actual: RoleState) -> Plan:
        carriers = actual.everywhere
        users = carriers.outside(self._detached_regions)
        plan = role_planner.plan_absent(actual, self._name, self._terms, users, (self._use_policy.name,))
        if actual.role is None or not plan.changed:
            return plan
        if users:
            raise UnexpectedState(
                f"The role {self._name} is attached to {'; '.join(users)}.",
                hint="Detach it there, or set detach to true to let this task do so; for other regions than "
                f"{self.cloud.region} name these in detach_regions as well.",
                instance_ids=sorted(instance for ids in carriers.instances.values() for instance in ids),
            )
        steps = attachments.detach_everywhere_steps(self._name, carriers)
        before = dict(plan.before)
        if steps:
            before["instances"] = {region: list(ids) for region, ids in carriers.instances.items()}
        return replace(plan, before=before, steps=(*steps, *plan.steps))

    def preflight(self, plan: Plan, actual: RoleState) -> None:
        created = {step.args["name"] for step in plan.steps if step.do == "create_policy"}
        for step in plan.steps:
            if step.do == "attach_policy" and step.args["name"] not in created:
                policies.prove(self.cloud, PolicyRef(step.args["type"], step.args["name"]))
            if step.do == "attach_policy" and step.args["kind"] == "User":
                users.prove_users(self.cloud, [step.args["entity"]])
            if step.do in ("attach_instances", "exchange_roles"):
                ids = list(step.args.get("instance_ids") or step.args["carriers"])
                attachments.prove_attachable(self.cloud, ids)

    def settle(self, plan: Plan, actual: RoleState) -> dict[str, t.Any]:
        state = self.reread(f"role {self._name}", self.cloud.connection.api_timeout)
        return {"instance_ram_role": {**shape.instance_role(state), **self._shown_users(list(state.users))}}

    def foretell(self, plan: Plan, actual: RoleState) -> dict[str, t.Any]:
        roles.foretell(self.cloud, plan, self._name, owner_of(self._name))
        users_after = plan.after.get("users", [])
        return {"instance_ram_role": {**shape.foretold_instance_role(plan, actual), **self._shown_users(users_after)}}

    def _shown_users(self, names: list[str]) -> dict[str, list[str]]:
        return {} if self._users is None else {"users": names}


def read_roles(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(instance_ram_role_info) returns: the roles asked for, and who carries them."""
    names, instance_ids = options["names"], options["instance_ids"]
    naming.check_instance_ids(instance_ids)
    naming.check_each(naming.ROLE, "names", names)
    carriers = attachments.read_carriers(cloud, instance_ids) if instance_ids else {}
    if names is None and instance_ids is not None:
        names = sorted(set(carriers.values()) - {""})
    every = names is None
    if every:
        names = [item["RoleName"] for item in cloud.pages("ram", "ListRoles")]
    found = []
    for name in names:
        role = roles.read_role(cloud, name)
        # A list of roles does not say who may assume them, so each one has to be read.
        if role is None or (every and not documents.trusts_service(role.trust_policy, ECS)):
            continue
        attached = roles.read_attached(cloud, name)
        found.append(RoleState(role, attached, carriers=attachments.read_carriers_of(cloud, name)))
    result: dict[str, t.Any] = {"instance_ram_roles": [shape.instance_role(state) for state in found]}
    if instance_ids is not None:
        result["instances"] = carriers
    return result
