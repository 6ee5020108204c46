# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sg_rule against the local cloud: the matrix, what it costs, limits, trouble."""

from __future__ import annotations

import typing as t

import pytest
from modules.network import Network

if t.TYPE_CHECKING:
    from pathlib import Path

    from modules.harness import Modules, Result

pytestmark = pytest.mark.usefixtures("priority_type")

SSH = {"protocol": "tcp", "ports": 22, "cidr": "10.0.0.0/8"}
PEER_53 = {"ports": 53, "cidr": "10.0.0.0/8"}
WEB = {"protocol": "tcp", "ports": "80,443/443", "cidr": ["0.0.0.0/0", "::/0"]}


class World(Network):
    """A network with one group."""

    def __init__(self, modules: Modules) -> None:
        super().__init__(modules)
        self.modules = modules
        self.group = self.new_own_group("web")
        self.local.forget_requests()

    def run(self, rules: list[dict[str, t.Any]], **options: t.Any) -> Result:
        return self.modules.run("sg_rule", **{"security_group_id": self.group, "rules": rules, **options})

    def twice(self, rules: list[dict[str, t.Any]], **options: t.Any) -> Result:
        return self.modules.twice("sg_rule", **{"security_group_id": self.group, "rules": rules, **options})

    def there(self) -> list[str]:
        """Ports of the rules that the cloud has."""
        return sorted(one["PortRange"] for one in self.rules(self.group))

    def writes(self) -> dict[str, int]:
        return {name: n for name, n in self.local.counts().items() if ":Describe" not in name}


@pytest.fixture
def world(modules: Modules) -> World:
    return World(modules)


def many(count: int, first: int = 1, **more: t.Any) -> list[dict[str, t.Any]]:
    return [{"protocol": "tcp", "ports": n, "cidr": "10.0.0.0/8", **more} for n in range(first, first + count)]


# ---------------------------------------------------------------------- the matrix


def test_add_rules(world: World) -> None:
    made = world.twice([SSH, WEB, {"direction": "egress", "protocol": "all", "cidr": "0.0.0.0/0"}])
    assert len(made["rules"]) == len(world.rules(world.group)) == 6
    assert all(rule["security_group_rule_id"] for rule in made["rules"])
    assert "ingress accept tcp 22/22 from 10.0.0.0/8 priority 1" in made["added"]
    assert made["diff"]["before"] == ""
    assert made["diff"]["after"].splitlines() == made["added"]


def test_delete_rules(world: World) -> None:
    world.run([SSH, WEB])
    made = world.twice([{**SSH, "ports": "22/22", "description": "whatever it says"}], state="absent")
    assert made["removed"] == ["ingress accept tcp 22/22 from 10.0.0.0/8 priority 1"]
    assert world.there() == ["443/443", "443/443", "80/80", "80/80"]


def test_makes_rules_exact(world: World) -> None:
    world.run([SSH, WEB, {"direction": "egress", "protocol": "udp", "ports": 53, "cidr": "10.0.0.0/8"}])
    made = world.twice([SSH, {**SSH, "ports": 23}], state="exact", directions=["ingress"])
    assert world.there() == ["22/22", "23/23", "53/53"]
    assert [step.split()[0] for step in made["steps"]] == ["add", "remove"]
    assert world.twice([], state="exact")["rules"] == []
    assert world.there() == []


def test_exact_keeps_what_the_task_says_and_takes_an_address_with_a_mask(world: World) -> None:
    dts = {"protocol": "tcp", "ports": 3306, "cidr": "100.104.175.0/24", "description": "Added by DTS"}
    world.run([dts, {"protocol": "tcp", "ports": 23, "cidr": "10.0.0.0/8"}])
    made = world.twice([{**SSH, "cidr": "13.1.1.1/25"}], state="exact", keep=[{"description": "*dts*"}])
    assert world.there() == ["22/22", "3306/3306"]
    assert [rule["SourceCidrIp"] for rule in world.rules(world.group)] == ["100.104.175.0/24", "13.1.1.0/25"]
    words = "rules[0].cidr has 13.1.1.1/25, an address with the mask of a network; it is taken as 13.1.1.0/25."
    assert words in str(made["warnings"])
    [said] = made["kept"]
    assert '3306/3306 from 100.104.175.0/24 priority 1 "Added by DTS"' in said
    world.twice([{**SSH, "cidr": "13.1.1.9/25"}], state="absent")


