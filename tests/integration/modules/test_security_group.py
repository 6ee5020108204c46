# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""security_group and security_group_info against the local cloud."""

from __future__ import annotations

import json
import typing as t

import pytest
from modules.network import Network

if t.TYPE_CHECKING:
    from modules.harness import Modules, Result

OWNER = "alitrust.ecs:owner"


@pytest.fixture
def network(modules: Modules) -> Network:
    return Network(modules)


@pytest.fixture
def web(network: Network) -> dict[str, t.Any]:
    """Options that name the group."""
    return {"name": "web", "vpc_id": network.vpc}


def one(network: Network) -> dict[str, t.Any]:
    (group,) = network.groups()
    return group


# ---------------------------------------------------------------------- the matrix


def test_create_a_basic_group(modules: Modules, network: Network, web: dict[str, t.Any]) -> None:
    named = {**web, "name": "网站"}
    made = modules.twice("security_group", **named, description="the web", tags={"service": "shop", "number": 1})
    group = made["security_group"]
    assert group["security_group_id"] == one(network)["SecurityGroupId"]
    assert group["tags"] == {OWNER: "网站", "service": "shop", "number": "1"}
    assert (group["description"], group["vpc_id"], group["type"]) == ("the web", network.vpc, "normal")


@pytest.mark.parametrize("kind", ["advanced", "enterprise"])
def test_create_an_advanced_group_and_say_that_it_is_mute(
    modules: Modules, network: Network, web: dict[str, t.Any], kind: str
) -> None:
    made = modules.run("security_group", **web, type=kind)
    assert made["security_group"]["type"] == one(network)["SecurityGroupType"] == "enterprise"
    assert "lets nothing in or out" in json.dumps(made["warnings"])
    assert not modules.run("security_group", **web, type=kind, inner_access_policy="drop")["changed"]


def test_creates_a_group_whose_members_are_isolated(modules: Modules, network: Network, web: dict[str, t.Any]) -> None:
    made = modules.twice("security_group", **web, inner_access_policy="drop")
    assert made["security_group"]["inner_access_policy"] == "drop"
    assert one(network)["InnerAccessPolicy"] == "Drop"


def test_modify_a_group_where_that_is_asked_for_and_nowhere_else(
    modules: Modules, network: Network, web: dict[str, t.Any]
) -> None:
    modules.run("security_group", **web, description="the web", tags={"a": "1", "b": "2"})
    made = modules.twice(
        "security_group", **web, description="the new web", inner_access_policy="drop", tags={"a": "3"}
    )
    group = made["security_group"]
    assert (group["description"], group["inner_access_policy"]) == ("the new web", "drop")
    assert group["tags"] == {OWNER: "web", "a": "3"}
    assert not modules.run("security_group", **web)["changed"]
    assert modules.twice("security_group", **web, tags={"c": 4}, purge_tags=False)["security_group"]["tags"] == {
        OWNER: "web",
        "a": "3",
        "c": "4",
    }


def test_rename_a_group_given_by_its_id(modules: Modules, network: Network, web: dict[str, t.Any]) -> None:
    group_id = modules.run("security_group", **web)["security_group"]["security_group_id"]
    made = modules.twice("security_group", security_group_id=group_id, name="shop")
    assert made["security_group"]["name"] == one(network)["SecurityGroupName"] == "shop"


def test_create_a_group_in_the_classic_network(modules: Modules, network: Network) -> None:
    refused = modules.run("security_group", name="old", network_type="classic", fails=True)
    assert refused["error_code"] == "InvalidVpcId.NotFound"
    network.local.set("ecs.classic_network", True)
    network.new_group("old")  # of the same name, in a VPC
    made = modules.twice("security_group", name="old", network_type="classic")["security_group"]
    assert (made["network_type"], made["vpc_id"]) == ("classic", "")
    found = modules.run("security_group_info", network_type="classic")["security_groups"]
    assert [group["security_group_id"] for group in found] == [made["security_group_id"]]


