# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements of an instance, judged from facts that were read."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from unit.instance.builders import CREATABLE, options

from ansible_collections.alitrust.ecs.plugins.module_utils._instance.requirements import Facts, judge, why_unfit

TRUST = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}}],
}
KINDS = ("ecs.g7t.large", "ecs.g6.large")
GOOD = Facts(
    kms_status="Enabled",
    role={"trust_policy": TRUST},
    instance_types={kind: {"CpuCoreCount": 2} for kind in KINDS},
    image={"ImageId": "uefi", "Status": "Available", "BootMode": "UEFI", "IsSupportCloudinit": True},
    vswitches={"vsw-1": {"VSwitchId": "vsw-1", "VpcId": "vpc-1", "ZoneId": "z-h", "AvailableIpAddressCount": 9}},
    groups=[{"SecurityGroupId": "sg-1", "VpcId": "vpc-1", "SecurityGroupType": "normal"}],
    key_pair={"KeyPairName": "web"},
    stock={kind: [{"ZoneId": "z-h", "Status": "Available"}, {"ZoneId": "z-i"}] for kind in KINDS},
    vcpus=(100, 98),
)
IMAGE: dict[str, t.Any] = dict(GOOD.image or {})
KEYED = {"system_disk": {"category": "cloud_essd", "encrypted": True, "kms_key_id": "k"}}
WANTED: dict[str, t.Any] = {**CREATABLE, "ram_role_name": "web", "key_name": "web", "user_data": "#!/bin/sh"}


def test_nothing_is_unmet_where_all_is_well() -> None:
    verdict = judge(options(**WANTED), GOOD)
    assert (verdict.unmet, verdict.notes) == ([], [])


@pytest.mark.parametrize(
    ("facts", "given", "option", "words"),
    [
        ({"kms_status": "NotEnabled"}, {}, "trusted_mode", "KMS is NotEnabled"),
        ({"role": {}}, {}, "ram_role_name", "no RAM role web"),
        ({"role": {"trust_policy": {}}}, {}, "ram_role_name", "does not let ecs.aliyuncs.com assume it"),
        ({"instance_types": {}}, {}, "instance_type", "no instance type"),
        (
            {"stock": {"ecs.g7t.large": [{"ZoneId": "z-h", "Status": "SoldOut"}, {"ZoneId": "z-i"}]}},
            {},
            "vswitch_id",
            "it is in z-i",
        ),
        ({"stock": {"ecs.g7t.large": []}}, {}, "vswitch_id", "nor in another zone"),
        ({"vcpus": (100, 99)}, {}, "instance_type", "may have 100 vCPUs"),
        ({"image": {}}, {}, "image_id", "no image uefi"),
        ({"image": {"ImageId": "x", "Status": "Creating"}}, {}, "image_id", "is Creating, not Available"),
        ({"image": {"ImageId": "x", "BootMode": "BIOS"}}, {}, "image_id", "boots by BIOS"),
        ({"image": {"ImageId": "x", "IsSupportCloudinit": False}}, {}, "user_data", "no cloud-init"),
        ({"vswitches": {}}, {}, "vswitch_id", "no vSwitch"),
        (
            {"image": {**IMAGE, "ImageOwnerAlias": "self"}},
            {"security_enhancement_strategy": "Active"},
            "security_enhancement_strategy",
            "public images only",
        ),
        (
            {"image": {**IMAGE, "SecureBootOptions": {"SecureBootSupport": "unsupported"}}},
            {"secure_boot": True},
            "secure_boot",
            "does not support secure boot",
        ),
        ({"encryption": ["The key k is Disabled."]}, KEYED, "system_disk", "is Disabled"),
        ({"groups": [{"SecurityGroupId": "sg-1", "VpcId": ""}]}, {}, "security_group_ids", "classic network"),
        ({"image": {}}, {"image_id": None, "image_family": "web"}, "image_family", "of the family web in this region"),
        (
            {},
            {"instance_type": "ecs.g7t.large", "trusted_families": {"g7t": {"sgx": False}}, "sgx": True},
            "instance_type",
            "not known to support SGX",
        ),
        ({}, {"trusted_families": {"g7t": "none"}}, "instance_type", "family g7t is not known"),
        ({}, {"zone_id": "z-i"}, "zone_id", "is in z-h, not in z-i"),
        ({"groups": []}, {}, "security_group_ids", "no security group sg-1"),
        ({"groups": [{"SecurityGroupId": "sg-1", "VpcId": "vpc-2"}]}, {}, "security_group_ids", "is in the VPC vpc-2"),
        (
            {"groups": [{"SecurityGroupId": "sg-1", "VpcId": "vpc-1", "RuleCount": 1001}]},
            {},
            "security_group_ids",
            "would have 1001 rules together (sg-1 1001)",
        ),
        ({"key_pair": {}}, {}, "key_name", "no key pair web"),
        ({}, {"instance_type": "ecs.g6.large"}, "instance_type", "family g6 is not known"),
        ({}, {"system_disk": {"category": "cloud_ssd"}}, "system_disk.category", "not cloud_ssd"),
    ],
)
def test_each_requirement_is_named(facts: dict[str, t.Any], given: dict[str, t.Any], option: str, words: str) -> None:
    (item,) = judge(options(**{**WANTED, **given}), replace(GOOD, **facts)).unmet
    assert item["option"] == option
    assert words in item["message"]


