# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Would this be let in? The module on the local cloud; the evaluator itself is proven in tests/unit."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from modules.harness import Modules
from modules.network import Network

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud

Result = dict[str, t.Any]

pytestmark = pytest.mark.usefixtures("priority_type")


@pytest.fixture
def network(modules: Modules) -> Network:
    return Network(modules)


def ask(modules: Modules, packets: list[dict[str, t.Any]], **options: t.Any) -> list[Result]:
    accesses: list[Result] = modules.run("sg_access_info", packets=packets, **options)["accesses"]
    return accesses


def rules(modules: Modules, group: str, *wanted: dict[str, t.Any]) -> None:
    modules.run("sg_rule", security_group_id=group, rules=list(wanted))


SSH = {"protocol": "tcp", "port": "22"}
OFFICE = {"protocol": "tcp", "ports": "22", "cidr": "203.0.113.0/24"}


def test_the_rule_that_decides_is_named(modules: Modules, network: Network) -> None:
    web, guard = network.new_group("web"), network.new_group("guard")
    rules(modules, web, OFFICE)
    rules(modules, guard, {"protocol": "tcp", "ports": "1/1024", "cidr": "203.0.113.66", "policy": "drop"})
    packets = [{**SSH, "peer": peer} for peer in ("203.0.113.7", "203.0.113.66", "198.51.100.1", "203.0.113.64/26")]
    office, banned, stranger, some = ask(modules, packets, security_group_ids=[web], security_groups=["guard"])
    assert (office["verdict"], office["by"], office["security_group_id"]) == ("allow", "rule", web)
    assert office["rule"]["security_group_rule_id"] in [one["SecurityGroupRuleId"] for one in network.rules(web)]
    assert office["reason"].startswith("the rule 'ingress accept tcp 22/22 from 203.0.113.0/24 priority 1' of web")
    assert (banned["verdict"], banned["security_group"]) == ("deny", "guard")
    assert (stranger["verdict"], stranger["by"], stranger["rule"]) == ("deny", "default", None)
    assert (some["verdict"], some["depends_on"]) == ("depends", ["the peer's address"])


def test_groups_of_a_peer_are_looked_up_only_where_they_matter(modules: Modules, network: Network) -> None:
    web, app = network.new_group("web"), network.new_group("app")
    rules(modules, app, {"protocol": "tcp", "ports": "8080", "group_id": web})
    network.new_instances(web, PrivateIpAddress="172.16.0.9")
    network.local.forget_requests()
    packet: dict[str, t.Any] = {"protocol": "tcp", "port": "8080"}
    packets = [
        {**packet, "peer": "203.0.113.7"},
        {**packet, "peer_group_ids": [web]},
    ]
    public, member = ask(modules, packets, security_group_ids=[app])
    assert [public["verdict"], member["verdict"]] == ["deny", "allow"]
    assert "ecs:DescribeNetworkInterfaces" not in network.local.counts()
    packets = [{**packet, "peer": peer} for peer in ("172.16.0.9", "172.16.0.10")]
    inside, nobody = ask(modules, packets, security_group_ids=[app])
    assert [inside["verdict"], nobody["verdict"]] == ["allow", "deny"]
    assert network.local.counts()["ecs:DescribeNetworkInterfaces"] == 2


def test_between_two_instances_the_rules_of_both_count(modules: Modules, network: Network) -> None:
    web, db = network.new_group("web"), network.new_group("db")
    rules(modules, db, {"protocol": "tcp", "ports": "3306", "group_id": web})
    rules(modules, web, {"direction": "egress", "protocol": "all", "cidr": "172.16.0.7", "policy": "drop"})
    [one] = network.new_instances(web)
    [near] = network.new_instances(db, PrivateIpAddress="172.16.0.8")
    [far] = network.new_instances(db, PrivateIpAddress="172.16.0.7")
    packets = [
        {"direction": "egress", "protocol": "tcp", "port": port, "peer_instance_id": peer}
        for port, peer in (("3306", near), ("3307", near), ("3306", far))
    ]
    fine, other_port, forbidden = ask(modules, packets, instance_id=one, both_sides=True)
    assert (fine["verdict"], fine["side"]) == ("allow", "own")
    assert (other_port["verdict"], other_port["side"], other_port["by"]) == ("deny", "peer", "default")
    assert (forbidden["verdict"], forbidden["side"], forbidden["by"]) == ("deny", "own", "rule")
    assert [case["side"] for case in fine["cases"]] == ["own", "peer"]


