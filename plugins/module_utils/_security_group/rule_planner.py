# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rules of a security group have to be added, reworded and removed, and in which order. Pure. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from .._cloud.door import chunks
from .._cloud.errors import UnexpectedState
from .._core import ownership
from .._core.plan import Plan, Step
from .rule import DIRECTIONS, Rule

#: Most rules in one call of Authorize* and Revoke*.
BATCH = 100
#: Most rules of one group, in both directions, unless its quota was raised.
RULES_PER_GROUP = 200
#: A rule, and why it cannot be.
Unfit = tuple[Rule, str]
#: Rules between groups that a basic group can have; an advanced one can have none.
_GROUP_RULES = 20
_LISTED = 5


@dataclass(frozen=True)
class Group:
    """A security group with its rules, as far as planning needs it.

    :ivar security_group_id: None when there is no such group (yet)
    :ivar label: for messages
    :ivar vpc: whether it is in a VPC
    :ivar vpc_id: empty in the classic network, and where it was not read
    :ivar ours: whether this collection made it, where that was asked
    :ivar name: its name, where that was asked
    """

    security_group_id: str | None
    label: str
    vpc: bool = True
    rules: tuple[Rule, ...] = ()
    inner_access_policy: str | None = None
    vpc_id: str = ""
    ours: bool = True
    name: str = ""


@dataclass(frozen=True)
class Changes:
    """What has to happen to a group's rules.

    :ivar rewords: the existing rule, and how it is wanted: with another description, or altogether changed in place
    :ivar after: all rules once that is done
    :ivar spared: those of them that only stay because the task says that such rules do
    """

    adds: tuple[Rule, ...]
    rewords: tuple[tuple[Rule, Rule], ...]
    removes: tuple[Rule, ...]
    after: tuple[Rule, ...]
    spared: tuple[Rule, ...] = ()

    @property
    def any(self) -> bool:
        return bool(self.adds or self.rewords or self.removes)

    @property
    def new(self) -> list[Rule]:
        """The rules that are not there yet."""
        return [*self.adds, *(wanted for rule, wanted in self.rewords if rule != wanted)]


def changes(
    state: str,
    group: Group,
    wanted: t.Sequence[Rule],
    directions: t.Collection[str],
    stays: t.Callable[[Rule], bool] = lambda rule: False,
) -> Changes:
    """Compare.

    :param state: C(present), C(merge) (as C(present), but what is there stays as it is), C(absent) or C(exact)
    :param directions: what C(exact) is about; rules of the other direction stay
    :param stays: whether C(exact) leaves a rule that is not wanted
    """
    targets = {rule: rule for rule in (settled(rule, group) for rule in wanted)}
    modified, replaced = _by_id(group, targets if state in ("present", "exact") else {})
    adds: list[Rule] = []
    rewords: list[tuple[Rule, Rule]] = []
    removes: list[Rule] = []
    kept: list[Rule] = []
    spared: list[Rule] = []
    seen: set[Rule] = set()
    for rule in group.rules:
        target = targets.get(rule)
        if state == "absent":
            (removes if target else kept).append(rule)
        elif rule in replaced:
            removes.append(rule)
        elif rule in modified:
            wanted_now = replace(modified[rule], description=modified[rule].description or rule.description)
            rewords.append((rule, wanted_now))
            kept.append(wanted_now)
            seen.add(wanted_now)
        elif target is None or rule in seen:
            unwanted = state == "exact" and rule.direction in directions
            if unwanted and stays(rule):
                unwanted = False
                spared.append(rule)
            (removes if unwanted else kept).append(rule)
        elif state != "merge" and target.description and target.description != rule.description:
            rewords.append((rule, target))
            kept.append(replace(rule, description=target.description))
        else:
            kept.append(rule)
        seen.add(rule)
    if state != "absent":
        adds = [replace(rule, rule_id=None) for rule in targets.values() if rule not in seen]
    return Changes(
        adds=_sorted(adds),
        rewords=tuple(sorted(rewords, key=lambda pair: pair[0].order)),
        removes=_sorted(removes),
        after=_sorted([*kept, *adds]),
        spared=_sorted(spared),
    )


