# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource behind C(ram_policy). Private."""

from __future__ import annotations

import typing as t
from functools import cached_property

from .._core.plan import Plan
from .._core.resource import Resource
from . import documents, policies, policy_planner, shape
from .documents import Document
from .policies import Entity, Policy, PolicyActions, PolicyRef


class State(t.NamedTuple):
    """The policy, if there is one, and who has it (read only when it shall go)."""

    policy: Policy | None
    entities: tuple[Entity, ...] = ()


SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "document": {"type": "json"},
    "description": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "rotate": {"type": "bool", "default": False},
    "detach": {"type": "bool", "default": False},
}


class RamPolicy(PolicyActions, Resource[State]):
    """One custom policy."""

    def validate(self) -> None:
        policies.check_name("name", self.options["name"])
        policies.check_description(self.options["description"])
        self._document  # noqa: B018  its grammar is checked by reading it

    @cached_property
    def _document(self) -> Document | None:
        text = self.options["document"]
        return documents.parse("document", text, "permission") if text else None

    @property
    def _absent(self) -> bool:
        return bool(self.options["state"] == "absent")

    def find(self) -> State:
        ref = PolicyRef("Custom", self.options["name"])
        if self._absent:
            found = policies.read_policy(self.cloud, ref)
            return State(found, policies.read_entities(self.cloud, ref) if found else ())
        return State(policies.read_for(self.cloud, ref, self._document))

    def plan(self, actual: State) -> Plan:
        if self._absent:
            return policy_planner.plan_absent(actual.policy, actual.entities, self.options["detach"])
        wanted = policy_planner.WantedPolicy(
            self.options["name"], self._document, self.options["description"], self.options["rotate"]
        )
        return policy_planner.plan_present(actual.policy, wanted)

    def settle(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        found = self.reread(f"policy {self.options['name']}", self.cloud.connection.api_timeout).policy
        return {"ram_policy": shape.policy(found) if found else {}}

    def foretell(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        found = actual.policy
        if found is None or self._absent:
            return {"ram_policy": dict(plan.after)}
        return {"ram_policy": {**shape.policy(found), **plan.after}}
