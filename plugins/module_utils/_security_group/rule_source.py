# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where wanted rules come from besides the option: a file, or another group. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from .._cloud.errors import InvalidInput, UnexpectedState
from . import rule_file
from .rule import LOWEST_PRIORITY, SYSTEM_PRIORITY, Rule
from .rule_planner import Group, settled


@dataclass(frozen=True)
class LeftOut:
    """A rule that was wanted and cannot be.

    :ivar where: line or element of the file, empty for a rule of a group
    :ivar rule: the rule as a person reads it, empty where it could not even be read
    """

    where: str
    rule: str
    reason: str

    def to_result(self) -> dict[str, str | None]:
        return {"where": self.where or None, "rule": self.rule or None, "reason": self.reason}


@dataclass(frozen=True)
class Wanted:
    """The rules that a task is about.

    :ivar places: where in a file a rule is
    :ivar notes: what is to be said about them
    """

    rules: tuple[Rule, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    places: t.Mapping[Rule, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def only(self, directions: t.Collection[str]) -> Wanted:
        return replace(self, rules=tuple(rule for rule in self.rules if rule.direction in directions))

    def settled(self, group: Group) -> Wanted:
        """With the side of each rule that is meant in this group."""
        places = {settled(rule, group): where for rule, where in self.places.items()}
        return replace(self, rules=tuple(dict.fromkeys(settled(rule, group) for rule in self.rules)), places=places)

    def without(self, unfit: t.Iterable[tuple[Rule, str]]) -> Wanted:
        """With some rules left out for a reason."""
        reasons = dict(unfit)
        gone = [LeftOut(self.places.get(rule, ""), rule.line, why) for rule, why in reasons.items()]
        kept = tuple(rule for rule in self.rules if rule not in reasons)
        return replace(self, rules=kept, left_out=(*self.left_out, *gone))


def from_file(path: str, most: int, *, skip: bool, map_system_priority: bool) -> Wanted:
    """The rules of a file.

    :param most: how many rules may come from one file
    :param skip: whether to leave out what cannot be a rule
    :raises InvalidInput: with a reason for each rule that cannot be, unless those are left out
    """
    found = rule_file.read(path, most, map_system_priority)
    if found.count > most and not skip:
        raise InvalidInput(
            f"The rules file {path} has {found.count} rules; at most {most} can be imported at once.",
            hint="Split the file, or raise max_file_rules.",
        )
    if found.problems and not skip:
        raise InvalidInput(
            f"{len(found.problems)} of {found.count} rules in {path} cannot be imported: "
            f"{' '.join(str(problem) for problem in found.problems)} Nothing was changed.",
            hint="Correct the file, or leave these rules out with skip_invalid.",
        )
    left_out = tuple(LeftOut(problem.where, "", problem.reason) for problem in found.problems)
    return Wanted(found.rules, left_out, found.places, found.notes)


def from_group(source: Group, target: Group, *, map_system_priority: bool) -> Wanted:
    """The rules of another group, as far as this one can have them.

    System rules cannot be made (ECS Security guide, "Restore security group rules"); neither can a rule about the group
    itself, nor one about a group of another VPC.

    :raises UnexpectedState: when the groups are of different network types
    """
    if target.security_group_id and source.vpc != target.vpc:
        kinds = {True: "in a VPC", False: "in the classic network"}
        raise UnexpectedState(
            f"The security group {source.label} is {kinds[source.vpc]} and {target.label} {kinds[target.vpc]}; rules "
            "are restored between groups of the same network type only.",
            hint="To bring rules from the classic network into a VPC, clone the group.",
        )
    rules = [replace(rule, rule_id=None) for rule in source.rules]
    if map_system_priority:
        rules = [
            replace(rule, priority=LOWEST_PRIORITY) if rule.priority == SYSTEM_PRIORITY else rule for rule in rules
        ]
    found = Wanted(tuple(dict.fromkeys(rules)))
    there = set(target.rules)
    reasons = ((rule, _not_restorable(rule, source, target)) for rule in found.rules if rule not in there)
    return found.without((rule, why) for rule, why in reasons if why)


def _not_restorable(rule: Rule, source: Group, target: Group) -> str:
    if rule.priority > LOWEST_PRIORITY:
        return f"it is a system rule (priority {rule.priority}); map_system_priority makes one of priority 100 of it"
    if rule.peer_kind != "group":
        return ""
    if rule.peer == target.security_group_id:
        return "it would be about the group itself"
    if source.vpc_id != target.vpc_id and target.security_group_id and not rule.owner:
        return f"its group is in another VPC ({source.vpc_id})"
    return ""
