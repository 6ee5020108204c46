# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.ddos_threshold, its info twin and ddos_info against the local cloud."""

from __future__ import annotations

import typing as t

import pytest
from modules.harness import CheckRun, Modules
from modules.network import Network

SET = "antiddos-public:ModifyIpDefenseThreshold"
READ = "antiddos-public:DescribeDdosThreshold"
EVENTS = "antiddos-public:DescribeDdosEventList"
#: of ecs.g7.large
MOST = {"max_mbps": 2048, "max_pps": 900_000}
BY_HAND: dict[str, t.Any] = {"mbps": 100, "pps": 20_000}


class Fleet:
    """Three instances: with an address of its own, with an EIP, with none; and an EIP that none has."""

    def __init__(self, modules: Modules) -> None:
        network = Network(modules)
        self.modules, self.cloud, self.door = modules, modules.cloud, modules.door()
        group = network.new_group("web")
        (self.own,) = network.new_instances(group, InternetMaxBandwidthOut=5, InstanceName="web-1")
        self.elastic, self.none = network.new_instances(group, 2)
        self.eip, self.eip_address = self.allocate()
        self.spare, self.spare_address = self.allocate()
        self.door.call("vpc", "AssociateEipAddress", AllocationId=self.eip, InstanceId=self.elastic)
        self.cloud.clock_advance(5)
        (found,) = (one for one in self.cloud.resources("instance") if one["InstanceId"] == self.own)
        self.address = found["PublicIpAddress"]
        self.cloud.forget_requests()

    def allocate(self) -> tuple[str, str]:
        made = self.door.call("vpc", "AllocateEipAddress")
        return made["AllocationId"], made["EipAddress"]

    @property
    def ids(self) -> list[str]:
        return [self.own, self.elastic, self.none]

    def thresholds(self) -> dict[str, tuple[bool, int, int]]:
        found = self.modules.run("ddos_threshold_info")["thresholds"]
        return {one["address"]: (one["automatic"], one["mbps"], one["pps"]) for one in found}


@pytest.fixture
def fleet(modules: Modules) -> Fleet:
    return Fleet(modules)


# ---------------------------------------------------------------------- thresholds


def test_set_thresholds_by_hand_and_then_nothing_more(fleet: Fleet) -> None:
    result = fleet.modules.twice("ddos_threshold", instance_ids=fleet.ids, **BY_HAND)
    assert result["diff"] == {
        "before": {key: {"automatic": True} for key in (fleet.address, fleet.eip_address)},
        "after": {key: {"automatic": False, **BY_HAND} for key in (fleet.address, fleet.eip_address)},
    }
    assert result["thresholds"] == [
        {
            "address": fleet.address,
            "asset_id": fleet.own,
            "asset_type": "ecs",
            "instance_id": fleet.own,
            "automatic": False,
            **BY_HAND,
            **MOST,
        },
        {
            "address": fleet.eip_address,
            "asset_id": fleet.eip,
            "asset_type": "eip",
            "instance_id": fleet.elastic,
            "automatic": False,
            **BY_HAND,
            **MOST,
        },
    ]
    assert result["kept"] == [f"{fleet.none} has no public address, and so no scrubbing thresholds."]
    assert fleet.thresholds()[fleet.spare_address][0] is True, "nobody asked for it"
    idle = fleet.modules.run("ddos_threshold", instance_ids=fleet.ids, **BY_HAND)
    assert idle["api_calls"] == {"ecs:DescribeInstances": 1, READ: 2}


def test_make_thresholds_automatic(fleet: Fleet) -> None:
    fleet.modules.run("ddos_threshold", instance_ids=[fleet.own], **BY_HAND)
    result = fleet.modules.twice("ddos_threshold", instance_ids=[fleet.own], automatic=True)
    assert result["diff"]["before"] == {fleet.address: {"automatic": False, **BY_HAND}}
    assert result["diff"]["after"] == {fleet.address: {"automatic": True}}
    assert result["steps"] == [f"make the scrubbing thresholds of {fleet.address} automatic"]


def test_set_thresholds_of_eips_and_of_addresses(fleet: Fleet) -> None:
    fleet.modules.twice("ddos_threshold", eip_ids=[fleet.eip, fleet.spare], **BY_HAND)
    fleet.modules.twice("ddos_threshold", addresses=[fleet.spare_address, fleet.address], mbps=50, pps=10_000)
    assert fleet.thresholds() == {
        fleet.address: (False, 50, 10_000),
        fleet.eip_address: (False, 100, 20_000),
        fleet.spare_address: (False, 50, 10_000),
    }


