# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may reach whom, from rules alone."""

from __future__ import annotations

import typing as t

from ansible_collections.alitrust.ecs.plugins.module_utils._audit import graph
from ansible_collections.alitrust.ecs.plugins.module_utils._audit.graph import Group
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group import traffic
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule import Rule


def rule(ports: str, peer: str, kind: str = "cidr", **more: t.Any) -> Rule:
    values = {"direction": "ingress", "protocol": "tcp", "ports": ports, "peer_kind": kind, "peer": peer, **more}
    return Rule(**values)


def reach(*groups: Group) -> dict[tuple[str, str], str]:
    return {(edge.source, edge.group): traffic.text(edge.ports) for edge in graph.edges(groups)}


def test_sources_are_the_world_networks_and_groups() -> None:
    web = Group(
        "sg-web", "web", (rule("443/443", "0.0.0.0/0"), rule("443/443", "::/0"), rule("22/22", "203.0.113.0/24"))
    )
    app = Group("sg-app", "app", (rule("8080/8080", "sg-web", "group"), rule("8080/8080", "sg-far", "group")))
    assert reach(web, app) == {
        ("world", "sg-web"): "tcp 443",
        ("203.0.113.0/24", "sg-web"): "tcp 22",
        ("sg-web", "sg-app"): "tcp 8080",
        ("sg-far", "sg-app"): "tcp 8080",
    }
    assert {edge.kind for edge in graph.edges([web, app])} == {"world", "cidr", "group", "foreign_group"}


def test_a_stronger_or_equal_drop_takes_ports_away_and_a_weaker_one_does_not() -> None:
    def group(priority: int) -> Group:
        drop = rule("20/30", "0.0.0.0/0", policy="drop", priority=priority)
        return Group("sg", "g", (rule("1/100", "0.0.0.0/0", priority=5), drop))

    assert reach(group(1)) == {("world", "sg"): "tcp 1-19, 31-100"}
    assert reach(group(5)) == {("world", "sg"): "tcp 1-19, 31-100"}
    assert reach(group(6)) == {("world", "sg"): "tcp 1-100"}


def test_a_drop_for_everybody_is_also_for_the_members_of_a_group() -> None:
    drop = rule("22/22", "0.0.0.0/0", policy="drop")
    web = Group("sg-web", "web")
    app = Group("sg-app", "app", (rule("22/23", "sg-web", "group"), drop))
    assert reach(web, app) == {("sg-web", "sg-app"): "tcp 23"}


def test_a_drop_for_part_of_a_network_leaves_the_network_reachable() -> None:
    app = Group("sg", "g", (rule("22/22", "10.0.0.0/8"), rule("22/22", "10.1.0.0/16", policy="drop")))
    assert reach(app) == {("10.0.0.0/8", "sg"): "tcp 22"}


def test_what_the_sending_group_may_not_send_does_not_arrive() -> None:
    def drop(peer: str, kind: str = "cidr") -> Rule:
        return rule("3306/3306", peer, kind, direction="egress", policy="drop")

    db = Group("sg-db", "db", (rule("3300/3310", "sg-app", "group"),), addresses=("10.2.0.5", "10.2.0.6"))
    for one in (drop("sg-db", "group"), drop("10.2.0.0/16"), drop("0.0.0.0/0")):
        assert reach(Group("sg-app", "app", (one,)), db) == {("sg-app", "sg-db"): "tcp 3300-3305, 3307-3310"}, one
    assert reach(Group("sg-app", "app", (drop("10.2.0.5/32"),)), db) == {("sg-app", "sg-db"): "tcp 3300-3310"}


def test_an_advanced_group_sends_nothing_that_is_not_allowed() -> None:
    allowed = rule("443/443", "0.0.0.0/0", direction="egress")
    db = Group("sg-db", "db", (rule("440/450", "sg-app", "group"),))
    assert reach(Group("sg-app", "app", (), advanced=True), db) == {}
    assert reach(Group("sg-app", "app", (allowed,), advanced=True), db) == {("sg-app", "sg-db"): "tcp 443"}
    assert traffic.text(graph.outward(Group("sg", "g", (), advanced=True))) == "nothing"
    assert traffic.text(graph.outward(Group("sg", "g"))) == "everything"


def test_members_reach_each_other_only_where_there_are_two_and_it_is_allowed() -> None:
    two = ("10.0.0.1", "10.0.0.2")
    assert reach(Group("sg", "g", inner=True, addresses=two)) == {("sg", "sg"): "everything"}
    assert reach(Group("sg", "g", inner=True, addresses=two[:1])) == {}
    assert reach(Group("sg", "g", inner=False, addresses=two)) == {}


def test_a_network_names_the_groups_that_have_members_in_it() -> None:
    groups = [Group("sg-a", "a", addresses=("10.1.0.1",)), Group("sg-b", "b", addresses=("10.2.0.1",))]
    members = graph.Members(groups)
    assert members.within("10.1.0.0/16") == ["sg-a"]
    assert members.within("10.2.0.1/32") == ["sg-b"]
    assert members.within("0.0.0.0/0") == ["sg-a", "sg-b"]
    assert members.within("10.2.0.2/31") == []
    assert members.within("::/0") == []