def _by_id(group: Group, targets: t.Mapping[Rule, Rule]) -> tuple[dict[Rule, Rule], set[Rule]]:
    """The rules that become others because their ids say so: in place, or by a new rule instead."""
    there = {rule.rule_id: rule for rule in group.rules}
    modified: dict[Rule, Rule] = {}
    replaced: set[Rule] = set()
    for target in targets.values():
        rule = there.get(target.rule_id) if target.rule_id else None
        if rule is None or rule in targets:
            continue
        if target not in group.rules and _fixed(rule) == _fixed(target):
            modified[rule] = target
        else:
            replaced.add(rule)
    return modified, replaced


def _fixed(rule: Rule) -> tuple[t.Any, ...]:
    """What ModifySecurityGroupRule cannot change, or cannot take away."""
    kind = rule.peer_kind + ("6" if rule.peer_kind == "cidr" and ":" in rule.peer else "")
    return rule.direction, kind, rule.nic_type, rule.source_ports, rule.local, rule.port_list


def check_owner(state: str, group: Group, found: Changes, terms: ownership.Terms) -> None:
    """Whether rules that the task does not name may be removed.

    :raises UnexpectedState: naming them, when the group is not this collection's
    """
    if state != "exact" or not found.removes:
        return
    try:
        ownership.reason_to_stay(f"security group {group.name}", ours=group.ours, terms=terms, verb="remove rules from")
    except UnexpectedState as error:
        lines = [rule.line for rule in found.removes]
        more = f" and {len(lines) - _LISTED} more" if len(lines) > _LISTED else ""
        error.message += f" They would be: {'; '.join(lines[:_LISTED])}{more}."
        error.details["would_remove"] = lines
        raise


def nothing(group: Group, found: Changes, kept: str) -> Plan:
    """The plan for a group of others that is used as it is.

    :param found: what would be changed if it was ours
    """
    warnings: tuple[str, ...] = ()
    if found.new:
        lines = [rule.line for rule in found.new]
        more = f" and {len(lines) - _LISTED} more" if len(lines) > _LISTED else ""
        warnings = (
            f"The security group {group.name} is left as it is, without these rules of the task: "
            f"{'; '.join(lines[:_LISTED])}{more}.",
        )
    return Plan(text(group.rules), text(group.rules), warnings=warnings, kept=(kept,))


def check_limits(group: Group, found: Changes, max_rules: int) -> None:
    """Whether the rules fit into one group.

    :raises UnexpectedState: with the numbers
    """
    if not found.adds:
        return
    if len(found.after) > max_rules:
        raise UnexpectedState(
            f"The security group {group.label} would have {len(found.after)} rules (now {len(group.rules)}, "
            f"{len(found.adds)} to add, {len(found.removes)} to remove); at most {max_rules} are possible.",
            hint="Merge rules (several ports or networks in one range), or spread them over several groups.",
        )
    between = sum(rule.peer_kind == "group" for rule in found.after)
    if between > _GROUP_RULES and any(rule.peer_kind == "group" for rule in found.adds):
        raise UnexpectedState(
            f"The security group {group.label} would have {between} rules about other groups; at most {_GROUP_RULES} "
            "are possible.",
            hint="Use networks (cidr) or a prefix list (prefix_list_id) instead.",
        )


def only_for_basic(rules: t.Iterable[Rule]) -> list[Unfit]:
    """Why some of these rules cannot be in an advanced group, whichever it is."""
    return _unfit(
        rules,
        lambda rule: (
            ("only policy accept is possible", rule.policy != "accept"),
            ("only priority 1 is possible", rule.priority != 1),
            ("a peer cannot be a security group", rule.peer_kind == "group"),
        ),
    )


