# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""System events that were put in, and the status of instances with them."""

from __future__ import annotations

import typing as t

import pytest
from sdk import REGION, Sdk


def event(sdk: Sdk, event_id: str, instance_id: str, status: str, **fields: str) -> None:
    data = {
        "EventId": event_id,
        "InstanceId": instance_id,
        "EventType": "SystemMaintenance.Reboot",
        "EventCycleStatus": status,
        "EventPublishTime": "2026-01-01T00:00:00Z",
        "NotBefore": "2026-01-10T00:00:00Z",
        "Reason": "maintenance",
        "AccountId": sdk.cloud.account_id,
        "RegionId": REGION,
        **fields,
    }
    sdk.cloud.preload([{"kind": "instance_event", "id": event_id, "region": REGION, "data": data}])


@pytest.fixture
def pair(sdk: Sdk) -> list[str]:
    """Two instances; the second has an event to come and one that is over."""
    ids = sdk.run(Amount=2)
    event(sdk, "e-next", ids[1], "Scheduled")
    event(sdk, "e-past", ids[1], "Executed", EventType="InstanceFailure.Reboot", NotBefore="2025-01-10T00:00:00Z")
    return ids


def statuses(sdk: Sdk, **filters: t.Any) -> dict[str, t.Any]:
    shown = sdk("DescribeInstancesFullStatus", **filters)["InstanceFullStatusSet"]["InstanceFullStatusType"]
    return {
        one["InstanceId"]: (
            one["Status"]["Name"],
            one["HealthStatus"]["Name"],
            [item["EventId"] for item in one["ScheduledSystemEventSet"]["ScheduledSystemEventType"]],
        )
        for one in shown
    }


def test_the_full_status_has_health_and_what_is_scheduled(sdk: Sdk, pair: list[str]) -> None:
    first, second = pair
    all_of_them = {first: ("Running", "OK", []), second: ("Running", "Warning", ["e-next"])}
    assert statuses(sdk) == all_of_them
    warned = {second: all_of_them[second]}
    assert statuses(sdk, HealthStatus="Warning") == warned
    assert statuses(sdk, InstanceId=[second], Status="Running") == warned
    assert statuses(sdk, EventId=["e-next"]) == warned
    assert statuses(sdk, EventType="SystemFailure.Reboot") == {}
    assert statuses(sdk, Status="Stopped") == {}
    window = {"Start": "2025-01-01T00:00:00Z", "End": "2025-12-31T00:00:00Z"}
    assert statuses(sdk, NotBefore=window)[second][2] == ["e-past"]
    assert sdk("DescribeInstancesFullStatus", PageSize=1, PageNumber=2)["TotalCount"] == 2


def test_history_has_what_is_over_unless_asked_otherwise(sdk: Sdk, pair: list[str]) -> None:
    def ids(**filters: t.Any) -> list[str]:
        body = sdk("DescribeInstanceHistoryEvents", **filters)
        return [one["EventId"] for one in body["InstanceSystemEventSet"]["InstanceSystemEventType"]]

    assert ids(InstanceId=pair[1]) == ["e-past"]
    assert ids(InstanceId=pair[0]) == []
    assert ids(ResourceId=pair) == ["e-past"]
    assert ids(InstanceEventCycleStatus=["Scheduled"]) == ["e-next"]
    assert ids(EventCycleStatus="Executed", InstanceEventType=["InstanceFailure.Reboot"]) == ["e-past"]


def test_filters_that_make_no_sense_are_refused(sdk: Sdk) -> None:
    backwards = {"Start": "2026-02-01T00:00:00Z", "End": "2026-01-01T00:00:00Z"}
    for action in ("DescribeInstancesFullStatus", "DescribeInstanceHistoryEvents"):
        assert sdk.refused(action, NotBefore=backwards) == (403, "InvalidParameter.TimeEndBeforeStart")
        assert sdk.refused(action, NotBefore={"Start": "yesterday"}) == (403, "InvalidParameter")
        assert sdk.refused(action, EventId=["e"] * 101) == (403, "EventIdLimitExceeded")
    many = sdk.refused("DescribeInstancesFullStatus", InstanceId=["i"] * 101)
    assert many == (403, "InstanceIdLimitExceeded")