def test_choose_what_an_advanced_group_lets_out(modules: Modules, network: Network, web: dict[str, t.Any]) -> None:
    made = modules.twice("security_group", **web, type="advanced", outbound="allow")
    assert "warnings" not in made
    (rule,) = network.rules(made["security_group"]["security_group_id"])
    assert (rule["Direction"], rule["IpProtocol"], rule["DestCidrIp"]) == ("egress", "ALL", "0.0.0.0/0")
    assert (rule["Policy"], rule["Priority"]) == ("Accept", "1")
    closed = modules.twice("security_group", **web, outbound="deny")["security_group"]
    assert closed["outbound"] == "deny"
    assert network.rules(closed["security_group_id"]) == []


def test_choose_what_a_basic_group_lets_out(modules: Modules, network: Network, web: dict[str, t.Any]) -> None:
    """Without rules it lets everything out, so that only forbidding needs some: of a priority that others can beat."""
    group = modules.run("security_group", **web, outbound="allow")["security_group"]["security_group_id"]
    assert network.rules(group) == []
    assert modules.twice("security_group", **web, outbound="deny")["security_group"]["outbound"] == "deny"
    shown = {(rule.get("DestCidrIp") or rule["Ipv6DestCidrIp"], rule["Policy"]) for rule in network.rules(group)}
    assert shown == {("0.0.0.0/0", "Drop"), ("::/0", "Drop")}
    assert {rule["Priority"] for rule in network.rules(group)} == {"100"}
    modules.twice("security_group", **web, outbound="allow")
    assert network.rules(group) == []


def test_delete_a_group(modules: Modules, network: Network, web: dict[str, t.Any]) -> None:
    modules.run("security_group", **web)
    assert modules.twice("security_group", **web, state="absent")["security_group"] is None
    assert not network.groups()


def test_a_run_without_change_costs_one_call(modules: Modules, network: Network, web: dict[str, t.Any]) -> None:
    modules.run("security_group", **web, tags={"a": 1})
    network.local.forget_requests()
    assert not modules.run("security_group", **web, tags={"a": 1})["changed"]
    assert network.local.counts() == {"ecs:DescribeSecurityGroups": 1}


# ---------------------------------------------------------------------- finding


def test_a_name_is_looked_up_to_the_last_page_and_within_the_vpc(
    modules: Modules, network: Network, web: dict[str, t.Any]
) -> None:
    network.local.set("ecs.security_groups", 200)
    for number in range(105):
        network.new_group(f"group{number}")
    other = network.new_vpc()
    wanted = network.new_group("web")
    network.new_group("web", other)
    made = modules.run("security_group", **web)
    assert not made["changed"]
    assert made["security_group"]["security_group_id"] == wanted
    refused = modules.run("security_group", name="web", fails=True)
    assert "2 security groups are named web" in refused["msg"]
    assert wanted in refused["msg"]
    assert len(modules.run("security_group_info", vpc_id=network.vpc)["security_groups"]) == 106


@pytest.mark.parametrize(("option", "value"), [("type", "enterprise"), ("vpc_id", "other")])
def test_what_cannot_be_changed_needs_replacement(modules: Modules, network: Network, option: str, value: str) -> None:
    group = network.new_group("web")
    options: dict[str, t.Any] = {option: network.new_vpc() if value == "other" else value}
    refused = modules.run("security_group", security_group_id=group, fails=True, **options)
    assert "needs replacement" in refused["msg"]


# ---------------------------------------------------------------------- deleting what is used


def test_what_still_uses_a_group_is_named(modules: Modules, network: Network, web: dict[str, t.Any]) -> None:
    group, other = network.new_own_group("web"), network.new_group("other")
    (instance,) = network.new_instances(group)
    interface = network.api.call("ecs", "CreateNetworkInterface", VSwitchId=network.vswitch, SecurityGroupIds=[group])[
        "NetworkInterfaceId"
    ]
    network.api.call(
        "ecs",
        "AuthorizeSecurityGroup",
        SecurityGroupId=other,
        Permissions=[{"IpProtocol": "tcp", "PortRange": "1/1", "SourceGroupId": group}],
    )
    foretold = modules.run("security_group", **web, state="absent", check=True)
    assert foretold["changed"]
    assert instance in json.dumps(foretold["warnings"])
    refused = modules.run("security_group", **web, state="absent", wait_timeout=1, fails=True)
    rule = f"{other} ingress accept tcp 1/1 from group {group} priority 1"
    assert f"1 instance ({instance}); 1 network interface ({interface}); " in refused["msg"]
    assert f"rules of 1 security group ({other}): {rule}." in refused["msg"]
    assert "ecs:DeleteSecurityGroup" not in network.local.counts()


