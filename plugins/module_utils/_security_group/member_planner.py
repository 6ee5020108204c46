# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which instances and network interfaces go into which security groups, and what forbids it. Pure. Private.

Sources of the rules: ECS Security guide, "Add an ECS instance to a security group" and "Replace security groups of an
ECS instance"; the operations ModifyInstanceAttribute and ModifyNetworkInterfaceAttribute.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming
from .._core.plan import Plan, Step
from .interface import too_many
from .planner import check_id

#: The console's word for each type.
_TYPE_NAMES = {"normal": "basic", "enterprise": "advanced"}
_NOUNS = {"instance": "instance", "interface": "network interface"}
_LISTED = 5


@dataclass(frozen=True)
class Group:
    """A security group, as far as membership needs it; C(vpc_id) is empty in the classic network."""

    security_group_id: str
    vpc_id: str
    type: str
    rules: int = 0


@dataclass(frozen=True)
class Member:
    """An instance, by its primary network interface, or a secondary network interface.

    :ivar kind: C(instance) or C(interface)
    :ivar vpc_id: empty in the classic network
    :ivar groups: ids of the groups that it is in
    """

    kind: str
    id: str
    vpc_id: str
    groups: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"{_NOUNS[self.kind]} {self.id}"


@dataclass(frozen=True)
class Desired:
    """Who is to be in which groups.

    :ivar state: C(present), C(absent) or C(exact)
    :ivar max_groups: how many groups a network interface can be in
    :ivar group_names: of groups whose ids are looked up in the VPC of the members
    """

    state: str
    group_ids: tuple[str, ...]
    instance_ids: tuple[str, ...] = ()
    interface_ids: tuple[str, ...] = ()
    max_groups: int = 5
    group_names: tuple[str, ...] = ()

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Desired:
        return cls(
            state=options["state"],
            group_ids=tuple(options["security_group_ids"] or ()),
            instance_ids=tuple(options["instance_ids"] or ()),
            interface_ids=tuple(options["network_interface_ids"] or ()),
            max_groups=options["max_groups"],
            group_names=tuple(options["security_groups"] or ()),
        )

    def check(self) -> None:
        """:raises InvalidInput: naming option and rule"""
        if self.max_groups < 1:
            raise InvalidInput(f"max_groups is {self.max_groups}; expected a number above 0.")
        for option, ids in (
            ("security_group_ids", self.group_ids),
            ("instance_ids", self.instance_ids),
            ("network_interface_ids", self.interface_ids),
        ):
            for one in ids:
                check_id(option, one)
        naming.check_each(naming.SECURITY_GROUP, "security_groups", self.group_names)
        named = len(self.group_ids) + len(self.group_names)
        if not named:
            raise InvalidInput(
                "security_group_ids is empty, and so is security_groups; name at least one group. An instance or "
                "network interface is always in "
                "at least one."
            )
        if not self.instance_ids and not self.interface_ids:
            raise InvalidInput("Neither instance_ids nor network_interface_ids names anything.")
        if self.state != "absent" and named > self.max_groups:
            raise InvalidInput(
                f"The task names {named} groups (security_group_ids, security_groups); at most {self.max_groups} are "
                "possible "
                "(max_groups)."
            )

    def groups_of(self, member: Member) -> tuple[str, ...]:
        """The groups that a member is to be in."""
        if self.state == "absent":
            return tuple(one for one in member.groups if one not in self.group_ids)
        if self.state == "exact":
            return self.group_ids
        return tuple(dict.fromkeys([*member.groups, *self.group_ids]))


@dataclass(frozen=True)
class Actual:
    """What is there.

    :ivar groups: the groups named in the task or holding one of the members, by id
    :ivar missing: ids of instances and network interfaces that do not exist
    """

    members: tuple[Member, ...]
    groups: t.Mapping[str, Group]
    missing: tuple[str, ...] = ()


def plan(desired: Desired, actual: Actual) -> Plan:
    """Decide.

    :raises UnexpectedState: with everything that stands against it
    """
    moves = [(one, after) for one in actual.members if set(after := desired.groups_of(one)) != set(one.groups)]
    _refuse(desired, actual, moves)
    warnings: tuple[str, ...] = ()
    if actual.missing:
        warnings = (f"Left alone, because they do not exist: {', '.join(actual.missing)}.",)
    before = {one.id: sorted(one.groups) for one in actual.members}
    return Plan(
        before,
        {**before, **{one.id: sorted(after) for one, after in moves}},
        (*_together(moves), *_one_by_one(desired, moves)),
        warnings,
    )


