# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements of an instance, judged from facts that were read."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace

import pytest
from unit.instance.builders import CREATABLE, options

from ansible_collections.alitrust.ecs.plugins.module_utils._instance.requirements import Facts, judge

TRUST = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}}],
}
GOOD = Facts(
    kms_status="Enabled",
    role={"RoleName": "web", "AssumeRolePolicyDocument": json.dumps(TRUST)},
    instance_type={"InstanceTypeId": "ecs.g7t.large"},
    image={"ImageId": "uefi", "Status": "Available", "BootMode": "UEFI", "IsSupportCloudinit": True},
    vswitch={"VSwitchId": "vsw-1", "VpcId": "vpc-1", "ZoneId": "z-h"},
    groups=[{"SecurityGroupId": "sg-1", "VpcId": "vpc-1", "SecurityGroupType": "normal"}],
    key_pair={"KeyPairName": "web"},
    stock=[{"ZoneId": "z-h", "Status": "Available"}, {"ZoneId": "z-i", "Status": "Available"}],
)
WANTED: dict[str, t.Any] = {**CREATABLE, "ram_role_name": "web", "key_name": "web", "user_data": "#!/bin/sh"}


def test_nothing_is_unmet_where_all_is_well() -> None:
    verdict = judge(options(**WANTED), GOOD)
    assert (verdict.unmet, verdict.notes) == ([], [])


@pytest.mark.parametrize(
    ("facts", "given", "option", "words"),
    [
        ({"kms_status": "NotEnabled"}, {}, "trusted_mode", "KMS is NotEnabled"),
        ({"role": {}}, {}, "ram_role_name", "no RAM role web"),
        ({"role": {"AssumeRolePolicyDocument": "{}"}}, {}, "ram_role_name", "does not let ecs.aliyuncs.com assume it"),
        ({"instance_type": {}}, {}, "instance_type", "no instance type"),
        ({"stock": [{"ZoneId": "z-h", "Status": "SoldOut"}, {"ZoneId": "z-i"}]}, {}, "vswitch_id", "it is in z-i"),
        ({"stock": []}, {}, "vswitch_id", "nor in another zone"),
        ({"image": {}}, {}, "image_id", "no image uefi"),
        ({"image": {"ImageId": "x", "Status": "Creating"}}, {}, "image_id", "is Creating, not Available"),
        ({"image": {"ImageId": "x", "BootMode": "BIOS"}}, {}, "image_id", "boots by BIOS"),
        ({"image": {"ImageId": "x", "IsSupportCloudinit": False}}, {}, "user_data", "no cloud-init"),
        ({"vswitch": {}}, {}, "vswitch_id", "no vSwitch"),
        ({}, {"zone_id": "z-i"}, "zone_id", "is in z-h, not in z-i"),
        ({"groups": []}, {}, "security_group_ids", "no security group sg-1"),
        ({"groups": [{"SecurityGroupId": "sg-1", "VpcId": "vpc-2"}]}, {}, "security_group_ids", "is in the VPC vpc-2"),
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
    assert "trusted only with a trusted image" in judge(options(**given), GOOD).notes[0]
    secured = replace(GOOD, image={"ImageId": "aliyun_2_1903_x64_20G_secured_alibase_20210120.vhd"})
    assert judge(options(**given), secured).notes == []


def test_what_was_perhaps_made_a_moment_ago_is_counted_apart() -> None:
    verdict = judge(options(**WANTED), replace(GOOD, groups=[], key_pair={}))
    assert verdict.unseen == len(verdict.unmet) == 2
    assert judge(options(**WANTED), replace(GOOD, kms_status="NotEnabled")).unseen == 0
