# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the trusted server found, and how it was handled."""

from __future__ import annotations

from local_cloud.framework import ApiError, Call
from local_cloud.services.trusted_server.common import Record, milliseconds, required, trusted_server
from local_cloud.services.trusted_server.enrolment import texts

#: EventStatus of what waits for a decision, and of what was decided (values UNCERTAIN)
OPEN, HANDLED = "0", "1"

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
    items = [{name: value for name, value in event.items() if name != "AccountId"} for event in found]
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


def _handle(call: Call) -> Record:
    names = texts(required(call, "EventUuids"))
    for name in names:
        event = call.store.get("trust_event", name)
        if event is None or event["AccountId"] != call.account_id:
            raise ApiError("InvalidEventUuid.NotFound", 404, f"The event does not exist: {name}.")
        event.update(
            EventStatus=HANDLED,
            HandleType=str(call.get("HandleStyle", 0)),
            GmtHandle=milliseconds(call),
            GmtModified=milliseconds(call),
        )
        call.store.put("trust_event", name, event)
    return {"Data": str(len(names))}


@trusted_server("TrustEvents")
def trust_events(call: Call) -> Record:
    """Take what was found as good from now on."""
    return _handle(call)


@trusted_server("IgnoreEvents")
def ignore_events(call: Call) -> Record:
    """Close what was found without taking it as good."""
    return _handle(call)
