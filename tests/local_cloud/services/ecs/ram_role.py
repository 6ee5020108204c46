# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The RAM role of an instance."""

from __future__ import annotations

import typing as t

from local_cloud import iam
from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import Record, ecs, find_all, find_one, get_one, json_list, page_numbered, save
from local_cloud.settings import define

define(
    "ecs.ram_role.already_attached",
    "InvalidInstanceRamRole.NotSupport",
    "per-item code of AttachInstanceRamRole on an instance that has a role (UNCERTAIN)",
)
define(
    "ecs.ram_role.list_without_role",
    True,
    "whether DescribeInstanceRamRole lists instances without a role, with an empty name (UNCERTAIN)",
)
define(
    "ecs.ram_role.nothing_to_detach",
    "InvalidInstanceRamRole.NotFound",
    "per-item code of DetachInstanceRamRole on an instance without a role; empty: it succeeds (UNCERTAIN)",
)


def ecs_role(call: Call, name: str, *, not_ecs_status: int) -> str:
    """A role that ECS may assume and that the caller may pass: its name as RAM knows it.

    :param not_ecs_status: 401 when an instance is created, 404 when a role is attached.
    :raises ApiError: unknown role, a trust policy without ECS, or no ram:PassRole.
    """
    role = call.store.get("role", f"{call.account_id}/{name}")
    if role is None or call.now.timestamp() < role.get("VisibleAt", 0.0):
        raise ApiError("InvalidRamRole.NotFound", 404, "The specified RamRoleName does not exist.")
    if not iam.may_assume(role["AssumeRolePolicyDocument"], "ecs.aliyuncs.com"):
        raise ApiError(
            "InvalidRamRole.NotEcsRole",
            not_ecs_status,
            "The specified ram role is not authorized for ecs, please check your role policy.",
        )
    call.rights.add("ram:PassRole")
    context = {"acs:Service": "ecs.aliyuncs.com"}
    arns = {role["Arn"], f"acs:ram::{call.account_id}:role/{role['RoleName']}"}  # RAM writes it in lower case
    if not any(iam.allowed(call.store, call.identity, "ram:PassRole", [arn], context) for arn in arns):
        raise ApiError("InvalidUser.PassRoleForbidden", 403, "The RAM user does not have the privilege to pass a role.")
    return str(role["RoleName"])


def _chosen(call: Call, limit: int) -> list[Record]:
    malformed = ApiError("InvalidInstanceIds.Malformed", 400, "The specified InstanceIds is malformed.")
    ids = json_list(call, "InstanceIds", limit, malformed)
    if not ids:
        raise malformed
    return [get_one(call, "instance", id) for id in dict.fromkeys(ids)]


def _results(
    call: Call, name: str, instances: list[Record], act: t.Callable[[Record], tuple[str, str]]
) -> tuple[list[Record], Record]:
    items = []
    for instance in instances:
        code, message = act(instance)
        item = {"InstanceId": instance["InstanceId"], "Code": code, "Message": message, "Success": code == "200"}
        items.append(item)
    failed = sum(not item["Success"] for item in items)
    return items, {"TotalCount": len(items), "FailCount": failed, "RamRoleName": name}


@ecs("AttachInstanceRamRole")
def attach_instance_ram_role(call: Call) -> Record:
    instances = _chosen(call, 100)
    if not all(instance["VpcId"] for instance in instances):
        raise ApiError(
            "InvalidNetworkType.MismatchRamRole",
            403,
            "RAM role can not be applied to instances of the classic network.",
        )
    name = ecs_role(call, call.params["RamRoleName"], not_ecs_status=404)

    def attach(instance: Record) -> tuple[str, str]:
        if instance["_RamRoleName"]:
            return call.settings["ecs.ram_role.already_attached"], "The instance already has a RAM role attached."
        save(call, "instance", instance["InstanceId"], {**instance, "_RamRoleName": name})
        return "200", "success"

    items, counts = _results(call, name, instances, attach)
    return {"AttachInstanceRamRoleResults": {"AttachInstanceRamRoleResult": items}, **counts}


@ecs("DetachInstanceRamRole")
def detach_instance_ram_role(call: Call) -> Record:
    instances = _chosen(call, 100)
    wanted = call.get("RamRoleName") or ""
    had = {instance["InstanceId"]: instance["_RamRoleName"] for instance in instances}

    def detach(instance: Record) -> tuple[str, str]:
        if not instance["_RamRoleName"] or wanted not in ("", instance["_RamRoleName"]):
            code = call.settings["ecs.ram_role.nothing_to_detach"]
            return (code, "The specified RAM role is not attached to the instance.") if code else ("200", "Success")
        save(call, "instance", instance["InstanceId"], {**instance, "_RamRoleName": ""})
        return "200", "Success"

    items, counts = _results(call, wanted, instances, detach)
    for item in items:
        pair = {"InstanceId": item["InstanceId"], "RamRoleName": had[item["InstanceId"]]}
        item["InstanceRamRoleSets"] = {"InstanceRamRoleSet": [pair]}
    return {"DetachInstanceRamRoleResults": {"DetachInstanceRamRoleResult": items}, **counts}


@ecs("DescribeInstanceRamRole")
def describe_instance_ram_role(call: Call) -> Record:
    role, ids = call.get("RamRoleName") or "", call.get("InstanceIds")
    if not role and not ids:
        raise ApiError("InvalidParameter.AllEmpty", 403, "The InstanceIds and RamRoleName are both empty.")
    if role and call.store.get("role", f"{call.account_id}/{role}") is None:
        raise ApiError("InvalidRamRole.NotFound", 404, "The specified RamRoleName does not exist.")
    malformed = ApiError("InvalidInstanceIds.Malformed", 400, "The specified InstanceIds is malformed.")
    wanted = json_list(call, "InstanceIds", 50, malformed)
    if wanted:
        asked = (find_one(call, "instance", id, lagged=True) for id in wanted)
        chosen = [instance for instance in asked if instance]
    else:
        chosen = find_all(call, "instance", lagged=True)
    pairs = [
        {"InstanceId": instance["InstanceId"], "RamRoleName": instance["_RamRoleName"]}
        for instance in chosen
        if role in ("", instance["_RamRoleName"])
        and (instance["_RamRoleName"] or call.settings["ecs.ram_role.list_without_role"])
    ]
    page = page_numbered(call, pairs, most=50)
    return {
        "InstanceRamRoleSets": {"InstanceRamRoleSet": page.items},
        "TotalCount": page.about["TotalCount"],
        "RegionId": call.region,
    }
