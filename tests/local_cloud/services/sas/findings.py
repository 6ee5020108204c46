# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Security Center found on servers: alerts, which are handled, vulnerabilities and risks of the baseline.

Nothing attacks here: findings come by the control API, C(report).
"""

from __future__ import annotations

import datetime as dt
import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.sas import common
from local_cloud.services.sas.common import ALERT, RISK, VULNERABILITY, Record, invalid, named, paged, sas, texts
from local_cloud.settings import define

if t.TYPE_CHECKING:
    from local_cloud.store import Store

define(
    "sas.manual_handled_status", 32, "EventStatus of an alert that was marked as handled by hand (UNCERTAIN)", (4, 32)
)
define("sas.task_seconds", 0.5, "how long it takes to handle alerts (UNCERTAIN)")
define("sas.handling_fails", False, "whether handling alerts fails, as it does where the agent can't carry it out")

_LEVELS, _RISK_LEVELS = ("serious", "suspicious", "remind"), ("high", "medium", "low")
_NECESSITIES = ("asap", "later", "nntf")
_TYPES = ("cve", "sys", "cms", "app", "emg", "sca")
_PENDING, _IGNORED, _FALSE, _HANDLED = 1, 2, 8, 32
#: what to do with an alert -> its EventStatus afterwards; None: as the setting says
_OPERATIONS: dict[str, int | None] = {
    "advance_mark_mis_info": _FALSE,
    "block_ip": _HANDLED,
    "cleanup": _HANDLED,
    "client_problem_check": _HANDLED,
    "disable_malicious_defense": _HANDLED,
    "ignore": _IGNORED,
    "kill_and_quara": _HANDLED,
    "kill_process": _HANDLED,
    "manual_handled": None,
    "quara": _HANDLED,
}
_WITH_PARAMETERS = ("block_ip", "kill_and_quara")


# -- by the control API


def report(store: Store, instance_id: str, what: str, members: Record) -> Record:
    """Have Security Center find something on an instance.

    :param what: C(alert), C(vulnerability) or C(risk)
    :param members: of DescribeSuspEvents, DescribeVulList or DescribeWarningMachines (with RiskId, RiskName and Level)
    :raises ValueError: there is no such instance, or a value is none that the API has
    """
    instance = store.get("instance", instance_id)
    if instance is None:
        raise ValueError(f"there is no instance {instance_id!r}")
    makers = {"alert": _new_alert, "vulnerability": _new_vulnerability, "risk": _new_risk}
    if what not in makers:
        raise ValueError(f"a finding is one of {', '.join(makers)}, not {what!r}")
    kind, key, fresh = makers[what](store, members)
    for name, value in members.items():
        if name not in fresh or type(value) is not type(fresh[name]):
            raise ValueError(f"{name} of a {what} can't be {value!r}; there are: {', '.join(fresh)}")
    record = {**fresh, **members, "InstanceId": instance_id, "AccountId": instance["AccountId"]}
    choices = {"Level": _RISK_LEVELS if what == "risk" else _LEVELS, "Type": _TYPES, "Necessity": _NECESSITIES}
    for name, values in choices.items():
        if name in record and record[name] not in values:
            raise ValueError(f"{name} of a {what} is one of {', '.join(values)}, not {record[name]!r}")
    store.put(kind, key, record)
    return record


def _new_alert(store: Store, _members: Record) -> tuple[str, str, Record]:
    number = store.next_number(ALERT)
    now = store.clock.now()
    fresh = {
        "Id": number,
        "SecurityEventIds": str(number),
        "AlarmUniqueInfo": f"{number:032x}",
        "UniqueInfo": f"{number:032x}",
        "Name": "Unusual logon: logon from an unusual location",
        "AlarmEventName": "Logon from an unusual location",
        "AlarmEventNameDisplay": "Logon from an unusual location",
        "AlarmEventType": "Unusual logon",
        "AlarmEventTypeDisplay": "Unusual logon",
        "EventSubType": "Logon from an unusual location",
        "Desc": "",
        "Level": "suspicious",
        "EventStatus": _PENDING,
        "DataSource": "sas",
        "OccurrenceTime": _clock(now),
        "OccurrenceTimeStamp": int(now.timestamp() * 1000),
        "LastTime": _clock(now),
        "LastTimeStamp": int(now.timestamp() * 1000),
        "OperateTime": 0,
        "OperateMsg": "",
        "OperateErrorCode": "",
        "CanBeDealOnLine": True,
    }
    return ALERT, str(number), fresh


def _new_vulnerability(store: Store, _members: Record) -> tuple[str, str, Record]:
    number = store.next_number(VULNERABILITY)
    now = int(store.clock.timestamp() * 1000)
    fresh = {
        "PrimaryId": number,
        "Name": "oval:com.redhat.rhsa:def:20260001",
        "AliasName": "RHSA-2026:0001: an example of a vulnerability",
        "Type": "cve",
        "Necessity": "later",
        "Related": "CVE-2026-0001",
        "Status": 1,
        "Tag": "oval",
        "RealRisk": False,
        "FirstTs": now,
        "LastTs": now,
        "ModifyTs": now,
        "RepairTs": 0,
    }
    return VULNERABILITY, str(number), fresh


def _new_risk(store: Store, members: Record) -> tuple[str, str, Record]:
    given = members.get("RiskId")
    risk_id = given if isinstance(given, int) and not isinstance(given, bool) else store.next_number(RISK)
    key = f"{risk_id}/{store.next_number('security_risk_machine')}"
    fresh = {
        "RiskId": risk_id,
        "RiskName": "Weak passwords of Linux",
        "Level": "high",
        "TypeAlias": "Weak password",
        "SubTypeAlias": "Linux",
        "HighWarningCount": 1,
        "MediumWarningCount": 0,
        "LowWarningCount": 0,
        "PassCount": 0,
        "_Key": key,
    }
    return RISK, key, fresh


def _clock(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


# -- alerts


@sas("DescribeSuspEvents")
def describe_susp_events(call: Call) -> Record:
    uuids, levels = texts(call, "Uuids"), texts(call, "Levels")
    if unknown := sorted(set(levels or ()) - set(_LEVELS)):
        raise invalid("Levels", f"{unknown[0]} is none of {', '.join(_LEVELS)}.")
    dealed, status = call.get("Dealed"), call.get("Status") or "0"
    found = [
        {**_shown(one), **named(server)}
        for one, server in common.visible(call, ALERT)
        if (uuids is None or server.uuid in uuids)
        and (levels is None or one["Level"] in levels)
        and (call.get("Id") in (None, one["Id"]))
    ]
    found = [
        one
        for one in found
        if (not dealed or (one["EventStatus"] not in (_PENDING, 16)) == (dealed == "Y"))
        and status in ("0", str(one["EventStatus"]))
    ]
    page, about = paged(call, sorted(found, key=lambda one: (-one["LastTimeStamp"], -one["Id"])))
    return {"SuspEvents": page, **about}


def _shown(found: Record) -> Record:
    return {name: value for name, value in found.items() if name != "AccountId"}


@sas("DescribeSecurityEventOperations")
def describe_security_event_operations(call: Call) -> Record:
    alert = call.store.get(ALERT, str(call.params["SecurityEventId"]), lagged=True)
    if alert is None or alert["AccountId"] != call.account_id:
        raise ApiError("DataNotExists", 400, "The alert event does not exist.")
    codes = ("ignore", "manual_handled", "advance_mark_mis_info")
    offered = [{"OperationCode": code, "UserCanOperate": True} for code in codes]
    return {"SecurityEventOperationsResponse": offered}


@sas("HandleSecurityEvents")
def handle_security_events(call: Call) -> Record:
    code = call.params["OperationCode"]
    if code not in _OPERATIONS:
        raise invalid("OperationCode", f"Expected one of {', '.join(_OPERATIONS)}.")
    if code in _WITH_PARAMETERS and not call.get("OperationParams"):
        raise ApiError("MissingParameter", 400, f"OperationParams is mandatory for {code}.")
    alerts = []
    for one in call.params["SecurityEventIds"]:
        alert = call.store.get(ALERT, one)
        if alert is None or alert["AccountId"] != call.account_id:
            raise ApiError("DataNotExists", 400, f"The alert event does not exist: {one}.")
        alerts.append(alert)
    number = call.store.next_number("security_task")
    at = call.clock.timestamp() + float(call.settings["sas.task_seconds"])
    fails = bool(call.settings["sas.handling_fails"])
    status = _OPERATIONS[code] or int(call.settings["sas.manual_handled_status"])
    then = {"OperateTime": int(at * 1000), "OperateMsg": call.get("Remark") or ""}
    then["OperateErrorCode"] = f"{code}.{'Failure' if fails else 'Success'}"
    if not fails:
        then["EventStatus"] = status
    for alert in alerts:
        before = common.current(call, alert)
        call.store.put(ALERT, str(alert["Id"]), {**before, "_Task": {"At": at, "Then": then}})
    task = {"At": at, "Ids": call.params["SecurityEventIds"], "Fails": fails, "AccountId": call.account_id}
    call.store.put("security_task", str(number), task)
    return {"HandleSecurityEventsResponse": {"TaskId": number}}


@sas("DescribeSecurityEventOperationStatus")
def describe_security_event_operation_status(call: Call) -> Record:
    task = call.store.get("security_task", str(call.params["TaskId"]), lagged=True)
    if task is None or task["AccountId"] != call.account_id:
        raise ApiError("DataNotExists", 400, "The task does not exist.")
    over = call.clock.timestamp() >= task["At"]
    whole, each = ("Failure", "Failed") if task["Fails"] else ("Success", "Success")
    if not over:
        whole = each = "Processing"
    one_by_one = [
        {"SecurityEventId": one, "Status": each, "ErrorCode": "" if each != "Failed" else "quara.failure"}
        for one in task["Ids"]
        if one in call.params["SecurityEventIds"]
    ]
    told = {"TaskStatus": whole, "SecurityEventOperationStatuses": one_by_one}
    return {"SecurityEventOperationStatusResponse": told}


# -- vulnerabilities and risks


@sas("DescribeVulList")
def describe_vul_list(call: Call) -> Record:
    kind, uuids, necessity = call.params["Type"], texts(call, "Uuids"), texts(call, "Necessity")
    if kind not in _TYPES:
        raise invalid("Type", f"Expected one of {', '.join(_TYPES)}.")
    if kind == "app" and not call.get("AttachTypes"):
        raise ApiError("MissingParameter", 400, "AttachTypes must be specified for application vulnerabilities.")
    kinds = ("app", "sca") if kind == "app" else (kind,)
    dealed = call.get("Dealed")
    found = [
        {**_shown(one), **named(server), "RegionId": server.region}
        for one, server in common.visible(call, VULNERABILITY)
        if one["Type"] in kinds
        and (uuids is None or server.uuid in uuids)
        and (necessity is None or one["Necessity"] in necessity)
        and (not dealed or (one["Status"] > 6) == (dealed == "y"))
    ]
    page, about = paged(call, found, default=10)
    return {"VulRecords": page, **{name: value for name, value in about.items() if name != "Count"}}


@sas("DescribeCheckWarningSummary")
def describe_check_warning_summary(call: Call) -> Record:
    uuids = texts(call, "Uuids")
    by_risk: dict[int, list[Record]] = {}
    for one, server in common.visible(call, RISK):
        if uuids is None or server.uuid in uuids:
            by_risk.setdefault(one["RiskId"], []).append(one)
    counts = ("HighWarningCount", "MediumWarningCount", "LowWarningCount")
    shown = [
        {
            **{name: ones[0][name] for name in ("RiskId", "RiskName", "Level", "TypeAlias", "SubTypeAlias")},
            **{name: max(one[name] for one in ones) for name in counts},
            "CheckCount": max(sum(one[name] for name in (*counts, "PassCount")) for one in ones),
            "WarningMachineCount": len(ones),
        }
        for ones in by_risk.values()
    ]
    page, about = paged(call, shown if str(call.get("RiskStatus", 1)) == "1" else [])
    return {"WarningSummarys": page, **about}


@sas("DescribeWarningMachines")
def describe_warning_machines(call: Call) -> Record:
    uuids = texts(call, "Uuids")
    members = ("HighWarningCount", "MediumWarningCount", "LowWarningCount", "PassCount")
    found = [
        {
            **{name: one[name] for name in members},
            **named(server),
            "RegionId": server.region,
            "Online": server.status == "online",
            "Status": 1,
        }
        for one, server in common.visible(call, RISK)
        if one["RiskId"] == call.params["RiskId"] and (uuids is None or server.uuid in uuids)
    ]
    page, about = paged(call, found, default=10)
    return {"WarningMachines": page, **about}
