# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource behind C(ram_group). Private."""

from __future__ import annotations

import typing as t
from functools import cached_property

from .._cloud.door import Cloud
from .._core import naming, ownership
from .._core.plan import Plan
from . import policies, shape, user_planner, users
from .policies import Entity, PolicyRef
from .resource import RamResource
from .user import POLICIES_SPEC, wanted_policies
from .user_planner import GroupState, WantedGroup
from .users import GroupActions

SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "comments": {"type": "str"},
    "users": {"type": "list", "elements": "str"},
    "purge_users": {"type": "bool", "default": False},
    "policies": POLICIES_SPEC,
    "purge_policies": {"type": "bool", "default": False},
    "remove_users": {"type": "bool", "default": False},
    **ownership.SPEC,
}


class RamGroup(GroupActions, RamResource[GroupState]):
    """One group of RAM users."""

    def validate(self) -> None:
        naming.check(naming.USER_GROUP, "name", self.options["name"])
        naming.check_each(naming.USER, "users", self.options["users"])
        users.check_comments(self.options["comments"])
        self._wanted  # noqa: B018  reads and checks the other options

    @property
    def _terms(self) -> ownership.Terms:
        return ownership.Terms.from_options(self.options)

    @cached_property
    def _wanted(self) -> WantedGroup:
        members = self.options["users"]
        return WantedGroup(
            name=self.options["name"],
            comments=self.options["comments"],
            users=None if members is None else tuple(members),
            purge_users=self.options["purge_users"],
            policies=wanted_policies(self.options["policies"]),
            purge_policies=self.options["purge_policies"],
            terms=self._terms,
        )

    def find(self) -> GroupState:
        return read_state(self.cloud, self.options["name"])

    def plan(self, actual: GroupState) -> Plan:
        if self.options["state"] == "absent":
            return user_planner.plan_group_absent(actual, self.options["remove_users"], self._terms)
        return user_planner.plan_group(actual, self._wanted)

    def preflight(self, plan: Plan, actual: GroupState) -> None:
        for step in plan.steps:
            if step.do == "attach_policy":
                policies.prove(self.cloud, PolicyRef(step.args["type"], step.args["name"]))
        users.prove_users(self.cloud, [step.args["user"] for step in plan.steps if step.do == "join_group"])

    def settle(self, plan: Plan, actual: GroupState) -> dict[str, t.Any]:
        state = self.reread(f"group {self.options['name']}", self.cloud.connection.api_timeout)
        return {"ram_group": shape.group(state)}

    def foretell(self, plan: Plan, actual: GroupState) -> dict[str, t.Any]:
        users.foretell(self.cloud, plan.steps)
        return {"ram_group": shape.foretold_group(plan, actual)}


def read_state(cloud: Cloud, name: str) -> GroupState:
    """Everything that the modules say of a group."""
    group = users.read_group(cloud, name)
    if group is None:
        return GroupState()
    return GroupState(
        group=group,
        users=users.read_members(cloud, name),
        policies=policies.read_attached(cloud, Entity("Group", name)),
    )


def read_groups(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(ram_group_info) returns."""
    names = options["names"]
    naming.check_each(naming.USER_GROUP, "names", names)
    if names is None:
        names = [item["GroupName"] for item in cloud.pages("ram", "ListGroups")]
    states = [read_state(cloud, name) for name in names]
    return {"ram_groups": [shape.group(state) for state in states if state.group]}
