# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of KMS: versions and stages, two ways to delete, rights to the secret and to its key."""

from __future__ import annotations

import json
import typing as t

import pytest
from people import other_account, ram_user
from sdk import Sdk

if t.TYPE_CHECKING:
    from wire import Wire

DAY = 86400
GONE = (404, "Forbidden.ResourceNotFound")
IN_WINDOW = (409, "Rejected.ResourceInDeleteWindow")


class Kms:
    """KMS as one caller."""

    def __init__(self, sdk: Sdk) -> None:
        self.sdk = sdk

    def __call__(self, action: str, **params: t.Any) -> dict[str, t.Any]:
        return self.sdk(action, product="kms", **params)

    def refused(self, action: str, **params: t.Any) -> tuple[int, str]:
        return self.sdk.refused(action, product="kms", **params)

    def secret(self, name: str = "db", data: str = "one", version: str = "v1", **params: t.Any) -> dict[str, t.Any]:
        return self("CreateSecret", SecretName=name, SecretData=data, VersionId=version, **params)

    def value(self, name: str = "db", **params: t.Any) -> str:
        return str(self("GetSecretValue", SecretName=name, **params)["SecretData"])

    def stages(self, name: str = "db", **params: t.Any) -> dict[str, list[str]]:
        rows = self("ListSecretVersionIds", SecretName=name, **params)["VersionIds"]["VersionId"]
        return {row["VersionId"]: row["VersionStages"]["VersionStage"] for row in rows}


@pytest.fixture
def kms(sdk: Sdk) -> Kms:
    """KMS is on."""
    sdk("OpenKmsService", product="kms")
    return Kms(sdk)


def test_secret_is_created_described_and_read(kms: Kms) -> None:
    tags = json.dumps([{"TagKey": "a", "TagValue": "1"}])
    made = kms.secret(Description="mine", Tags=tags)
    arn = f"acs:kms:cn-hangzhou:{kms.sdk.cloud.account_id}:secret/db"
    assert (made["Arn"], made["VersionId"], made["SecretType"]) == (arn, "v1", "Generic")
    described = kms("DescribeSecret", SecretName=arn, FetchTags="true")
    assert (described["Description"], described["Tags"]) == ("mine", {"Tag": [{"TagKey": "a", "TagValue": "1"}]})
    assert not described["PlannedDeleteTime"]
    read = kms("GetSecretValue", SecretName="db")
    assert (read["SecretData"], read["SecretDataType"], read["VersionId"]) == ("one", "text", "v1")
    assert read["VersionStages"] == {"VersionStage": ["ACSCurrent"]}
    kms("UpdateSecret", SecretName="db", Description="new")
    assert kms("DescribeSecret", SecretName="db")["Description"] == "new"
    kms("UpdateSecret", SecretName="db", Description="")
    assert kms("DescribeSecret", SecretName="db")["Description"] == "new"
    kms.sdk.cloud.set("kms.secret_description_clears", True)
    kms("UpdateSecret", SecretName="db", Description="")
    assert not kms("DescribeSecret", SecretName="db").get("Description")


def test_what_cannot_be_created(kms: Kms, wire: Wire) -> None:
    kms.secret()
    again = {"SecretName": "db", "SecretData": "x", "VersionId": "v1"}
    assert kms.refused("CreateSecret", **again) == (409, "Rejected.ResourceExist")
    for wrong in (
        {"SecretName": "a b"},
        {"SecretName": "acs/mine"},
        {"SecretName": "n" * 193},
        {"VersionId": "v" * 65},
        {"SecretData": "x" * 30721},
        {"SecretDataType": "json"},
        {"SecretType": "Rds"},
        {"Tags": "{"},
    ):
        assert kms.refused("CreateSecret", **{**again, "SecretName": "new", **wrong})[1] == "InvalidParameter", wrong
    assert kms.refused("DescribeSecret", SecretName="new") == GONE
    off = Kms(other_account(kms.sdk)[1])
    assert off.refused("ListSecrets") == (403, "Forbidden.KmsServiceNotEnabled")


def test_versions_move_on_and_old_ones_go(kms: Kms) -> None:
    kms.secret()
    put = kms("PutSecretValue", SecretName="db", SecretData="two", VersionId="v2")
    assert put["VersionStages"] == {"VersionStage": ["ACSCurrent"]}
    assert kms.stages() == {"v2": ["ACSCurrent"], "v1": ["ACSPrevious"]}
    assert (kms.value(), kms.value(VersionStage="ACSPrevious"), kms.value(VersionId="v1")) == ("two", "one", "one")
    kms("PutSecretValue", SecretName="db", SecretData="two", VersionId="v2")  # the same again is no fault
    other = kms.refused("PutSecretValue", SecretName="db", SecretData="else", VersionId="v2")
    assert other == (409, "Rejected.ResourceExist")
    for number in range(3, 13):
        kms("PutSecretValue", SecretName="db", SecretData=str(number), VersionId=f"v{number}")
    everything = kms.stages(IncludeDeprecated="true", PageSize=100)
    assert list(everything) == [f"v{number}" for number in range(12, 2, -1)]
    assert kms.stages() == {"v12": ["ACSCurrent"], "v11": ["ACSPrevious"]}
    assert kms.refused("GetSecretValue", SecretName="db", VersionId="v1") == GONE
    assert kms.refused("GetSecretValue", SecretName="db", VersionStage="none") == GONE


