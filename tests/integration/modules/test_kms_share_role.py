# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.kms_share_role and its info module against the local cloud."""

from __future__ import annotations

import json
import typing as t

import pytest
from modules.harness import CheckRun, Modules

from ansible_collections.alitrust.ecs.plugins.module_utils._ram import recipients
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.recipients import Recipients

ACCOUNT = "1234567890123456"
FIRST, OTHER = "1987654321098765", "2345678901234567"
IMAGE_ROLE = "AliyunECSShareEncryptImageDefaultRole"
FOLDER = "rd-Ab12Cd/r-Ef34Gh/fd-Ij56Kl*"


@pytest.fixture
def keys(modules: Modules) -> list[str]:
    """Ids of two keys."""
    modules.run("kms_service")
    door = modules.door()
    found = [door.call("kms", "CreateKey")["KeyMetadata"]["KeyId"] for _number in range(2)]
    door.call("kms", "CreateAlias", KeyId=found[0], AliasName="alias/web")
    modules.cloud.forget_requests()
    return found


def role(modules: Modules, name: str = IMAGE_ROLE) -> dict[str, t.Any]:
    (found,) = [one for one in modules.cloud.resources("role") if one["RoleName"] == name]
    return found


def trust(modules: Modules) -> t.Any:
    return json.loads(role(modules)["AssumeRolePolicyDocument"])


def own_policies(modules: Modules) -> dict[str, t.Any]:
    return {
        policy["PolicyName"]: json.loads(policy["Versions"][-1]["PolicyDocument"])
        for policy in modules.cloud.resources("policy")
        if policy["PolicyType"] == "Custom"
    }


def policy_name(key: str, purpose: str = "share-image") -> str:
    return f"alitrust-{purpose}-cn-hangzhou-{key}"


#: Roles that ECS assumes in the own account -> their policy.
OWN = {
    "disk_encrypt": "AliyunECSDiskEncryptRolePolicy",
    "image_import": "AliyunECSImageImportRolePolicy",
    "image_export": "AliyunECSImageExportRolePolicy",
}


@pytest.mark.parametrize(
    ("purpose", "name"),
    [
        ("disk_encrypt", "AliyunECSDiskEncryptDefaultRole"),
        ("share_snapshot", "AliyunECSShareEncryptSnapshotDefaultRole"),
        ("share_image", "AliyunECSShareEncryptImageDefaultRole"),
        ("image_import", "AliyunECSImageImportDefaultRole"),
        ("image_export", "AliyunECSImageExportDefaultRole"),
    ],
)
def test_the_matrix_for_each_purpose(modules: Modules, purpose: str, name: str) -> None:
    own = OWN.get(purpose)
    options: dict[str, t.Any] = {} if own else {"account_ids": [FIRST], "service_key": True}
    policy = own or "AliyunKMSFullAccess"
    made = modules.twice("kms_share_role", purpose=purpose, **options)
    assert made["kms_share_role"]["name"] == name
    assert made["kms_share_role"]["policies"] == [{"name": policy, "type": "System"}]
    changed = modules.twice("kms_share_role", purpose=purpose, description="For ECS", **options)
    assert changed["kms_share_role"]["description"] == "For ECS"
    assert modules.run("kms_share_role_info", purpose=purpose)["kms_share_roles"] == [changed["kms_share_role"]]
    gone = modules.twice("kms_share_role", purpose=purpose, state="absent")
    assert gone["kms_share_role"] == {}
    assert modules.run("kms_share_role_info")["kms_share_roles"] == []


@pytest.mark.parametrize("purpose", OWN)
def test_a_role_of_the_own_account_trusts_ecs(modules: Modules, purpose: str) -> None:
    made = modules.run("kms_share_role", purpose=purpose)
    assert made["kms_share_role"]["trust_policy"]["Statement"] == [
        {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["ecs.aliyuncs.com"]}}
    ]


RECIPIENTS: dict[str, tuple[dict[str, t.Any], dict[str, t.Any]]] = {
    "accounts": (
        {"account_ids": [FIRST, OTHER]},
        {"Principal": {"Service": [f"{FIRST}@ecs.aliyuncs.com", f"{OTHER}@ecs.aliyuncs.com"]}},
    ),
    "directory": (
        {"resource_directory_ids": ["rd-Ab12Cd"]},
        {
            "Principal": {"Service": "*@ecs.aliyuncs.com"},
            "Condition": {"StringEquals": {"sts:ServiceOwnerRDId": "rd-Ab12Cd"}},
        },
    ),
    "folder": (
        {"folder_paths": [FOLDER]},
        {
            "Principal": {"Service": "*@ecs.aliyuncs.com"},
            "Condition": {"StringLike": {"sts:ServiceOwnerRDPath": FOLDER}},
        },
    ),
}


