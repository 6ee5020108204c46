# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.security_center_alert against the local cloud, where the control API raises alerts."""

from __future__ import annotations

import typing as t

import pytest
from modules.network import Network

if t.TYPE_CHECKING:
    from modules.harness import CheckRun, Modules

HANDLE = "sas:HandleSecurityEvents"
NAMES = {"Level": "remind", "AlarmEventNameDisplay": "Logon from an unusual location"}


@pytest.fixture
def ids(modules: Modules) -> list[str]:
    """Two instances with three alerts: of the first one serious, of each one a reminder."""
    network = Network(modules)
    made = network.new_instances(network.new_group("web"), 2)
    for one in made:
        modules.cloud.security_center(one, agent="online")
        modules.cloud.security_center(one, alert=NAMES)
    modules.cloud.security_center(made[0], alert={"Level": "serious", "AlarmEventNameDisplay": "Webshell"})
    return made


def waiting(modules: Modules) -> list[str]:
    servers = modules.run("security_center_info", gather=["alerts"])["servers"]
    return sorted(alert["level"] for one in servers for alert in one["alerts"])


@pytest.mark.parametrize("state", ["ignored", "handled"])
def test_handle_alerts(modules: Modules, ids: list[str], state: str) -> None:
    done = modules.twice("security_center_alert", state=state, levels=["remind"], remark="as agreed")
    assert [one["state"] for one in done["alerts"]] == [state, state]
    assert done["api_calls"][HANDLE] == 1
    assert waiting(modules) == ["serious"]
    assert {one["state"] for one in done["diff"]["after"].values()} == {state}


def test_alerts_of_some_instances_only(modules: Modules, ids: list[str]) -> None:
    modules.run("security_center_alert", state="ignored", instance_ids=ids[1:])
    assert waiting(modules) == ["remind", "serious"]
    modules.region = "cn-beijing"
    assert not modules.run("security_center_alert", state="ignored", all_alerts=True)["changed"]


def test_one_alert_that_is_not_expected_stops_all(modules: Modules, ids: list[str]) -> None:
    for check in (True, False):
        failed = modules.run(
            "security_center_alert", state="handled", expected=["logon from*"], check=check, fails=True
        )
        assert [one["name"] for one in failed["unexpected"]] == ["Webshell"]
    assert HANDLE not in modules.cloud.counts()
    done = modules.twice("security_center_alert", state="handled", expected=["logon from*"], levels=["remind"])
    assert len(done["alerts"]) == 2


def test_what_is_named_is_handled_and_what_was_handled_stays(modules: Modules, ids: list[str]) -> None:
    first = modules.run("security_center_alert", state="ignored", levels=["serious"])
    (number,) = (one["alert_id"] for one in first["alerts"])
    again = modules.run("security_center_alert", state="handled", alert_ids=[number])
    assert (again["changed"], again["alerts"][0]["state"]) == (False, "ignored")
    failed = modules.run("security_center_alert", state="handled", alert_ids=[number, "4711"], fails=True)
    assert "There is no alert 4711" in failed["msg"]


def test_handling_that_fails_is_told(modules: Modules, ids: list[str]) -> None:
    modules.cloud.set("sas.handling_fails", True)
    failed = modules.run("security_center_alert", state="handled", levels=["serious"], fails=True)
    assert "could not handle" in failed["msg"]
    assert failed["changed"]


def test_a_check_run_knows_what_it_would_have_handled(check_run: CheckRun, ids: list[str]) -> None:
    assert check_run("security_center_alert", state="ignored", all_alerts=True)["changed"]
    assert not check_run("security_center_alert", state="ignored", all_alerts=True)["changed"]


@pytest.mark.parametrize("fault", ["drop_before_commit", "drop_after_commit", "throttling", "internal_error"])
def test_trouble_is_outlasted(modules: Modules, ids: list[str], fault: str) -> None:
    modules.cloud.fault(fault, HANDLE)
    modules.run("security_center_alert", state="ignored", all_alerts=True)
    assert waiting(modules) == []
