# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A security group: found, created, changed, deleted. Private."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import replace

from .._cloud.errors import NotFound, UnexpectedState
from .._core import ownership, tagging, twins
from .._core import tags as tags_of
from .._core.module import TAGS_SPEC
from .._core.plan import Plan
from .._core.removal import delete_when_free, lasting_users
from .._core.resource import Resource
from .._core.waiter import wait_for
from .._network.find import need_vpc, vpc_by_name
from . import clone, clone_source, find, planner, rules, shape, template, users
from .rule import Rule
from .rule_planner import Group

SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str"},
    "security_group_id": {"type": "str"},
    "vpc_id": {"type": "str"},
    "vpc": {"type": "str"},
    "network_type": {"type": "str", "choices": ["vpc", "classic"]},
    "description": {"type": "str"},
    "type": {"type": "str", "choices": ["normal", "enterprise", "basic", "advanced"]},
    "inner_access_policy": {"type": "str", "choices": ["accept", "drop"]},
    "outbound": {"type": "str", "choices": ["allow", "deny"]},
    "clone_from": {
        "type": "dict",
        "options": {
            "security_group_id": {"type": "str"},
            "name": {"type": "str"},
            "vpc_id": {"type": "str"},
            "vpc": {"type": "str"},
            "network_type": {"type": "str", "choices": ["vpc", "classic"]},
            "region": {"type": "str"},
            "map_system_priority": {"type": "bool", "default": False},
        },
    },
    **template.SPEC,
    **TAGS_SPEC,
    **ownership.SPEC,
    "wait_timeout": {"type": "int", "default": 600},
}
CONSTRAINTS: dict[str, t.Any] = {
    "required_one_of": [("name", "security_group_id")],
    "required_by": template.NEEDS_TEMPLATE,
}

#: How long a group that was just created may take to show up in lists, in seconds.
_SHOW_UP = 60.0
_NO_RULES = Group(None, "")


