# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents describe about trusted instances, each by trusted_instance: families, images, places, trust,
user data, protection."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from modules.trusted_world import IMAGE, World

from ansible_collections.alitrust.ecs.plugins.module_utils._instance import power, preflight

if t.TYPE_CHECKING:
    from modules.harness import Modules, Result

SECURED = "aliyun_2_1903_x64_20G_secured_alibase_20210120.vhd"
BY_NAME = {"image_id": None, "image_name": "aliyun_3_x64_20G_uefi_alibase_*"}


@pytest.fixture
def world(modules: Modules) -> World:
    return World(modules)


def sent(world: World) -> dict[str, t.Any]:
    """Parameters of the last creation."""
    made = [one for one in world.local.requests() if one["operation"] == "ecs:RunInstances" and one["status"] == 200]
    params: dict[str, t.Any] = made[-1]["params"]
    return params


def places(result: Result) -> list[tuple[str, str, list[str]]]:
    return [(one["instance_type"], one["zone_id"], one["names"]) for one in result["placements"]]


# ---------------------------------------------------------------------- families


def test_create_a_sixth_generation_instance_by_its_image(world: World) -> None:
    made = world.twice(**{**world.options, "instance_type": "ecs.c6t.large", "image_id": SECURED}, name="archive")
    assert made["instances"][0]["trusted"]["supports_vtpm"]
    assert not any(name.startswith("SecurityOptions") for name in sent(world))


def test_create_a_seventh_generation_instance_by_the_parameter(world: World) -> None:
    made = world.twice(**world.options, name="web")
    assert made["instances"][0]["trusted"]["supports_vtpm"]
    assert sent(world)["SecurityOptions.TrustedSystemMode"] == "vTPM"


def test_use_a_family_that_is_not_known_yet(world: World) -> None:
    unknown = {**world.options, "instance_type": "ecs.u1.large", "trusted_mode": True}
    assert "add the family to trusted_families" in world.run(**unknown, name="web", check=True, fails=True)["msg"]
    known = {"u1": {"mode": "parameter", "image": "uefi"}}
    # What is said about a family goes before what the module knows; what the cloud says goes before both.
    refused = world.run(**unknown, name="web", trusted_families=known, check=True, fails=True)
    assert "does not support vTPM" in refused["msg"]
    assert refused["unmet"][0]["requirement"] == "dry run of RunInstances"


# ---------------------------------------------------------------------- images


def test_find_the_image_by_its_name(world: World) -> None:
    made = world.twice(**{**world.options, **BY_NAME, "image_owner": "system"}, name="web")
    assert made["instances"][0]["image_id"] == IMAGE == made["placements"][0]["image_id"]
    none = {**world.options, "image_id": None, "image_name": "ubuntu_22_04_*"}
    refused = world.run(**none, name="other", check=True, fails=True)
    assert "no image named ubuntu_22_04_* in this region that fits ecs.g7t.large in trusted mode" in refused["msg"]


def test_the_newest_image_that_fits_is_taken_and_newer_ones_are_named(world: World) -> None:
    """The newest image with uefi in its name passes by its description, and is refused by the dry run."""
    any_uefi = {**world.options, "image_id": None, "image_name": "*uefi*"}
    made = world.twice(**any_uefi, name="web")
    assert made["instances"][0]["image_id"] == IMAGE
    (note,) = (note for note in made["notes"] if "newer ones do not fit" in note)
    assert "debian_12_6_x64_20G_uefi_alibase_20240711.vhd (The image" in note
    refused = world.run(**{**any_uefi, "instance_type": "ecs.g6t.large"}, name="other", check=True, fails=True)
    assert "debian_12_6_x64_20G_uefi_alibase_20240711.vhd (it is not published as trusted)" in refused["msg"]


@pytest.mark.parametrize(
    ("kind", "image", "words"),
    [
        ("ecs.g6t.large", IMAGE, "is trusted only with a trusted image"),
        ("ecs.g7t.large", SECURED, "is one for the families that are trusted by their image"),
    ],
)
def test_an_image_of_the_other_generation_is_warned_about(world: World, kind: str, image: str, words: str) -> None:
    told = world.run(**{**world.options, "instance_type": kind, "image_id": image}, name="web", check=True)
    assert words in json.dumps(told["warnings"])