def test_rewords_a_rule_in_place(world: World) -> None:
    before = world.run([{**SSH, "description": "old"}, {**SSH, "direction": "egress", "description": "old"}])
    made = world.twice([{**SSH, "description": "new"}, {**SSH, "direction": "egress", "description": "new"}])
    assert {rule["description"] for rule in made["rules"]} == {"new"}
    ids = [rule["security_group_rule_id"] for rule in before["rules"]]
    assert [rule["security_group_rule_id"] for rule in made["rules"]] == ids
    assert not world.run([SSH])["changed"]


@pytest.mark.parametrize(
    "rule",
    [
        {"protocol": "TCP", "ports": "22/22", "cidr": "192.0.2.1"},
        {"protocol": "udp", "ports": "1000/2000", "source_ports": "53", "cidr": "192.0.2.1/32"},
        {"protocol": "icmp", "cidr": "10.0.0.0/8"},
        {"protocol": "icmpv6", "cidr": "2001:DB8:0:0::/64"},
        {"protocol": "gre", "cidr": "10.0.0.0/8", "ports": "-1/-1"},
        {"protocol": "ALL", "cidr": "::/0", "policy": "Drop", "priority": "100"},
        {"protocol": "tcp", "ports": 443, "cidr": "10.0.0.0/8", "dest_cidr": "172.16.0.9", "priority": 7},
        {"protocol": "tcp", "ports": 443, "cidr": "10.0.0.0/8", "source_cidr": "172.16.0.9", "direction": "egress"},
        {"protocol": "tcp", "ports": 443, "group_id": "OTHER"},
        {"protocol": "tcp", "ports": 443, "group_id": "OTHER", "direction": "egress", "policy": "drop"},
    ],
)
def test_a_rule_of_any_kind_is_recognised_again(world: World, rule: dict[str, t.Any]) -> None:
    if rule.get("group_id"):
        rule = {**rule, "group_id": world.new_group("other")}
    made = world.twice([{**rule, "description": "one"}])
    assert not world.run(made["rules"], state="exact")["changed"]
    assert world.twice([{**rule, "description": "two"}])["reworded"]
    assert world.twice([rule], state="absent")["rules"] == []


def test_a_rule_for_a_prefix_list(world: World) -> None:
    made = world.api.call("ecs", "CreatePrefixList", PrefixListName="office", AddressFamily="IPv4", MaxEntries=5)
    rule = {"protocol": "tcp", "ports": 443, "prefix_list_id": made["PrefixListId"]}
    assert world.twice([rule])["rules"][0]["prefix_list_id"] == made["PrefixListId"]
    assert world.twice([rule], state="absent")["rules"] == []


def test_a_rule_for_a_group_of_another_account(world: World) -> None:
    other = world.local.accounts[1]
    world.local.preload(
        [
            {
                "kind": "security_group",
                "id": "sg-foreign",
                "region": "cn-hangzhou",
                "data": {
                    **world.groups()[0],
                    "SecurityGroupId": "sg-foreign",
                    "AccountId": other["account_id"],
                    "VpcId": "vpc-x",
                },
            }
        ]
    )
    rule = {"protocol": "tcp", "ports": 443, "group_id": "sg-foreign", "group_owner_id": other["account_id"]}
    world.twice([{**rule, "description": "one"}])
    world.twice([{**rule, "description": "two"}])
    assert not world.run([{**rule, "group_owner_id": None}])["changed"]


def test_add_rules_for_services(world: World) -> None:
    made = world.twice([{"service": "SSH, https", "cidr": "198.51.100.0/24"}, {"service": ["netbios"], "cidr": "::/0"}])
    assert [(rule["protocol"], rule["ports"]) for rule in made["rules"]] == [
        ("tcp", "22/22"),
        ("tcp", "139/139"),
        ("tcp", "443/443"),
        ("udp", "137/138"),
    ]


def test_add_rules_for_several_ranges_and_peers_at_once(world: World) -> None:
    other = world.new_group("other")
    peers = {"cidr": "10.0.0.0/8, 2001:db8::/32", "group_id": [other]}
    made = world.twice([{"protocol": "tcp", "ports": "22/23,443/443", **peers, "port_list_id": "prl-1"}])
    assert len(made["rules"]) == 9
    assert [rule["port_list_id"] for rule in made["rules"]].count("prl-1") == 3
    assert not world.run(made["rules"], state="exact")["changed"]
    assert world.writes()["ecs:AuthorizeSecurityGroup"] == 1


