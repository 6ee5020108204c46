# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A security group: found, created, changed, deleted. Private."""

from __future__ import annotations

import typing as t

from .._cloud.errors import NotFound
from .._core import tagging
from .._core import tags as tags_of
from .._core.plan import Plan
from .._core.removal import delete_when_free
from .._core.resource import Resource
from .._core.waiter import wait_for
from . import find, planner, shape

#: How long a group that was just created may take to show up in lists, in seconds.
_SHOW_UP = 60.0
_LISTED = 20


class SecurityGroup(Resource[planner.Actual]):
    """One security group, by id or by name within a VPC."""

    def __init__(self, cloud: t.Any, options: dict[str, t.Any]) -> None:
        super().__init__(cloud, options)
        self.desired = planner.Desired.from_options(options)
        self.group_id = ""

    def validate(self) -> None:
        self.desired.check()

    def find(self) -> planner.Actual:
        wanted = self.desired
        if wanted.security_group_id:
            item = find.by_id(self.cloud, wanted.security_group_id)
        else:
            item = find.by_name(self.cloud, str(wanted.name), wanted.vpc_id)
        if item is None:
            return planner.Actual()
        self.group_id = item["SecurityGroupId"]
        group = shape.group(item, self._inner_policy() if wanted.present else None)
        return planner.Actual(group, [] if wanted.present else self._users())

    def plan(self, actual: planner.Actual) -> Plan:
        return planner.plan(self.desired, actual)

    # ------------------------------------------------------------------ steps

    def make(self, group: dict[str, t.Any]) -> None:
        answer = self.cloud.call(
            "ecs",
            "CreateSecurityGroup",
            VpcId=group["vpc_id"],
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

    def delete(self) -> None:
        delete_when_free(
            self.cloud,
            f"security group {self.desired.label}",
            lambda: self.cloud.call("ecs", "DeleteSecurityGroup", SecurityGroupId=self.group_id),
            self._users,
            blocked=("DependencyViolation",),
            timeout=self.options["wait_timeout"],
            hint="Delete or move these instances, and delete the rules of other groups that name this group, first.",
        )

    # ------------------------------------------------------------------ results

    def settle(self, plan: Plan, actual: planner.Actual) -> dict[str, t.Any]:
        if not self.desired.present:
            return {"security_group": None}

        def read() -> dict[str, t.Any] | None:
            item = find.by_id(self.cloud, self.group_id)
            return item and shape.group(item, self._inner_policy())

        waited = wait_for(
            self.cloud,
            f"security group {self.desired.label} to show its new state",
            read,
            lambda group: group is not None and _shows(group, plan.after),
            lambda group: "the old state" if group else "not listed yet",
            timeout=_SHOW_UP,
        )
        return {"security_group": waited.value}

    def foretell(self, plan: Plan, actual: planner.Actual) -> dict[str, t.Any]:
        if not self.desired.present:
            return {"security_group": None}
        unknown = {"security_group_id": None, "creation_time": None, "inner_access_policy": None}
        return {"security_group": {**(actual.group or unknown), **plan.after}}

    # ------------------------------------------------------------------ reading

    def _inner_policy(self) -> str | None:
        """The inner policy where the task is about it, which costs a call of its own."""
        if not self.desired.inner_access_policy:
            return None
        try:
            answer = self.cloud.call(
                "ecs", "DescribeSecurityGroupAttribute", SecurityGroupId=self.group_id, MaxResults=10
            )
        except NotFound:
            return None  # listed, but not readable yet
        return str(answer.get("InnerAccessPolicy") or "")

    def _users(self) -> list[str]:
        """What keeps the group from being deleted, in words."""
        users = []
        instances = self.cloud.pages("ecs", "DescribeInstances", SecurityGroupId=self.group_id)
        if instances:
            users.append(f"{_count(instances, 'instance')} {_some([item['InstanceId'] for item in instances])}")
        try:
            answer = self.cloud.call("ecs", "DescribeSecurityGroupReferences", SecurityGroupId=[self.group_id])
        except NotFound:
            return users
        groups = [
            other["SecurityGroupId"]
            for item in (answer.get("SecurityGroupReferences") or {}).get("SecurityGroupReference") or []
            for other in (item.get("ReferencingSecurityGroups") or {}).get("ReferencingSecurityGroup") or []
            if other["SecurityGroupId"] != self.group_id
        ]
        if groups:
            users.append(f"rules of {_count(groups, 'security group')} {_some(sorted(set(groups)))}")
        return users

    def _settle_duplicates(self, group: dict[str, t.Any]) -> None:
        """Give way to an older group of the same name that a broken-off or parallel run of this task made.

        Names are not unique, and a group that was created a moment ago may not be listed yet, so that two runs can both
        find nothing and both create. Once our own group is listed the other one is too; the older one stays.
        """
        waited = wait_for(
            self.cloud,
            f"security group {group['name']} to be listed",
            lambda: find.all_by_name(self.cloud, group["name"], group["vpc_id"]),
            lambda items: any(item["SecurityGroupId"] == self.group_id for item in items),
            lambda items: "not listed yet",
            timeout=_SHOW_UP,
        )
        owned = [
            item["SecurityGroupId"]
            for item in waited.value
            if shape.group(item)["tags"].get(tags_of.OWNER_KEY) == group["name"]
        ]
        if owned and owned[0] != self.group_id:
            self.cloud.call("ecs", "DeleteSecurityGroup", SecurityGroupId=self.group_id)
            self.group_id = owned[0]


def _shows(group: dict[str, t.Any], wanted: dict[str, t.Any]) -> bool:
    """Whether the group looks as planned; tags that somebody else sets meanwhile do no harm."""
    return all(
        value.items() <= group["tags"].items() if key == "tags" else group.get(key) == value
        for key, value in wanted.items()
    )


def _count(items: list[t.Any], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _some(ids: list[str]) -> str:
    """A list for a message, cut where it gets long."""
    shown = ", ".join(ids[:_LISTED])
    return f"({shown}{', ...' if len(ids) > _LISTED else ''})"
