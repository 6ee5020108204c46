# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repeated ClientToken repeats the answer, never the deed."""

from __future__ import annotations

import threading

import pytest
from wire import Reply, Wire

from local_cloud.control import LocalCloud

REGION = {"RegionId": "cn-hangzhou"}


def create(wire: Wire, token: str = "token-1", **params: str) -> Reply:
    return wire.v3("vpc", "CreateVpc", **REGION, ClientToken=token, **params)


def count(wire: Wire) -> int:
    return int(wire.v3("vpc", "DescribeVpcs", **REGION).json["TotalCount"])


def test_the_same_request_gets_the_same_answer(wire: Wire) -> None:
    first, second = create(wire, VpcName="a"), create(wire, VpcName="a")
    assert first.json["VpcId"] == second.json["VpcId"]
    assert first.json["RequestId"] != second.json["RequestId"]
    assert count(wire) == 1
    assert create(wire, "token-2", VpcName="a").json["VpcId"] != first.json["VpcId"]


def test_another_request_with_the_token_is_a_mismatch(wire: Wire) -> None:
    create(wire, VpcName="a")
    reply = create(wire, VpcName="b")
    assert (reply.status, reply.code) == (400, "IdempotentParameterMismatch")
    assert count(wire) == 1


def test_errors_are_not_remembered(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("internal_error", "vpc:CreateVpc")
    assert create(wire).status == 500
    assert create(wire, CidrBlock="127.0.0.0/8").status == 400
    assert create(wire).status == 200


def test_a_token_outlives_a_lost_connection(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("drop_after_commit", "vpc:CreateVpc")
    with pytest.raises(ConnectionError):
        create(wire)
    assert create(wire).status == 200
    assert count(wire) == 1


def test_while_the_first_request_runs_the_second_has_to_wait(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.fault("slow", "vpc:CreateVpc", seconds=1.0)
    answers: list[Reply] = []
    first = threading.Thread(target=lambda: answers.append(create(wire)))
    first.start()
    while fresh_cloud.status()["faults"]:
        pass
    second = create(wire)
    assert (second.status, second.code) == (403, "LastTokenProcessing")
    first.join()
    assert create(wire).json["VpcId"] == answers[0].json["VpcId"]


def test_tokens_belong_to_an_account_and_an_operation_and_end_with_a_day(fresh_cloud: LocalCloud, wire: Wire) -> None:
    first = create(wire).json["VpcId"]
    partner = fresh_cloud.accounts[1]
    other = Wire(wire.address, partner["access_key_id"], partner["access_key_secret"])
    assert create(other).json["VpcId"] != first
    fresh_cloud.clock_advance(23 * 3600)
    assert create(wire).json["VpcId"] == first
    fresh_cloud.clock_advance(2 * 3600)
    assert create(wire).json["VpcId"] != first