def test_members_of_a_group_reach_each_other_unless_it_is_isolated(modules: Modules, network: Network) -> None:
    group = network.new_group("web")
    rules(modules, group, {"protocol": "all", "cidr": "0.0.0.0/0", "policy": "drop"})
    one, two = network.new_instances(group, 2)
    packets = [{**SSH, "peer_instance_id": two}]
    [among] = ask(modules, packets, instance_id=one)
    assert (among["verdict"], among["by"], among["security_group_id"]) == ("allow", "inner_policy", group)
    modules.run("security_group", security_group_id=group, inner_access_policy="drop")
    [isolated] = ask(modules, packets, instance_id=one)
    assert (isolated["verdict"], isolated["by"]) == ("deny", "rule")


def test_an_advanced_group_lets_nothing_out_by_default(modules: Modules, network: Network) -> None:
    mute = network.new_group("mute", SecurityGroupType="enterprise")
    out = {"direction": "egress", "protocol": "tcp", "port": "443", "peer": "0.0.0.0/0"}
    [answer] = ask(modules, [out], security_group_ids=[mute])
    assert answer["verdict"] == "deny"
    assert answer["reason"] == "no rule fits, and by default an advanced security group lets nothing out"
    # A reply to what is let in goes out all the same, and what the rules given here would do is shown.
    reply = {**out, "port": None, "source_port": "443", "peer": "198.51.100.1", "reply": True}
    wanted = [{"protocol": "tcp", "ports": 443, "cidr": "0.0.0.0/0"}]
    [refused] = ask(modules, [reply], security_group_ids=[mute])
    [passed] = ask(modules, [reply], security_group_ids=[mute], rules=wanted)
    assert [refused["verdict"], passed["verdict"]] == ["deny", "allow"]
    assert passed["reason"].startswith("it answers a session that an ingress packet opened")
    basic = network.new_group("basic")
    result = modules.run("sg_access_info", security_group_ids=[mute, basic], packets=[out], fails=True)
    assert "cannot be in groups of different types: mute (advanced), basic (basic)" in result["msg"]


def test_try_a_rule_before_it_is_added(modules: Modules, network: Network) -> None:
    group = network.new_group("web")
    rules(modules, group, OFFICE)
    ban = {"protocol": "tcp", "ports": "22", "cidr": "203.0.113.66", "policy": "drop"}
    packets = [{**SSH, "peer": peer} for peer in ("203.0.113.66", "203.0.113.67")]
    banned, other = ask(modules, packets, security_group_ids=[group], rules=[ban])
    assert (banned["verdict"], banned["security_group_id"], banned["security_group"]) == (
        "deny",
        None,
        "the rules given",
    )
    assert (other["verdict"], other["security_group_id"]) == ("allow", group)
    assert len(network.rules(group)) == 1


def test_prefix_lists_are_read_where_they_matter(modules: Modules, network: Network) -> None:
    made = network.api.call(
        "ecs",
        "CreatePrefixList",
        PrefixListName="offices",
        AddressFamily="IPv4",
        MaxEntries=5,
        Entry=[{"Cidr": "203.0.113.0/25"}],
    )["PrefixListId"]
    group = network.new_group("web")
    rules(modules, group, {"protocol": "tcp", "ports": 22, "prefix_list_id": made})
    packets = [{**SSH, "peer": peer} for peer in ("203.0.113.5", "203.0.113.200")]
    packets.append({**SSH, "peer_prefix_list_id": made})
    found = ask(modules, packets, security_group_ids=[group])
    assert [one["verdict"] for one in found] == ["allow", "deny", "allow"]
    # Without an account the list cannot be read, which is said.
    [unknown] = ask(
        modules,
        packets[:1],
        rules=[{"protocol": "tcp", "ports": 22, "prefix_list_id": "pl-none"}],
    )
    assert unknown["verdict"] == "depends"
    assert "pl-none could not be read" in unknown["notes"][0]


