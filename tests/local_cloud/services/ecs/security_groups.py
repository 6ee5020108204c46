# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups; their rules are in ``rules.py``."""

from __future__ import annotations

import re

from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import (
    Record,
    check_name,
    check_text,
    dry_run,
    ecs,
    find_all,
    fits,
    get_one,
    has_tags,
    json_list,
    new_record,
    page_either,
    request_tags,
    save,
    seconds_text,
    shown_tags,
)
from local_cloud.services.ecs.network import check_groups, members, set_groups
from local_cloud.settings import define

define("ecs.security_groups", 100, "security groups of an account in a region")
define("ecs.advanced_group_policy", "Drop", "InnerAccessPolicy of an advanced group (UNCERTAIN)", ("Accept", "Drop"))
define("ecs.group_name_filter", "exact", "how SecurityGroupName filters groups (UNCERTAIN)", ("exact", "contains"))
define("ecs.advanced_group_policy_fixed", True, "whether an advanced group refuses to change its inner policy")

_GROUP_ID = re.compile(r"sg-[A-Za-z0-9-]+")


def check_group_id(group_id: str) -> None:
    """Refuse what can't be a group's id.

    :raises ApiError: 400 InvalidSecurityGroupId.Malformed.
    """
    if not _GROUP_ID.fullmatch(group_id):
        raise ApiError("InvalidSecurityGroupId.Malformed", 400, "The specified parameter SecurityGroupId is not valid.")


def get_group(call: Call, *, lagged: bool = False) -> Record:
    """The group named by the request's SecurityGroupId.

    :raises ApiError: malformed or unknown.
    """
    check_group_id(call.params["SecurityGroupId"])
    return get_one(call, "security_group", call.params["SecurityGroupId"], lagged=lagged)


@ecs("CreateSecurityGroup")
def create_security_group(call: Call) -> Record:
    name = call.get("SecurityGroupName") or ""
    if name:
        check_name(name, "InvalidSecurityGroupName.Malformed", "SecurityGroupName")
    description = check_text(call, "Description", "InvalidSecurityGroupDiscription.Malformed", 2, 256) or ""
    kind = call.get("SecurityGroupType") or "normal"
    if kind not in ("normal", "enterprise"):
        raise ApiError("InvalidSecurityGroupType.ValueNotSupported", 400, "Expected normal or enterprise.")
    if not call.get("VpcId"):
        raise ApiError("InvalidVpcId.NotFound", 403, "vpc id must not empty when only support vpc vm.")
    vpc = get_one(call, "vpc", call.params["VpcId"])
    if vpc["Status"] != "Available":
        raise ApiError("IncorrectVpcStatus", 400, "The current status of the VPC does not support this operation.")
    tags = request_tags(call)
    if len(find_all(call, "security_group")) >= call.settings["ecs.security_groups"]:
        raise ApiError("QuotaExceed.SecurityGroup", 403, "The maximum number of security groups is reached.")
    group_id = call.store.new_id("sg-")
    group = new_record(
        call,
        SecurityGroupId=group_id,
        SecurityGroupName=name,
        Description=description,
        VpcId=vpc["VpcId"],
        SecurityGroupType=kind,
        InnerAccessPolicy="Accept" if kind == "normal" else call.settings["ecs.advanced_group_policy"],
        CreationTime=seconds_text(call),
        ResourceGroupId=call.get("ResourceGroupId") or "",
        Tags=tags,
        Permissions=[],
    )
    save(call, "security_group", group_id, group)
    return {"SecurityGroupId": group_id}


@ecs("DeleteSecurityGroup")
def delete_security_group(call: Call) -> None:
    group = get_group(call)
    group_id = group["SecurityGroupId"]
    if members(call, group_id):
        raise ApiError("DependencyViolation", 403, "There is still instance(s) in the specified security group.")
    if any(group_id in referenced(other) for other in _others(call, group_id)):
        raise ApiError("DependencyViolation", 403, "The specified security group has been authorized in another one.")
    call.store.delete("security_group", group_id)


def referenced(group: Record) -> set[str]:
    """The ids of the groups that a group's rules name."""
    keys = ("SourceGroupId", "DestGroupId")
    return {rule[key] for rule in group["Permissions"] for key in keys if rule.get(key)}


def _others(call: Call, group_id: str) -> list[Record]:
    return [g for g in call.store.find("security_group", call.region) if g["SecurityGroupId"] != group_id]


def _has_name(call: Call, group: Record) -> bool:
    wanted, name = call.get("SecurityGroupName") or "", group["SecurityGroupName"]
    return wanted in name if call.settings["ecs.group_name_filter"] == "contains" else wanted in ("", name)


@ecs("DescribeSecurityGroups")
def describe_security_groups(call: Call) -> Record:
    dry_run(call)
    ids = set(json_list(call, "SecurityGroupIds"))
    if call.get("SecurityGroupId"):
        ids.add(call.params["SecurityGroupId"])
    if call.get("NetworkType") not in (None, "", "vpc", "classic"):
        raise ApiError("InvalidNetworkType.NotFound", 404, "The specified NetworkType does not exist.")
    found = [
        group
        for group in find_all(call, "security_group", lagged=True)
        if (not ids or group["SecurityGroupId"] in ids)
        and call.get("NetworkType") != "classic"
        and fits(call, group, ("VpcId", "SecurityGroupType", "ResourceGroupId"))
        and _has_name(call, group)
        and call.get("ServiceManaged") in (None, False)
        and has_tags(call, group)
    ]
    page = page_either(call, found, most=100, most_page=50, least=1, count_with_token=False)
    counts: dict[str, int] = {}
    for eni in call.store.find("eni", call.region):
        for group_id in eni["SecurityGroupIds"]:
            counts[group_id] = counts.get(group_id, 0) + 1
    shown = [_shown(call, group, counts.get(group["SecurityGroupId"], 0)) for group in page.items]
    return {"SecurityGroups": {"SecurityGroup": shown}, "RegionId": call.region, **page.about}


