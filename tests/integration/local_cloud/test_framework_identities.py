# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, roles and sessions may do what their policies say, and are told so in the words of the product."""

from __future__ import annotations

import json
import typing as t

import pytest
from wire import Wire

from local_cloud.control import LocalCloud

REGION = {"RegionId": "cn-hangzhou"}


def policy(*actions: str) -> str:
    return json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]})


@pytest.fixture
def ann(wire: Wire) -> Wire:
    """A RAM user without any permission."""
    wire.v3("ram", "CreateUser", UserName="ann")
    key = wire.v3("ram", "CreateAccessKey", UserName="ann").json["AccessKey"]
    return Wire(wire.address, key["AccessKeyId"], key["AccessKeySecret"])


def give(wire: Wire, to: str, name: str, *actions: str) -> None:
    wire.v3("ram", "CreatePolicy", PolicyName=f"{name}-policy", PolicyDocument=policy(*actions))
    reply = wire.v3(
        "ram", f"AttachPolicyTo{to}", PolicyType="Custom", PolicyName=f"{name}-policy", **{f"{to}Name": name}
    )
    assert reply.status == 200, reply.json


def session(wire: Wire, *actions: str, **params: str) -> Wire:
    """A session of a role that the account's users may assume."""
    trust = {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": ["acs:ram::1234567890123456:root"]}}
        ],
    }
    wire.v3("ram", "CreateRole", RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust))
    give(wire, "Role", "worker", *actions)
    wire.v3("ram", "CreateUser", UserName="boss")
    give(wire, "User", "boss", "sts:AssumeRole")
    key = wire.v3("ram", "CreateAccessKey", UserName="boss").json["AccessKey"]
    boss = Wire(wire.address, key["AccessKeyId"], key["AccessKeySecret"])
    reply = boss.v3(
        "sts", "AssumeRole", RoleArn="acs:ram::1234567890123456:role/worker", RoleSessionName="shift", **params
    )
    assert reply.status == 200, reply.json
    credentials = reply.json["Credentials"]
    return Wire(
        wire.address, credentials["AccessKeyId"], credentials["AccessKeySecret"], token=credentials["SecurityToken"]
    )


@pytest.mark.parametrize(
    ("product", "action", "params", "code"),
    [
        ("ecs", "DescribeInstances", REGION, "Forbidden.RAM"),
        ("ram", "ListUsers", {}, "NoPermission"),
        ("kms", "ListKeys", {}, "Forbidden.NoPermission"),
    ],
)
def test_without_permission_nothing_goes(
    ann: Wire, product: str, action: str, params: dict[str, str], code: str
) -> None:
    reply = ann.v3(product, action, **params)
    assert (reply.status, reply.code) == (403, code)
    detail = reply.json["AccessDeniedDetail"]
    assert (detail["AuthAction"], detail["AuthPrincipalDisplayName"]) == (f"{product}:{action}", "ann")
    assert detail["NoPermissionType"] == "ImplicitDeny"


def test_a_user_may_what_is_given_and_no_more(wire: Wire, ann: Wire) -> None:
    give(wire, "User", "ann", "ram:ListU*")
    assert ann.v3("ram", "ListUsers").status == 200
    assert ann.v3("ram", "ListRoles").code == "NoPermission"


def test_a_session_may_what_its_role_may(wire: Wire) -> None:
    worker = session(wire, "ecs:Describe*")
    assert worker.v3("ecs", "DescribeInstances", **REGION).status == 200
    assert worker.rpc("ecs", "DescribeInstances", Format="JSON", **REGION).status == 200
    assert worker.v3("ecs", "StopInstance", InstanceId="i-1").code == "Forbidden.RAM"
    assert worker.v3("ram", "ListUsers").code == "NoPermission"
    who = worker.v3("sts", "GetCallerIdentity").json
    assert (who["IdentityType"], who["AccountId"]) == ("AssumedRoleUser", "1234567890123456")


def test_a_session_s_own_policy_only_narrows(wire: Wire) -> None:
    worker = session(wire, "ecs:Describe*", Policy=policy("ecs:DescribeInstances", "ram:*"))
    assert worker.v3("ecs", "DescribeInstances", **REGION).status == 200
    assert worker.v3("ecs", "DescribeRegions").code == "Forbidden.RAM"
    assert worker.v3("ram", "ListUsers").code == "NoPermission"


def test_a_session_loses_what_its_role_loses(wire: Wire) -> None:
    worker = session(wire, "ecs:Describe*")
    wire.v3("ram", "DetachPolicyFromRole", PolicyType="Custom", PolicyName="worker-policy", RoleName="worker")
    assert worker.v3("ecs", "DescribeInstances", **REGION).code == "Forbidden.RAM"


def test_a_session_needs_its_own_token_and_ends(fresh_cloud: LocalCloud, wire: Wire) -> None:
    worker = session(wire, "ecs:Describe*", DurationSeconds="900")

    def ask(token: str | None) -> tuple[int, t.Any]:
        worker.token = token
        reply = worker.v3("ecs", "DescribeInstances", **REGION)
        return reply.status, reply.code

    good = worker.token
    assert good is not None
    assert ask(good) == (200, None)
    assert ask(None) == (400, "MissingSecurityToken")
    assert ask("garbage") == (400, "InvalidSecurityToken.Malformed")
    assert ask(good[:-1] + "_") == (400, "InvalidSecurityToken.MismatchWithAccessKey")
    fresh_cloud.clock_advance(901)
    assert ask(good) == (400, "InvalidSecurityToken.Expired")


def test_a_permanent_key_takes_no_token(wire: Wire) -> None:
    wire.token = "CAISanything"
    assert wire.v3("ram", "ListUsers").code == "InvalidSecurityToken.MismatchWithAccessKey"


def test_accounts_do_not_see_each_other(fresh_cloud: LocalCloud, wire: Wire) -> None:
    partner = fresh_cloud.accounts[1]
    other = Wire(wire.address, partner["access_key_id"], partner["access_key_secret"])
    wire.v3("ram", "CreateUser", UserName="ann")
    assert other.v3("ram", "ListUsers").json["Users"]["User"] == []
    assert other.v3("sts", "GetCallerIdentity").json["AccountId"] == partner["account_id"]