def only_elsewhere(group: Group, rules: t.Iterable[Rule]) -> list[Unfit]:
    """Why some of these rules cannot be in this group, because of its network type or of what it is.

    Sources: the operations AuthorizeSecurityGroup and AuthorizeSecurityGroupEgress; for the single address ECS Security
    guide, "Scenarios for security groups" 2 and 7.
    """

    def reasons(rule: Rule) -> t.Iterable[tuple[str, bool]]:
        internet = rule.nic_type == "internet"
        inside = not group.vpc and not internet and rule.direction == "ingress" and rule.peer_kind == "cidr"
        single = rule.peer.endswith("/32") and ":" not in rule.peer
        return (
            ("only a group in the classic network has an internet side", group.vpc and internet),
            ("groups can be peers on the intranet side only", internet and rule.peer_kind == "group"),
            ("a prefix list is for groups in a VPC", not group.vpc and rule.peer_kind == "prefix_list"),
            (
                "the peer must be a single IPv4 address (/32) or a group",
                inside and not single,
            ),
            (
                "a group cannot have a rule about itself; whether its members reach each other is set with "
                "inner_access_policy of alitrust.ecs.security_group",
                rule.peer_kind == "group" and rule.peer == group.security_group_id,
            ),
        )

    return _unfit(rules, reasons)


def _unfit(rules: t.Iterable[Rule], reasons: t.Callable[[Rule], t.Iterable[tuple[str, bool]]]) -> list[Unfit]:
    found = ((rule, ", ".join(reason for reason, applies in reasons(rule) if applies)) for rule in rules)
    return [(rule, why) for rule, why in found if why]


def plan(group: Group, found: Changes, max_rules: int) -> Plan:
    """The steps: add before remove, so that nothing that stays allowed is cut off meanwhile.

    Only a group that is too full for that loses some of its rules first, and no more than needed.
    """
    excess = max(0, len(group.rules) + len(found.adds) - max_rules)
    early = found.removes[:excess] if found.adds else ()
    late = found.removes[len(early) :]
    steps = (
        *_removals(group, early),
        *_additions(group, found.adds),
        *(
            Step(
                f"{'describe' if rule == wanted else 'modify'} rule of {group.label}: {wanted.line}",
                "reword",
                {"rule_id": rule.rule_id, "rule": wanted},
            )
            for rule, wanted in found.rewords
        ),
        *_removals(group, late),
    )
    before = text(group.rules)
    return Plan(before, text(found.after) if steps else before, steps, kept=_spared(group, found.spared))


def _spared(group: Group, rules: t.Sequence[Rule]) -> tuple[str, ...]:
    if not rules:
        return ()
    lines = [rule.line for rule in rules]
    more = f"; and {len(lines) - _LISTED} more" if len(lines) > _LISTED else ""
    return (f"These rules of the security group {group.label} stay, as keep says: {'; '.join(lines[:_LISTED])}{more}.",)


def text(rules: t.Iterable[Rule]) -> str:
    """One line a rule, sorted, for a diff."""
    return "".join(f"{rule.line}\n" for rule in _sorted(rules))


def _sorted(rules: t.Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(sorted(rules, key=lambda rule: rule.order))


def settled(rule: Rule, group: Group) -> Rule:
    """With the side that is meant where none was said: in the classic network the internet's, except for groups."""
    if rule.nic_type:
        return rule
    return replace(rule, nic_type="intranet" if group.vpc or rule.peer_kind == "group" else "internet")


def _additions(group: Group, rules: t.Sequence[Rule]) -> t.Iterator[Step]:
    for direction, part in batches(rules):
        yield Step(f"add {_counted(part, direction)} to {group.label}", "add", {"direction": direction, "rules": part})


def _removals(group: Group, rules: t.Sequence[Rule]) -> t.Iterator[Step]:
    for direction, part in batches(rules):
        yield Step(
            f"remove {_counted(part, direction)} from {group.label}",
            "remove",
            {"direction": direction, "rule_ids": [rule.rule_id for rule in part]},
        )


def batches(rules: t.Sequence[Rule]) -> t.Iterator[tuple[str, list[Rule]]]:
    """Rules by direction, as many together as one call takes."""
    for direction in DIRECTIONS:
        for part in chunks([rule for rule in rules if rule.direction == direction], BATCH):
            yield direction, part


def _counted(rules: t.Sequence[Rule], direction: str) -> str:
    return f"{len(rules)} {direction} rule{'' if len(rules) == 1 else 's'}"
