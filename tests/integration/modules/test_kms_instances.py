# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS instances: which there are, and keys and secrets in them."""

from __future__ import annotations

import typing as t

import pytest
from modules.harness import CheckRun, Modules

ONE = "kst-one"
READING = ("Describe", "Get", "List")


@pytest.fixture
def kms(modules: Modules) -> Modules:
    """An account of today: KMS is on, and one key a region and no secret can be made without an instance."""
    modules.run("kms_service")
    modules.cloud.set("kms.keys_without_instance", 1)
    modules.cloud.set("kms.secrets_need_instance", True)
    return modules


def unwritten(kms: Modules, module: str, /, **options: t.Any) -> str:
    """What a task fails with, in check mode as for real, before it has written anything."""
    told = []
    for check in (True, False):
        kms.cloud.forget_requests()
        told.append(kms.run(module, check=check, fails=True, **options)["msg"])
        assert not [name for name in kms.cloud.counts() if not name.partition(":")[2].startswith(READING)]
    assert told[0] == told[1]
    return str(told[0])


def test_query_kms_instances(kms: Modules) -> None:
    assert kms.run("kms_instance_info")["kms_instances"] == []
    kms.cloud.kms_instance(ONE, InstanceName="shop", KeyNum=5, SecretNum="7", VpcId="vpc-1", ZoneIds=["a", "b"])
    kms.cloud.kms_instance("kst-two", Status="Uninitialized", region="cn-hangzhou")
    kms.cloud.kms_instance("kst-far", region="cn-beijing")
    kms.run("kms_key", alias="shop", dkms_instance_id=ONE)
    result = kms.run("kms_instance_info")
    assert [one["instance_id"] for one in result["kms_instances"]] == [ONE, "kst-two"]
    assert result["summary"] == "2 KMS instances"
    (one,) = kms.run("kms_instance_info", status="Connected")["kms_instances"]
    assert (one["name"], one["status"], one["spec"], one["charge_type"]) == ("shop", "Connected", 1000, "PREPAY")
    quotas = {name: one[name] for name in one if name.endswith(("_quota", "_count"))}
    assert quotas == {"key_quota": 5, "key_count": 1, "secret_quota": 7, "secret_count": 0}
    assert (one["vpc_id"], one["zone_ids"], one["end_date"] > one["start_date"]) == ("vpc-1", ["a", "b"], True)
    asked = kms.run("kms_instance_info", instance_ids=[ONE, "kst-far", "kst-none", ONE])
    assert [one["instance_id"] for one in asked["kms_instances"]] == [ONE]
    kms.cloud.fault("error", "kms:GetKmsInstanceQuotaInfos", times=None, code="Forbidden.NoPermission", status=403)
    asked = kms.run("kms_instance_info", instance_ids=[ONE])
    assert asked["kms_instances"][0]["key_count"] is None
    assert f"How much of {ONE} is used could not be asked (Forbidden.NoPermission)." in str(asked["warnings"])


def test_more_instances_than_a_page_has(kms: Modules) -> None:
    for number in range(101):
        kms.cloud.kms_instance(f"kst-{number}", Status="Connecting")
    kms.cloud.forget_requests()
    assert len(kms.run("kms_instance_info")["kms_instances"]) == 101
    assert kms.cloud.counts()["kms:ListKmsInstances"] == 2


def test_create_a_key_in_an_instance(kms: Modules) -> None:
    kms.cloud.kms_instance(ONE)
    kms.run("kms_key", alias="default")
    wanted: dict[str, t.Any] = {"alias": "disks", "dkms_instance_id": ONE, "rotation_days": 30, "tags": {"a": "1"}}
    made = kms.twice("kms_key", **wanted)["kms_key"]
    assert (made["dkms_instance_id"], made["protection_level"], made["rotation_days"]) == (ONE, "SOFTWARE", 30)
    assert kms.run("kms_key", check=True, **wanted)["kms_key"] == made, "check mode returns what there is"
    assert kms.run("kms_key_info", dkms_instance_id=ONE)["kms_keys"] == [made]
    kms.cloud.forget_requests()
    assert not kms.run("kms_key", alias="disks")["changed"], "what is not given stays"
    assert not [name for name in kms.cloud.counts() if "KmsInstance" in name], "nobody asks where none is made"
    told = unwritten(kms, "kms_key", alias="disks", dkms_instance_id="kst-two")
    assert f"whose dkms_instance_id is {ONE}, not kst-two; that cannot be changed" in told
    told = unwritten(kms, "kms_key", alias="default", dkms_instance_id=ONE)
    assert f"whose dkms_instance_id is not set, not {ONE}; that cannot be changed" in told


#: What makes a key or a secret, by module.
OPTIONS: dict[str, dict[str, t.Any]] = {
    "kms_key": {"alias": "disks"},
    "kms_secret": {"name": "db", "value": "Some-Pass-1"},
    "keypair": {"name": "web", "private_key_secret": "keys/web"},
}