class SecurityGroup(Resource[planner.Actual]):
    """One security group, by id or by name within a VPC."""

    def __init__(self, cloud: t.Any, options: dict[str, t.Any]) -> None:
        super().__init__(cloud, options)
        self.desired = planner.Desired.from_options(options)
        self.group_id = ""

    def validate(self) -> None:
        self.desired.check()
        if self.desired.clone_from:
            self.cloud.in_region(self.desired.clone_from.region)

    def find(self) -> planner.Actual:
        item = self._item()
        wanted = self.desired
        if item is not None:
            self.group_id = item["SecurityGroupId"]
        if not wanted.present:
            group = shape.group(item) if item else None
            return planner.Actual(group, self._users() if planner.may_go(wanted, group) else [])
        source = clone_source.read(self.cloud, wanted, item) if wanted.clone_from else None
        details = self._details(cloning=source is not None) if item else None
        return planner.Actual(
            group=item and self._shape(item, details),
            rules=details.rules if details else (),
            source=source,
            selection=clone_source.select(self.cloud, wanted, source) if source else clone.Selection(),
        )

    def _item(self) -> dict[str, t.Any] | None:
        """The group that the task is about, from DescribeSecurityGroups.

        :raises UnexpectedState: when the VPC that it names does not exist, or several groups have the name
        """
        ours_first = self.desired.terms.leave_others
        if self.desired.vpc:
            vpc = vpc_by_name(self.cloud, self.desired.vpc, ours_first=ours_first)
            if vpc is None and self.desired.present:
                raise UnexpectedState(
                    f"There is no VPC named {self.desired.vpc} in {self.cloud.region}.",
                    hint="Check vpc and the region, or make it with alitrust.ecs.vpc.",
                )
            if vpc is None:
                return None
            self.desired = replace(self.desired, vpc_id=str(vpc["VpcId"]))
        wanted = self.desired
        if wanted.security_group_id:
            return find.by_id(self.cloud, wanted.security_group_id)
        return find.by_name(
            self.cloud, str(wanted.name), wanted.vpc_id, network_type=wanted.network_type, ours_first=ours_first
        )

    def _users(self) -> list[str]:
        def users_now() -> list[str]:
            return users.of_group(self.cloud, self.group_id)

        return lasting_users(self.cloud, users_now) if self.desired.terms.leave_others else users_now()

    def plan(self, actual: planner.Actual) -> Plan:
        return planner.plan(self.desired, actual)

    def preflight(self, plan: Plan, actual: planner.Actual) -> None:
        """A new group needs a VPC that exists; one that was looked up by its name does."""
        if self.desired.present and actual.group is None and self.desired.vpc_id and not self.desired.vpc:
            need_vpc(self.cloud, self.desired.vpc_id)

    # ------------------------------------------------------------------ steps

    def make(self, group: dict[str, t.Any]) -> None:
        answer = self.cloud.call(
            "ecs",
            "CreateSecurityGroup",
            VpcId=group["vpc_id"] or None,
            SecurityGroupName=group["name"],
            Description=group["description"] or None,
            SecurityGroupType=group["type"],
            Tag=tags_of.to_api(group["tags"]),
        )
        self.group_id = answer["SecurityGroupId"]
        self._settle_duplicates(group)

    def modify(self, name: str | None = None, description: str | None = None) -> None:
        self.cloud.call(
            "ecs",
            "ModifySecurityGroupAttribute",
            SecurityGroupId=self.group_id,
            SecurityGroupName=name,
            Description=description,
        )

    def isolate(self, policy: str) -> None:
        self.cloud.call(
            "ecs",
            "ModifySecurityGroupPolicy",
            SecurityGroupId=self.group_id,
            InnerAccessPolicy=policy.capitalize(),
        )

    def tag(self, to_set: dict[str, str], to_remove: list[str]) -> None:
        tagging.write(self.cloud, "ecs", "securitygroup", [self.group_id], to_set, to_remove)

    def add_rules(self, direction: str, rules: list[Rule]) -> None:
        self.cloud.call(
            "ecs",
            "AuthorizeSecurityGroup" if direction == "ingress" else "AuthorizeSecurityGroupEgress",
            SecurityGroupId=self.group_id,
            Permissions=[rule.to_api() for rule in rules],
        )

    def remove_rules(self, direction: str, rules: list[Rule]) -> None:
        # By what they are, not by their ids: what somebody else removed meanwhile is no error then.
        self.cloud.call(
            "ecs",
            "RevokeSecurityGroup" if direction == "ingress" else "RevokeSecurityGroupEgress",
            SecurityGroupId=self.group_id,
            Permissions=[rule.to_api() for rule in rules],
        )

    def delete(self) -> None:
        delete_when_free(
            self.cloud,
            f"security group {self.desired.label}",
            lambda: self.cloud.call("ecs", "DeleteSecurityGroup", SecurityGroupId=self.group_id),
            lambda: users.of_group(self.cloud, self.group_id),
            blocked=("DependencyViolation",),
            timeout=self.options["wait_timeout"],
            hint="First delete these instances and network interfaces or put them into other groups, for example with "
            "alitrust.ecs.sg_member, and delete the rules of other groups that name this group.",
        )

    # ------------------------------------------------------------------ results

    def settle(self, plan: Plan, actual: planner.Actual) -> dict[str, t.Any]:
        if not self.desired.present:
            return {"security_group": None}

        def read() -> dict[str, t.Any] | None:
            item = find.by_id(self.cloud, self.group_id)
            if not item:
                return None
            details = self._details(cloning=actual.source is not None)
            lines = [rule.line for rule in details.rules] if details else []
            return {**self._shape(item, details), "rules": lines}

        awaited = plan.after
        if self.desired.template:
            # Not the rules that were there: somebody else may remove one meanwhile.
            awaited = {**awaited, "rules": [rule.line for rule in _added(plan)]}
        waited = wait_for(
            self.cloud,
            f"security group {self.desired.label} to show its new state",
            read,
            lambda group: group is not None and _shows(group, awaited),
            lambda group: "the old state" if group else "not listed yet",
            timeout=_SHOW_UP,
            shows=True,
        )
        return self._result(waited.value or {}, actual)

    def foretell(self, plan: Plan, actual: planner.Actual) -> dict[str, t.Any]:
        if not self.desired.present:
            if plan.changed:
                self.cloud.foretold.would_delete(find.KIND, self.group_id, str((actual.group or {})["name"]))
            return {"security_group": actual.group if plan.kept else None}
        unknown = {"security_group_id": None, "creation_time": None, "inner_access_policy": None, "outbound": None}
        group = {**(actual.group or unknown), **plan.after}
        if plan.changed:
            group["security_group_id"] = self._foretell(plan, actual, group)
        return self._result(group, actual)

    def _foretell(self, plan: Plan, actual: planner.Actual, group: dict[str, t.Any]) -> str:
        """Hand on what the group will be, and its rules where they would change; returns its id."""
        foretold = self.cloud.foretold
        told = {key: group[key] for key in ("description", "vpc_id", "type", "tags")}
        if actual.group is None:
            self.group_id = foretold.would_make(find.KIND, "sg", group["name"], **told)
            there = Group(self.group_id, group["name"], vpc_id=group["vpc_id"])
            there = replace(there, inner_access_policy="drop" if group["type"] == "enterprise" else "accept")
        else:
            foretold.would_change(find.KIND, self.group_id, group["name"], **told)
            if not any(step.do in ("add_rules", "remove_rules", "isolate") for step in plan.steps):
                return self.group_id
            there = rules.read(self.cloud, self.group_id, group["name"])
        after = list(there.rules)
        for step in plan.steps:
            if step.do == "add_rules":
                after += step.args["rules"]
            elif step.do == "remove_rules":
                after = [rule for rule in after if rule not in step.args["rules"]]
            elif step.do == "isolate":
                there = replace(there, inner_access_policy=step.args["policy"])
        rules.would_be(self.cloud, there, after)
        return self.group_id

    def _result(self, group: dict[str, t.Any], actual: planner.Actual) -> dict[str, t.Any]:
        result: dict[str, t.Any] = {"security_group": {key: group[key] for key in group if key != "rules"}}
        if self.desired.clone_from:
            result["cloned"] = [rule.line for rule in actual.selection.rules]
            result["not_cloned"] = actual.selection.not_cloned_results()
        if self.desired.template:
            result["template_rules"] = [rule.line for rule in planner.template_rules(self.desired, group)]
        return result

    # ------------------------------------------------------------------ reading

    def _details(self, *, cloning: bool) -> Group | None:
        """Inner policy and rules of the group where the task is about them, which costs a call of its own."""
        if not (cloning or self.desired.inner_access_policy or self.desired.outbound or self.desired.template):
            return None
        try:
            return rules.read(self.cloud, self.group_id)
        except NotFound:
            return _NO_RULES  # listed, but not readable yet

    def _shape(self, item: dict[str, t.Any], details: Group | None) -> dict[str, t.Any]:
        """The group as results show it, with those details that the task is about."""
        if details is None:
            return shape.group(item)
        return shape.group(item, details.inner_access_policy, details.rules if self.desired.outbound else None)

    def _settle_duplicates(self, group: dict[str, t.Any]) -> None:
        """Give way to an older group of the same name that a broken-off or parallel run of this task made.

        Names are not unique, and a group that was created a moment ago may not be listed yet, so that two runs can both
        find nothing and both create. Once our own group is listed the other one is too; the older one stays.
        """
        wait_for(
            self.cloud,
            f"security group {group['name']} to be listed",
            lambda: self._made(group),
            lambda found: any(one.id == self.group_id for one in found),
            lambda found: "not listed yet",
            timeout=_SHOW_UP,
            shows=True,
        )
        own, self.group_id = self.group_id, twins.to_use(self.cloud, self.group_id, lambda: self._made(group))
        if own != self.group_id:
            delete = functools.partial(self.cloud.call, "ecs", "DeleteSecurityGroup", SecurityGroupId=own)
            twins.give_up(f"the security group {group['name']}", own, self.group_id, delete)

    def _made(self, group: dict[str, t.Any]) -> list[twins.Twin]:
        """The groups of its name that this collection has made for it."""
        found = find.all_by_name(self.cloud, group["name"], group["vpc_id"], network_type=self.desired.network_type)
        return [
            twins.Twin(str(item.get("CreationTime")), str(item["SecurityGroupId"]))
            for item in found
            if shape.group(item)["tags"].get(tags_of.OWNER_KEY) == group["name"]
        ]


def _added(plan: Plan) -> list[Rule]:
    return [rule for step in plan.steps if step.do == "add_rules" for rule in step.args["rules"]]


def _shows(group: dict[str, t.Any], wanted: dict[str, t.Any]) -> bool:
    """Whether the group looks as planned; tags and rules that somebody else adds meanwhile do no harm."""
    return all(
        value.items() <= group["tags"].items()
        if key == "tags"
        else set(value) <= set(group["rules"])
        if key == "rules"
        else group.get(key) == value
        for key, value in wanted.items()
    )