def test_a_prefix_list_may_have_no_entries(modules: Modules, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wrapper of an empty list comes without the list, or with it."""
    about = {"PrefixListName": "nobody", "AddressFamily": "IPv4", "MaxEntries": 5}
    made = network.api.call("ecs", "CreatePrefixList", about)["PrefixListId"]
    group = network.new_group("web")
    rules(modules, group, {"protocol": "tcp", "ports": 22, "prefix_list_id": made})
    packet = {**SSH, "peer": "203.0.113.5"}
    assert [one["verdict"] for one in ask(modules, [packet], security_group_ids=[group])] == ["deny"]
    whole = Cloud.call

    def without_the_list(self: Cloud, product: str, action: str, *params: t.Any, **more: t.Any) -> dict[str, t.Any]:
        answer = whole(self, product, action, *params, **more)
        return {**answer, "Entries": {}} if action == "DescribePrefixListAttributes" else answer

    monkeypatch.setattr(Cloud, "call", without_the_list)
    assert [one["verdict"] for one in ask(modules, [packet], security_group_ids=[group])] == ["deny"]


def test_rules_of_a_file_need_no_account(modules: Modules, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(
        '[{"Direction": "ingress", "IpProtocol": "TCP", "PortRange": "443/443", "Ipv6SourceCidrIp": "::/0"},'
        ' {"Direction": "ingress", "IpProtocol": "ICMP", "PortRange": "-1/-1", "SourceCidrIp": "0.0.0.0/0",'
        '  "Priority": 110}]'
    )
    packets: list[dict[str, t.Any]] = [
        {"protocol": "tcp", "port": "443", "peer": "2001:db8::1"},
        {"protocol": "tcp", "port": "443", "peer": "203.0.113.1"},
        {"protocol": "icmp", "peer": "203.0.113.1"},
        {"direction": "egress", "protocol": "tcp", "port": "25", "peer": "203.0.113.1"},
        {"direction": "egress", "protocol": "all", "peer": "0.0.0.0/0"},
    ]
    found = ask(modules, packets, rules_file=str(file))
    assert [one["verdict"] for one in found] == ["allow", "deny", "allow", "allow", "allow"]
    assert "port 25" in found[3]["notes"][0]
    assert not modules.cloud.counts()
    [outward] = ask(modules, packets[-1:], rules=[], type="advanced")
    assert outward["verdict"] == "deny"
    file.write_text('[{"Direction": "ingress", "IpProtocol": "TCP", "PortRange": "0/1"}]')
    result = modules.run("sg_access_info", rules_file=str(file), packets=packets, fails=True)
    assert "1 of 1 rules in" in result["msg"]
    assert "element 1" in result["msg"]


def test_what_is_not_as_expected_fails_with_all_answers(modules: Modules) -> None:
    packets = [
        {**SSH, "name": "office", "peer": "203.0.113.7", "expect": "allow"},
        {**SSH, "name": "stranger", "peer": "198.51.100.1", "expect": "allow"},
        {**SSH, "peer": "0.0.0.0/0", "expect": "deny"},
    ]
    result = modules.run("sg_access_info", rules=[OFFICE], packets=packets, fails=True)
    assert "2 of 3 packets are not treated as expected" in result["msg"]
    assert "stranger: ingress tcp 22 from 198.51.100.1: expected allow, found deny, because no rule" in result["msg"]
    assert [one["ok"] for one in result["accesses"]] == [True, False, False]
    result = modules.run("sg_access_info", rules=[OFFICE], packets=packets, fail_unexpected=False)
    assert not result["ok"]
    assert len(result["unexpected"]) == 2


def test_the_two_sides_of_the_classic_network(modules: Modules) -> None:
    wanted = [
        {"protocol": "tcp", "ports": 22, "cidr": "0.0.0.0/0", "nic_type": "internet"},
        {"protocol": "tcp", "ports": 80, "cidr": "10.1.2.3", "nic_type": "intranet"},
    ]
    packets: list[dict[str, t.Any]] = [
        {**SSH, "peer": "203.0.113.7"},
        {**SSH, "peer": "10.1.2.3"},
        {"protocol": "tcp", "port": "80", "peer": "10.1.2.3"},
        {"protocol": "tcp", "port": "80", "peer": "10.1.2.3", "nic_type": "internet"},
    ]
    found = ask(modules, packets, rules=wanted, network_type="classic")
    assert [one["verdict"] for one in found] == ["allow", "deny", "allow", "deny"]
