# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules exported to files and imported from them."""

from __future__ import annotations

import json
import os
import random
import re
import typing as t
from pathlib import Path

import pytest
from modules.network import Network

if t.TYPE_CHECKING:
    from modules.harness import Modules, Result

pytestmark = pytest.mark.usefixtures("priority_type")

Rules = list[dict[str, t.Any]]
SSH = {"Direction": "ingress", "IpProtocol": "TCP", "PortRange": "22/22", "SourceCidrIp": "10.0.0.0/8"}


def tcp(*ports: int, **more: t.Any) -> Rules:
    return [{"protocol": "tcp", "ports": port, "cidr": "10.0.0.0/8", **more} for port in ports]


class World(Network):
    """A group with rules of every kind, another one without, and a folder."""

    def __init__(self, modules: Modules, folder: Path) -> None:
        super().__init__(modules)
        self.modules, self.folder = modules, folder
        self.local.set("ecs.protocol_numbers", True)
        self.group, self.empty = self.new_own_group("web"), self.new_own_group("empty")
        other = self.new_group("other")
        self.prefix_list = self.api.call(
            "ecs", "CreatePrefixList", PrefixListName="office", AddressFamily="IPv4", MaxEntries=5
        )["PrefixListId"]
        about = {"protocol": "tcp", "ports": "443"}
        self.rules_of_every_kind: Rules = [
            *tcp(22, description='=HYPERLINK("https://example.com")'),
            *tcp(22, priority=7, policy="drop", description="one, \"two\"\nthree 'four'"),
            *tcp(23, description="'=quoted"),
            {"protocol": "udp", "ports": "1000/2000", "source_ports": "53", "cidr": "192.0.2.1"},
            {"protocol": "icmp", "cidr": "0.0.0.0/0", "direction": "egress", "description": "ping é 中"},
            {"protocol": "icmpv6", "cidr": "::/0"},
            {"protocol": "gre", "cidr": "10.0.0.0/8"},
            {"protocol": "132", "cidr": "10.0.0.0/8"},
            {"protocol": "all", "cidr": "2001:db8::/32", "direction": "egress", "policy": "drop", "priority": 100},
            {**about, "cidr": "10.0.0.0/8", "dest_cidr": "172.16.0.9"},
            {**about, "cidr": "2001:db8::/32", "source_cidr": "2001:db8:1::/48", "direction": "egress"},
            {**about, "group_id": other},
            {**about, "group_id": other, "group_owner_id": self.local.accounts[0]["account_id"], "priority": 2},
            {**about, "prefix_list_id": self.prefix_list},
            {"protocol": "tcp", "port_list_id": "prl-1", "cidr": "10.0.0.0/8"},
        ]
        self.modules.run("sg_rule", security_group_id=self.group, rules=self.rules_of_every_kind)
        self.local.forget_requests()

    def export(self, way: str = "run", **options: t.Any) -> Result:
        wanted = {"security_group_id": self.group, "dest": str(self.folder), **options}
        return t.cast("Result", getattr(self.modules, way)("sg_rule_export", **wanted))

    def bring(self, content: t.Any = None, *, way: str = "run", fails: bool = False, **options: t.Any) -> Result:
        """Import into the empty group, from a file of that content unless C(rules_file) says another one."""
        if content is not None:
            path = self.folder / ("rules.csv" if isinstance(content, str) else "rules.json")
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
            options["rules_file"] = str(path)
        wanted = {"security_group_id": self.empty, **options}
        if way == "twice":
            return self.modules.twice("sg_rule", **wanted)
        return self.modules.run("sg_rule", fails=fails, **wanted)

    def there(self, group: str) -> Rules:
        """The rules of a group without what makes it another one."""
        found = self.modules.run("sg_rule_info", security_group_ids=[group])["security_groups"][0]["rules"]
        return [{key: value for key, value in rule.items() if key != "security_group_rule_id"} for rule in found]

    def written(self) -> list[str]:
        return [name for name in self.local.counts() if not name.startswith("ecs:Describe")]


@pytest.fixture
def world(modules: Modules, tmp_path: Path) -> World:
    return World(modules, tmp_path)


# ---------------------------------------------------------------------- export