def test_modify_a_rule(world: World) -> None:
    before = world.run([SSH, {**SSH, "ports": 23, "description": "why"}])["rules"]
    changed = [{**before[1], "ports": "8000/8080", "cidr": "192.0.2.0/24", "priority": 7}]
    world.local.forget_requests()
    made = world.twice(changed)
    assert made["modified"] == [
        'ingress accept tcp 23/23 from 10.0.0.0/8 priority 1 "why" -> '
        'ingress accept tcp 8000/8080 from 192.0.2.0/24 priority 7 "why"'
    ]
    assert world.writes() == {"ecs:ModifySecurityGroupRule": 1}
    assert {rule["security_group_rule_id"] for rule in made["rules"]} == {
        rule["security_group_rule_id"] for rule in before
    }
    # What cannot be changed in place is replaced.
    made = world.twice([{**changed[0], "cidr": "2001:db8::/32"}])
    assert [step.split()[0] for step in made["steps"]] == ["add", "remove"]
    assert [rule["cidr"] for rule in made["rules"]] == ["10.0.0.0/8", "2001:db8::/32"]


def test_query_rules(world: World) -> None:
    world.run([SSH, {**SSH, "protocol": "udp", "policy": "drop"}, {"direction": "egress", "protocol": 17, **PEER_53}])
    world.new_group("bare")

    def ports(**options: t.Any) -> dict[str, list[str]]:
        found = world.modules.run("sg_rule_info", **options)["security_groups"]
        return {one["name"]: [f"{rule['direction']} {rule['ports']}" for rule in one["rules"]] for one in found}

    by_id: dict[str, t.Any] = {"security_group_ids": [world.group, "sg-none"]}
    assert ports(**by_id) == {"web": ["ingress 22/22", "ingress 22/22", "egress 53/53"]}
    assert ports(security_group="web", protocol="UDP") == {"web": ["ingress 22/22", "egress 53/53"]}
    assert ports(vpc_id=world.vpc, direction="ingress", policy="drop") == {"bare": [], "web": ["ingress 22/22"]}
    (found,) = world.modules.run("sg_rule_info", **by_id)["security_groups"]
    assert [found["security_group_id"], found["vpc_id"], found["inner_access_policy"]] == [
        world.group,
        world.vpc,
        "accept",
    ]
    assert not world.run(found["rules"], state="exact")["changed"]


# ---------------------------------------------------------------------- cost


@pytest.mark.parametrize("by_name", [False, True])
def test_two_hundred_rules_cost_five_calls_and_then_two(world: World, by_name: bool) -> None:
    named = {"security_group_id": None, "security_group": "web", "vpc_id": world.vpc} if by_name else {}
    rules = [*many(150, description="d"), *many(50, direction="egress")]
    assert len(world.run(rules, **named)["rules"]) == 200
    assert sum(world.local.counts().values()) <= 5  # of which 150 inbound rules take two, 50 outbound ones one
    world.run([], state="exact", **named)
    world.local.forget_requests()
    world.run(many(200), **named)
    assert sum(world.local.counts().values()) <= 5
    world.local.forget_requests()
    for state in ("present", "exact"):
        assert not world.run(many(200), state=state, **named)["changed"]
        assert sum(world.local.counts().values()) <= 2
        world.local.forget_requests()


# ---------------------------------------------------------------------- limits


def test_what_does_not_fit_is_refused_before_anything_is_written(world: World) -> None:
    world.run(many(199))
    world.local.forget_requests()
    refused = world.run(many(2, first=1000), fails=True)
    assert "would have 201 rules (now 199, 2 to add, 0 to remove); at most 200" in refused["msg"]
    refused = world.run(many(201), state="exact", fails=True)
    assert "201 rules are wanted" in refused["msg"]
    assert world.writes() == {}


def test_a_full_group_is_exchanged(world: World) -> None:
    world.run(many(200))
    made = world.twice(many(200, first=101), state="exact")
    assert made["steps"][0] == f"remove 100 ingress rules from {world.group}"
    assert len(world.there()) == 200


