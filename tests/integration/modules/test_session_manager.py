# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.session_manager and its info twin against the local cloud, which has no agents without hosts."""

from __future__ import annotations

import pytest
from modules.harness import Modules
from modules.network import Network

from ansible_collections.alitrust.ecs.plugins.module_utils._assistant.session_manager import SessionManager

SWITCH = "ecs:ModifyCloudAssistantSettings"


@pytest.mark.parametrize("enabled", [True, False])
def test_switching_and_then_nothing_more(modules: Modules, enabled: bool) -> None:
    modules.cloud.set("ecs.session_manager_enabled", not enabled)
    result = modules.twice("session_manager", enabled=enabled)
    assert result["diff"] == {"before": {"enabled": not enabled}, "after": {"enabled": enabled}}
    assert result["session_manager"] == {"enabled": enabled}
    assert result["steps"] == [f"switch Session Manager {'on' if enabled else 'off'}"]
    idle = modules.run("session_manager", enabled=enabled)
    assert idle["api_calls"] == {"ecs:DescribeCloudAssistantSettings": 1}


def test_other_settings_of_cloud_assistant_stay(modules: Modules) -> None:
    api = modules.door()
    upgrades = {"DisableUpgrade": True}
    api.call("ecs", "ModifyCloudAssistantSettings", {"AgentUpgradeConfig": upgrades}, SettingType="AgentUpgradeConfig")
    both = {"SettingType": ["AgentUpgradeConfig", "SessionManagerConfig"]}
    before = api.call("ecs", "DescribeCloudAssistantSettings", both)
    assert modules.run("session_manager")["changed"]
    after = api.call("ecs", "DescribeCloudAssistantSettings", both)
    assert after["AgentUpgradeConfig"] == before["AgentUpgradeConfig"]
    assert after["AgentUpgradeConfig"]["DisableUpgrade"] is True
    assert after["SessionManagerConfig"] != before["SessionManagerConfig"]


def test_check_mode_does_not_switch(modules: Modules) -> None:
    assert modules.run("session_manager", check=True)["changed"]
    assert SWITCH not in modules.cloud.counts()


@pytest.mark.parametrize("fault", ["drop_before_commit", "drop_after_commit", "throttling", "internal_error"])
def test_trouble_is_outlasted(modules: Modules, fault: str) -> None:
    modules.cloud.fault(fault, SWITCH)
    assert modules.run("session_manager")["session_manager"] == {"enabled": True}


def test_a_wait_that_runs_out_says_what_was_seen_last(modules: Modules) -> None:
    """Somebody else's switch was quicker."""
    api = modules.door()
    off = {"SettingType": "SessionManagerConfig", "SessionManagerConfig": {"SessionManagerEnabled": False}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SessionManager, "switch", lambda self: api.call("ecs", SWITCH[4:], off))
        failed = modules.run("session_manager", wait_timeout=1, fails=True)
    assert "last seen: off" in failed["msg"]
    assert failed["steps_done"] == ["switch Session Manager on"]


def test_what_is_there_is_told(modules: Modules) -> None:
    network = Network(modules)
    one, other = network.new_instances(network.new_group("web"), 2)
    found = modules.run("session_manager_info", instance_ids=[other, one])
    assert found["session_manager"] == {"enabled": False}
    assert [agent["instance_id"] for agent in found["agents"]] == [other, one]
    assert found["agents"][0] == {
        "instance_id": other,
        "online": False,
        "version": None,
        "last_heartbeat_time": None,
        "supports_session_manager": False,
    }
    assert found["sessions"] == []
    assert found["summary"] == "Session Manager is off, 0 of 2 agents online, 0 sessions"
    everywhere = modules.run("session_manager_info")
    assert sorted(agent["instance_id"] for agent in everywhere["agents"]) == sorted([one, other])


def test_open_sessions_are_told_of_and_warned_about(modules: Modules) -> None:
    """Without an agent a session stays Connecting, for as long as its address is good."""
    modules.cloud.set("ecs.session_agent_offline", "connect")
    modules.run("session_manager")
    network = Network(modules)
    one, other = network.new_instances(network.new_group("web"), 2)
    ids = [
        modules.door().call("ecs", "StartTerminalSession", InstanceId=[which], PortNumber=22)["SessionId"]
        for which in (one, one, other)
    ]
    modules.door().call("ecs", "EndTerminalSession", SessionId=ids[1])
    found = modules.run("session_manager_info")
    assert sorted(session["session_id"] for session in found["sessions"]) == sorted([ids[0], ids[2]])
    assert {session["port"] for session in found["sessions"]} == {22}
    mine = modules.run("session_manager_info", instance_ids=[one], all_sessions=True)["sessions"]
    assert {session["session_id"]: session["status"] for session in mine} == {
        ids[0]: "Connecting",
        ids[1]: "Disconnected",
    }
    for check in (True, False):
        result = modules.run("session_manager", enabled=False, check=check)
        assert "2 sessions to" in str(result["warnings"])
    assert modules.run("session_manager", enabled=False).get("warnings") is None
