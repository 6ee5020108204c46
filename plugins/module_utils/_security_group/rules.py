# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of one security group: compared, added in batches, reworded, removed by id, verified. Private."""

from __future__ import annotations

import typing as t
from dataclasses import asdict, replace

from .._cloud.door import Cloud
from .._cloud.errors import AlitrustError, CloudError, InvalidInput, NotFound, OutcomeUnknown, UnexpectedState
from .._cloud.foretold import is_id
from .._core import naming, ownership
from .._core.plan import Plan, Step
from .._core.resource import Resource
from .._core.waiter import wait_for
from .._network.find import vpc_by_name
from . import find, keep, rule_planner, rule_source, shape
from .planner import check_id, check_place
from .rule import DIRECTIONS, Rule, from_api
from .rule_fit import KINDS, Fit, check_interfaces
from .rule_options import from_options, notes
from .rule_planner import Changes, Group, Unfit
from .rule_source import Wanted

_RULE_SPEC: dict[str, dict[str, t.Any]] = {
    "direction": {"type": "str", "default": "ingress"},
    "protocol": {"type": "str"},
    "service": {"type": "list", "elements": "str"},
    "ports": {"type": "list", "elements": "str"},
    "port_list_id": {"type": "list", "elements": "str"},
    "source_ports": {"type": "list", "elements": "str"},
    "cidr": {"type": "list", "elements": "str"},
    "group_id": {"type": "list", "elements": "str"},
    "group": {"type": "list", "elements": "str"},
    "group_owner_id": {"type": "str"},
    "group_owner_account": {"type": "str"},
    "prefix_list_id": {"type": "list", "elements": "str"},
    "dest_cidr": {"type": "str"},
    "source_cidr": {"type": "str"},
    "policy": {"type": "str", "default": "accept"},
    "priority": {"type": "int", "default": 1},
    "nic_type": {"type": "str"},
    "description": {"type": "str"},
    "security_group_rule_id": {"type": "str"},
}
SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["present", "merge", "absent", "exact"], "default": "present"},
    "security_group_id": {"type": "str"},
    "security_group": {"type": "str"},
    "vpc_id": {"type": "str"},
    "vpc": {"type": "str"},
    "network_type": {"type": "str", "choices": ["vpc", "classic"]},
    **ownership.SPEC,
    "directions": {"type": "list", "elements": "str", "choices": ["ingress", "egress"]},
    "keep": {"type": "list", "elements": "dict", "options": keep.SPEC},
    "rules": {"type": "list", "elements": "dict", "options": _RULE_SPEC},
    "rules_file": {"type": "path"},
    "max_file_rules": {"type": "int", "default": 100},
    "skip_invalid": {"type": "bool", "default": False},
    "from_security_group_id": {"type": "str"},
    "from_security_group": {"type": "str"},
    "map_system_priority": {"type": "bool", "default": False},
    "max_rules": {"type": "int", "default": rule_planner.RULES_PER_GROUP},
    "wait_timeout": {"type": "int", "default": 60},
}
CONSTRAINTS: dict[str, t.Any] = {"required_one_of": [("security_group_id", "security_group")]}

_NO_SUCH_RULE = "InvalidParam.SecurityGroupRuleId"
#: What a check run calls the rules of a group, by the group's id.
RULES = "security_group_rules"


