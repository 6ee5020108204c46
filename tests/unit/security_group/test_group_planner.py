# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning of security groups."""

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
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.outbound import KEEPS_IN
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.planner import Actual, Desired, plan

GROUP: dict[str, t.Any] = {
    "security_group_id": "sg-1",
    "name": "web",
    "description": "old words",
    "vpc_id": "vpc-1",
    "type": "normal",
    "inner_access_policy": "accept",
    "tags": {OWNER_KEY: "web", "a": "1"},
    "creation_time": "2026-01-01T00:00:00Z",
}


def carry_out(group: dict[str, t.Any] | None, made: Plan) -> dict[str, t.Any] | None:
    for step in made.steps:
        if step.do == "make":
            wanted = step.args["group"]
            group = {**GROUP, **wanted, "inner_access_policy": "accept" if wanted["type"] == "normal" else "drop"}
        elif step.do == "delete":
            group = None
        else:
            assert group is not None
            if step.do == "modify":
                group = {**group, **step.args}
            elif step.do == "isolate":
                group = {**group, "inner_access_policy": step.args["policy"]}
            elif step.do == "tag":
                kept = {key: value for key, value in group["tags"].items() if key not in step.args["to_remove"]}
                group = {**group, "tags": {**kept, **step.args["to_set"]}}
    return group


DESIRED = st.builds(
    Desired,
    present=st.booleans(),
    name=st.just("web"),
    vpc_id=st.just("vpc-1"),
    description=st.sampled_from([None, "old words", "new words"]),
    type=st.sampled_from([None, "normal"]),
    inner_access_policy=st.sampled_from([None, "accept", "drop"]),
    tags=st.sampled_from([None, {}, {"a": 1}, {"b": True}]),
    purge_tags=st.booleans(),
)


@given(DESIRED, st.sampled_from([None, GROUP]))
def test_the_plan_leads_to_what_is_wanted(desired: Desired, there: dict[str, t.Any] | None) -> None:
    made = plan(desired, Actual(there))
    after = carry_out(there, made)
    assert (after is not None) == desired.present
    again = plan(desired, Actual(after))
    assert not again.changed
    assert again.before == again.after
    if after is not None:
        assert made.after.items() <= after.items()
        assert after["tags"][OWNER_KEY] == "web"


def test_what_is_not_given_is_neither_compared_nor_changed() -> None:
    assert not plan(Desired(name="web"), Actual(GROUP)).changed


@pytest.mark.parametrize(("option", "value"), [("type", "enterprise"), ("vpc_id", "vpc-2")])
def test_what_cannot_be_changed_in_place_needs_replacement(option: str, value: str) -> None:
    with pytest.raises(UnexpectedState, match="needs replacement"):
        plan(Desired(security_group_id="sg-1", **{option: value}), Actual(GROUP))  # type: ignore[arg-type]


def test_a_group_named_by_its_id_can_be_renamed() -> None:
    made = plan(Desired(security_group_id="sg-1", name="shop"), Actual(GROUP))
    assert made.steps[0].args == {"name": "shop"}
    assert (made.before["name"], made.after["name"]) == ("web", "shop")


def test_a_new_advanced_group_is_mute_and_the_task_says_so() -> None:
    made = plan(Desired(name="web", vpc_id="vpc-1", type="enterprise"), Actual())
    assert "lets nothing in or out" in made.warnings[0]


def test_an_id_is_never_created() -> None:
    with pytest.raises(InvalidInput, match="There is no security group sg-9"):
        plan(Desired(security_group_id="sg-9", name="web", vpc_id="vpc-1"), Actual())


def test_the_diff_has_nothing_that_only_the_cloud_chooses() -> None:
    made = plan(Desired(present=False, name="web"), Actual(GROUP))
    assert not {"security_group_id", "creation_time"} & set(made.before)


# ---------------------------------------------------------------------- what others made

THEIRS = {**GROUP, "tags": {"a": "1"}}
LEAVING = Terms(leave_others=True)


@pytest.mark.parametrize("by", [{"name": "web"}, {"security_group_id": "sg-1"}])
def test_what_others_made_is_deleted_only_when_adopted(by: dict[str, t.Any]) -> None:
    gone = Desired(present=False, **by)
    with pytest.raises(UnexpectedState, match=r"security group web \(sg-1\) does not carry the tag"):
        plan(gone, Actual(THEIRS))
    left = plan(replace(gone, terms=LEAVING), Actual(THEIRS))
    assert (left.changed, left.before) == (False, left.after)
    assert "security group web (sg-1) stays" in left.kept[0]
    assert plan(replace(gone, terms=Terms(adopt=True)), Actual(THEIRS)).changed


def test_what_is_still_used_stays_where_others_are_left_alone() -> None:
    used = Actual(GROUP, ["1 instance (i-1)"])
    left = plan(Desired(present=False, name="web", terms=LEAVING), used)
    assert left.kept == ("The security group web (sg-1) stays: it is still used by 1 instance (i-1).",)
    assert plan(Desired(present=False, name="web"), used).warnings


@pytest.mark.parametrize("wanted", [{"type": "enterprise"}, {"description": "new words"}, {"outbound": "deny"}])
def test_what_others_made_is_used_as_it_is(wanted: dict[str, t.Any]) -> None:
    left = plan(Desired(name="web", vpc_id="vpc-1", terms=LEAVING, tags={}, **wanted), Actual(THEIRS))
    assert not left.changed
    assert left.kept == ("Using the existing security group web; it is left as it is.",)


def test_what_is_adopted_gets_the_tag() -> None:
    wanted = Desired(name="web", vpc_id="vpc-1", terms=Terms(adopt=True))
    after = carry_out(THEIRS, plan(wanted, Actual(THEIRS)))
    assert after is not None
    assert after["tags"] == {"a": "1", OWNER_KEY: "web"}
    assert not plan(wanted, Actual(after)).changed


def test_outbound_rules_are_removed_only_from_ours() -> None:
    closed = {**THEIRS, "outbound": "deny", "network_type": "vpc"}
    wanted = Desired(name="web", outbound="allow")
    with pytest.raises(UnexpectedState, match="does not remove rules from it"):
        plan(wanted, Actual(closed, rules=KEEPS_IN))
    assert plan(replace(wanted, terms=Terms(adopt=True)), Actual(closed, rules=KEEPS_IN)).changed
    # Adding takes nothing away.
    assert plan(replace(wanted, outbound="deny"), Actual({**closed, "outbound": "allow"})).changed
