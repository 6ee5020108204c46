# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner: what a task does to which instances, without a cloud."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.instance.builders import CREATABLE, OWNER, instance, options

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput, UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._core.plan import Plan
from ansible_collections.alitrust.ecs.plugins.module_utils._instance import planner
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.desired import Desired
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.planner import State
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.shape import Instance


def plan(given: dict[str, t.Any], *members: Instance, unowned: tuple[Instance, ...] = ()) -> Plan:
    full = options(**given)
    return planner.plan(Desired.from_options(full), State(members, unowned), full)


def names(found: Plan) -> list[str]:
    return [step.name for step in found.steps]


def carry_out(found: Plan, state: State, given: dict[str, t.Any]) -> State:
    """What is there after a plan's steps."""
    wanted = Desired.from_options(options(**given))
    there = {one["instance_id"]: {**one} for one in state.members}
    for step in found.steps:
        args = step.args
        if step.do == "create":
            for number in args["numbers"]:
                name = wanted.name_with(number)
                status = "Stopped" if wanted.state == "stopped" else "Running"
                new = instance(name, f"i-new-{name}", fleet=wanted.fleet, status=status)
                new.update(wanted.attributes)
                new["tags"].update(wanted.tags or {})
                there[new["instance_id"]] = new
        elif step.do == "write_tags":
            for id in args["ids"]:
                there.setdefault(id, next(({**one} for one in state.unowned if one["instance_id"] == id), {}))
                kept = {key: value for key, value in there[id]["tags"].items() if key not in args["to_remove"]}
                there[id]["tags"] = {**kept, **args["to_set"]}
                there[id]["fleet"] = there[id]["tags"].get(OWNER)
        elif step.do == "delete":
            for id in args["ids"]:
                del there[id]
        elif step.do == "modify":
            there[args["id"]].update(args["wanted"])
        elif step.do == "modify_metadata":
            there[args["id"]].update({key: args[key] for key in ("http_endpoint", "http_tokens")})
        elif step.do == "attach_instances":
            for id in args["instance_ids"]:
                assert not there[id]["ram_role_name"], "an instance has one role: the other is detached first"
                there[id]["ram_role_name"] = args["role"]
        elif step.do == "exchange_roles":
            for id, old in args["carriers"].items():
                assert there[id]["ram_role_name"] == old
                there[id]["ram_role_name"] = args["role"]
        elif step.do == "bind_key_pair":
            for id in args["ids"]:
                there[id]["key_name"] = args["key_name"]
        elif step.do in ("start", "stop", "restart"):
            for id in args["ids"]:
                there[id]["status"] = "Stopped" if step.do == "stop" else "Running"
        else:
            raise AssertionError(f"unknown step {step.do}")
    return State(tuple(there.values()))


WORLD = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.sampled_from(["Running", "Stopped"]),
        st.sampled_from(["", "a role", "another"]),
        st.sampled_from([None, "a pair"]),
        st.sampled_from([["sg-1"], ["sg-2"], ["sg-1", "sg-2"]]),
        st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["1", "2"])),
        st.sampled_from(["web-{:03d}", "other{}"]),
    ),
    max_size=6,
)
WANTS = st.fixed_dictionaries(
    {"count": st.integers(0, 8), "state": st.sampled_from(["present", "running", "stopped"])},
    optional={
        "ram_role_name": st.just("a role"),
        "key_name": st.just("a pair"),
        "security_group_ids": st.just(["sg-2", "sg-1"]),
        "tags": st.just({"a": "1"}),
        "purge_tags": st.booleans(),
        "description": st.just("some words"),
        "deletion_protection": st.booleans(),
        "http_tokens": st.just("required"),
        "host_name": st.just("h[1,2]"),
    },
)