def _shown(call: Call, group: Record, count: int) -> Record:
    same = [
        "SecurityGroupId",
        "SecurityGroupName",
        "Description",
        "VpcId",
        "SecurityGroupType",
        "CreationTime",
        "ResourceGroupId",
    ]
    kind = "advanced" if group["SecurityGroupType"] == "enterprise" else "basic"
    rules = group["Permissions"]
    return {
        **{key: group[key] for key in same},
        "EcsCount": count,
        "AvailableInstanceAmount": max(call.settings[f"ecs.instances_per_{kind}_group"] - count, 0),
        "RuleCount": len(rules),
        "GroupToGroupRuleCount": sum(bool(rule.get("SourceGroupId") or rule.get("DestGroupId")) for rule in rules),
        "ServiceManaged": False,
        "Tags": {"Tag": shown_tags(call, group)},
    }


@ecs("ModifySecurityGroupAttribute")
def modify_security_group_attribute(call: Call) -> None:
    group = get_group(call)
    if call.get("SecurityGroupName"):
        check_name(call.params["SecurityGroupName"], "InvalidSecurityGroupName.Malformed", "SecurityGroupName")
        group["SecurityGroupName"] = call.params["SecurityGroupName"]
    if call.get("Description"):
        group["Description"] = check_text(call, "Description", "InvalidSecurityGroupDiscription.Malformed", 2, 256)
    save(call, "security_group", group["SecurityGroupId"], group)


@ecs("ModifySecurityGroupPolicy")
def modify_security_group_policy(call: Call) -> None:
    group = get_group(call)
    policy = {"accept": "Accept", "drop": "Drop"}.get(call.params["InnerAccessPolicy"].lower())
    if policy is None:
        raise ApiError("InvalidPolicy.Malformed", 400, "The specified parameter InnerAccessPolicy is not valid.")
    if policy == group["InnerAccessPolicy"]:
        return
    if group["SecurityGroupType"] == "enterprise" and call.settings["ecs.advanced_group_policy_fixed"]:
        raise ApiError(
            "InvalidParameter.InnerAccessPolicy",
            400,
            "The InnerAccessPolicy attribute of enterprise level security group can't be modified.",
        )
    save(call, "security_group", group["SecurityGroupId"], {**group, "InnerAccessPolicy": policy})


@ecs("DescribeSecurityGroupReferences")
def describe_security_group_references(call: Call) -> Record:
    ids = call.params["SecurityGroupId"]
    if not 1 <= len(ids) <= 10:
        raise ApiError("InvalidSecurityGroupId.Malformed", 400, "Expected 1 to 10 security groups.")
    for group_id in ids:
        check_group_id(group_id)
        get_one(call, "security_group", group_id, lagged=True)
    groups = call.store.find("security_group", call.region, lagged=True)
    shown = []
    for group_id in ids:
        by = [
            {"AliUid": group["AccountId"], "SecurityGroupId": group["SecurityGroupId"]}
            for group in groups
            if group["SecurityGroupId"] != group_id and group_id in referenced(group)
        ]
        if by:
            pair = {"SecurityGroupId": group_id, "ReferencingSecurityGroups": {"ReferencingSecurityGroup": by}}
            shown.append(pair)
    return {"SecurityGroupReferences": {"SecurityGroupReference": shown}}


# -- membership


def _member(call: Call) -> Record:
    """The instance that Join or Leave is about."""
    if bool(call.get("InstanceId")) == bool(call.get("NetworkInterfaceId")):
        raise ApiError("InvalidParameter", 400, "Exactly one of InstanceId and NetworkInterfaceId is expected.")
    if call.get("NetworkInterfaceId"):
        eni = get_one(call, "eni", call.params["NetworkInterfaceId"])
        instance = get_one(call, "instance", eni["InstanceId"])
    else:
        instance = get_one(call, "instance", call.params["InstanceId"])
    if instance["Status"] not in ("Running", "Stopped") or instance.get("_Releasing"):
        raise ApiError(
            "IncorrectInstanceStatus", 403, "The current status of the resource does not support this operation."
        )
    return instance


@ecs("JoinSecurityGroup")
def join_security_group(call: Call) -> None:
    group, instance = get_group(call), _member(call)
    groups = instance["SecurityGroupIds"]
    if group["SecurityGroupId"] in groups:
        raise ApiError("InvalidInstanceId.AlreadyExists", 403, "The instance is already in the security group.")
    if group["VpcId"] != instance["VpcId"]:
        raise ApiError("InvalidInstanceId.Mismatch", 400, "The instance and the security group are not in one VPC.")
    others = [get_one(call, "security_group", other) for other in groups]
    if any(other["SecurityGroupType"] != group["SecurityGroupType"] for other in others):
        raise ApiError(
            "InvalidOperation.MultiGroupType",
            400,
            "The specified instance can't join different types of security group.",
        )
    set_groups(call, instance, check_groups(call, [*groups, group["SecurityGroupId"]], instance["VpcId"]))


@ecs("LeaveSecurityGroup")
def leave_security_group(call: Call) -> None:
    group, instance = get_group(call), _member(call)
    groups = instance["SecurityGroupIds"]
    if group["SecurityGroupId"] not in groups:
        raise ApiError("InstanceNotInSecurityGroup", 403, "The instance is not in the security group.")
    if len(groups) == 1:
        raise ApiError("InstanceLastSecurityGroup", 403, "The instance must be in at least one security group.")
    set_groups(call, instance, [other for other in groups if other != group["SecurityGroupId"]])
