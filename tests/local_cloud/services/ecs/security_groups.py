# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups; their rules are in ``rules.py``."""

from __future__ import annotations

import re
import typing as t
from collections import Counter

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
    missing,
    new_record,
    page_either,
    request_tags,
    save,
    seconds_text,
    shown_tags,
)
from local_cloud.services.ecs.network import check_groups, joined, members, set_groups, set_interface_groups
from local_cloud.settings import define

define("ecs.security_groups", 100, "security groups of an account in a region")
define("ecs.advanced_group_policy", "Drop", "InnerAccessPolicy of an advanced group (UNCERTAIN)", ("Accept", "Drop"))
define("ecs.group_name_filter", "exact", "how SecurityGroupName filters groups (UNCERTAIN)", ("exact", "contains"))
define("ecs.classic_network", False, "whether the account has the classic network, so that groups need no VpcId")
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
    vpc_id = _vpc_id(call, kind)
    tags = request_tags(call)
    if len(find_all(call, "security_group")) >= call.settings["ecs.security_groups"]:
        raise ApiError("QuotaExceed.SecurityGroup", 403, "The maximum number of security groups is reached.")
    group_id = call.store.new_id("sg-")
    group = new_record(
        call,
        SecurityGroupId=group_id,
        SecurityGroupName=name,
        Description=description,
        VpcId=vpc_id,
        SecurityGroupType=kind,
        InnerAccessPolicy="Accept" if kind == "normal" else call.settings["ecs.advanced_group_policy"],
        CreationTime=seconds_text(call),
        ResourceGroupId=call.get("ResourceGroupId") or "",
        Tags=tags,
        Permissions=[],
    )
    save(call, "security_group", group_id, group)
    return {"SecurityGroupId": group_id}


def _vpc_id(call: Call, kind: str) -> str:
    """The VPC of a new group; empty in the classic network, which has basic groups only."""
    if not call.get("VpcId"):
        if kind == "enterprise" or not call.settings["ecs.classic_network"]:
            raise ApiError("InvalidVpcId.NotFound", 403, "vpc id must not empty when only support vpc vm.")
        return ""
    vpc = get_one(call, "vpc", call.params["VpcId"])
    if vpc["Status"] != "Available":
        raise ApiError("IncorrectVpcStatus", 400, "The current status of the VPC does not support this operation.")
    return str(vpc["VpcId"])


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
        and call.get("NetworkType") in (None, "", "vpc" if group["VpcId"] else "classic")
        and fits(call, group, ("VpcId", "SecurityGroupType", "ResourceGroupId"))
        and _has_name(call, group)
        and call.get("ServiceManaged") in (None, False)
        and has_tags(call, group)
    ]
    page = page_either(call, found, most=100, most_page=50, least=1, count_with_token=False)
    counts = Counter(group_id for one in joined(call) for group_id in one["SecurityGroupIds"])
    shown = [_shown(call, group, counts[group["SecurityGroupId"]]) for group in page.items]
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


class _Member(t.NamedTuple):
    """What Join or Leave is about.

    :ivar eni: the network interface, where the request names one.
    """

    instance: Record
    eni: Record

    @property
    def record(self) -> Record:
        return self.eni or self.instance


def _member(call: Call) -> _Member:
    """The instance or network interface that Join or Leave is about."""
    instance_id, eni_id = call.get("InstanceId"), call.get("NetworkInterfaceId")
    if instance_id and eni_id:
        raise ApiError(
            "InvalidParam.EniIdAndInstanceId.Conflict", 403, "InstanceId and NetworkInterfaceId exclude each other."
        )
    if not instance_id and not eni_id:
        raise missing("InstanceId")
    eni: Record = get_one(call, "eni", eni_id) if eni_id else {}
    instance_id = instance_id or eni["InstanceId"]
    instance: Record = get_one(call, "instance", instance_id) if instance_id else {}
    if instance and (instance["Status"] not in ("Running", "Stopped") or instance.get("_Releasing")):
        raise ApiError(
            "IncorrectInstanceStatus", 403, "The current status of the resource does not support this operation."
        )
    if eni and eni["Status"] not in ("Available", "InUse"):
        raise ApiError(
            "InvalidOperation.InvalidEniState", 400, "The operation is not allowed in the current ENI state."
        )
    return _Member(instance, eni)


def _set(call: Call, member: _Member, groups: list[str]) -> None:
    if member.eni:
        set_interface_groups(call, member.eni, groups)
    else:
        set_groups(call, member.instance, groups)


@ecs("JoinSecurityGroup")
def join_security_group(call: Call) -> None:
    group, member = get_group(call), _member(call)
    groups, vpc_id = member.record["SecurityGroupIds"], member.record["VpcId"]
    if group["SecurityGroupId"] in groups:
        raise ApiError("InvalidInstanceId.AlreadyExists", 403, "The instance is already in the security group.")
    if group["VpcId"] != vpc_id:
        raise ApiError("InvalidInstanceId.Mismatch", 400, "The instance and the security group are not in one VPC.")
    others = [get_one(call, "security_group", other) for other in groups]
    if any(other["SecurityGroupType"] != group["SecurityGroupType"] for other in others):
        raise ApiError(
            "InvalidOperation.MultiGroupType",
            400,
            "The specified instance can't join different types of security group.",
        )
    _set(call, member, check_groups(call, [*groups, group["SecurityGroupId"]], vpc_id))


@ecs("LeaveSecurityGroup")
def leave_security_group(call: Call) -> None:
    group, member = get_group(call), _member(call)
    groups = member.record["SecurityGroupIds"]
    if group["SecurityGroupId"] not in groups:
        if member.eni:
            raise ApiError("InvalidSecurityGroupAssociation.NotFound", 400, "The ENI is not in the security group.")
        raise ApiError("InstanceNotInSecurityGroup", 403, "The instance is not in the security group.")
    if len(groups) == 1:
        if member.eni:
            raise ApiError("InvalidOperation.AtLeastInOneGroup", 403, "The ENI must be in at least one security group.")
        raise ApiError("InstanceLastSecurityGroup", 403, "The instance must be in at least one security group.")
    _set(call, member, [other for other in groups if other != group["SecurityGroupId"]])
