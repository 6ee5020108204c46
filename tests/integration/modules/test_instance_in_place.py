# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""trusted_instance: disks, bandwidth and charging of instances that exist, changed where they are."""

from __future__ import annotations

import json
import typing as t

import pytest
from modules.trusted_world import OWNER, World

if t.TYPE_CHECKING:
    from modules.harness import Modules


@pytest.fixture
def world(modules: Modules) -> World:
    return World(modules)


def disks(world: World) -> list[dict[str, t.Any]]:
    return sorted(world.local.resources("disk"), key=lambda disk: (disk["Type"] != "system", disk["Device"]))


def sizes(world: World) -> list[tuple[str, int, str]]:
    return [(disk["Type"], disk["Size"], disk["PerformanceLevel"]) for disk in disks(world)]


def test_an_instance_gets_bandwidth_and_a_public_address(world: World) -> None:
    world.run(**world.options, name="web")
    given = {"internet_max_bandwidth_out": 5, "internet_charge_type": "PayByBandwidth"}
    made = world.twice(**world.options, name="web", **given)
    (one,) = made["instances"]
    assert made["steps"] == [
        "change bandwidth to the internet from 0 to 5 Mbit/s and payment for bandwidth from PayByTraffic to "
        f"PayByBandwidth of web ({one['instance_id']}), which gets a public address"
    ]
    assert (one["internet_max_bandwidth_out"], one["internet_charge_type"]) == (5, "PayByBandwidth")
    assert one["public_ip"]
    assert not made["needs_replacement"]


def test_disks_grow_become_faster_and_more(world: World) -> None:
    world.run(**world.options, name="web", system_disk={"size": 40}, data_disks=[{"size": 50}], tags={"env": "test"})
    data = [{"size": 60}, {"size": 500, "performance_level": "PL2", "encrypted": True, "delete_with_instance": False}]
    made = world.twice(
        **world.options,
        name="web",
        system_disk={"size": 500, "performance_level": "PL2"},
        data_disks=data,
        tags={"env": "test"},
    )
    assert [step.split(" of ")[0] for step in made["steps"]] == [
        f"grow system disk {disks(world)[0]['DiskId']}",
        f"change system disk {disks(world)[0]['DiskId']}",
        f"grow data disk {disks(world)[1]['DiskId']}",
        "create a data disk",
    ]
    assert sizes(world) == [("system", 500, "PL2"), ("data", 60, "PL1"), ("data", 500, "PL2")]
    new = disks(world)[2]
    assert (new["InstanceId"], new["Encrypted"], new["DeleteWithInstance"]) == (made["instance_ids"][0], True, False)
    tags = {tag["TagKey"]: tag["TagValue"] for tag in new["Tags"]}
    assert tags == {"env": "test", OWNER: "web"}
    assert made["diff"]["before"]["instances"]["web"]["system_disk"] == {"size": 40, "performance_level": "PL1"}
    assert made["diff"]["after"]["instances"]["web"]["system_disk"] == {"size": 500, "performance_level": "PL2"}


def test_a_disk_that_was_made_and_not_attached_is_attached_by_the_next_run(world: World) -> None:
    world.run(**world.options, name="web")
    world.local.fault("error", "ecs:AttachDisk", code="OperationDenied", status=403, times=1)
    failed = world.run(**world.options, name="web", data_disks=[{"size": 50}], fails=True)
    (disk,) = (disk for disk in disks(world) if disk["Type"] == "data")
    assert f"The data disk {disk['DiskId']} was made and is attached to nothing" in failed["msg"]
    world.twice(**world.options, name="web", data_disks=[{"size": 50}])
    assert sizes(world) == [("system", 40, "PL1"), ("data", 50, "PL1")]


def test_a_data_disk_of_others_is_not_taken_for_one_of_the_fleet(world: World) -> None:
    (one,) = world.run(**world.options, name="web")["instances"]
    made = world.api.call("ecs", "CreateDisk", ZoneId=one["zone_id"], Size=50, DiskCategory="cloud_essd")["DiskId"]
    world.local.clock_advance(5)
    world.api.call("ecs", "AttachDisk", InstanceId=one["instance_id"], DiskId=made)
    world.local.clock_advance(5)
    refused = world.run(**world.options, name="web", data_disks=[{"size": 50}], fails=True)
    assert f"may be meant: {made} (50 GiB)" in refused["msg"]
    world.twice(**world.options, name="web", data_disks=[{"size": 60}], adopt=True)
    assert sizes(world) == [("system", 40, "PL1"), ("data", 60, "PL1")]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"data_disks": []}, "1 data disk, wanted 0 data disks (a data disk is not taken away; detach it yourself)"),
        ({"data_disks": [{"size": 40}]}, "data_disks[0].size 50, wanted 40 (a disk cannot become smaller)"),
        ({"system_disk": {"encrypted": False}}, "(a disk is encrypted at its creation only)"),
        ({"system_disk": {"performance_level": "PL0"}}, "(an ESSD cannot be lowered to PL0)"),
        ({"system_disk": {"performance_level": "PL3"}}, "(at PL3 it has 1261 to 2048 GiB)"),
    ],
)
def test_what_disks_cannot_become_is_said(world: World, wanted: dict[str, t.Any], reason: str) -> None:
    world.run(**world.options, name="web", data_disks=[{"size": 50}])
    told = world.run(**world.options, name="web", **wanted)
    assert not told["changed"]
    assert reason in json.dumps(told["warnings"])


def test_what_a_new_disk_needs_is_proved_before(world: World) -> None:
    world.run(**world.options, name="web")
    wanted = [{"size": 50, "category": "cloud"}, {"snapshot_id": "s-none"}]
    world.local.forget_requests()
    refused = world.run(**world.options, name="web", data_disks=wanted, check=True, fails=True)
    assert "takes no data disk of the category cloud; expected one of" in refused["msg"]
    assert "There is no snapshot s-none in this region" in refused["msg"]
    assert {name for name in world.local.counts() if "Describe" not in name} == set()


def test_the_mode_of_one_that_is_stopped_already_is_said_or_changed(world: World) -> None:
    world.run(**world.options, name="web", state="stopped")
    saving: dict[str, t.Any] = {"name": "web", "state": "stopped", "stopped_mode": "StopCharging"}
    told = world.run(**saving)
    assert not told["changed"]
    assert "CPU and memory go on costing money" in json.dumps(told["warnings"])
    again = world.twice(**saving, restart_if_needed=True)
    assert again["instances"][0]["stopped_mode"] == "StopCharging"
