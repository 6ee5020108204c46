# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of rules: what is written is read again, and what cannot be a rule gets a reason."""

from __future__ import annotations

import csv
import io
import json
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group import rule_file
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule import Rule
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule_options import from_options

SSH = {"Direction": "ingress", "IpProtocol": "TCP", "PortRange": "22/22", "SourceCidrIp": "10.0.0.0/8"}
HEADER = "Direction,IpProtocol,PortRange,SourceCidrIp,Description\n"

NETWORKS = st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", "192.0.2.1/32", "::/0", "2001:db8::/32"])
SPANS = st.sampled_from(["22/22", "1/65535", "8000/8080"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def rules() -> st.SearchStrategy[Rule]:
    """Rules of every kind."""
    peers = st.one_of(
        st.builds(lambda cidr: {"cidr": cidr}, NETWORKS),
        st.just({"group_id": "sg-1"}),
        st.just({"group_id": "sg-2", "group_owner_id": "1234567890123456"}),
        st.just({"group_id": "sg-3", "group_owner_account": "somebody@example.com"}),
        st.just({"prefix_list_id": "pl-1"}),
    )
    about = st.one_of(
        st.fixed_dictionaries(
            {"protocol": st.sampled_from(["tcp", "udp"]), "ports": SPANS}, optional={"source_ports": SPANS}
        ),
        st.just({"protocol": "tcp", "port_list_id": "prl-1"}),
        st.builds(lambda name: {"protocol": name}, st.sampled_from(["gre", "all", "132"])),
    )
    rest = st.fixed_dictionaries(
        {
            "direction": st.sampled_from(["ingress", "egress"]),
            "policy": st.sampled_from(["accept", "drop"]),
            "priority": st.integers(1, 100),
            "nic_type": st.sampled_from(["intranet", "internet"]),
            "description": st.one_of(TEXTS, st.sampled_from(["=1+1", "'=x", "'", "+4", "@a", "-", 'a,"b"\r\nc'])),
        }
    )
    local = st.sampled_from([None, "10.1.0.0/16", "2001:db8:1::/48"])

    def made(parts: tuple[dict[str, t.Any], ...]) -> Rule:
        options = {**parts[0], **parts[1], **parts[2]}
        own = parts[3]
        if own and ":" not in own and ":" not in options.get("cidr", ""):
            options["dest_cidr" if options["direction"] == "ingress" else "source_cidr"] = own
        (rule,) = from_options([options])
        return rule

    return st.tuples(peers, about, rest, local).map(made)  # type: ignore[arg-type]


@given(st.lists(rules(), max_size=8, unique=True), st.sampled_from(rule_file.FORMATS))
def test_what_is_written_is_read_again(wanted: list[Rule], form: str) -> None:
    text = rule_file.write(wanted, form)
    found = rule_file.parse(text, form)
    assert found.problems == ()
    assert found.count == len(wanted)
    assert set(found.rules) == set(wanted)
    words = {rule: (rule.description or None, rule.owner) for rule in wanted}
    assert {rule: (rule.description, rule.owner) for rule in found.rules} == words
    assert rule_file.write(reversed(found.rules), form) == text


@given(st.lists(rules(), min_size=1, max_size=4))
def test_no_cell_is_a_formula(wanted: list[Rule]) -> None:
    rows = list(csv.reader(io.StringIO(rule_file.write(wanted, "csv"), newline="")))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_a_name_is_the_console_s() -> None:
    assert rule_file.file_name("json", "cn-qingdao", "sg-123", "") == "ecs_cn-qingdao_sg-123.json"
    made = rule_file.file_name("csv", "cn-qingdao", "sg-123", "2020-01-20")
    assert made == "ecs_sgRule_sg-123_cn-qingdao_2020-01-20.csv"


def test_an_answer_of_the_api_is_a_file() -> None:
    item = {**SSH, "Priority": 1, "Policy": "Accept", "NicType": "intranet", "DestCidrIp": "", "SourceGroupId": ""}
    item |= {"SecurityGroupRuleId": "sgr-1", "CreateTime": "2026-01-01T00:00:00Z", "SourcePortRange": "-1/-1"}
    for wrapped in ([item], {"Permissions": {"Permission": [item]}}, {"Permissions": [item]}):
        found = rule_file.parse(json.dumps(wrapped), "json")
        assert [rule.line for rule in found.rules] == ["ingress accept tcp 22/22 from 10.0.0.0/8 priority 1"]


def test_a_cell_may_hold_several_ranges_and_an_equal_rule_counts_once() -> None:
    text = HEADER + 'ingress,tcp,"22/23,443/443",10.0.0.0/8,\ningress,TCP,443,10.0.0.0/8,web\n\n'
    found = rule_file.parse(text, "csv")
    assert [(rule.ports, rule.description) for rule in found.rules] == [("22/23", None), ("443/443", "web")]
    assert list(found.places.values()) == ["line 2", "line 2"]
    assert found.count == 2


def test_an_address_with_a_mask_is_taken_as_its_network() -> None:
    found = rule_file.parse(json.dumps([{**SSH, "SourceCidrIp": "10.0.0.1/8"}, SSH]), "json")
    assert [rule.peer for rule in found.rules] == ["10.0.0.0/8"]
    assert found.notes == (
        "element 1: cidr has 10.0.0.1/8, an address with the mask of a network; it is taken as 10.0.0.0/8.",
    )


BAD = [
    ({**SSH, "IpProtocol": "htcp"}, "protocol is 'htcp'; expected tcp"),
    ({**SSH, "Priority": 110}, "to 100"),
    ({**SSH, "Direction": ""}, "Direction is ''; expected ingress or egress"),
    ({**SSH, "SourceCidrIp": ""}, "says nothing about the other side"),
    ({**SSH, "SourceGroupId": "sg-1"}, "both say the other side"),
    ({**SSH, "DestGroupId": "sg-1"}, "DestGroupId is given in an ingress rule"),
    ({**SSH, "Colour": "red"}, "unknown field 'Colour'"),
    ({**SSH, "PortRange": ["22/22"]}, "expected a text"),
    ({**SSH, "Description": "\ud800"}, "half a character"),
    ({**SSH, "Description": "other"}, "the same rule as element 1 with another description"),
    ("allow ssh", "expected a rule with named fields, found 'allow ssh'"),
]


@pytest.mark.parametrize(("item", "words"), BAD)
def test_a_rule_that_cannot_be_has_a_reason_and_the_others_are_read(item: t.Any, words: str) -> None:
    found = rule_file.parse(json.dumps([{**SSH, "Description": "one"}, item, {**SSH, "PortRange": "23/23"}]), "json")
    assert [rule.ports for rule in found.rules] == ["22/22", "23/23"]
    (problem,) = found.problems
    assert problem.where == "element 2"
    assert words in problem.reason


def test_a_row_is_named_by_its_line() -> None:
    text = (
        HEADER + 'ingress,tcp,22,10.0.0.0/8,"two\nlines"\ningress,tcp,0,10.0.0.0/8\ningress,tcp,23,10.0.0.0/8,a,b,c\n'
    )
    found = rule_file.parse(text, "csv")
    assert [str(problem)[:28] for problem in found.problems] == [
        "line 4: ports has '0'; expec",
        "line 5: expected a rule with",
    ]


@pytest.mark.parametrize(
    ("text", "form", "words"),
    [
        ("[", "json", "is not JSON"),
        ("[" * 100_000, "json", "JSON"),
        ('{"a": 1}', "json", "holds no list of rules"),
        ("", "csv", "is empty"),
        ("a,b\n1,2\n", "csv", "unknown: 'a', 'b'; missing: Direction, IpProtocol"),
        (HEADER + '"', "csv", "is not CSV: line 2"),
    ],
)
def test_what_is_no_file_of_rules_is_refused(text: str, form: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        rule_file.parse(text, form, "rules")


def test_a_file_is_read_by_its_ending_or_its_content(tmp_path: Path) -> None:
    (wanted,) = rule_file.parse(json.dumps([SSH]), "json").rules
    for form in rule_file.FORMATS:
        for name in (f"rules.{form}", f"{form}-rules.txt"):
            path = tmp_path / name
            path.write_text("\ufeff" + rule_file.write([replace(wanted, description="Büro")], form), encoding="utf-8")
            assert [rule.description for rule in rule_file.read(str(path)).rules] == ["Büro"]


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        rule_file.read(str(tmp_path / "none.json"))
    with pytest.raises(InvalidInput, match="cannot be read: Is a directory"):
        rule_file.read(str(tmp_path))
    (tmp_path / "latin.csv").write_bytes(b"\xe4\xf6")
    with pytest.raises(InvalidInput, match="not in UTF-8"):
        rule_file.read(str(tmp_path / "latin.csv"))
