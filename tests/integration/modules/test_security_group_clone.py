# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloning security groups against the local cloud."""

from __future__ import annotations

import json
import typing as t

import pytest
from modules.network import Network

if t.TYPE_CHECKING:
    from modules.harness import Modules, Result

pytestmark = pytest.mark.usefixtures("priority_type")

ELSEWHERE = "cn-shanghai"
MARK = "alitrust.ecs:clone-of"
WEB = {"IpProtocol": "TCP", "PortRange": "443/443", "SourceCidrIp": "0.0.0.0/0", "Description": "the shop"}
OUT = {"IpProtocol": "ALL", "PortRange": "-1/-1", "DestCidrIp": "10.0.0.0/8", "Policy": "drop", "Priority": "7"}


@pytest.fixture
def network(modules: Modules) -> Network:
    return Network(modules)


@pytest.fixture
def source(network: Network) -> str:
    group = network.new_group("web", Description="the web")
    authorize(network, group, [WEB])
    network.api.call("ecs", "AuthorizeSecurityGroupEgress", SecurityGroupId=group, Permissions=[OUT])
    return group


def authorize(network: Network, group: str, rules: list[dict[str, t.Any]]) -> None:
    network.api.call("ecs", "AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=rules)


def change_rules(network: Network, group_id: str, change: dict[str, t.Any]) -> None:
    """Give a group's rules what only the system can give."""
    (group,) = (one for one in network.groups() if one["SecurityGroupId"] == group_id)
    group["Permissions"] = [{**rule, **change} for rule in group["Permissions"]]
    record = {"kind": "security_group", "id": group_id, "region": group["RegionId"], "data": group}
    network.local.preload([record])


def compared(network: Network, group: str) -> list[dict[str, t.Any]]:
    own = ("SecurityGroupRuleId", "CreateTime")
    rules = [{key: value for key, value in rule.items() if key not in own} for rule in network.rules(group)]
    return sorted(rules, key=json.dumps)


def vpc_elsewhere(modules: Modules, network: Network) -> str:
    vpc = modules.door(region=ELSEWHERE).call("vpc", "CreateVpc", CidrBlock="172.16.0.0/12")["VpcId"]
    network.local.clock_advance(10)
    return str(vpc)


def clone(modules: Modules, network: Network, source: str, **options: t.Any) -> Result:
    wanted: dict[str, t.Any] = {
        "name": "trial",
        "vpc_id": network.vpc,
        "clone_from": {"security_group_id": source},
        **options,
    }
    return modules.twice("security_group", **wanted)


def test_clone_within_a_region(modules: Modules, network: Network, source: str) -> None:
    network.api.call("ecs", "ModifySecurityGroupPolicy", SecurityGroupId=source, InnerAccessPolicy="drop")
    made = clone(modules, network, source, tags={"a": 1})
    group = made["security_group"]
    assert compared(network, group["security_group_id"]) == compared(network, source)
    assert (group["name"], group["description"], group["inner_access_policy"]) == ("trial", "the web", "drop")
    assert group["tags"] == {"alitrust.ecs:owner": "trial", MARK: f"cn-hangzhou/{source}", "a": "1"}
    assert [len(made["cloned"]), made["not_cloned"]] == [2, []]
    assert made["diff"]["after"]["rules"] == made["cloned"]


def test_a_clone_is_left_alone_once_it_is_there(modules: Modules, network: Network, source: str) -> None:
    """It may be what changes are tried on, or a backup."""
    task: dict[str, t.Any] = {
        "name": "trial",
        "vpc_id": network.vpc,
        "clone_from": {"name": "web", "vpc_id": network.vpc},
    }
    made = modules.run("security_group", **task)["security_group"]["security_group_id"]
    authorize(network, source, [{**WEB, "PortRange": "80/80"}])
    network.api.call("ecs", "RevokeSecurityGroup", SecurityGroupId=made, Permissions=[WEB])
    assert not modules.run("security_group", **task)["changed"]
    assert len(network.rules(made)) == 1
    assert modules.run("security_group", **task, tags={}, description="a trial")["steps"] == [
        "change description of security group trial"
    ]


def test_clone_to_another_region(modules: Modules, network: Network, source: str) -> None:
    peer = network.new_group("peer")
    inside = {"PrefixListName": "inside", "AddressFamily": "IPv4", "MaxEntries": 5}
    prefix_list = network.api.call("ecs", "CreatePrefixList", inside)["PrefixListId"]
    named = [{"SourceGroupId": peer}, {"SourcePrefixListId": prefix_list}]
    authorize(network, source, [{"IpProtocol": "TCP", "PortRange": "22/22", **one} for one in named])
    vpc = vpc_elsewhere(modules, network)
    made = modules.twice(
        "security_group",
        region=ELSEWHERE,
        name="web",
        vpc_id=vpc,
        clone_from={"security_group_id": source, "region": "cn-hangzhou"},
    )
    assert len(made["cloned"]) == 2
    assert [one["reason"] for one in made["not_cloned"]] == [
        f"there is no security group {peer} in VPC {vpc} of cn-shanghai",
        f"there is no prefix list {prefix_list} in cn-shanghai",
    ]
    ids = {rule["SecurityGroupRuleId"] for rule in network.rules(source)}
    assert {one["security_group_rule_id"] for one in made["not_cloned"]} < ids
    assert "2 rules of security group" in json.dumps(made["warnings"])
    (rule,) = [rule for rule in network.rules(made["security_group"]["security_group_id"]) if "SourceCidrIp" in rule]
    assert rule["Description"] == "the shop"


def test_clone_from_the_classic_network_into_a_vpc(modules: Modules, network: Network) -> None:
    """Both sides of the classic network become the one of a VPC; groups of the classic network stay behind."""
    network.local.set("ecs.classic_network", True)
    peer, old = (
        modules.run("security_group", name=name, network_type="classic")["security_group"]["security_group_id"]
        for name in ("peer", "old")
    )
    authorize(network, old, [WEB, {"IpProtocol": "TCP", "PortRange": "22/22", "SourceCidrIp": "10.1.2.3"}])
    change_rules(network, old, {"NicType": "internet"})
    inside = [{"IpProtocol": "TCP", "PortRange": "22/22", "NicType": "intranet", "SourceCidrIp": "10.1.2.3"}]
    authorize(network, old, [*inside, {**inside[0], "SourceGroupId": peer, "SourceCidrIp": None}])
    made = clone(modules, network, old)
    ports = {rule["PortRange"]: rule["NicType"] for rule in network.rules(made["security_group"]["security_group_id"])}
    assert ports == {"443/443": "intranet", "22/22": "intranet"}
    assert len(made["cloned"]) == 2
    (left_out,) = made["not_cloned"]
    assert left_out["reason"] == f"there is no security group {peer} in VPC {network.vpc} of cn-hangzhou"
    refused = modules.run(
        "security_group", name="back", network_type="classic", clone_from={"name": "trial"}, fails=True
    )
    assert "cannot be cloned into the classic network" in refused["msg"]


def test_clone_rules_of_the_system_on_request(modules: Modules, network: Network, source: str) -> None:
    change_rules(network, source, {"Priority": "110"})
    refused = clone(modules, network, source)
    assert refused["cloned"] == []
    assert all("priority 110 is for rules of the system only" in one["reason"] for one in refused["not_cloned"])
    mapped = clone(modules, network, source, name="mapped", clone_from={"name": "web", "map_system_priority": True})
    rules = network.rules(mapped["security_group"]["security_group_id"])
    assert [rule["Priority"] for rule in rules] == ["100", "100"]


def test_a_clone_of_another_type_has_the_rules_of_that_type(modules: Modules, network: Network, source: str) -> None:
    made = clone(modules, network, source, type="advanced")
    assert (made["security_group"]["type"], len(made["cloned"])) == ("enterprise", 1)
    (left_out,) = made["not_cloned"]
    reason = "in an advanced group only policy accept is possible, only priority 1 is possible"
    assert left_out["reason"] == reason
    assert "lets nothing out" in json.dumps(made["warnings"])


def test_a_clone_that_was_interrupted_is_finished_by_the_next_run(
    modules: Modules, network: Network, source: str
) -> None:
    network.local.fault("error", "ecs:AuthorizeSecurityGroupEgress", code="Forbidden.RAM", status=403)
    task: dict[str, t.Any] = {"name": "trial", "vpc_id": network.vpc, "clone_from": {"security_group_id": source}}
    failed = modules.run("security_group", **task, fails=True)
    assert failed["steps_left"][0] == "add 1 egress rule to trial"
    done = clone(modules, network, source)
    assert done["steps"] == failed["steps_left"]
    assert compared(network, done["security_group"]["security_group_id"]) == compared(network, source)


def test_hundreds_of_rules_are_cloned_with_a_hundred_in_a_call(modules: Modules, network: Network) -> None:
    source = network.new_group("big")
    for first in (1000, 2000):
        authorize(network, source, [{**WEB, "PortRange": f"{first + n}/{first + n}"} for n in range(75)])
    made = modules.run("security_group", name="trial", vpc_id=network.vpc, clone_from={"security_group_id": source})
    assert made["api_calls"]["ecs:AuthorizeSecurityGroup"] == 2
    assert compared(network, made["security_group"]["security_group_id"]) == compared(network, source)


def test_another_group_of_that_name_is_not_taken_for_a_clone(modules: Modules, network: Network, source: str) -> None:
    network.new_group("trial")
    task: dict[str, t.Any] = {"name": "trial", "vpc_id": network.vpc, "clone_from": {"security_group_id": source}}
    refused = modules.run("security_group", **task, fails=True)
    assert f"is not a clone of cn-hangzhou/{source}" in refused["msg"]
