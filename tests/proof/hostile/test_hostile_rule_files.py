# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of rules that somebody else made: what cannot be is told by its line, and nothing of the file is written.

And the other way: what others put into rules comes out of an export as text, for a spreadsheet as for a terminal.
"""

from __future__ import annotations

import csv
import json
import typing as t

import pytest
from modules.network import Network
from proof.hostile.judging import attempt, refused

if t.TYPE_CHECKING:
    from pathlib import Path

    from modules.harness import Modules
    from proof.conftest import Figure

HEAD = "Direction,IpProtocol,PortRange,SourceCidrIp,Policy,Priority,Description"
ROW = "ingress,TCP,22/22,10.0.0.0/8,Accept,1,ssh"
RULE: dict[str, t.Any] = {
    "Direction": "ingress",
    "IpProtocol": "TCP",
    "PortRange": "22/22",
    "SourceCidrIp": "10.0.0.0/8",
    "Policy": "Accept",
    "Priority": "1",
    "Description": "ssh",
}


def rule(**changed: t.Any) -> str:
    return json.dumps([{**RULE, **changed}])


def row(**changed: str) -> str:
    cells = dict(zip(HEAD.split(","), ROW.split(","), strict=True)) | changed
    return f"{HEAD}\n{','.join(cells.values())}\n"


#: What the file is called, what is in it, and a part of the message.
WRONG: list[tuple[str, str | bytes, str]] = [
    # no JSON, or none of rules
    ("a.json", "", "is not JSON"),
    ("a.json", " \n\t", "is not JSON"),
    ("a.json", b"\x00" * 64, "is not JSON"),
    ("a.json", b"\xff\xfe[\x00]\x00", "is not in UTF-8"),
    ("a.json", b"[\xed\xa0\x80]", "is not in UTF-8"),
    ("a.json", b"\xc0\xaf", "is not in UTF-8"),
    ("a.json", b"\x1f\x8b\x08\x00", "is not in UTF-8"),
    ("a.json", b"PK\x03\x04 a spreadsheet", "is not JSON"),
    ("a.json", "[" * 50_000, "nested too deeply"),
    ("a.json", '{"Permissions":' * 20_000, "nested too deeply"),
    ("a.json", "[" + "9" * 5_000 + "]", "is not JSON"),
    ("a.json", "[1e999]", "expected a rule with named fields"),
    ("a.json", "null", "holds no list of rules"),
    ("a.json", "true", "holds no list of rules"),
    ("a.json", '"rules"', "holds no list of rules"),
    ("a.json", "{}", "holds no list of rules"),
    ("a.json", '{"Permissions": {"Permission": {"a": 1}}}', "holds no list of rules"),
    ("a.json", '{"Permissions": null}', "holds no list of rules"),
    ("a.json", "[null]", "element 1"),
    ("a.json", "[[]]", "element 1"),
    ("a.json", "['single quotes']", "is not JSON"),
    ("a.json", '[{"Direction": "ingress",}]', "is not JSON"),
    ("a.json", "// a comment\n[]", "is not JSON"),
    ("a.json", "- Direction: ingress", "is not JSON"),
    ("a.json", "<html>Log in</html>", "is not JSON"),
    ("a.json", "[" + " " * (5 << 20) + "]", "which no file of rules has"),
    # fields of rules
    ("b.json", rule(Direction=None), "Direction is ''"),
    ("b.json", rule(Direction="in\u0433ress"), "expected ingress or egress"),
    ("b.json", rule(Direction=["ingress"]), "expected a text"),
    ("b.json", rule(IpProtocol=True), "expected a text"),
    ("b.json", rule(IpProtocol="\u00b2"), "element 1"),
    ("b.json", rule(IpProtocol="9" * 5_000), "element 1"),
    ("b.json", rule(IpProtocol="256"), "0 to 255"),
    ("b.json", rule(PortRange="22:22"), "expected a port"),
    ("b.json", rule(PortRange="0x16"), "expected a port"),
    ("b.json", rule(PortRange="22/"), "expected a port"),
    ("b.json", rule(PortRange="22\n23"), "expected a port"),
    ("b.json", rule(PortRange=-22), "expected a port"),
    ("b.json", rule(PortRange=22.0), "expected a text"),
    ("b.json", rule(PortRange={"from": 22}), "expected a text"),
    ("b.json", rule(SourceCidrIp="010.0.0.1"), "expected an address or a network"),
    ("b.json", rule(SourceCidrIp="0x0a000001"), "expected an address or a network"),
    ("b.json", rule(SourceCidrIp="10.1"), "expected an address or a network"),
    ("b.json", rule(SourceCidrIp="10.0.0.1%eth0"), "expected an address or a network"),
    ("b.json", rule(SourceCidrIp="fe80::1%eth0"), "expected an address or a network"),
    ("b.json", rule(SourceCidrIp="\uff11\uff10.0.0.1"), "expected an address or a network"),
    ("b.json", rule(SourceCidrIp="10.0.0.0/255.0.255.0"), "expected an address or a network"),
    ("b.json", rule(SourceCidrIp="10.0.0.0/-8"), "expected an address or a network"),
    ("b.json", rule(SourceCidrIp="example.com"), "expected an address or a network"),
    ("b.json", rule(SourceCidrIp=167772161), "expected an address or a network"),
    ("b.json", rule(Priority="1e1"), "number from 1"),
    ("b.json", rule(Priority="\u0661"), "number from 1"),
    ("b.json", rule(Priority="+1"), "number from 1"),
    ("b.json", rule(Priority=True), "expected a text"),
    ("b.json", rule(Priority="9" * 5_000), "number from 1"),
    ("b.json", rule(Policy="accept\u200b"), "element 1"),
    ("b.json", rule(Policy="{{ 1233 + 1 }}"), "1233 + 1"),
    ("b.json", rule(Description="x" * 513), "512"),
    ("b.json", rule(NicType="\x1b[2J"), "element 1"),
    ("b.json", rule(Evil="\x1b[2J"), "unknown field"),
    ("b.json", json.dumps([{**RULE, "\x1b]0;owned\x07": "x"}]), "unknown field"),
    ("b.json", rule(SourceGroupId="../sg-1", SourceCidrIp=None), "expected an id"),
    ("b.json", rule(SourceGroupId="sg-1"), "both say the other side"),
    ("b.json", json.dumps([RULE, {**RULE, "Description": "other"}]), "element 1"),
    # CSV
    ("c.csv", "", "is empty"),
    ("c.csv", "\n\n\n", "is empty"),
    ("c.csv", "a,b,c\n", "does not name the columns"),
    ("c.csv", f"{HEAD.replace(',', ';')}\n", "does not name the columns"),
    ("c.csv", f"{HEAD}\n{ROW},more\n", "8 cells under 7 columns"),
    ("c.csv", f'{HEAD}\n"{ROW}\n', "is not CSV"),
    ("c.csv", f'{HEAD}\n"in"gress,TCP\n', "is not CSV"),
    ("c.csv", f"{HEAD}\n{'x' * 200_000}\n", "is not CSV"),
    ("c.csv", row(Direction="=ingress"), "line 2"),
    ("c.csv", row(PortRange="=22"), "line 2"),
    ("c.csv", row(PortRange="22-Feb"), "line 2"),
    ("c.csv", row(SourceCidrIp="1E+01"), "line 2"),
    ("c.csv", row(Priority="1.0"), "line 2"),
    ("c.csv", row(IpProtocol="TCP\x00"), "line 2"),
    ("c.csv", row(Policy="\x1b[31mAccept"), "line 2"),
    ("c.csv", row().replace("Direction", "Direction\u200b"), "does not name the columns"),
    ("c.csv", row().replace("IpProtocol", "IpProtocol,IpProtocol"), "line 2"),
    ("c.csv", row().encode("utf-16"), "is not in UTF-8"),
    # by what is in it
    ("d.txt", "\u202e[]", "does not name the columns"),
    ("d", "{}", "holds no list of rules"),
    ("d.xlsx", b"PK\x03\x04\x14\x00\x06\x00", "The first line"),
    ("d.json.bak", "#!/bin/sh", "does not name the columns"),
]


@pytest.mark.parametrize("number", range(4))
def test_a_file_that_cannot_be_is_told_and_nothing_of_it_is_written(
    modules: Modules, tmp_path: Path, number: int, figure: Figure
) -> None:
    group = Network(modules).new_own_group("web")
    part = WRONG[number::4]
    for name, content, message in part:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            refused(modules, "sg_rule", message, security_group_id=group, rules_file=str(path))
            asked: dict[str, t.Any] = {
                "rules_file": str(path),
                "packets": [{"protocol": "tcp", "port": 22, "peer": "10.0.0.1"}],
            }
            assert attempt(modules, "sg_access_info", **asked).get("failed"), "another module takes it"
        except Exception as exc:
            raise AssertionError(f"{name} {content[:80]!r}: {type(exc).__name__}: {exc}") from exc
    figure("files of rules", len(part))


#: What a spreadsheet would calculate, run or fetch, and what a terminal would obey.
CELLS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "'=1+1",
    "''",
    "\uff1d1+1",
    '="a"&"b"',
    "a,=1+1",
    'a","=1+1',
    "a\n=1+1",
    "=HYPERLINK(A1)",
    "\x1b[2J",
    "{{ 1233 + 1 }}",
    "<b>web</b>",
)


def test_what_others_put_into_rules_is_text_in_an_export(modules: Modules, tmp_path: Path, figure: Figure) -> None:
    network = Network(modules)
    group, other = network.new_own_group("web"), network.new_own_group("ops")
    (record,) = (one for one in modules.cloud.resources("security_group") if one["SecurityGroupId"] == group)
    for port, cell in enumerate(CELLS, 1):
        params = {"IpProtocol": "tcp", "PortRange": f"{port}/{port}", "SourceCidrIp": "10.0.0.1", "Description": cell}
        modules.door().call("ecs", "AuthorizeSecurityGroup", SecurityGroupId=group, **params)
    assert record["SecurityGroupId"] == group
    for form in ("csv", "json"):
        export = attempt(modules, "sg_rule_export", security_group_id=group, dest=str(tmp_path), format=form)
        assert not export.get("failed"), export
        with open(export["path"], encoding="utf-8", newline="") as handle:
            if form == "csv":
                cells = [cell for line in csv.reader(handle) for cell in line]
                assert not [one for one in cells if one.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))]
                assert "'=1+1" in cells
        imported: dict[str, t.Any] = {
            "security_group_id": other,
            "rules_file": export["path"],
            "state": "exact",
            "directions": ["ingress"],
        }
        result = attempt(modules, "sg_rule", **imported)
        assert not result.get("failed"), result
        found = {one["Description"] for one in network.rules(other) if one["Direction"] == "ingress"}
        assert found == {one["Description"] for one in network.rules(group) if one["Direction"] == "ingress"}
    figure("cells of exports", len(CELLS))