def test_create_from_the_newest_image_of_a_family_and_keep_what_runs(world: World) -> None:
    source = world.foreign("source")

    def new_image(name: str) -> str:
        params = {"InstanceId": source, "ImageName": name, "ImageFamily": "shop"}
        made = world.api.call("ecs", "CreateImage", params)["ImageId"]
        world.local.clock_advance(120)
        return str(made)

    old = new_image("shop-1")
    task = {**world.options, "image_id": None, "image_family": "shop"}
    first = world.twice(**task, name="web-[1,3]", count=1)
    assert first["instances"][0]["image_id"] == old
    new = new_image("shop-2")
    (record,) = (one for one in world.local.resources("image") if one["ImageId"] == new)
    stranger = {**record, "ImageId": "m-stranger", "AccountId": "2345678901234567", "_IsPublic": True}
    stranger["CreationTime"] = "2099-01-01T00:00:00Z"
    world.local.preload([{"kind": "image", "id": "m-stranger", "data": stranger, "region": "cn-hangzhou"}])
    same = world.run(**task, name="web-[1,3]", count=1)
    assert not same["changed"]
    assert same["needs_replacement"] == []
    grown = world.twice(**task, name="web-[1,3]", count=2)
    assert [one["image_id"] for one in grown["instances"]] == [old, new]
    assert f"New instances have the image {new}; others of the fleet have {old}, and keep it." in grown["notes"]
    others = world.run(**task, image_owner="others", name="shop", check=True)
    assert others["placements"][0]["image_id"] == "m-stranger"


# ---------------------------------------------------------------------- places


def test_fall_back_to_another_zone_and_then_to_another_type(world: World) -> None:
    second = world.new_vswitch("cn-hangzhou-i", "172.16.16.0/20")
    task = {
        **world.fleet(count=1),
        "instance_type": None,
        "instance_types": ["ecs.g7t.large", "ecs.g8i.large"],
        "vswitch_id": None,
        "vswitch_ids": [world.vswitch, second],
    }
    assert places(world.twice(**task)) == [("ecs.g7t.large", "cn-hangzhou-h", ["web-001"])]
    world.local.set("ecs.sold_out", "ecs.g7t.large@cn-hangzhou-h")
    moved = world.twice(**{**task, "count": 2})
    assert places(moved) == [("ecs.g7t.large", "cn-hangzhou-i", ["web-002"])]
    (passed,) = moved["placements"][0]["passed_over"]
    assert (passed["instance_type"], passed["zone_id"]) == ("ecs.g7t.large", "cn-hangzhou-h")
    assert "is not to be had in cn-hangzhou-h" in passed["reason"]
    world.local.set("ecs.sold_out", "ecs.g7t.large@*")
    spread = world.twice(**{**task, "count": 3})
    assert [(one["instance_type"], one["zone_id"]) for one in spread["instances"]] == [
        ("ecs.g7t.large", "cn-hangzhou-h"),
        ("ecs.g7t.large", "cn-hangzhou-i"),
        ("ecs.g8i.large", "cn-hangzhou-h"),
    ]
    assert spread["needs_replacement"] == []
    world.local.set("ecs.sold_out", "*@cn-hangzhou-h,*@cn-hangzhou-i")
    refused = world.run(**{**task, "count": 4}, fails=True)
    assert [item["requirement"] for item in refused["unmet"]] == ["stock"]
    assert refused["msg"].count("is not to be had in") == 4
    (item,) = world.run(fleet="web", instance_type="ecs.g8i.large", count=3, name="web-[1,3]", check=True)[
        "needs_replacement"
    ][:1]
    assert (item["actual"], item["wanted"]) == ("ecs.g7t.large", "ecs.g8i.large")


@pytest.mark.parametrize("dry_run_sees_it", [True, False])
def test_stock_that_only_the_creation_itself_finds_missing(
    world: World, monkeypatch: pytest.MonkeyPatch, dry_run_sees_it: bool
) -> None:
    if not dry_run_sees_it:
        monkeypatch.setattr(preflight, "_dry_run", lambda _cloud, _params: None)
    world.local.fault("error", "ecs:RunInstances", code="OperationDenied.NoStock", status=403)
    task = {**world.fleet(count=2), "instance_type": None, "instance_types": ["ecs.g7t.large", "ecs.g7.large"]}
    made = world.run(**task)
    assert places(made) == [("ecs.g7.large", "cn-hangzhou-h", ["web-001", "web-002"])]
    assert "OperationDenied.NoStock" in made["placements"][0]["passed_over"][0]["reason"]
    assert made["placements"][0]["instance_ids"] == made["created_ids"]


def test_a_full_vswitch_is_passed_over(world: World) -> None:
    small = world.new_vswitch("cn-hangzhou-i", "172.16.16.0/29")
    task = {**world.fleet(count=6), "vswitch_id": None, "vswitch_ids": [small, world.vswitch]}
    made = world.run(**task)
    assert places(made)[0][1] == "cn-hangzhou-h"
    assert "free addresses, 6 are needed at once" in made["placements"][0]["passed_over"][0]["reason"]


# ---------------------------------------------------------------------- trust


def test_trust_by_an_attestation_system_of_ones_own(world: World) -> None:
    made = world.twice(**world.options, name="vault", trust_service="self_managed")
    assert made["instances"][0]["trusted"]["supports_vtpm"]
    assert made["notes"] == []
    assert "RamRoleName" not in sent(world)
    assert "UserData" not in sent(world)


