# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restoring the rules of a security group from another one: completely, in part, and what cannot be."""

from __future__ import annotations

import typing as t

import pytest
from modules.network import Network

if t.TYPE_CHECKING:
    from modules.harness import Modules, Result

pytestmark = pytest.mark.usefixtures("priority_type")

Rules = list[dict[str, t.Any]]


def tcp(*ports: int, **more: t.Any) -> Rules:
    return [{"protocol": "tcp", "ports": port, "cidr": "10.0.0.0/8", **more} for port in ports]


class World(Network):
    """Two groups: what is, and what it is restored from."""

    def __init__(self, modules: Modules) -> None:
        super().__init__(modules)
        self.modules = modules
        self.group, self.backup = self.new_own_group("web"), self.new_own_group("backup")
        self.put(self.backup, [*tcp(22, description="backup"), *tcp(80), *tcp(53, direction="egress")])
        self.put(self.group, [*tcp(22, description="own"), *tcp(23), *tcp(25, direction="egress")])
        self.local.forget_requests()

    def put(self, group: str, rules: Rules) -> None:
        self.modules.run("sg_rule", security_group_id=group, rules=rules)

    def restore(self, way: str = "twice", **options: t.Any) -> Result:
        wanted = {"security_group_id": self.group, "from_security_group_id": self.backup, **options}
        if way == "twice":
            return self.modules.twice("sg_rule", **wanted)
        return self.modules.run("sg_rule", fails=way == "fails", **wanted)

    def add_system_rule(self, group: str) -> None:
        """A rule such as only Alibaba Cloud makes."""
        data = next(one for one in self.groups() if one["SecurityGroupId"] == group)
        rule = {**data["Permissions"][0], "SecurityGroupRuleId": "sgr-system", "PortRange": "3389/3389"}
        data["Permissions"].append({**rule, "Priority": "110"})
        item = {"kind": "security_group", "id": group, "region": self.modules.region, "data": data}
        self.local.preload([item])


@pytest.fixture
def world(modules: Modules) -> World:
    return World(modules)


def lines(result: Result) -> list[str]:
    return [f"{rule['direction']} {rule['ports']} {rule['description'] or ''}".rstrip() for rule in result["rules"]]


def test_restore_completely(world: World) -> None:
    made = world.restore(state="exact")
    assert lines(made) == ["ingress 22/22 backup", "ingress 80/80", "egress 53/53"]
    assert made["diff"]["before"].splitlines() == [
        'ingress accept tcp 22/22 from 10.0.0.0/8 priority 1 "own"',
        "ingress accept tcp 23/23 from 10.0.0.0/8 priority 1",
        "egress accept tcp 25/25 to 10.0.0.0/8 priority 1",
    ]
    assert made["left_out"] == []
    source = world.modules.run("sg_rule_info", security_group_ids=[world.backup])["security_groups"][0]
    assert lines(source) == lines(made)


def test_restore_keeps_what_the_task_says(world: World) -> None:
    kept = world.restore(state="exact", keep=[{"cidr": ["10.0.0.0/7"], "description": "own"}, {"cidr": ["10.0.0.0/8"]}])
    assert "These rules of the security group" in kept["kept"][0]
    assert {one["PortRange"] for one in world.rules(world.group)} == {f"{n}/{n}" for n in (22, 23, 25, 53, 80)}


def test_restore_partially(world: World) -> None:
    made = world.restore(state="merge")
    assert lines(made) == ["ingress 22/22 own", "ingress 23/23", "ingress 80/80", "egress 25/25", "egress 53/53"]
    assert [made["removed"], made["reworded"]] == [[], []]
    assert not world.restore("run", state="present")["changed"]


def test_restore_one_direction_by_name(world: World) -> None:
    by_name: dict[str, t.Any] = {
        "security_group_id": None,
        "from_security_group_id": None,
        "from_security_group": "backup",
    }
    made = world.restore(state="exact", directions=["egress"], security_group="web", vpc_id=world.vpc, **by_name)
    assert lines(made) == ["ingress 22/22 own", "ingress 23/23", "egress 53/53"]


def test_system_rules_are_left_out_or_mapped(world: World) -> None:
    world.add_system_rule(world.backup)
    made = world.restore(state="exact")
    (left_out,) = made["left_out"]
    assert left_out["rule"] == 'ingress accept tcp 3389/3389 from 10.0.0.0/8 priority 110 "backup"'
    assert "system rule" in left_out["reason"]
    assert left_out["rule"] in str(world.restore("run", state="exact")["warnings"])
    mapped = world.restore(state="exact", map_system_priority=True)
    assert mapped["added"] == ['ingress accept tcp 3389/3389 from 10.0.0.0/8 priority 100 "backup"']


def test_what_cannot_be_a_source_is_refused(world: World) -> None:
    world.local.set("ecs.classic_network", True)
    classic = str(world.api.call("ecs", "CreateSecurityGroup")["SecurityGroupId"])
    beijing = world.modules.door(region="cn-beijing")
    vpc = beijing.call("vpc", "CreateVpc", CidrBlock="10.0.0.0/8")["VpcId"]
    world.local.clock_advance(10)
    elsewhere = str(beijing.call("ecs", "CreateSecurityGroup", VpcId=vpc)["SecurityGroupId"])
    world.local.forget_requests()
    for source, words in (
        (classic, "is in the classic network and"),
        (elsewhere, f"no security group {elsewhere} in cn-hangzhou to take the rules from"),
        ("sg-none", "Rules are restored within one region"),
    ):
        assert words in world.restore("fails", state="exact", from_security_group_id=source)["msg"]
    itself = {"from_security_group_id": None, "from_security_group": "web"}
    assert "itself the one to take" in world.restore("fails", **itself)["msg"]
    assert not [name for name in world.local.counts() if not name.startswith("ecs:Describe")]


def test_restoring_two_hundred_rules_costs_six_calls(world: World) -> None:
    world.modules.run(
        "sg_rule",
        security_group_id=world.backup,
        state="exact",
        rules=[*tcp(*range(1, 151)), *tcp(*range(1, 51), direction="egress")],
    )
    group = world.new_group("new")
    world.local.forget_requests()
    assert len(world.restore("run", security_group_id=group)["rules"]) == 200
    assert sum(world.local.counts().values()) <= 6  # two reads, three writes, one look at what was done