def test_export_to_json(world: World) -> None:
    made = world.export("twice")
    path = world.folder / f"ecs_cn-hangzhou_{world.group}.json"
    assert made["path"] == str(path)
    items = json.loads(path.read_text(encoding="utf-8"))
    assert [made["rule_count"], len(items)] == [15, 15]
    assert {**items[0], "Description": ""} == {
        **dict.fromkeys(items[0], ""),
        "Direction": "ingress",
        "Policy": "Accept",
        "Priority": 1,
        "IpProtocol": "132",
        "PortRange": "-1/-1",
        "SourceCidrIp": "10.0.0.0/8",
        "NicType": "intranet",
    }
    assert [one.name for one in world.folder.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()
    path.write_text("something else")
    assert world.export("twice")["diff"]["before"] == "something else"


def test_export_to_csv(world: World) -> None:
    made = world.export("twice", format="csv", time="2020-01-20")
    path = world.folder / f"ecs_sgRule_{world.group}_cn-hangzhou_2020-01-20.csv"
    assert made["path"] == str(path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("Direction,Policy,Priority,IpProtocol,PortRange,")
    assert '"\'=HYPERLINK(""https://example.com"")"' in text
    made = world.export(format="csv", check=True)
    assert re.search(r"_cn-hangzhou_\d{4}-\d\d-\d\d\.csv$", made["path"])
    assert [one.name for one in world.folder.iterdir()] == [path.name]
    assert world.local.counts() == {"ecs:DescribeSecurityGroupAttribute": 6}


def test_a_file_that_cannot_be_written_is_an_error(world: World) -> None:
    (world.folder / f"ecs_cn-hangzhou_{world.group}.json").mkdir()
    assert "is in the way and cannot be read" in world.export(fails=True)["msg"]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


# ---------------------------------------------------------------------- import


@pytest.mark.parametrize("form", ["json", "csv"])
def test_export_then_import_into_an_empty_group_reproduces_it(world: World, form: str) -> None:
    path = world.export(format=form)["path"]
    made = world.bring(way="twice", rules_file=path)
    assert made["left_out"] == []
    assert world.there(world.empty) == world.there(world.group)
    again = world.export(format=form, security_group_id=world.empty)["path"]
    assert Path(again).read_text() == Path(path).read_text()


def test_what_is_exported_and_imported_is_the_same_whatever_it_is(world: World) -> None:
    other = world.new_group("peer")
    chance = random.Random(7)
    letters = "=+-@',\"\n\r\t;a ü中"
    peers: Rules = [
        {"cidr": "0.0.0.0/0"},
        {"cidr": "192.0.2.7"},
        {"cidr": "2001:db8::/32"},
        {"group_id": other},
        {"prefix_list_id": world.prefix_list},
    ]
    for _round in range(4):
        rules: Rules = []
        for number in range(60):
            port = chance.randint(1, 65535)
            about = {
                "direction": chance.choice(["ingress", "egress"]),
                "policy": chance.choice(["accept", "drop"]),
                "priority": chance.randint(1, 100),
                "description": "".join(chance.choices(letters, k=chance.randint(0, 6))).strip(),
            }
            about |= {"protocol": chance.choice(["tcp", "udp"]), "ports": f"{port}/{chance.randint(port, 65535)}"}
            if chance.random() < 0.2:
                about["source_ports"] = str(1000 + number)
            # Only so many rules can name groups.
            rules.append({**about, **(peers[3] if number < 10 else chance.choice(peers[:3] + peers[4:]))})
        world.modules.run("sg_rule", security_group_id=world.group, state="exact", rules=rules)
        for form in ("json", "csv"):
            world.bring(state="exact", rules=[])
            world.bring(rules_file=world.export(format=form)["path"])
            assert world.there(world.empty) == world.there(world.group)


def test_import_into_a_group_of_another_region(world: World) -> None:
    beijing = world.modules.door(region="cn-beijing")
    vpc = beijing.call("vpc", "CreateVpc", CidrBlock="10.0.0.0/8")["VpcId"]
    world.local.clock_advance(10)
    there = {
        "region": "cn-beijing",
        "security_group_id": beijing.call("ecs", "CreateSecurityGroup", VpcId=vpc)["SecurityGroupId"],
    }
    path = world.export()["path"]
    refused = world.bring(rules_file=path, fails=True, **there)["msg"]
    assert f"there is no {world.prefix_list} in cn-beijing" in refused
    # The group that is said to be of another account cannot be looked at, so it is not imported from here.
    items = [item for item in json.loads(Path(path).read_text()) if not item["SourceGroupOwnerId"]]
    made = world.bring(items, way="twice", skip_invalid=True, **there)
    assert [len(made["added"]), len(made["left_out"])] == [12, 2]


def test_import_from_json(world: World) -> None:
    world.modules.run("sg_rule", security_group_id=world.empty, rules=tcp(22, 99, description="own"))
    made = world.bring([{**SSH, "Description": "of the file"}, {**SSH, "PortRange": "80/80"}], way="twice")
    assert made["added"] == ["ingress accept tcp 80/80 from 10.0.0.0/8 priority 1"]
    assert [rule["description"] for rule in made["rules"]] == ["own", None, "own"]


def test_import_from_csv(world: World) -> None:
    text = "Direction,IpProtocol,PortRange,DestCidrIp,Priority\negress,tcp,443,0.0.0.0/0,3\n"
    made = world.bring(text, way="twice")
    assert made["added"] == ["egress accept tcp 443/443 to 0.0.0.0/0 priority 3"]


def test_restore_from_a_file(world: World) -> None:
    world.modules.run("sg_rule", security_group_id=world.empty, rules=tcp(22, 99, description="own"))
    made = world.bring([{**SSH, "Description": "of the file"}], way="twice", state="exact")
    assert made["diff"]["after"] == 'ingress accept tcp 22/22 from 10.0.0.0/8 priority 1 "of the file"\n'
    assert world.bring([SSH], way="twice", state="absent")["rules"] == []


def test_nothing_is_imported_where_one_rule_cannot_be(world: World) -> None:
    items = [SSH, {**SSH, "IpProtocol": "htcp"}, {**SSH, "Priority": 110}]
    for check in (False, True):
        refused = world.bring(items, check=check, fails=True)["msg"]
        assert "2 of 3 rules" in refused
        assert "element 2: protocol is 'htcp'" in refused
        assert "element 3: priority is '110'" in refused
    assert world.written() == []
    made = world.bring(items, way="twice", skip_invalid=True)
    assert [one["where"] for one in made["left_out"]] == ["element 2", "element 3"]
    mapped = world.bring([items[2]], map_system_priority=True)
    assert mapped["added"] == ["ingress accept tcp 22/22 from 10.0.0.0/8 priority 100"]


def test_what_the_group_cannot_have_is_not_imported(world: World) -> None:
    advanced = world.new_group("advanced", SecurityGroupType="enterprise")
    elsewhere = world.new_group("elsewhere", vpc=world.new_vpc())
    peer = {**SSH, "SourceCidrIp": ""}
    items = [
        SSH,
        {**SSH, "Policy": "Drop"},
        {**peer, "SourceGroupId": "sg-none"},
        {**peer, "SourceGroupId": elsewhere},
        {**peer, "SourceGroupId": advanced},
        {**peer, "SourcePrefixListId": "pl-none"},
        {**peer, "SourcePrefixListId": world.prefix_list},
    ]
    world.local.forget_requests()
    refused = world.bring(items, fails=True)["msg"]
    for number, words in (
        (3, "there is no sg-none in cn-hangzhou"),
        (4, f"{elsewhere} is in another VPC"),
        (5, f"{advanced} is an advanced group"),
        (6, "there is no pl-none in cn-hangzhou"),
    ):
        assert re.search(f"element {number}: [^;]*{words}", refused), refused
    assert "element 2" not in refused
    refused = world.bring(items, security_group_id=advanced, fails=True, check=True)["msg"]
    assert "element 2: ingress drop tcp 22/22 from 10.0.0.0/8 priority 1: only policy accept is possible" in refused
    assert world.written() == []
    made = world.bring(items, way="twice", skip_invalid=True)
    assert [len(made["added"]), [one["where"] for one in made["left_out"]]] == [
        3,
        ["element 3", "element 4", "element 5", "element 6"],
    ]


def test_at_most_a_hundred_rules_come_from_one_file(world: World) -> None:
    items = [{**SSH, "PortRange": f"{port}/{port}"} for port in range(1, 102)]
    assert "has 101 rules; at most 100" in world.bring(items, fails=True)["msg"]
    assert world.written() == []
    made = world.bring(items, skip_invalid=True, check=True)
    assert [len(made["added"]), made["left_out"][0]["where"]] == [100, "element 101"]
    assert len(world.bring(items, max_file_rules=101)["added"]) == 101
    assert world.local.counts()["ecs:AuthorizeSecurityGroup"] == 2
