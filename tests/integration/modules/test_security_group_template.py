# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the default group and of the console's templates, by security_group, against the local cloud."""

from __future__ import annotations

import json
import typing as t

import pytest
from modules.network import Network

if t.TYPE_CHECKING:
    from modules.harness import CheckRun, Modules

ICMP, SSH, RDP, HTTP, HTTPS = "ICMP -1/-1", "TCP 22/22", "TCP 3389/3389", "TCP 80/80", "TCP 443/443"
#: What the documents say that each lets in.
DOCUMENTED: dict[str, set[str]] = {
    "default": {ICMP, SSH, RDP},
    "web_server_linux": {HTTP, HTTPS, SSH, ICMP},
    "web_server_windows": {HTTP, HTTPS, RDP, ICMP},
    "custom": set(),
}
WORLD = "0.0.0.0/0"


@pytest.fixture
def network(modules: Modules) -> Network:
    return Network(modules)


@pytest.fixture
def web(network: Network) -> dict[str, t.Any]:
    """Options that name the group."""
    return {"name": "web", "vpc_id": network.vpc}


def let_in(network: Network, group: str) -> dict[str, set[str]]:
    """What the cloud's inbound rules let in, and from where."""
    found: dict[str, set[str]] = {}
    for rule in network.rules(group):
        if rule["Direction"] == "ingress":
            assert rule["Policy"] == "Accept"
            peer = rule.get("SourceCidrIp") or rule["Ipv6SourceCidrIp"]
            found.setdefault(f"{rule['IpProtocol']} {rule['PortRange']}", set()).add(peer)
    return found


@pytest.mark.parametrize("kind", ["normal", "enterprise"])
@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_group_has_the_rules_of_its_template(
    modules: Modules, network: Network, web: dict[str, t.Any], name: str, kind: str
) -> None:
    made = modules.twice("security_group", **web, type=kind, template=name)
    group = made["security_group"]["security_group_id"]
    assert let_in(network, group) == {what: {WORLD} for what in DOCUMENTED[name]}
    # All outbound traffic is allowed: a basic group lets it out by itself, an advanced one by a rule.
    outbound = [
        (rule["IpProtocol"], rule["DestCidrIp"], rule["Policy"])
        for rule in network.rules(group)
        if rule["Direction"] == "egress"
    ]
    assert outbound == ([("ALL", WORLD, "Accept")] if kind == "enterprise" else [])
    assert {rule["Priority"] for rule in network.rules(group)} <= {"1" if kind == "enterprise" else "100"}
    shown = made["diff"]["after"]["rules"]
    assert len(shown) == len(network.rules(group))
    assert set(made["template_rules"]) == set(shown)
    said = json.dumps(made.get("warnings", []))
    assert [word for word in ("SSH", "RDP") if word in said] == [
        word for word, what in (("SSH", SSH), ("RDP", RDP)) if what in DOCUMENTED[name]
    ]


def test_who_logs_in_and_who_else_comes_in_are_said_apart(
    modules: Modules, network: Network, web: dict[str, t.Any]
) -> None:
    made = modules.twice("security_group", **web, template="web_server_linux", template_login_cidr=["203.0.113.7/24"])
    (note,) = made["warnings"]
    assert "it is taken as 203.0.113.0/24" in json.dumps(note)
    inside = let_in(network, made["security_group"]["security_group_id"])
    assert inside == {HTTP: {WORLD}, HTTPS: {WORLD}, ICMP: {WORLD}, SSH: {"203.0.113.0/24"}}


def test_a_template_for_networks_of_ones_own(modules: Modules, network: Network, web: dict[str, t.Any]) -> None:
    own = ["10.0.0.0/8", "2001:db8::/32"]
    made = modules.twice("security_group", **web, template="default", template_web=True, template_cidr=own)
    assert "warnings" not in made
    inside = let_in(network, made["security_group"]["security_group_id"])
    assert {what: peers for what, peers in inside.items() if "ICMP" not in what.upper()} == {
        what: set(own) for what in (SSH, RDP, HTTP, HTTPS)
    }
    assert {what.upper(): peers for what, peers in inside.items() if "ICMP" in what.upper()} == {
        ICMP: {"10.0.0.0/8"},
        "ICMPV6 -1/-1": {"2001:db8::/32"},
    }


