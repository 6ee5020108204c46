# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning of a VPC with its vSwitches."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput, UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._core.ownership import Terms
from ansible_collections.alitrust.ecs.plugins.module_utils._core.plan import Plan
from ansible_collections.alitrust.ecs.plugins.module_utils._core.tags import OWNER_KEY
from ansible_collections.alitrust.ecs.plugins.module_utils._network.planner import Actual, Desired, Switch, plan

SWITCHES = tuple(Switch(name, "cn-hangzhou-h", f"172.16.{number}.0/24") for number, name in enumerate("abc"))


def vswitch(switch: Switch, **more: t.Any) -> dict[str, t.Any]:
    return {
        "vswitch_id": f"vsw-{switch.name}",
        "name": switch.name,
        "zone_id": switch.zone_id,
        "cidr_block": switch.cidr_block,
        "status": "Available",
        "tags": {OWNER_KEY: "fleet"},
        **more,
    }


def vpc(switches: t.Iterable[Switch] = (), **more: t.Any) -> dict[str, t.Any]:
    return {
        "vpc_id": "vpc-1",
        "name": "fleet",
        "cidr_block": "172.16.0.0/16",
        "status": "Available",
        "tags": {OWNER_KEY: "fleet"},
        "vswitches": [vswitch(switch) for switch in switches],
        **more,
    }


def carry_out(there: dict[str, t.Any] | None, made: Plan) -> dict[str, t.Any] | None:
    for step in made.steps:
        if step.do == "make":
            there = {**vpc(), **step.args}
            continue
        assert there is not None
        if step.do == "make_vswitch":
            there = {**there, "vswitches": [*there["vswitches"], vswitch(step.args["switch"])]}
        elif step.do == "delete_vswitch":
            left = [one for one in there["vswitches"] if one["vswitch_id"] != step.args["vswitch_id"]]
            there = {**there, "vswitches": left}
        elif step.do == "tag_vswitch":
            marked = [
                {**one, "tags": {**one["tags"], **step.args["to_set"]}}
                if one["vswitch_id"] == step.args["vswitch_id"]
                else one
                for one in there["vswitches"]
            ]
            there = {**there, "vswitches": marked}
        elif step.do == "tag":
            kept = {key: value for key, value in there["tags"].items() if key not in step.args["to_remove"]}
            there = {**there, "tags": {**kept, **step.args["to_set"]}}
        else:
            assert there["vswitches"] == []
            there = None
    return there


@given(
    st.booleans(),
    st.sets(st.sampled_from(SWITCHES)),
    st.sampled_from([None, {}, {"a": 1}]),
    st.one_of(st.none(), st.sets(st.sampled_from(SWITCHES))),
)
def test_the_plan_leads_to_what_is_wanted(
    present: bool, wanted: set[Switch], tags: dict[str, t.Any] | None, there: set[Switch] | None
) -> None:
    desired = Desired(present, "fleet", cidr_block="172.16.0.0/16", vswitches=tuple(wanted), tags=tags)
    desired.check()
    actual = None if there is None else vpc(there, tags={OWNER_KEY: "fleet", "b": "2"})
    made = plan(desired, Actual(actual))
    after = carry_out(actual, made)
    assert (after is not None) == present
    if after is not None:
        assert {one["name"] for one in after["vswitches"]} == {one.name for one in wanted | (there or set())}
        assert after["tags"][OWNER_KEY] == "fleet"
    again = plan(desired, Actual(after))
    assert not again.changed
    assert again.before == again.after == made.after


@pytest.mark.parametrize(
    ("switch", "words"),
    [
        (Switch("a", "cn-hangzhou-i", "172.16.0.0/24"), "has zone_id cn-hangzhou-h, not cn-hangzhou-i"),
        (Switch("a", "cn-hangzhou-h", "172.16.0.0/23"), "has cidr_block 172.16.0.0/24, not 172.16.0.0/23"),
    ],
)
def test_a_vswitch_cannot_be_changed(switch: Switch, words: str) -> None:
    with pytest.raises(UnexpectedState, match="needs replacement") as caught:
        plan(Desired(name="fleet", vswitches=(switch,)), Actual(vpc(SWITCHES)))
    assert words in caught.value.message


