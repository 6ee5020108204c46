# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS instances: made by the control API, with their quotas, states, regions and kinds of keys."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from people import other_account, ram_user

from local_cloud.control import ControlError

if t.TYPE_CHECKING:
    from sdk import Sdk
    from wire import Wire

NONE = (404, "Forbidden.DKMSInstanceNotFound")
NOT_NOW = (403, "Forbidden.DKMSInstanceStateInvalid")
FULL = (400, "Rejected.LimitExceeded")
INVALID = (400, "InvalidParameter")


class Kms:
    """KMS as one caller."""

    def __init__(self, sdk: Sdk) -> None:
        self.sdk = sdk

    def __call__(self, action: str, **params: t.Any) -> dict[str, t.Any]:
        return self.sdk(action, product="kms", **params)

    def refused(self, action: str, **params: t.Any) -> tuple[int, str]:
        return self.sdk.refused(action, product="kms", **params)

    def key(self, **params: t.Any) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", self("CreateKey", **params)["KeyMetadata"])


@pytest.fixture
def kms(sdk: Sdk) -> Kms:
    """KMS is on, and the account has an instance."""
    sdk("OpenKmsService", product="kms")
    sdk.cloud.kms_instance("kst-1", InstanceName="shop", VpcId="vpc-1", KeyNum=2, SecretNum="1")
    return Kms(sdk)


def test_instances_are_listed_by_pages_and_described(kms: Kms) -> None:
    cloud = kms.sdk.cloud
    for number in range(2, 24):
        cloud.kms_instance(f"kst-{number}")
    first = kms("ListKmsInstances")
    assert (len(first["KmsInstances"]["KmsInstance"]), first["TotalCount"], first["PageSize"]) == (20, 23, 20)
    assert len(kms("ListKmsInstances", PageNumber=2)["KmsInstances"]["KmsInstance"]) == 3
    assert {"KmsInstanceId": "kst-1", "KmsInstanceArn": f"acs:kms:cn-hangzhou:{cloud.account_id}:keystore/kst-1"} in (
        first["KmsInstances"]["KmsInstance"]
    )
    for wrong in ({"PageSize": 101}, {"PageNumber": 0}, {"Filters": "[]"}):
        assert kms.refused("ListKmsInstances", **wrong) == INVALID
    shown = kms("GetKmsInstance", KmsInstanceId="kst-1")["KmsInstance"]
    assert (shown["InstanceId"], shown["InstanceName"], shown["Status"]) == ("kst-1", "shop", "Connected")
    assert (shown["KeyNum"], shown["SecretNum"], shown["VpcId"]) == (2, "1", "vpc-1")
    assert shown["EndDate"] > shown["StartDate"]
    assert kms.refused("GetKmsInstance", KmsInstanceId="kst-none") == NONE
    assert kms.refused("GetKmsInstance") == (400, "MissingParameter")


def test_quotas_count_what_is_there(kms: Kms) -> None:
    kms.key(DKMSInstanceId="kst-1")
    listed = kms("GetKmsInstanceQuotaInfos", KmsInstanceId="kst-1")["KmsInstanceQuotaInfos"]
    quotas = {one["ResourceType"]: (one["ResourceQuota"], one["UsedQuantity"]) for one in listed}
    assert quotas == {"key": (2, 1), "secret": (1, 0), "qps": (1000, 0), "vpc": (1, 1)}
    asked = kms("GetKmsInstanceQuotaInfos", KmsInstanceId="kst-1", ResourceType="secret")
    assert [one["ResourceType"] for one in asked["KmsInstanceQuotaInfos"]] == ["secret"]
    assert kms.refused("GetKmsInstanceQuotaInfos", KmsInstanceId="kst-1", ResourceType="disk") == INVALID
    kms.key(DKMSInstanceId="kst-1")
    assert kms.refused("CreateKey", DKMSInstanceId="kst-1") == FULL
    secret = {"SecretData": "one", "VersionId": "v1", "DKMSInstanceId": "kst-1"}
    kms("CreateSecret", SecretName="a", **secret)
    assert kms.refused("CreateSecret", SecretName="b", **secret) == FULL


@pytest.mark.parametrize("state", ["Uninitialized", "Connecting", "Disconnected", "Error"])
def test_nothing_works_in_an_instance_that_is_not_connected(kms: Kms, state: str) -> None:
    key = kms.key(DKMSInstanceId="kst-1")["KeyId"]
    secret = {"SecretName": "a", "SecretData": "one", "VersionId": "v1", "DKMSInstanceId": "kst-1"}
    kms("CreateSecret", **secret)
    kms.sdk.cloud.kms_instance("kst-1", Status=state)
    assert kms("GetKmsInstance", KmsInstanceId="kst-1")["KmsInstance"]["Status"] == state
    assert kms.refused("CreateKey", DKMSInstanceId="kst-1") == NOT_NOW
    assert kms.refused("Encrypt", KeyId=key, Plaintext=base64.b64encode(b"x").decode()) == NOT_NOW
    assert kms.refused("GetSecretValue", SecretName="a") == NOT_NOW
    assert kms.refused("CreateSecret", **{**secret, "SecretName": "b"}) == NOT_NOW
    assert kms("DescribeKey", KeyId=key)["KeyMetadata"]["DKMSInstanceId"] == "kst-1"


