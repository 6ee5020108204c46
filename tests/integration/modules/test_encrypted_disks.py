# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trusted instances with encrypted disks: what it takes, from nothing to the disks as ECS shows them."""

from __future__ import annotations

import json
import typing as t

import pytest
from modules.harness import Modules
from modules.network import IMAGE, Network
from modules.shareable import image

DISK_ROLE = "AliyunECSDiskEncryptDefaultRole"


@pytest.fixture
def network(modules: Modules) -> Network:
    return Network(modules)


def wanted(network: Network, group: str, **encryption: t.Any) -> dict[str, t.Any]:
    """Options for one trusted instance with an encrypted system disk and two encrypted data disks."""
    disk = {"encrypted": True, **encryption}
    return {
        "name": "vault",
        "instance_type": "ecs.g7t.large",
        "image_id": IMAGE,
        "vswitch_id": network.vswitch,
        "security_group_ids": [group],
        "system_disk": {"category": "cloud_essd", "size": 40, **disk},
        "data_disks": [{"category": "cloud_essd", "size": size, **disk} for size in (20, 60)],
    }


def disks(network: Network, made: dict[str, t.Any]) -> list[tuple[str, bool, str]]:
    """Type, encryption and key of each disk of the instance."""
    (instance_id,) = made["instance_ids"]
    found = network.api.pages("ecs", "DescribeDisks", InstanceId=instance_id)
    return sorted((disk["Type"], disk["Encrypted"], disk["KMSKeyId"]) for disk in found)


def test_create_an_instance_with_disks_encrypted_by_the_service_key(modules: Modules, network: Network) -> None:
    options = wanted(network, network.new_group("web"))
    unmet = modules.run("trusted_instance", fails=True, **options)
    assert "KMS is NotEnabled" in unmet["msg"]
    modules.run("kms_service")
    made = modules.run("trusted_instance", **options)
    service = modules.run("kms_key_info", key_ids=["alias/acs/ecs"])["kms_keys"][0]["key_id"]
    assert disks(network, made) == [("data", True, service), ("data", True, service), ("system", True, service)]
    assert not modules.run("trusted_instance", **options)["changed"]
    assert not modules.cloud.resources("role"), "the service key needs no role"


def test_create_an_instance_with_disks_encrypted_by_a_cmk(modules: Modules, network: Network) -> None:
    modules.run("kms_service")
    key = modules.run("kms_key", alias="disks")["kms_key"]["key_id"]
    options = wanted(network, network.new_group("web"), kms_key_id=key)
    for check in (True, False):
        unmet = modules.run("trusted_instance", check=check, fails=True, **options)
        assert f"through the RAM role {DISK_ROLE}, which does not exist" in unmet["msg"]
    modules.run("kms_share_role", purpose="disk_encrypt")
    assert modules.run("trusted_instance", check=True, **options)["changed"]
    by_alias = wanted(network, options["security_group_ids"][0], kms_key_id="alias/disks")
    made = modules.run("trusted_instance", **by_alias)
    assert disks(network, made) == [("data", True, key), ("data", True, key), ("system", True, key)]
    for same in (by_alias, options):
        idle = modules.run("trusted_instance", **same)
        assert not idle["changed"]
        assert not idle["needs_replacement"]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("disabled", "is in the state Disabled; only an Enabled key can be used"),
        ("missing", "There is no KMS key 00000000-0000-0000-0000-000000000000"),
        ("unknown alias", "There is no KMS key alias/unknown"),
        ("distrusted", f"The RAM role {DISK_ROLE} does not trust ecs.aliyuncs.com"),
        ("powerless", f"The RAM role {DISK_ROLE} lacks the system policy AliyunECSDiskEncryptRolePolicy"),
    ],
)
def test_what_encrypted_disks_lack_is_named_before_anything_is_made(
    modules: Modules, network: Network, spoil: str, reason: str
) -> None:
    modules.run("kms_service")
    key = modules.run("kms_key", alias="disks", enabled=spoil != "disabled")["kms_key"]["key_id"]
    modules.run("kms_share_role", purpose="disk_encrypt")
    if spoil == "missing":
        key = "00000000-0000-0000-0000-000000000000"
    if spoil == "unknown alias":
        key = "alias/unknown"
    if spoil == "distrusted":
        statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "fc.aliyuncs.com"}}
        trust = json.dumps({"Version": "1", "Statement": [statement]})
        network.api.call("ram", "UpdateRole", RoleName=DISK_ROLE, NewAssumeRolePolicyDocument=trust)
    if spoil == "powerless":
        policy = {"PolicyType": "System", "PolicyName": "AliyunECSDiskEncryptRolePolicy"}
        network.api.call("ram", "DetachPolicyFromRole", RoleName=DISK_ROLE, **policy)
    failed = modules.run("trusted_instance", fails=True, **wanted(network, network.new_group("web"), kms_key_id=key))
    assert reason in failed["msg"]
    assert not modules.cloud.resources("instance")


