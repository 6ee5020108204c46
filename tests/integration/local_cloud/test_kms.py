# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS: the service switch, keys and their states, aliases, tags, and real encryption."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from people import other_account, ram_user
from sdk import Sdk

from local_cloud import catalogue

if t.TYPE_CHECKING:
    from wire import Wire


DAY = 86400


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def closed(sdk: Sdk) -> Sdk:
    """KMS is not switched on."""
    return sdk


@pytest.fixture
def kms(closed: Sdk) -> Sdk:
    """KMS is on."""
    closed("OpenKmsService", product="kms")
    return closed


@pytest.fixture
def key(kms: Sdk) -> str:
    return str(kms("CreateKey", product="kms")["KeyMetadata"]["KeyId"])


def test_nothing_works_until_the_service_is_opened(closed: Sdk) -> None:
    assert closed("DescribeAccountKmsStatus", product="kms")["AccountStatus"] == "NotEnabled"
    for action, params in (
        ("CreateKey", {}),
        ("ListKeys", {}),
        ("DescribeKey", {"KeyId": "alias/acs/ecs"}),
        ("Encrypt", {"KeyId": "alias/acs/ecs", "Plaintext": b64("x")}),
    ):
        assert closed.refused(action, product="kms", **params) == (403, "Forbidden.KmsServiceNotEnabled")
    closed("OpenKmsService", product="kms")
    assert closed("DescribeAccountKmsStatus", product="kms")["AccountStatus"] == "Enabled"
    assert closed.refused("OpenKmsService", product="kms") == (400, "Forbidden.Opened")


@pytest.mark.parametrize(("status", "code"), [("InDebt", "Forbidden.InDebt"), ("Suspended", "Forbidden.InDebtOverdue")])
def test_overdue_payment_stops_the_service(kms: Sdk, status: str, code: str) -> None:
    account = kms.cloud.account_id
    kms.cloud.preload([{"kind": "kms_service", "id": account, "data": {"Status": status, "AccountId": account}}])
    assert kms("DescribeAccountKmsStatus", product="kms")["AccountStatus"] == status
    assert kms.refused("ListKeys", product="kms") == (403, code)


def test_ecs_has_its_service_key_in_every_region(kms: Sdk, wire: Wire) -> None:
    found = set()
    for region in catalogue.regions():
        wire.host = f"kms.{region}.aliyuncs.com"
        metadata = wire.v3("kms", "DescribeKey", KeyId="alias/acs/ecs").json["KeyMetadata"]
        assert metadata["Creator"] == "Ecs"
        assert metadata["Arn"] == f"acs:kms:{region}:{kms.cloud.account_id}:key/{metadata['KeyId']}"
        found.add(metadata["KeyId"])
    assert len(found) == len(catalogue.regions())


def test_service_key_is_not_the_users_to_manage(kms: Sdk) -> None:
    key_id = kms("DescribeKey", product="kms", KeyId="alias/acs/ecs")["KeyMetadata"]["KeyId"]
    refused = kms.refused("ScheduleKeyDeletion", product="kms", KeyId=key_id, PendingWindowInDays=7)
    assert refused == (403, "Forbidden.NoPermission")
    assert kms.refused("DeleteAlias", product="kms", AliasName="alias/acs/ecs")[0] == 400


def test_key_is_created_as_asked_for(kms: Sdk) -> None:
    created = kms(
        "CreateKey",
        product="kms",
        Description="mine",
        EnableAutomaticRotation=True,
        RotationInterval="30d",
        Tags=json.dumps([{"TagKey": "a", "TagValue": "1"}]),
    )["KeyMetadata"]
    assert (created["KeyState"], created["KeySpec"], created["KeyUsage"], created["Origin"]) == (
        "Enabled",
        "Aliyun_AES_256",
        "ENCRYPT/DECRYPT",
        "Aliyun_KMS",
    )
    assert (created["AutomaticRotation"], created["RotationInterval"]) == ("Enabled", "2592000s")
    described = kms("DescribeKey", product="kms", KeyId=created["KeyId"])["KeyMetadata"]
    assert described["DeletionProtection"] == "Disabled"
    assert {name: described[name] for name in created} == created
    asymmetric = kms("CreateKey", product="kms", KeySpec="RSA_2048")["KeyMetadata"]
    assert asymmetric["KeyUsage"] == "SIGN/VERIFY"


