# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules in canonical form: many ways to write them, one way to compare them."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule import Rule, from_api
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule_options import from_options, notes


def one(**options: t.Any) -> Rule:
    (rule,) = from_options([{"protocol": "tcp", "ports": "22", "cidr": "10.0.0.0/8", **options}])
    return rule


SAME = [
    ({"protocol": "TCP"}, {"protocol": "tcp"}),
    ({"protocol": "6"}, {"protocol": "tcp"}),
    ({"ports": "22"}, {"ports": "22/22"}),
    ({"ports": 22}, {"ports": ["22"]}),
    ({"cidr": "192.0.2.1"}, {"cidr": "192.0.2.1/32"}),
    ({"cidr": "2001:DB8:0:0::1"}, {"cidr": "2001:db8::1/128"}),
    ({"cidr": "2001:0db8::/32"}, {"cidr": ["2001:db8:0::/32"]}),
    ({"cidr": "13.1.1.1/25"}, {"cidr": "13.1.1.0/25"}),
    ({"cidr": "13.1.1.1/255.255.255.128"}, {"cidr": "13.1.1.0/25"}),
    ({"cidr": "2001:DB8::1/32"}, {"cidr": "2001:db8::/32"}),
    ({"dest_cidr": "10.0.0.7/24"}, {"dest_cidr": "10.0.0.0/24"}),
    ({"policy": "Accept"}, {"policy": "accept"}),
    ({"priority": "1"}, {"priority": 1}),
    ({"priority": None}, {}),
    ({"direction": "Ingress"}, {}),
    ({"source_ports": ""}, {}),
    ({"description": "one"}, {"description": "other"}),
    ({"description": ""}, {}),
    (
        {"group_id": "sg-1", "cidr": None, "group_owner_id": "123"},
        {"group_id": "sg-1", "cidr": None},
    ),
    ({"protocol": "all", "ports": None}, {"protocol": "ALL", "ports": "-1/-1"}),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_two_ways_to_write_one_rule(first: dict[str, t.Any], second: dict[str, t.Any]) -> None:
    assert one(**first) == one(**second)
    assert hash(one(**first)) == hash(one(**second))


DIFFERENT = [
    {"protocol": "udp"},
    {"ports": "22/23"},
    {"cidr": "10.0.0.0/9"},
    {"policy": "drop"},
    {"priority": 2},
    {"direction": "egress"},
    {"source_ports": "1024/65535"},
    {"dest_cidr": "10.1.0.0/16"},
    {"nic_type": "internet"},
    {"group_id": "sg-1", "cidr": None},
    {"prefix_list_id": "pl-1", "cidr": None},
]


@pytest.mark.parametrize("options", DIFFERENT)
def test_what_makes_another_rule(options: dict[str, t.Any]) -> None:
    assert one(**options) != one()


def test_several_ports_and_peers_stand_for_each_combination() -> None:
    rules = from_options(
        [{"protocol": "tcp", "ports": "22/23,443/443", "cidr": ["10.0.0.0/8", "::/0"], "group_id": "sg-1"}]
    )
    assert {(rule.ports, rule.peer) for rule in rules} == {
        (ports, peer) for ports in ("22/23", "443/443") for peer in ("10.0.0.0/8", "::/0", "sg-1")
    }


def test_a_service_stands_for_its_protocol_and_ports() -> None:
    rules = from_options([{"service": ["ssh", "netbios"], "cidr": "10.0.0.0/8"}])
    assert [(rule.protocol, rule.ports) for rule in rules] == [("tcp", "22/22"), ("udp", "137/138"), ("tcp", "139/139")]


@pytest.mark.parametrize(
    ("service", "ports"),
    [
        ("ftp", "tcp 21"), ("ssh", "tcp 22"), ("telnet", "tcp 23"), ("smtp", "tcp 25"), ("http", "tcp 80"),
        ("pop3", "tcp 110"), ("imap", "tcp 143"), ("https", "tcp 443"), ("mssql", "tcp 1433"),
        ("mssql_browser", "udp 1434"), ("oracle", "tcp 1521"), ("mysql", "tcp 3306"), ("rdp", "tcp 3389"),
        ("postgresql", "tcp 5432"), ("redis", "tcp 6379"), ("proxy", "tcp 8080"),
    ],
)  # fmt: skip
def test_a_service_is_the_one_of_the_document(service: str, ports: str) -> None:
    protocol, port = ports.split()
    (rule,) = from_options([{"service": service.upper(), "cidr": "10.0.0.0/8"}])
    assert (rule.protocol, rule.ports) == (protocol, f"{port}/{port}")


def test_an_id_is_that_of_one_rule() -> None:
    ssh = {"protocol": "tcp", "ports": "22", "cidr": "10.0.0.0/8", "security_group_rule_id": "sgr-1"}
    assert from_options([ssh])[0].rule_id == "sgr-1"
    with pytest.raises(InvalidInput, match="stands for 2 rules"):
        from_options([{**ssh, "ports": "22,23"}])
    with pytest.raises(InvalidInput, match="both have the id sgr-1"):
        from_options([ssh, {**ssh, "ports": "23"}])


def test_equal_rules_count_once_and_keep_the_description() -> None:
    rules = from_options(
        [
            {"protocol": "tcp", "ports": "22", "cidr": "10.0.0.0/8"},
            {"protocol": "TCP", "ports": "22/22", "cidr": "10.0.0.0/8", "description": "ssh"},
        ]
    )
    assert [rule.description for rule in rules] == ["ssh"]


BAD = [
    ({"protocol": "htcp"}, "'htcp'; expected tcp"),
    ({"protocol": "256"}, "0 to 255"),
    ({"ports": None}, "tcp needs ports"),
    ({"ports": "0"}, "from 1 to 65535"),
    ({"ports": "443/22"}, "first/last"),
    ({"ports": "22-23"}, "first/last"),
    ({"ports": "-1/-1"}, "write 1/65535"),
    ({"protocol": "icmp", "ports": "8"}, "icmp has no ports"),
    ({"cidr": None}, "says nothing about the other side"),
    ({"cidr": "10.0.0.0/33"}, "expected an address or a network"),
    ({"cidr": "everybody"}, "expected an address or a network"),
    ({"group_id": "web servers", "cidr": None}, "expected an id"),
    ({"group_id": "sg-1", "group_owner_id": "me"}, "number of an account"),
    ({"policy": "allow"}, "accept or drop"),
    ({"priority": 0}, "from 1 (decides first) to 100"),
    ({"priority": 101}, "from 1 (decides first) to 100"),
    ({"direction": "in"}, "ingress or egress"),
    ({"nic_type": "public"}, "intranet or internet"),
    ({"source_cidr": "10.0.0.0/8"}, "dest_cidr narrows down"),
    ({"direction": "egress", "dest_cidr": "10.0.0.0/8"}, "source_cidr narrows down"),
    ({"dest_cidr": "2001:db8::/32"}, "mixes IPv4 and IPv6"),
    ({"protocol": "icmp", "ports": None, "cidr": "::/0"}, "for IPv6 it is icmpv6"),
    ({"protocol": "icmpv6", "ports": None}, "for IPv4 it is icmp"),
    ({"description": "x" * 513}, "at most 512"),
]


@pytest.mark.parametrize(("options", "words"), BAD)
def test_a_wrong_value_is_explained(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        one(**options)
    text = caught.value.as_failure()["msg"]
    assert words in text
    assert "rules[0]" in text


def test_an_address_with_a_mask_is_taken_as_its_network_with_a_warning() -> None:
    """The documents' own example value is C(13.1.1.1/25); so are two rules that become the same one."""
    written = {"protocol": "tcp", "ports": "22", "cidr": "13.1.1.1/25, 13.1.1.0/25,2001:DB8::/32,2001:db8::1,10.0.0.7"}
    assert [rule.peer for rule in from_options([written])] == [
        *("13.1.1.0/25", "2001:db8::/32", "2001:db8::1/128", "10.0.0.7/32"),
    ]
    assert notes({**written, "dest_cidr": "2001:db8::5/64"}, "rules[0].") == [
        "rules[0].cidr has 13.1.1.1/25, an address with the mask of a network; it is taken as 13.1.1.0/25.",
        "rules[0].dest_cidr has 2001:db8::5/64, an address with the mask of a network; it is taken as 2001:db8::/64.",
    ]
    with pytest.raises(InvalidInput, match=r"rules\[0\] and rules\[1\] are the same rule"):
        from_options([{**written, "description": "one"}, {**written, "cidr": "13.1.1.2/25", "description": "other"}])


def test_one_rule_with_two_descriptions_is_an_error() -> None:
    with pytest.raises(InvalidInput, match=r"rules\[0\] and rules\[2\] are the same rule"):
        from_options(
            [
                {"protocol": "tcp", "ports": "22", "cidr": "10.0.0.0/8", "description": "one"},
                {"protocol": "udp", "ports": "22", "cidr": "10.0.0.0/8", "description": "one"},
                {"protocol": "tcp", "ports": "22/22", "cidr": "10.0.0.0/8", "description": "other"},
            ]
        )


def options() -> st.SearchStrategy[dict[str, t.Any]]:
    """Rules that can be asked for."""
    v4 = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
        lambda pair: str(ipaddress.IPv4Network(pair, strict=False))
    )
    ports = st.tuples(st.integers(1, 65535), st.integers(1, 65535)).map(lambda pair: f"{min(pair)}/{max(pair)}")
    peers = st.one_of(
        st.fixed_dictionaries({"cidr": v4}),
        st.fixed_dictionaries({"group_id": st.sampled_from(["sg-1", "sg-2"])}),
        st.fixed_dictionaries({"prefix_list_id": st.sampled_from(["pl-1", "pl-2"])}),
    )
    rest = st.fixed_dictionaries(
        {
            "direction": st.sampled_from(["ingress", "egress"]),
            "protocol": st.sampled_from(["tcp", "UDP"]),
            "ports": ports,
            "policy": st.sampled_from(["accept", "Drop"]),
            "priority": st.integers(1, 100),
            "nic_type": st.just("intranet"),
        },
        optional={
            "source_ports": ports,
            "description": st.text(st.characters(categories=["L"]), min_size=1, max_size=9),
        },
    )
    return st.tuples(rest, peers).map(lambda pair: {**pair[0], **pair[1]})


@given(options())
def test_a_result_given_back_is_the_same_rule(wanted: dict[str, t.Any]) -> None:
    (rule,) = from_options([wanted])
    (again,) = from_options([rule.to_result()])
    assert again == rule
    assert again.description == rule.description


@given(options())
def test_a_rule_comes_back_from_the_api_as_it_was_sent(wanted: dict[str, t.Any]) -> None:
    (rule,) = from_options([wanted])
    sent = rule.to_api()
    # As the API answers: upper case protocol, capitalised policy, empty strings for what is not used.
    answer = {**sent, "Direction": rule.direction, "Policy": sent["Policy"].capitalize(), "SourceGroupName": ""}
    assert from_api(answer) == rule


@given(st.lists(options(), max_size=6))
def test_lines_differ_where_rules_do(wanted: list[dict[str, t.Any]]) -> None:
    rules = from_options([{**one, "description": None} for one in wanted])
    assert len({rule.line for rule in rules}) == len(rules)


def test_an_answer_is_read_whatever_its_spelling() -> None:
    old = {
        "Direction": "ingress",
        "IpProtocol": "TCP",
        "PortRange": "22/22",
        "SourcePortRange": "",
        "SourceCidrIp": "192.0.2.1",
        "Ipv6SourceCidrIp": "",
        "SourceGroupId": "",
        "Policy": "Accept",
        "Priority": 1,
        "NicType": "intranet",
        "Description": "",
        "SecurityGroupRuleId": "sgr-1",
    }
    new = {**old, "IpProtocol": "tcp", "SourcePortRange": "-1/-1", "SourceCidrIp": "192.0.2.1/32", "Priority": "1"}
    assert from_api(old) == from_api(new) == one(cidr="192.0.2.1", nic_type="intranet")
    assert from_api(old).rule_id == "sgr-1"


def test_a_line_is_for_people() -> None:
    rule = one(description="office", cidr="203.0.113.0/24", source_ports="1024/65535", dest_cidr="10.0.0.7")
    assert rule.line == (
        'ingress accept tcp 22/22 from 203.0.113.0/24 source ports 1024/65535 to 10.0.0.7/32 priority 1 "office"'
    )
    rule = one(direction="egress", protocol="all", ports=None, cidr=None, group_id="sg-1", policy="drop", priority=9)
    assert rule.line == "egress drop all to group sg-1 priority 9"
