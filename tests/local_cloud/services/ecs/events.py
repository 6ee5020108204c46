# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""System events of instances: maintenance that is scheduled, failures that have happened.

Nothing of that happens here by itself. Records ``instance_event`` (id: EventId) that are put in past all checks have
EventId, InstanceId, EventType, EventCycleStatus (both by name), EventPublishTime, NotBefore, EventFinishTime, Reason,
ImpactLevel, AccountId and RegionId.
"""

from __future__ import annotations

import datetime as dt

from local_cloud.clock import SECOND_FORMAT
from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import Record, ecs, find_all, has_tags, page_either, page_numbered

_MOST = 100
#: codes of what has a name; those of Running, Warning and the events are in the documents' examples, others UNCERTAIN
_STATUS_CODES = {"Pending": 0, "Running": 1, "Starting": 2, "Stopping": 3, "Stopped": 4}
_HEALTH_CODES = {"OK": 0, "Warning": 64, "Initializing": 128}
_CYCLE_CODES = {"Executed": 0, "Avoided": 8, "Scheduled": 24, "Executing": 32, "Canceled": 40, "Failed": 48}
_TYPE_CODES = {"SystemMaintenance.Reboot": 1, "InstanceExpiration.Stop": 34, "SystemFailure.Reboot": 65}
_ACTIVE = ("Scheduled", "Executing", "Inquiring")
_TIMES = ("NotBefore", "EventPublishTime")


@ecs("DescribeInstancesFullStatus")
def describe_instances_full_status(call: Call) -> Record:
    ids = _limited(call, "InstanceId", "InstanceIdLimitExceeded")
    of_a_time = any(call.get(name) for name in _TIMES)
    chosen = [event for event in _events(call) if of_a_time or event["EventCycleStatus"] == "Scheduled"]
    by_event = of_a_time or any(call.get(name) for name in ("EventId", "EventType", "InstanceEventType"))
    found = []
    for instance in find_all(call, "instance", lagged=True):
        events = [event for event in chosen if event["InstanceId"] == instance["InstanceId"]]
        health = "Initializing" if instance["_Initializing"] else "Warning" if events else "OK"
        if (
            (not ids or instance["InstanceId"] in ids)
            and call.get("Status") in (None, "", instance["Status"])
            and call.get("HealthStatus") in (None, "", health)
            and (events or not by_event)
        ):
            found.append((instance, health, events))
    page = page_numbered(call, [_full_status(*one) for one in found])
    return {"InstanceFullStatusSet": {"InstanceFullStatusType": page.items}, **page.about}


def _full_status(instance: Record, health: str, events: list[Record]) -> Record:
    return {
        "InstanceId": instance["InstanceId"],
        "Status": _named(_STATUS_CODES, instance["Status"]),
        "HealthStatus": _named(_HEALTH_CODES, health),
        "ScheduledSystemEventSet": {"ScheduledSystemEventType": [_shown(event) for event in events]},
    }


@ecs("DescribeInstanceHistoryEvents")
def describe_instance_history_events(call: Call) -> Record:
    ids = _limited(call, "ResourceId", "InvalidParameter") or [call.get("InstanceId")]
    states = call.get("InstanceEventCycleStatus") or [call.get("EventCycleStatus")]
    if (call.get("ResourceType") or "instance") not in ("instance", "ddh", "managehost"):
        raise ApiError("InvalidParameter", 403, "The specified ResourceType is not valid.")
    tagged = {one["InstanceId"] for one in find_all(call, "instance") if has_tags(call, one)}
    found = [
        event
        for event in _events(call)
        if (ids == [None] or event["InstanceId"] in ids)
        and (event["EventCycleStatus"] in states if any(states) else event["EventCycleStatus"] not in _ACTIVE)
        and (not call.get("Tag") or event["InstanceId"] in tagged)
        and call.get("ImpactLevel") in (None, "", str(event.get("ImpactLevel") or ""))
    ]
    page = page_either(call, found, most=_MOST)
    shown = [
        {
            **_shown(event),
            "InstanceId": event["InstanceId"],
            "ResourceType": "instance",
            "EventFinishTime": event.get("EventFinishTime", ""),
        }
        for event in page.items
    ]
    return {"InstanceSystemEventSet": {"InstanceSystemEventType": shown}, **page.about}


def _events(call: Call) -> list[Record]:
    """The events that the request's filters by id, type and time leave."""
    ids = _limited(call, "EventId", "EventIdLimitExceeded")
    types = call.get("InstanceEventType") or [call.get("EventType")]
    spans = [(name, _span(call, name)) for name in _TIMES]
    return [
        event
        for event in find_all(call, "instance_event", lagged=True)
        if (not ids or event["EventId"] in ids)
        and (not any(types) or event["EventType"] in types)
        and all(first <= (event.get(name) or "") <= last for name, (first, last) in spans)
    ]


def _limited(call: Call, name: str, code: str) -> list[str]:
    values: list[str] = call.get(name) or []
    if len(values) > _MOST:
        raise ApiError(code, 403, f"At most {_MOST} {name}s are allowed.")
    return values


def _span(call: Call, name: str) -> tuple[str, str]:
    """First and last moment of a filter; as text they sort by time."""
    given = call.get(name) or {}
    for text in given.values():
        try:
            dt.datetime.strptime(text, SECOND_FORMAT)
        except ValueError:
            raise ApiError("InvalidParameter", 403, f"{name} takes times such as 2026-01-31T12:00:00Z.") from None
    first, last = given.get("Start") or "", given.get("End") or "~"
    if first > last:
        raise ApiError("InvalidParameter.TimeEndBeforeStart", 403, f"The end of {name} is before its start.")
    return first, last


def _shown(event: Record) -> Record:
    same = {key: event.get(key) or "" for key in ("EventId", "EventPublishTime", "NotBefore", "Reason")}
    return {
        **same,
        "ImpactLevel": str(event.get("ImpactLevel") or ""),
        "EventType": _named(_TYPE_CODES, event["EventType"]),
        "EventCycleStatus": _named(_CYCLE_CODES, event["EventCycleStatus"]),
    }


def _named(codes: dict[str, int], name: str) -> Record:
    return {"Code": codes.get(name, 0), "Name": name}
