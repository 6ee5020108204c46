# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documented order, one sentence at a time. That all of it holds together is in test_evaluator_brute_force.py."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group import question
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.evaluator import Group
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.question import Answer, Question
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule import Rule

OFFICE, STRANGER, COLLEAGUE = "203.0.113.7/32", "198.51.100.1/32", "10.0.0.9/32"
ONE_IN = Rule("ingress", "tcp", "22/22", "cidr", "203.0.113.0/24")


def rule(policy: str, priority: int = 1, peer: str = "0.0.0.0/0", **more: t.Any) -> Rule:
    values = {"direction": "ingress", "protocol": "tcp", "ports": "22/22", "peer_kind": "cidr", "peer": peer, **more}
    return Rule(policy=policy, priority=priority, **values)


def ask(groups: list[Group], peer: str = STRANGER, **changes: t.Any) -> Answer:
    values = {"direction": "ingress", "protocol": "tcp", "ports": (22, 22), "peers": (peer,), "groups_known": True}
    return question.answer(groups, Question(**{**values, **changes}), {})


def verdict(*rules: Rule, **changes: t.Any) -> str:
    return ask([Group("sg-1", rules=rules)], **changes).verdict


@pytest.mark.parametrize(
    ("advanced", "direction", "expected"),
    [(False, "ingress", "deny"), (False, "egress", "allow"), (True, "ingress", "deny"), (True, "egress", "deny")],
)
def test_without_rules(advanced: bool, direction: str, expected: str) -> None:
    answer = ask([Group("sg-1", advanced=advanced)], direction=direction)
    assert answer.verdict == expected
    assert [decision.by for decision, _packet in answer.cases] == ["default"]


def test_the_smaller_number_of_the_priority_decides() -> None:
    assert verdict(rule("accept", 2), rule("drop", 3)) == "allow"
    assert verdict(rule("accept", 3), rule("drop", 2)) == "deny"


def test_at_the_same_priority_drop_decides() -> None:
    assert verdict(rule("accept"), rule("drop")) == verdict(rule("drop"), rule("accept")) == "deny"


def test_the_rules_of_several_groups_count_together() -> None:
    strong, weak = rule("drop", 1), rule("accept", 2)
    answer = ask([Group("sg-weak", rules=(weak,)), Group("sg-strong", rules=(strong,))])
    [(decision, _packet)] = answer.cases
    assert (answer.verdict, decision.rule, decision.group and decision.group.id) == ("deny", strong, "sg-strong")


def test_members_of_a_group_reach_each_other_whatever_its_rules_say() -> None:
    drop = rule("drop", protocol="all", ports="-1/-1")
    inner = Group("sg-1", rules=(drop,), inner=True)
    assert ask([inner], COLLEAGUE, member_of=frozenset(["sg-1"])).verdict == "allow"
    assert ask([inner], COLLEAGUE, member_of=frozenset(["sg-2"])).verdict == "deny"
    assert ask([Group("sg-1", rules=(drop,))], COLLEAGUE, member_of=frozenset(["sg-1"])).verdict == "deny"


def test_a_rule_about_a_group_is_about_its_members() -> None:
    named = rule("accept", peer_kind="group", peer="sg-2")
    assert verdict(named, peer=COLLEAGUE, member_of=frozenset(["sg-2"])) == "allow"
    assert verdict(named, peer=COLLEAGUE) == "deny"
    # The internal network is what such rules are about, so that nobody asks who a public address is.
    assert verdict(named, peer=STRANGER, groups_known=False) == "deny"
    assert verdict(named, peer=COLLEAGUE, groups_known=False) == "depends"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ports": (23, 23)}, "deny"),
        ({"protocol": "udp"}, "deny"),
        ({"source_ports": (1023, 1023)}, "deny"),
        ({"source_ports": (1024, 1024)}, "allow"),
        ({"source_ports": None}, "depends"),
        ({"own": ("10.0.0.2/32",)}, "deny"),
        ({"own": None}, "depends"),
        ({"peers": ("203.0.112.0/23",)}, "depends"),
        ({"peers": ("2001:db8::1/128",), "own": None}, "deny"),
    ],
)
def test_every_part_of_a_five_tuple_rule_counts(changes: dict[str, t.Any], expected: str) -> None:
    five = rule("accept", peer="203.0.113.0/24", source_ports="1024/65535", local="10.0.0.1/32")
    asked = {"peers": (OFFICE,), "own": ("10.0.0.1/32",), "source_ports": (2000, 2000)}
    assert verdict(five, **asked) == "allow"
    assert verdict(five, **{**asked, **changes}) == expected


def test_what_it_depends_on_is_named() -> None:
    answer = ask([Group("sg-1", rules=(ONE_IN,))], peers=("0.0.0.0/0",))
    assert (answer.verdict, answer.depends_on) == ("depends", ("the peer's address",))
    assert {decision.allowed for decision, _packet in answer.cases} == {True, False}


def test_rules_together_may_settle_what_none_does_alone() -> None:
    halves = rule("accept", peer="0.0.0.0/1"), rule("accept", peer="128.0.0.0/1")
    assert verdict(*halves, peers=("0.0.0.0/0",)) == "allow"


def test_ipv6_and_icmp() -> None:
    world = rule("accept", protocol="icmpv6", ports="-1/-1", peer="::/0")
    assert verdict(world, protocol="icmpv6", ports=None, peers=("2001:db8::1/128",)) == "allow"
    assert verdict(world, protocol="icmp", ports=None, peers=(STRANGER,)) == "deny"


def test_a_list_that_is_not_known_leaves_the_answer_open_only_where_it_matters() -> None:
    named = rule("accept", 2, peer_kind="prefix_list", peer="pl-1")
    assert verdict(named) == "depends"
    assert verdict(named, rule("drop", 1)) == "deny"
    assert verdict(named, rule("accept", 3)) == "allow"
    assert verdict(named, member_of=frozenset(["pl-1"])) == "allow"
    assert verdict(rule("accept", ports="", port_list="prl-1")) == "depends"


def test_a_reply_follows_the_packet_that_it_answers() -> None:
    answered = Question("egress", "tcp", source_ports=(22, 22), peers=(OFFICE,), groups_known=True).turned()
    assert (answered.direction, answered.ports, answered.source_ports) == ("ingress", (22, 22), None)
    assert question.answer([Group("sg-1", rules=(ONE_IN,), advanced=True)], answered, {}).verdict == "allow"


def test_a_question_about_too_much_is_refused() -> None:
    rules = tuple(
        rule("accept", peer=f"203.0.{number}.0/24", ports=f"{number * 10 + 1}/{number * 10 + 5}")
        for number in range(200)
    )
    with pytest.raises(InvalidInput, match="different packets apart"):
        verdict(*rules, ports=None, peers=("0.0.0.0/0",))
