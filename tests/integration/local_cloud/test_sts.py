# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""STS: who may assume a role, what the session may do, and for how long."""

from __future__ import annotations

import base64
import json
import time
import typing as t
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from people import other_account, ram_user, session
from sdk import Sdk

if t.TYPE_CHECKING:
    from wire import Wire


def trust(**principal: list[str]) -> str:
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": principal}
    return json.dumps({"Version": "1", "Statement": [statement]})


@pytest.fixture
def account(sdk: Sdk) -> Sdk:
    return sdk


@pytest.fixture
def user(account: Sdk) -> Sdk:
    """A RAM user who may assume roles."""
    return ram_user(account, "alice", "AliyunSTSAssumeRoleAccess")


@pytest.fixture
def arn(account: Sdk) -> str:
    """A role that the account's users may assume and that may read everything."""
    document = trust(RAM=[f"acs:ram::{account.cloud.account_id}:root"])
    role = account("CreateRole", product="ram", RoleName="Reader", AssumeRolePolicyDocument=document)["Role"]
    account("AttachPolicyToRole", product="ram", RoleName="Reader", PolicyName="ReadOnlyAccess", PolicyType="System")
    return str(role["Arn"])


def test_session_may_do_what_its_role_may(user: Sdk, arn: str) -> None:
    assumed = user("AssumeRole", product="sts", RoleArn=arn, RoleSessionName="test")
    assert assumed["AssumedRoleUser"]["Arn"] == f"{arn}/test"
    assert assumed["Credentials"]["AccessKeyId"].startswith("STS.")
    reader = session(user, arn)
    assert [role["RoleName"] for role in reader("ListRoles", product="ram")["Roles"]["Role"]] == ["Reader"]
    assert reader.refused("DeleteRole", product="ram", RoleName="Reader") == (403, "NoPermission")


def test_policy_of_a_session_narrows_it(user: Sdk, arn: str) -> None:
    statement = {"Effect": "Allow", "Action": "ram:ListUsers", "Resource": "*"}
    narrowed = session(user, arn, Policy=json.dumps({"Version": "1", "Statement": [statement]}))
    assert narrowed("ListUsers", product="ram")
    assert narrowed.refused("ListRoles", product="ram") == (403, "NoPermission")


def test_session_ends(user: Sdk, arn: str) -> None:
    reader = session(user, arn, DurationSeconds=900)
    user.cloud.clock_advance(899)
    assert reader("ListUsers", product="ram")
    user.cloud.clock_advance(2)
    assert reader.refused("ListUsers", product="ram") == (400, "InvalidSecurityToken.Expired")


def test_user_needs_the_permission(account: Sdk, arn: str) -> None:
    refused = ram_user(account, "bob").refused("AssumeRole", product="sts", RoleArn=arn, RoleSessionName="test")
    assert refused == (403, "NoPermission")


def test_role_must_trust_the_caller(account: Sdk, user: Sdk) -> None:
    other_id, _other = other_account(account)
    for number, document in enumerate(
        (
            trust(Service=["ecs.aliyuncs.com"]),
            trust(RAM=[f"acs:ram::{other_id}:root"]),
            trust(RAM=[f"acs:ram::{account.cloud.account_id}:user/bob"]),
        )
    ):
        role = account("CreateRole", product="ram", RoleName=f"r{number}", AssumeRolePolicyDocument=document)["Role"]
        refused = user.refused("AssumeRole", product="sts", RoleArn=role["Arn"], RoleSessionName="test")
        assert refused == (403, "NoPermission")


def test_role_can_be_assumed_across_accounts(account: Sdk, user: Sdk) -> None:
    other_id, stranger = other_account(account)
    document = trust(RAM=[f"acs:ram::{account.cloud.account_id}:user/alice"])
    role = stranger("CreateRole", product="ram", RoleName="Shared", AssumeRolePolicyDocument=document)["Role"]
    assert session(user, role["Arn"])("GetCallerIdentity", product="sts")["AccountId"] == other_id


def test_external_id_is_a_condition(account: Sdk, user: Sdk) -> None:
    document = json.loads(trust(RAM=[f"acs:ram::{account.cloud.account_id}:root"]))
    document["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": "abc"}}
    role = account("CreateRole", product="ram", RoleName="Ext", AssumeRolePolicyDocument=json.dumps(document))["Role"]
    what = {"RoleArn": role["Arn"], "RoleSessionName": "test"}
    assert user.refused("AssumeRole", product="sts", **what) == (403, "NoPermission")
    assert user("AssumeRole", product="sts", **what, ExternalId="abc")


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"RoleArn": "Reader"}, (400, "InvalidParameter.RoleArn")),
        ({"RoleArn": "acs:ram::1:role/no"}, (404, "EntityNotExist.Role")),
        ({"RoleSessionName": "a b"}, (400, "InvalidParameter.RoleSessionName")),
        ({"DurationSeconds": 899}, (400, "InvalidParameter.DurationSeconds")),
        ({"DurationSeconds": 3601}, (400, "InvalidParameter.DurationSeconds")),
        ({"Policy": "{"}, (400, "InvalidParameter.PolicyGrammar")),
        ({"Policy": "x" * 2049}, (400, "InvalidParameter.PolicySize")),
    ],
)
def test_bad_parameter_is_refused(user: Sdk, arn: str, change: dict[str, t.Any], answer: tuple[int, str]) -> None:
    params = {"RoleArn": arn, "RoleSessionName": "test", **change}
    assert user.refused("AssumeRole", product="sts", **params) == answer


def test_longer_session_of_a_role_that_allows_it(account: Sdk, user: Sdk, arn: str) -> None:
    account("UpdateRole", product="ram", RoleName="Reader", NewMaxSessionDuration=7200)
    assert session(user, arn, DurationSeconds=7200)("ListUsers", product="ram")