@pytest.mark.parametrize(
    "params",
    [
        {"KeySpec": "AES"},
        {"KeyUsage": "SIGN/VERIFY"},
        {"Origin": "external"},
        {"EnableAutomaticRotation": True, "RotationInterval": "1d"},
        {"Tags": "{"},
        {"Tags": json.dumps([{"TagKey": "acs:x", "TagValue": "1"}])},
        {"Policy": "{}"},
    ],
)
def test_bad_key_is_refused(kms: Sdk, params: dict[str, t.Any]) -> None:
    assert kms.refused("CreateKey", product="kms", **params) == (400, "InvalidParameter")


def test_keys_are_listed_by_page_and_filter(kms: Sdk) -> None:
    keys = [kms("CreateKey", product="kms")["KeyMetadata"]["KeyId"] for _index in range(3)]
    kms("DisableKey", product="kms", KeyId=keys[0])
    first = kms("ListKeys", product="kms", PageSize=2)
    second = kms("ListKeys", product="kms", PageSize=2, PageNumber=2)
    assert first["TotalCount"] == 4  # with the service key of ECS
    assert {item["KeyId"] for page in (first, second) for item in page["Keys"]["Key"]} > set(keys)
    filters = [{"Key": "KeyState", "Values": ["Disabled"]}, {"Key": "CreatorType", "Values": ["User"]}]
    disabled = kms("ListKeys", product="kms", Filters=json.dumps(filters))["Keys"]["Key"]
    assert [item["KeyId"] for item in disabled] == [keys[0]]


def test_ciphertext_opens_with_its_context_only(kms: Sdk, key: str) -> None:
    context = {"purpose": "disk", "id": "1"}
    sealed = kms("Encrypt", product="kms", KeyId=key, Plaintext=b64("secret"), EncryptionContext=context)
    blob = sealed["CiphertextBlob"]
    assert b"secret" not in base64.b64decode(blob)
    same = {"id": "1", "purpose": "disk"}
    opened = kms("Decrypt", product="kms", CiphertextBlob=blob, EncryptionContext=same)
    assert (opened["Plaintext"], opened["KeyId"]) == (b64("secret"), key)
    assert opened["KeyVersionId"] == sealed["KeyVersionId"]
    raw = bytearray(base64.b64decode(blob))
    raw[-1] ^= 1
    forged = base64.b64encode(bytes(raw)).decode()
    for wrong in (
        {"CiphertextBlob": blob},
        {"CiphertextBlob": blob, "EncryptionContext": {}},
        {"CiphertextBlob": blob, "EncryptionContext": {"purpose": "disk", "id": "2"}},
        {"CiphertextBlob": forged, "EncryptionContext": context},
        {"CiphertextBlob": "?", "EncryptionContext": context},
        {"CiphertextBlob": b64("something else"), "EncryptionContext": context},
    ):
        assert kms.refused("Decrypt", product="kms", **wrong) == (400, "Forbidden.CiphertextBlob")


