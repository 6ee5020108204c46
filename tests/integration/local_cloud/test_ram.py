# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RAM: users, groups, roles, policies, and what follows from them."""

from __future__ import annotations

import json
import typing as t

import pytest
from people import ram_user
from sdk import Sdk

from local_cloud.catalogue.policies import system_policies

if t.TYPE_CHECKING:
    pass

TRUST = json.dumps(
    {
        "Version": "1",
        "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["ecs.aliyuncs.com"]}}],
    }
)


def policy(*actions: str) -> str:
    """A policy document that allows actions."""
    return json.dumps({"Version": "1", "Statement": [{"Action": list(actions), "Resource": "*", "Effect": "Allow"}]})


@pytest.fixture
def ram(sdk: Sdk) -> Sdk:
    return sdk


@pytest.fixture
def role(ram: Sdk) -> str:
    ram("CreateRole", product="ram", RoleName="Role-1", AssumeRolePolicyDocument=TRUST)
    return "Role-1"


@pytest.fixture
def own_policy(ram: Sdk) -> dict[str, str]:
    ram("CreatePolicy", product="ram", PolicyName="own", PolicyDocument=policy("ecs:Describe*"))
    return {"PolicyName": "own", "PolicyType": "Custom"}


def test_role_is_created_read_changed_and_deleted(ram: Sdk) -> None:
    created = ram(
        "CreateRole",
        product="ram",
        RoleName="Role-1",
        AssumeRolePolicyDocument=TRUST,
        Description="one",
        Tag=[{"Key": "team", "Value": "a"}],
    )["Role"]
    assert created["MaxSessionDuration"] == 3600
    assert json.loads(created["AssumeRolePolicyDocument"]) == json.loads(TRUST)
    assert created["Arn"] == f"acs:ram::{ram.cloud.account_id}:role/role-1"
    assert ram.refused("CreateRole", product="ram", RoleName="Role-1", AssumeRolePolicyDocument=TRUST) == (
        409,
        "EntityAlreadyExists.Role",
    )
    ram("UpdateRole", product="ram", RoleName="Role-1", NewDescription="two", NewMaxSessionDuration=7200)
    read = ram("GetRole", product="ram", RoleName="Role-1")["Role"]
    assert (read["Description"], read["MaxSessionDuration"], read["RoleId"]) == ("two", 7200, created["RoleId"])
    listed = ram("ListRoles", product="ram", Tag=[{"Key": "team", "Value": "a"}])["Roles"]["Role"]
    assert [item["RoleName"] for item in listed] == ["Role-1"]
    assert "AssumeRolePolicyDocument" not in listed[0]
    ram("DeleteRole", product="ram", RoleName="Role-1")
    for action in ("GetRole", "DeleteRole", "UpdateRole", "ListPoliciesForRole"):
        assert ram.refused(action, product="ram", RoleName="Role-1") == (404, "EntityNotExist.Role")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{", "MalformedPolicyDocument"),
        ('{"Version": "2", "Statement": []}', "MalformedPolicyDocument"),
        (policy("ecs:*"), "MalformedPolicyDocument"),
        (TRUST.replace("sts:AssumeRole", "ecs:RunInstances"), "MalformedPolicyDocument"),
        (TRUST.replace("ecs.aliyuncs.com", "ecs.example.com"), "MalformedPolicyDocument"),
    ],
)
def test_role_needs_a_trust_policy(ram: Sdk, document: str, code: str) -> None:
    assert ram.refused("CreateRole", product="ram", RoleName="r", AssumeRolePolicyDocument=document) == (400, code)


