# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What instances have is not let go before what takes its place is proved, and what does not fit is refused before."""

from __future__ import annotations

import json
import typing as t

import pytest
from modules.trusted_world import TRUST, World

if t.TYPE_CHECKING:
    from modules.harness import Modules, Result

WINDOWS = "win2019_1809_x64_dtc_zh-cn_40G_alibase_20240610.vhd"


@pytest.fixture
def world(modules: Modules) -> World:
    world = World(modules)
    world.api.call(
        "ram", "CreateRole", RoleName="fc", AssumeRolePolicyDocument=json.dumps(TRUST).replace("ecs.", "fc.")
    )
    world.local.clock_advance(60)
    return world


def given(world: World) -> list[tuple[t.Any, ...]]:
    """What each instance has of what can be exchanged."""
    return [(one["_RamRoleName"], one["KeyPairName"], sorted(one["SecurityGroupIds"])) for one in world.stored()]


def refused(world: World, **options: t.Any) -> Result:
    """The refusal of a change, the same in check mode and for real, with nothing changed."""
    before = given(world)
    world.local.forget_requests()
    failures: list[Result] = [world.run(**options, fails=True, check=check) for check in (True, False)]
    assert failures[0]["msg"] == failures[1]["msg"]
    assert [name for name in world.local.counts() if not name.partition(":")[2].startswith(("Describe", "Get"))] == []
    assert given(world) == before
    assert not failures[1].get("changed")
    return failures[1]


@pytest.mark.parametrize("form", ["fleet", "name"])
def test_a_typo_in_the_role_leaves_the_good_one(world: World, form: str) -> None:
    world.run(**world.fleet(), ram_role_name="web")
    options = {"fleet": "web"} if form == "fleet" else world.fleet()
    failure = refused(world, **options, ram_role_name="trusted-wbe")
    assert "There is no RAM role trusted-wbe. Check the name, or make it with" in failure["msg"]
    assert [item["option"] for item in failure["unmet"]] == ["ram_role_name"]
    assert {role for role, _key, _groups in given(world)} == {"web"}


def test_everything_that_cannot_be_exchanged_is_said_at_once(world: World) -> None:
    world.run(**world.fleet(count=2), ram_role_name="web", key_name="web")
    advanced = world.new_group(SecurityGroupType="enterprise")
    elsewhere = world.api.call("vpc", "CreateVpc", CidrBlock="10.0.0.0/8")["VpcId"]
    world.local.clock_advance(10)
    foreign = world.api.call("ecs", "CreateSecurityGroup", VpcId=elsewhere)["SecurityGroupId"]
    groups = [world.groups[0], advanced, foreign, "sg-nope"]
    failure = refused(world, fleet="web", ram_role_name="fc", key_name="nonesuch", security_group_ids=groups)
    for words in (
        "does not let ecs.aliyuncs.com assume it",
        "There is no key pair nonesuch",
        "There is no security group sg-nope",
        f"The security group {foreign} is in the VPC {elsewhere}, web-001",
        "Basic and advanced security groups cannot be mixed",
    ):
        assert words in failure["msg"]
    assert {item["option"] for item in failure["unmet"]} == {"ram_role_name", "key_name", "security_group_ids"}
    assert all(item["what_to_do"] or item["expected"] for item in failure["unmet"])


def test_the_same_is_refused_at_creation_in_the_same_words(world: World) -> None:
    advanced = world.new_group(SecurityGroupType="enterprise")
    wrong: dict[str, t.Any] = {
        "ram_role_name": "fc",
        "key_name": "nonesuch",
        "security_group_ids": [world.groups[0], advanced],
    }
    at_creation = refused(world, **world.fleet(count=1, **wrong))["unmet"]
    world.run(**world.fleet(count=1))
    afterwards = refused(world, fleet="web", **wrong)["unmet"]

    def said(items: list[dict[str, str]]) -> set[str]:
        return {item["message"] for item in items}

    assert said(at_creation) == said(afterwards)