def test_an_instance_is_of_one_account_and_region(kms: Kms, wire: Wire) -> None:
    stranger = Kms(other_account(kms.sdk)[1])
    stranger("OpenKmsService")
    assert stranger.refused("CreateKey", DKMSInstanceId="kst-1") == NONE
    assert stranger("ListKmsInstances")["TotalCount"] == 0
    wire.host = "kms.cn-beijing.aliyuncs.com"
    assert wire.v3("kms", "ListKmsInstances").json["TotalCount"] == 0
    elsewhere = wire.v3("kms", "CreateKey", DKMSInstanceId="kst-1")
    assert (elsewhere.status, elsewhere.json["Code"]) == NONE


def test_a_key_is_of_the_kinds_of_its_instance(kms: Kms) -> None:
    kms.sdk.cloud.kms_instance("kst-hard", ProductVersion="5")
    plain = kms.key(DKMSInstanceId="kst-1", ProtectionLevel="HSM")
    assert (plain["ProtectionLevel"], plain["DKMSInstanceId"]) == ("SOFTWARE", "kst-1"), "what is said does not count"
    assert kms.refused("CreateKey", DKMSInstanceId="kst-1", KeySpec="Aliyun_SM4") == INVALID
    assert kms.refused("CreateKey", DKMSInstanceId="kst-1", Origin="EXTERNAL") == INVALID
    hard = kms.key(DKMSInstanceId="kst-hard", KeySpec="Aliyun_SM4")
    assert hard["ProtectionLevel"] == "HSM"
    rotation = {"EnableAutomaticRotation": True, "RotationInterval": "365d"}
    assert kms.refused("CreateKey", DKMSInstanceId="kst-hard", **rotation) == INVALID
    refused = kms.refused("UpdateRotationPolicy", KeyId=hard["KeyId"], **rotation)
    assert refused == (400, "Rejected.UnsupportedOperation")
    wanted = json.dumps([{"Key": "DKMSInstanceId", "Values": ["kst-hard"]}])
    assert [one["KeyId"] for one in kms("ListKeys", Filters=wanted)["Keys"]["Key"]] == [hard["KeyId"]]


def test_an_account_of_today_has_one_default_key_a_region(kms: Kms) -> None:
    kms.sdk.cloud.set("kms.keys_without_instance", 1)
    kms.key()
    assert kms.refused("CreateKey") == FULL
    kms.key(DKMSInstanceId="kst-1")
    kms.sdk.cloud.set("kms.key_without_instance_code", "Forbidden.DKMSInstanceStateInvalid")
    assert kms.refused("CreateKey") == NOT_NOW


def test_rights_to_instances_are_needed(kms: Kms) -> None:
    user = Kms(ram_user(kms.sdk, "reader"))
    denied = (403, "Forbidden.NoPermission")
    resource = f"acs:kms:cn-hangzhou:{kms.sdk.cloud.account_id}:keystore/kst-1"
    statement = {"Effect": "Allow", "Action": "kms:GetKmsInstance", "Resource": resource}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    kms.sdk("CreatePolicy", product="ram", PolicyName="one", PolicyDocument=document)
    kms.sdk("AttachPolicyToUser", product="ram", UserName="reader", PolicyName="one", PolicyType="Custom")
    user("GetKmsInstance", KmsInstanceId="kst-1")
    assert user.refused("GetKmsInstance", KmsInstanceId="kst-2") == denied
    assert user.refused("ListKmsInstances") == denied
    assert user.refused("GetKmsInstanceQuotaInfos", KmsInstanceId="kst-1") == denied


def test_the_control_api_says_what_an_instance_cannot_have(kms: Kms) -> None:
    with pytest.raises(ControlError, match="unknown: Colour"):
        kms.sdk.cloud.kms_instance("kst-1", Colour="red")
    with pytest.raises(ControlError, match="Status is one of"):
        kms.sdk.cloud.kms_instance("kst-1", Status="Open")
    kms.sdk.cloud.kms_instance("kst-1", KeyNum=7)
    shown = kms("GetKmsInstance", KmsInstanceId="kst-1")["KmsInstance"]
    assert (shown["KeyNum"], shown["InstanceName"]) == (7, "shop"), "the rest stays"