class SecurityGroupRules(Resource[Group]):
    """Rules of one group, one or hundreds."""

    def __init__(self, cloud: t.Any, options: dict[str, t.Any]) -> None:
        super().__init__(cloud, options)
        # What comes from a file or another group never overwrites what is there, unless the group is made equal.
        partial = options["state"] == "present" and options["rules"] is None
        self.state = "merge" if partial else str(options["state"])
        self.group_id: str | None = options["security_group_id"]
        self.vpc_id: str | None = options["vpc_id"]
        self.terms = ownership.Terms.from_options(options)
        self.fit = Fit(cloud)
        self.wanted = Wanted()
        self.keep: tuple[keep.Keep, ...] = ()
        self.notes: list[str] = []
        self.changes = Changes((), (), (), ())
        #: what this task has removed and added so far
        self.made_room: list[Rule] = []
        self.added = 0

    def validate(self) -> None:
        options = self.options
        if self.group_id and options["security_group"]:
            raise InvalidInput("security_group_id and security_group both say which group; give one of them.")
        for name in ("security_group_id", "from_security_group_id"):
            check_id(name, options[name])
        check_place(options)
        for name in ("security_group", "from_security_group"):
            naming.check(naming.SECURITY_GROUP, name, options[name])
        for name in ("max_rules", "max_file_rules"):
            if options[name] < 1:
                raise InvalidInput(f"{name} is {options[name]}; expected a number above 0.")
        self._check_source()
        self.keep, self.notes = keep.from_options(options["keep"])
        if self.keep and self.state != "exact":
            raise InvalidInput(f"keep is for state exact; with state {options['state']} no other rule is removed.")
        if options["rules_file"]:
            self.wanted = rule_source.from_file(
                options["rules_file"],
                options["max_file_rules"],
                skip=options["skip_invalid"],
                map_system_priority=options["map_system_priority"],
            ).only(self.directions)
        elif options["rules"] is not None:
            self.wanted = Wanted(tuple(from_options(options["rules"])))
            for index, one in enumerate(options["rules"]):
                self.notes += notes(one, f"rules[{index}].")
            outside = [rule.line for rule in self.wanted.rules if rule.direction not in self.directions]
            if self.state == "exact" and outside:
                raise InvalidInput(
                    f"directions is only {' and '.join(self.directions)}, but rules has an {outside[0]}.",
                    hint="Leave directions out, or that rule.",
                )
        if self.state != "absent" and len(self.wanted.rules) > options["max_rules"]:
            raise InvalidInput(
                f"{len(self.wanted.rules)} rules are wanted for one security group; at most {options['max_rules']} "
                "are possible.",
                hint="Merge rules (several ports or networks in one range), or spread them over several groups.",
            )

    def _check_source(self) -> None:
        names = ("rules", "rules_file", "from_security_group_id", "from_security_group")
        given = [name for name in names if self.options[name] is not None]
        if not given:
            raise InvalidInput(f"Say which rules: give one of {', '.join(names)}.")
        if len(given) > 1:
            raise InvalidInput(f"{' and '.join(given)} both say which rules; give one of them.")
        if self.options["skip_invalid"] and (given != ["rules_file"] or self.state != "merge"):
            raise InvalidInput(
                "skip_invalid is for rules_file with the states present and merge.",
                hint="What else would be done with a part of the rules is not what the file says.",
            )
        if self.group_id and self.group_id == self.options["from_security_group_id"]:
            raise InvalidInput("security_group_id and from_security_group_id are the same group.")

    @property
    def directions(self) -> list[str]:
        return [one for one in DIRECTIONS if one in (self.options["directions"] or DIRECTIONS)]

    @property
    def label(self) -> str:
        return str(self.options["security_group"] or self.group_id)

    def find(self) -> Group:
        group = self._find()
        if self.options["rules"] is None and not self.options["rules_file"]:
            self.wanted = rule_source.from_group(
                self._source(group), group, map_system_priority=self.options["map_system_priority"]
            ).only(self.directions)
        if group.security_group_id:
            named = find.with_peer_ids(self.cloud, self.wanted.rules, group.vpc_id, vpc=group.vpc)
            self.wanted = replace(self.wanted, rules=tuple(named))
        self.wanted = self.wanted.settled(group)
        if self.options["skip_invalid"]:
            self.wanted = self.wanted.without(self._unfit(group)[0])
        return self._owned(group)

    def _find(self) -> Group:
        """:raises UnexpectedState: when there is no such group that rules could be added to"""
        if not self.group_id:
            item = self._named(self.options["security_group"])
            if item is None:
                return self._missing_group()
            self.group_id = str(item["SecurityGroupId"])
            self.fit.group_type = str(item.get("SecurityGroupType") or "normal")
            adds = self.state in ("present", "merge")
            known = self.cloud.foretold.find(RULES, self.group_id)
            if adds and item.get("RuleCount") == 0 and item.get("VpcId") and not known:
                # Nothing to read, and a rule that is there all the same is not added twice.
                return Group(self.group_id, self.label, vpc_id=str(item["VpcId"]))
        try:
            return self._read()
        except NotFound:
            return self._missing_group()

    def _named(self, name: str) -> dict[str, t.Any] | None:
        """The group of that name, in the VPC that the task names."""
        if self.options["vpc"] and not self.vpc_id:
            vpc = vpc_by_name(self.cloud, self.options["vpc"])
            if vpc is None:
                return None
            self.vpc_id = str(vpc["VpcId"])
        return find.by_name(self.cloud, name, self.vpc_id, network_type=self.options["network_type"])

    def _missing_group(self) -> Group:
        """What has no rules that could be removed."""
        if self.state == "absent":
            return Group(None, self.label)
        where = f"VPC {self.options['vpc_id'] or self.options['vpc']}" if self._in_vpc else self.cloud.region
        raise UnexpectedState(
            f"There is no security group {self.label} in {where}.",
            hint="Create it first, for example with alitrust.ecs.security_group.",
        )

    @property
    def _in_vpc(self) -> bool:
        return bool(not self.options["security_group_id"] and (self.options["vpc_id"] or self.options["vpc"]))

    def _owned(self, group: Group) -> Group:
        """The group with its name and whose it is, which costs a call, where that matters."""
        if not group.security_group_id or self.terms.adopt:
            return group
        unnamed = self.state == "exact" and self._changes(group).removes
        if not unnamed and not self.terms.leave_others:
            return group
        item = find.by_id(self.cloud, group.security_group_id) or {}
        shown = shape.group({"SecurityGroupId": group.security_group_id, **item})
        return replace(group, ours=ownership.proven(shown["tags"]), name=shown["name"] or group.label)

    def _source(self, target: Group) -> Group:
        """The group to take the rules from."""
        source_id, name = self.options["from_security_group_id"], self.options["from_security_group"]
        if name:
            source_id = (self._named(name) or {}).get("SecurityGroupId")
        try:
            if source_id and source_id != target.security_group_id:
                return read(self.cloud, source_id, name or source_id)
        except NotFound:
            source_id = None
        if source_id:
            raise InvalidInput(f"The security group {self.label} is itself the one to take the rules from.")
        raise UnexpectedState(
            f"There is no security group {name or self.options['from_security_group_id']} in "
            f"{self.cloud.region} to take the rules from.",
            hint="Rules are restored within one region. To another one they go in a file: alitrust.ecs.sg_rule_export "
            "there, rules_file here.",
        )

    def plan(self, actual: Group) -> Plan:
        self.changes = self._changes(actual)
        kept = ownership.used_as_it_is(
            f"security group {actual.name}", ours=actual.ours, terms=self.terms, left="its rules are left alone"
        )
        if kept:
            plan = rule_planner.nothing(actual, self.changes, kept)
            self.changes = Changes((), (), (), actual.rules)
        else:
            rule_planner.check_owner(self.state, actual, self.changes, self.terms)
            rule_planner.check_limits(actual, self.changes, self.options["max_rules"])
            plan = rule_planner.plan(actual, self.changes, self.options["max_rules"])
        plan = replace(plan, warnings=(*self.notes, *self.wanted.notes, *plan.warnings))
        left_out = self.wanted.left_out
        if not left_out:
            return plan
        listed = "; ".join(": ".join(filter(None, (one.where, one.rule, one.reason))) for one in left_out)
        return replace(plan, warnings=(*plan.warnings, f"Left out {len(left_out)} of the rules: {listed}"))

    def _changes(self, group: Group) -> Changes:
        return rule_planner.changes(
            self.state,
            group,
            self.wanted.rules,
            self.directions,
            lambda rule: any(one.fits(rule) for one in self.keep),
        )

    def preflight(self, plan: Plan, actual: Group) -> None:
        """Refuse what this group cannot hold, all of it at once."""
        unfit, kind = self._unfit(actual)
        if not unfit:
            if self.changes.adds and self.options["max_rules"] > rule_planner.RULES_PER_GROUP:
                check_interfaces(self.cloud, str(actual.security_group_id), actual.label, len(self.changes.after))
            return
        lines = [f"{self._place(rule)}{rule.line}: {reason}" for rule, reason in unfit]
        raise UnexpectedState(
            f"{self.label} is {kind} and cannot have: {'; '.join(lines)}. Nothing was changed.",
            hint="An advanced group takes only rules that allow, with priority 1 and networks or prefix lists as peers."
            if kind == KINDS["enterprise"]
            else "",
        )

    def _place(self, rule: Rule) -> str:
        return f"{self.wanted.places[rule]}: " if rule in self.wanted.places else ""

    def _unfit(self, group: Group) -> tuple[list[Unfit], str]:
        """The rules that the group should get and cannot have, in the order of the task, and what kind of group it is.

        Whether the groups and prefix lists that they name exist is asked too.
        """
        new = set(self._changes(group).new)
        wanted = [rule for rule in self.wanted.rules if rule in new]
        return self.fit.unfit(group, wanted)

    # ------------------------------------------------------------------ steps

    def apply(self, step: Step) -> None:
        try:
            super().apply(step)
        except OutcomeUnknown:
            raise
        except AlitrustError as error:
            if self.added < len(self.changes.adds):
                error.message += self._give_back(step.args.get("direction", ""))
            raise

    def add(self, direction: str, rules: list[Rule]) -> None:
        self._authorize(direction, rules)
        self.added += len(rules)

    def _give_back(self, direction: str) -> str:
        """Add the rules again that made room for others which are not to come; what came of it, in words.

        :param direction: of what was refused; where some of the others are there, only so many fit
        """
        found = self.changes
        there = len(found.after) - len(found.adds) + len(found.removes) - len(self.made_room) + self.added
        nearest = sorted(self.made_room, key=lambda rule: rule.direction != direction)
        words = ""
        for part_direction, part in rule_planner.batches(nearest[: max(0, self.options["max_rules"] - there)]):
            lines = "; ".join(rule.line for rule in part)
            try:
                self._authorize(part_direction, part)
                words += f" There again, after they had made room: {lines}."
            except AlitrustError as trouble:
                words += f" Gone, because they had to make room: {lines} ({trouble.message.rstrip('.')})."
        return words

    def _authorize(self, direction: str, rules: t.Sequence[Rule]) -> None:
        self.cloud.call(
            "ecs",
            "AuthorizeSecurityGroup" if direction == "ingress" else "AuthorizeSecurityGroupEgress",
            SecurityGroupId=str(self.group_id),
            Permissions=[rule.to_api() for rule in rules],
        )

    def reword(self, rule_id: str, rule: Rule) -> None:
        # Everything is sent, because a value left out might be taken for its default.
        values = {name: value for name, value in rule.to_api().items() if name != "NicType"}
        self.cloud.call(
            "ecs",
            "ModifySecurityGroupRule" if rule.direction == "ingress" else "ModifySecurityGroupEgressRule",
            values,
            SecurityGroupId=str(self.group_id),
            SecurityGroupRuleId=rule_id,
        )

    def remove(self, direction: str, rule_ids: list[str]) -> None:
        self._remove(direction, rule_ids)
        self.made_room += [rule for rule in self.changes.removes if rule.rule_id in rule_ids]

    def _remove(self, direction: str, rule_ids: list[str]) -> None:
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
            SecurityGroupId=str(self.group_id),
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
            shows=True,
        )
        if self.state == "exact":
            self._refuse_others(waited.value)
        return self._result(waited.value.rules)

    def _refuse_others(self, group: Group) -> None:
        """:raises UnexpectedState: there are other rules than this task has left: somebody else changed them"""
        late = self._changes(group)
        lines = [rule.line for rule in late.removes] + [rule.line for rule, _wanted in late.rewords]
        if lines or late.adds:
            what = f"has rules that were not there before: {'; '.join(lines)}" if lines else "lacks some of its rules"
            raise UnexpectedState(f"The security group {self.label} {what}.")

    def foretell(self, plan: Plan, actual: Group) -> dict[str, t.Any]:
        if plan.changed:
            would_be(self.cloud, actual, self.changes.after)
        return self._result(self.changes.after)

    def _missing(self, group: Group) -> int:
        words = {rule: rule.description for rule in group.rules}
        ids = {rule.rule_id for rule in group.rules}
        return (
            sum(rule not in words for rule in self.changes.adds)
            + sum(words.get(wanted) != wanted.description for _rule, wanted in self.changes.rewords)
            + sum(rule.rule_id in ids for rule in self.changes.removes)
        )

    def _result(self, rules: t.Iterable[Rule]) -> dict[str, t.Any]:
        return {
            "security_group_id": self.group_id,
            "rules": [rule.to_result() for rule in sorted(rules, key=lambda rule: rule.order)],
            "added": [rule.line for rule in self.changes.adds],
            "reworded": [wanted.line for rule, wanted in self.changes.rewords if rule == wanted],
            "modified": [f"{rule.line} -> {wanted.line}" for rule, wanted in self.changes.rewords if rule != wanted],
            "removed": [rule.line for rule in self.changes.removes],
            "left_out": [one.to_result() for one in self.wanted.left_out],
        }

    # ------------------------------------------------------------------ reading

    def _read(self) -> Group:
        return read(self.cloud, str(self.group_id), self.label)