def plain(network: Network, group: str, **more: t.Any) -> dict[str, t.Any]:
    """Options for one instance that say nothing of encryption."""
    options = wanted(network, group)
    for disk in (options["system_disk"], *options["data_disks"]):
        del disk["encrypted"]
    return {**options, **more}


def test_disks_are_encrypted_by_default_and_those_that_exist_stay(modules: Modules, network: Network) -> None:
    modules.run("kms_service")
    options = plain(network, network.new_group("web"))
    foretold = modules.run("trusted_instance", check=True, **options)
    made = modules.run("trusted_instance", **options)
    assert foretold["diff"]["after"] == made["diff"]["after"]
    assert made["diff"]["after"]["instances"]["vault"]["system_disk"]["encrypted"] is True
    service = modules.run("kms_key_info", key_ids=["alias/acs/ecs"])["kms_keys"][0]["key_id"]
    assert disks(network, made) == [("data", True, service), ("data", True, service), ("system", True, service)]
    assert not modules.run("trusted_instance", **options)["changed"]

    bare = plain(network, network.new_group("db"), name="bare", system_disk={"encrypted": False}, data_disks=[])
    made = modules.run("trusted_instance", **bare)
    assert disks(network, made) == [("system", False, "")]
    # Silence asks nothing of what exists; what is added is encrypted.
    grown = {**bare, "system_disk": None, "data_disks": [{"size": 20}, {"size": 30, "encrypted": False}]}
    made = modules.run("trusted_instance", **grown)
    assert not made["needs_replacement"]
    assert disks(network, made) == [("data", False, ""), ("data", True, service), ("system", False, "")]


def test_without_kms_disks_of_an_ordinary_instance_are_not_encrypted(modules: Modules, network: Network) -> None:
    options = plain(network, network.new_group("web"), trusted_mode=False)
    made = modules.run("trusted_instance", **options)
    assert {encrypted for _type, encrypted, _key in disks(network, made)} == {False}
    (warning,) = [one for one in made["warnings"] if "encrypted" in str(one)]
    assert "KMS is not switched on" in str(warning)
    again = modules.run("trusted_instance", **options)
    assert not again["changed"]
    assert not [one for one in again.get("warnings", []) if "encrypted" in str(one)]


def test_where_encryption_is_refused_disks_are_made_without(modules: Modules, network: Network) -> None:
    modules.run("kms_service")
    options = plain(network, network.new_group("web"))
    refusal = {"code": "InvalidParameter.NotSupportEncrypted", "status": 400, "message": "No encryption in this zone."}
    modules.cloud.fault("error", "ecs:RunInstances", **refusal)
    made = modules.run("trusted_instance", **options)
    assert {encrypted for _type, encrypted, _key in disks(network, made)} == {False}
    (warning,) = [one for one in made["warnings"] if "encrypted" in str(one)]
    assert "No encryption in this zone" in str(warning)
    # Who asks for it in so many words gets it, or the refusal.
    modules.cloud.fault("error", "ecs:RunInstances", **refusal)
    failed = modules.run(
        "trusted_instance", fails=True, **{**wanted(network, network.new_group("db")), "name": "other"}
    )
    assert "No encryption in this zone" in failed["msg"]


def test_the_disk_of_an_encrypted_image_keeps_the_key_of_the_image(modules: Modules, network: Network) -> None:
    modules.run("kms_service")
    key = modules.run("kms_key", alias="disks")["kms_key"]["key_id"]
    modules.run("kms_share_role", purpose="disk_encrypt")
    options = plain(
        network, network.new_group("db"), name="own", image_id=image(modules, key), data_disks=[{"size": 20}]
    )
    service = modules.run("kms_key_info", key_ids=["alias/acs/ecs"])["kms_keys"][0]["key_id"]
    made = modules.run("trusted_instance", **options)
    assert disks(network, made) == sorted([("data", True, service), ("system", True, key)])