def test_instances_that_are_just_gone_are_waited_for(modules: Modules, network: Network, web: dict[str, t.Any]) -> None:
    (instance,) = network.new_instances(network.new_own_group("web"))
    network.local.set("ecs.membership_linger_seconds", 1.5)
    network.api.call("ecs", "DeleteInstances", InstanceId=[instance], Force=True)
    modules.run("security_group", **web, state="absent")
    assert not network.groups()
    assert network.local.counts()["ecs:DeleteSecurityGroup"] > 1


def test_waiting_has_an_end(modules: Modules, network: Network, web: dict[str, t.Any]) -> None:
    (instance,) = network.new_instances(network.new_own_group("web"))
    network.local.set("ecs.membership_linger_seconds", 600)
    network.api.call("ecs", "DeleteInstances", InstanceId=[instance], Force=True)
    network.local.clock_advance(1)
    failed = modules.run("security_group", **web, state="absent", wait_timeout=2, fails=True)
    assert "DependencyViolation" in failed["msg"]
    assert "Raise wait_timeout" in failed["msg"]


# ---------------------------------------------------------------------- trouble


@pytest.mark.parametrize(
    "kind", ["throttling", "internal_error", "drop_before_commit", "drop_after_commit", "cut_body"]
)
def test_trouble_never_makes_a_second_group(
    modules: Modules, network: Network, web: dict[str, t.Any], kind: str
) -> None:
    network.local.fault(kind, "ecs:CreateSecurityGroup")
    made = modules.run("security_group", **web)
    assert made["security_group"]["security_group_id"] == one(network)["SecurityGroupId"]
    assert made["api_calls"]["ecs:CreateSecurityGroup"] == 2


def test_a_group_that_is_not_listed_yet_is_not_made_twice(
    modules: Modules, network: Network, web: dict[str, t.Any]
) -> None:
    # A run that broke off right after creating, and a cloud that shows new groups late.
    first = network.new_group("web", Tag=[{"Key": OWNER, "Value": "web"}])
    network.local.clock_advance(2)  # creation times are whole seconds, and which group is the older one must be plain
    network.local.fault("read_lag", "ecs:DescribeSecurityGroups", seconds=60, times=3)
    made = modules.run("security_group", **web)
    network.local.clear_faults()  # a lag that the module did not meet must not blur what the test looks at
    assert made["security_group"]["security_group_id"] == first == one(network)["SecurityGroupId"]


def test_a_broken_off_run_is_finished_by_the_next(modules: Modules, network: Network, web: dict[str, t.Any]) -> None:
    network.local.fault("error", "ecs:ModifySecurityGroupPolicy", code="Forbidden.RAM", status=403)
    failed = modules.run("security_group", **web, inner_access_policy="drop", fails=True)
    assert failed["steps_done"] == ["create security group web"]
    assert failed["steps_left"] == ["set inner access policy of security group web to drop"]
    assert "Already done: create security group web" in failed["msg"]
    done: Result = modules.run("security_group", **web, inner_access_policy="drop")
    assert done["steps"] == failed["steps_left"]
    assert one(network)["InnerAccessPolicy"] == "Drop"


# ---------------------------------------------------------------------- info


