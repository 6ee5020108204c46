# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From where, when and as whom people log on usually; what is unusual raises an alert, where the switch is on."""

from __future__ import annotations

import json
import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.sas.common import Record, invalid, paged, sas, servers
from local_cloud.settings import define
from local_cloud.texts import parse_json

define("sas.logon_switches", 0, "Status of the switches of unusual logons that nobody has touched (UNCERTAIN)", (0, 1))

#: kind -> members of Config that make a setting of this kind what it is
_KINDS = {
    "login_common_location": ("location",),
    "login_common_ip": ("ip",),
    "login_common_time": ("startTime", "endTime"),
    "login_common_account": ("account",),
}
#: what can be switched off: unusual places are always told of
_SWITCHED = ("login_common_ip", "login_common_time", "login_common_account")
_ALL = ("Location", "Ip", "StartTime", "EndTime", "Account")


def _kind(call: Call) -> str:
    kind = str(call.params["Type"])
    if kind not in _KINDS:
        raise invalid("Type", f"Expected one of {', '.join(_KINDS)}.")
    return kind


@sas("DescribeLoginBaseConfigs")
def describe_login_base_configs(call: Call) -> Record:
    kind = _kind(call)
    count = len(servers(call))
    found = call.store.find("security_logon", where={"AccountId": call.account_id, "Kind": kind}, lagged=True)
    shown = [
        {
            **{name: one["Config"].get(name[0].lower() + name[1:], "") for name in _ALL},
            "TargetList": [{"Target": uuid, "TargetType": "uuid"} for uuid in one["Uuids"]],
            "UuidCount": len(one["Uuids"]),
            "TotalCount": count,
        }
        for one in found
    ]
    page, about = paged(call, shown, default=5)
    return {"BaseConfigs": page, **{name: value for name, value in about.items() if name != "Count"}}


@sas("ModifyLoginBaseConfig")
def modify_login_base_config(call: Call) -> Record:
    kind = _kind(call)
    config = _config(call, kind)
    key = f"{call.account_id}/{kind}/{json.dumps(config, sort_keys=True)}"
    record = call.store.get("security_logon", key) or {"Uuids": []}
    uuids = list(record["Uuids"])
    known = {one.uuid for one in servers(call, lagged=False)}
    for target, flag in _targets(call):
        if target not in known:
            raise ApiError("DataNotExists", 400, f"{target} data not exist")
        uuids = [one for one in uuids if one != target] + ([target] if flag == "add" else [])
    if uuids:
        kept = {"Kind": kind, "Config": config, "Uuids": uuids, "AccountId": call.account_id}
        call.store.put("security_logon", key, kept)
    else:
        call.store.delete("security_logon", key)
    return {"Code": "200", "Message": "successful", "Success": True}


def _config(call: Call, kind: str) -> Record:
    """What makes the setting what it is, of the parameter Config.

    :raises ApiError: something of it is missing
    """
    try:
        given = parse_json(call.params["Config"])
        return {name: str(given[name]) for name in _KINDS[kind]}
    except (ValueError, KeyError, TypeError):
        raise invalid("Config", f"Expected an object with {' and '.join(_KINDS[kind])}.") from None


def _targets(call: Call) -> t.Iterator[tuple[str, str]]:
    """UUIDs and what to do with each, of the parameter Target.

    :raises ApiError: it is no list of these
    """
    try:
        for one in parse_json(call.params["Target"]):
            if one["targetType"] != "uuid" or one["flag"] not in ("add", "del"):
                raise ValueError(one)
            yield str(one["target"]), one["flag"]
    except (ValueError, KeyError, TypeError):
        why = "Expected a list of objects with target, targetType (the local cloud has uuid only) and flag."
        raise invalid("Target", why) from None


@sas("DescribeLoginSwitchConfigs")
def describe_login_switch_configs(call: Call) -> Record:
    usual = int(call.settings["sas.logon_switches"])
    kept = call.store.get("security_logon_switches", call.account_id, lagged=True) or {}
    listed = [{"Item": one, "Status": kept.get(one, usual)} for one in _SWITCHED]
    return {"ConfigList": listed, "Count": len(listed)}


@sas("ModifyLoginSwitchConfig")
def modify_login_switch_config(call: Call) -> Record:
    item, status = call.params["Item"], call.params["Status"]
    if item not in _SWITCHED:
        raise invalid("Item", f"Expected one of {', '.join(_SWITCHED)}.")
    if status not in (0, 1):
        raise invalid("Status", "Expected 0 or 1.")
    kept = call.store.get("security_logon_switches", call.account_id) or {}
    call.store.put("security_logon_switches", call.account_id, {**kept, item: status})
    return {}
