# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.security_center_notice and its info twin against the local cloud."""

from __future__ import annotations

import typing as t

import pytest

if t.TYPE_CHECKING:
    from modules.harness import CheckRun, Modules

CHANGE = "sas:ModifyNoticeConfig"
ALERTS, BASELINE = "sas_suspicious", "sas_healthcheck"


def told(modules: Modules, *items: str) -> list[tuple[list[str], str]]:
    found = modules.run("security_center_notice_info", items=list(items))["notices"]
    return [(one["methods"], one["hours"]) for one in found]


def test_set_alert_notifications(modules: Modules) -> None:
    done = modules.twice(
        "security_center_notice", items=[ALERTS, BASELINE], methods=["email", "text_message"], hours="daytime"
    )
    assert told(modules, ALERTS, BASELINE) == [(["text_message", "email"], "daytime")] * 2
    assert done["steps"] == [
        f"notify of {one} by text message and email, from 8:00 to 22:00" for one in (ALERTS, BASELINE)
    ]
    assert done["diff"]["before"][ALERTS] == {"methods": ["email", "internal_message"], "hours": "any"}
    assert done["notices"] == modules.run("security_center_notice_info", items=[ALERTS, BASELINE])["notices"]


def test_what_is_not_given_stays(modules: Modules) -> None:
    modules.run("security_center_notice", items=[ALERTS], hours="daytime")
    assert told(modules, ALERTS) == [(["email", "internal_message"], "daytime")]
    modules.twice("security_center_notice", items=[ALERTS], methods=[])
    assert told(modules, ALERTS, BASELINE) == [([], "daytime"), (["email", "internal_message"], "any")]
    modules.twice("security_center_notice", items=[ALERTS], methods=["internal_message"])
    assert told(modules, ALERTS) == [(["internal_message"], "daytime")]


def test_only_what_differs_is_called(modules: Modules) -> None:
    modules.run("security_center_notice", items=[ALERTS], methods=["email"])
    done = modules.run("security_center_notice", items=[ALERTS, BASELINE, ALERTS], methods=["email"])
    assert done["api_calls"][CHANGE] == 1
    assert len(done["notices"]) == 2
    idle = modules.run("security_center_notice", items=[ALERTS, BASELINE], methods=["email"])
    assert idle["api_calls"] == {"sas:DescribeNoticeConfig": 1}


@pytest.mark.parametrize("fault", ["drop_before_commit", "drop_after_commit", "throttling", "internal_error"])
def test_trouble_is_outlasted(modules: Modules, fault: str) -> None:
    modules.cloud.fault(fault, CHANGE)
    modules.run("security_center_notice", items=[ALERTS], methods=["text_message"])
    assert told(modules, ALERTS) == [(["text_message"], "any")]


def test_reads_that_are_behind_are_waited_for(modules: Modules) -> None:
    modules.run("security_center_notice", items=[ALERTS], methods=["email"])
    modules.cloud.fault("read_lag", "sas:DescribeNoticeConfig", times=2, skip=1, seconds=60)
    assert modules.run("security_center_notice", items=[ALERTS], methods=[])["notices"][0]["methods"] == []


def test_a_check_run_knows_what_it_would_have_set(check_run: CheckRun) -> None:
    assert check_run("security_center_notice", items=[ALERTS], methods=[])["changed"]
    assert not check_run("security_center_notice", items=[ALERTS], methods=[])["changed"]
    assert check_run("security_center_notice_info", items=[ALERTS])["notices"][0]["methods"] == []


def test_all_notifications_are_listed(modules: Modules) -> None:
    found = modules.run("security_center_notice_info")["notices"]
    assert {ALERTS, BASELINE, "agent"} <= {one["item"] for one in found}
    assert {one["route_number"] for one in found} == {6}
