# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning of rules: what is planned leads to what is wanted, and then nothing is left to plan."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._core.ownership import Terms
from ansible_collections.alitrust.ecs.plugins.module_utils._core.plan import Plan
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group import keep, rule_planner, rule_source
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule import DIRECTIONS, Rule
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule_options import from_options
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule_planner import Group


def rule(number: int, direction: str = "ingress", description: str | None = None, **more: t.Any) -> Rule:
    return Rule(direction, "tcp", f"{number}/{number}", "cidr", "10.0.0.0/8", description=description, **more)


def group(rules: t.Iterable[Rule] = (), **more: t.Any) -> Group:
    there = tuple(
        replace(one, rule_id=f"sgr-{number}", nic_type="intranet", description=one.description or "")
        for number, one in enumerate(rules)
    )
    return Group("sg-1", "web", rules=there, **more)


def plan(state: str, there: Group, wanted: t.Sequence[Rule], directions: t.Sequence[str] = DIRECTIONS) -> Plan:
    changes = rule_planner.changes(state, there, wanted, directions)
    rule_planner.check_limits(there, changes, 200)
    return rule_planner.plan(there, changes, 200)


def carry_out(there: Group, plan: Plan, most: int = 200) -> Group:
    """What the cloud has after the steps; refuses what the cloud would refuse."""
    rules = {one.rule_id: one for one in there.rules}
    for number, step in enumerate(plan.steps):
        if step.do == "add":
            assert 1 <= len(step.args["rules"]) <= 100
            for index, one in enumerate(step.args["rules"]):
                assert one.direction == step.args["direction"]
                assert one not in rules.values()
                rules[f"new-{number}-{index}"] = replace(
                    one, rule_id=f"new-{number}-{index}", description=one.description or ""
                )
            assert len(rules) <= most
        elif step.do == "remove":
            assert 1 <= len(step.args["rule_ids"]) <= 100
            for rule_id in step.args["rule_ids"]:
                assert rules.pop(rule_id).direction == step.args["direction"]
        else:
            rules[step.args["rule_id"]] = replace(step.args["rule"], rule_id=step.args["rule_id"])
    return replace(there, rules=tuple(rules.values()))


RULES = st.builds(
    rule,
    st.integers(1, 30),
    st.sampled_from(DIRECTIONS),
    st.sampled_from([None, "one", "other"]),
    policy=st.sampled_from(["accept", "drop"]),
)
LISTS = st.lists(RULES, max_size=25, unique=True)


@given(st.sampled_from(["present", "absent", "exact"]), LISTS, LISTS, st.sampled_from([DIRECTIONS, ("ingress",)]))
def test_the_plan_leads_to_what_is_wanted(
    state: str, there: list[Rule], wanted: list[Rule], directions: tuple[str, ...]
) -> None:
    wanted = [one for one in wanted if state != "exact" or one.direction in directions]
    before = group(there)
    made = plan(state, before, wanted, directions)
    after = carry_out(before, made)
    had = set(before.rules)
    want = {replace(one, nic_type="intranet") for one in wanted}
    expected = {
        "present": had | want,
        "absent": had - want,
        "exact": want | {one for one in had if one.direction not in directions},
    }[state]
    assert set(after.rules) == expected
    assert rule_planner.text(after.rules) == made.after
    assert rule_planner.text(before.rules) == made.before
    again = plan(state, after, wanted, directions)
    assert not again.changed
    assert again.before == again.after


def test_a_description_is_changed_in_place_only_where_one_is_given() -> None:
    there = group([rule(1, description="old"), rule(2, description="old")])
    made = plan("present", there, [rule(1, description="new"), rule(2)])
    assert [step.do for step in made.steps] == ["reword"]
    assert made.steps[0].args["rule_id"] == "sgr-0"
    assert '"new"' in made.after


def test_a_description_does_not_keep_a_rule_from_being_removed() -> None:
    assert plan("absent", group([rule(1, description="old")]), [rule(1, description="new")]).changed


def test_hundreds_of_rules_go_in_hundreds() -> None:
    made = plan("present", group(), [rule(n) for n in range(1, 151)] + [rule(n, "egress") for n in range(1, 51)])
    assert [len(step.args["rules"]) for step in made.steps] == [100, 50, 50]


def test_adding_comes_before_removing() -> None:
    made = plan("exact", group([rule(1)]), [rule(2)])
    assert [step.do for step in made.steps] == ["add", "remove"]


def test_only_a_full_group_loses_rules_first_and_only_as_many_as_needed() -> None:
    there = group(rule(n) for n in range(1, 199))
    made = plan("exact", there, [rule(n) for n in range(11, 206)])
    assert [(step.do, len(step.args.get("rule_ids") or step.args["rules"])) for step in made.steps] == [
        ("remove", 5),
        ("add", 7),
        ("remove", 5),
    ]
    carry_out(there, made)


