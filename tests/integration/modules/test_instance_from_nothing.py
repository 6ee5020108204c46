# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances in a check run: with what earlier tasks would have made, and for later tasks; and by names."""

from __future__ import annotations

import typing as t

import pytest
from modules.trusted_world import IMAGE, World

if t.TYPE_CHECKING:
    from modules.harness import CheckRun, Modules

    from local_cloud.control import LocalCloud

OPTIONS: dict[str, t.Any] = {"name": "web-[1,3]", "count": 3, "instance_type": "ecs.g7t.large", "image_id": IMAGE}
BIOS = "ubuntu_22_04_x64_20G_alibase_20240710.vhd"


@pytest.fixture
def world(modules: Modules) -> World:
    return World(modules)


@pytest.fixture
def chain(check_run: CheckRun) -> tuple[CheckRun, dict[str, t.Any]]:
    """An empty account in which a check run has got as far as the instances, and their options."""
    check_run("kms_service")
    check_run("instance_ram_role", name="web")
    net = check_run(
        "vpc",
        name="net",
        cidr_block="172.16.0.0/16",
        vswitches=[{"name": "net", "zone_id": "cn-hangzhou-h", "cidr_block": "172.16.0.0/24"}],
    )["vpc"]
    group = check_run("security_group", name="web", vpc_id=net["vpc_id"])["security_group"]
    check_run("keypair", name="web", public_key=PUBLIC)
    known = {
        "vswitch_ids": [net["vswitches"][0]["vswitch_id"]],
        "security_group_ids": [group["security_group_id"]],
        "ram_role_name": "web",
        "key_name": "web",
    }
    return check_run, {**OPTIONS, **known}


PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFvYkVJKyLlyhqvX0vsGyFJdOR3vbDdbFdEqg9k0lYPa me"


def test_a_chain_is_checked_from_nothing(chain: tuple[CheckRun, dict[str, t.Any]], fresh_cloud: LocalCloud) -> None:
    check_run, options = chain
    planned = check_run("trusted_instance", **options)
    assert planned["changed"]
    assert planned["steps"] == ["create 3 instances web-001 to web-003 (ecs.g7t.large)"]
    assert {one["zone_id"] for one in planned["instances"]} == {"cn-hangzhou-h"}
    assert planned["instance_ids"] == []
    assert "ecs:RunInstances" not in fresh_cloud.counts()
    assert not check_run("trusted_instance", **options)["changed"], "it would be there by then"
    assert check_run("trusted_instance", fleet="web", state="stopped")["changed"]
    assert check_run("trusted_instance", fleet="web", state="absent")["changed"]
    assert not check_run("trusted_instance", fleet="web", state="absent")["changed"]
    assert {
        name for name in fresh_cloud.counts() if not name.partition(":")[2].startswith(("Describe", "Get", "List"))
    } == set()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"image_id": "nope"}, "There is no image nope"),
        ({"image_id": BIOS}, "boots by BIOS"),
        ({"instance_type": "ecs.g6.large"}, "The family g6 is not known to support trusted mode"),
        ({"ram_role_name": "nonesuch"}, "There is no RAM role nonesuch"),
        ({"key_name": "nonesuch"}, "There is no key pair nonesuch"),
        ({"count": 253}, "253 instances need as many free addresses"),
        ({"security_group_ids": ["sg-bp1nope"]}, "There is no security group sg-bp1nope"),
        ({"vswitch_ids": ["vsw-bp1nope"]}, "There is no vSwitch vsw-bp1nope"),
    ],
)
def test_what_would_fail_for_real_is_refused_from_nothing(
    chain: tuple[CheckRun, dict[str, t.Any]], modules: Modules, wrong: dict[str, t.Any], words: str
) -> None:
    check_run, options = chain
    assert words in check_run("trusted_instance", fails=True, **{**options, **wrong})["msg"]


def test_a_zone_without_stock_is_refused_from_nothing(check_run: CheckRun) -> None:
    check_run("kms_service")
    zone = {"name": "net", "zone_id": "cn-hangzhou-b", "cidr_block": "172.16.0.0/24"}
    check_run("vpc", name="net", cidr_block="172.16.0.0/16", vswitches=[zone])
    check_run("security_group", name="web", vpc="net")
    names = {"vswitch_names": ["net"], "security_group_names": ["web"]}
    refused = check_run("trusted_instance", fails=True, **OPTIONS, **names)
    assert "ecs.g7t.large is not to be had in cn-hangzhou-b" in refused["msg"]


def test_two_fleets_of_a_check_run_share_the_addresses(chain: tuple[CheckRun, dict[str, t.Any]]) -> None:
    check_run, options = chain
    check_run("trusted_instance", **{**options, "count": 200})
    refused = check_run("trusted_instance", fails=True, **{**options, "name": "db-[1,3]", "count": 53})
    assert "52 free addresses" in refused["msg"]


def test_existing_instances_get_what_would_be_made(world: World, check_run: CheckRun) -> None:
    world.run(**world.fleet(), ram_role_name="web")
    check_run("instance_ram_role", name="new")
    check_run("keypair", name="new", public_key=PUBLIC)
    changed = check_run("trusted_instance", fleet="web", ram_role_name="new", key_name="new")
    assert changed["changed"]
    assert {one["ram_role_name"] for one in changed["instances"]} == {"new"}


def test_what_would_be_released_uses_nothing_any_more(world: World, check_run: CheckRun) -> None:
    check_run_real = world.run(**world.fleet(), ram_role_name="web", key_name="web")
    assert len(check_run_real["instance_ids"]) == 3
    check_run("trusted_instance", fleet="web", state="absent")
    gone = check_run("keypair", name="web", state="absent", adopt=True, leave_others=True)
    assert gone["changed"]


def test_names_stand_for_ids(world: World) -> None:
    world.api.call("vpc", "ModifyVSwitchAttribute", VSwitchId=world.vswitch, VSwitchName="net")
    for name, group in zip(("web", "ssh"), world.groups, strict=True):
        world.api.call("ecs", "ModifySecurityGroupAttribute", SecurityGroupId=group, SecurityGroupName=name)
    world.local.clock_advance(10)
    names = {"vswitch_names": ["net"], "security_group_names": ["web"]}
    made = world.twice(**{**OPTIONS, **names})
    assert {one["vswitch_id"] for one in made["instances"]} == {world.vswitch}
    both = world.twice(fleet="web", security_group_names=["web", "ssh"])
    assert {tuple(one["security_group_ids"]) for one in both["instances"]} == {tuple(sorted(world.groups))}
    for wrong in ({"vswitch_names": ["nope"]}, {"security_group_names": ["nope"]}):
        for check in (True, False):
            assert "nope" in world.run(**{**OPTIONS, **names, **wrong}, check=check, fails=True)["msg"]