def test_an_address_that_is_named_three_ways_is_one(fleet: Fleet) -> None:
    named: dict[str, t.Any] = {"instance_ids": [fleet.elastic], "eip_ids": [fleet.eip]}
    result = fleet.modules.run("ddos_threshold", addresses=[fleet.eip_address], **named, **BY_HAND)
    assert len(result["steps"]) == len(result["thresholds"]) == result["api_calls"][SET] == 1


def test_check_mode_does_not_set(fleet: Fleet) -> None:
    assert fleet.modules.run("ddos_threshold", check=True, instance_ids=fleet.ids, **BY_HAND)["changed"]
    assert SET not in fleet.cloud.counts()


@pytest.mark.parametrize("told", [True, False], ids=["the service says", "the instance type says"])
@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
@pytest.mark.parametrize(("mbps", "pps"), [(2049, 1000), (100, 900_001)])
def test_what_is_above_the_instance_type_s_figures_is_told_before_any_change(
    fleet: Fleet, told: bool, check: bool, mbps: int, pps: int
) -> None:
    fleet.cloud.set("antiddos.tells_highest", told)
    ids = [fleet.own, fleet.elastic]
    failed = fleet.modules.run("ddos_threshold", instance_ids=ids, mbps=mbps, pps=pps, check=check, fails=True)
    for address in (fleet.address, fleet.eip_address):
        most = "2048 Mbit/s and 900000 packets per second (ecs.g7.large)"
        assert f"{address} can have at most {most}" in failed["msg"]
    assert SET not in fleet.cloud.counts()
    assert ("ecs:DescribeInstanceTypes" in fleet.cloud.counts()) is not told
    assert fleet.modules.run("ddos_threshold", instance_ids=ids, mbps=2048, pps=900_000)["changed"]


def test_an_address_that_is_not_known_yet_is_waited_for(fleet: Fleet) -> None:
    """Reads that are behind do not show an instance of a moment ago."""
    fleet.cloud.fault("read_lag", READ, seconds=3600, times=2)
    assert fleet.modules.run("ddos_threshold", instance_ids=[fleet.own], **BY_HAND)["changed"]
    fleet.cloud.fault("read_lag", READ, seconds=3600, times=None)
    failed = fleet.modules.run("ddos_threshold", instance_ids=[fleet.own], wait_timeout=1, fails=True, **BY_HAND)
    assert f"Anti-DDoS Basic to know {fleet.address}" in failed["msg"]


@pytest.mark.parametrize("fault", ["drop_before_commit", "drop_after_commit", "throttling", "internal_error"])
def test_trouble_is_outlasted(fleet: Fleet, fault: str) -> None:
    fleet.cloud.fault(fault, SET)
    fleet.modules.run("ddos_threshold", instance_ids=[fleet.own], **BY_HAND)
    assert fleet.thresholds()[fleet.address] == (False, 100, 20_000)


def test_reads_that_are_behind_are_waited_for(fleet: Fleet) -> None:
    fleet.cloud.clock_advance(30)
    fleet.cloud.fault("read_lag", READ, seconds=5, times=4)
    assert fleet.modules.run("ddos_threshold", instance_ids=[fleet.own], **BY_HAND)["thresholds"][0]["mbps"] == 100


def test_a_later_task_of_a_check_run_finds_it_so(fleet: Fleet) -> None:
    chain = CheckRun(fleet.modules)
    assert chain("ddos_threshold", instance_ids=[fleet.own], **BY_HAND)["changed"]
    assert not chain("ddos_threshold", instance_ids=[fleet.own], **BY_HAND)["changed"]
    (found,) = chain("ddos_threshold_info", addresses=[fleet.address])["thresholds"]
    assert (found["automatic"], found["mbps"]) == (False, 100)
    assert chain("ddos_threshold", instance_ids=[fleet.own], automatic=True)["changed"]


def test_thresholds_of_what_a_check_run_would_make_and_delete(fleet: Fleet) -> None:
    chain = CheckRun(fleet.modules)
    network = Network(fleet.modules)
    new = {
        "instance_type": "ecs.g7.large",
        "image_id": "aliyun_3_x64_20G_uefi_alibase_20240528.vhd",
        "vswitch_id": network.vswitch,
        "security_group_ids": [network.new_group("shop")],
        "trusted_mode": False,
    }
    wanted = {"mbps": 100, "pps": 20_000}
    for bandwidth, changed in ((5, True), (0, False)):
        chain("trusted_instance", name=f"shop-{bandwidth}", internet_max_bandwidth_out=bandwidth, **new)
        new_id = chain._records[-1]["id"]
        planned = chain("ddos_threshold", instance_ids=[new_id], **wanted)
        assert planned["changed"] is changed, planned
        assert ("kept" in planned) is not changed
    chain.would_delete("instance", fleet.own, fleet.modules.region)
    gone = fleet.modules.run(
        "ddos_threshold", check=True, foretold=chain._records, instance_ids=[fleet.own], fails=True, **wanted
    )
    assert f"There is no instance {fleet.own}" in gone["msg"]