@settings(max_examples=150)
@given(WORLD, WANTS)
def test_carrying_a_plan_out_leaves_nothing_to_do(world: list[t.Any], wants: dict[str, t.Any]) -> None:
    members = tuple(
        instance(
            pattern.format(number),
            f"i-{place}",
            status=status,
            ram_role_name=role,
            key_name=key,
            security_group_ids=groups,
            tags=tags,
        )
        for place, (number, status, role, key, groups, tags, pattern) in enumerate(world)
    )
    wanted = {**CREATABLE, "name": "web-[1,3]", "remove_surplus": True, **wants}
    first = plan(wanted, *members)
    there = carry_out(first, State(members), wanted)
    assert len(there.members) == wants["count"]
    assert len({one["name"] for one in there.members}) == wants["count"]
    for one in there.members:  # the cloud gives new instances the host name that was asked for
        number = Desired.from_options(options(**wanted)).number_of(one)
        if "host_name" in wants and one["instance_id"].startswith("i-new-"):
            one["host_name"] = Desired.from_options(options(**wanted)).host_name_for(number, one["instance_id"])
    second = plan(wanted, *there.members)
    assert names(second) == []
    assert second.before == second.after


@given(WORLD, WANTS)
def test_a_plan_without_steps_has_no_diff_and_one_with_steps_has(world: list[t.Any], wants: dict[str, t.Any]) -> None:
    members = tuple(instance(f"web-{place:03d}", status=one[1]) for place, one in enumerate(world, 1))
    found = plan({**CREATABLE, "name": "web-[1,3]", "remove_surplus": True, **wants}, *members)
    assert found.changed == (found.before != found.after)


def test_what_is_missing_is_created_in_runs_of_consecutive_numbers() -> None:
    found = plan({**CREATABLE, "name": "web-[1,3]", "count": 6}, instance("web-002"), instance("web-005"))
    assert names(found) == [
        "create web-001 (ecs.g7t.large)",
        "create 2 instances web-003 to web-004 (ecs.g7t.large)",
        "create web-006 (ecs.g7t.large)",
    ]


def test_surplus_is_an_error_unless_its_removal_was_asked_for() -> None:
    members = [instance(f"web-{number:03d}") for number in (1, 2, 3)]
    given = {**CREATABLE, "name": "web-[1,3]", "count": 1}
    with pytest.raises(UnexpectedState, match="has 3 instances, count is 1") as caught:
        plan(given, *members)
    assert "remove_surplus: true" in caught.value.hint
    assert names(plan({**given, "remove_surplus": True}, *members)) == [
        "delete web-002 (i-web-002), web-003 (i-web-003)"
    ]


def test_newest_of_two_with_the_same_name_goes_first() -> None:
    old, new = (
        instance("web", "i-b", creation_time="2026-01-01T00:00Z"),
        instance("web", "i-a", creation_time="2026-02-01T00:00Z"),
    )
    found = plan({**CREATABLE, "name": "web", "remove_surplus": True}, new, old)
    assert names(found) == ["delete web (i-a)"]


def test_protection_is_an_error_before_anything_and_can_be_switched_off() -> None:
    member = instance("web", deletion_protection=True)
    with pytest.raises(UnexpectedState, match="protected"):
        plan({"name": "web", "state": "absent"}, member)
    found = plan({"name": "web", "state": "absent", "deletion_protection": False}, member)
    assert [step.do for step in found.steps] == ["modify", "delete"]


def test_an_instance_without_the_tag_is_an_error_unless_adopted() -> None:
    alien = instance("web-001", fleet=None)
    given = {**CREATABLE, "name": "web-[1,3]", "count": 2}
    with pytest.raises(UnexpectedState, match="no ownership tag") as caught:
        plan(given, unowned=(alien,))
    assert caught.value.details["instance_ids"] == ["i-web-001"]
    found = plan({**given, "adopt": True}, unowned=(alien,))
    assert names(found) == ["adopt web-001 (i-web-001) into the fleet web", "create web-002 (ecs.g7t.large)"]


def test_deleting_by_id_needs_the_tag_or_adopt() -> None:
    alien = instance("web-001", fleet=None)
    given = {"instance_ids": ["i-web-001"], "state": "absent"}
    with pytest.raises(UnexpectedState, match="did not make it"):
        plan(given, alien)
    assert names(plan({**given, "adopt": True}, alien)) == ["delete web-001 (i-web-001)"]


def test_where_others_are_left_alone_their_instances_stay() -> None:
    alien, ours = instance("web-001", fleet=None), instance("web-002")
    given = {"instance_ids": ["i-web-001", "i-web-002"], "state": "absent", "leave_others": True}
    found = plan(given, alien, ours)
    assert names(found) == ["delete web-002 (i-web-002)"]
    assert found.kept == ("The instance web-001 (i-web-001) does not carry the tag alitrust.ecs:owner, so it stays.",)