def test_stages_are_moved_by_hand(kms: Kms) -> None:
    kms.secret()
    kms("PutSecretValue", SecretName="db", SecretData="two", VersionId="v2", VersionStages='["next"]')
    assert (kms.value(), kms.value(VersionStage="next")) == ("one", "two")
    kms("UpdateSecretVersionStage", SecretName="db", VersionStage="ACSCurrent", MoveToVersion="v2")
    assert kms.stages() == {"v2": ["next", "ACSCurrent"], "v1": ["ACSPrevious"]}
    kms("UpdateSecretVersionStage", SecretName="db", VersionStage="next", RemoveFromVersion="v2")
    assert kms.stages()["v2"] == ["ACSCurrent"]
    taken = {"SecretName": "db", "VersionStage": "ACSCurrent", "RemoveFromVersion": "v2"}
    assert kms.refused("UpdateSecretVersionStage", **taken) == (400, "InvalidParameter")
    assert kms.refused("RotateSecret", SecretName="db", VersionId="v3") == (400, "Rejected.UnsupportedOperation")


def test_a_scheduled_secret_waits_and_can_be_restored(kms: Kms) -> None:
    kms.secret()
    assert kms.refused("RestoreSecret", SecretName="db") == (409, "Rejected.ResourceInUse")
    for days in ("6", "31", "x"):
        refused = kms.refused("DeleteSecret", SecretName="db", RecoveryWindowInDays=days)
        assert refused == (400, "InvalidParameter")
    planned = kms("DeleteSecret", SecretName="db", RecoveryWindowInDays="7")["PlannedDeleteTime"]
    assert kms("DescribeSecret", SecretName="db")["PlannedDeleteTime"] == planned
    for action, params in (
        ("GetSecretValue", {}),
        ("PutSecretValue", {"SecretData": "x", "VersionId": "v2"}),
        ("UpdateSecret", {"Description": "x"}),
        ("DeleteSecret", {}),
        ("CreateSecret", {"SecretData": "x", "VersionId": "v1"}),
        ("TagResource", {"Tags": "[]"}),
    ):
        assert kms.refused(action, SecretName="db", **params) == IN_WINDOW, action
    kms("RestoreSecret", SecretName="db")
    assert kms.value() == "one"
    kms.sdk.cloud.clock_advance(8 * DAY)
    assert kms.value() == "one"
    kms("DeleteSecret", SecretName="db")
    kms.sdk.cloud.clock_advance(30 * DAY + 1)
    assert kms.refused("DescribeSecret", SecretName="db") == GONE


def test_deleted_at_once_the_name_is_free(kms: Kms) -> None:
    kms.secret()
    kms("DeleteSecret", SecretName="db", RecoveryWindowInDays="7")
    kms.sdk.cloud.set("kms.secret_force_in_window", False)
    assert kms.refused("DeleteSecret", SecretName="db", ForceDeleteWithoutRecovery="true") == IN_WINDOW
    kms.sdk.cloud.set("kms.secret_force_in_window", True)
    kms("DeleteSecret", SecretName="db", ForceDeleteWithoutRecovery="true")
    assert kms.refused("RestoreSecret", SecretName="db") == GONE
    kms.secret(data="new")
    assert kms.value() == "new"


def test_secrets_are_listed_by_page_and_filter(kms: Kms) -> None:
    for number in range(3):
        tags = json.dumps([{"TagKey": "n", "TagValue": str(number)}])
        kms.secret(f"s{number}", Tags=tags, Description="even" if number % 2 == 0 else "odd")
    first = kms("ListSecrets", PageSize=2, FetchTags="true")
    assert (first["TotalCount"], [one["SecretName"] for one in first["SecretList"]["Secret"]]) == (3, ["s0", "s1"])
    assert first["SecretList"]["Secret"][1]["Tags"]["Tag"] == [{"TagKey": "n", "TagValue": "1"}]
    filters = [{"Key": "Description", "Values": ["even"]}, {"Key": "TagValue", "Values": ["1", "2"]}]
    found = kms("ListSecrets", Filters=json.dumps(filters))["SecretList"]["Secret"]
    assert [one["SecretName"] for one in found] == ["s2"]
    assert kms.refused("ListSecrets", Filters='[{"Key": "Size"}]') == (400, "InvalidParameter")


def test_tags_in_both_forms(kms: Kms) -> None:
    kms.secret()
    kms("TagResource", SecretName="db", Tags=json.dumps([{"TagKey": "a", "TagValue": "1"}]))
    both = {"RegionId": "cn-hangzhou", "ResourceType": "secret", "ResourceId": ["db"]}
    kms("TagResources", **both, Tag=[{"Key": "b", "Value": "2"}])
    rows = kms("ListTagResources", **both)["TagResources"]["TagResource"]
    assert [(row["ResourceId"], row["TagKey"], row["TagValue"]) for row in rows] == [("db", "a", "1"), ("db", "b", "2")]
    kms("UntagResource", SecretName="db", TagKeys=json.dumps(["a"]))
    kms("UntagResources", **both, TagKey=["b"])
    assert kms("ListTagResources", **both)["TagResources"]["TagResource"] == []