def test_everybody_may_ask_who_they_are(account: Sdk, user: Sdk, arn: str) -> None:
    def identity(caller: Sdk) -> dict[str, t.Any]:
        answer = caller("GetCallerIdentity", product="sts")
        return {name: value for name, value in answer.items() if name != "RequestId"}

    account_id = account.cloud.account_id
    assert identity(account) == {
        "AccountId": account_id,
        "PrincipalId": account_id,
        "IdentityType": "Account",
        "Arn": f"acs:ram::{account_id}:root",
    }
    user_id = account("GetUser", product="ram", UserName="alice")["User"]["UserId"]
    assert identity(user) == {
        "AccountId": account_id,
        "PrincipalId": user_id,
        "IdentityType": "RAMUser",
        "Arn": f"acs:ram::{account_id}:user/alice",
        "UserId": user_id,
    }
    role_id = account("GetRole", product="ram", RoleName="Reader")["Role"]["RoleId"]
    assert identity(session(user, arn)) == {
        "AccountId": account_id,
        "PrincipalId": f"{role_id}:test",
        "IdentityType": "AssumedRoleUser",
        "Arn": f"{arn}/test",
        "RoleId": role_id,
    }


def test_account_itself_assumes_no_roles_unless_set_so(account: Sdk, arn: str) -> None:
    params = {"RoleArn": arn, "RoleSessionName": "test"}
    assert account.refused("AssumeRole", product="sts", **params) == (403, "NoPermission")
    account.cloud.set("sts.account_may_assume", True)
    assert account("AssumeRole", product="sts", **params)


# -- tokens of identity providers


ISSUER = "https://issuer.example.com"


def encoded(value: bytes | dict[str, t.Any]) -> str:
    raw = json.dumps(value).encode() if isinstance(value, dict) else value
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class IdentityProvider:
    """An OIDC provider whose keys the local cloud is told."""

    arn: str
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def configuration(self) -> str:
        numbers = self.key.public_key().public_numbers()
        jwk = {"kty": "RSA", "kid": "k1", "e": encoded(numbers.e.to_bytes(3)), "n": encoded(numbers.n.to_bytes(256))}
        entry = {"issuer": ISSUER, "client_ids": ["ci"], "jwks": {"keys": [jwk]}}
        return json.dumps({self.arn: entry})

    def token(self, **changes: t.Any) -> str:
        claims = {"iss": ISSUER, "aud": "ci", "sub": "job-1", "exp": time.time() + 600, **changes}
        signed = f"{encoded({'alg': 'RS256', 'kid': 'k1'})}.{encoded(claims)}"
        return f"{signed}.{encoded(self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


@pytest.fixture
def provider(account: Sdk) -> IdentityProvider:
    found = IdentityProvider(f"acs:ram::{account.cloud.account_id}:oidc-provider/ci")
    account.cloud.set("sts.oidc_providers", found.configuration())
    return found


@pytest.fixture
def job_role(account: Sdk, provider: IdentityProvider) -> dict[str, str]:
    """A role for tokens of the subject job-1; what a request for it says."""
    document = json.loads(trust(Federated=[provider.arn]))
    document["Statement"][0]["Condition"] = {"StringEquals": {"oidc:sub": "job-1"}}
    created = account("CreateRole", product="ram", RoleName="Job", AssumeRolePolicyDocument=json.dumps(document))
    return {"RoleArn": created["Role"]["Arn"], "OIDCProviderArn": provider.arn, "RoleSessionName": "test"}


def test_token_of_a_provider_makes_a_session(
    account: Sdk, provider: IdentityProvider, job_role: dict[str, str]
) -> None:
    nobody = Sdk(account.cloud, "unknown", "unknown")
    answer = nobody("AssumeRoleWithOIDC", product="sts", **job_role, OIDCToken=provider.token())
    assert (answer["OIDCTokenInfo"]["Issuer"], answer["OIDCTokenInfo"]["Subject"]) == (ISSUER, "job-1")
    given = answer["Credentials"]
    job = Sdk(account.cloud, given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"])
    assert job("GetCallerIdentity", product="sts")["Arn"] == f"{job_role['RoleArn']}/test"


def test_bad_token_makes_none(account: Sdk, provider: IdentityProvider, job_role: dict[str, str]) -> None:
    def refused(token: str, **changes: str) -> tuple[int, str]:
        return account.refused("AssumeRoleWithOIDC", product="sts", **{**job_role, "OIDCToken": token, **changes})

    invalid, good = (400, "AuthenticationFail.OIDCToken.Invalid"), provider.token()
    unsigned = f"{encoded({'alg': 'none'})}.{good.split('.')[1]}."
    for token in (
        *("a.b.c", "nothing", unsigned, good[:-4] + "AAAA"),
        *(provider.token(iss="https://x"), provider.token(aud="other"), provider.token(sub=None)),
        IdentityProvider(provider.arn).token(),
    ):
        assert refused(token) == invalid
    assert refused(provider.token(exp=time.time() - 1)) == (400, "AuthenticationFail.OIDCToken.Expired")
    assert refused(provider.token(sub="job-2")) == (403, "AuthenticationFail.NoPermission")
    assert refused(good, OIDCProviderArn=f"{provider.arn}2") == (404, "EntityNotExist.OIDCProvider")


def test_nothing_else_goes_without_a_signature(wire: Wire) -> None:
    for action in ("AssumeRole", "GetCallerIdentity"):
        answer = wire.send("POST", f"/?Action={action}&Version=2015-04-01&Format=JSON", {"host": wire.address})
        assert (answer.status, answer.code) == (400, "MissingParameter")