def test_more_rules_than_a_group_holds_is_an_error_with_numbers() -> None:
    with pytest.raises(UnexpectedState, match=r"would have 201 rules \(now 199, 2 to add, 0 to remove\)"):
        plan("present", group(rule(n) for n in range(1, 200)), [rule(300), rule(301)])


def test_removing_is_possible_even_beyond_the_limit() -> None:
    assert plan("absent", group(rule(n) for n in range(1, 251)), [rule(1)]).changed


def test_rules_about_groups_are_counted() -> None:
    about = [Rule("ingress", "tcp", "1/1", "group", f"sg-{n}x") for n in range(21)]
    with pytest.raises(UnexpectedState, match="21 rules about other groups; at most 20"):
        plan("present", group(), about)


def test_what_an_advanced_group_cannot_hold() -> None:
    fine = rule(1)
    assert not rule_planner.only_for_basic([fine])
    ((bad, reason),) = rule_planner.only_for_basic([fine, rule(2, policy="drop", priority=5)])
    assert bad.ports == "2/2"
    assert reason == "only policy accept is possible, only priority 1 is possible"
    assert rule_planner.only_for_basic([Rule("ingress", "tcp", "1/1", "group", "sg-2")])


@pytest.mark.parametrize(
    ("vpc", "options", "words"),
    [
        (True, {"group_id": "sg-1"}, "cannot have a rule about itself"),
        (True, {"cidr": "10.0.0.0/8", "nic_type": "internet"}, "only a group in the classic network"),
        (True, {"cidr": "10.0.0.0/8", "nic_type": "intranet"}, ""),
        (True, {"prefix_list_id": "pl-1"}, ""),
        (False, {"prefix_list_id": "pl-1"}, "a prefix list is for groups in a VPC"),
        (False, {"group_id": "sg-2", "nic_type": "internet"}, "on the intranet side only"),
        (False, {"group_id": "sg-2"}, ""),
        (False, {"cidr": "10.0.0.0/8"}, ""),
        (False, {"cidr": "10.0.0.0/8", "nic_type": "intranet"}, "a single IPv4 address"),
        (False, {"cidr": "10.0.0.8", "nic_type": "intranet"}, ""),
        (False, {"cidr": "10.0.0.0/8", "nic_type": "intranet", "direction": "egress"}, ""),
    ],
)
def test_what_a_group_of_a_network_type_cannot_hold(vpc: bool, options: dict[str, t.Any], words: str) -> None:
    there = group(vpc=vpc)
    (wanted,) = from_options([{"protocol": "tcp", "ports": 22, **options}])
    unfit = rule_planner.only_elsewhere(there, rule_planner.changes("present", there, [wanted], DIRECTIONS).adds)
    assert [words in reason for _rule, reason in unfit] == ([True] if words else [])


def test_merging_leaves_descriptions_alone() -> None:
    there = group([rule(1, description="old")])
    assert [step.do for step in plan("merge", there, [rule(1, description="new"), rule(2)]).steps] == ["add"]


def test_a_rule_becomes_another_by_its_id() -> None:
    there = group([rule(1, description="old"), rule(2), rule(3)])
    by_id = {one.ports: one.rule_id for one in there.rules}
    one = replace(rule(10), rule_id=by_id["1/1"])
    # In place; the second is there already under another id, the third cannot change its direction.
    other, third = replace(rule(2), rule_id=by_id["3/3"]), replace(rule(9, "egress"), rule_id=by_id["2/2"])
    for state in ("present", "exact"):
        made = plan(state, there, [one])
        assert made.steps[0].name.startswith("modify rule of web: ")
        after = carry_out(there, made)
        assert '10/10 from 10.0.0.0/8 priority 1 "old"' in rule_planner.text(after.rules)
        assert not plan(state, after, [one]).changed
    assert [step.do for step in plan("present", there, [other]).steps] == ["remove"]
    assert [step.do for step in plan("present", there, [third]).steps] == ["add", "remove"]
    assert [step.do for step in plan("merge", there, [one]).steps] == ["add"]
    assert [step.do for step in plan("present", there, [replace(rule(8), rule_id="sgr-unknown")]).steps] == ["add"]


def restored(source: Group, target: Group, **options: bool) -> tuple[list[str], list[str]]:
    """Ports of the rules to restore, and the reasons why others are not."""
    found = rule_source.from_group(source, target, map_system_priority=options.get("map_system_priority", False))
    return [rule.ports for rule in found.rules], [one.reason for one in found.left_out]


