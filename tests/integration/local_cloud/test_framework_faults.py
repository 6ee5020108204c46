# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trouble can be switched on for an operation, for as many calls as wanted, and does what it says."""

from __future__ import annotations

import dataclasses
import email.utils
import http.client
import threading
import time

import pytest
from wire import Wire

from local_cloud.control import ControlError, LocalCloud

REGION = {"RegionId": "cn-hangzhou"}
LOST = (http.client.RemoteDisconnected, ConnectionError)


def users(wire: Wire) -> list[str]:
    return [user["UserName"] for user in wire.v3("ram", "ListUsers").json["Users"]["User"]]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("throttling", 400, "Throttling.User"),
        ("internal_error", 500, "InternalError"),
        ("service_unavailable", 503, "ServiceUnavailable"),
    ],
)
def test_errors_hit_the_named_operation_so_many_times(
    fresh_cloud: LocalCloud, wire: Wire, kind: str, status: int, code: str
) -> None:
    fresh_cloud.fault(kind, "ram:CreateUser", times=2)
    assert users(wire) == []
    for _index in range(2):
        reply = wire.v3("ram", "CreateUser", UserName="ann")
        assert (reply.status, reply.code) == (status, code)
        assert "x-acs-retry-after" not in reply.headers
    assert users(wire) == []
    assert wire.v3("ram", "CreateUser", UserName="ann").status == 200


