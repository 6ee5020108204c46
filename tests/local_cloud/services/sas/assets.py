# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers that Security Center protects, the edition, and the role by which it reads the account."""

from __future__ import annotations

import json
import typing as t
from collections import Counter

from local_cloud.framework import ApiError, Call
from local_cloud.services.sas import common
from local_cloud.services.sas.common import Record, Server, invalid, paged, sas, servers
from local_cloud.settings import define
from local_cloud.texts import parse_json

define(
    "sas.version",
    1,
    "the edition of Security Center: 1 Free, 6 Anti-virus, 5 Advanced, 3 Enterprise, 7 Ultimate",
    (1, 3, 5, 6, 7),
)
define("sas.role_exists", False, "whether an account begins with the role AliyunServiceRoleForSas")

_EDITIONS = {1: "Free Edition", 3: "Enterprise Edition", 5: "Advanced", 6: "Anti-virus Edition", 7: "Ultimate Edition"}
_ROLES = (
    "AliyunServiceRoleForSas",
    "AliyunServiceRoleForSasCspm",
    "AliyunServiceRoleForSasCloudSiem",
    "AliyunServiceRoleForSasRd",
    "AliyunServiceRoleForSasSecurityLake",
)
#: criterion -> member of DescribeCloudCenterInstances
_CRITERIA = {
    "instanceId": "InstanceId",
    "instanceName": "InstanceName",
    "internetIp": "InternetIp",
    "intranetIp": "IntranetIp",
    "regionId": "RegionId",
    "riskStatus": "RiskStatus",
    "uuid": "Uuid",
    "vpcInstanceId": "VpcInstanceId",
}
_YES = {True: "YES", False: "NO"}


@sas("DescribeVersionConfig")
def describe_version_config(call: Call) -> Record:
    version = int(call.settings["sas.version"])
    count = len(servers(call))
    return {"Version": version, "HighestVersion": version, "MergedVersion": version, "AssetLevel": count}


@sas("DescribeCloudCenterInstances")
def describe_cloud_center_instances(call: Call) -> Record:
    found = {
        kind: Counter(one["InstanceId"] for one, _server in common.visible(call, kind) if is_open(kind, one))
        for kind in (common.ALERT, common.VULNERABILITY, common.RISK)
    }

    def shown(one: Server) -> Record:
        return _shown(call, one, {kind: counts[one.instance["InstanceId"]] for kind, counts in found.items()})

    region, machines = call.params.get("RegionId"), call.get("MachineTypes") or "ecs"
    criteria = _criteria(call)
    meets = any if (call.get("LogicalExp") or "OR") == "OR" else all
    wanted = [one for one in servers(call) if machines == "ecs" and (not region or one.region == region)]
    if criteria:
        items = [item for item in map(shown, wanted) if meets(item[name] == value for name, value in criteria)]
        page, about = paged(call, items)
    else:
        servers_of_page, about = paged(call, wanted)
        page = [shown(one) for one in servers_of_page]
    return {"Instances": page, "PageInfo": about, "Success": True}


def is_open(kind: str, found: Record) -> bool:
    """Whether a finding is still to be dealt with."""
    if kind == common.ALERT:
        return found["EventStatus"] in (1, 16)
    return kind == common.RISK or found["Status"] in (1, 2, 3, 4, 5, 6)


def _criteria(call: Call) -> list[tuple[str, str]]:
    """Members and their values, of the parameter Criteria.

    :raises ApiError: it is no list of names and values, or nothing can be searched by such a name
    """
    text = call.get("Criteria")
    if not text:
        return []
    try:
        given = parse_json(text)
        return [(_CRITERIA[one["name"]], str(one["value"])) for one in given]
    except (ValueError, KeyError, TypeError):
        raise invalid(
            "Criteria", f"Expected a list of name and value, with the names {', '.join(_CRITERIA)}."
        ) from None


def _shown(call: Call, server: Server, found: t.Mapping[str, int]) -> Record:
    instance, status = server.instance, server.status
    version = int(call.settings["sas.version"])
    alerts, holes, risks = (found[kind] for kind in (common.ALERT, common.VULNERABILITY, common.RISK))
    return {
        **common.named(server),
        "ClientStatus": status if status in ("online", "pause") else "offline",
        "ClientSubStatus": status,
        "AlarmStatus": _YES[bool(alerts)],
        "SafeEventCount": alerts,
        "VulStatus": _YES[bool(holes)],
        "VulCount": holes,
        "HcStatus": _YES[bool(risks)],
        "HealthCheckCount": risks,
        "RiskStatus": _YES[bool(alerts or holes or risks)],
        "RiskCount": json.dumps({"uuid": server.uuid, "newSuspicious": alerts, "vul": holes, "health": risks}),
        "AuthVersion": version,
        "AuthVersionName": _EDITIONS[version],
        "Bind": version != 1,
        "AssetType": "0",
        "Flag": 0,
        "FlagName": "ALIYUN",
        "Vendor": 0,
        "VendorName": "ALIYUN",
        "Importance": 1,
        "Ip": instance["PublicIpAddress"],
        "Os": "windows" if instance["OSType"] == "windows" else "linux",
        "OsName": instance["OSName"],
        "Region": server.region,
        "RegionId": server.region,
        "Status": "Running" if instance["Status"] == "Running" else "notRunning",
        "VpcInstanceId": instance["VpcId"],
        "LastLoginTimestamp": int(call.clock.timestamp() * 1000) if status == "online" else 0,
    }


@sas("DescribeServiceLinkedRoleStatus")
def describe_service_linked_role_status(call: Call) -> Record:
    return {"RoleStatus": {"Status": _role_exists(call, _role(call))}}


@sas("CreateServiceLinkedRole")
def create_service_linked_role(call: Call) -> Record:
    role = _role(call)
    if call.get("DryRun"):
        return {}
    if _role_exists(call, role):
        raise ApiError("EntityAlreadyExists.Role", 409, f"The role already exists: {role}.")
    call.store.put("security_role", f"{call.account_id}/{role}", {"RoleName": role, "AccountId": call.account_id})
    return {}


def _role(call: Call) -> str:
    role = str(call.get("ServiceLinkedRole") or _ROLES[0])
    if role not in _ROLES:
        raise invalid("ServiceLinkedRole", f"Expected one of {', '.join(_ROLES)}.")
    return role


def _role_exists(call: Call, role: str) -> bool:
    there = call.store.get("security_role", f"{call.account_id}/{role}", lagged=True) is not None
    return there or (role == _ROLES[0] and bool(call.settings["sas.role_exists"]))
