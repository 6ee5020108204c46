# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to change at a security group. Pure. Private."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from .._cloud.door import chunks
from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming, ownership
from .._core import tags as tagging
from .._core.plan import Plan, Step
from .._network.planner import check_choice
from . import clone, outbound, rule_planner
from .rule import DIRECTIONS, Rule
from .shape import TYPES
from .template import Template

_ID = re.compile(r"[A-Za-z0-9\-]+")
_RULES_PER_CALL = 100
_LISTED = 5


@dataclass(frozen=True)
class CloneFrom:
    """The group that a new one is a clone of.

    :ivar region: None for the region of the clone
    :ivar map_system_priority: whether a rule of the system becomes one of the weakest priority that users can give
    """

    security_group_id: str | None = None
    name: str | None = None
    vpc_id: str | None = None
    vpc: str | None = None
    network_type: str | None = None
    region: str | None = None
    map_system_priority: bool = False

    @property
    def label(self) -> str:
        return str(self.security_group_id or self.name) + (f" in {self.region}" if self.region else "")


@dataclass(frozen=True)
class Desired:
    """A security group as a task wants it; None means: not given."""

    present: bool = True
    name: str | None = None
    security_group_id: str | None = None
    vpc_id: str | None = None
    vpc: str | None = None
    description: str | None = None
    network_type: str | None = None
    type: str | None = None
    inner_access_policy: str | None = None
    outbound: str | None = None
    clone_from: CloneFrom | None = None
    template: Template | None = None
    tags: dict[str, t.Any] | None = None
    purge_tags: bool = True
    terms: ownership.Terms = field(default_factory=ownership.Terms)

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Desired:
        return cls(
            present=options["state"] == "present",
            name=options["name"],
            security_group_id=options["security_group_id"],
            vpc_id=options["vpc_id"],
            vpc=options["vpc"],
            description=options["description"],
            type=TYPES[options["type"]] if options["type"] else None,
            network_type=options["network_type"],
            inner_access_policy=options["inner_access_policy"],
            outbound=options["outbound"],
            clone_from=CloneFrom(**_given(options["clone_from"])) if options["clone_from"] else None,
            template=Template.from_options(options),
            tags=options["tags"],
            purge_tags=options["purge_tags"],
            terms=ownership.Terms.from_options(options),
        )

    def check(self) -> None:
        """Compare with the limits of the API.

        :raises InvalidInput: naming option and rule
        """
        naming.check(naming.SECURITY_GROUP, "name", self.name)
        check_id("security_group_id", self.security_group_id)
        check_id("vpc_id", self.vpc_id)
        check_choice(self.vpc_id, self.vpc)
        naming.check_description(naming.ECS_DESCRIPTION, "description", self.description)
        self._check_classic()
        self._check_clone()
        if self.template and self.present:
            self.template.check()
        if self.type == "enterprise" and self.inner_access_policy == "accept":
            raise InvalidInput(
                "inner_access_policy accept is not possible for an advanced (enterprise) group; its members are "
                "isolated from each other. Leave the option out, or use type normal."
            )
        tagging.check(self.tags)

    def _check_classic(self) -> None:
        if self.network_type != "classic":
            return
        for option, given, why in (
            ("vpc_id", self.vpc_id, "has no VPC"),
            ("vpc", self.vpc, "has no VPC"),
            ("type advanced", self.type == "enterprise", "has basic groups only"),
            ("outbound", self.outbound, "has two sides, each with rules of its own; use alitrust.ecs.sg_rule"),
        ):
            if given:
                raise InvalidInput(f"{option} does not go with network_type classic, which {why}.")

    def _check_clone(self) -> None:
        if not self.clone_from or not self.present:
            return
        source = self.clone_from
        if bool(source.security_group_id) == bool(source.name):
            raise InvalidInput("clone_from needs security_group_id or name, and not both, to say what to clone.")
        check_id("clone_from.security_group_id", source.security_group_id)
        naming.check(naming.SECURITY_GROUP, "clone_from.name", source.name)
        check_id("clone_from.vpc_id", source.vpc_id)
        check_choice(source.vpc_id, source.vpc, "clone_from.")
        if source.network_type == "classic" and (source.vpc_id or source.vpc):
            raise InvalidInput("clone_from names a VPC and network_type classic, where there are no VPCs.")
        if self.security_group_id or not self.name:
            raise InvalidInput("clone_from makes a new group; say with name how it is called, without an id.")
        if self.outbound:
            raise InvalidInput(
                "outbound does not go with clone_from; a clone has the rules of the group that it is cloned from."
            )
        if self.template:
            raise InvalidInput(
                "template does not go with clone_from; a clone has the rules of the group that it is cloned from."
            )

    @property
    def classic(self) -> bool:
        return self.network_type == "classic"

    @property
    def label(self) -> str:
        return str(self.name or self.security_group_id)


