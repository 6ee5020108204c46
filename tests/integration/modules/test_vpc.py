# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vpc against the local cloud."""

from __future__ import annotations

import json
import typing as t

import pytest
from modules.network import Network

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


def test_a_run_without_change_costs_two_calls(quick: Modules) -> None:
    quick.run("vpc", **FLEET)
    quick.cloud.forget_requests()
    assert not quick.run("vpc", **FLEET)["changed"]
    assert quick.cloud.counts() == {"vpc:DescribeVpcs": 1, "vpc:DescribeVSwitches": 1}


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


def test_a_network_of_somebody_else_is_deleted_only_by_its_id(modules: Modules) -> None:
    network = Network(modules)
    network.api.call("vpc", "CreateVpc", CidrBlock="10.0.0.0/8", VpcName="theirs")
    network.local.clock_advance(10)
    assert "did not make it" in modules.run("vpc", name="theirs", state="absent", fails=True)["msg"]
    refused = modules.run("vpc", vpc_id=network.vpc, state="absent", fails=True)
    assert network.vswitch in refused["msg"]
    network.api.call("vpc", "DeleteVSwitch", VSwitchId=network.vswitch)
    modules.twice("vpc", vpc_id=network.vpc, state="absent")


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