@pytest.mark.parametrize("whom", RECIPIENTS)
@pytest.mark.parametrize("purpose", ["share_image", "share_snapshot"])
@pytest.mark.parametrize("key", ["cmk", "service key"])
def test_every_combination_has_exactly_the_documented_policies(
    modules: Modules, keys: list[str], purpose: str, whom: str, key: str
) -> None:
    options, statement = RECIPIENTS[whom]
    how = {"kms_key_ids": [keys[0]]} if key == "cmk" else {"service_key": True}
    made = modules.run("kms_share_role", purpose=purpose, **options, **how)["kms_share_role"]
    assert made["trust_policy"] == {
        "Version": "1",
        "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", **statement}],
    }
    assert {name: made[name] for name in options} == options
    if key == "service key":
        assert made["policies"] == [{"name": "AliyunKMSFullAccess", "type": "System"}]
        assert not own_policies(modules)
        return
    name = policy_name(keys[0], purpose.replace("_", "-"))
    assert made["policies"] == [{"name": name, "type": "Custom"}]
    assert own_policies(modules)[name] == {
        "Version": "1",
        "Statement": [
            {"Action": "kms:List*", "Resource": f"acs:kms:cn-hangzhou:{ACCOUNT}:key", "Effect": "Allow"},
            {
                "Action": [
                    "kms:DescribeKey",
                    "kms:TagResource",
                    "kms:UntagResource",
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:GenerateDataKey",
                ],
                "Resource": f"acs:kms:cn-hangzhou:{ACCOUNT}:key/{keys[0]}",
                "Effect": "Allow",
            },
        ],
    }


# ---------------------------------------------------------------------- recipients


def test_recipients_are_added_removed_and_made_exact(modules: Modules) -> None:
    share: dict[str, t.Any] = {"purpose": "share_image", "service_key": True}
    modules.run("kms_share_role", account_ids=[FIRST], **share)
    added = modules.twice("kms_share_role", account_ids=[OTHER], **share)
    assert added["kms_share_role"]["account_ids"] == [FIRST, OTHER]
    removed = modules.twice("kms_share_role", account_ids=[FIRST], recipients_mode="absent", **share)
    assert removed["kms_share_role"]["account_ids"] == [OTHER]
    exact = modules.twice("kms_share_role", account_ids=[FIRST], recipients_mode="exact", **share)
    assert exact["kms_share_role"]["account_ids"] == [FIRST]
    kept = modules.run("kms_share_role", **share)
    assert not kept["changed"], "recipients that are not given stay"


def test_the_last_recipient_cannot_be_removed(modules: Modules) -> None:
    modules.run("kms_share_role", purpose="share_image", account_ids=[FIRST])
    failed = modules.run(
        "kms_share_role", purpose="share_image", account_ids=[FIRST], recipients_mode="absent", fails=True
    )
    assert "Set state to absent" in failed["msg"]


def test_removing_from_a_role_that_is_not_there_is_nothing(modules: Modules) -> None:
    idle = modules.run("kms_share_role", purpose="share_image", account_ids=[FIRST], recipients_mode="absent")
    assert not idle["changed"]
    assert not modules.cloud.resources("role")


@pytest.mark.parametrize(
    "there",
    [
        {"RAM": [f"acs:ram::{OTHER}:root"]},
        {"Service": ["ecs.aliyuncs.com"]},
    ],
)
def test_a_role_that_the_console_made_is_changed_only_on_request(modules: Modules, there: dict[str, t.Any]) -> None:
    document = {"Version": "1", "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": there}]}
    door = modules.door()
    door.call("ram", "CreateRole", RoleName=IMAGE_ROLE, AssumeRolePolicyDocument=json.dumps(document))
    modules.cloud.forget_requests()
    failed = modules.run("kms_share_role", purpose="share_image", account_ids=[FIRST], fails=True)
    assert "Set replace to true" in failed["msg"]
    assert trust(modules) == document
    options: dict[str, t.Any] = {"purpose": "share_image", "account_ids": [FIRST], "replace": True}
    for check in (True, False):
        failed = modules.run("kms_share_role", check=check, fails=True, **options)
        assert "this collection did not make it and does not replace the trust policy of it" in failed["msg"]
    assert trust(modules) == document
    replaced = modules.twice("kms_share_role", adopt=True, **options)
    assert replaced["kms_share_role"]["account_ids"] == [FIRST]


def test_a_share_with_accounts_is_not_turned_into_one_with_a_directory_by_accident(modules: Modules) -> None:
    modules.run("kms_share_role", purpose="share_image", account_ids=[FIRST])
    options: dict[str, t.Any] = {"purpose": "share_image", "resource_directory_id": ["rd-Ab12Cd"]}
    failed = modules.run("kms_share_role", fails=True, **options)
    assert f"shared with account_ids {FIRST}" in failed["msg"]
    modules.twice("kms_share_role", replace=True, recipients_mode="exact", **options)