def test_query_groups(modules: Modules, network: Network) -> None:
    more: dict[str, t.Any] = {"tags": {"a": 1}, "inner_access_policy": "accept", "outbound": "allow"}
    made = modules.run("security_group", name="web", vpc_id=network.vpc, **more)["security_group"]
    modules.run("security_group", name="workers", vpc_id=network.vpc, type="advanced")
    modules.run(
        "sg_rule",
        security_group_id=made["security_group_id"],
        rules=[{"protocol": "tcp", "ports": 22, "cidr": "10.0.0.0/8"}],
    )

    def names(**options: t.Any) -> list[str]:
        return [group["name"] for group in modules.run("security_group_info", **options)["security_groups"]]

    assert names() == ["web", "workers"]
    assert names(name="web") == names(tags={"a": 1}) == names(type="basic") == ["web"]
    assert names(type="advanced") == ["workers"]
    assert names(network_type="vpc") == ["web", "workers"]
    assert names(network_type="classic") == []
    assert names(ids=[made["security_group_id"], "sg-gone"]) == ["web"]
    assert names(ids=[]) == names(vpc_id="vpc-other") == names(name="we") == []
    (found,) = modules.run("security_group_info", name="web", include_rules=True)["security_groups"]
    rules = found.pop("rules")
    assert found == made
    assert [rule["ports"] for rule in rules] == ["22/22"]
    again = modules.run("sg_rule", security_group_id=made["security_group_id"], rules=rules, state="exact")
    assert not again["changed"]


# ---------------------------------------------------------------------- what others made


