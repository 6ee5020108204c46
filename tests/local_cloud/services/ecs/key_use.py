# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How ECS uses keys of KMS: as the assumed role of the account that the key belongs to, with what that role may do."""

from __future__ import annotations

import typing as t

from local_cloud import directory, iam
from local_cloud.framework import ApiError, Call, Identity

Record = dict[str, t.Any]

DISK_ROLE = "AliyunECSDiskEncryptDefaultRole"
IMAGE_ROLE = "AliyunECSShareEncryptImageDefaultRole"
SNAPSHOT_ROLE = "AliyunECSShareEncryptSnapshotDefaultRole"
_USES = ("kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt")


def is_service_key(call: Call, account_id: str, key_id: str) -> bool:
    """Whether a key is the one that ECS made for itself in the call's region."""
    alias = call.store.get("kms_alias", f"{account_id}/{call.region}/alias/acs/ecs") or {}
    return key_id == alias.get("KeyId")


def may_assume(call: Call, owner_id: str, role_name: str, user_id: str) -> bool:
    """Whether ECS, working for an account, may assume a role of the owner."""
    role = call.store.get("role", f"{owner_id}/{role_name}")
    principal = "ecs.aliyuncs.com" if role_name == DISK_ROLE else f"{user_id}@ecs.aliyuncs.com"
    conditions = directory.conditions(call.settings, user_id)
    return role is not None and iam.may_assume(role["AssumeRolePolicyDocument"], principal, conditions)


def require_key(call: Call, key_id: str, role_name: str, user_id: str) -> None:
    """Have a CMK used for an account.

    :raises ApiError: unknown key, key not usable, or ECS not allowed to use it.
    """
    key = call.store.get("kms_key", key_id)
    if key is None:
        raise ApiError("InvalidParameter.KMSKeyId.NotFound", 404, "The specified parameter KMSKeyId is not found.")
    if key.get("KeyState") != "Enabled":
        raise ApiError("InvalidParameter.KMSKeyId.CMKNotEnabled", 403, "The CMK needs to be enabled.")
    owner = str(key["AccountId"])
    session = Identity(owner, "AssumedRoleUser", f"acs:ram::{owner}:role/{role_name}", "", "", role_name=role_name)
    if not may_assume(call, owner, role_name, user_id) or not all(
        iam.allowed(call.store, session, action, [key["Arn"]]) for action in _USES
    ):
        raise ApiError("InvalidParameter.KMSKeyId.CMKUnauthorized", 403, "The CMK needs to be authorized to ECS.")


def inherited(call: Call, source: Record, role_name: str) -> Record:
    """Encrypted and KMSKeyId of a disk made from an encrypted image or snapshot, which may be somebody else's.

    :param source: has AccountId, Encrypted and KMSKeyId
    :raises ApiError: as :func:`require_key`
    """
    if not source["Encrypted"]:
        return {"Encrypted": False, "KMSKeyId": ""}
    owner, key_id = source["AccountId"], source["KMSKeyId"]
    if key_id and not is_service_key(call, owner, key_id):
        own = owner == call.account_id
        require_key(call, key_id, DISK_ROLE if own else role_name, call.account_id)
    return {"Encrypted": True, "KMSKeyId": key_id}
