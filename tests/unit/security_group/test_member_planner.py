# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning who is in which security groups."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.member_planner import (
    Actual,
    Desired,
    Group,
    Member,
    plan,
)

#: Basic and advanced groups of two VPCs, and two of the classic network.
GROUPS = {
    group.security_group_id: group
    for group in (
        *(Group(f"sg-{number}", "vpc-1", "normal") for number in range(6)),
        *(Group(f"sg-adv{number}", "vpc-1", "enterprise") for number in range(2)),
        Group("sg-else", "vpc-2", "normal"),
        *(Group(f"sg-old{number}", "", "normal") for number in range(10)),
    )
}
CLASSIC = [name for name, group in GROUPS.items() if not group.vpc_id]
VPC = [name for name, group in GROUPS.items() if group.vpc_id == "vpc-1" and group.type == "normal"]
IDS = st.lists(st.sampled_from([*GROUPS, "sg-gone"]), min_size=1, max_size=5, unique=True).map(tuple)
MEMBERS = st.one_of(
    st.builds(
        Member,
        kind=st.sampled_from(["instance", "interface"]),
        id=st.just("x-1"),
        vpc_id=st.just("vpc-1"),
        groups=st.lists(st.sampled_from(VPC), min_size=1, max_size=5, unique=True).map(tuple),
    ),
    st.builds(
        Member,
        kind=st.just("instance"),
        id=st.just("x-1"),
        vpc_id=st.just(""),
        groups=st.lists(st.sampled_from(CLASSIC), min_size=1, max_size=5, unique=True).map(tuple),
    ),
)


def carry_out(member: Member, steps: t.Iterable[t.Any]) -> list[str]:
    """The groups after the steps; the member is in a group at every moment."""
    groups = list(member.groups)
    for step in steps:
        if step.do == "put":
            groups = list(step.args["group_ids"])
        if step.do in ("leave", "change_over"):
            groups.remove(step.args["old_id" if step.do == "change_over" else "group_id"])
        assert groups
        if step.do in ("join", "change_over"):
            groups.append(step.args["group_id"])
        assert groups
        assert len(groups) <= 5
    return groups


@given(MEMBERS, st.sampled_from(["present", "absent", "exact"]), IDS)
def test_a_plan_leads_to_what_is_wanted_and_to_what_is_allowed(
    member: Member, state: str, group_ids: tuple[str, ...]
) -> None:
    desired = Desired(state, group_ids, instance_ids=("x-1",))
    groups = {name: GROUPS[name] for name in {*group_ids, *member.groups} if name in GROUPS}
    wanted = {
        "present": {*member.groups, *group_ids},
        "absent": set(member.groups) - set(group_ids),
        "exact": set(group_ids),
    }[state]
    known = {name for name in wanted if name in GROUPS}
    possible = (
        known == wanted
        and 0 < len(wanted) <= 5
        and {GROUPS[name].vpc_id for name in wanted} == {member.vpc_id}
        and len({GROUPS[name].type for name in wanted}) == 1
    )
    if not possible:
        with pytest.raises(UnexpectedState, match="nothing was changed"):
            plan(desired, Actual((member,), groups))
        return
    made = plan(desired, Actual((member,), groups))
    after = carry_out(member, made.steps)
    assert set(after) == wanted
    assert made.after == {"x-1": sorted(wanted)}
    again = Member(member.kind, member.id, member.vpc_id, tuple(after))
    assert not plan(desired, Actual((again,), groups)).changed


def test_groups_with_too_many_rules_for_one_interface_are_refused_with_their_numbers() -> None:
    groups = {
        name: Group(name, "vpc-1", "normal", rules) for name, rules in (("sg-1", 600), ("sg-2", 400), ("sg-3", 1))
    }
    member = Member("instance", "i-1", "vpc-1", ("sg-1",))
    desired = Desired("present", ("sg-2", "sg-3"), instance_ids=("i-1",))
    with pytest.raises(UnexpectedState, match=r"1001 rules together \(sg-1 600, sg-2 400, sg-3 1\); at most 1000"):
        plan(desired, Actual((member,), groups))
    assert plan(Desired("present", ("sg-2",), instance_ids=("i-1",)), Actual((member,), groups)).changed
    full = Member("instance", "i-1", "vpc-1", ("sg-1", "sg-2", "sg-3"))
    assert plan(Desired("absent", ("sg-3",), instance_ids=("i-1",)), Actual((full,), groups)).changed


def test_in_the_classic_network_a_member_that_is_full_exchanges_one_group_after_another() -> None:
    member = Member("instance", "x-1", "", tuple(CLASSIC[:5]))
    made = plan(Desired("exact", tuple(CLASSIC[5:9]), instance_ids=("x-1",)), Actual((member,), GROUPS))
    assert [step.do for step in made.steps] == ["change_over"] * 4 + ["leave"]
    half = Member("instance", "x-1", "", tuple(CLASSIC[:4]))
    made = plan(Desired("exact", tuple(CLASSIC[5:8]), instance_ids=("x-1",)), Actual((half,), GROUPS))
    assert [step.do for step in made.steps] == ["join", "change_over", "change_over", "leave", "leave"]