def test_creating_and_changing_are_judged_together(world: World) -> None:
    world.run(**world.fleet(count=1), ram_role_name="web")
    failure = refused(world, **world.fleet(count=2, image_id="nope"), ram_role_name="nonesuch")
    assert "The instances cannot be created and changed" in failure["msg"]
    assert {item["option"] for item in failure["unmet"]} == {"ram_role_name", "image_id"}
    assert failure["msg"].count("nonesuch") == 1


def test_the_old_role_comes_back_when_the_new_one_is_refused_all_the_same(world: World) -> None:
    world.run(**world.fleet(), ram_role_name="web")
    world.local.fault("error", "ecs:AttachInstanceRamRole", code="InvalidUser.PassRoleForbidden", status=403)
    failed = world.run(fleet="web", ram_role_name="other", fails=True)
    assert "the role web is attached" in failed["msg"]
    assert {role for role, _key, _groups in given(world)} == {"web"}
    assert {one["ram_role_name"] for one in world.twice(fleet="web", ram_role_name="other")["instances"]} == {"other"}


def test_a_group_that_is_full_is_refused(world: World) -> None:
    world.run(**world.fleet(count=2))
    world.local.set("ecs.instances_per_basic_group", 2)
    full = world.groups[0]
    assert (
        f"The security group {full} has room for 0 more instances, 3 are to join it"
        in refused(world, **world.fleet("db-[1,3]"))["msg"]
    )
    assert not world.run(fleet="web", security_group_ids=[full])["changed"]


def test_a_key_pair_is_not_for_windows(world: World) -> None:
    plain = {"instance_type": "ecs.g6.large", "image_id": WINDOWS, "trusted_mode": False}
    wanted = {**world.fleet(count=1), **plain, "system_disk": {"category": "cloud_ssd"}}
    failure = refused(world, **wanted, key_name="web")
    assert f"The image {WINDOWS} is of Windows, and key pairs are for Linux only." in failure["msg"]
    assert world.stored() == []
    world.run(**wanted)
    failure = refused(world, fleet="web", key_name="web")
    assert "web-001" in failure["msg"]
    assert "runs Windows, and key pairs are for Linux only." in failure["msg"]


# ---------------------------------------------------------------------- addresses


def test_a_vswitch_that_is_too_small_for_all_is_refused_before_the_first(world: World) -> None:
    small = world.new_vswitch("cn-hangzhou-h", "172.18.0.0/25")
    failure = refused(world, **{**world.fleet(count=130), "vswitch_id": small})
    assert "130 instances need as many free addresses; the vSwitch" in failure["msg"]
    assert f"{small} has 124" in failure["msg"]
    assert world.stored() == []


def test_calls_are_spread_over_the_vswitches_that_have_room(world: World) -> None:
    small = world.new_vswitch("cn-hangzhou-h", "172.18.0.0/25")
    task = {**world.fleet(count=130), "vswitch_id": None, "vswitch_ids": [small, world.vswitch]}
    foretold = world.run(**task, check=True)
    real = world.run(**task)
    for result in (foretold, real):
        assert [(one["vswitch_id"], len(one["names"])) for one in result["placements"]] == [
            (small, 100),
            (world.vswitch, 30),
        ]
    assert [one["vswitch_id"] for one in foretold["instances"]] == [one["vswitch_id"] for one in real["instances"]]


# ---------------------------------------------------------------------- disks and images


@pytest.mark.parametrize(
    ("options", "option", "words"),
    [
        (
            {"system_disk": {"size": 10, "performance_level": "PL0"}},
            "system_disk.size",
            "has 20 GiB, the system disk 10",
        ),
        ({"data_disks": [{"snapshot_id": "s-nope"}]}, "data_disks[0].snapshot_id", "There is no snapshot s-nope"),
        ({"data_disks": [{"category": "cloud_ssd", "size": 40}]}, "vswitch_id", "takes no data disk of the category"),
        ({"image_id": "aliyun_3_arm64_20G_alibase_20240528.vhd"}, "image_id", "is for arm64"),
    ],
)
def test_disks_and_images_that_do_not_fit_are_refused(
    world: World, options: dict[str, t.Any], option: str, words: str
) -> None:
    failure = refused(world, **{**world.fleet(count=1), **options})
    assert words in failure["msg"]
    assert option in [item["option"] for item in failure["unmet"]]