def read(cloud: Cloud, security_group_id: str, label: str = "") -> Group:
    """A group's rules, with one call unless they fill pages.

    :param label: what the group is called in messages; its name unless given
    :raises NotFound: when there is no such group
    """
    action = "DescribeSecurityGroupAttribute"
    foretold = cloud.foretold.find(RULES, security_group_id)
    if cloud.foretold.is_gone(find.KIND, security_group_id) or (is_id(security_group_id) and foretold is None):
        raise NotFound("ecs", action, "InvalidSecurityGroupId.NotFound", "By then there would be no such group.")
    if foretold is not None:
        return Group(
            security_group_id,
            label or foretold["name"],
            bool(foretold["vpc_id"]),
            tuple(Rule(**one) for one in foretold["rules"]),
            foretold["inner_access_policy"],
            foretold["vpc_id"],
        )
    items, answer = cloud.pages_with_answer("ecs", action, SecurityGroupId=security_group_id)
    vpc_id = str(answer.get("VpcId") or "")
    if not vpc_id:
        # In the classic network the two sides have rules of their own, and an answer shows one side.
        for nic_type in ("intranet", "internet"):
            items.extend(cloud.pages("ecs", action, SecurityGroupId=security_group_id, NicType=nic_type))
    unique = {str(item.get("SecurityGroupRuleId")): item for item in items}
    return Group(
        security_group_id,
        label or str(answer.get("SecurityGroupName") or security_group_id),
        bool(vpc_id),
        tuple(from_api(item) for item in unique.values()),
        str(answer.get("InnerAccessPolicy") or "").lower() or None,
        vpc_id,
    )


def would_be(cloud: Cloud, group: Group, rules: t.Iterable[Rule]) -> None:
    """Tell later tasks of a check run which rules the group would have."""
    cloud.foretold.would_change(
        RULES,
        str(group.security_group_id),
        group.label,
        rules=[asdict(rule) for rule in rules],
        inner_access_policy=group.inner_access_policy,
        vpc_id=group.vpc_id,
    )