def test_a_group_that_exists_gets_what_it_lacks_and_keeps_the_rest(
    modules: Modules, network: Network, web: dict[str, t.Any]
) -> None:
    modules.run("security_group", **web, template="web_server_linux")
    group = network.groups()[0]["SecurityGroupId"]
    own = {"protocol": "tcp", "ports": 8080, "cidr": "10.0.0.0/8"}
    http = {"service": "http", "cidr": WORLD, "priority": 100}
    modules.run("sg_rule", security_group_id=group, rules=[own])
    modules.run("sg_rule", security_group_id=group, rules=[http], state="absent")
    back = modules.twice("security_group", **web, template="web_server_linux")
    assert back["steps"] == ["add 1 ingress rule to web"]
    assert set(back["diff"]["after"]["rules"]) - set(back["diff"]["before"]["rules"]) == {
        "ingress accept tcp 80/80 from 0.0.0.0/0 priority 100"
    }
    modules.twice("security_group", **web, template="web_server_windows")
    assert set(let_in(network, group)) == {HTTP, HTTPS, SSH, RDP, ICMP, "TCP 8080/8080"}
    assert not modules.run("security_group", **web, template="custom")["changed"]


@pytest.mark.parametrize("kind", ["normal", "enterprise"])
def test_what_outbound_says_goes_first(modules: Modules, network: Network, web: dict[str, t.Any], kind: str) -> None:
    made = modules.twice("security_group", **web, type=kind, template="default", outbound="deny")
    assert made["security_group"]["outbound"] == "deny"
    back = modules.twice("security_group", **web, template="default", outbound="allow")
    assert back["security_group"]["outbound"] == "allow"
    closed = modules.twice("security_group", **web, template="web_server_linux", outbound="deny")
    group = closed["security_group"]["security_group_id"]
    assert len(closed["diff"]["after"]["rules"]) == len(network.rules(group))
    assert set(let_in(network, group)) == {ICMP, SSH, RDP, HTTP, HTTPS}


def test_a_template_in_the_classic_network_is_about_the_internet_side(modules: Modules, network: Network) -> None:
    network.local.set("ecs.classic_network", True)
    made = modules.twice("security_group", name="old", network_type="classic", template="web_server_windows")
    group = made["security_group"]["security_group_id"]
    assert set(let_in(network, group)) == DOCUMENTED["web_server_windows"]
    assert {rule["NicType"] for rule in network.rules(group)} == {"internet"}


def test_a_group_of_others_is_left_without_the_rules_and_they_are_named(
    modules: Modules, network: Network, web: dict[str, t.Any]
) -> None:
    group = network.new_group("web")
    left = modules.run("security_group", **web, template="default", leave_others=True)
    assert not left["changed"]
    assert left["kept"] == ["Using the existing security group web; it is left as it is."]
    assert "without these rules of the task: ingress accept icmp from 0.0.0.0/0 priority 100" in json.dumps(
        left["warnings"]
    )
    assert network.rules(group) == []


def test_a_full_group_is_refused_before_anything_is_written(
    modules: Modules, network: Network, web: dict[str, t.Any]
) -> None:
    group = network.new_own_group("web")
    ports = [f"{port}" for port in range(1001, 1199)]
    modules.run("sg_rule", security_group_id=group, rules=[{"protocol": "tcp", "ports": ports, "cidr": "10.0.0.0/8"}])
    network.local.forget_requests()
    full = modules.run("security_group", **web, template="default", description="full", fails=True)
    assert "would have 201 rules (now 198, 3 to add, 0 to remove); at most 200 are possible" in full["msg"]
    assert all(":Describe" in operation for operation in network.local.counts())


def test_rules_that_a_broken_off_run_did_not_add_are_added_by_the_next(
    modules: Modules, network: Network, web: dict[str, t.Any]
) -> None:
    network.local.fault("error", "ecs:AuthorizeSecurityGroup", code="Forbidden.RAM", status=403)
    failed = modules.run("security_group", **web, template="default", fails=True)
    assert failed["steps_left"] == ["add 3 ingress rules to web"]
    done = modules.run("security_group", **web, template="default")
    assert done["steps"] == failed["steps_left"]
    assert set(let_in(network, done["security_group"]["security_group_id"])) == DOCUMENTED["default"]


def test_a_check_run_knows_the_rules_of_the_group_that_it_would_make(check_run: CheckRun, network: Network) -> None:
    check_run("security_group", name="web", vpc_id=network.vpc, template="web_server_linux")
    rule = {"service": "ssh", "cidr": WORLD, "priority": 100}
    assert not check_run("sg_rule", security_group="web", vpc_id=network.vpc, rules=[rule])["changed"]
