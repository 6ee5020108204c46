# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Membership of instances and network interfaces in security groups: found, changed, verified. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import chunks, json_list
from .._cloud.errors import AlreadyExists, CloudError
from .._cloud.results import ItemFailure, ItemsFailed
from .._core.plan import Plan
from .._core.resource import Resource
from . import find, member_planner
from .member_planner import Actual, Group, Member

_IDS_PER_CALL = 100


class Membership(Resource[Actual]):
    """Many instances and network interfaces, and the groups that they are to be in."""

    def __init__(self, cloud: t.Any, options: dict[str, t.Any]) -> None:
        super().__init__(cloud, options)
        self.desired = member_planner.Desired.from_options(options)

    def validate(self) -> None:
        self.desired.check()

    def find(self) -> Actual:
        wanted = self.desired
        interfaces = self._interfaces()
        # A primary network interface is in the groups of its instance.
        owners = {item["NetworkInterfaceId"]: item["InstanceId"] for item in interfaces if item["Type"] == "Primary"}
        ids = list(dict.fromkeys([*wanted.instance_ids, *owners.values()]))
        found = [*self._instances(ids), *(_interface(item) for item in interfaces if item["Type"] != "Primary")]
        members = {member.id: member for member in found}
        named = [*ids, *(one for one in wanted.interface_ids if one not in owners)]
        groups = find.by_ids(self.cloud, [*wanted.group_ids, *(one for member in found for one in member.groups)])
        return Actual(
            members=tuple(members[one] for one in named if one in members),
            groups={one: _group(item) for one, item in groups.items()},
            missing=tuple(one for one in named if one not in members),
        )

    def plan(self, actual: Actual) -> Plan:
        return member_planner.plan(self.desired, actual)

    # ------------------------------------------------------------------ steps

    def put(self, kind: str, ids: list[str], group_ids: list[str]) -> None:
        """Go through all, and say in the end which were refused."""
        action = "ModifyInstanceAttribute" if kind == "instance" else "ModifyNetworkInterfaceAttribute"
        failures = []
        for one in ids:
            params = (
                {"InstanceId": one, "SecurityGroupIds": group_ids}
                if kind == "instance"
                else {"NetworkInterfaceId": one, "SecurityGroupId": group_ids}
            )
            try:
                self.cloud.call("ecs", action, params)
            except CloudError as error:
                failures.append(ItemFailure(one, error.code, error.text))
        if failures:
            raise ItemsFailed(f"ecs {action}", failures, hint="The other ones were changed.")

    def join(self, instance_id: str, group_id: str) -> None:
        try:
            self.cloud.call("ecs", "JoinSecurityGroup", InstanceId=instance_id, SecurityGroupId=group_id)
        except AlreadyExists:
            return

    def leave(self, instance_id: str, group_id: str) -> None:
        try:
            self.cloud.call("ecs", "LeaveSecurityGroup", InstanceId=instance_id, SecurityGroupId=group_id)
        except CloudError as error:
            if error.code != "InstanceNotInSecurityGroup":
                raise

    # ------------------------------------------------------------------ results

    def settle(self, plan: Plan, actual: Actual) -> dict[str, t.Any]:
        """Read again until it shows: Alibaba Cloud moves members within minutes."""
        return _result(self.reread("the security groups", self.options["wait_timeout"]), plan)

    def foretell(self, plan: Plan, actual: Actual) -> dict[str, t.Any]:
        return _result(actual, plan)

    # ------------------------------------------------------------------ reading

    def _instances(self, ids: list[str]) -> t.Iterator[Member]:
        for part in chunks(ids, _IDS_PER_CALL):
            for item in self.cloud.pages("ecs", "DescribeInstances", InstanceIds=json_list(part)):
                vpc_id = str((item.get("VpcAttributes") or {}).get("VpcId") or "")
                yield Member("instance", str(item["InstanceId"]), vpc_id, _groups_of(item))

    def _interfaces(self) -> list[dict[str, t.Any]]:
        return [
            item
            for part in chunks(self.desired.interface_ids, _IDS_PER_CALL)
            for item in self.cloud.pages("ecs", "DescribeNetworkInterfaces", NetworkInterfaceId=part)
        ]


def _interface(item: dict[str, t.Any]) -> Member:
    return Member("interface", str(item["NetworkInterfaceId"]), str(item.get("VpcId") or ""), _groups_of(item))


def _groups_of(item: dict[str, t.Any]) -> tuple[str, ...]:
    return tuple((item.get("SecurityGroupIds") or {}).get("SecurityGroupId") or ())


def _group(item: find.Item) -> Group:
    return Group(
        str(item["SecurityGroupId"]), str(item.get("VpcId") or ""), str(item.get("SecurityGroupType") or "normal")
    )


def _result(actual: Actual, plan: Plan) -> dict[str, t.Any]:
    return {
        "members": [
            {
                "instance_id": one.id if one.kind == "instance" else None,
                "network_interface_id": one.id if one.kind == "interface" else None,
                "vpc_id": one.vpc_id,
                "security_group_ids": plan.after[one.id],
                "changed": plan.before[one.id] != plan.after[one.id],
            }
            for one in actual.members
        ]
    }