# ---------------------------------------------------------------------- keys


def test_keys_are_added_and_purged(modules: Modules, keys: list[str]) -> None:
    one, two = keys
    share: dict[str, t.Any] = {"purpose": "share_image", "account_ids": [FIRST]}
    modules.run("kms_share_role", kms_key_ids=[one], **share)
    added = modules.twice("kms_share_role", kms_key_ids=[two], **share)
    assert {policy["name"] for policy in added["kms_share_role"]["policies"]} == {policy_name(one), policy_name(two)}
    purged = modules.twice("kms_share_role", kms_key_ids=[two], purge_keys=True, **share)
    assert purged["kms_share_role"]["policies"] == [{"name": policy_name(two), "type": "Custom"}]
    assert list(own_policies(modules)) == [policy_name(two)], "what was made for a key goes with it"


def test_a_key_is_known_by_its_alias_too(modules: Modules, keys: list[str]) -> None:
    share: dict[str, t.Any] = {"purpose": "share_image", "account_ids": [FIRST]}
    modules.run("kms_share_role", kms_key_ids=["alias/web"], **share)
    assert not modules.run("kms_share_role", kms_key_ids=[keys[0], "alias/web"], **share)["changed"]


def test_a_key_that_is_about_to_be_deleted_is_refused(modules: Modules, keys: list[str]) -> None:
    modules.door().call("kms", "ScheduleKeyDeletion", KeyId=keys[0], PendingWindowInDays=7)
    failed = modules.run("kms_share_role", purpose="share_image", account_ids=[FIRST], kms_key_ids=keys, fails=True)
    assert "is in the state PendingDeletion" in failed["msg"]
    assert not modules.cloud.resources("role")


def test_a_key_that_does_not_exist_is_told_before_anything_is_made(modules: Modules, keys: list[str]) -> None:
    failed = modules.run(
        "kms_share_role", purpose="share_image", account_ids=[FIRST], kms_key_ids=["alias/nope"], fails=True
    )
    assert "There is no KMS key alias/nope in the region cn-hangzhou" in failed["msg"]
    assert not modules.cloud.resources("role")


def test_the_service_key_comes_and_goes_only_when_said(modules: Modules, keys: list[str]) -> None:
    share: dict[str, t.Any] = {"purpose": "share_image", "account_ids": [FIRST]}
    modules.twice("kms_share_role", service_key=True, **share)
    assert not modules.run("kms_share_role", **share)["changed"]
    without = modules.twice("kms_share_role", service_key=False, **share)
    assert without["kms_share_role"]["policies"] == []


def test_a_role_without_any_key_is_warned_of(modules: Modules) -> None:
    made = modules.run("kms_share_role", purpose="share_image", account_ids=[FIRST])
    assert "may use no key" in str(made["warnings"])


def test_deleting_leaves_nothing_behind_and_nothing_of_others_away(modules: Modules, keys: list[str]) -> None:
    share: dict[str, t.Any] = {"account_ids": [FIRST], "kms_key_ids": keys, "service_key": True}
    modules.run("kms_share_role", purpose="share_image", **share)
    modules.run("kms_share_role", purpose="share_snapshot", **share)
    modules.run("kms_share_role", purpose="share_image", state="absent")
    assert {name.rpartition("-cn-")[0] for name in own_policies(modules)} == {"alitrust-share-snapshot"}
    modules.run("kms_share_role", purpose="share_snapshot", state="absent")
    assert not own_policies(modules)


# ---------------------------------------------------------------------- trouble

FAULTS = ["drop_before_commit", "drop_after_commit", "throttling", "internal_error", "empty_body"]


@pytest.mark.parametrize("fault", FAULTS)
def test_trouble_is_outlasted_and_nothing_is_made_twice(modules: Modules, keys: list[str], fault: str) -> None:
    for operation in ("ram:CreateRole", "ram:CreatePolicy", "ram:AttachPolicyToRole", "ram:UpdateRole"):
        modules.cloud.fault(fault, operation)
    share: dict[str, t.Any] = {"purpose": "share_image", "kms_key_ids": keys}
    modules.run("kms_share_role", account_ids=[FIRST], **share)
    modules.run("kms_share_role", account_ids=[OTHER], **share)
    assert trust(modules)["Statement"][0]["Principal"]["Service"] == [
        f"{FIRST}@ecs.aliyuncs.com",
        f"{OTHER}@ecs.aliyuncs.com",
    ]
    assert len(own_policies(modules)) == 2


