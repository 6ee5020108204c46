# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of the trusted server: listed, accepted as the new baseline, ignored."""

from __future__ import annotations

import typing as t

import pytest
from modules import trust_records as records
from modules.harness import Modules

MODULE = "trust_event"


@pytest.fixture
def fleet(modules: Modules) -> list[dict[str, t.Any]]:
    """Two instances with four open findings."""
    ones = records.fleet(modules, 2)
    records.found(modules, 1, ones[0], "PCR 9")
    records.found(modules, 2, ones[0], "/usr/bin/bash", EventLevel="1")
    records.found(modules, 3, ones[1], "PCR 9")
    records.found(modules, 4, ones[1], "PCR 0", EventStatus="1", HandleType="2")
    return ones


def ids(modules: Modules, **options: t.Any) -> list[str]:
    result = modules.run("trust_event_info", **options)
    assert result["event_ids"] == [one["event_id"] for one in result["findings"]]
    return list(result["event_ids"])


def states(modules: Modules) -> dict[str, str]:
    return {one["event_id"]: one["state"] for one in modules.run("trust_event_info")["findings"]}


# ---------------------------------------------------------------------- listing


def test_findings_are_listed_by_level_state_time_and_instance(modules: Modules, fleet: list[dict[str, t.Any]]) -> None:
    assert ids(modules) == ["e001", "e002", "e003", "e004"]
    assert ids(modules, states=["open"]) == ["e001", "e002", "e003"]
    assert ids(modules, states=["ignored", "accepted"]) == ["e004"]
    assert ids(modules, levels=["low"]) == ["e002"]
    assert ids(modules, levels=["1", "medium"]) == ["e002"]
    assert ids(modules, levels=["high"], states=["open"]) == ["e001", "e003"]
    assert ids(modules, since="2026-01-31T04:22:00Z") == ["e002", "e003", "e004"]
    assert ids(modules, since="2026-01-31T04:22:00Z", until="2026-01-31T04:23:30Z") == ["e002", "e003"]
    assert ids(modules, instance_ids=[fleet[1]["InstanceId"]]) == ["e003", "e004"]
    assert ids(modules, instance_ids=[one["InstanceId"] for one in fleet], levels=["low"]) == ["e002"]
    assert ids(modules, instance_ids=[]) == []
    assert ids(modules, fleet="web") == ["e001", "e002", "e003", "e004"]
    assert ids(modules, fleet="db") == []
    assert ids(modules, event_ids=["e003", "e999"]) == ["e003"]


def test_a_finding_is_shown_in_full(modules: Modules, fleet: list[dict[str, t.Any]]) -> None:
    result = modules.run("trust_event_info", instance_ids=[fleet[1]["InstanceId"]])
    first, second = result["findings"]
    assert (first["suspect"], first["property_name"], first["level"], first["state"]) == (
        "PCR 9",
        "web-002",
        "high",
        "open",
    )
    assert first["instance_id"] == fleet[1]["InstanceId"]
    assert (second["status_number"], second["handle_type_number"]) == (1, 2)
    assert result["open_count"] == 1


def test_hundreds_are_read_to_the_end(modules: Modules, fleet: list[dict[str, t.Any]]) -> None:
    for number in range(5, 251):
        records.found(modules, number, fleet[0])
    modules.cloud.forget_requests()
    assert len(ids(modules)) == 250
    assert modules.cloud.counts() == {"trusted-server:DescribeEvents": 3}


# ---------------------------------------------------------------------- handling


@pytest.mark.usefixtures("fleet")
def test_the_matrix_accept_by_filter(modules: Modules) -> None:
    result = modules.twice(MODULE, state="accepted", fleet="web", levels=["high"])
    assert result["steps"] == ["accept as the new baseline: PCR 9 on web-001, PCR 9 on web-002"]
    assert [one["state"] for one in result["findings"]] == ["accepted", "accepted"]
    assert states(modules) == {"e001": "accepted", "e002": "open", "e003": "accepted", "e004": "ignored"}
    assert modules.cloud.counts()["trusted-server:TrustEvents"] == 1


@pytest.mark.usefixtures("fleet")
def test_the_matrix_ignore_by_id(modules: Modules) -> None:
    result = modules.twice(MODULE, state="ignored", event_ids=["e001", "e004"])
    assert result["steps"] == ["ignore: PCR 9 on web-001"]
    assert states(modules) == {"e001": "ignored", "e002": "open", "e003": "open", "e004": "ignored"}


@pytest.mark.usefixtures("fleet")
def test_the_matrix_decide_anew(modules: Modules) -> None:
    modules.twice(MODULE, state="accepted", event_ids=["e004"])
    assert states(modules)["e004"] == "accepted"


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("check", [False, True])
def test_what_is_not_expected_stops_everything(modules: Modules, check: bool) -> None:
    failed = modules.run(MODULE, state="accepted", fleet="web", expected=["PCR 8", "PCR 9"], fails=True, check=check)
    assert "1 of 3 findings are not expected: /usr/bin/bash on web-001. Nothing was handled." in failed["msg"]
    assert [one["event_id"] for one in failed["unexpected"]] == ["e002"]
    assert "trusted-server:TrustEvents" not in modules.cloud.counts()
    blank = modules.run(MODULE, state="accepted", fleet="web", expected=[" "], fails=True, check=check)
    assert "3 of 3 findings are not expected" in blank["msg"]
    blank = modules.run(MODULE, state="accepted", fleet="web", event_ids=[""], fails=True, check=check)
    assert "event_ids is empty" in blank["msg"]
    modules.twice(MODULE, state="accepted", fleet="web", expected=["PCR 9", "/usr/bin/*"])


@pytest.mark.usefixtures("fleet")
def test_what_is_not_expected_can_be_left_open(modules: Modules) -> None:
    result = modules.twice(MODULE, state="accepted", fleet="web", expected=["PCR 9"], unexpected="leave")
    assert "/usr/bin/bash on web-001" in str(result["warnings"])
    assert states(modules)["e002"] == "open"


def test_more_than_one_call_can_take(modules: Modules, fleet: list[dict[str, t.Any]]) -> None:
    for number in range(5, 125):
        records.found(modules, number, fleet[0])
    modules.cloud.forget_requests()
    result = modules.run(MODULE, state="accepted", all_findings=True)
    assert [len(result["steps"]), len(result["findings"])] == [3, 123]
    assert modules.cloud.counts()["trusted-server:TrustEvents"] == 3


@pytest.mark.usefixtures("fleet")
def test_a_lost_answer_and_late_reads_do_no_harm(modules: Modules) -> None:
    modules.cloud.clock_advance(60)  # what there is now is seen by late reads too
    modules.cloud.fault("drop_after_commit", "trusted-server:TrustEvents")
    modules.cloud.fault("read_lag", "trusted-server:DescribeEvents", times=3, seconds=30)
    result = modules.run(MODULE, state="accepted", event_ids=["e001"])
    assert [one["state"] for one in result["findings"]] == ["accepted"]


@pytest.mark.usefixtures("fleet")
def test_a_failure_in_the_middle_says_what_is_done(modules: Modules) -> None:
    modules.cloud.fault("error", "trusted-server:TrustEvents", code="Forbidden.RAM", status=403)
    failed = modules.run(MODULE, state="accepted", fleet="web", fails=True)
    assert failed["steps_done"] == []
    assert len(failed["steps_left"]) == 1
    modules.run(MODULE, state="accepted", fleet="web")