def test_an_instance_stays_while_something_of_others_would_go_with_it() -> None:
    state = State((instance("web-001"), instance("web-002")), companions={"i-web-001": ["the data disk d-1 (40 GiB)"]})

    def planned(**more: t.Any) -> Plan:
        full = options(fleet="web", state="absent", **more)
        return planner.plan(Desired.from_options(full), state, full)

    with pytest.raises(UnexpectedState, match=r"The data disk d-1 .* with web-001 \(i-web-001\) would be deleted"):
        planned()
    left = planned(leave_others=True)
    assert names(left) == ["delete web-002 (i-web-002)"]
    assert "so web-001 (i-web-001) stays" in left.kept[0]
    assert names(planned(adopt=True)) == ["delete web-001 (i-web-001), web-002 (i-web-002)"]


def test_one_that_is_too_many_stays_with_what_others_attached() -> None:
    members = tuple(instance(f"web-00{number}") for number in (1, 2, 3))
    state = State(members, companions={"i-web-003": ["the network interface eni-1"]})
    full = options(**CREATABLE, name="web-[1,3]", count=1, remove_surplus=True, leave_others=True)
    found = planner.plan(Desired.from_options(full), state, full)
    assert names(found) == ["delete web-002 (i-web-002)"]
    assert "eni-1" in found.kept[0]


def test_a_role_is_exchanged_in_one_step() -> None:
    members = [instance("web-001", ram_role_name="old"), instance("web-002", ram_role_name="")]
    found = plan({"fleet": "web", "ram_role_name": "new"}, *members)
    assert [step.do for step in found.steps] == ["exchange_roles", "attach_instances"]
    assert found.steps[0].args == {"role": "new", "carriers": {"i-web-001": "old"}}


def test_creating_says_what_it_lacks() -> None:
    with pytest.raises(InvalidInput, match="which needs image_id, vswitch_id"):
        plan({**CREATABLE, "name": "web", "image_id": None, "vswitch_id": None})


def test_attributes_of_one_instance_go_into_one_call() -> None:
    given = {
        **CREATABLE,
        "name": "web",
        "description": "new",
        "deletion_protection": True,
        "security_group_ids": ["sg-2"],
    }
    found = plan(given, instance("old name"))
    assert [step.do for step in found.steps] == ["modify"]
    assert (
        found.steps[0].name == "change description, security group, deletion protection, name of old name (i-old name)"
    )


def test_metadata_options_are_sent_whole() -> None:
    found = plan({**CREATABLE, "name": "web", "http_tokens": "required"}, instance("web"))
    assert found.steps[0].args == {"id": "i-web", "http_endpoint": "enabled", "http_tokens": "required"}


def test_same_tags_of_many_go_into_one_step() -> None:
    members = [instance(f"web-{number:03d}", tags={"old": "x"}) for number in range(1, 6)]
    found = plan({"fleet": "web", "tags": {"env": "test"}}, *members)
    assert names(found) == [
        "set tags env and remove tags old on web-001 (i-web-001), web-002 (i-web-002), web-003 (i-web-003) and 2 more"
    ]


def test_a_role_is_the_same_whatever_its_case() -> None:
    assert not plan({"fleet": "web", "ram_role_name": "Web"}, instance("web", ram_role_name="web")).changed


@pytest.mark.parametrize(
    ("state", "status", "does"),
    [
        ("present", "Stopped", []),
        ("present", "Running", []),
        ("running", "Running", []),
        ("running", "Starting", []),
        ("running", "Stopped", ["start"]),
        ("running", "Stopping", ["start"]),
        ("stopped", "Stopped", []),
        ("stopped", "Stopping", []),
        ("stopped", "Running", ["stop"]),
        ("stopped", "Pending", ["stop"]),
        ("restarted", "Running", ["restart"]),
        ("restarted", "Stopped", ["start"]),
        ("restarted", "Starting", []),
    ],
)
def test_power(state: str, status: str, does: list[str]) -> None:
    found = plan({"fleet": "web", "state": state}, instance("web", status=status))
    assert [step.do for step in found.steps] == does


