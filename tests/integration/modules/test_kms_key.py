# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.kms_key, its info module and kms_service_info against the local cloud."""

from __future__ import annotations

import json
import typing as t

import pytest
from modules import shareable
from modules.harness import CheckRun, Modules

DAY = 86400


@pytest.fixture
def kms(modules: Modules) -> Modules:
    """An account whose KMS is on."""
    modules.run("kms_service")
    modules.cloud.forget_requests()
    return modules


def own_keys(modules: Modules) -> list[dict[str, t.Any]]:
    return [key for key in modules.cloud.resources("kms_key", "cn-hangzhou") if key["Creator"] == key["AccountId"]]


def test_query_the_state_of_kms(modules: Modules) -> None:
    assert modules.run("kms_service_info")["kms_service"] == {"status": "NotEnabled"}
    modules.run("kms_service")
    assert modules.run("kms_service_info")["kms_service"] == {"status": "Enabled"}


def test_create_a_key_with_an_alias(kms: Modules) -> None:
    wanted: dict[str, t.Any] = {
        "alias": "disks",
        "description": "Disks of the shop",
        "rotation_days": 365,
        "deletion_protection": True,
        "tags": {"service": "shop"},
    }
    made = kms.twice("kms_key", **wanted)["kms_key"]
    assert made["aliases"] == ["alias/disks"]
    assert (made["key_state"], made["key_spec"]) == ("Enabled", "Aliyun_AES_256")
    assert (made["automatic_rotation"], made["rotation_days"], made["deletion_protection"]) == (True, 365, True)
    assert made["tags"] == {"service": "shop", "alitrust.ecs:owner": "kms_key/alias/disks"}
    assert len(own_keys(kms)) == 1
    foretold = kms.run("kms_key", check=True, **wanted)["kms_key"]
    assert foretold == made, "check mode returns what there is"


def test_find_a_key_by_its_id_or_alias(kms: Modules) -> None:
    one = kms.run("kms_key", alias="one", tags={"service": "shop"})["kms_key"]
    two = kms.run("kms_key", alias="two", enabled=False)["kms_key"]
    assert kms.run("kms_key_info", key_ids=["alias/one", one["key_id"], "alias/none"])["kms_keys"] == [one]
    assert kms.run("kms_key_info", key_state="Disabled")["kms_keys"] == [two]
    assert kms.run("kms_key_info", tags={"service": None})["kms_keys"] == [one]
    every = kms.run("kms_key_info")["kms_keys"]
    assert [key["key_id"] for key in every] == sorted(key["key_id"] for key in every)
    assert {alias for key in every for alias in key["aliases"]} == {"alias/one", "alias/two", "alias/acs/ecs"}
    assert kms.run("kms_key", key_id=two["key_id"])["kms_key"] == two


def test_everything_that_can_change_changes(kms: Modules) -> None:
    made = kms.run("kms_key", alias="one", rotation_days=30, tags={"a": "1", "b": "2"})["kms_key"]
    key_id = made["key_id"]
    assert kms.twice("kms_key", key_id=key_id, enabled=False)["kms_key"]["key_state"] == "Disabled"
    assert kms.twice("kms_key", key_id=key_id, enabled=True)["kms_key"]["key_state"] == "Enabled"
    changes = {"description": "other", "deletion_protection": True, "rotation_days": 0, "tags": {"b": "3"}}
    changed = kms.twice("kms_key", key_id=key_id, **changes)["kms_key"]
    assert (changed["description"], changed["rotation_days"], changed["deletion_protection"]) == ("other", None, True)
    assert changed["tags"] == {"b": "3", "alitrust.ecs:owner": "kms_key/alias/one"}
    assert kms.twice("kms_key", key_id=key_id, alias="uno")["kms_key"]["aliases"] == ["alias/one", "alias/uno"]
    assert not kms.run("kms_key", alias="alias/one")["changed"], "what is not given stays"


