# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules a clone has, and what a group lets out."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group import clone, outbound
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.clone import Source, Target
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule import Rule

WEB = Rule("ingress", "tcp", "443/443", "cidr", "0.0.0.0/0", nic_type="intranet", rule_id="sgr-1")
RULES = st.builds(
    replace,
    st.sampled_from(
        [
            WEB,
            replace(WEB, direction="egress"),
            replace(WEB, peer_kind="group", peer="sg-peer"),
            replace(WEB, peer_kind="group", peer="sg-other", owner="1234"),
            replace(WEB, peer_kind="prefix_list", peer="pl-1"),
            replace(WEB, ports="", port_list="prl-1"),
        ]
    ),
    policy=st.sampled_from(["accept", "drop"]),
    priority=st.sampled_from([1, 100, 110]),
    nic_type=st.sampled_from(["intranet", "internet"]),
)
TARGETS = st.builds(
    Target,
    region=st.sampled_from(["cn-hangzhou", "cn-shanghai"]),
    vpc_id=st.sampled_from(["vpc-1", "vpc-2"]),
    type=st.sampled_from(["normal", "enterprise"]),
    security_group_ids=st.sampled_from([frozenset(), frozenset({"sg-peer"})]),
    prefix_list_ids=st.sampled_from([frozenset(), frozenset({"pl-1"})]),
)


def source(rules: t.Iterable[Rule], vpc_id: str = "vpc-1") -> Source:
    return Source("cn-hangzhou", {"security_group_id": "sg-1", "vpc_id": vpc_id, "type": "normal"}, tuple(rules))


@given(st.lists(RULES, max_size=6), TARGETS, st.booleans())
def test_each_rule_is_in_the_clone_or_has_a_reason_not_to_be(rules: list[Rule], target: Target, mapped: bool) -> None:
    found = clone.select(source(rules), target, mapped)
    reasons = [rule for rule, reason in found.not_cloned if reason]
    for rule in rules:
        there = replace(rule, priority=min(rule.priority, 100) if mapped else rule.priority, nic_type="intranet")
        assert (rule in reasons) != (there in found.rules), rule
    assert len(set(found.rules)) == len(found.rules)
    for rule in found.rules:
        assert rule.rule_id is None
        assert rule.priority <= 100
        assert target.type == "normal" or (rule.policy, rule.priority) == ("accept", 1)
        assert target.type == "normal" or rule.peer_kind != "group"
        assert rule.peer_kind != "group" or rule.owner or rule.peer in target.security_group_ids


def test_the_two_sides_of_the_classic_network_become_one() -> None:
    both = [WEB, replace(WEB, nic_type="internet", description="again")]
    found = clone.select(source(both, ""), Target("cn-hangzhou", "vpc-1", "normal"), False)
    assert [rule.nic_type for rule in found.rules] == ["intranet"]
    kept = clone.select(source(both, ""), Target("cn-hangzhou", "", "normal"), False)
    assert sorted(str(rule.nic_type) for rule in kept.rules) == ["internet", "intranet"]
    with pytest.raises(UnexpectedState, match="cannot be cloned into the classic network"):
        clone.select(source(both), Target("cn-hangzhou", "", "normal"), False)


@given(
    st.sampled_from(outbound.CHOICES),
    st.sampled_from(["normal", "enterprise"]),
    st.sets(st.sampled_from([outbound.LETS_OUT, *outbound.KEEPS_IN, WEB])),
)
def test_an_outbound_choice_is_made_once_and_touches_no_other_rule(choice: str, kind: str, rules: set[Rule]) -> None:
    adds, removes = outbound.changes(choice, kind, rules)
    after = (rules | set(adds)) - set(removes)
    assert outbound.state(kind, after) == choice
    assert outbound.changes(choice, kind, after) == ([], [])
    assert (WEB in after) == (WEB in rules)
