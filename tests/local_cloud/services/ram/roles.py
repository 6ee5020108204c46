# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and their trust policies."""

from __future__ import annotations

from local_cloud.framework import ApiError, Call
from local_cloud.services.ram import entities, quotas
from local_cloud.services.ram.common import (
    Record,
    delete_conflict,
    exists,
    has_tags,
    limit_exceeded,
    name_of,
    numeric_id,
    page,
    pick,
    ram,
    required,
    tags_of,
    text_of,
    timestamp,
)
from local_cloud.services.ram.documents import check_trust
from local_cloud.settings import define

define("ram.lower_case_role_arn", True, "whether the ARN of a role is lower-cased (UNCERTAIN)")
define("ram.role_visible_after", 0.0, "seconds until ECS and STS see a new role")
define("ram.delete_role_of_instances", True, "whether a role that instances have can be deleted (UNCERTAIN)")
define("ram.detach_effective_after", 0.0, "seconds for which DeleteRole conflicts after the last detach")

_LISTED = ("RoleId", "RoleName", "Arn", "Description", "CreateDate", "MaxSessionDuration", "AllowConsoleLogin")
_CREATED = (*_LISTED, "AssumeRolePolicyDocument")


def _session_duration(call: Call, parameter: str, default: int) -> int:
    seconds = int(call.get(parameter, default))
    if not 3600 <= seconds <= 43200:
        raise ApiError(f"InvalidParameter.{parameter}", 400, f"The parameter {parameter} must be 3600 to 43200.")
    return seconds


def new_role(account_id: str, name: str, trust: str, now: str) -> Record:
    """A role's record with the service's defaults."""
    return {
        "RoleId": numeric_id(),
        "RoleName": name,
        "Arn": f"acs:ram::{account_id}:role/{name}",
        "Description": "",
        "AssumeRolePolicyDocument": trust,
        "CreateDate": now,
        "UpdateDate": now,
        "MaxSessionDuration": 3600,
        "AllowConsoleLogin": False,
        "Policies": [],
        "Tags": [],
        "AccountId": account_id,
    }


@ram("CreateRole")
def create_role(call: Call) -> Record:
    name, trust = name_of(call, "RoleName"), required(call, "AssumeRolePolicyDocument")
    changes = {
        "Description": text_of(call, "Description"),
        "MaxSessionDuration": _session_duration(call, "MaxSessionDuration", 3600),
        "AllowConsoleLogin": bool(call.get("AllowConsoleLogin", False)),
        "Tags": tags_of(call),
    }
    check_trust(trust)
    if call.store.get("role", entities.key(call, name)) is not None:
        raise exists("Role", name)
    if len(entities.all_of(call, "role")) >= quotas.ROLES:
        raise limit_exceeded("Role", quotas.ROLES)
    role = {**new_role(call.account_id, name, trust, timestamp(call.now)), **changes}
    if call.settings["ram.lower_case_role_arn"]:
        role["Arn"] = role["Arn"].lower()
    delay = call.settings["ram.role_visible_after"]
    if delay:
        role["VisibleAt"] = call.now.timestamp() + delay
    entities.save(call, "role", role)
    return {"Role": pick(role, *_CREATED)}


@ram("GetRole")
def get_role(call: Call) -> Record:
    role = entities.find(call, "role", lagged=True)
    shown = pick(role, *_CREATED, "UpdateDate")
    shown["IsServiceLinkedRole"] = False
    shown["RolePrincipalName"] = f"{role['RoleName']}@role.{call.account_id}.onaliyun.com"
    return {"Role": shown}


@ram("ListRoles")
def list_roles(call: Call) -> Record:
    tags = tags_of(call)
    roles = [role for role in entities.all_of(call, "role", lagged=True) if has_tags(role, tags)]
    shown, more = page(call, roles, lambda role: str(role["RoleName"]))
    listed = [{**pick(role, *_LISTED, "UpdateDate"), "Tags": {"Tag": role.get("Tags", [])}} for role in shown]
    return {"Roles": {"Role": listed}, **more}


@ram("UpdateRole")
def update_role(call: Call) -> Record:
    role = entities.find(call, "role")
    if "NewAssumeRolePolicyDocument" in call.params:
        trust = required(call, "NewAssumeRolePolicyDocument")
        check_trust(trust)
        role["AssumeRolePolicyDocument"] = trust
    if "NewDescription" in call.params:
        role["Description"] = text_of(call, "NewDescription")
    if "NewMaxSessionDuration" in call.params:
        role["MaxSessionDuration"] = _session_duration(call, "NewMaxSessionDuration", 3600)
    if "NewAllowConsoleLogin" in call.params:
        role["AllowConsoleLogin"] = bool(call.params["NewAllowConsoleLogin"])
    role["UpdateDate"] = timestamp(call.now)
    entities.save(call, "role", role)
    return {"Role": pick(role, *_CREATED, "UpdateDate")}


@ram("DeleteRole")
def delete_role(call: Call) -> Record:
    role = entities.find(call, "role")
    lag = call.settings["ram.detach_effective_after"]
    if role["Policies"] or call.now.timestamp() < role.get("DetachedAt", 0.0) + lag:
        raise delete_conflict("Role.Policy", "Policies are attached to the role: detach them first.")
    if not call.settings["ram.delete_role_of_instances"] and _instances_with(call, role["RoleName"]):
        raise delete_conflict("Role.Instance", "Instances have the role: detach it first.")
    call.store.delete("role", entities.key(call, role["RoleName"]))
    return {}


def _instances_with(call: Call, name: str) -> bool:
    """Whether an instance of the account has the role, in whichever region."""
    return bool(call.store.find("instance", where={"AccountId": call.account_id, "_RamRoleName": name}))