def test_an_alias_of_another_key_is_moved_only_on_request(kms: Modules) -> None:
    one, two = (kms.run("kms_key", alias=name)["kms_key"]["key_id"] for name in ("one", "two"))
    failed = kms.run("kms_key", key_id=two, alias="one", fails=True)
    assert f"belongs to the key {one}" in failed["msg"]
    assert "move_alias" in failed["msg"]
    moved = kms.twice("kms_key", key_id=two, alias="one", move_alias=True)["kms_key"]
    assert moved["aliases"] == ["alias/one", "alias/two"]


def test_schedule_and_cancel_the_deletion_of_a_key(kms: Modules) -> None:
    kms.run("kms_key", alias="one")
    gone = kms.twice("kms_key", alias="one", state="pending_deletion", pending_window_in_days=7)
    assert gone["kms_key"]["key_state"] == "PendingDeletion"
    assert gone["kms_key"]["delete_date"]
    assert "will be deleted in 7 days" in str(gone["warnings"])
    back = kms.twice("kms_key", alias="one")
    assert (back["kms_key"]["key_state"], back["kms_key"]["delete_date"]) == ("Enabled", "")
    kms.cloud.clock_advance(8 * DAY)
    assert kms.run("kms_key_info", key_ids=["alias/one"])["kms_keys"], "a deletion that was cancelled does not come"
    kms.run("kms_key", alias="one", state="pending_deletion", pending_window_in_days=7)
    kms.cloud.clock_advance(8 * DAY)
    idle = kms.run("kms_key", alias="one", state="pending_deletion")
    assert (idle["changed"], idle["kms_key"]) == (False, {})


def test_a_key_is_never_deleted_by_accident(kms: Modules) -> None:
    kms.run("kms_key", alias="one", deletion_protection=True)
    failed = kms.run("kms_key", alias="one", state="pending_deletion", fails=True)
    assert "is protected against deletion" in failed["msg"]
    assert kms.run("kms_key_info", key_ids=["alias/one"])["kms_keys"][0]["key_state"] == "Enabled"
    gone = kms.twice("kms_key", alias="one", state="pending_deletion", deletion_protection=False)
    assert len(gone["steps"]) == 2


def test_what_cannot_be_changed_and_whom_it_belongs_to(kms: Modules) -> None:
    kms.run("kms_key", alias="sign", key_spec="RSA_2048")
    failed = kms.run("kms_key", alias="sign", key_spec="Aliyun_AES_256", fails=True)
    assert "whose key_spec is RSA_2048, not Aliyun_AES_256; that cannot be changed" in failed["msg"]
    service = kms.run("kms_key_info", key_ids=["alias/acs/ecs"])["kms_keys"][0]["key_id"]
    failed = kms.run("kms_key", key_id=service, enabled=False, fails=True)
    assert "only its service manages it" in failed["msg"]
    failed = kms.run("kms_key", key_id="00000000-0000-0000-0000-000000000000", fails=True)
    assert "There is no KMS key" in failed["msg"]


@pytest.mark.parametrize("fault", ["drop_before_commit", "drop_after_commit", "throttling"])
def test_trouble_is_outlasted_and_no_key_is_made_twice(kms: Modules, fault: str, monkeypatch: t.Any) -> None:
    monkeypatch.setattr("ansible_collections.alitrust.ecs.plugins.module_utils._kms.key._DOUBT", 0.5)
    for operation in ("kms:CreateKey", "kms:CreateAlias"):
        kms.cloud.fault(fault, operation)
    kms.run("kms_key", alias="one")
    assert len(own_keys(kms)) == 1
    assert not kms.run("kms_key", alias="one")["changed"]


def test_a_key_left_without_its_alias_is_adopted(kms: Modules) -> None:
    kms.cloud.fault("error", "kms:CreateAlias", code="Rejected.LimitExceeded", status=400)
    failed = kms.run("kms_key", alias="one", fails=True)
    assert failed["steps_done"] == ["create a key for alias/one"]
    again = kms.run("kms_key", alias="one")
    assert len(again["steps"]) == 1
    assert len(own_keys(kms)) == 1


def test_reads_behind_writes_are_waited_for(kms: Modules) -> None:
    kms.cloud.fault("read_lag", "kms:*", times=None, seconds=0.5)
    kms.run("kms_key", alias="one", tags={"a": "1"})
    assert not kms.run("kms_key", alias="one", tags={"a": "1"})["changed"]