def test_what_cannot_be_restored_is_told() -> None:
    about = [
        Rule("ingress", "tcp", f"{n}/{n}", "group", name, owner=owner)
        for n, name, owner in ((1, "sg-1", None), (2, "sg-2", None), (3, "sg-3", "1234567890123456"))
    ]
    source = replace(group([*about, rule(4, priority=110), rule(5)]), security_group_id="sg-9", vpc_id="vpc-a")
    kept, reasons = restored(source, group(vpc_id="vpc-a"))
    assert kept == ["2/2", "3/3", "5/5"]
    assert ["about the group itself" in reasons[0], "system rule (priority 110)" in reasons[1]] == [True, True]
    kept, reasons = restored(source, group(vpc_id="vpc-b"), map_system_priority=True)
    assert kept == ["3/3", "4/4", "5/5"]
    assert "in another VPC (vpc-a)" in reasons[1]
    # What is there already needs nothing.
    assert restored(source, group([rule(4, priority=110)], vpc_id="vpc-a"))[0] == ["2/2", "3/3", "4/4", "5/5"]


def test_rules_are_restored_within_a_network_type_only() -> None:
    with pytest.raises(UnexpectedState, match="web is in the classic network and web in a VPC"):
        restored(group(vpc=False), group())


def test_the_network_type_decides_about_the_interface() -> None:
    made = plan("present", group(vpc=False), [rule(1)])
    assert made.steps[0].args["rules"][0].nic_type == "internet"


def test_a_missing_group_has_nothing_to_remove() -> None:
    assert not plan("absent", Group(None, "web"), [rule(1)]).changed


def test_rules_that_are_not_named_are_removed_only_from_ours() -> None:
    theirs = group([rule(1), rule(2)], ours=False, name="corp-sg")
    for state, wanted, refused in (
        ("exact", [rule(1), rule(2)], False),  # nothing to remove
        ("exact", [rule(1), rule(2), rule(3)], False),  # adds only
        ("exact", [rule(1)], True),
        ("absent", [rule(1)], False),  # named
        ("present", [rule(3)], False),
    ):
        changes = rule_planner.changes(state, theirs, wanted, DIRECTIONS)
        rule_planner.check_owner(state, theirs, changes, Terms(adopt=True))
        rule_planner.check_owner(state, replace(theirs, ours=True), changes, Terms())
        if not refused:
            rule_planner.check_owner(state, theirs, changes, Terms())
            continue
        with pytest.raises(UnexpectedState, match="corp-sg does not carry the tag") as caught:
            rule_planner.check_owner(state, theirs, changes, Terms())
        assert caught.value.details["would_remove"] == [rule(2).line]


def test_a_group_that_is_used_as_it_is_is_said_to_lack_rules() -> None:
    theirs = group([rule(1)], ours=False, name="corp-sg")
    left = rule_planner.nothing(theirs, rule_planner.changes("exact", theirs, [rule(2)], DIRECTIONS), "Using it.")
    assert not left.changed
    assert left.kept == ("Using it.",)
    assert rule(2).line in left.warnings[0]
    assert not rule_planner.nothing(theirs, rule_planner.changes("exact", theirs, [], DIRECTIONS), "").warnings


KEEP = {
    "by a description in any case": ({"description": "*dts*"}, [1, 2]),
    "by the network of the other side": ({"cidr": ["100.104.0.9/16"]}, [2, 3]),
    "by a prefix list": ({"prefix_list_id": ["pl-1"]}, [4]),
    "by both": ({"description": "*dts*", "cidr": ["100.104.0.0/16"]}, [2]),
    "by one of two peers": ({"cidr": ["2001:db8::/32", "100.104.3.0/24"], "prefix_list_id": ["pl-1", "pl-2"]}, [3, 4]),
}


@pytest.mark.parametrize(("options", "stay"), KEEP.values(), ids=list(KEEP))
def test_what_services_add_by_themselves_stays_where_the_task_says_so(
    options: dict[str, t.Any], stay: list[int]
) -> None:
    theirs = [
        rule(1, description="Added by DTS"),
        replace(rule(2, description="dts-migration"), peer="100.104.2.0/24"),
        replace(rule(3), peer="100.104.3.7/32"),
        replace(rule(4), peer_kind="prefix_list", peer="pl-1"),
        replace(rule(5), peer_kind="group", peer="sg-2"),
    ]
    there = group([*theirs, rule(9)])
    kept, _notes = keep.from_options([options])

    def changes(state: str, *wanted: Rule) -> rule_planner.Changes:
        return rule_planner.changes(state, there, wanted, DIRECTIONS, lambda one: any(each.fits(one) for each in kept))

    found = changes("exact", rule(9), rule(10))
    assert [one.ports for one in found.spared] == [f"{number}/{number}" for number in stay]
    assert {*found.removes, *found.spared} == {one for one in there.rules if one.ports != "9/9"}
    made = rule_planner.plan(there, found, 200)
    (said,) = made.kept
    assert all(one.line in said and one.line in made.after for one in found.spared)
    assert not changes("absent", *theirs).spared  # what the task names, goes
    assert not changes("exact", *theirs).spared
