# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vpc against the local cloud."""

from __future__ import annotations

import json
import typing as t

import pytest
from modules.network import Network

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud
from ansible_collections.alitrust.ecs.plugins.module_utils._core import twins

if t.TYPE_CHECKING:
    from modules.harness import Modules

OWNER = "alitrust.ecs:owner"
FLEET: dict[str, t.Any] = {
    "name": "fleet",
    "cidr_block": "172.16.0.0/16",
    "vswitches": [
        {"name": "fleet-h", "zone_id": "cn-hangzhou-h", "cidr_block": "172.16.0.0/24"},
        {"name": "fleet-i", "zone_id": "cn-hangzhou-i", "cidr_block": "172.16.1.0/24"},
    ],
}


@pytest.fixture
def quick(modules: Modules) -> Modules:
    """A cloud in which a network is made at once."""
    modules.cloud.set("vpc.pending_seconds", 0.05)
    return modules


def test_makes_a_network_and_takes_it_down(quick: Modules) -> None:
    made = quick.twice("vpc", **FLEET, tags={"a": 1})["vpc"]
    assert (made["name"], made["cidr_block"], made["status"]) == ("fleet", "172.16.0.0/16", "Available")
    assert made["tags"] == {OWNER: "fleet", "a": "1"}
    assert [(one["name"], one["zone_id"], one["status"]) for one in made["vswitches"]] == [
        ("fleet-h", "cn-hangzhou-h", "Available"),
        ("fleet-i", "cn-hangzhou-i", "Available"),
    ]
    assert quick.twice("vpc", name="fleet", state="absent")["vpc"] is None
    assert not quick.cloud.resources("vpc")
    assert not quick.cloud.resources("vswitch")


def test_a_run_without_change_costs_two_calls(quick: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twins, "_SHOWS", 0.0)  # as if it were there for longer than that
    quick.run("vpc", **FLEET)
    quick.cloud.forget_requests()
    assert not quick.run("vpc", **FLEET)["changed"]
    assert quick.cloud.counts() == {"vpc:DescribeVpcs": 1, "vpc:DescribeVSwitches": 1}