def test_an_advanced_group_gets_only_what_it_can_hold(world: World) -> None:
    group = world.new_group("advanced", SecurityGroupType="enterprise")
    other = world.new_group("other")
    world.local.forget_requests()
    for rule, words in [
        ({**SSH, "policy": "drop"}, "only policy accept"),
        ({**SSH, "priority": 2}, "only priority 1"),
        ({**SSH, "cidr": None, "group_id": other}, "a peer cannot be a security group"),
    ]:
        for check in (False, True):
            refused = world.run([SSH, rule], security_group_id=group, check=check, fails=True)
            assert "advanced (enterprise) security group and cannot have" in refused["msg"]
            assert words in refused["msg"]
    assert world.writes() == {}
    world.twice([SSH], security_group_id=group)
    world.twice([{**SSH, "priority": 2}])


def test_every_rule_that_an_advanced_group_cannot_have_is_named(world: World) -> None:
    group = world.new_group("advanced", SecurityGroupType="enterprise")
    refused = world.run(many(30, policy="drop") + many(5, first=100), security_group_id=group, fails=True)
    assert refused["msg"].count("only policy accept is possible") == 30


def test_the_classic_network_has_an_internet_and_an_intranet_side(world: World) -> None:
    world.local.set("ecs.classic_network", True)
    group, other = (str(world.api.call("ecs", "CreateSecurityGroup")["SecurityGroupId"]) for _index in range(2))
    inside = {**SSH, "nic_type": "intranet"}
    rules = [SSH, {**inside, "cidr": "10.0.0.8"}, {**SSH, "cidr": None, "group_id": other}]
    made = world.twice(rules, security_group_id=group)
    assert [(rule["nic_type"], rule["cidr"]) for rule in made["rules"]] == [
        ("internet", "10.0.0.0/8"),
        ("intranet", "10.0.0.8/32"),
        ("intranet", None),
    ]
    refused = world.run([inside], security_group_id=group, fails=True)
    assert "a security group in the classic network and cannot have" in refused["msg"]
    assert "must be a single IPv4 address" in refused["msg"]
    refused = world.run([{**SSH, "nic_type": "internet"}], check=True, fails=True)
    assert "a security group in a VPC and cannot have" in refused["msg"]


def test_a_group_that_is_not_there(world: World) -> None:
    missing = {"security_group_id": None, "security_group": "none"}
    elsewhere = {**missing, "security_group": "web", "vpc": "nonesuch"}
    for check in (True, False):
        failed = world.run([SSH], check=check, fails=True, **missing)
        assert "There is no security group none in cn-hangzhou. Create it first" in failed["msg"]
        failed = world.run([SSH], check=check, fails=True, **elsewhere)
        assert "There is no security group web in VPC nonesuch" in failed["msg"]
        failed = world.run([SSH], check=check, fails=True, security_group_id="sg-none")
        assert "There is no security group sg-none in cn-hangzhou" in failed["msg"]
    for gone in (missing, elsewhere, {"security_group_id": "sg-none"}):
        assert not world.run([SSH], state="absent", **gone)["changed"]
    assert world.writes() == {}


# ---------------------------------------------------------------------- trouble


@pytest.mark.parametrize(
    "kind", ["throttling", "internal_error", "drop_before_commit", "drop_after_commit", "empty_body"]
)
def test_trouble_neither_doubles_nor_loses_a_rule(world: World, kind: str) -> None:
    for operation in ("AuthorizeSecurityGroup", "ModifySecurityGroupRule", "RevokeSecurityGroup"):
        world.local.fault(kind, f"ecs:{operation}")
    world.run(many(3, description="one"))
    assert world.there() == ["1/1", "2/2", "3/3"]
    world.run(many(1, description="two"))
    world.run(many(2), state="absent")
    assert world.there() == ["3/3"]
    assert len(world.writes()) == 3
    assert sum(world.writes().values()) == 6


def test_late_reads_are_waited_for(world: World) -> None:
    world.run(many(3))
    world.local.fault("read_lag", "ecs:DescribeSecurityGroupAttribute", seconds=1.0, times=None)
    world.local.clock_advance(10)
    made = world.run([*many(1, first=3, description="new"), *many(2, first=10)], state="exact")
    assert [rule["ports"] for rule in made["rules"]] == ["3/3", "10/10", "11/11"]
    assert made["rules"][0]["description"] == "new"