@pytest.mark.parametrize(
    ("action", "params", "code"),
    [
        ("CreateRole", {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"}, "InvalidParameter.RoleName.InvalidChars"),
        ("CreateRole", {"RoleName": "a"}, "MissingParameter"),
        ("GetRole", {}, "MissingParameter"),
        ("CreateUser", {"UserName": "a/b"}, "InvalidParameter.UserName.InvalidChars"),
        ("CreatePolicy", {"PolicyName": "a.b", "PolicyDocument": "{}"}, "InvalidParameter.PolicyName.InvalidChars"),
        ("CreatePolicy", {"PolicyName": "a", "PolicyDocument": TRUST}, "MalformedPolicyDocument"),
        ("GetPolicy", {"PolicyName": "a", "PolicyType": "Mine"}, "InvalidParameter.PolicyType"),
    ],
)
def test_bad_parameter_is_refused(ram: Sdk, action: str, params: dict[str, str], code: str) -> None:
    assert ram.refused(action, product="ram", **params) == (400, code)


def test_policy_has_up_to_five_versions(ram: Sdk, own_policy: dict[str, str]) -> None:
    for number in range(2, 6):
        version = ram("CreatePolicyVersion", product="ram", PolicyName="own", PolicyDocument=policy("ecs:*"))
        assert version["PolicyVersion"]["VersionId"] == f"v{number}"
        assert not version["PolicyVersion"]["IsDefaultVersion"]
    sixth = {"PolicyName": "own", "PolicyDocument": policy("kms:*"), "SetAsDefault": True}
    assert ram.refused("CreatePolicyVersion", product="ram", **sixth) == (409, "LimitExceeded.Policy.Version")
    rotate = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
    assert (
        ram("CreatePolicyVersion", product="ram", **sixth, RotateStrategy=rotate)["PolicyVersion"]["VersionId"] == "v6"
    )
    versions = ram("ListPolicyVersions", product="ram", **own_policy)["PolicyVersions"]["PolicyVersion"]
    assert {item["VersionId"]: item["IsDefaultVersion"] for item in versions} == {
        "v1": False,
        "v3": False,
        "v4": False,
        "v5": False,
        "v6": True,
    }
    read = ram("GetPolicy", product="ram", **own_policy)
    assert read["Policy"]["DefaultVersion"] == "v6"
    assert read["DefaultPolicyVersion"]["PolicyDocument"] == policy("kms:*")
    refused = ram.refused("DeletePolicyVersion", product="ram", PolicyName="own", VersionId="v6")
    assert refused == (409, "DeleteConflict.Policy.Version.Default")
    ram("SetDefaultPolicyVersion", product="ram", PolicyName="own", VersionId="v1")
    ram("DeletePolicyVersion", product="ram", PolicyName="own", VersionId="v6")
    missing = ram.refused("GetPolicyVersion", product="ram", **own_policy, VersionId="v6")
    assert missing == (404, "EntityNotExist.Policy.Version")
    assert ram.refused("DeletePolicy", product="ram", PolicyName="own") == (409, "DeleteConflict.Policy.Version")
    ram("DeletePolicy", product="ram", PolicyName="own", CascadingDelete=True)
    assert ram.refused("GetPolicy", product="ram", **own_policy) == (404, "EntityNotExist.Policy")


@pytest.mark.parametrize(
    ("create", "delete", "name", "word"),
    [
        ("CreateRole", "DeleteRole", "RoleName", "Role"),
        ("CreateUser", "DeleteUser", "UserName", "User"),
        ("CreateGroup", "DeleteGroup", "GroupName", "Group"),
    ],
)
def test_policy_is_attached_once_and_stands_against_deletion(
    ram: Sdk, own_policy: dict[str, str], create: str, delete: str, name: str, word: str
) -> None:
    who = {name: "someone"}
    extra = {"AssumeRolePolicyDocument": TRUST} if word == "Role" else {}
    ram(create, product="ram", **who, **extra)
    ram(f"AttachPolicyTo{word}", product="ram", **own_policy, **who)
    again = ram.refused(f"AttachPolicyTo{word}", product="ram", **own_policy, **who)
    assert again == (409, f"EntityAlreadyExists.{word}.Policy")
    listed = ram(f"ListPoliciesFor{word}", product="ram", **who)["Policies"]["Policy"]
    assert [(item["PolicyName"], item["PolicyType"]) for item in listed] == [("own", "Custom")]
    entities = ram("ListEntitiesForPolicy", product="ram", **own_policy)
    assert [item[name] for item in entities[f"{word}s"][word]] == ["someone"]
    assert ram("GetPolicy", product="ram", **own_policy)["Policy"]["AttachmentCount"] == 1
    assert ram.refused(delete, product="ram", **who) == (409, f"DeleteConflict.{word}.Policy")
    assert ram.refused("DeletePolicy", product="ram", PolicyName="own") == (409, f"DeleteConflict.Policy.{word}")
    ram(f"DetachPolicyFrom{word}", product="ram", **own_policy, **who)
    gone = ram.refused(f"DetachPolicyFrom{word}", product="ram", **own_policy, **who)
    assert gone == (404, f"EntityNotExist.{word}.Policy")
    ram(delete, product="ram", **who)
    ram("DeletePolicy", product="ram", PolicyName="own")


def test_role_takes_five_custom_policies(ram: Sdk, role: str) -> None:
    for number in range(6):
        ram("CreatePolicy", product="ram", PolicyName=f"p{number}", PolicyDocument=policy("ecs:*"))
    for number in range(5):
        ram("AttachPolicyToRole", product="ram", RoleName=role, PolicyName=f"p{number}", PolicyType="Custom")
    sixth = ram.refused("AttachPolicyToRole", product="ram", RoleName=role, PolicyName="p5", PolicyType="Custom")
    assert sixth == (409, "LimitExceeded.Role.Policy")


def test_system_policies_can_be_read_and_not_changed(ram: Sdk) -> None:
    name = "AliyunECSInstanceForYundunSysTrustRolePolicy"
    read = ram("GetPolicy", product="ram", PolicyName=name, PolicyType="System")
    allowed = json.loads(read["DefaultPolicyVersion"]["PolicyDocument"])["Statement"][0]["Action"]
    assert {f"yundun-systrust:{action}" for action in ("GenerateNonce", "RegisterMessage", "PutMessage")} < set(allowed)
    changed = ram.refused("CreatePolicyVersion", product="ram", PolicyName=name, PolicyDocument=policy("ecs:*"))
    assert changed == (404, "EntityNotExist.Policy")


def test_lists_are_paged_to_the_end(ram: Sdk) -> None:
    names: list[str] = []
    marker: dict[str, str] = {}
    while True:
        answer = ram("ListPolicies", product="ram", PolicyType="System", MaxItems=7, **marker)
        names += [item["PolicyName"] for item in answer["Policies"]["Policy"]]
        if not answer["IsTruncated"]:
            break
        marker = {"Marker": answer["Marker"]}
    assert sorted(names) == sorted(item["PolicyName"] for item in system_policies().values())
    assert ram.refused("ListRoles", product="ram", Marker="?") == (400, "InvalidParameter.Marker")


def test_user_has_keys_a_profile_and_groups(ram: Sdk) -> None:
    user = {"UserName": "alice"}
    ram("CreateUser", product="ram", **user, DisplayName="Alice", Email="a@example.com", MobilePhone="86-13000000000")
    assert ram.refused("CreateUser", product="ram", **user) == (409, "EntityAlreadyExists.User")
    keys = [ram("CreateAccessKey", product="ram", **user)["AccessKey"]["AccessKeyId"] for _index in range(2)]
    assert ram.refused("CreateAccessKey", product="ram", **user) == (409, "LimitExceeded.User.AccessKey")
    ram("UpdateAccessKey", product="ram", **user, UserAccessKeyId=keys[0], Status="Inactive")
    listed = ram("ListAccessKeys", product="ram", **user)["AccessKeys"]["AccessKey"]
    assert {item["AccessKeyId"]: item["Status"] for item in listed} == {keys[0]: "Inactive", keys[1]: "Active"}
    ram("CreateLoginProfile", product="ram", **user, Password="Secret-123", PasswordResetRequired=True)
    assert ram("GetLoginProfile", product="ram", **user)["LoginProfile"]["PasswordResetRequired"] is True
    ram("CreateGroup", product="ram", GroupName="admins", Comments="all")
    ram("AddUserToGroup", product="ram", **user, GroupName="admins")
    again = ram.refused("AddUserToGroup", product="ram", **user, GroupName="admins")
    assert again == (409, "EntityAlreadyExists.User.Group")
    ram("UpdateGroup", product="ram", GroupName="admins", NewGroupName="chiefs")
    groups = ram("ListGroupsForUser", product="ram", **user)["Groups"]["Group"]
    assert [item["GroupName"] for item in groups] == ["chiefs"]
    users = ram("ListUsersForGroup", product="ram", GroupName="chiefs")["Users"]["User"]
    assert [item["UserName"] for item in users] == ["alice"]
    assert ram.refused("DeleteGroup", product="ram", GroupName="chiefs") == (409, "DeleteConflict.Group.User")

    assert ram.refused("DeleteUser", product="ram", **user) == (409, "DeleteConflict.User.Group")
    ram("RemoveUserFromGroup", product="ram", **user, GroupName="chiefs")
    assert ram.refused("DeleteUser", product="ram", **user) == (409, "DeleteConflict.User.LoginProfile")
    ram("DeleteLoginProfile", product="ram", **user)
    assert ram.refused("DeleteUser", product="ram", **user) == (409, "DeleteConflict.User.AccessKey")
    for key in keys:
        ram("DeleteAccessKey", product="ram", **user, UserAccessKeyId=key)
    ram("DeleteUser", product="ram", **user)
    ram("DeleteGroup", product="ram", GroupName="chiefs")


def test_password_is_kept_as_a_hash_only(ram: Sdk) -> None:
    ram("CreateUser", product="ram", UserName="alice")
    ram("CreateLoginProfile", product="ram", UserName="alice", Password="Secret-123")
    assert "Secret-123" not in json.dumps(ram.cloud.resources("user"))


def test_tags_of_roles_and_policies(ram: Sdk, role: str, own_policy: dict[str, str]) -> None:
    for kind, name in (("role", role), ("policy", "own")):
        what = {"ResourceType": kind, "ResourceNames": [name]}
        ram("TagResources", product="ram", **what, Tag=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        ram("UntagResources", product="ram", **what, TagKeys=["a"])
        listed = ram("ListTagResources", product="ram", **what)["TagResources"]
        assert listed == [{"ResourceName": name, "ResourceType": kind, "TagKey": "b", "TagValue": "2"}]
    missing = ram.refused("TagResources", product="ram", ResourceType="role", ResourceNames=["no"], Tag=[{"Key": "a"}])
    assert missing == (404, "EntityNotExist.Role")


def test_account_alias(ram: Sdk) -> None:
    ram("SetAccountAlias", product="ram", AccountAlias="my-company")
    assert ram("GetAccountAlias", product="ram")["AccountAlias"] == "my-company"
    assert ram.refused("SetAccountAlias", product="ram", AccountAlias="my--company")[0] == 400
    ram("ClearAccountAlias", product="ram")
    assert ram("GetAccountAlias", product="ram")["AccountAlias"] == ""


def test_user_may_do_what_policies_allow_and_nothing_else(ram: Sdk, role: str) -> None:
    reader = ram_user(ram, "reader", "AliyunRAMReadOnlyAccess")
    assert reader("GetRole", product="ram", RoleName=role)["Role"]["RoleName"] == role
    assert reader.refused("DeleteRole", product="ram", RoleName=role) == (403, "NoPermission")


def test_group_gives_its_users_its_permissions(ram: Sdk, role: str) -> None:
    user = ram_user(ram, "member")
    assert user.refused("GetRole", product="ram", RoleName=role) == (403, "NoPermission")
    ram("CreateGroup", product="ram", GroupName="readers")
    ram("AttachPolicyToGroup", product="ram", GroupName="readers", PolicyName="ReadOnlyAccess", PolicyType="System")
    ram("AddUserToGroup", product="ram", GroupName="readers", UserName="member")
    assert user("GetRole", product="ram", RoleName=role)


def test_policy_can_be_limited_to_a_role(ram: Sdk) -> None:
    for name in ("mine", "yours"):
        ram("CreateRole", product="ram", RoleName=name, AssumeRolePolicyDocument=TRUST)
    document = json.loads(policy("ram:GetRole"))
    document["Statement"][0]["Resource"] = f"acs:ram:*:{ram.cloud.account_id}:role/mine"
    ram("CreatePolicy", product="ram", PolicyName="mine", PolicyDocument=json.dumps(document))
    user = ram_user(ram, "limited")
    ram("AttachPolicyToUser", product="ram", UserName="limited", PolicyName="mine", PolicyType="Custom")
    assert user("GetRole", product="ram", RoleName="mine")
    assert user.refused("GetRole", product="ram", RoleName="yours") == (403, "NoPermission")


def test_attached_policy_counts_after_a_while(ram: Sdk, role: str) -> None:
    ram.cloud.set("ram.policy_effective_after", 5)
    user = ram_user(ram, "late", "AliyunRAMReadOnlyAccess")
    assert user.refused("GetRole", product="ram", RoleName=role) == (403, "NoPermission")
    ram.cloud.clock_advance(5)
    assert user("GetRole", product="ram", RoleName=role)


def test_role_conflicts_for_a_while_after_the_last_detach(ram: Sdk, role: str) -> None:
    ram.cloud.set("ram.detach_effective_after", 5)
    what = {"RoleName": role, "PolicyName": "AliyunKMSFullAccess", "PolicyType": "System"}
    ram("AttachPolicyToRole", product="ram", **what)
    ram("DetachPolicyFromRole", product="ram", **what)
    assert ram.refused("DeleteRole", product="ram", RoleName=role) == (409, "DeleteConflict.Role.Policy")
    ram.cloud.clock_advance(5)
    ram("DeleteRole", product="ram", RoleName=role)


def test_deleted_and_inactive_keys_stop_working(ram: Sdk) -> None:
    user = ram_user(ram, "leaver", "ReadOnlyAccess")
    key = ram("ListAccessKeys", product="ram", UserName="leaver")["AccessKeys"]["AccessKey"][0]["AccessKeyId"]
    ram("UpdateAccessKey", product="ram", UserName="leaver", UserAccessKeyId=key, Status="Inactive")
    assert user.refused("ListRoles", product="ram") == (403, "Forbidden.AccessKeyDisabled")
    ram("DeleteAccessKey", product="ram", UserName="leaver", UserAccessKeyId=key)
    assert user.refused("ListRoles", product="ram") == (404, "InvalidAccessKeyId.NotFound")


def test_the_password_policy_is_shown_set_and_kept_to(ram: Sdk) -> None:
    before = ram("GetPasswordPolicy", product="ram")["PasswordPolicy"]
    assert (before["MinimumPasswordLength"], before["RequireSymbols"]) == (8, False)
    ram("CreateUser", product="ram", UserName="ann")
    ram("SetPasswordPolicy", product="ram", MinimumPasswordLength=12, RequireSymbols=True)
    after = ram("GetPasswordPolicy", product="ram")["PasswordPolicy"]
    assert after == {**before, "MinimumPasswordLength": 12, "RequireSymbols": True}
    for password in ("Short-1", "LongButPlain12"):
        refused = ram.refused("CreateLoginProfile", product="ram", UserName="ann", Password=password)
        assert refused == (400, "InvalidPassword")
    ram("CreateLoginProfile", product="ram", UserName="ann", Password="Long-and-1-mark")
    assert ram.refused("SetPasswordPolicy", product="ram", MinimumPasswordLength=7) == (
        400,
        "InvalidParameter.MinimumPasswordLength",
    )
    assert ram.refused("SetPasswordPolicy", product="ram", PasswordReusePrevention=25) == (
        400,
        "InvalidParameter.PasswordReusePrevention",
    )


def test_the_preferences_of_an_account(ram: Sdk) -> None:
    before = ram("GetSecurityPreference", product="ram")["SecurityPreference"]
    assert before["LoginProfilePreference"]["LoginSessionDuration"] == 6
    assert before["MFAPreference"] == {"AllowUserToManageMFADevices": True}
    ram("SetSecurityPreference", product="ram", LoginSessionDuration=2, LoginNetworkMasks="192.0.2.0/24;10.0.0.0/8")
    after = ram("GetSecurityPreference", product="ram")["SecurityPreference"]["LoginProfilePreference"]
    assert (after["LoginSessionDuration"], after["LoginNetworkMasks"]) == (2, "192.0.2.0/24;10.0.0.0/8")
    for name, value in (("LoginSessionDuration", 25), ("LoginNetworkMasks", "office")):
        refused = ram.refused("SetSecurityPreference", product="ram", **{name: value})
        assert refused == (400, f"InvalidParameter.{name}")


def test_mfa_devices_that_were_put_in_are_listed(ram: Sdk) -> None:
    assert ram("ListVirtualMFADevices", product="ram")["VirtualMFADevices"]["VirtualMFADevice"] == []
    device = {
        "SerialNumber": f"acs:ram::{ram.cloud.account_id}:mfa/phone",
        "ActivateDate": "2026-01-01T00:00:00Z",
        "User": {"UserId": "1", "UserName": "ann", "DisplayName": "Ann"},
    }
    data = {**device, "AccountId": ram.cloud.account_id}
    ram.cloud.preload([{"kind": "mfa_device", "id": device["SerialNumber"], "data": data}])
    assert ram("ListVirtualMFADevices", product="ram")["VirtualMFADevices"]["VirtualMFADevice"] == [device]