@pytest.fixture
def theirs(network: Network) -> str:
    """A group that was made by hand, with a rule."""
    group = network.new_group("corp-sg", Tag=[{"Key": "team", "Value": "theirs"}])
    permission = {"IpProtocol": "tcp", "PortRange": "443/443", "SourceCidrIp": "0.0.0.0/0"}
    network.api.call("ecs", "AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[permission])
    return group


@pytest.mark.parametrize("by_id", [False, True], ids=["name", "id"])
def test_what_others_made_is_deleted_only_when_adopted(
    modules: Modules, network: Network, theirs: str, by_id: bool
) -> None:
    chosen: dict[str, t.Any] = {"security_group_id": theirs} if by_id else {"name": "corp-sg", "vpc_id": network.vpc}
    before = network.groups()
    for check in (True, False):
        failed = modules.run("security_group", **chosen, state="absent", check=check, fails=True)
        assert "does not carry the tag alitrust.ecs:owner" in failed["msg"]
        assert "adopt: true" in failed["msg"]
        kept = modules.run("security_group", **chosen, state="absent", leave_others=True, check=check)
        assert not kept["changed"]
        assert f"security group corp-sg ({theirs}) stays" in kept["kept"][0]
        assert kept["security_group"]["security_group_id"] == theirs
    assert network.groups() == before
    modules.twice("security_group", **chosen, state="absent", adopt=True)


def test_what_others_made_is_used_as_it_is(modules: Modules, network: Network, theirs: str) -> None:
    wanted: dict[str, t.Any] = {"name": "corp-sg", "vpc_id": network.vpc, "description": "Ours now", "outbound": "deny"}
    before = network.groups()
    used = modules.run("security_group", **wanted, type="advanced", leave_others=True)
    assert not used["changed"]
    assert used["kept"] == ["Using the existing security group corp-sg; it is left as it is."]
    assert used["security_group"]["security_group_id"] == theirs
    assert network.groups() == before
    made = modules.twice("security_group", **wanted, adopt=True)
    assert made["security_group"]["tags"] == {"team": "theirs", OWNER: "corp-sg"}


def test_what_is_still_used_stays(modules: Modules, network: Network, web: dict[str, t.Any]) -> None:
    group, other = network.new_own_group("web"), network.new_group("other")
    (instance,) = network.new_instances(group)
    permission = {"IpProtocol": "tcp", "PortRange": "1/1", "SourceGroupId": group}
    network.api.call("ecs", "AuthorizeSecurityGroup", SecurityGroupId=other, Permissions=[permission])
    said = []
    for check in (True, False):
        kept = modules.run("security_group", **web, state="absent", leave_others=True, check=check)
        assert not kept["changed"]
        said.append(kept["kept"])
    assert said[0] == said[1]
    assert f"1 instance ({instance}); rules of 1 security group ({other})" in said[0][0]

    # Once all of them would be gone, or would have let go, a check run says so.
    rules = modules.run("sg_rule", security_group_id=other, state="exact", adopt=True, rules=[], check=True)
    moved = modules.run("sg_member", state="exact", security_group_ids=[other], instance_ids=[instance], check=True)
    known = [*rules["foretold"], *moved["foretold"]]
    left = modules.run("security_group", **web, state="absent", leave_others=True, check=True, foretold=known)
    assert left["changed"], left
    back = modules.run(
        "security_group",
        security_group_id=other,
        state="absent",
        leave_others=True,
        adopt=True,
        check=True,
        foretold=known,
    )
    assert f"1 instance ({instance})" in back["kept"][0]


# ---------------------------------------------------------------------- check runs


def test_a_check_run_hands_on_what_would_be_there(modules: Modules, network: Network) -> None:
    vpc = modules.run("vpc", name="net", cidr_block="10.0.0.0/8", check=True)
    known = vpc["foretold"]
    for chosen in ({"vpc_id": vpc["vpc"]["vpc_id"]}, {"vpc": "net"}):
        wanted: dict[str, t.Any] = {"name": "web", **chosen, "type": "advanced", "outbound": "allow"}
        made = modules.run("security_group", **wanted, check=True, foretold=known)
        group = made["security_group"]
        assert group["security_group_id"].startswith("sg-foretold-web-")
        assert group["vpc_id"] == vpc["vpc"]["vpc_id"]
        later = [*known, *made["foretold"]]
        assert not modules.run("security_group", **wanted, check=True, foretold=later)["changed"]
        (read,) = modules.run("security_group_info", **chosen, include_rules=True, check=True, foretold=later)[
            "security_groups"
        ]
        assert (read["name"], read["type"], read["outbound"]) == ("web", "enterprise", "allow")
        gone = modules.run("security_group", name="web", **chosen, state="absent", check=True, foretold=later)
        assert gone["changed"]
        later += gone["foretold"]
        assert modules.run("security_group_info", **chosen, check=True, foretold=later)["security_groups"] == []
        again = modules.run("security_group", **wanted, check=True, foretold=later)
        assert again["changed"]
    assert network.groups() == []


def test_a_check_run_hands_on_what_would_be_changed(modules: Modules, network: Network, theirs: str) -> None:
    renamed = modules.run("security_group", security_group_id=theirs, name="web", adopt=True, check=True)
    known = renamed["foretold"]
    found = modules.run("security_group_info", check=True, foretold=known)["security_groups"]
    assert [(one["name"], one["tags"]) for one in found] == [("web", {"team": "theirs", OWNER: "corp-sg"})]
    gone = modules.run("security_group", name="web", vpc_id=network.vpc, state="absent", check=True, foretold=known)
    assert gone["changed"], "adopted by the task before"


@pytest.mark.parametrize("check", [True, False])
def test_a_vpc_that_is_not_there(modules: Modules, network: Network, check: bool) -> None:
    failed = modules.run("security_group", name="web", vpc_id="vpc-nope", check=check, fails=True)
    assert "There is no VPC vpc-nope in cn-hangzhou" in failed["msg"]
    failed = modules.run("security_group", name="web", vpc="nope", check=check, fails=True)
    assert "There is no VPC named nope in cn-hangzhou" in failed["msg"]
    missing: list[dict[str, t.Any]] = [{"vpc_id": "vpc-nope"}, {"vpc": "nope"}]
    for chosen in missing:
        assert not modules.run("security_group", name="web", **chosen, state="absent", check=check)["changed"]
    for reader in ("security_group_info", "sg_rule_info"):
        assert "no VPC named nope" in modules.run(reader, vpc="nope", check=check, fails=True)["msg"]


def test_a_vpc_is_named(modules: Modules, network: Network) -> None:
    made = modules.run("vpc", name="net", cidr_block="10.0.0.0/8")["vpc"]["vpc_id"]
    group = modules.twice("security_group", name="web", vpc="net")["security_group"]
    assert group["vpc_id"] == made
    network.new_group("web")
    read = modules.run("security_group_info", name="web", vpc="net")["security_groups"]
    assert [one["security_group_id"] for one in read] == [group["security_group_id"]]
    modules.twice("security_group", name="copy", vpc="net", clone_from={"name": "web", "vpc": "net"})
    modules.twice("security_group", name="web", vpc="net", state="absent")
    assert len(network.groups()) == 2