def test_a_policy_of_the_key_itself_is_left_alone(kms: Modules) -> None:
    made = kms.run("kms_key", alias="one")["kms_key"]
    kms.run("kms_key", alias="one", description="other")
    (stored,) = own_keys(kms)
    assert stored["KeyId"] == made["key_id"]
    assert json.loads(stored["Policy"])["Statement"][0]["Sid"] == "kms default key policy"


# ---------------------------------------------------------------------- what others made and use


def test_a_key_of_others_is_deleted_only_when_it_is_adopted(kms: Modules) -> None:
    door = kms.door()
    key_id = door.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    door.call("kms", "CreateAlias", KeyId=key_id, AliasName="alias/corp")
    before = kms.cloud.resources("kms_key")
    for check in (True, False):
        failed = kms.run("kms_key", alias="corp", state="pending_deletion", check=check, fails=True)
        assert f"The KMS key {key_id} does not carry the tag alitrust.ecs:owner" in failed["msg"]
        kept = kms.run("kms_key", alias="corp", state="pending_deletion", leave_others=True, check=check)
        assert not kept["changed"]
        assert "stays" in kept["kept"][0]
        used = kms.run("kms_key", alias="corp", description="ours", leave_others=True, check=check)
        assert used["kept"] == [f"Using the existing KMS key {key_id}; it is left as it is."]
    assert kms.cloud.resources("kms_key") == before
    adopted = kms.run("kms_key", alias="corp", adopt=True)
    assert adopted["kms_key"]["tags"] == {"alitrust.ecs:owner": "kms_key/alias/corp"}
    assert not kms.run("kms_key", alias="corp", adopt=True)["changed"]
    kms.twice("kms_key", alias="corp", state="pending_deletion")


def test_a_key_of_others_that_is_disabled_is_no_use(kms: Modules) -> None:
    door = kms.door()
    key_id = door.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    door.call("kms", "DisableKey", KeyId=key_id)
    failed = kms.run("kms_key", key_id=key_id, leave_others=True, fails=True)
    assert "only an Enabled key can be used" in failed["msg"]


def test_a_key_goes_with_the_last_that_needs_it(kms: Modules) -> None:
    key_id = kms.run("kms_key", alias="disks")["kms_key"]["key_id"]
    snapshot_id = shareable.snapshot(kms, 0, key_id)
    kms.run("kms_share_role", purpose="share_snapshot", account_ids=[shareable.PARTNER], kms_key_ids=[key_id])
    who = (
        f"1 snapshot ({snapshot_id}); role AliyunECSShareEncryptSnapshotDefaultRole by policy alitrust-share-snapshot-"
    )
    for check in (True, False):
        failed = kms.run("kms_key", alias="disks", state="pending_deletion", check=check, fails=True)
        assert f"is still used by {who}" in failed["msg"]
        assert "set force to true" in failed["msg"]
        kept = kms.run("kms_key", alias="disks", state="pending_deletion", leave_others=True, check=check)
        assert not kept["changed"]
        assert who in kept["kept"][0]
    kms.twice("kms_key", alias="disks", state="pending_deletion", force=True)


def test_a_key_stays_where_nobody_can_tell_who_needs_it(kms: Modules) -> None:
    kms.run("kms_key", alias="disks")
    kms.cloud.fault("error", "ecs:DescribeDisks", times=None, code="Forbidden.RAM", status=403)
    failed = kms.run("kms_key", alias="disks", state="pending_deletion", fails=True)
    assert "possibly disks, which could not be asked (Forbidden.RAM)" in failed["msg"]


def test_a_key_is_checked_from_nothing(modules: Modules, check_run: CheckRun) -> None:
    check_run("kms_service")
    made = check_run("kms_key", alias="disks", description="Disks")
    assert made["changed"]
    again = check_run("kms_key", alias="disks", description="Disks")
    assert not again["changed"], "it would be there by now"
    assert [key["aliases"] for key in check_run("kms_key_info", key_ids=["alias/disks"])["kms_keys"]] == [
        ["alias/disks"]
    ]
    assert not check_run("kms_service")["changed"]
