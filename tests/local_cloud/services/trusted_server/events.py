# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the trusted server found, and how it was handled."""

from __future__ import annotations

import typing as t
import uuid

from local_cloud.attestation import verdict
from local_cloud.framework import ApiError, Call
from local_cloud.services.trusted_server.baselines import set_baseline
from local_cloud.services.trusted_server.common import Record, milliseconds, required, trusted_server
from local_cloud.services.trusted_server.enrolment import texts
from local_cloud.settings import define

define("trusted_server.event_open", 0, "EventStatus of a finding that waits for a decision (UNCERTAIN)")
define("trusted_server.event_handled", 1, "EventStatus of a finding that was decided about (UNCERTAIN)")
define("trusted_server.handle_trusted", 1, "HandleType of a finding that was accepted as baseline (UNCERTAIN)")
define("trusted_server.handle_ignored", 2, "HandleType of a finding that was ignored (UNCERTAIN)")

#: EventType by what was found (UNCERTAIN)
_TYPES = {"system": "1", "program": "2"}

_TEXTS = ("PropertyUuid", "PropertyName", "PropertyPrivateIp", "PropertyPublicIp", "Suspect", "SuspectSig")
#: numbers in the request, texts in the answer
_NUMBERS = ("EventType", "EventLevel", "EventStatus", "EventAffiliation", "HandleType")
_PERIODS = {"Create": "GmtCreate", "Handle": "GmtHandle"}


@trusted_server("DescribeEvents")
def describe_events(call: Call) -> Record:
    number, size = int(call.get("CurrentPage", 1)), int(call.get("PageSize", 10))
    if number < 1 or not 1 <= size <= 100:
        raise ApiError("InvalidParameter", 400, "CurrentPage must be 1 or more and PageSize 1 to 100.")
    events = call.store.find("trust_event", where={"AccountId": call.account_id}, lagged=True)
    found = [event for event in events if _matches(call, event)]
    first = (number - 1) * size
    hidden = ("AccountId", "_Accept")
    items = [{name: value for name, value in event.items() if name not in hidden} for event in found]
    return {
        "Items": items[first : first + size],
        "CurrentPage": number,
        "PageSize": size,
        "TotalCount": len(found),
    }


def _matches(call: Call, event: Record) -> bool:
    wanted = {name: str(call.params[name]) for name in (*_TEXTS, *_NUMBERS) if name in call.params}
    if any(str(event.get(name, "")) != value for name, value in wanted.items()):
        return False
    for start, member in _PERIODS.items():
        moment = int(event.get(member, 0))
        earliest, latest = call.get(f"{start}StartDate"), call.get(f"{start}EndDate")
        if (earliest is not None and moment < earliest) or (latest is not None and moment > latest):
            return False
    return True


def note_deviations(call: Call, record: Record, deviations: t.Iterable[verdict.Deviation]) -> None:
    """Record what a report showed: a new finding, or one more time of one that is open or was ignored."""
    now = milliseconds(call)
    known = call.store.find("trust_event", where={"PropertyUuid": record["PropertyUuid"]})
    for found in deviations:
        same = [event for event in known if _is_same(call, event, found)]
        event = same[-1] if same else _new_event(call, record, found)
        event.update(Accumulation=str(int(event.get("Accumulation", 0)) + 1), GmtModified=now)
        call.store.put("trust_event", event["EventUuid"], event)


def _is_same(call: Call, event: Record, found: verdict.Deviation) -> bool:
    what = (_TYPES[found.kind], found.suspect, found.digest)
    accepted = event.get("HandleType") == str(call.settings["trusted_server.handle_trusted"])
    return (event.get("EventType"), event.get("Suspect"), event.get("SuspectSig")) == what and not accepted


def _new_event(call: Call, record: Record, found: verdict.Deviation) -> Record:
    now = milliseconds(call)
    shown = ("PropertyUuid", "PropertyName", "PropertyPrivateIp", "PropertyPublicIp")
    return {
        **{name: record.get(name, "") for name in shown},
        "EventUuid": str(uuid.uuid4()),
        "EventType": _TYPES[found.kind],
        "EventLevel": str(found.level),
        "EventStatus": str(call.settings["trusted_server.event_open"]),
        "EventAffiliation": str(record.get("PropertyAffiliation", 0)),
        "HandleType": "0",
        "Suspect": found.suspect,
        "SuspectSig": found.digest,
        "SuspectWhiteList": found.expected,
        "Accumulation": "0",
        "GmtCreate": now,
        "GmtHandle": 0,
        "AccountId": call.account_id,
        "_Accept": found.accept,
    }


def _chosen(call: Call) -> list[Record]:
    """The events of the parameter EventUuids."""
    chosen = []
    for name in texts(required(call, "EventUuids")):
        event = call.store.get("trust_event", name)
        if event is None or event["AccountId"] != call.account_id:
            raise ApiError("InvalidEventUuid.NotFound", 404, f"The event does not exist: {name}.")
        chosen.append(event)
    return chosen


def _handled(call: Call, events: t.Sequence[Record], how: str) -> Record:
    for event in events:
        event.update(
            EventStatus=str(call.settings["trusted_server.event_handled"]),
            HandleType=str(call.settings[how]),
            GmtHandle=milliseconds(call),
            GmtModified=milliseconds(call),
        )
        call.store.put("trust_event", event["EventUuid"], event)
    return {"Data": str(len(events))}


@trusted_server("TrustEvents")
def trust_events(call: Call) -> Record:
    """Move the baselines by exactly what these events are about; the next reports are compared with that."""
    events = _chosen(call)
    for event in events:
        if event.get("_Accept", {}) is None:
            raise ApiError(
                "EventNotTrustable",
                400,
                f"The event {event['EventUuid']} ({event['Suspect']}) can't be trusted: no log explains the value that "
                "was measured. Find the cause and restart the instance.",
            )
        if not event.get("_Accept"):  # preloaded by a test: there is nothing behind it
            continue
        record = call.store.get("trusted_property", event["PropertyUuid"])
        if record is None or not record.get("_Baseline"):
            raise ApiError("InvalidPropertyUuid.NotFound", 404, f"No baseline is left that {event['EventUuid']} moves.")
        moved = verdict.accept(record["_Baseline"], event["_Accept"], record.get("_Programs") or {})
        set_baseline(call, record, moved)
        call.store.put("trusted_property", record["PropertyUuid"], record, region=record["RegionId"])
    return _handled(call, events, "trusted_server.handle_trusted")


@trusted_server("IgnoreEvents")
def ignore_events(call: Call) -> Record:
    """Close what was found without taking it as good: as long as it is there, the instance is not trusted."""
    return _handled(call, _chosen(call), "trusted_server.handle_ignored")