def test_a_vswitch_that_would_overlap_is_refused_before_anything_is_done() -> None:
    with pytest.raises(InvalidInput, match=r"overlaps 172\.16\.0\.0/24 of the vSwitch a"):
        plan(Desired(name="fleet", vswitches=(Switch("d", "z", "172.16.0.0/20"),)), Actual(vpc(SWITCHES)))


LEAVING = Terms(leave_others=True)
ADOPTING = Terms(adopt=True)


@pytest.mark.parametrize("by", [{"name": "fleet"}, {"vpc_id": "vpc-1"}])
def test_what_somebody_else_made_is_deleted_only_when_adopted(by: dict[str, t.Any]) -> None:
    gone = Desired(False, **by)
    theirs, with_theirs = vpc(tags={}), vpc(vswitches=[vswitch(SWITCHES[0], tags={})])
    with pytest.raises(UnexpectedState, match=r"VPC fleet \(vpc-1\) does not carry the tag alitrust\.ecs:owner"):
        plan(gone, Actual(theirs))
    with pytest.raises(UnexpectedState, match=r"vSwitches that do not carry the tag .*: a \(vsw-a\)"):
        plan(replace(gone, vswitches=SWITCHES[:1]), Actual(with_theirs))
    for there in (theirs, with_theirs):
        assert carry_out(there, plan(replace(gone, terms=ADOPTING), Actual(there))) is None
        left = plan(replace(gone, terms=LEAVING), Actual(there))
        assert not left.changed
        assert left.before == left.after
        assert "VPC fleet (vpc-1) stays" in left.kept[0]


def test_what_is_still_used_stays_where_others_are_left_alone() -> None:
    gone = Desired(False, "fleet")
    used = Actual(vpc(SWITCHES), ["1 security group (corp sg-1)"])
    left = plan(replace(gone, terms=LEAVING), used)
    assert left.kept == ("The VPC fleet (vpc-1) stays: it is still used by 1 security group (corp sg-1).",)
    assert plan(gone, used).warnings


def test_a_vpc_of_others_is_used_as_it_is() -> None:
    wanted = Desired(name="fleet", vswitches=SWITCHES[:1], tags={"a": 1}, terms=LEAVING)
    theirs = vpc([*SWITCHES], tags={})
    used = plan(wanted, Actual(theirs))
    assert not used.changed
    assert used.kept == ("Using the existing VPC fleet (vpc-1); it is left as it is.",)
    with pytest.raises(UnexpectedState, match=r"has no vSwitch a \(it has: b, c\)"):
        plan(wanted, Actual(vpc(SWITCHES[1:], tags={})))
    assert plan(wanted, Actual(vpc(SWITCHES[1:]))).changed, "ours gets what it lacks"


def test_what_is_adopted_gets_the_tag() -> None:
    wanted = Desired(name="fleet", vswitches=SWITCHES[:1], terms=ADOPTING)
    theirs = vpc(vswitches=[vswitch(one, tags={}) for one in SWITCHES], tags={"b": "2"})
    after = carry_out(theirs, plan(wanted, Actual(theirs)))
    assert after is not None
    assert after["tags"] == {"b": "2", OWNER_KEY: "fleet"}
    assert [one["tags"] for one in after["vswitches"]] == [{OWNER_KEY: "fleet"}, {}, {}]
    assert not plan(wanted, Actual(after)).changed


def test_an_address_with_a_mask_is_taken_as_its_network_with_a_warning() -> None:
    given = dict.fromkeys(["vpc_id", "tags"]) | {"purge_tags": True, "adopt": False, "leave_others": False}
    switch = {"name": "a", "zone_id": "cn-hangzhou-h", "cidr_block": "172.16.3.7/24"}
    options = {**given, "state": "present", "name": "fleet", "cidr_block": "172.16.0.5/16", "vswitches": [switch]}
    desired = Desired.from_options(options)
    desired.check()
    made = plan(desired, Actual())
    assert [made.after["cidr_block"], made.after["vswitches"][0]["cidr_block"]] == ["172.16.0.0/16", "172.16.3.0/24"]
    assert made.warnings == (
        "cidr_block has 172.16.0.5/16, an address with the mask of a network; it is taken as 172.16.0.0/16.",
        "vswitches[0].cidr_block has 172.16.3.7/24, an address with the mask of a network; it is taken as "
        "172.16.3.0/24.",
    )
    there = vpc([Switch("a", "cn-hangzhou-h", "172.16.3.0/24")])
    assert not plan(desired, Actual(there)).changed
