# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sg_member against the local cloud."""

from __future__ import annotations

import json
import typing as t

import pytest
from modules.network import Network

if t.TYPE_CHECKING:
    from modules.harness import Modules


@pytest.fixture
def network(modules: Modules) -> Network:
    return Network(modules)


@pytest.fixture
def first(network: Network) -> str:
    return network.new_group("first")


def groups_of(network: Network, one: str) -> set[str]:
    kind, key = ("instance", "InstanceId") if one.startswith("i-") else ("eni", "NetworkInterfaceId")
    (found,) = [record for record in network.local.resources(kind) if record[key] == one]
    return set(found["SecurityGroupIds"])


def new_interface(network: Network, *groups: str) -> str:
    made = network.api.call("ecs", "CreateNetworkInterface", VSwitchId=network.vswitch, SecurityGroupIds=list(groups))
    return str(made["NetworkInterfaceId"])


def test_join_a_group(modules: Modules, network: Network, first: str) -> None:
    second = network.new_group("second")
    (one, other), interface = network.new_instances(first, 2), new_interface(network, first)
    made = modules.twice(
        "sg_member",
        security_group_ids=[second],
        instance_ids=[one, other, one],
        network_interface_ids=[interface],
    )
    assert [groups_of(network, member) for member in (one, other, interface)] == [{first, second}] * 3
    assert [member["instance_id"] for member in made["members"]] == [one, other, None]
    assert made["steps"][0] == f"put 2 instances ({one}, {other}) into {first}, {second}"
    assert made["diff"]["before"][one] == [first]


def test_leave_a_group(modules: Modules, network: Network, first: str) -> None:
    second = network.new_group("second")
    (instance,) = network.new_instances("", SecurityGroupIds=[first, second], SecurityGroupId=None)
    interface = new_interface(network, first, second)
    leaving: dict[str, t.Any] = {"state": "absent", "security_group_ids": [first]}
    modules.twice("sg_member", **leaving, instance_ids=[instance], network_interface_ids=[interface])
    assert groups_of(network, instance) == groups_of(network, interface) == {second}
    refused = modules.run("sg_member", state="absent", security_group_ids=[second], instance_ids=[instance], fails=True)
    assert f"{instance}: it would be in no group" in refused["msg"]
    gone = modules.run("sg_member", **leaving, instance_ids=["i-gone", instance])
    assert not gone["changed"]
    assert "i-gone" in json.dumps(gone["warnings"])


def test_replace_groups(modules: Modules, network: Network, first: str) -> None:
    """Of basic groups by an advanced one, for many at once, with one call each and never without a group."""
    advanced = network.new_group("advanced", SecurityGroupType="enterprise")
    instances, interface = network.new_instances(first, 2), new_interface(network, first)
    everybody: dict[str, t.Any] = {"instance_ids": instances, "network_interface_ids": [interface]}
    mixed = modules.run("sg_member", security_group_ids=[advanced], **everybody, fails=True)
    assert "state exact replaces groups of one type by those of the other" in mixed["msg"]
    assert len(mixed["refused"]) == 3
    made = modules.twice("sg_member", state="exact", security_group_ids=[advanced], **everybody)
    assert {frozenset(groups_of(network, one)) for one in [*instances, interface]} == {frozenset({advanced})}
    calls = made["api_calls"]
    assert [calls["ecs:ModifyInstanceAttribute"], calls["ecs:ModifyNetworkInterfaceAttribute"]] == [2, 1]
    back = modules.twice("sg_member", state="exact", security_group_ids=[first], **everybody)
    assert [member["security_group_ids"] for member in back["members"]] == [[first]] * 3


def test_everything_that_is_wrong_is_said_at_once(modules: Modules, network: Network, first: str) -> None:
    elsewhere = network.new_group("elsewhere", network.new_vpc())
    advanced = network.new_group("advanced", SecurityGroupType="enterprise")
    more = [network.new_group(f"group{number}") for number in range(3)]
    (free, full), interface = network.new_instances(first, 2), new_interface(network, advanced)
    network.api.call("ecs", "ModifyInstanceAttribute", InstanceId=full, SecurityGroupIds=[first, *more])
    network.local.forget_requests()
    refused = modules.run(
        "sg_member",
        security_group_ids=[elsewhere, more[0], "sg-gone"],
        instance_ids=[free, full, "i-gone"],
        network_interface_ids=[interface],
        fails=True,
    )
    text = "\n".join(refused["refused"])
    assert "i-gone: it does not exist" in text
    assert "sg-gone: there is no such security group" in text
    assert f"{free}: {elsewhere} is in VPC" in text
    assert f"{full}: it would be in 6 groups; at most 5" in text
    assert f"{interface}: basic and advanced groups cannot be mixed" in text
    assert not [name for name in network.local.counts() if "Modify" in name]


def test_more_than_five_groups_with_a_raised_quota(modules: Modules, network: Network, first: str) -> None:
    network.local.set("ecs.groups_per_interface", 10)
    more = [network.new_group(f"group{number}") for number in range(5)]
    (instance,) = network.new_instances(first)
    modules.run("sg_member", security_group_ids=more, instance_ids=[instance], max_groups=6)
    assert groups_of(network, instance) == {first, *more}