def test_many_addresses_are_read_by_the_fifty(modules: Modules) -> None:
    """Of 61 instances thresholds are read in two calls, and lists in two pages."""
    network = Network(modules)
    ids = network.new_instances(network.new_group("web"), 61, InternetMaxBandwidthOut=5)
    found = modules.run("ddos_threshold_info", instance_ids=ids)
    assert [one["instance_id"] for one in found["thresholds"]] == ids
    assert found["api_calls"][READ] == 2
    everything = modules.run("ddos_threshold_info")
    assert len(everything["thresholds"]) == 61
    assert everything["summary"] == "scrubbing thresholds of 61 addresses: 0 set by hand"
    assert everything["api_calls"]["antiddos-public:DescribeInstanceIpAddress"] == 3
    states = modules.run("ddos_info", instance_ids=ids, events=False)
    assert [one["instance_id"] for one in states["addresses"]] == ids
    assert states["api_calls"]["antiddos-public:DescribeInstanceIpAddress"] == 2
    assert EVENTS not in states["api_calls"]


def test_nothing_is_chosen_by_an_empty_list(fleet: Fleet) -> None:
    assert fleet.modules.run("ddos_threshold_info", instance_ids=[])["thresholds"] == []
    assert fleet.modules.run("ddos_info", addresses=[], events=False)["addresses"] == []


# ---------------------------------------------------------------------- attacks


def test_see_what_is_scrubbed_and_what_is_black_holed_until_when(fleet: Fleet) -> None:
    fleet.modules.run("ddos_threshold", instance_ids=[fleet.own], **BY_HAND)
    fleet.cloud.clock_scale(0)
    fleet.cloud.attack(fleet.address, mbps=101)
    fleet.cloud.attack(fleet.eip_address, mbps=5001)
    found = fleet.modules.run("ddos_info", instance_ids=fleet.ids)
    own, elastic = found["addresses"]
    assert (own["address"], own["name"], own["status"], own["black_hole_until"]) == (
        fleet.address,
        "web-1",
        "mitigating",
        None,
    )
    assert (own["scrubbing_mbps"], own["scrubbing_pps"], own["black_hole_mbps"]) == (100, 20_000, 5000)
    (event,) = own["events"]
    assert (event["type"], event["status"], event["end_time"], event["black_hole_until"]) == (
        "defense",
        "mitigating",
        None,
        None,
    )
    assert (elastic["status"], elastic["instance_id"]) == ("blackholed", fleet.elastic)
    (hole,) = elastic["events"]
    assert hole["black_hole_until"] is not None
    assert hole["black_hole_until"] == elastic["black_hole_until"]
    assert found["summary"] == "2 addresses: 1 being scrubbed, 1 black-holed"
    assert found["counts"] == {
        "ecs": {"assets": 1, "mitigating": 1, "blackholed": 0},
        "eip": {"assets": 2, "mitigating": 0, "blackholed": 1},
    }
    assert found["credit"] == {"score": 1000, "level": "A", "black_hole_minutes": 150}
    fleet.cloud.clock_advance(150 * 60 + 1)
    after = fleet.modules.run("ddos_info", instance_ids=fleet.ids)
    assert [one["status"] for one in after["addresses"]] == ["normal", "normal"]
    assert after["addresses"][1]["events"][0]["end_time"] == elastic["black_hole_until"]


def test_see_the_whole_region_with_events_of_those_under_attack_only(fleet: Fleet) -> None:
    fleet.cloud.attack(fleet.spare_address, mbps=6000)
    found = fleet.modules.run("ddos_info", events=False)
    states = {one["address"]: (one["status"], one["instance_id"]) for one in found["addresses"]}
    assert states == {
        fleet.address: ("normal", fleet.own),
        fleet.eip_address: ("normal", fleet.elastic),
        fleet.spare_address: ("blackholed", None),
    }
    assert found["api_calls"][EVENTS] == 1
    assert [one["events"] is None for one in found["addresses"]] == [True, True, False]


def test_events_are_read_to_the_end_and_of_so_many_days(fleet: Fleet) -> None:
    for _number in range(53):
        fleet.cloud.attack(fleet.address, mbps=3000, seconds=10)
        fleet.cloud.clock_advance(60)
    (one,) = fleet.modules.run("ddos_info", addresses=[fleet.address])["addresses"]
    times = [event["start_time"] for event in one["events"]]
    assert len(times) == 53
    assert times == sorted(times, reverse=True)
    fleet.cloud.clock_advance(3 * 86_400)
    for days, number in ((2, 0), (5, 53)):
        (one,) = fleet.modules.run("ddos_info", addresses=[fleet.address], days=days)["addresses"]
        assert len(one["events"]) == number
