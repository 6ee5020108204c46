# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of a security group: which ports they decide, and which of them never decide."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._security_group import traffic
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule import Rule


def rule(ports: str = "22/22", peer: str = "0.0.0.0/0", **more: t.Any) -> Rule:
    values = {"direction": "ingress", "protocol": "tcp", "ports": ports, "peer_kind": "cidr", "peer": peer, **more}
    return Rule(**values)


spans = st.tuples(st.integers(1, 40), st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def members(found: t.Iterable[traffic.Span]) -> set[int]:
    return {port for first, last in found for port in range(first, last + 1)}


@given(st.lists(spans), st.lists(spans))
def test_spans_are_sets_of_ports(one: list[traffic.Span], other: list[traffic.Span]) -> None:
    assert members(traffic.union(one, other)) == members(one) | members(other)
    assert members(traffic.without(one, other)) == members(one) - members(other)
    merged = traffic.union(one, other)
    assert all(a[1] + 1 < b[0] for a, b in itertools.pairwise(merged))


RULES = st.lists(
    st.builds(
        lambda span, policy, priority: rule(f"{span[0]}/{span[1]}", policy=policy, priority=priority),
        spans,
        st.sampled_from(["accept", "drop"]),
        st.integers(1, 3),
    ),
    max_size=8,
)


@given(RULES, st.booleans())
def test_rules_decide_each_port_by_priority_and_drop_before_accept(rules: list[Rule], default: bool) -> None:
    through = members(traffic.accepted(rules, default).get("tcp", []))
    for port in range(1, 60):
        about = [one for one in rules if port in members(traffic.ports_of(one)["tcp"])]
        first = min(about, key=lambda one: (one.priority, one.policy != "drop"), default=None)
        assert (port in through) == (default if first is None else first.policy == "accept")


@given(RULES)
def test_without_its_idle_rules_a_group_lets_through_the_same(rules: list[Rule]) -> None:
    idle = [one for _kind, one, _other in traffic.idle(rules)]
    left = [one for one in rules if not any(one is other for other in idle)]
    assert traffic.accepted(left, default=False) == traffic.accepted(rules, default=False)


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        (rule("1/65535"), rule("22/22"), True),
        (rule("22/22"), rule("22/23"), False),
        (rule(), rule(peer="10.0.0.0/8"), True),
        (rule(peer="10.0.0.0/8"), rule(), False),
        (rule(), rule(peer="2001:db8::/32"), False),
        (rule(protocol="all", ports="-1/-1"), rule(), True),
        (rule(protocol="all", ports="-1/-1"), rule(protocol="icmp", ports="-1/-1"), True),
        (rule(protocol="udp"), rule(), False),
        (rule(peer_kind="group", peer="sg-a"), rule(peer_kind="group", peer="sg-a"), True),
        (rule(peer_kind="group", peer="sg-a"), rule(peer_kind="group", peer="sg-b"), False),
        (rule(), rule(source_ports="1024/65535"), True),
        (rule(source_ports="1024/65535"), rule(), False),
        (rule(local="10.1.0.0/16"), rule(), False),
        (rule(), rule(local="10.1.0.0/16"), True),
        (rule(direction="egress"), rule(), False),
        (rule(ports="", port_list="prl-1"), rule(), False),
    ],
)
def test_a_rule_covers_what_it_is_at_least_as_wide_as(wide: Rule, narrow: Rule, covered: bool) -> None:
    assert traffic.covers(wide, narrow) is covered


def test_idle_rules_say_why() -> None:
    office, again = rule(peer="203.0.113.0/24"), rule(peer="203.0.113.0/24", priority=9)
    one = rule(peer="203.0.113.7/32", priority=5)
    blocked = rule("80/80", priority=3)
    drop = rule("80/80", policy="drop")
    found = traffic.idle([office, again, one, blocked, drop])
    assert set(found) == {
        ("duplicate", again, office),
        ("covered", one, office),
        ("overridden", blocked, drop),
    }


def test_of_two_equal_rules_one_stays() -> None:
    assert len(traffic.idle([rule(), rule()])) == 1


@pytest.mark.parametrize(
    ("peer", "world"),
    [("0.0.0.0/0", True), ("::/0", True), ("0.0.0.0/1", True), ("128.0.0.0/1", True), ("10.0.0.0/8", False)],
)
def test_half_the_internet_is_the_world_too(peer: str, world: bool) -> None:
    assert traffic.is_world(rule(peer=peer)) is world


def test_ports_read_well() -> None:
    assert traffic.text(traffic.everything()) == "everything"
    assert traffic.text({"tcp": [(22, 22), (80, 90)], "icmp": [traffic.NO_SPAN]}) == "tcp 22, 80-90; icmp"
    assert traffic.text({"udp": [traffic.ALL_PORTS]}) == "udp all"
    assert traffic.text({}) == "nothing"
