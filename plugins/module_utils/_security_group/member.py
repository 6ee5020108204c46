# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Membership of instances and network interfaces in security groups: found, changed, verified. Private."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._cloud.door import chunks, json_list
from .._cloud.errors import AlitrustError, AlreadyExists, CloudError, InvalidInput, UnexpectedState
from .._cloud.foretold import Record, is_id
from .._cloud.results import ItemFailure, ItemsFailed
from .._core.plan import Plan
from .._core.resource import Resource
from .._network.find import INTERFACE
from . import find, member_planner, shape, users
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
        secondary = (_interface(item) for item in interfaces if item["Type"] != "Primary")
        found = [*self._instances(ids), *map(self._settled, secondary)]
        members = {member.id: member for member in found}
        named = [*ids, *(one for one in wanted.interface_ids if one not in owners)]
        self.desired = replace(wanted, group_ids=self._group_ids(wanted, {member.vpc_id for member in found}))
        chosen = self.desired.group_ids
        groups = find.by_ids(self.cloud, [*chosen, *(one for member in found for one in member.groups)])
        return Actual(
            members=tuple(members[one] for one in named if one in members),
            groups={one: _group(item) for one, item in groups.items()},
            missing=tuple(one for one in named if one not in members),
        )

    def _group_ids(self, wanted: member_planner.Desired, vpcs: set[str]) -> tuple[str, ...]:
        """IDs of the groups, those that are named looked up where the members are."""
        if not wanted.group_names:
            return wanted.group_ids
        if len(vpcs) > 1:
            raise InvalidInput(
                f"The members are in different networks ({', '.join(sorted(one or 'classic' for one in vpcs))}), so "
                "that names in security_groups do not say which groups are meant.",
                hint="Give their IDs with security_group_ids, or use a task for each network.",
            )
        (vpc_id,) = vpcs or {""}
        kind = "classic" if vpcs == {""} else None
        items = {name: find.by_name(self.cloud, name, vpc_id, network_type=kind) for name in wanted.group_names}
        missing = [name for name, item in items.items() if item is None]
        if missing and wanted.state != "absent":
            raise UnexpectedState(
                f"There is no security group {', '.join(missing)} in {vpc_id or self.cloud.region}.",
                hint="alitrust.ecs.security_group_info lists the groups that are there.",
            )
        found = (str(item["SecurityGroupId"]) for item in items.values() if item)
        return tuple(dict.fromkeys([*wanted.group_ids, *found]))

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

    def change_over(self, instance_id: str, group_id: str, old_id: str) -> None:
        """Leave a group to make room for another one; where that refuses, the old one is joined again."""
        self.leave(instance_id, old_id)
        try:
            self.join(instance_id, group_id)
        except AlitrustError as error:
            try:
                self.join(instance_id, old_id)
            except AlitrustError as trouble:
                error.message += f" {instance_id} is not in {old_id} any more ({trouble.message.rstrip('.')})."
            else:
                error.message += f" {instance_id} is in {old_id} again."
            raise

    # ------------------------------------------------------------------ results

    def settle(self, plan: Plan, actual: Actual) -> dict[str, t.Any]:
        """Read again until it shows: Alibaba Cloud moves members within minutes."""
        return _result(self.reread("the security groups", self.options["wait_timeout"]), plan)

    def foretell(self, plan: Plan, actual: Actual) -> dict[str, t.Any]:
        for one in actual.members:
            if plan.before[one.id] != plan.after[one.id]:
                self.cloud.foretold.would_change(
                    users.MEMBERSHIP, one.id, one.id, member=one.kind, security_group_ids=plan.after[one.id]
                )
        return _result(actual, plan)

    # ------------------------------------------------------------------ reading

    def _instances(self, ids: list[str]) -> t.Iterator[Member]:
        """Instances, in check mode as they would be by then."""
        foretold = self.cloud.foretold
        new = {one["id"]: one for one in foretold.all_of("instance") if one["id"] in ids}
        real = [one for one in ids if one not in new and not foretold.is_gone("instance", one)]
        for record in new.values():
            yield self._settled(Member("instance", record["id"], record.get("vpc_id") or "", _told(record)))
        for part in chunks(real, _IDS_PER_CALL):
            for item in self.cloud.pages("ecs", "DescribeInstances", InstanceIds=json_list(part)):
                vpc_id = str((item.get("VpcAttributes") or {}).get("VpcId") or "")
                yield self._settled(Member("instance", str(item["InstanceId"]), vpc_id, _groups_of(item)))

    def _settled(self, member: Member) -> Member:
        """With the groups that an earlier task of a check run would have put it into."""
        moved = self.cloud.foretold.find(users.MEMBERSHIP, member.id)
        return replace(member, groups=_told(moved)) if moved else member

    def _interfaces(self) -> list[dict[str, t.Any]]:
        """Network interfaces, in check mode as they would be by then."""
        foretold, wanted = self.cloud.foretold, self.desired.interface_ids
        new = [one for one in foretold.all_of(INTERFACE) if one["id"] in wanted and is_id(one["id"])]
        real = [one for one in wanted if not is_id(one) and not foretold.is_gone(INTERFACE, one)]
        items = [
            item
            for part in chunks(real, _IDS_PER_CALL)
            for item in self.cloud.pages("ecs", "DescribeNetworkInterfaces", NetworkInterfaceId=part)
        ]
        return [*items, *map(_unborn, new)]


def _unborn(record: Record) -> dict[str, t.Any]:
    """A network interface that an earlier task of a check run would have made, as an item."""
    thing = record["thing"]
    groups = {"SecurityGroupId": thing["security_group_ids"]}
    return {
        "NetworkInterfaceId": record["id"],
        "Type": thing["type"],
        "VpcId": thing["vpc_id"],
        "SecurityGroupIds": groups,
    }


def _interface(item: dict[str, t.Any]) -> Member:
    return Member("interface", str(item["NetworkInterfaceId"]), str(item.get("VpcId") or ""), _groups_of(item))


def _groups_of(item: dict[str, t.Any]) -> tuple[str, ...]:
    return tuple((item.get("SecurityGroupIds") or {}).get("SecurityGroupId") or ())


def _told(record: Record) -> tuple[str, ...]:
    return tuple(record.get("security_group_ids") or ())


def _group(item: find.Item) -> Group:
    return Group(
        str(item["SecurityGroupId"]),
        str(item.get("VpcId") or ""),
        str(item.get("SecurityGroupType") or "normal"),
        shape.rule_count(item),
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