def test_a_rule_that_never_shows_is_an_error(world: World) -> None:
    world.local.fault("read_lag", "ecs:DescribeSecurityGroupAttribute", seconds=600, times=None)
    world.local.clock_advance(1)
    failed = world.run(many(1), wait_timeout=1, fails=True)
    assert "1 changes not visible" in failed["msg"] or "There is no security group" in failed["msg"]


def test_a_rule_that_somebody_else_removed_meanwhile(world: World) -> None:
    world.run(many(3))
    (gone,) = (one["SecurityGroupRuleId"] for one in world.rules(world.group) if one["PortRange"] == "1/1")
    world.local.clock_advance(10)
    world.api.call("ecs", "RevokeSecurityGroup", SecurityGroupId=world.group, SecurityGroupRuleId=[gone])
    world.local.fault("read_lag", "ecs:DescribeSecurityGroupAttribute", seconds=5, times=1)
    world.run(many(2), state="absent")
    assert world.there() == ["3/3"]


def test_a_broken_off_run_is_finished_by_the_next(world: World) -> None:
    world.run(many(5))
    world.local.fault("error", "ecs:RevokeSecurityGroup", code="Forbidden.RAM", status=403)
    failed = world.run(many(120, first=100), state="exact", fails=True)
    assert failed["steps_done"] == [
        f"add 100 ingress rules to {world.group}",
        f"add 20 ingress rules to {world.group}",
    ]
    assert failed["steps_left"] == [f"remove 5 ingress rules from {world.group}"]
    assert world.run(many(120, first=100), state="exact")["steps"] == failed["steps_left"]
    assert len(world.there()) == 120


# ---------------------------------------------------------------------- what others made


@pytest.fixture
def theirs(world: World) -> str:
    """A group that was made by hand, with two rules."""
    group = world.new_group("corp-sg")
    world.run(many(2), security_group_id=group)
    world.local.forget_requests()
    return group


@pytest.mark.parametrize("by_name", [False, True], ids=["id", "name"])
def test_rules_of_others_are_made_exact_only_when_adopted(world: World, theirs: str, by_name: bool) -> None:
    chosen = {"security_group_id": None, "security_group": "corp-sg"} if by_name else {"security_group_id": theirs}
    for check in (True, False):
        failed = world.run(many(1), state="exact", check=check, fails=True, **chosen)
        assert "security group corp-sg does not carry the tag alitrust.ecs:owner" in failed["msg"]
        assert "adopt: true" in failed["msg"]
        assert failed["would_remove"] == ["ingress accept tcp 2/2 from 10.0.0.0/8 priority 1"]
        assert not world.run(many(2), state="exact", check=check, **chosen)["changed"], "nothing would be removed"
    assert world.writes() == {}
    assert world.twice(many(3), state="exact", **chosen)["added"]
    world.twice(many(1), state="absent", **chosen)
    world.twice(many(1), state="exact", adopt=True, **chosen)


@pytest.mark.parametrize("state", ["exact", "present", "merge", "absent"])
def test_a_group_of_others_is_used_as_it_is(world: World, theirs: str, state: str) -> None:
    before = world.rules(theirs)
    for check in (True, False):
        rules = many(1) if state == "absent" else many(1, first=7)
        used = world.run(rules, state=state, security_group_id=theirs, leave_others=True, check=check)
        assert not used["changed"]
        assert used["kept"] == ["Using the existing security group corp-sg; its rules are left alone."]
        assert used["added"] == used["removed"] == []
        assert len(used["rules"]) == 2
        assert ("ingress accept tcp 7/7" in str(used.get("warnings"))) == (state != "absent")
    assert world.rules(theirs) == before
    assert world.writes() == {}
    # Ours is changed all the same.
    world.twice(many(1), leave_others=True)
    world.twice(many(1, first=2), state="exact", leave_others=True)


# ---------------------------------------------------------------------- what rules name