def test_basic_and_advanced_groups_do_not_mix() -> None:
    groups = [*(GOOD.groups or ()), {"SecurityGroupId": "sg-2", "VpcId": "vpc-1", "SecurityGroupType": "enterprise"}]
    verdict = judge(options(**{**WANTED, "security_group_ids": ["sg-1", "sg-2"]}), replace(GOOD, groups=groups))
    assert "cannot be mixed" in verdict.unmet[0]["message"]


def test_an_untrusted_instance_needs_none_of_what_only_trust_needs() -> None:
    facts = replace(GOOD, kms_status="NotEnabled", image={"ImageId": "x", "BootMode": "BIOS"})
    given = {"instance_type": "ecs.g6.large", "system_disk": {"category": "cloud_ssd"}, "trusted_mode": False}
    assert judge(options(**{**WANTED, **given}), facts).unmet == []


def test_what_could_not_be_read_is_not_judged() -> None:
    verdict = judge(options(**WANTED), Facts(unread=["KMS could not be checked"]))
    assert (verdict.unmet, verdict.notes) == ([], ["KMS could not be checked"])


def test_a_family_that_is_trusted_by_image_wants_a_trusted_image() -> None:
    given = {**WANTED, "instance_type": "ecs.g6t.large"}
    assert "trusted only with a trusted image" in judge(options(**given), GOOD).warnings[0]
    secured = replace(GOOD, image={"ImageId": "aliyun_2_1903_x64_20G_secured_alibase_20210120.vhd"})
    assert judge(options(**given), secured).notes == []


def test_kms_is_asked_for_once_where_disks_are_encrypted_too() -> None:
    facts = replace(GOOD, kms_status="NotEnabled", encryption=["KMS is NotEnabled; encrypted disks need it."])
    given = options(**{**WANTED, **KEYED})
    assert [item["option"] for item in judge(given, facts).unmet] == ["trusted_mode"]
    assert [item["option"] for item in judge({**given, "trusted_mode": False}, facts).unmet] == ["system_disk"]


TWO = {"instance_type": None, "instance_types": ["ecs.g7t.large", "ecs.g7.large"]}
TWO |= {"vswitch_id": None, "vswitch_ids": ["vsw-1", "vsw-2"]}
WIDE = replace(
    GOOD,
    instance_types={"ecs.g7t.large": {"CpuCoreCount": 2}, "ecs.g7.large": {"CpuCoreCount": 2}},
    vswitches={
        "vsw-1": {"VSwitchId": "vsw-1", "VpcId": "vpc-1", "ZoneId": "z-h", "AvailableIpAddressCount": 1},
        "vsw-2": {"VSwitchId": "vsw-2", "VpcId": "vpc-1", "ZoneId": "z-i", "AvailableIpAddressCount": 9},
    },
    stock={"ecs.g7t.large": [{"ZoneId": "z-h"}], "ecs.g7.large": [{"ZoneId": "z-h"}, {"ZoneId": "z-i"}]},
)


