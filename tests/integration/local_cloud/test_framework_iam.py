# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RAM decides by the policies of who asks."""

from __future__ import annotations

import json
import typing as t

import pytest

from local_cloud import iam
from local_cloud.framework import Identity
from local_cloud.store import Store

ACCOUNT = "1234567890123456"
INSTANCE = f"acs:ecs:cn-hangzhou:{ACCOUNT}:instance/i-1"


def statement(effect: str = "Allow", action: t.Any = "*", resource: t.Any = "*", **more: t.Any) -> dict[str, t.Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def decide(
    *statements: dict[str, t.Any], action: str = "ecs:StopInstance", resource: str = INSTANCE, **context: t.Any
) -> str:
    values = {key.replace("_", ":", 1): value for key, value in context.items()}
    return iam.evaluate([{"Version": "1", "Statement": list(statements)}], action, resource, values)


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([], "ImplicitDeny"),
        ([statement()], "Allow"),
        ([statement(action="ecs:*")], "Allow"),
        ([statement(action="ECS:stopinstance")], "Allow"),
        ([statement(action=["ram:*", "ecs:Stop*"])], "Allow"),
        ([statement(action="ecs:StopInstance?")], "ImplicitDeny"),
        ([statement(action="ecs:Start*")], "ImplicitDeny"),
        ([statement(resource="acs:ecs:*:*:instance/*")], "Allow"),
        ([statement(resource="acs:ecs:*:*:instance/i-2")], "ImplicitDeny"),
        ([statement(resource="acs:ecs:eu-central-1:*:*")], "ImplicitDeny"),
        ([statement(), statement("Deny", "ecs:StopInstance")], "ExplicitDeny"),
        ([statement("Deny", "ecs:StartInstance"), statement()], "Allow"),
        ([{"Effect": "Allow", "NotAction": "ram:*", "Resource": "*"}], "Allow"),
        ([{"Effect": "Allow", "NotAction": "ecs:*", "Resource": "*"}], "ImplicitDeny"),
        ([{"Effect": "Allow", "Action": "*", "NotResource": "acs:ecs:*:*:disk/*"}], "Allow"),
        ([{"Effect": "Allow", "Action": "*", "NotResource": "acs:ecs:*:*:instance/*"}], "ImplicitDeny"),
    ],
)
def test_statements(statements: list[dict[str, t.Any]], decision: str) -> None:
    assert decide(*statements) == decision


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"acs:Service": "ecs.aliyuncs.com"}}, {"acs_Service": "ecs.aliyuncs.com"}, True),
        ({"StringEquals": {"acs:Service": ["a", "b"]}}, {"acs_Service": "b"}, True),
        ({"StringEquals": {"acs:Service": "a"}}, {"acs_Service": "A"}, False),
        ({"StringEqualsIgnoreCase": {"acs:Service": "a"}}, {"acs_Service": "A"}, True),
        ({"StringNotEquals": {"acs:Service": ["a", "b"]}}, {"acs_Service": "b"}, False),
        ({"StringNotEquals": {"acs:Service": ["a", "b"]}}, {"acs_Service": "c"}, True),
        ({"StringNotEquals": {"acs:Service": "a"}}, {}, True),
        ({"StringEquals": {"acs:Service": "a"}}, {}, False),
        ({"StringLike": {"acs:Service": "*.aliyuncs.com"}}, {"acs_Service": "ecs.aliyuncs.com"}, True),
        ({"StringNotLike": {"acs:Service": "*.aliyuncs.com"}}, {"acs_Service": "ecs.aliyuncs.com"}, False),
        ({"NumericLessThan": {"acs:N": "10"}}, {"acs_N": 9}, True),
        ({"NumericLessThan": {"acs:N": "10"}}, {"acs_N": 10}, False),
        ({"NumericGreaterThanEquals": {"acs:N": 10}}, {"acs_N": "10"}, True),
        ({"NumericEquals": {"acs:N": "ten"}}, {"acs_N": 10}, False),
        ({"Bool": {"acs:SecureTransport": "true"}}, {"acs_SecureTransport": True}, True),
        ({"Bool": {"acs:SecureTransport": "true"}}, {"acs_SecureTransport": False}, False),
        ({"IpAddress": {"acs:SourceIp": ["10.0.0.0/8", "192.0.2.1"]}}, {"acs_SourceIp": "192.0.2.1"}, True),
        ({"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}, {"acs_SourceIp": "11.0.0.1"}, False),
        ({"NotIpAddress": {"acs:SourceIp": "10.0.0.0/8"}}, {"acs_SourceIp": "11.0.0.1"}, True),
        (
            {"DateLessThan": {"acs:CurrentTime": "2026-01-01T00:00:00+08:00"}},
            {"acs_CurrentTime": "2025-12-31T15:59:59Z"},
            True,
        ),
        (
            {"DateGreaterThan": {"acs:CurrentTime": "2026-01-01T00:00:00Z"}},
            {"acs_CurrentTime": "2025-12-31T00:00:00Z"},
            False,
        ),
        ({"StringEquals": {"acs:A": "1"}, "Bool": {"acs:B": "true"}}, {"acs_A": "1", "acs_B": "false"}, False),
        ({"SomethingNew": {"acs:A": "1"}}, {"acs_A": "1"}, False),
    ],
)
def test_conditions(condition: dict[str, t.Any], context: dict[str, t.Any], holds: bool) -> None:
    assert (decide(statement(Condition=condition), **context) == "Allow") is holds


