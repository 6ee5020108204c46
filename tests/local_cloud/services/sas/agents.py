# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent of Security Center in instances: installed, uninstalled, paused; codes for what can't be reached."""

from __future__ import annotations

import secrets
import string

from local_cloud.framework import ApiError, Call
from local_cloud.services.sas import in_hosts
from local_cloud.services.sas.common import (
    Record,
    Server,
    invalid,
    sas,
    servers,
    texts,
)
from local_cloud.services.sas.in_hosts import AGENT, NEVER, fresh

_LETTERS = string.ascii_letters + string.digits
_NOT_INSTALLED, _NOT_RUNNING, _ONLINE_ALREADY = -1, 1005, 1010
#: Result of DescribeAgentInstallStatus
_ABSENT, _BUSY, _THERE, _FAILED = -1, 0, 1, 2


def _chosen(call: Call, member: str, wanted: list[str]) -> list[Server]:
    """The servers that are named; what is none of the account's is passed over."""
    return [one for one in servers(call, lagged=False) if getattr(one, member, one.instance.get(member)) in wanted]


@sas("OperateAgentClientInstall")
def operate_agent_client_install(call: Call) -> Record:
    ids, uuids = texts(call, "InstanceIds"), texts(call, "Uuids")
    if not ids and not uuids:
        raise ApiError("MissingParameter", 400, "Specify at least one of InstanceIds and Uuids.")
    if ids and not (call.get("Region") and call.get("Os")):
        raise ApiError("MissingParameter", 400, "With InstanceIds, Region and Os must be specified.")
    chosen = _chosen(call, "uuid", uuids) if uuids else _chosen(call, "InstanceId", ids or [])
    return {"AegisCelintInstallResposeList": [_install(call, one) for one in chosen]}


def _install(call: Call, server: Server) -> Record:
    instance_id = server.instance["InstanceId"]
    result = int(call.settings["sas.install_result"])
    if server.instance["Status"] != "Running":
        result = _NOT_RUNNING
    elif server.status == "online":
        result = _ONLINE_ALREADY
    record = server.agent or fresh(instance_id, NEVER)
    if not result:
        record = fresh(instance_id, _moment(call, "sas.install_seconds"))
        in_hosts.follow(call.store, instance_id)
    call.store.put(AGENT, instance_id, {**record, "Result": result}, region=server.region)
    number = call.store.next_number("security_install")
    return {"InstanceId": instance_id, "Uuid": server.uuid, "RecordId": number}


def _moment(call: Call, setting: str) -> float:
    """When something is done that takes this long; with hosts, when it is done there."""
    return NEVER if in_hosts.there(call.store) else call.clock.timestamp() + float(call.settings[setting])


@sas("DescribeAgentInstallStatus")
def describe_agent_install_status(call: Call) -> Record:
    wanted = texts(call, "Uuids") or []
    return {
        "AegisClientInvokeStatusResponseList": [_progress(one) for one in servers(call) if one.uuid in wanted],
    }


def _progress(server: Server) -> Record:
    agent = server.agent
    code = agent["Result"] if agent else _NOT_INSTALLED
    if server.installed:
        result, code = _THERE, 0
    elif agent is None or agent["Removed"] <= server.now:
        result, code = _ABSENT, _NOT_INSTALLED
    else:
        result = _FAILED if code else _BUSY
    told = "failed" if result == _FAILED else ""
    return {"Uuid": server.uuid, "Result": result, "ResuleCode": str(code), "Message": told}


@sas("AddUninstallClientsByUuids")
def add_uninstall_clients_by_uuids(call: Call) -> Record:
    for server in _chosen(call, "uuid", texts(call, "Uuids") or []):
        if server.agent is None:
            continue
        gone = _moment(call, "sas.uninstall_seconds")
        record = {**server.agent, "Removed": min(server.agent["Removed"], gone), "Leaving": True}
        call.store.put(AGENT, server.instance["InstanceId"], record, region=server.region)
        in_hosts.follow(call.store, server.instance["InstanceId"])
    return {}


@sas("PauseClient")
def pause_client(call: Call) -> Record:
    if call.params["Value"] not in ("0", "1"):
        raise invalid("Value", "Expected 0 or 1.")
    for server in _chosen(call, "uuid", texts(call, "Uuids") or []):
        if server.installed and server.agent is not None:
            record = {**server.agent, "Paused": call.params["Value"] == "0"}
            call.store.put(AGENT, server.instance["InstanceId"], record, region=server.region)
    return {}


@sas("RefreshAssets")
def refresh_assets(call: Call) -> Record:
    """Look for the account's servers anew."""
    call.store.put("security_refresh", call.account_id, {"At": call.clock.timestamp() + 60})
    return {}


@sas("AddInstallCode")
def add_install_code(call: Call) -> Record:
    system = call.get("Os") or "linux"
    if system not in ("linux", "windows"):
        raise invalid("Os", "Expected linux or windows.")
    code = "".join(
        secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") for _one in range(6)
    )
    record = {
        "CaptchaCode": code,
        "ExpiredDate": int(call.get("ExpiredDate") or 0),
        "Os": system,
        "OnlyImage": bool(call.get("OnlyImage")),
        "VendorName": call.get("VendorName") or "ALIYUN",
        "GroupId": int(call.get("GroupId") or 0),
        "AccountId": call.account_id,
    }
    call.store.put("security_install_code", f"{call.account_id}/{code}", record)
    return {}


@sas("DescribeInstallCodes")
def describe_install_codes(call: Call) -> Record:
    found = call.store.find("security_install_code", where={"AccountId": call.account_id}, lagged=True)
    shown = [{name: value for name, value in one.items() if name != "AccountId"} for one in found]
    return {"InstallCodes": shown}


@sas("DeleteInstallCode")
def delete_install_code(call: Call) -> Record:
    call.store.delete("security_install_code", f"{call.account_id}/{call.params['CaptchaCode']}")
    return {}