def _given(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Options without blank texts."""
    stripped = {name: value.strip() if isinstance(value, str) else value for name, value in options.items()}
    return {name: value for name, value in stripped.items() if value not in (None, "")}


@dataclass(frozen=True)
class Actual:
    """What is there.

    :ivar group: the group in the shape of results, or None
    :ivar rules: its rules, where they matter
    :ivar users: what uses it, read only when it is to go
    :ivar source: the group to clone, read only when there is something left to clone
    :ivar selection: its rules, sorted into those that the clone can have and those that it cannot
    """

    group: dict[str, t.Any] | None = None
    users: list[str] = field(default_factory=list)
    rules: tuple[Rule, ...] = ()
    source: clone.Source | None = None
    selection: clone.Selection = field(default_factory=clone.Selection)


def check_place(options: t.Mapping[str, t.Any]) -> None:
    """How a task says where names of groups are looked up: by a VPC, its name, or the kind of network.

    :raises InvalidInput: when that does not go together
    """
    check_id("vpc_id", options["vpc_id"])
    check_choice(options["vpc_id"], options["vpc"])
    vpc = next((name for name in ("vpc_id", "vpc") if options[name]), None)
    if vpc and options["network_type"] == "classic":
        raise InvalidInput(f"{vpc} does not go with network_type classic, where there are no VPCs; give one of them.")


def check_id(option: str, value: str | None) -> None:
    """:raises InvalidInput: when that is no id at all"""
    if value is not None and not _ID.fullmatch(value):
        raise InvalidInput(f"{option} is {value!r}; expected an id of letters, digits and hyphens.")


def plan(desired: Desired, actual: Actual) -> Plan:
    """Decide.

    :raises UnexpectedState: when the group would have to be replaced
    :raises InvalidInput: when something is missing that only creating needs
    """
    if not desired.present:
        return _removal(desired, actual)
    if actual.group is None:
        return _creation(desired, actual)
    return _change(desired, actual, actual.group)


def may_go(desired: Desired, group: t.Mapping[str, t.Any] | None) -> bool:
    """Whether the group is to be deleted and may be, unless something uses it."""
    return group is not None and not desired.present and (desired.terms.adopt or ownership.proven(group["tags"]))


def _shown(group: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What a diff shows of a group."""
    return {
        key: value
        for key, value in group.items()
        if key not in ("security_group_id", "creation_time") and value is not None
    }


def _removal(desired: Desired, actual: Actual) -> Plan:
    if actual.group is None:
        return Plan({}, {})
    what = _words(actual.group)
    ours, before = ownership.proven(actual.group["tags"]), _shown(actual.group)
    kept = ownership.reason_to_stay(what, ours=ours, terms=desired.terms, users=actual.users)
    if kept:
        return Plan(before, before, kept=(kept,))
    warnings: tuple[str, ...] = ()
    if actual.users:
        warnings = (f"The {what} is still used by {'; '.join(actual.users)}.",)
    step = Step(f"delete security group {actual.group['name'] or desired.label}", "delete")
    return Plan(before, {}, (step,), warnings)


def _words(group: t.Mapping[str, t.Any]) -> str:
    """The group as sentences about whose it is name it."""
    name, group_id = group["name"], group["security_group_id"]
    return f"security group {name} ({group_id})" if name else f"security group {group_id}"


def _creation(desired: Desired, actual: Actual) -> Plan:
    if desired.security_group_id:
        raise InvalidInput(
            f"There is no security group {desired.security_group_id} in this region.",
            hint="Check the id and the region; to create a group, leave security_group_id out.",
        )
    if not desired.vpc_id and not desired.classic:
        raise InvalidInput(
            f"There is no security group {desired.name}; vpc_id or vpc is needed to create it.",
            hint="In the classic network, say network_type classic instead.",
        )
    kind = desired.type or "normal"
    policy, description, tags = desired.inner_access_policy, desired.description or "", {}
    if source := actual.source:
        kind = desired.type or source.group["type"]
        description = source.group["description"] if desired.description is None else desired.description
        if kind == source.group["type"] == "normal":
            policy = policy or source.group["inner_access_policy"]
        tags = {clone.TAG: source.unfinished_mark if actual.selection.rules else source.mark}
    if kind == "enterprise" and policy == "accept":
        raise InvalidInput("inner_access_policy accept is not possible for an advanced (enterprise) group.")
    group = {
        "name": desired.name,
        "description": description,
        "vpc_id": desired.vpc_id or "",
        "network_type": "classic" if desired.classic else "vpc",
        "type": kind,
        "tags": {
            tagging.OWNER_KEY: str(desired.name),
            **tags,
            **{key: tagging.text(value) for key, value in (desired.tags or {}).items()},
        },
    }
    steps = [Step(f"create security group {desired.name}", "make", {"group": dict(group)})]
    after: dict[str, t.Any] = dict(group)
    adds: list[Rule] = []
    if policy:
        after["inner_access_policy"] = policy
        if kind == "normal" and policy == "drop":
            steps.append(_policy_step(desired.label, "drop"))
    if desired.outbound:
        after["outbound"] = desired.outbound
        adds, _removes = outbound.changes(desired.outbound, kind, ())
        steps.extend(_rule_steps(desired.label, adds))
    if desired.template:
        wanted = template_rules(desired, group)
        after["rules"] = _lines([*adds, *wanted])
        steps.extend(_rule_steps(desired.label, wanted))
    if source:
        after.update(_cloned(after, source, actual.selection))
        steps.extend(_clone_steps(desired.label, source, actual.selection.rules))
    warnings = (*_not_cloned(desired, actual), *_mute(desired, kind, actual), *_template_warnings(desired))
    return Plan({}, after, tuple(steps), warnings)


def _change(desired: Desired, actual: Actual, group: dict[str, t.Any]) -> Plan:
    label = group["name"] or group["security_group_id"]
    ours = ownership.proven(group["tags"])
    kept = ownership.used_as_it_is(f"security group {label}", ours=ours, terms=desired.terms)
    there = rule_planner.Group(
        group["security_group_id"], label, bool(group["vpc_id"]), actual.rules, name=group["name"]
    )
    wanted = template_rules(desired, group)
    by_template = rule_planner.changes("merge", there, wanted, DIRECTIONS)
    if kept:
        missing = rule_planner.nothing(there, by_template, kept).warnings
        return Plan(_shown(group), _shown(group), warnings=missing, kept=(kept,))
    for option in ("type", "vpc_id", "network_type"):
        value = getattr(desired, option)
        if value and value != group[option]:
            raise UnexpectedState(
                f"The security group {label} ({group['security_group_id']}) has {option} {group[option] or 'none'}, "
                f"not {value}; that cannot be changed in place: it needs replacement.",
                hint="Create a group of another name, move the instances, then delete this one.",
            )
    before, after = dict(group), dict(group)
    steps = []
    naming.check_clearing("description", f"the security group {label}", group["description"], desired.description)
    attributes = {
        option: wanted
        for option, wanted in (("name", desired.name), ("description", desired.description))
        if wanted is not None and wanted != group[option]
    }
    if attributes:
        after.update(attributes)
        steps.append(Step(f"change {' and '.join(attributes)} of security group {label}", "modify", attributes))
    policy = desired.inner_access_policy
    if (source := actual.source) and group["type"] == source.group["type"] == "normal":
        policy = policy or source.group["inner_access_policy"]
    if policy and policy != group["inner_access_policy"]:
        if group["type"] == "enterprise":
            raise UnexpectedState(
                f"The security group {label} is an advanced one; its inner_access_policy cannot be changed.",
                hint="Leave inner_access_policy out.",
            )
        after["inner_access_policy"] = policy
        steps.append(_policy_step(label, policy))
    adds: list[Rule] = []
    removes: list[Rule] = []
    if desired.outbound and desired.outbound != group["outbound"]:
        if not group["vpc_id"]:
            raise UnexpectedState(f"The security group {label} is in the classic network, where outbound is not for.")
        after["outbound"] = desired.outbound
        adds, removes = outbound.changes(desired.outbound, group["type"], actual.rules)
        if removes:
            ownership.reason_to_stay(_words(group), ours=ours, terms=desired.terms, verb="remove rules from")
        steps.extend([*_rule_steps(label, adds), *_rule_steps(label, removes, remove=True)])
    if desired.template:
        rule_planner.check_limits(there, by_template, rule_planner.RULES_PER_GROUP)
        before["rules"] = _lines(actual.rules)
        after["rules"] = _lines([*(rule for rule in by_template.after if rule not in removes), *adds])
        steps.extend(_rule_steps(label, by_template.adds))
    mark = ownership.adoption(group["tags"], desired.terms, label)
    to_set, to_remove = tagging.changes(group["tags"], desired.tags, desired.purge_tags, mark)
    if to_set or to_remove:
        remaining = {key: value for key, value in group["tags"].items() if key not in to_remove}
        after["tags"] = {**remaining, **to_set}
        steps.append(Step(f"change tags of security group {label}", "tag", {"to_set": to_set, "to_remove": to_remove}))
    if source:
        before["rules"] = _lines(actual.rules)
        after.update(_cloned(after, source, actual.selection))
        steps.extend(
            _clone_steps(label, source, [rule for rule in actual.selection.rules if rule not in actual.rules])
            or [_finish_step(label, source)]
        )
    warnings = (*_not_cloned(desired, actual), *_template_warnings(desired))
    return Plan(_shown(before), _shown(after), tuple(steps), warnings)


def _policy_step(label: str, policy: str) -> Step:
    return Step(f"set inner access policy of security group {label} to {policy}", "isolate", {"policy": policy})


def _rule_steps(label: str, rules: t.Sequence[Rule], *, remove: bool = False) -> t.Iterator[Step]:
    """Steps that add rules, or remove them, up to a hundred in a call."""
    for direction in DIRECTIONS:
        for part in chunks([rule for rule in rules if rule.direction == direction], _RULES_PER_CALL):
            counted = f"{len(part)} {direction} rule{'' if len(part) == 1 else 's'}"
            name = f"remove {counted} from {label}" if remove else f"add {counted} to {label}"
            yield Step(name, "remove_rules" if remove else "add_rules", {"direction": direction, "rules": part})


# ---------------------------------------------------------------------- templates


def template_rules(desired: Desired, group: t.Mapping[str, t.Any]) -> list[Rule]:
    """The rules that the group has by its template; none without one.

    :param group: in the shape of results
    """
    if not desired.template:
        return []
    return desired.template.rules(group["type"], vpc=bool(group["vpc_id"]), outbound=desired.outbound is None)


def _template_warnings(desired: Desired) -> t.Iterator[str]:
    if desired.template:
        yield from desired.template.warnings(desired.label)


# ---------------------------------------------------------------------- clones


def _clone_steps(label: str, source: clone.Source, rules: t.Sequence[Rule]) -> list[Step]:
    return [*_rule_steps(label, rules), _finish_step(label, source)] if rules else []


def _finish_step(label: str, source: clone.Source) -> Step:
    return Step(
        f"mark security group {label} as a clone of {source.mark}",
        "tag",
        {"to_set": {clone.TAG: source.mark}, "to_remove": []},
    )


def _lines(rules: t.Iterable[Rule]) -> list[str]:
    return [rule.line for rule in sorted(rules, key=lambda rule: rule.order)]


def _cloned(group: t.Mapping[str, t.Any], source: clone.Source, selection: clone.Selection) -> dict[str, t.Any]:
    return {
        "tags": {**group["tags"], clone.TAG: source.mark},
        "rules": _lines(selection.rules),
    }


def _not_cloned(desired: Desired, actual: Actual) -> t.Iterator[str]:
    left_out = actual.selection.not_cloned
    if left_out and desired.clone_from:
        lines = [f"{rule.line} ({reason})" for rule, reason in left_out[:_LISTED]]
        more = f" and {len(left_out) - _LISTED} more, see not_cloned" if len(left_out) > _LISTED else ""
        yield (
            f"{len(left_out)} rules of security group {desired.clone_from.label} cannot be cloned to {desired.label}: "
            f"{'; '.join(lines)}{more}."
        )


def _mute(desired: Desired, kind: str, actual: Actual) -> t.Iterator[str]:
    """What to say about a new advanced group that drops more than may be meant."""
    if kind != "enterprise" or desired.outbound or desired.template:
        return
    directions = {rule.direction for rule in actual.selection.rules}
    if not directions:
        yield (
            f"The new advanced security group {desired.name} has no rules and lets nothing in or out, until rules are "
            "added, for example with outbound allow and alitrust.ecs.sg_rule."
        )
    elif "egress" not in directions:
        yield (
            f"The new advanced security group {desired.name} lets nothing out until outbound rules are added, "
            "for example with outbound allow in a task of its own."
        )