@pytest.mark.parametrize("check", [True, False])
def test_a_peer_that_cannot_be_is_refused_with_words(world: World, check: bool) -> None:
    elsewhere = world.new_group("far", vpc=world.new_vpc())
    advanced = world.new_group("workers", SecurityGroupType="enterprise")
    for peer, words in (
        ({"group_id": "sg-nope"}, "there is no sg-nope in cn-hangzhou"),
        ({"group_id": elsewhere}, f"{elsewhere} is in another VPC"),
        ({"group_id": advanced}, f"{advanced} is an advanced group"),
        ({"group": "far"}, f"There is no security group far (in {world.vpc})"),
        ({"prefix_list_id": "pl-nope"}, "there is no pl-nope in cn-hangzhou"),
    ):
        failed = world.run([{"protocol": "tcp", "ports": 22, **peer}], check=check, fails=True)
        assert words in failed["msg"], failed["msg"]
    assert world.writes() == {"ecs:CreateSecurityGroup": 2, "vpc:CreateVpc": 1}


def test_a_peer_is_named(world: World) -> None:
    peer = world.new_group("peer")
    world.new_group("peer", vpc=world.new_vpc())
    made = world.twice([{"protocol": "tcp", "ports": 22, "group": "peer"}], state="exact")
    assert [one["group_id"] for one in made["rules"]] == [peer]
    # Named in two ways it is the same rule.
    assert not world.run([{"protocol": "tcp", "ports": 22, "group": ["peer"], "group_id": [peer]}], state="exact")[
        "changed"
    ]
    asked = {"protocol": "tcp", "port": 22, "peer_group_ids": [peer], "expect": "allow"}
    rules = [{"protocol": "tcp", "ports": 22, "group": "peer"}]
    world.modules.run("sg_access_info", rules=rules, packets=[asked], fails=True)  # two groups have that name
    world.modules.run("sg_access_info", rules=rules, packets=[asked], vpc_id=world.vpc)
    world.twice([{"protocol": "tcp", "ports": 22, "group": "peer"}], state="absent")


def test_the_vpc_is_named(world: World) -> None:
    net = world.modules.run("vpc", name="net", cidr_block="10.0.0.0/8")["vpc"]["vpc_id"]
    group = world.new_own_group("web", vpc=net)
    chosen = {"security_group_id": None, "security_group": "web", "vpc": "net"}
    made = world.twice([SSH], **chosen)
    assert made["security_group_id"] == group
    read = world.modules.run("sg_rule_info", security_group="web", vpc="net")["security_groups"]
    assert [one["security_group_id"] for one in read] == [group]
    asked = {"protocol": "tcp", "port": 22, "peer": "10.0.0.1", "expect": "allow"}
    world.modules.run("sg_access_info", security_groups=["web"], vpc="net", packets=[asked])


def test_a_name_is_narrowed_down_by_the_kind_of_network(world: World, tmp_path: Path) -> None:
    """A group of the classic network where a VPC has one of that name, for each module that takes names of groups."""
    world.local.set("ecs.classic_network", True)
    own = {"SecurityGroupName": "web", "Tag": [{"Key": "alitrust.ecs:owner", "Value": "web"}]}
    classic = str(world.api.call("ecs", "CreateSecurityGroup", own)["SecurityGroupId"])
    peer = str(world.api.call("ecs", "CreateSecurityGroup", SecurityGroupName="peer")["SecurityGroupId"])
    world.new_group("peer")
    asked = [{"protocol": "tcp", "port": 22, "peer_group_ids": [peer]}]
    tasks: list[tuple[str, dict[str, t.Any]]] = [
        ("sg_rule", {"security_group": "web", "rules": [{"service": "ssh", "group": "peer"}]}),
        ("sg_rule_export", {"security_group": "web", "dest": str(tmp_path)}),
        ("sg_access_info", {"security_groups": ["web"], "packets": asked}),
        ("security_group", {"name": "web", "description": "The shop"}),
        ("security_group", {"name": "copy", "vpc_id": world.vpc, "clone_from": {"name": "web"}}),
    ]
    for module, options in tasks:
        refused = world.modules.run(module, fails=True, **options)
        assert "or with vpc_id or network_type: classic for the one in the classic network" in refused["msg"]
        where = {"network_type": "classic"}
        chosen = {**options, "clone_from": {"name": "web", **where}} if "clone_from" in options else options | where
        found = world.modules.run(module, **chosen)
        if module in ("sg_rule", "sg_rule_export"):
            assert found["security_group_id"] == classic
    assert [one["SourceGroupId"] for one in world.rules(classic)] == [peer]
    assert found["security_group"]["vpc_id"] == world.vpc
    for kind, ids in (("classic", [classic]), ("vpc", [world.group])):
        read = world.modules.run("sg_rule_info", security_group="web", network_type=kind)["security_groups"]
        assert [one["security_group_id"] for one in read] == ids
    world.run([SSH], security_group_id=None, security_group="web", network_type="vpc")
    assert world.there() == ["22/22"]