def test_attach_the_role_later(world: World) -> None:
    made = world.run(**world.options, name="web")
    assert "A role can be attached later" in str(made["warnings"])
    assert world.twice(name="web", ram_role_name="web")["instances"][0]["ram_role_name"] == "web"


def test_refuse_families_without_sgx(world: World) -> None:
    plain = {**world.options, "instance_type": "ecs.g7.large"}
    assert "g7 is not known to support SGX" in world.run(**plain, name="web", sgx=True, check=True, fails=True)["msg"]
    assert world.twice(**world.options, name="web", sgx=True)["created_ids"]


def test_install_the_trust_client_by_user_data(world: World) -> None:
    made = world.twice(**world.options, name="web", ram_role_name="web", user_data_trust_client=True)
    data = world.api.call("ecs", "DescribeUserData", InstanceId=made["instance_ids"][0])["UserData"]
    script = base64.b64decode(data).decode()
    assert script.startswith("#!/bin/sh")
    assert "trustclient-$region.oss-$region-internal" in script


def test_install_the_agent_of_security_center(world: World) -> None:
    world.twice(**world.options, name="web", security_enhancement_strategy="Active")
    assert sent(world)["SecurityEnhancementStrategy"] == "Active"
    own = world.api.call("ecs", "CreateImage", InstanceId=world.stored()[0]["InstanceId"], ImageName="own")["ImageId"]
    world.local.clock_advance(60)
    mine = {**world.options, "image_id": own, "security_enhancement_strategy": "Active"}
    assert "public images only" in world.run(**mine, name="other", check=True, fails=True)["msg"]


def test_answer_metadata_only_to_those_with_a_token(world: World) -> None:
    world.twice(**world.options, name="web")
    assert world.stored()[0]["MetadataOptions"]["HttpTokens"] == "required"
    assert world.twice(name="web", http_tokens="optional")["instances"][0]["http_tokens"] == "optional"
    assert not world.run(**world.options, name="web")["changed"]
    assert world.twice(name="web", http_tokens="required")["instances"][0]["http_tokens"] == "required"
    assert "without a token" in str(world.run(**world.options, name="old", http_tokens="optional")["warnings"])
    assert world.stored()[0]["MetadataOptions"]["HttpTokens"] == "optional"


def test_boot_by_secure_boot(world: World) -> None:
    refused = world.run(**world.options, name="web", secure_boot=True, fails=True)
    assert [item["requirement"] for item in refused["unmet"]] == ["secure boot", "secure boot"]
    world.local.set("ecs.secure_boot", "supported")
    assert world.twice(**world.options, name="web", secure_boot=True)["instances"][0]["secure_boot"] is True
    (lack,) = world.run(name="web", secure_boot=False)["needs_replacement"]
    assert lack["option"] == "secure_boot"


# ---------------------------------------------------------------------- release


def test_protected_instances_are_all_named_before_any_is_released(world: World) -> None:
    made = world.run(**world.fleet(count=6))
    world.twice(instance_ids=made["instance_ids"][:5], deletion_protection=True)
    for options in ({"state": "absent"}, {"state": "absent", "force": True}, {"name": "web-[1,3]", "count": 0}):
        surplus = {"remove_surplus": True} if "count" in options else {}
        refused = world.run(fleet="web", **options, **surplus, fails=True)
        assert "5 instances of 6 to be deleted are protected" in refused["msg"]
        assert all(id in refused["msg"] for id in made["instance_ids"][:5])
    assert len(world.stored()) == 6
    world.twice(fleet="web", state="absent", deletion_protection=False)
    assert world.stored() == []


# ---------------------------------------------------------------------- what is missing, and what goes wrong


def test_everything_that_is_missing_is_named_at_once_for_encrypted_disks_too(world: World) -> None:
    key = world.api.call("kms", "CreateKey", Description="disks")["KeyMetadata"]["KeyId"]
    disk = {"encrypted": True, "kms_key_id": key, "size": 40}
    refused = world.run(
        **{**world.options, "security_group_ids": ["sg-nothing"]},
        name="web",
        key_name="nobody",
        ram_role_name="nobody",
        system_disk=disk,
        data_disks=[{**disk, "kms_key_id": "00000000-0000-0000-0000-000000000000"}],
        check=True,
        fails=True,
    )
    assert [item["option"] for item in refused["unmet"]] == [
        "security_group_ids",
        "key_name",
        "ram_role_name",
        "system_disk",
        "system_disk",
    ]
    assert "AliyunECSDiskEncryptDefaultRole, which does not exist" in refused["msg"]
    assert "00000000-0000-0000-0000-000000000000" in refused["msg"]


def test_an_instance_that_stays_stopped_is_not_waited_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "STOP_PASSES_WITHIN", 0.5)
    world.local.set("ecs.created_stopped_seconds", 600.0)
    failed = world.run(**world.fleet(count=1), wait_timeout=300, fails=True)
    assert "is Stopped and did not come up again" in failed["msg"]
    assert len(failed["created_ids"]) == 1