@pytest.mark.parametrize("status", ["Pending", "Starting", "Stopping"])
def test_instances_on_their_way_are_waited_for_without_a_change(status: str) -> None:
    found = plan({"fleet": "web"}, instance("web", status=status))
    assert (found.changed, found.unsettled) == (False, True)
    assert not plan({"fleet": "web"}, instance("web")).unsettled


def test_a_new_key_pair_is_told_to_wait_for_a_restart() -> None:
    given = {"fleet": "web", "key_name": "new"}
    assert "next restart" in plan(given, instance("web")).warnings[0]
    asked = plan({**given, "restart_if_needed": True}, instance("web"))
    assert [step.do for step in asked.steps] == ["bind_key_pair", "restart"]
    assert asked.warnings == ()
    stopped = plan({**given, "restart_if_needed": True}, instance("web", status="Stopped"))
    assert [step.do for step in stopped.steps] == ["bind_key_pair"]


def test_an_instance_that_shows_no_trust_is_warned_about() -> None:
    plain = instance("web", trusted={"supports_vtpm": False})
    assert "/dev/tpm0" in plan({**CREATABLE, "name": "web"}, plain).warnings[0]
    assert plan({**CREATABLE, "name": "web", "trusted_mode": False}, plain).warnings == ()
    assert plan({"fleet": "web", "state": "stopped"}, plain).warnings == ()


SAFE = {**CREATABLE, "name": "web", "ram_role_name": "web", "key_name": "web"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, []),
        ({"http_tokens": "required"}, []),
        ({"http_tokens": "optional"}, ["without a token"]),
        ({"http_tokens": "optional", "http_endpoint": "disabled"}, []),
        ({"ram_role_name": None}, ["no ram_role_name is given"]),
        ({"ram_role_name": ""}, ["no ram_role_name is given"]),
        ({"ram_role_name": None, "trust_service": "self_managed"}, []),
        ({"ram_role_name": None, "trusted_mode": False}, []),
        ({"key_name": None}, ["nobody will be able to log in"]),
        ({"key_name": None, "user_data": "#!/bin/sh"}, []),
        ({"key_name": None, "user_data_trust_client": True}, ["nobody will be able to log in"]),
        ({"key_name": None, "ram_role_name": None, "state": "stopped"}, ["no ram_role_name", "nobody will be able"]),
    ],
)
def test_what_one_would_rather_know_before_an_instance_is_there(given: dict[str, t.Any], said: list[str]) -> None:
    found = plan({**SAFE, **given}).warnings
    assert len(found) == len(said)
    assert all(words in warning and warning.startswith("web: ") for words, warning in zip(said, found, strict=True))


def test_that_is_said_once_for_all_and_not_of_those_that_are_there() -> None:
    many = {**SAFE, "name": "web-[1,3]", "count": 100, "key_name": None}
    (warning,) = plan(many).warnings
    assert warning.startswith("web-001, web-002, web-003 and 97 more: ")
    assert plan({**many, "count": 1}, instance("web-001")).warnings == ()


def test_the_diff_foretells_that_metadata_asks_for_a_token() -> None:
    assert plan(SAFE).after["instances"]["web"]["http_tokens"] == "required"
    assert "http_tokens" not in plan({**SAFE, "http_endpoint": "disabled"}).after["instances"]["web"]
    assert not plan(SAFE, instance("web", key_name="web", ram_role_name="web")).changed  # which has optional


def test_the_diff_shows_only_what_the_task_is_about() -> None:
    found = plan({"fleet": "web", "description": "new"}, instance("web", key_name="a pair", tags={"a": "b"}))
    assert found.before == {"instances": {"web": {"description": "", "fleet": "web", "status": "Running"}}}
    assert found.after == {"instances": {"web": {"description": "new", "fleet": "web", "status": "Running"}}}


def test_instances_of_one_name_are_told_apart_in_the_diff() -> None:
    found = plan({"fleet": "web"}, instance("web", "i-a"), instance("web", "i-b"))
    assert sorted(found.before["instances"]) == ["web (i-a)", "web (i-b)"]