def test_more_rules_than_an_interface_can_have_are_refused_with_the_groups(world: World) -> None:
    world.local.set("ecs.rules_per_group", 1000)
    big = world.new_own_group("big")
    world.run(many(995), security_group_id=big, max_rules=1000)
    [instance] = world.new_instances(world.group)
    together: dict[str, t.Any] = {"security_group_ids": [world.group, big], "instance_ids": [instance]}
    world.modules.run("sg_member", **together)
    assert world.run(many(5), max_rules=300)["changed"]
    for check in (True, False):
        refused = world.run(many(6), max_rules=300, check=check, fails=True)
        assert f"would have 1001 rules together ({world.group} 6, {big} 995); at most 1000" in refused["msg"]
    assert len(world.there()) == 5
    other = world.new_own_group("other")
    world.run([SSH], security_group_id=other)
    wanted: dict[str, t.Any] = {"security_group_ids": [other], "instance_ids": [instance]}
    refused = world.modules.run("sg_member", fails=True, **wanted)
    assert "would have 1001 rules together" in refused["msg"]
    assert all(words in refused["msg"] for words in (f"{world.group} 5", f"{big} 995", f"{other} 1"))


# ---------------------------------------------------------------------- check runs


def test_a_check_run_plans_the_rules_of_what_is_not_there_yet(world: World) -> None:
    known: list[dict[str, t.Any]] = []

    def check(module: str, **options: t.Any) -> Result:
        result = world.modules.run(module, check=True, foretold=known, **options)
        known.extend(result.get("foretold", ()))
        return result

    vpc = check("vpc", name="net", cidr_block="10.0.0.0/8")["vpc"]["vpc_id"]
    web = check("security_group", name="web", vpc_id=vpc)["security_group"]["security_group_id"]
    peer = check("security_group", name="peer", vpc=("net"))["security_group"]["security_group_id"]
    check("security_group", name="workers", vpc_id=vpc, type="advanced")

    first = check("sg_rule", security_group_id=web, state="exact", rules=[SSH, {**WEB, "cidr": ["0.0.0.0/0"]}])
    assert [line.split(" from")[0] for line in first["diff"]["after"].splitlines()] == [
        f"ingress accept tcp {port}/{port}" for port in (22, 80, 443)
    ]
    # Rules of earlier tasks count.
    named: dict[str, t.Any] = {"security_group": "web", "vpc": "net"}
    assert not check("sg_rule", **named, rules=[SSH])["changed"]
    second = check("sg_rule", **named, rules=[{"protocol": "tcp", "ports": 5432, "group": "peer"}])
    assert second["added"] == [f"ingress accept tcp 5432/5432 from group {peer} priority 1"]
    assert len(second["rules"]) == 4
    third = check("sg_rule", **named, state="exact", rules=[SSH], leave_others=True)
    assert len(third["removed"]) == 3

    # So do the type and the network of the group.
    refused = world.modules.run(
        "sg_rule",
        security_group="workers",
        vpc_id=vpc,
        rules=[{**SSH, "priority": 5}],
        check=True,
        fails=True,
        foretold=known,
    )
    assert "an advanced (enterprise) security group" in refused["msg"]
    far = world.new_group("far")
    refused = world.modules.run(
        "sg_rule",
        **named,
        rules=[{"protocol": "tcp", "ports": 1, "group_id": far}],
        check=True,
        fails=True,
        foretold=known,
    )
    assert f"{far} is in another VPC" in refused["msg"]
    allowed = check(
        "sg_access_info",
        security_groups=["web"],
        vpc="net",
        packets=[
            {"protocol": "tcp", "port": 22, "peer": "10.0.0.1"},
            {"protocol": "tcp", "port": 443, "peer": "198.51.100.7"},
        ],
    )
    assert [one["verdict"] for one in allowed["accesses"]] == ["allow", "deny"]
    assert world.writes() == {"ecs:CreateSecurityGroup": 1}