def test_key_of_a_secret_decides_with_its_state(kms: Kms) -> None:
    key = kms("CreateKey")["KeyMetadata"]["KeyId"]
    signing = kms("CreateKey", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
    one = {"SecretName": "x", "SecretData": "x", "VersionId": "v1"}
    assert kms.refused("CreateSecret", **one, EncryptionKeyId=signing) == (400, "InvalidParameter")
    assert kms.refused("CreateSecret", **one, EncryptionKeyId="none") == (404, "Forbidden.KeyNotFound")
    kms.secret(EncryptionKeyId=key)
    assert kms("DescribeSecret", SecretName="db")["EncryptionKeyId"] == key
    kms("DisableKey", KeyId=key)
    assert kms.refused("GetSecretValue", SecretName="db") == (409, "Rejected.Disabled")
    kms("EnableKey", KeyId=key)
    assert kms.value() == "one"


def test_rights_to_the_secret_and_to_its_key_are_needed(kms: Kms) -> None:
    key = kms("CreateKey")["KeyMetadata"]["KeyId"]
    kms.secret(EncryptionKeyId=key)
    kms.secret("other")
    start = f"acs:kms:cn-hangzhou:{kms.sdk.cloud.account_id}"
    user = Kms(ram_user(kms.sdk, "reader"))

    def allow(name: str, actions: list[str], resource: str) -> None:
        statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
        document = json.dumps({"Version": "1", "Statement": [statement]})
        kms.sdk("CreatePolicy", product="ram", PolicyName=name, PolicyDocument=document)
        kms.sdk("AttachPolicyToUser", product="ram", UserName="reader", PolicyName=name, PolicyType="Custom")

    denied = (403, "Forbidden.NoPermission")
    allow("value", ["kms:GetSecretValue", "kms:PutSecretValue"], f"{start}:secret/db")
    new = {"SecretName": "db", "SecretData": "two", "VersionId": "v2"}
    assert user.refused("GetSecretValue", SecretName="db") == denied
    assert user.refused("PutSecretValue", **new) == denied
    allow("key", ["kms:Decrypt", "kms:GenerateDataKey"], f"{start}:key/{key}")
    user("PutSecretValue", **new)
    assert user.value() == "two"
    assert user.refused("GetSecretValue", SecretName="other") == denied
    assert user.refused("ListSecrets") == denied
    stranger = Kms(other_account(kms.sdk)[1])
    stranger("OpenKmsService")
    assert stranger.refused("GetSecretValue", SecretName="db") == GONE


def test_secrets_may_need_an_instance(kms: Kms) -> None:
    cloud = kms.sdk.cloud
    new = {"SecretName": "db", "SecretData": "one", "VersionId": "v1"}
    cloud.set("kms.secrets_need_instance", True)
    assert kms.refused("CreateSecret", **new) == (400, "Rejected.UnsupportedOperation")
    missing = kms.refused("CreateSecret", **new, DKMSInstanceId="kst-1")
    assert missing == (404, "Forbidden.DKMSInstanceNotFound")
    cloud.kms_instance("kst-1")
    outside = kms("CreateKey")["KeyMetadata"]["KeyId"]
    elsewhere = kms.refused("CreateSecret", **new, DKMSInstanceId="kst-1", EncryptionKeyId=outside)
    assert elsewhere == (400, "InvalidParameter")
    inside = kms("CreateKey", DKMSInstanceId="kst-1")["KeyMetadata"]["KeyId"]
    kms("CreateSecret", **new, DKMSInstanceId="kst-1", EncryptionKeyId=inside)
    assert kms("DescribeSecret", SecretName="db")["DKMSInstanceId"] == "kst-1"


def test_reads_may_be_behind(kms: Kms) -> None:
    kms.secret()
    kms("PutSecretValue", SecretName="db", SecretData="two", VersionId="v2")
    kms.sdk.cloud.clock_advance(60)
    kms.sdk.cloud.fault("read_lag", "kms:GetSecretValue", seconds=30, times=None)
    kms("PutSecretValue", SecretName="db", SecretData="three", VersionId="v3")
    assert kms.value() == "two"
    kms.sdk.cloud.clear_faults()
    assert kms.value() == "three"


def test_neither_log_nor_store_has_the_value(kms: Kms) -> None:
    canary = "canary-6f2d1c"
    kms.secret(data=canary)
    kms("PutSecretValue", SecretName="db", SecretData=f"{canary}-two", VersionId="v2")
    assert kms.value() == f"{canary}-two"
    log = kms.sdk.cloud.requests()
    noted = [one["params"] for one in log if one["operation"] == "kms:CreateSecret"]
    assert (noted[0]["SecretName"], noted[0]["SecretData"]) == ("db", "***")
    assert canary not in json.dumps([log, kms.sdk.cloud.resources("kms_secret")])
