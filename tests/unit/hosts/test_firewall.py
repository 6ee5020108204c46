# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups of the local cloud as rules of nftables; tests/hosts/test_packets.py sends packets through these."""

from __future__ import annotations

import typing as t

import pytest

from local_cloud.hosts.firewall import Guard, Rule, ruleset
from local_cloud.services.ecs.packet_filter import guard


def chain(name: str, guard: Guard) -> list[str]:
    """The lines of a chain, without those for sessions and neighbours, which begin each."""
    lines = ruleset("i1", guard).split(f"  chain {name} {{\n")[1].split("  }\n")[0].splitlines()
    assert lines[0] == "    ct state established,related return"
    assert lines[1].startswith("    icmpv6 type { nd-")
    return [line.strip() for line in lines[2:]]


def rule(*peers: str, **more: t.Any) -> Rule:
    values: dict[str, t.Any] = {"direction": "ingress", "protocol": "ALL", "accept": True, "priority": 1}
    return Rule(**(values | {"peers": peers} | more))


def test_without_a_guard_what_there_was_goes() -> None:
    start = "table inet i7\ndelete table inet i7\n"
    assert ruleset("i7", None) == start
    assert ruleset("i7", Guard(advanced=False)).startswith(start + "table inet i7 {\n")


def test_what_passes_without_rules_depends_on_the_type() -> None:
    for advanced, out in ((False, "return"), (True, "drop")):
        assert chain("ingress", Guard(advanced)) == ["drop"]
        assert chain("egress", Guard(advanced)) == [out]


def test_packets_between_instances_and_to_the_region_are_asked_about() -> None:
    text = ruleset("i1", Guard(advanced=False))
    assert 'type filter hook forward priority filter; policy accept;\n    iifname "i1" jump egress\n' in text
    assert '    oifname "i1" jump ingress\n' in text
    assert 'type filter hook input priority filter; policy accept;\n    iifname "i1" jump egress\n' in text


def test_the_smallest_priority_comes_first_and_drop_before_accept() -> None:
    rules = [rule(f"192.0.2.{n}", priority=p, accept=a) for n, p, a in ((1, 2, True), (2, 100, False), (3, 2, False))]
    rules += [rule("192.0.2.4", priority=1), rule("192.0.2.5", direction="egress")]
    assert chain("ingress", Guard(False, rules=tuple(rules))) == [
        "ip saddr { 192.0.2.4/32 } return",
        "ip saddr { 192.0.2.3/32 } drop",
        "ip saddr { 192.0.2.1/32 } return",
        "ip saddr { 192.0.2.2/32 } drop",
        "drop",
    ]


def test_members_of_a_group_and_what_is_spared_come_before_all_rules() -> None:
    rules = (rule("0.0.0.0/0", accept=False), rule("::/0", accept=False, direction="egress"))
    guard = Guard(False, inner=("10.0.0.1", "fd00::1"), rules=rules, spared=("100.100.100.200/32",))
    assert chain("ingress", guard) == [
        "ip saddr { 10.0.0.1/32 } return",
        "ip6 saddr { fd00::1/128 } return",
        "meta nfproto ipv4 drop",
        "drop",
    ]
    assert chain("egress", guard) == [
        "ip daddr { 10.0.0.1/32 } return",
        "ip6 daddr { fd00::1/128 } return",
        "ip daddr { 100.100.100.200/32 } return",
        "meta nfproto ipv6 drop",
        "return",
    ]


@pytest.mark.parametrize(
    ("wanted", "lines"),
    [
        (
            rule("10.0.0.0/24", protocol="TCP", ports=(22, 23)),
            ["ip saddr { 10.0.0.0/24 } meta l4proto tcp tcp dport 22-23"],
        ),
        (
            rule("0.0.0.0/0", protocol="UDP", ports=(1, 65535), source_ports=(53, 53)),
            ["meta nfproto ipv4 meta l4proto udp udp dport 1-65535 udp sport 53-53"],
        ),
        # One rule for both families, and one that is narrowed down to an own address of one of them.
        (rule("10.0.0.1", "fd00::1", protocol="GRE"), [
            "ip saddr { 10.0.0.1/32 } meta l4proto 47", "ip6 saddr { fd00::1/128 } meta l4proto 47",
        ]),
        (rule("10.0.0.1", "fd00::1", own=("10.0.0.9",)), ["ip saddr { 10.0.0.1/32 } ip daddr { 10.0.0.9/32 }"]),
        (rule("10.0.0.1", own=("fd00::9",)), []),
        # Each ICMP has its family: the members of a group have addresses of both.
        (rule("10.0.0.1", "fd00::1", protocol="ICMP"), ["ip saddr { 10.0.0.1/32 } meta l4proto icmp"]),
        (rule("10.0.0.1", "fd00::1", protocol="ICMPv6"), ["ip6 saddr { fd00::1/128 } meta l4proto icmpv6"]),
        (rule("10.0.0.1", protocol="50"), ["ip saddr { 10.0.0.1/32 } meta l4proto 50"]),
        # Networks that overlap are refused by nftables.
        (rule("10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/8"), ["ip saddr { 10.0.0.0/7 }"]),
        # A group without members, an empty prefix list.
        (rule(), []),
        (rule("8.8.8.8", side="internet"), [
            "ip saddr { 8.8.8.8/32 } ip saddr != { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 }",
        ]),
    ],
)  # fmt: skip
def test_what_a_rule_is_about(wanted: Rule, lines: list[str]) -> None:
    assert chain("ingress", Guard(False, rules=(wanted,))) == [*(f"{line} return" for line in lines), "drop"]


def test_all_groups_of_an_interface_count_together() -> None:
    permission = {"Direction": "ingress", "IpProtocol": "TCP", "PortRange": "22/22", "Policy": "Accept"}
    permission |= {"Priority": "3", "NicType": "intranet"}

    def group(name: str, inner: str, *permissions: dict[str, str], kind: str = "normal") -> dict[str, t.Any]:
        about = {"SecurityGroupId": name, "SecurityGroupType": kind, "InnerAccessPolicy": inner, "VpcId": "vpc-1"}
        return {**about, "Permissions": [{**permission, **one} for one in permissions]}

    web = group("web", "Accept", {"SourceGroupId": "db"}, {"Ipv6SourceCidrIp": "::/0", "DestCidrIp": ""})
    db = group("db", "Drop", {"Direction": "egress", "DestPrefixListId": "pl-1", "Policy": "Drop"})
    members = {"web": ["10.0.0.2", "10.0.0.1"], "db": ["10.0.0.3"]}
    found = guard([web, db], members, {"pl-1": ["192.0.2.0/24"]}, ["100.100.100.200/32"])
    assert found == Guard(
        advanced=False,
        inner=("10.0.0.1", "10.0.0.2"),
        rules=(
            Rule("ingress", "TCP", True, 3, ("10.0.0.3",), (22, 22)),
            Rule("ingress", "TCP", True, 3, ("::/0",), (22, 22)),
            Rule("egress", "TCP", False, 3, ("192.0.2.0/24",), (22, 22)),
        ),
        spared=("100.100.100.200/32",),
    )
    # In an advanced group members do not reach each other, whatever value its policy has.
    assert guard([group("core", "Accept", kind="enterprise")], {"core": ["10.0.0.1"]}, {}) == Guard(advanced=True)