# ---------------------------------------------------------------------- what forbids it


def _refuse(desired: Desired, actual: Actual, moves: t.Sequence[tuple[Member, tuple[str, ...]]]) -> None:
    reasons = []
    if desired.state != "absent":
        reasons += [f"{one}: it does not exist in this region" for one in actual.missing]
        reasons += [
            f"{one}: there is no such security group in this region"
            for one in desired.group_ids
            if one not in actual.groups
        ]
    for member, after in moves:
        reasons += [f"{member.id}: {why}" for why in _against(desired, actual.groups, member, after)]
    if reasons:
        raise UnexpectedState(
            f"{len(reasons)} of the changes of membership {'is' if len(reasons) == 1 else 'are'} not possible, so that "
            f"nothing was changed: {'; '.join(reasons)}.",
            refused=reasons,
        )


def _against(
    desired: Desired, groups: t.Mapping[str, Group], member: Member, after: tuple[str, ...]
) -> t.Iterator[str]:
    joined = [groups[one] for one in after if one not in member.groups and one in groups]
    for group in joined:
        if group.vpc_id != member.vpc_id:
            yield f"{group.security_group_id} is in {_place(group.vpc_id)}, and it is in {_place(member.vpc_id)}"
    kinds = {groups[one].type for one in after if one in groups}
    if joined and len(kinds) > 1:
        listed = ", ".join(f"{one} {_TYPE_NAMES[groups[one].type]}" for one in after if one in groups)
        hint = "" if desired.state == "exact" else "; state exact replaces groups of one type by those of the other"
        yield f"basic and advanced groups cannot be mixed ({listed}){hint}"
    if len(after) > max(desired.max_groups, len(member.groups)):
        yield f"it would be in {len(after)} groups; at most {desired.max_groups} are possible (max_groups)"
    crowd = too_many({one: groups[one].rules for one in after if one in groups}) if joined else None
    if crowd:
        yield f"its groups {crowd}"
    if not after:
        yield "it would be in no group; put it into another one first, or replace the groups with state exact"


def _place(vpc_id: str) -> str:
    return f"VPC {vpc_id}" if vpc_id else "the classic network"


# ---------------------------------------------------------------------- steps


def _together(moves: t.Iterable[tuple[Member, tuple[str, ...]]]) -> t.Iterator[Step]:
    """In a VPC the whole set of groups is set at once: there is no moment without a group, or with both types."""
    sets: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for member, after in moves:
        if member.vpc_id:
            sets.setdefault((member.kind, after), []).append(member.id)
    for (kind, after), ids in sets.items():
        shown = ", ".join(ids[:_LISTED]) + (", ..." if len(ids) > _LISTED else "")
        noun = _NOUNS[kind] + ("" if len(ids) == 1 else "s")
        name = f"put {len(ids)} {noun} ({shown}) into {', '.join(after)}"
        yield Step(name, "put", {"kind": kind, "ids": ids, "group_ids": list(after)})


def _one_by_one(desired: Desired, moves: t.Iterable[tuple[Member, tuple[str, ...]]]) -> t.Iterator[Step]:
    """In the classic network groups can only be joined and left."""
    for member, after in moves:
        if member.vpc_id:
            continue
        joins = [one for one in after if one not in member.groups]
        leaves = [one for one in member.groups if one not in after]
        # Joined first, as long as there is room: what both old and new groups allow is never cut off. Where there is
        # none, one group after another is exchanged; the last one can never be left before.
        room = max(0, desired.max_groups - len(member.groups))
        for number, one in enumerate(joins):
            args = {"instance_id": member.id, "group_id": one}
            if number >= room and leaves and len(member.groups) > 1:
                old = leaves.pop(0)
                yield Step(f"{member.label} leaves {old} and joins {one}", "change_over", {**args, "old_id": old})
            else:
                yield Step(f"{member.label} joins {one}", "join", args)
        for one in leaves:
            yield Step(f"{member.label} leaves {one}", "leave", {"instance_id": member.id, "group_id": one})