def test_data_keys(kms: Sdk, key: str) -> None:
    kms("CreateAlias", product="kms", AliasName="alias/data", KeyId=key)
    made = kms("GenerateDataKey", product="kms", KeyId="alias/data", KeySpec="AES_128")
    assert len(base64.b64decode(made["Plaintext"])) == 16
    assert kms("Decrypt", product="kms", CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    hidden = kms("GenerateDataKeyWithoutPlaintext", product="kms", KeyId=key, NumberOfBytes=5)
    assert "Plaintext" not in hidden
    opened = kms("Decrypt", product="kms", CiphertextBlob=hidden["CiphertextBlob"])
    assert len(base64.b64decode(opened["Plaintext"])) == 5


def test_re_encryption_moves_a_secret_to_another_key(kms: Sdk, key: str) -> None:
    other = kms("CreateKey", product="kms")["KeyMetadata"]["KeyId"]
    sealed = kms("Encrypt", product="kms", KeyId=key, Plaintext=b64("x"))["CiphertextBlob"]
    moved = kms("ReEncrypt", product="kms", CiphertextBlob=sealed, DestinationKeyId=other)
    opened = kms("Decrypt", product="kms", CiphertextBlob=moved["CiphertextBlob"])
    assert (opened["Plaintext"], opened["KeyId"]) == (b64("x"), other)


def test_states_decide_what_a_key_is_good_for(kms: Sdk, key: str) -> None:
    sealed = kms("Encrypt", product="kms", KeyId=key, Plaintext=b64("x"))["CiphertextBlob"]

    def uses() -> set[tuple[int, str]]:
        return {
            kms.refused("Encrypt", product="kms", KeyId=key, Plaintext=b64("x")),
            kms.refused("Decrypt", product="kms", CiphertextBlob=sealed),
            kms.refused("GenerateDataKey", product="kms", KeyId=key),
        }

    kms("DisableKey", product="kms", KeyId=key)
    assert uses() == {(409, "Rejected.Disabled")}
    kms("EnableKey", product="kms", KeyId=key)
    assert kms.refused("CancelKeyDeletion", product="kms", KeyId=key) == (409, "Rejected.StateModifiedFailed")
    kms("ScheduleKeyDeletion", product="kms", KeyId=key, PendingWindowInDays=7)
    assert uses() == {(409, "Rejected.PendingDeletion")}
    for action, params in (
        ("EnableKey", {}),
        ("DisableKey", {}),
        ("ScheduleKeyDeletion", {"PendingWindowInDays": 7}),
        ("CreateAlias", {"AliasName": "alias/late"}),
    ):
        assert kms.refused(action, product="kms", KeyId=key, **params) == (409, "Rejected.StateModifiedFailed")
    described = kms("DescribeKey", product="kms", KeyId=key)["KeyMetadata"]
    assert (described["KeyState"], bool(described["DeleteDate"])) == ("PendingDeletion", True)
    kms("CancelKeyDeletion", product="kms", KeyId=key)
    assert kms("DescribeKey", product="kms", KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
    kms.cloud.clock_advance(8 * DAY)
    assert kms("Decrypt", product="kms", CiphertextBlob=sealed)["Plaintext"] == b64("x")


def test_key_without_material_waits_for_its_import(kms: Sdk) -> None:
    key = kms("CreateKey", product="kms", Origin="EXTERNAL")["KeyMetadata"]
    assert key["KeyState"] == "PendingImport"
    refused = kms.refused("Encrypt", product="kms", KeyId=key["KeyId"], Plaintext=b64("x"))
    assert refused == (409, "Rejected.PendingImport")


def test_key_is_gone_with_its_aliases_after_the_window(kms: Sdk, key: str) -> None:
    kms("CreateAlias", product="kms", AliasName="alias/short", KeyId=key)
    kms("ScheduleKeyDeletion", product="kms", KeyId=key, PendingWindowInDays=7)
    kms.cloud.clock_advance(7 * DAY + 1)
    assert kms.refused("DescribeKey", product="kms", KeyId=key) == (404, "Forbidden.KeyNotFound")
    assert kms.refused("DescribeKey", product="kms", KeyId="alias/short") == (404, "Forbidden.AliasNotFound")


def test_deletion_protection(kms: Sdk, key: str) -> None:
    arn = kms("DescribeKey", product="kms", KeyId=key)["KeyMetadata"]["Arn"]
    kms("SetDeletionProtection", product="kms", ProtectedResourceArn=arn, EnableDeletionProtection=True)
    refused = kms.refused("ScheduleKeyDeletion", product="kms", KeyId=key, PendingWindowInDays=7)
    assert refused == (409, "Rejected.DeletionProtection")
    kms("SetDeletionProtection", product="kms", ProtectedResourceArn=arn, EnableDeletionProtection=False)
    kms("ScheduleKeyDeletion", product="kms", KeyId=key, PendingWindowInDays=7)


def test_a_right_to_one_key_is_enough_to_decrypt_what_it_has_encrypted(kms: Sdk, key: str) -> None:
    other = kms("CreateKey", product="kms")["KeyMetadata"]["KeyId"]
    user = ram_user(kms, "one-key")
    arn = f"acs:kms:cn-hangzhou:{kms.cloud.account_id}:key/{key}"
    statement = {"Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": arn}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    kms("CreatePolicy", product="ram", PolicyName="one-key", PolicyDocument=document)
    kms("AttachPolicyToUser", product="ram", UserName="one-key", PolicyName="one-key", PolicyType="Custom")
    sealed = user("Encrypt", product="kms", KeyId=key, Plaintext=b64("x"))["CiphertextBlob"]
    assert user("Decrypt", product="kms", CiphertextBlob=sealed)["Plaintext"] == b64("x")
    foreign = kms("Encrypt", product="kms", KeyId=other, Plaintext=b64("x"))["CiphertextBlob"]
    assert user.refused("Decrypt", product="kms", CiphertextBlob=foreign)[0] == 403
    assert user.refused("Decrypt", product="kms", CiphertextBlob="eA==")[0] == 403


def test_rotation_is_switched_on_and_off(kms: Sdk, key: str) -> None:
    kms("UpdateRotationPolicy", product="kms", KeyId=key, EnableAutomaticRotation=True, RotationInterval="30d")
    shown = kms("DescribeKey", product="kms", KeyId=key)["KeyMetadata"]
    assert (shown["AutomaticRotation"], shown["RotationInterval"]) == ("Enabled", "2592000s")
    kms("UpdateRotationPolicy", product="kms", KeyId=key, EnableAutomaticRotation=False)
    assert kms("DescribeKey", product="kms", KeyId=key)["KeyMetadata"]["AutomaticRotation"] == "Disabled"
    signing = kms("CreateKey", product="kms", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
    rotate = {"EnableAutomaticRotation": True, "RotationInterval": "30d"}
    refused = kms.refused("UpdateRotationPolicy", product="kms", KeyId=signing, **rotate)
    assert refused == (400, "Rejected.UnsupportedOperation")


def test_aliases(kms: Sdk, key: str) -> None:
    other = kms("CreateKey", product="kms")["KeyMetadata"]["KeyId"]
    alias = {"AliasName": "alias/one"}
    kms("CreateAlias", product="kms", **alias, KeyId=key)
    assert kms.refused("CreateAlias", product="kms", **alias, KeyId=other) == (400, "AliasAlreadyExists")
    assert kms.refused("CreateAlias", product="kms", AliasName="alias/two", KeyId="no") == (
        404,
        "Forbidden.KeyNotFound",
    )
    for bad in ("one", "alias/acs/mine", "alias/"):
        assert kms.refused("CreateAlias", product="kms", AliasName=bad, KeyId=key) == (400, "InvalidParameter")
    assert kms("DescribeKey", product="kms", KeyId="alias/one")["KeyMetadata"]["KeyId"] == key
    kms("UpdateAlias", product="kms", **alias, KeyId=other)
    assert kms("ListAliasesByKeyId", product="kms", KeyId=key)["Aliases"]["Alias"] == []
    listed = kms("ListAliases", product="kms")["Aliases"]["Alias"]
    assert {item["AliasName"]: item["KeyId"] for item in listed}["alias/one"] == other
    kms("DeleteAlias", product="kms", **alias)
    assert kms.refused("DeleteAlias", product="kms", **alias) == (404, "Forbidden.AliasNotFound")


def test_tags_in_both_forms(kms: Sdk, key: str) -> None:
    kms("TagResource", product="kms", KeyId=key, Tags=json.dumps([{"TagKey": "a", "TagValue": "1"}]))
    both = {"RegionId": "cn-hangzhou", "ResourceType": "key", "ResourceId": [key]}
    kms("TagResources", product="kms", **both, Tag=[{"Key": "b", "Value": "2"}])
    assert kms("ListResourceTags", product="kms", KeyId=key)["Tags"]["Tag"] == [
        {"KeyId": key, "TagKey": "a", "TagValue": "1"},
        {"KeyId": key, "TagKey": "b", "TagValue": "2"},
    ]
    kms("UntagResource", product="kms", KeyId=key, TagKeys=json.dumps(["a"]))
    rows = kms("ListTagResources", product="kms", **both)["TagResources"]["TagResource"]
    assert [(row["ResourceId"], row["TagKey"]) for row in rows] == [(key, "b")]
    kms("UntagResources", product="kms", **both, TagKey=["b"])
    assert kms("ListResourceTags", product="kms", KeyId=key)["Tags"]["Tag"] == []
    assert kms.refused("TagResource", product="kms", Tags="[]") == (400, "InvalidParameter")


def test_key_policy(kms: Sdk, key: str) -> None:
    policy = json.loads(kms("GetKeyPolicy", product="kms", KeyId=key)["Policy"])
    policy["Statement"][0]["Sid"] = "changed"
    kms("SetKeyPolicy", product="kms", KeyId=key, Policy=json.dumps(policy))
    assert json.loads(kms("GetKeyPolicy", product="kms", KeyId=key)["Policy"]) == policy
    assert kms.refused("SetKeyPolicy", product="kms", KeyId=key, Policy="{}") == (400, "InvalidParameter")


def test_key_of_another_region_or_account_is_not_found(kms: Sdk, key: str, wire: Wire) -> None:
    wire.host = "kms.cn-beijing.aliyuncs.com"
    elsewhere = wire.v3("kms", "DescribeKey", KeyId=key)
    assert (elsewhere.status, elsewhere.code) == (404, "Forbidden.KeyNotFound")
    _other_id, stranger = other_account(kms)
    stranger("OpenKmsService", product="kms")
    assert stranger.refused("DescribeKey", product="kms", KeyId=key) == (404, "Forbidden.KeyNotFound")


def test_policy_can_be_limited_to_a_key(kms: Sdk, key: str) -> None:
    other = kms("CreateKey", product="kms")["KeyMetadata"]["KeyId"]
    account = kms.cloud.account_id
    statement = {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": f"acs:kms:cn-hangzhou:{account}:key/{key}"}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    user = ram_user(kms, "limited")
    kms("CreatePolicy", product="ram", PolicyName="one-key", PolicyDocument=document)
    kms("AttachPolicyToUser", product="ram", UserName="limited", PolicyName="one-key", PolicyType="Custom")
    assert user("Encrypt", product="kms", KeyId=key, Plaintext=b64("x"))["KeyId"] == key
    assert user.refused("Encrypt", product="kms", KeyId=other, Plaintext=b64("x")) == (403, "Forbidden.NoPermission")


def test_the_versions_of_a_key(kms: Sdk, key: str) -> None:
    listed = kms("ListKeyVersions", product="kms", KeyId=key)
    (version,) = listed["KeyVersions"]["KeyVersion"]
    assert (version["KeyId"], listed["TotalCount"], listed["PageSize"]) == (key, 1, 10)
    described = kms("DescribeKey", product="kms", KeyId=key)["KeyMetadata"]
    assert version["KeyVersionId"] == described["PrimaryKeyVersion"]
    one = kms("DescribeKeyVersion", product="kms", KeyId=key, KeyVersionId=version["KeyVersionId"])
    assert one["KeyVersion"] == version
    none = kms.refused("DescribeKeyVersion", product="kms", KeyId=key, KeyVersionId="none")
    assert none == (404, "Forbidden.KeyVersionNotFound")
    assert kms.refused("ListKeyVersions", product="kms", KeyId="none") == (404, "Forbidden.KeyNotFound")
    assert kms.refused("ListKeyVersions", product="kms") == (400, "MissingParameter")