@pytest.mark.parametrize("module", OPTIONS)
def test_an_instance_that_takes_no_more_is_told_before_anything_is_made(kms: Modules, module: str) -> None:
    options = OPTIONS[module]
    what = "keys" if module == "kms_key" else "secrets"
    told = unwritten(kms, module, dkms_instance_id="kst-none", **options)
    assert "dkms_instance_id is kst-none: there is no such KMS instance in the region cn-hangzhou" in told
    assert "no module makes one, because that is a purchase" in told
    kms.cloud.kms_instance(ONE, Status="Uninitialized")
    assert f"{ONE} is Uninitialized" in unwritten(kms, module, dkms_instance_id="kst-none", **options)
    told = unwritten(kms, module, dkms_instance_id=ONE, **options)
    assert "Uninitialized (it was bought, but never enabled)" in told
    kms.cloud.kms_instance(ONE, Status="Connected", KeyNum=0, SecretNum="0")
    told = unwritten(kms, module, dkms_instance_id=ONE, **options)
    assert f"has 0 {what} and may have 0: it takes no more" in told
    kms.cloud.fault("error", "kms:GetKmsInstance*", times=None, code="Forbidden.NoPermission", status=403)
    failed = kms.run(module, dkms_instance_id=ONE, fails=True, **options)
    assert failed["error_code"] == "Rejected.LimitExceeded", "who may not ask leaves it to KMS"
    assert "kms_instance_info" in failed["msg"]


CODES = ["Rejected.LimitExceeded", "Rejected.UnsupportedOperation", "Forbidden.DKMSInstanceStateInvalid"]


@pytest.mark.parametrize("code", CODES)
def test_accounts_that_need_an_instance_are_told_which(kms: Modules, code: str) -> None:
    kms.cloud.set("kms.key_without_instance_code", code)
    kms.cloud.set("kms.secret_without_instance_code", code)
    kms.run("kms_key", alias="default")
    for module, options in OPTIONS.items():
        kms.cloud.kms_instance(ONE, Status="Connected")
        kms.cloud.kms_instance("kst-two", Status="Error")
        failed = kms.run(module, fails=True, **options)
        assert "in a KMS instance" in failed["msg"]
        assert f"Give dkms_instance_id: {ONE}, which is the only enabled one in the region" in failed["msg"]
        assert (failed["changed"], failed["error_code"]) == (False, code)
    kms.cloud.fault("error", "kms:ListKmsInstances", code="Forbidden.NoPermission", status=403)
    failed = kms.run("kms_key", alias="disks", fails=True)
    assert "Give its ID, as dkms_instance_id. alitrust.ecs.kms_instance_info lists" in failed["msg"]


def test_a_secret_is_in_the_instance_of_its_key(kms: Modules) -> None:
    kms.cloud.kms_instance(ONE)
    kms.cloud.kms_instance("kst-two")
    kms.run("kms_key", alias="vault", dkms_instance_id=ONE)
    for module in ("kms_secret", "keypair"):
        options = OPTIONS[module]
        told = unwritten(kms, module, kms_key_id="alias/vault", **options)
        assert f"is in the KMS instance {ONE}, and the secret" in told
        assert f"Give dkms_instance_id: {ONE}" in told
        told = unwritten(kms, module, kms_key_id="alias/vault", dkms_instance_id="kst-two", **options)
        assert "is to be in the KMS instance kst-two; KMS wants both in one" in told
        kms.twice(module, kms_key_id="alias/vault", dkms_instance_id=ONE, **options)
    found = kms.run("kms_secret_info", dkms_instance_id=ONE)["kms_secrets"]
    assert [one["name"] for one in found] == ["db", "keys/web"]
    assert kms.run("kms_secret_info", dkms_instance_id="kst-two")["kms_secrets"] == []


def test_a_key_in_an_instance_is_checked_from_nothing(kms: Modules, check_run: CheckRun) -> None:
    kms.cloud.kms_instance(ONE)
    wanted = {"alias": "disks", "dkms_instance_id": ONE}
    assert check_run("kms_key", **wanted)["changed"]
    assert not check_run("kms_key", **wanted)["changed"], "it would be there by now"
    assert check_run("kms_key_info", dkms_instance_id=ONE, key_ids=["alias/disks"])["kms_keys"]
    secret = {"name": "db", "value": "Some-Pass-1", "kms_key_id": "alias/disks"}
    assert check_run("kms_secret", dkms_instance_id=ONE, **secret)["kms_secret"]["dkms_instance_id"] == ONE
    assert "Give dkms_instance_id" in check_run("kms_secret", **{**secret, "name": "other"}, fails=True)["msg"]


def test_lists_are_empty_where_kms_would_only_be_switched_on(modules: Modules, check_run: CheckRun) -> None:
    check_run("kms_service")
    for module in ("kms_instance_info", "kms_key_info", "kms_secret_info"):
        (listed,) = (value for value in check_run(module).values() if isinstance(value, list))
        assert listed == []
    assert modules.run("kms_key_info", check=True, fails=True)["error_code"] == "Forbidden.KmsServiceNotEnabled"


def test_the_preflight_foresees_the_key_of_disks(kms: Modules) -> None:
    kms.cloud.kms_instance(ONE)
    kms.run("kms_key", alias="default")
    disks: dict[str, t.Any] = {"kms_key": {"alias": "disks", "dkms_instance_id": ONE}}
    ready = kms.run("preflight_info", **disks)
    assert ready["lacks"] == []
    assert "create a key for alias/disks" in ready["steps"]
    called = {"kms_key.dkms_instance_id": "account_dkms_instance_id"}
    kms.cloud.kms_instance(ONE, Status="Disconnected")
    (lack,) = kms.run("preflight_info", called=called, **disks)["lacks"]
    assert lack["option"] == "account_dkms_instance_id"
    assert f"{ONE}, a KMS instance that is Disconnected" in lack["problem"]