def test_reads_behind_writes_are_waited_for(modules: Modules, keys: list[str]) -> None:
    modules.cloud.fault("read_lag", "ram:*", times=None, seconds=0.5)
    share: dict[str, t.Any] = {"purpose": "share_image", "account_ids": [FIRST], "kms_key_ids": keys}
    modules.run("kms_share_role", **share)
    assert not modules.run("kms_share_role", **share)["changed"]
    modules.run("kms_share_role", purpose="share_image", state="absent")
    assert not own_policies(modules)


def test_a_run_after_a_failure_finishes_the_job(modules: Modules, keys: list[str]) -> None:
    modules.cloud.fault("error", "ram:AttachPolicyToRole", code="LimitExceeded.Role.Policy", status=409)
    share: dict[str, t.Any] = {"purpose": "share_image", "account_ids": [FIRST], "kms_key_ids": keys}
    failed = modules.run("kms_share_role", fails=True, **share)
    assert "LimitExceeded.Role.Policy" in failed["msg"]
    assert failed["steps_done"][0] == f"create role {IMAGE_ROLE}"
    assert modules.run("kms_share_role", **share)["steps"] == failed["steps_left"]


# ---------------------------------------------------------------------- what others made


@pytest.fixture
def theirs(modules: Modules, keys: list[str]) -> t.Callable[[], t.Any]:
    """A share role that was made by hand, for one account and one key; what is called reads all of it."""
    document = recipients.trust_policy(Recipients("account_ids", (FIRST,)))
    door = modules.door()
    door.call("ram", "CreateRole", RoleName=IMAGE_ROLE, AssumeRolePolicyDocument=json.dumps(document))
    arn = door.call("kms", "DescribeKey", KeyId=keys[0])["KeyMetadata"]["Arn"]
    allowed = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": arn}]}
    door.call("ram", "CreatePolicy", PolicyName="corp", PolicyDocument=json.dumps(allowed))
    door.call("ram", "AttachPolicyToRole", PolicyType="Custom", PolicyName="corp", RoleName=IMAGE_ROLE)
    modules.cloud.forget_requests()
    return lambda: (modules.cloud.resources("role"), modules.cloud.resources("policy"))


def test_a_share_role_of_others_loses_something_only_when_it_is_adopted(
    modules: Modules, theirs: t.Callable[[], t.Any]
) -> None:
    before = theirs()
    share: dict[str, t.Any] = {"purpose": "share_image"}
    less: list[dict[str, t.Any]] = [
        {"state": "absent"},
        {"account_ids": [OTHER], "recipients_mode": "exact"},
    ]
    for options in less:
        for check in (True, False):
            failed = modules.run("kms_share_role", check=check, fails=True, **share, **options)
            assert "does not carry the tag alitrust.ecs:owner" in failed["msg"]
    for options in ({"state": "absent"}, {"account_ids": [FIRST], "recipients_mode": "absent"}):
        kept = modules.run("kms_share_role", leave_others=True, **share, **options)
        assert not kept["changed"]
        assert IMAGE_ROLE in kept["kept"][0]
    assert theirs() == before
    modules.twice("kms_share_role", adopt=True, **share, **less[1])
    modules.twice("kms_share_role", **share, state="absent")


def test_a_share_role_of_others_is_used_as_it_is_where_that_does(
    modules: Modules, theirs: t.Callable[[], t.Any], keys: list[str]
) -> None:
    before = theirs()
    share: dict[str, t.Any] = {"purpose": "share_image", "leave_others": True}
    used = modules.run("kms_share_role", account_ids=[FIRST], kms_key_ids=[keys[0]], **share)
    assert not used["changed"]
    assert "Using the existing RAM role" in used["kept"][0]
    failed = modules.run("kms_share_role", account_ids=[FIRST, OTHER], kms_key_ids=keys, fails=True, **share)
    assert f"it does not trust {OTHER} and it may not use the key {keys[1]}" in failed["msg"]
    assert "_adopt" in failed["msg"]
    assert theirs() == before
    modules.twice("kms_share_role", account_ids=[OTHER], kms_key_ids=keys, purpose="share_image")


def test_a_share_is_checked_from_nothing(modules: Modules, check_run: CheckRun) -> None:
    check_run("kms_service")
    check_run("kms_key", alias="disks")
    share: dict[str, t.Any] = {"purpose": "share_image", "account_ids": [FIRST], "kms_key_ids": ["alias/disks"]}
    assert check_run("kms_share_role", **share)["changed"]
    assert not check_run("kms_share_role", **share)["changed"]
    (key,) = check_run("kms_key_info", key_ids=["alias/disks"])["kms_keys"]
    assert key["key_state"] == "Enabled"
    assert check_run("kms_share_role", **{**share, "account_ids": [OTHER]})["changed"]
    assert not modules.cloud.resources("role")