def test_the_vswitches_of_a_vpc_that_somebody_begins_to_use_are_there_again(
    quick: Modules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes whole or not at all."""
    quick.run("vpc", **FLEET)
    (vpc,) = quick.cloud.resources("vpc")
    call, others = Cloud.call, quick.door()

    def watched(cloud: Cloud, product: str, action: str, params: t.Any = None, /, **more: t.Any) -> t.Any:
        answer = call(cloud, product, action, params, **more)
        if action == "DeleteVSwitch" and len(quick.cloud.resources("vswitch")) == 1:
            call(others, "ecs", "CreateSecurityGroup", VpcId=vpc["VpcId"], SecurityGroupName="theirs")
        return answer

    monkeypatch.setattr(Cloud, "call", watched)
    failed = quick.run("vpc", name="fleet", state="absent", fails=True)
    assert "is still used by 1 security group (theirs" in failed["msg"]
    assert "Somebody else has begun to use it at the same time." in failed["msg"]
    assert "vSwitch fleet-h is there again" in failed["msg"]
    monkeypatch.undo()
    quick.cloud.clock_advance(10)
    there = quick.run("vpc", **FLEET)
    assert not there["changed"], there["steps"]
    assert [one["VSwitchName"] for one in quick.cloud.resources("vswitch")].count("fleet-h") == 1


def test_adds_a_vswitch_and_changes_tags(quick: Modules) -> None:
    quick.run("vpc", **{**FLEET, "vswitches": FLEET["vswitches"][:1]}, tags={"a": 1, "b": 2})
    made = quick.twice("vpc", **FLEET, tags={"a": 3})
    assert made["steps"] == ["create vSwitch fleet-i in VPC fleet", "change tags of VPC fleet"]
    assert made["vpc"]["tags"] == {OWNER: "fleet", "a": "3"}
    assert not quick.run("vpc", name="fleet")["changed"]


def test_waits_for_what_is_pending(modules: Modules) -> None:
    made = modules.run("vpc", **FLEET)
    assert {one["status"] for one in [made["vpc"], *made["vpc"]["vswitches"]]} == {"Available"}
    modules.cloud.set("vpc.pending_seconds", 600)
    failed = modules.run("vpc", name="slow", cidr_block="10.0.0.0/8", wait_timeout=1, fails=True)
    assert "VPC slow to be Available; last seen: Pending" in failed["msg"]


def test_nothing_is_deleted_while_the_network_is_used(quick: Modules) -> None:
    made = quick.run("vpc", **FLEET)["vpc"]
    quick.run("security_group", name="web", vpc_id=made["vpc_id"])
    foretold = quick.run("vpc", name="fleet", state="absent", check=True)
    assert "still used by 1 security group (web" in json.dumps(foretold["warnings"])
    refused = quick.run("vpc", name="fleet", state="absent", wait_timeout=1, fails=True)
    assert "still used by 1 security group (web" in refused["msg"]
    assert refused["steps_done"] == []
    quick.run("security_group", name="web", vpc_id=made["vpc_id"], state="absent")
    quick.run("vpc", name="fleet", state="absent")


@pytest.mark.parametrize("by_id", [False, True], ids=["name", "id"])
def test_a_network_of_somebody_else_is_deleted_only_when_adopted(modules: Modules, by_id: bool) -> None:
    network = Network(modules)
    there = theirs(network)
    chosen = {"vpc_id": there["VpcId"]} if by_id else {"name": "theirs"}
    for check in (True, False):
        failed = modules.run("vpc", **chosen, state="absent", check=check, fails=True)
        assert "does not carry the tag alitrust.ecs:owner" in failed["msg"]
        assert "adopt: true" in failed["msg"]
        kept = modules.run("vpc", **chosen, state="absent", leave_others=True, check=check)
        assert not kept["changed"]
        assert "VPC theirs" in kept["kept"][0]
        assert kept["vpc"]["vpc_id"] == there["VpcId"]
    assert theirs(network) == there
    modules.twice("vpc", **chosen, state="absent", adopt=True)


def theirs(network: Network) -> dict[str, t.Any]:
    """A VPC that was made by hand, with a vSwitch, as the cloud keeps it."""
    if not any(one["VpcName"] == "theirs" for one in network.local.resources("vpc")):
        made = network.api.call("vpc", "CreateVpc", CidrBlock="10.0.0.0/8", VpcName="theirs")["VpcId"]
        network.local.clock_advance(10)
        block = {"ZoneId": "cn-hangzhou-h", "CidrBlock": "10.0.0.0/24", "VSwitchName": "theirs"}
        network.api.call("vpc", "CreateVSwitch", block, VpcId=made)
        network.local.clock_advance(10)
    (vpc,) = (one for one in network.local.resources("vpc") if one["VpcName"] == "theirs")
    inside = [one for one in network.local.resources("vswitch") if one["VpcId"] == vpc["VpcId"]]
    return {**vpc, "vswitches": inside}


def test_a_network_of_somebody_else_is_used_as_it_is(modules: Modules) -> None:
    network = Network(modules)
    there = theirs(network)
    switch = {"name": "theirs", "zone_id": "cn-hangzhou-h", "cidr_block": "10.0.0.0/24"}
    wanted: dict[str, t.Any] = {"name": "theirs", "vswitches": [switch], "tags": {"a": 1}}
    used = modules.run("vpc", **wanted, leave_others=True)
    assert not used["changed"]
    assert used["kept"] == [f"Using the existing VPC theirs ({there['VpcId']}); it is left as it is."]
    lacking = {**wanted, "vswitches": [{**switch, "name": "web", "cidr_block": "10.0.1.0/24"}]}
    for check in (True, False):
        failed = modules.run("vpc", **lacking, leave_others=True, check=check, fails=True)
        assert "has no vSwitch web (it has: theirs)" in failed["msg"]
    assert theirs(network) == there
    adopted = modules.twice("vpc", **wanted, adopt=True)["vpc"]
    assert adopted["tags"] == {OWNER: "theirs", "a": "1"}
    assert adopted["vswitches"][0]["tags"] == {OWNER: "theirs"}


def test_a_network_that_others_use_stays(modules: Modules) -> None:
    network = Network(modules)
    made = modules.run("vpc", **FLEET)["vpc"]
    group = network.new_group("corp", vpc=made["vpc_id"])
    ours = modules.run("security_group", name="fleet", vpc_id=made["vpc_id"])["security_group"]["security_group_id"]
    switch = made["vswitches"][0]["vswitch_id"]
    kept = modules.run("vpc", name="fleet", state="absent", leave_others=True)
    assert not kept["changed"]
    (sentence,) = kept["kept"]
    assert f"2 security groups (corp {group}, fleet {ours})" in sentence
    assert kept["summary"] == sentence
    (one,) = network.new_instances(group, VSwitchId=switch)
    interface = network.api.call("ecs", "CreateNetworkInterface", VSwitchId=switch, SecurityGroupId=ours)
    for check in (True, False):
        (sentence,) = modules.run("vpc", name="fleet", state="absent", leave_others=True, check=check)["kept"]
        assert f"1 instance ({one}); 1 network interface ({interface['NetworkInterfaceId']})" in sentence
    # In a check run all that would be gone by now; a vSwitch of somebody else would not.
    account = modules.door().connection.account
    foretold = [
        {"kind": kind, "region": modules.region, "id": key, "name": key, "gone": True, "account": account}
        for kind, key in (("instance", one), ("security_group", group), ("security_group", ours))
    ]
    network.api.call("ecs", "DeleteNetworkInterface", NetworkInterfaceId=interface["NetworkInterfaceId"])
    gone = modules.run("vpc", name="fleet", state="absent", leave_others=True, check=True, foretold=foretold)
    assert gone["changed"]
    network.api.call(
        "vpc", "CreateVSwitch", VpcId=made["vpc_id"], ZoneId="cn-hangzhou-h", CidrBlock="172.16.9.0/24", VSwitchName="x"
    )
    kept = modules.run("vpc", name="fleet", state="absent", leave_others=True, check=True, foretold=foretold)
    assert "it is still used by vSwitches of others: x (vsw-" in kept["kept"][0]


# ---------------------------------------------------------------------- check runs


def test_a_check_run_hands_on_what_would_be_there(quick: Modules) -> None:
    first = quick.run("vpc", **FLEET, check=True)
    vpc_id = first["vpc"]["vpc_id"]
    assert vpc_id.startswith("vpc-foretold-fleet-")
    switches = {one["name"]: one for one in first["vpc"]["vswitches"]}
    assert switches["fleet-h"]["vswitch_id"].startswith("vsw-foretold-fleet-h-")
    known = first["foretold"]
    again = quick.run("vpc", **FLEET, check=True, foretold=known)
    assert not again["changed"], again
    read = quick.run("vpc_info", names=["fleet"], check=True, foretold=known)["vpcs"]
    assert [(one["vpc_id"], len(one["vswitches"])) for one in read] == [(vpc_id, 2)]
    assert {one["available_ip_address_count"] for one in read[0]["vswitches"]} == {252}
    gone = quick.run("vpc", name="fleet", state="absent", check=True, foretold=known)
    assert gone["changed"]
    assert quick.run("vpc_info", check=True, foretold=[*known, *gone["foretold"]])["vpcs"] == []
    refused = quick.run("vpc", vpc_id=vpc_id, fails=True)
    assert "stands for something that a task in check mode would have made" in refused["msg"]
    assert quick.cloud.resources("vpc") == []


def test_a_check_run_adds_to_what_is_there(quick: Modules) -> None:
    made = quick.run("vpc", **{**FLEET, "vswitches": FLEET["vswitches"][:1]})["vpc"]
    first = quick.run("vpc", **FLEET, tags={"a": 1}, check=True)
    ids = [one["vswitch_id"] for one in first["vpc"]["vswitches"]]
    assert ids[0] == made["vswitches"][0]["vswitch_id"]
    assert ids[1].startswith("vsw-foretold-fleet-i-")
    known = first["foretold"]
    assert not quick.run("vpc", **FLEET, tags={"a": 1}, check=True, foretold=known)["changed"]
    (read,) = quick.run("vpc_info", tags={"a": 1}, check=True, foretold=known)["vpcs"]
    assert [one["vswitch_id"] for one in read["vswitches"]] == ids


# ---------------------------------------------------------------------- reading


def test_read_networks(quick: Modules) -> None:
    fleet = quick.run("vpc", **FLEET, tags={"service": "shop"})["vpc"]
    other = quick.run("vpc", name="other", cidr_block="10.0.0.0/8")["vpc"]
    assert quick.run("vpc_info")["vpcs"] == [fleet, other]
    assert quick.run("vpc_info")["summary"] == "2 VPCs"
    for chosen in ({"names": ["fleet", "nonesuch"]}, {"vpc_ids": [fleet["vpc_id"]]}, {"tags": {"service": "shop"}}):
        quick.cloud.forget_requests()
        assert quick.run("vpc_info", **chosen)["vpcs"] == [fleet]
        assert quick.cloud.counts()["vpc:DescribeVSwitches"] == 1
    assert quick.run("vpc_info", names=["fleet"], vpc_ids=[other["vpc_id"]])["vpcs"] == []
    nothings: list[dict[str, t.Any]] = [
        {"names": []},
        {"vpc_ids": []},
        {"vpc_ids": ["vpc-nope"]},
        {"tags": {"service": "web"}},
    ]
    for nothing in nothings:
        assert quick.run("vpc_info", **nothing)["vpcs"] == []


def test_free_addresses_are_counted(modules: Modules) -> None:
    network = Network(modules)
    before = modules.run("vpc_info")["vpcs"][0]["vswitches"][0]["available_ip_address_count"]
    network.new_instances(network.new_group(), 3)
    after = modules.run("vpc_info")["vpcs"][0]["vswitches"][0]["available_ip_address_count"]
    assert (before, after) == (4092, 4089)


def test_an_ambiguous_name_is_an_error(modules: Modules) -> None:
    network = Network(modules)
    for _number in range(2):
        network.api.call("vpc", "CreateVpc", CidrBlock="10.0.0.0/8", VpcName="fleet")
    assert "2 VPCs are named fleet" in modules.run("vpc", **FLEET, fails=True)["msg"]


@pytest.mark.parametrize("kind", ["throttling", "internal_error", "drop_before_commit", "drop_after_commit"])
def test_trouble_never_makes_a_second_network(quick: Modules, kind: str) -> None:
    for operation in ("CreateVpc", "CreateVSwitch"):
        quick.cloud.fault(kind, f"vpc:{operation}")
    quick.run("vpc", **FLEET)
    assert len(quick.cloud.resources("vpc")) == 1
    assert len(quick.cloud.resources("vswitch")) == 2


def test_what_is_not_listed_yet_is_not_made_twice(modules: Modules) -> None:
    # A run that broke off right after creating, and a cloud that shows what is new late.
    network = Network(modules)
    tags = [{"Key": OWNER, "Value": "fleet"}]
    first = network.api.call("vpc", "CreateVpc", CidrBlock=FLEET["cidr_block"], VpcName="fleet", Tag=tags)["VpcId"]
    network.local.clock_advance(10)
    switch = FLEET["vswitches"][0]
    network.api.call(
        "vpc",
        "CreateVSwitch",
        VpcId=first,
        VSwitchName=switch["name"],
        ZoneId=switch["zone_id"],
        CidrBlock=switch["cidr_block"],
        Tag=tags,
    )
    network.local.fault("read_lag", "vpc:DescribeVpcs", seconds=3600, times=1)
    network.local.fault("read_lag", "vpc:DescribeVSwitches", seconds=3600, times=2)
    made = modules.run("vpc", **FLEET)["vpc"]
    assert made["vpc_id"] == first
    assert [one["name"] for one in made["vswitches"]] == ["fleet-h", "fleet-i"]
    assert len(modules.cloud.resources("vswitch")) == 3  # with the one of another network


def test_a_broken_off_run_is_finished_by_the_next(quick: Modules) -> None:
    quick.cloud.fault("error", "vpc:CreateVSwitch", code="Forbidden.RAM", status=403)
    failed = quick.run("vpc", **FLEET, fails=True)
    assert failed["steps_done"] == ["create VPC fleet"]
    assert quick.run("vpc", **FLEET)["steps"] == failed["steps_left"]