@pytest.mark.parametrize(
    ("principal", "asks", "may"),
    [
        ({"Service": ["ecs.aliyuncs.com"]}, "ecs.aliyuncs.com", True),
        ({"Service": ["kms.aliyuncs.com"]}, "ecs.aliyuncs.com", False),
        ({"Service": ["2345678901234567@ecs.aliyuncs.com"]}, "2345678901234567@ecs.aliyuncs.com", True),
        ({"Service": ["2345678901234567@ecs.aliyuncs.com"]}, "ecs.aliyuncs.com", False),
        ({"RAM": [f"acs:ram::{ACCOUNT}:root"]}, f"acs:ram::{ACCOUNT}:user/ann", True),
        ({"RAM": [f"acs:ram::{ACCOUNT}:user/bob"]}, f"acs:ram::{ACCOUNT}:user/ann", False),
        ({"RAM": ["acs:ram::2345678901234567:root"]}, f"acs:ram::{ACCOUNT}:root", False),
    ],
)
def test_trust_policies(principal: dict[str, t.Any], asks: str, may: bool) -> None:
    document = {
        "Version": "1",
        "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": principal}],
    }
    assert iam.may_assume(json.dumps(document), asks) is may
    document["Statement"].append({"Action": "sts:AssumeRole", "Effect": "Deny", "Principal": principal})  # type: ignore[attr-defined]
    assert iam.may_assume(document, asks) is False


def test_users_have_what_they_and_their_groups_are_given_and_a_session_no_more_than_its_own_policy() -> None:
    store = Store(":memory:")

    def policy(name: str, *statements: dict[str, t.Any]) -> dict[str, str]:
        versions = [
            {"VersionId": "v1", "PolicyDocument": json.dumps({"Version": "1", "Statement": [statement()]})},
            {"VersionId": "v2", "PolicyDocument": json.dumps({"Version": "1", "Statement": list(statements)})},
        ]
        store.put("policy", f"{ACCOUNT}/Custom/{name}", {"DefaultVersion": "v2", "Versions": versions})
        return {"PolicyType": "Custom", "PolicyName": name}

    own = policy("own", statement(action="ecs:StopInstance"))
    groups = policy("groups", statement(action="ram:GetUser"))
    store.put("user", f"{ACCOUNT}/ann", {"Policies": [own], "Groups": ["admins"]})
    store.put("group", f"{ACCOUNT}/admins", {"Policies": [groups]})
    store.put("role", f"{ACCOUNT}/worker", {"Policies": [own, groups, {"PolicyType": "System", "PolicyName": "Gone"}]})

    ann = Identity(ACCOUNT, "RAMUser", f"acs:ram::{ACCOUNT}:user/ann", "1", "k", user_name="ann")
    assert iam.allowed(store, ann, "ecs:StopInstance", [INSTANCE])
    assert iam.allowed(store, ann, "ram:GetUser")
    assert not iam.allowed(store, ann, "ecs:StartInstance", [INSTANCE])

    only_reads = {"Version": "1", "Statement": [statement(action="ram:Get*")]}
    worker = Identity(
        ACCOUNT, "AssumedRoleUser", "arn", "1:s", "k", role_name="worker", session_name="s", session_policy=only_reads
    )
    assert iam.allowed(store, worker, "ram:GetUser")
    assert not iam.allowed(store, worker, "ecs:StopInstance", [INSTANCE])
    assert iam.allowed(store, Identity(ACCOUNT, "Account", "arn", ACCOUNT, "k"), "anything:AtAll")