def test_a_primary_interface_stands_for_its_instance(modules: Modules, network: Network, first: str) -> None:
    second = network.new_group("second")
    (instance,) = network.new_instances(first)
    (interface,) = network.local.resources("eni")
    made = modules.twice(
        "sg_member", security_group_ids=[second], network_interface_ids=[interface["NetworkInterfaceId"]]
    )
    assert made["api_calls"]["ecs:ModifyInstanceAttribute"] == 1
    assert [member["instance_id"] for member in made["members"]] == [instance]
    assert groups_of(network, instance) == {first, second}


def test_who_is_refused_is_named_and_the_others_are_changed(modules: Modules, network: Network, first: str) -> None:
    second = network.new_group("second")
    one, other = network.new_instances(first, 2)
    network.local.fault("error", "ecs:ModifyInstanceAttribute", code="InstanceLockedForSecurity", status=403, times=1)
    task: dict[str, t.Any] = {"security_group_ids": [second], "instance_ids": [one, other]}
    failed = modules.run("sg_member", **task, fails=True)
    assert [item["id"] for item in failed["failed_items"]] == [one]
    assert [groups_of(network, one), groups_of(network, other)] == [{first}, {first, second}]
    assert modules.run("sg_member", **task)["steps"] == [f"put 1 instance ({one}) into {first}, {second}"]


def test_a_change_that_shows_late_is_waited_for(modules: Modules, network: Network, first: str) -> None:
    second = network.new_group("second")
    (instance,) = network.new_instances(first)
    task: dict[str, t.Any] = {"security_group_ids": [second], "instance_ids": [instance]}
    network.local.clock_advance(60)
    network.local.fault("read_lag", "ecs:DescribeInstances", seconds=30, times=3)
    made = modules.run("sg_member", **task)
    assert made["members"][0]["security_group_ids"] == sorted([first, second])
    assert made["api_calls"]["ecs:DescribeInstances"] == 4


def test_in_the_classic_network_groups_are_joined_and_left(modules: Modules, network: Network, first: str) -> None:
    network.local.set("ecs.classic_network", True)
    old, new = (
        modules.run("security_group", name=name, network_type="classic")["security_group"]["security_group_id"]
        for name in ("old", "new")
    )
    (instance,) = network.new_instances(first)
    (record,) = network.local.resources("instance")
    data = {**record, "VpcId": "", "VSwitchId": "", "SecurityGroupIds": [old]}
    network.local.preload([{"kind": "instance", "id": instance, "region": modules.region, "data": data}])
    task: dict[str, t.Any] = {"state": "exact", "instance_ids": [instance]}
    refused = modules.run("sg_member", **task, security_group_ids=[first], fails=True)
    assert "it is in the classic network" in refused["msg"]
    made = modules.twice("sg_member", **task, security_group_ids=[new])
    assert made["steps"] == [f"instance {instance} joins {new}", f"instance {instance} leaves {old}"]
    assert groups_of(network, instance) == {new}


def test_groups_are_named_in_the_vpc_of_the_members(modules: Modules, network: Network, first: str) -> None:
    group = network.new_group("shop")
    network.new_group("shop", vpc=network.new_vpc())
    (one,) = network.new_instances(first)
    modules.twice("sg_member", security_groups=["shop"], instance_ids=[one])
    assert groups_of(network, one) == {first, group}
    modules.twice("sg_member", security_groups=["shop"], instance_ids=[one], state="absent")
    assert not modules.run("sg_member", security_groups=["nonesuch"], instance_ids=[one], state="absent")["changed"]
    for check in (True, False):
        failed = modules.run("sg_member", security_groups=["nonesuch"], instance_ids=[one], check=check, fails=True)
        assert f"There is no security group nonesuch in {network.vpc}" in failed["msg"]


def test_a_check_run_knows_what_is_not_there_yet(modules: Modules, network: Network, first: str) -> None:
    (one,) = network.new_instances(first)
    made = modules.run("security_group", name="new", vpc_id=network.vpc, check=True)
    group, known = made["security_group"]["security_group_id"], made["foretold"]
    moved = modules.run(
        "sg_member", state="exact", security_group_ids=[group], instance_ids=[one], check=True, foretold=known
    )
    assert moved["members"][0]["security_group_ids"] == [group]
    known += moved["foretold"]
    assert not modules.run(
        "sg_member", state="exact", security_groups=["new"], instance_ids=[one], check=True, foretold=known
    )["changed"]
    account = {"account": modules.door().connection.account, "region": modules.region, "kind": "instance"}
    new = {"vpc_id": network.vpc, "security_group_ids": [group], "gone": False}
    known += [
        {**account, "id": "i-foretold-web-1a2b3c", "name": "web", **new},
        {**account, "id": one, "name": one, "gone": True},
    ]
    joined = modules.run(
        "sg_member", security_group_ids=[first], instance_ids=["i-foretold-web-1a2b3c"], check=True, foretold=known
    )
    assert joined["members"][0]["security_group_ids"] == sorted([first, group])
    gone = modules.run(
        "sg_member", security_group_ids=[first], instance_ids=[one], check=True, foretold=known, fails=True
    )
    assert f"{one}: it does not exist in this region" in gone["msg"]
    elsewhere = modules.run("vpc", name="far", cidr_block="10.0.0.0/8", check=True)
    far = modules.run("security_group", name="far", vpc="far", check=True, foretold=elsewhere["foretold"])
    refused = modules.run(
        "sg_member",
        security_group_ids=[far["security_group"]["security_group_id"]],
        instance_ids=["i-foretold-web-1a2b3c"],
        check=True,
        fails=True,
        foretold=[*known, *elsewhere["foretold"], *far["foretold"]],
    )
    assert "is in VPC vpc-foretold-far-" in refused["msg"]