def test_places_are_tried_type_by_type_and_those_without_room_are_passed_over() -> None:
    def room(amount: int) -> list[tuple[str, str | None]]:
        verdict = judge(options(**{**WANTED, **TWO}), WIDE, [amount])
        assert len(verdict.room) + len(verdict.passed_over) == 4
        return [(place.instance_type, place.zone_id) for place in verdict.room]

    assert room(1) == [("ecs.g7t.large", "z-h"), ("ecs.g7.large", "z-h"), ("ecs.g7.large", "z-i")]
    assert room(2) == [("ecs.g7.large", "z-i")]


def test_no_room_anywhere_tells_the_reason_of_every_place() -> None:
    verdict = judge(options(**{**WANTED, **TWO}), replace(WIDE, vcpus=None), [10])
    (item,) = verdict.unmet
    assert item["requirement"] == "stock"
    assert all(place["reason"] in item["message"] for place in verdict.passed_over)


def test_each_call_goes_to_the_first_vswitch_that_still_has_room_for_it() -> None:
    addresses = {"vsw-1": 252, "vsw-2": 150}
    vswitches = {
        key: {**item, "AvailableIpAddressCount": addresses[key]} for key, item in (WIDE.vswitches or {}).items()
    }
    facts = replace(WIDE, vswitches=vswitches, vcpus=None)
    given = options(**{**WANTED, **TWO, "instance_types": ["ecs.g7.large"]})

    def vswitch_of_each(*calls: int) -> list[str]:
        verdict = judge(given, facts, calls)
        assert verdict.unmet == []
        return [offer[0].vswitch_id for offer in verdict.offers]

    assert vswitch_of_each(100, 100) == ["vsw-1", "vsw-1"]
    assert vswitch_of_each(100, 100, 100) == ["vsw-1", "vsw-1", "vsw-2"]
    assert vswitch_of_each(100, 100, 100, 52) == ["vsw-1", "vsw-1", "vsw-2", "vsw-1"]
    assert [place.vswitch_id for place in judge(given, facts, [100]).room] == ["vsw-1", "vsw-2"]
    (item,) = judge(given, facts, [100, 100, 100, 100]).unmet
    assert "400 instances need as many free addresses" in item["message"]
    assert "vsw-1 has 252, vsw-2 has 150" in item["message"]


def test_one_vswitch_that_is_too_small_is_said_with_its_number() -> None:
    vswitches = {"vsw-1": {**(WIDE.vswitches or {})["vsw-1"], "AvailableIpAddressCount": 252}}
    facts = replace(GOOD, vswitches=vswitches, vcpus=None)
    (item,) = judge(options(**WANTED), facts, [100, 100, 100]).unmet
    assert "300 instances need as many free addresses; the vSwitch vsw-1 has 252." in item["message"]
    assert item["what_to_do"] or "Give more or larger" in item["message"]


def test_what_is_not_given_is_not_judged() -> None:
    nothing = options(name="web", count=2)
    assert judge(nothing, GOOD, [2]).unmet == []


@pytest.mark.parametrize(
    ("image", "kind", "told", "words"),
    [
        ({"BootMode": "UEFI"}, {"SupportedBootModes": {"SupportedBootMode": ["BIOS"]}}, (), "boots by UEFI"),
        ({"Architecture": "arm64"}, {"CpuArchitecture": "X86"}, (), "is for arm64"),
        ({"Architecture": "x86_64"}, {"CpuArchitecture": "ARM"}, (), "is for x86_64"),
        ({}, {}, ("ecs.g7t.large",), "cannot be used with ecs.g7t.large"),
        ({"BootMode": "UEFI-Preferred"}, {"SupportedBootModes": {"SupportedBootMode": ["BIOS"]}}, (), ""),
    ],
)
def test_an_image_has_to_boot_with_the_type(
    image: dict[str, t.Any], kind: dict[str, t.Any], told: tuple[str, ...], words: str
) -> None:
    facts = replace(
        GOOD, image={**IMAGE, **image}, instance_types={"ecs.g7t.large": {"CpuCoreCount": 2, **kind}}, unfit=told
    )
    unmet = judge(options(**WANTED), facts).unmet
    assert [item["option"] for item in unmet] == (["image_id"] if words else [])
    assert all(words in item["message"] for item in unmet)


