# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances of others stay, and so does what others attached to ours."""

from __future__ import annotations

import typing as t

import pytest
from modules.trusted_world import OWNER, World

if t.TYPE_CHECKING:
    from modules.harness import Modules


@pytest.fixture
def world(modules: Modules) -> World:
    return World(modules)


def attach_disk(world: World, instance: str, **params: t.Any) -> str:
    made = world.api.call("ecs", "CreateDisk", ZoneId="cn-hangzhou-h", DiskCategory="cloud_essd", Size=40, **params)
    world.local.clock_advance(10)
    world.api.call("ecs", "AttachDisk", InstanceId=instance, DiskId=made["DiskId"], DeleteWithInstance=True)
    world.local.clock_advance(10)
    return str(made["DiskId"])


def attach_interface(world: World, instance: str) -> str:
    made = world.api.call("ecs", "CreateNetworkInterface", VSwitchId=world.vswitch, SecurityGroupIds=world.groups[:1])[
        "NetworkInterfaceId"
    ]
    world.local.clock_advance(10)
    world.api.call("ecs", "AttachNetworkInterface", InstanceId=instance, NetworkInterfaceId=made)
    world.local.clock_advance(10)
    return str(made)


def disks(world: World) -> set[str]:
    return {one["DiskId"] for one in world.local.resources("disk")}


@pytest.mark.parametrize("attach", [attach_disk, attach_interface])
def test_what_others_attached_is_not_deleted_with_an_instance(
    world: World, attach: t.Callable[[World, str], str]
) -> None:
    ids = world.run(**world.fleet(count=2))["instance_ids"]
    theirs = attach(world, ids[0])
    for check in (True, False):
        failed = world.run(fleet="web", state="absent", check=check, fails=True)
        assert theirs in failed["msg"]
        assert "web-001" in failed["msg"]
        assert "adopt: true" in failed["msg"]
    assert world.names() == ["web-001", "web-002"]
    left = world.run(fleet="web", state="absent", leave_others=True, check=True)
    assert [step.split(" (")[0] for step in left["steps"]] == ["delete web-002"]
    left = world.run(fleet="web", state="absent", leave_others=True)
    assert theirs in left["kept"][0]
    assert world.names() == ["web-001"]
    assert not world.run(fleet="web", state="absent", leave_others=True)["changed"]
    world.twice(fleet="web", state="absent", adopt=True)
    assert world.names() == []


def test_an_instance_that_is_too_many_stays_with_what_others_attached(world: World) -> None:
    ids = world.run(**world.fleet(count=3))["instance_ids"]
    theirs = attach_disk(world, ids[2])
    failed = world.run(**world.fleet(count=1), remove_surplus=True, fails=True)
    assert theirs in failed["msg"]
    assert len(world.names()) == 3
    left = world.run(**world.fleet(count=1), remove_surplus=True, leave_others=True)
    assert theirs in left["kept"][0]
    assert world.names() == ["web-001", "web-003"]
    assert not world.run(**world.fleet(count=1), remove_surplus=True, leave_others=True)["changed"]


def test_our_own_disks_go_and_others_that_outlive_the_instance_stay(world: World) -> None:
    made = world.run(**world.fleet(count=1), data_disks=[{"size": 40}, {"size": 50, "delete_with_instance": False}])
    (one,) = made["instance_ids"]
    kept = attach_disk(world, one)
    world.api.call("ecs", "ModifyDiskAttribute", DiskId=kept, DeleteWithInstance=False)
    ours = attach_disk(world, one, Tag=[{"Key": OWNER, "Value": "web"}])
    world.run(fleet="web", state="absent")
    assert kept in disks(world)
    assert ours not in disks(world)
    assert len(disks(world)) == 2


def test_many_instances_cost_one_look_at_disks_and_one_at_interfaces(world: World) -> None:
    world.run(**world.fleet(count=20))
    world.local.forget_requests()
    world.run(fleet="web", state="absent", check=True)
    counts = world.local.counts()
    assert (counts["ecs:DescribeDisks"], counts["ecs:DescribeNetworkInterfaces"]) == (1, 1)


def test_instances_of_others_are_left_alone(world: World) -> None:
    alien = world.foreign("web-001")
    for check in (True, False):
        kept = world.run(instance_ids=[alien], state="absent", leave_others=True, check=check)
        assert not kept["changed"]
        assert kept["kept"] == [f"The instance web-001 ({alien}) does not carry the tag {OWNER}, so it stays."]
        kept = world.run(name="web-001", state="absent", check=check)
        assert not kept["changed"]
        assert alien in kept["kept"][0]
    refused = world.run(**world.fleet(), leave_others=True, fails=True)
    assert "adopt: true" in refused["msg"]
    assert world.names() == ["web-001"]
