# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of one security group: compared, added in batches, reworded, removed by id, verified. Private."""

from __future__ import annotations

import typing as t

from .._cloud.errors import CloudError, InvalidInput, NotFound, UnexpectedState
from .._core.plan import Plan
from .._core.resource import Resource
from .._core.waiter import wait_for
from . import find, rule_planner
from .planner import check_id, check_name
from .rule import DIRECTIONS, Rule, from_api, from_options
from .rule_planner import Changes, Group

_NO_SUCH_RULE = "InvalidParam.SecurityGroupRuleId"


class SecurityGroupRules(Resource[Group]):
    """Rules of one group, one or hundreds."""

    def __init__(self, cloud: t.Any, options: dict[str, t.Any]) -> None:
        super().__init__(cloud, options)
        self.state = str(options["state"])
        self.group_id: str | None = options["security_group_id"]
        self.group_type: str | None = None
        self.wanted: list[Rule] = []
        self.changes = Changes((), (), (), ())

    def validate(self) -> None:
        options = self.options
        if not self.group_id and not options["security_group"]:
            raise InvalidInput("Say which group: security_group_id, or security_group with its name.")
        if self.group_id and options["security_group"]:
            raise InvalidInput("security_group_id and security_group both say which group; give one of them.")
        check_id("security_group_id", self.group_id)
        check_id("vpc_id", options["vpc_id"])
        check_name("security_group", options["security_group"])
        if options["max_rules"] < 1:
            raise InvalidInput(f"max_rules is {options['max_rules']}; expected a number above 0.")
        self.wanted = from_options(options["rules"] or [])
        if self.state == "exact":
            outside = [rule.line for rule in self.wanted if rule.direction not in self.directions]
            if outside:
                raise InvalidInput(
                    f"directions is only {' and '.join(self.directions)}, but rules has an {outside[0]}.",
                    hint="Leave directions out, or that rule.",
                )
        if self.state != "absent" and len(self.wanted) > options["max_rules"]:
            raise InvalidInput(
                f"{len(self.wanted)} rules are wanted for one security group; at most {options['max_rules']} are "
                "possible.",
                hint="Merge rules (several ports or networks in one range), or spread them over several groups.",
            )

    @property
    def directions(self) -> list[str]:
        return [one for one in DIRECTIONS if one in (self.options["directions"] or DIRECTIONS)]

    @property
    def label(self) -> str:
        return str(self.options["security_group"] or self.group_id)

    def find(self) -> Group:
        if not self.group_id:
            item = find.by_name(self.cloud, self.options["security_group"], self.options["vpc_id"])
            if item is None:
                # With its id a missing group is an error. By its name it may be one that an earlier task of a run in
                # check mode would have made.
                return Group(None, self.label)
            self.group_id = str(item["SecurityGroupId"])
            self.group_type = str(item.get("SecurityGroupType") or "normal")
            if self.state == "present" and item.get("RuleCount") == 0 and item.get("VpcId"):
                # Nothing to read, and a rule that is there all the same is not added twice.
                return Group(self.group_id, self.label)
        try:
            return self._read()
        except NotFound:
            if self.state == "absent":
                return Group(None, self.label)
            raise

    def plan(self, actual: Group) -> Plan:
        self.changes = rule_planner.changes(self.state, actual, self.wanted, self.directions)
        rule_planner.check_limits(actual, self.changes, self.options["max_rules"])
        return rule_planner.plan(self.state, actual, self.changes, self.options["max_rules"])

    def preflight(self, plan: Plan, actual: Group) -> None:
        """Refuse what an advanced group cannot hold. Its type costs a call, which is only made where it matters."""
        reasons = rule_planner.only_for_basic(self.changes.adds)
        if not reasons or not self.group_id:
            return
        if self.group_type is None:
            item = find.by_id(self.cloud, self.group_id) or {}
            self.group_type = str(item.get("SecurityGroupType") or "normal")
        if self.group_type == "enterprise":
            more = f" ... and {len(reasons) - 5} more" if len(reasons) > 5 else ""
            raise UnexpectedState(
                f"{self.label} is an advanced (enterprise) security group and cannot have: "
                f"{'; '.join(reasons[:5])}{more}.",
                hint="An advanced group takes only rules that allow, with priority 1 and networks as peers.",
            )

    # ------------------------------------------------------------------ steps

    def add(self, direction: str, rules: list[Rule]) -> None:
        self.cloud.call(
            "ecs",
            "AuthorizeSecurityGroup" if direction == "ingress" else "AuthorizeSecurityGroupEgress",
            SecurityGroupId=self._existing(),
            Permissions=[rule.to_api() for rule in rules],
        )

    def reword(self, rule_id: str, rule: Rule) -> None:
        # Everything is sent, because a value left out might be taken for its default.
        values = {name: value for name, value in rule.to_api().items() if name != "NicType"}
        self.cloud.call(
            "ecs",
            "ModifySecurityGroupRule" if rule.direction == "ingress" else "ModifySecurityGroupEgressRule",
            values,
            SecurityGroupId=self._existing(),
            SecurityGroupRuleId=rule_id,
        )

    def remove(self, direction: str, rule_ids: list[str]) -> None:
        try:
            self._revoke(direction, rule_ids)
        except CloudError as error:
            if error.code != _NO_SUCH_RULE:
                raise
            # Somebody else removed some of them in the meantime.
            there = {rule.rule_id for rule in self._read().rules}
            left = [rule_id for rule_id in rule_ids if rule_id in there]
            if left == rule_ids:
                raise
            if left:
                self._revoke(direction, left)

    def _revoke(self, direction: str, rule_ids: list[str]) -> None:
        self.cloud.call(
            "ecs",
            "RevokeSecurityGroup" if direction == "ingress" else "RevokeSecurityGroupEgress",
            SecurityGroupId=self._existing(),
            SecurityGroupRuleId=rule_ids,
        )

    # ------------------------------------------------------------------ results

    def settle(self, plan: Plan, actual: Group) -> dict[str, t.Any]:
        """Read again until every change shows: reads may lag behind."""
        waited = wait_for(
            self.cloud,
            f"the rules of security group {self.label} to show the changes",
            self._read,
            lambda group: not self._missing(group),
            lambda group: f"{self._missing(group)} changes not visible",
            timeout=self.options["wait_timeout"],
            interval=0.25,
        )
        return self._result(waited.value.rules)

    def foretell(self, plan: Plan, actual: Group) -> dict[str, t.Any]:
        return self._result(self.changes.after)

    def _missing(self, group: Group) -> int:
        there = {rule: rule for rule in group.rules}
        ids = {rule.rule_id for rule in group.rules}
        return (
            sum(rule not in there for rule in self.changes.adds)
            + sum(there.get(rule, rule).description != wanted.description for rule, wanted in self.changes.rewords)
            + sum(rule.rule_id in ids for rule in self.changes.removes)
        )

    def _result(self, rules: t.Iterable[Rule]) -> dict[str, t.Any]:
        return {
            "security_group_id": self.group_id,
            "rules": [rule.to_result() for rule in sorted(rules, key=lambda rule: rule.order)],
            "added": [rule.line for rule in self.changes.adds],
            "reworded": [wanted.line for _rule, wanted in self.changes.rewords],
            "removed": [rule.line for rule in self.changes.removes],
        }

    # ------------------------------------------------------------------ reading

    def _existing(self) -> str:
        if not self.group_id:
            raise UnexpectedState(
                f"There is no security group named {self.label}" + (" in that VPC." if self.options["vpc_id"] else "."),
                hint="Create it first, for example with alitrust.ecs.security_group.",
            )
        return self.group_id

    def _read(self) -> Group:
        return read(self.cloud, self._existing(), self.label)


def read(cloud: t.Any, security_group_id: str, label: str) -> Group:
    """A group's rules, with one call unless they fill pages.

    :raises NotFound: when there is no such group
    """
    action = "DescribeSecurityGroupAttribute"
    items, answer = cloud.pages_with_answer("ecs", action, SecurityGroupId=security_group_id)
    vpc = bool(answer.get("VpcId"))
    if not vpc:
        # In the classic network the two sides have rules of their own, and an answer shows one side.
        for nic_type in ("intranet", "internet"):
            items.extend(cloud.pages("ecs", action, SecurityGroupId=security_group_id, NicType=nic_type))
    unique = {str(item.get("SecurityGroupRuleId")): item for item in items}
    policy = str(answer.get("InnerAccessPolicy") or "").lower() or None
    return Group(security_group_id, label, vpc, tuple(from_api(item) for item in unique.values()), policy)