def test_a_windows_image_gets_no_key_pair() -> None:
    windows = replace(GOOD, image={**IMAGE, "OSType": "windows"})
    (item,) = judge(options(**WANTED), windows).unmet
    assert (item["option"], item["problem"]) == (
        "key_name",
        "The image uefi is of Windows, and key pairs are for Linux only.",
    )
    assert judge(options(**{**WANTED, "key_name": None}), windows).unmet == []


@pytest.mark.parametrize(
    ("snapshot", "size", "words"),
    [
        ({}, None, "There is no snapshot s-1"),
        ({"Status": "progressing"}, None, "is progressing"),
        ({"Status": "accomplished", "SourceDiskSize": "60"}, 40, "of a disk of 60 GiB"),
        ({"Status": "accomplished", "SourceDiskSize": "60"}, 60, ""),
    ],
)
def test_a_disk_holds_what_it_is_made_from(snapshot: dict[str, t.Any], size: int | None, words: str) -> None:
    disk = {"category": "cloud_essd", "snapshot_id": "s-1", "size": size}
    facts = replace(GOOD, snapshots={"s-1": snapshot} if snapshot else {})
    unmet = judge(options(**WANTED, data_disks=[disk]), facts).unmet
    assert bool(unmet) == bool(words)
    assert all(words in item["message"] for item in unmet)


def test_a_category_that_a_zone_does_not_have_passes_the_place_over() -> None:
    def zone(name: str, *values: str) -> dict[str, t.Any]:
        supported = {"SupportedResource": [{"Value": value, "Status": "Available"} for value in values]}
        return {"ZoneId": name, "AvailableResources": {"AvailableResource": [{"SupportedResources": supported}]}}

    zones = [zone("z-h", "cloud_auto"), zone("z-i", "cloud_auto", "cloud_essd")]
    given = {**WANTED, **TWO, "instance_types": ["ecs.g7.large"], "system_disk": {"category": "cloud_essd"}}
    verdict = judge(options(**given), replace(WIDE, disks={("ecs.g7.large", "SystemDisk"): zones}))
    assert [place.zone_id for place in verdict.room] == ["z-i"]
    assert "takes no system disk of the category cloud_essd; it takes cloud_auto." in verdict.passed_over[0]["reason"]


@pytest.mark.parametrize(("room", "members", "fits"), [(0, 0, True), (2, 0, True), (1, 5, False), (0, 5, False)])
def test_a_group_holds_so_many(room: int, members: int, fits: bool) -> None:
    group = {**(GOOD.groups or ())[0], "EcsCount": members, "AvailableInstanceAmount": room}
    unmet = judge(options(**WANTED), replace(GOOD, groups=[group], vcpus=None), [2]).unmet
    assert bool(unmet) != fits


def test_a_mistake_in_one_of_several_choices_is_a_mistake() -> None:
    facts = replace(WIDE, vswitches={**(WIDE.vswitches or {}), "vsw-2": {}})
    given = {**WANTED, **TWO, "instance_types": ["ecs.g7t.large", "ecs.g6.large"]}
    told = [item["message"] for item in judge(options(**given), facts).unmet]
    assert [text.split(".")[0] for text in told] == [
        "The region has no instance type ecs",
        "There is no vSwitch vsw-2 in this region",
        "The family g6 is not known to support trusted mode",
    ]


@pytest.mark.parametrize(
    ("types", "image", "fit"),
    [
        (["ecs.g7t.large"], {"BootMode": "UEFI"}, True),
        (["ecs.g7t.large"], {"BootMode": "BIOS"}, False),
        (["ecs.g7t.large", "ecs.g6t.large"], {"BootMode": "UEFI"}, False),
        (["ecs.g6t.large"], {"BootMode": "UEFI", "ImageName": "x_secured_y"}, True),
    ],
)
def test_a_looked_up_image_has_to_suit_every_family(types: list[str], image: dict[str, t.Any], fit: bool) -> None:
    given = {**WANTED, "instance_type": None, "instance_types": types}
    assert (why_unfit(options(**given), image) is None) is fit
    assert why_unfit(options(**given, trusted_mode=False), image) is None


def test_what_was_perhaps_made_a_moment_ago_is_counted_apart() -> None:
    verdict = judge(options(**WANTED), replace(GOOD, groups=[], key_pair={}))
    assert verdict.unseen == len(verdict.unmet) == 2
    assert judge(options(**WANTED), replace(GOOD, kms_status="NotEnabled")).unseen == 0
