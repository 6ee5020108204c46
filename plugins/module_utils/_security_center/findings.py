# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Security Center found on servers: alerts, vulnerabilities, risks of the baseline. Private."""

from __future__ import annotations

import time
import typing as t

from .._cloud.door import Cloud, chunks
from .servers import ENGLISH, PRODUCT, UUIDS_AT_ONCE

Found = dict[str, t.Any]

LEVELS = ["serious", "suspicious", "remind"]
#: Kinds of vulnerabilities. Those that analysing software finds (sca) come with those of applications.
TYPES = ["cve", "sys", "cms", "app", "emg"]
#: EventStatus of DescribeSuspEvents.
_STATES = {
    1: "open",
    2: "ignored",
    4: "handled",
    8: "false_positive",
    16: "handling",
    32: "handled",
    64: "expired",
    604: "false_positive",
}
#: Necessity of DescribeVulList: how soon to mend it.
_PRIORITIES = {"asap": "high", "later": "medium", "nntf": "low"}


def alerts(
    cloud: Cloud, uuids: t.Sequence[str] | None, levels: t.Sequence[str] | None = None, *, handled: bool | None = False
) -> list[Found]:
    """The alerts on these servers, or on all of the account, newest first.

    :param levels: None for all
    :param handled: False for those that nobody has handled, True for the others, None for both
    """
    query: dict[str, t.Any] = {**ENGLISH, "Levels": ",".join(levels) if levels else None}
    query["Dealed"] = None if handled is None else "Y" if handled else "N"
    return [alert(item) for item in _of(cloud, "DescribeSuspEvents", query, uuids)]


def alert(item: t.Mapping[str, t.Any]) -> Found:
    """The shape of an item of DescribeSuspEvents."""
    return {
        "alert_id": str(item["Id"]),
        "instance_id": item.get("InstanceId") or None,
        "uuid": item.get("Uuid") or None,
        "level": item.get("Level") or "unknown",
        "state": _STATES.get(item.get("EventStatus") or 0, "unknown"),
        "status_number": item.get("EventStatus"),
        "type": item.get("AlarmEventTypeDisplay") or item.get("AlarmEventType") or "",
        "name": item.get("AlarmEventNameDisplay") or item.get("AlarmEventName") or item.get("Name") or "",
        "description": item.get("Desc") or "",
        "first_time": _time(item.get("OccurrenceTimeStamp")),
        "last_time": _time(item.get("LastTimeStamp")),
        "handled_time": _time(item.get("OperateTime")),
    }


def vulnerabilities(cloud: Cloud, uuids: t.Sequence[str] | None, types: t.Sequence[str]) -> list[Found]:
    """The vulnerabilities of these servers, or of all of the account, that are not mended."""
    return [
        _vulnerability(item)
        for kind in types
        for item in _of(
            cloud,
            "DescribeVulList",
            {**ENGLISH, "Type": kind, "AttachTypes": "sca" if kind == "app" else None, "Dealed": "n"},
            uuids,
        )
    ]


def _vulnerability(item: t.Mapping[str, t.Any]) -> Found:
    return {
        "vulnerability_id": str(item.get("PrimaryId") or ""),
        "instance_id": item.get("InstanceId") or None,
        "uuid": item.get("Uuid") or None,
        "type": item.get("Type") or "",
        "name": item.get("AliasName") or item.get("Name") or "",
        "priority": _PRIORITIES.get(item.get("Necessity") or "", "unknown"),
        "cves": [one.strip() for one in (item.get("Related") or "").split(",") if one.strip()],
        "first_time": _time(item.get("FirstTs")),
        "last_time": _time(item.get("LastTs")),
    }


def risks(cloud: Cloud, uuids: t.Sequence[str] | None) -> list[Found]:
    """What the check of the baseline finds wrong on these servers, or on all of the account.

    The summary names what is wrong somewhere; each of these is asked for its servers.
    """
    summary = cloud.pages(PRODUCT, "DescribeCheckWarningSummary", {**ENGLISH, "RiskStatus": 1})
    return [
        _risk(one, item)
        for one in summary
        for item in _of(
            cloud,
            "DescribeWarningMachines",
            {**ENGLISH, "RiskId": one["RiskId"], "HaveRisk": 1},
            uuids,
        )
    ]


def _risk(one: t.Mapping[str, t.Any], item: t.Mapping[str, t.Any]) -> Found:
    return {
        "risk_id": str(one["RiskId"]),
        "instance_id": item.get("InstanceId") or None,
        "uuid": item.get("Uuid") or None,
        "name": one.get("RiskName") or "",
        "type": one.get("TypeAlias") or "",
        "level": one.get("Level") or "unknown",
        "high": int(item.get("HighWarningCount") or 0),
        "medium": int(item.get("MediumWarningCount") or 0),
        "low": int(item.get("LowWarningCount") or 0),
    }


def _of(
    cloud: Cloud, action: str, query: t.Mapping[str, t.Any], uuids: t.Sequence[str] | None
) -> list[dict[str, t.Any]]:
    """A list of findings, of some servers or of all."""
    if uuids is None:
        return cloud.pages(PRODUCT, action, query)
    parts = chunks(uuids, UUIDS_AT_ONCE)
    return [item for some in parts for item in cloud.pages(PRODUCT, action, {**query, "Uuids": ",".join(some)})]


def _time(milliseconds: t.Any) -> str | None:
    """A time of the API as people write it; None where there is none."""
    if not isinstance(milliseconds, int) or milliseconds <= 0:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(milliseconds / 1000))
