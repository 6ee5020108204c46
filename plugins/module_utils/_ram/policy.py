# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource behind C(ram_policy). Private."""

from __future__ import annotations

import re
import typing as t
from functools import cached_property

from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput
from .._core import naming, ownership
from .._core.plan import Plan
from . import documents, policies, policy_planner, shape, templates
from .documents import Document
from .policies import Entity, Policy, PolicyActions, PolicyRef
from .resource import RamResource


class State(t.NamedTuple):
    """The policy, if there is one, and who has it (read only when it shall go)."""

    policy: Policy | None
    entities: tuple[Entity, ...] = ()


SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "document": {"type": "json"},
    "template": {"type": "str", "choices": list(templates.ACTIONS)},
    "actions": {"type": "list", "elements": "str"},
    "roles": {"type": "list", "elements": "str"},
    "default_version": {"type": "str"},
    "description": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "rotate": {"type": "bool", "default": False},
    "detach": {"type": "bool", "default": False},
    **ownership.SPEC,
}
_CONTENTS = ("document", "template", "default_version")
INFO_SPEC: dict[str, dict[str, t.Any]] = {
    "names": {"type": "list", "elements": "str", "aliases": ["name"]},
    "type": {"type": "str", "choices": ["System", "Custom"], "default": "Custom"},
}


class RamPolicy(PolicyActions, RamResource[State]):
    """One custom policy."""

    def validate(self) -> None:
        naming.check(naming.POLICY, "name", self.options["name"])
        naming.check_description(naming.RAM_DESCRIPTION, "description", self.options["description"])
        given = [name for name in _CONTENTS if self.options[name]]
        if len(given) > 1:
            raise InvalidInput(f"{' and '.join(given)} are different ways to say what is in force; give one of them.")
        template, version = self.options["template"], self.options["default_version"]
        if self.options["actions"] and not template:
            raise InvalidInput("actions is about what a template allows besides; template is not given.")
        if self.options["roles"] and template != "use_instance_role":
            raise InvalidInput("roles is for the template use_instance_role.")
        templates.check_actions("actions", self.options["actions"] or ())
        naming.check_each(naming.ROLE, "roles", self.options["roles"])
        if version and not re.fullmatch(r"v[1-9][0-9]*", version):
            raise InvalidInput(f"default_version is {version!r}; expected for example v2.")
        self._document  # noqa: B018  its grammar is checked by reading it

    @cached_property
    def _document(self) -> Document | None:
        text, template = self.options["document"], self.options["template"]
        if template:
            return templates.document(template, self.options["actions"] or (), self.options["roles"] or ())
        return documents.parse("document", text, "permission") if text else None

    @property
    def _absent(self) -> bool:
        return bool(self.options["state"] == "absent")

    @property
    def _terms(self) -> ownership.Terms:
        return ownership.Terms.from_options(self.options)

    def find(self) -> State:
        state = self._read()
        if state.policy and (self._absent or policies.needs_tags(state.policy, self._terms)):
            return state._replace(policy=policies.with_tags(self.cloud, [state.policy])[0])
        return state

    def _read(self) -> State:
        ref = PolicyRef("Custom", self.options["name"])
        if self._absent:
            found = policies.read_policy(self.cloud, ref)
            return State(found, policies.read_entities(self.cloud, ref) if found else ())
        found = policies.read_for(self.cloud, ref, self._document)
        if found and self.options["default_version"] not in (None, found.default_version):
            found = policies.with_versions(self.cloud, found)
        return State(found)

    def plan(self, actual: State) -> Plan:
        if self._absent:
            return policy_planner.plan_absent(actual.policy, actual.entities, self.options["detach"], self._terms)
        wanted = policy_planner.WantedPolicy(
            self.options["name"],
            self._document,
            self.options["description"],
            self.options["rotate"],
            default_version=self.options["default_version"],
            terms=self._terms,
        )
        return policy_planner.plan_present(actual.policy, wanted)

    def settle(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        found = self.reread(f"policy {self.options['name']}", self.cloud.connection.api_timeout).policy
        return {"ram_policy": shape.policy(found) if found else {}}

    def foretell(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        policies.foretell(self.cloud, plan.steps, {self.options["name"]: plan.after.get("document")})
        found = actual.policy
        if found is None or not plan.after:
            return {"ram_policy": dict(plan.after)}
        return {"ram_policy": shape.foretold(plan, shape.policy(found), plan.after)}


def read_policies(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(ram_policy_info) returns: the policies asked for, with their versions and who has them."""
    kind, names = options["type"], options["names"]
    naming.check_each(naming.POLICY, "names", names)
    if names is None:
        names = [item["PolicyName"] for item in cloud.pages("ram", "ListPolicies", PolicyType=kind)]
    shown = []
    for name in names:
        ref = PolicyRef(kind, name)
        found = policies.read_policy(cloud, ref)
        if found:
            found = policies.with_versions(cloud, found)
            shown.append(shape.policy_in_full(found, policies.read_entities(cloud, ref)))
    return {"ram_policies": shown}