def test_throttling_can_say_when_to_come_back(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("throttling", "ram:*", retry_after_ms=1500)
    assert wire.v3("ram", "ListUsers").headers["x-acs-retry-after"] == "1500"


def test_any_documented_error_can_be_asked_for(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("error", "ecs:*", code="OperationConflict", status=409, times=None)
    for _index in range(3):
        reply = wire.v3("ecs", "DescribeInstances", **REGION)
        assert (reply.status, reply.code) == (409, "OperationConflict")
    fresh_cloud.clear_faults()
    assert wire.v3("ecs", "DescribeInstances", **REGION).status == 200


def test_a_rate_hits_a_share_of_the_calls(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("throttling", "ram:ListUsers", times=None, rate=0.5)
    statuses = {wire.v3("ram", "ListUsers").status for _index in range(40)}
    assert statuses == {200, 400}


def test_a_quota_hits_what_is_above_it_of_each_operation(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("throttling", "ram:*", times=None, quota=2, seconds=3600)
    found = [wire.v3("ram", name).status for name in ("ListUsers", "ListUsers", "ListUsers", "ListRoles", "ListUsers")]
    assert found == [200, 200, 400, 200, 400]


def test_a_quota_has_room_again_when_its_seconds_are_over(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("throttling", "ram:ListUsers", times=None, quota=1, seconds=0.2)
    assert wire.v3("ram", "ListUsers").status == 200
    time.sleep(0.25)
    assert wire.v3("ram", "ListUsers").status == 200


def test_a_quota_needs_its_seconds(fresh_cloud: LocalCloud) -> None:
    for wrong in ({"quota": 2}, {"quota": 0, "seconds": 1}):
        with pytest.raises(ControlError, match="quota"):
            fresh_cloud.fault("throttling", "ram:*", **wrong)


def test_a_seed_makes_chance_the_same_for_the_nth_call_of_an_operation(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("throttling", "ram:*", times=None, rate=0.5)

    def statuses(seed: int, *others: str) -> list[int]:
        fresh_cloud.seed_faults(seed)
        found = []
        for _index in range(20):
            found.append(wire.v3("ram", "ListUsers").status)
            for other in others:
                wire.v3("ram", other)
        return found

    first = statuses(1)
    assert statuses(1, "ListRoles", "ListGroups") == first
    assert statuses(2) != first


def test_some_calls_are_spared_before(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("throttling", "ram:ListUsers", times=1, skip=2)
    assert wire.v3("ram", "ListRoles").status == 200
    assert [wire.v3("ram", "ListUsers").status for _index in range(4)] == [200, 200, 400, 200]


def test_each_read_can_be_behind_by_its_own_time(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.clock_scale(0)
    fresh_cloud.clock_advance(20)
    wire.v3("ram", "CreateUser", UserName="ann")
    fresh_cloud.clock_advance(5)
    fresh_cloud.seed_faults(1)
    fresh_cloud.fault("read_lag", times=None, seconds=10, seconds_from=0)
    assert {len(users(wire)) for _index in range(30)} == {0, 1}
    with pytest.raises(ControlError, match="seconds_from"):
        fresh_cloud.fault("slow", seconds=1, seconds_from=2)


def test_the_time_of_day_can_be_another(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.set("clock_ahead_seconds", 2000)
    reply = wire.v3("ram", "ListUsers")
    assert reply.code == "InvalidTimeStamp.Expired"
    ahead = email.utils.parsedate_to_datetime(reply.headers["date"]).timestamp() - time.time()
    assert 1990 < ahead < 2010


def test_a_connection_lost_before_the_commit_did_nothing(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("drop_before_commit", "ram:CreateUser")
    with pytest.raises(LOST):
        wire.v3("ram", "CreateUser", UserName="ann")
    assert users(wire) == []


def test_a_connection_lost_after_the_commit_did_it(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("drop_after_commit", "ram:CreateUser")
    with pytest.raises(LOST):
        wire.v3("ram", "CreateUser", UserName="ann")
    assert users(wire) == ["ann"]
    assert fresh_cloud.requests(last=2)[0]["faults"] == ["drop_after_commit"]


def test_bodies_can_be_empty_or_cut(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("empty_body", "ram:ListUsers")
    fresh_cloud.fault("cut_body", "ram:GetAccountAlias")
    assert (wire.v3("ram", "ListUsers").status, wire.v3("ram", "ListUsers").status) == (200, 200)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        _answer = wire.v3("ram", "GetAccountAlias").json


def test_something_else_can_answer_after_the_commit_or_before(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("portal", "ram:CreateUser")
    page = wire.v3("ram", "CreateUser", UserName="ann")
    assert (page.status, page.headers["content-type"]) == (200, "text/html")
    assert users(wire) == []
    fresh_cloud.fault("other_body", "ram:CreateUser", body="null", status=203, content_type="text/plain")
    other = wire.v3("ram", "CreateUser", UserName="ann")
    assert (other.status, other.body, other.headers["content-type"]) == (203, b"null", "text/plain")
    assert users(wire) == ["ann"]
    fresh_cloud.fault("other_body", "ram:ListUsers")
    assert wire.v3("ram", "ListUsers").body == b"{}"


def test_a_slow_answer_holds_up_nobody_else(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("slow", "ram:CreateUser", seconds=1.0)
    started = time.monotonic()
    slow = threading.Thread(target=lambda: wire.v3("ram", "CreateUser", UserName="ann"))
    slow.start()
    while fresh_cloud.status()["faults"]:
        pass
    assert users(wire) == []
    assert time.monotonic() - started < 1.0
    slow.join()
    assert time.monotonic() - started >= 1.0
    assert users(wire) == ["ann"]


def test_describe_can_lag_behind_while_writing_does_not(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.clock_scale(0)
    fresh_cloud.fault("read_lag", "vpc:DescribeVpcs", seconds=5, times=None)
    made = wire.v3("vpc", "CreateVpc", **REGION).json["VpcId"]

    def seen() -> list[str]:
        return [vpc["VpcId"] for vpc in wire.v3("vpc", "DescribeVpcs", **REGION).json["Vpcs"]["Vpc"]]

    assert seen() == []
    fresh_cloud.clock_advance(4)
    assert seen() == []
    fresh_cloud.clock_advance(2)
    assert seen() == [made]
    assert wire.v3("vpc", "DeleteVpc", **REGION, VpcId=made).status == 200
    assert seen() == [made]
    fresh_cloud.clear_faults()
    assert seen() == []


def test_a_fault_that_does_not_exist_is_refused(fresh_cloud: LocalCloud) -> None:
    with pytest.raises(ControlError, match="there is no fault 'earthquake'; there are: throttling"):
        fresh_cloud.fault("earthquake")
    with pytest.raises(ControlError, match="unknown: colour"):
        fresh_cloud.fault("throttling", colour="red")
    with pytest.raises(ControlError, match="needs a code and a status"):
        fresh_cloud.fault("error")


def held(cloud: LocalCloud) -> list[dict[str, str]]:
    """What is held, as soon as something is."""
    while not (found := cloud.held()):
        time.sleep(0.01)
    return found


@pytest.mark.parametrize(("kind", "there"), [("hold_before_commit", []), ("hold_after_commit", ["ann"])])
def test_a_call_is_held_until_it_is_let_go(fresh_cloud: LocalCloud, wire: Wire, kind: str, there: list[str]) -> None:
    fresh_cloud.fault(kind, "ram:CreateUser", skip=1)
    wire.v3("ram", "CreateUser", UserName="abe")
    replies: list[int] = []
    one = threading.Thread(target=lambda: replies.append(wire.v3("ram", "CreateUser", UserName="ann").status))
    one.start()
    (request,) = held(fresh_cloud)
    assert (request["kind"], request["operation"]) == (kind, "ram:CreateUser")
    assert users(wire) == ["abe", *there]
    assert replies == []
    fresh_cloud.let_go()
    one.join()
    assert replies == [200]
    assert users(wire) == ["abe", "ann"]
    assert fresh_cloud.held() == []


@pytest.mark.parametrize(("kind", "there"), [("hold_before_commit", []), ("hold_after_commit", ["vpc"])])
def test_a_client_that_leaves_while_its_call_is_held(
    fresh_cloud: LocalCloud, wire: Wire, kind: str, there: list[str]
) -> None:
    """What was not done yet is not done for it, and its ClientToken is free again."""
    vpc = {**REGION, "VpcName": "vpc", "ClientToken": "one"}
    fresh_cloud.fault(kind, "vpc:CreateVpc")
    with pytest.raises(TimeoutError):
        dataclasses.replace(wire, timeout=0.5).v3("vpc", "CreateVpc", **vpc)
    while fresh_cloud.held():
        time.sleep(0.01)
    assert [one["VpcName"] for one in fresh_cloud.resources("vpc")] == there
    assert wire.v3("vpc", "CreateVpc", **vpc).status == 200
    assert [one["VpcName"] for one in fresh_cloud.resources("vpc")] == ["vpc"]
    assert fresh_cloud.requests()[0]["faults"] == [kind]
    with pytest.raises(ControlError, match="skip must be 0 or more, not -1"):
        fresh_cloud.fault(kind, skip=-1)
