# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role protect and its playbook: agent, notifications and thresholds of a fleet."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from controller.guarded import Guarded

from local_cloud.control import LocalCloud


@pytest.fixture
def protected(tmp_path: Path, fresh_cloud: LocalCloud) -> Guarded:
    return Guarded(tmp_path, fresh_cloud)


CHANGES = {
    "sas:CreateServiceLinkedRole",
    "sas:OperateAgentClientInstall",
    "sas:ModifyNoticeConfig",
    "antiddos-public:ModifyIpDefenseThreshold",
}


def test_a_fleet_is_protected_and_then_nothing_is_left_to_do(protected: Guarded) -> None:
    wanted: dict[str, t.Any] = {
        "protect_notice_methods": ["text_message"],
        "protect_thresholds": "manual",
        "protect_mbps": "100",
        "protect_pps": 20000,
    }
    foretold = protected.run("protect", "--check", **wanted)
    assert "failed=0" in foretold
    assert "changed=3" in foretold
    assert protected.changes() == set()
    done = protected.run("protect", **wanted)
    assert ("changed=3" in done, "failed=0" in done) == (True, True), done
    assert protected.changes() == CHANGES
    modules = protected.modules
    servers = modules.run("security_center_agent_info", instance_ids=protected.ids)["servers"]
    assert [one["agent"] for one in servers] == ["online", "online"]
    notices = modules.run("security_center_notice_info")["notices"]
    assert [one["methods"] for one in notices if one["item"] == "sas_suspicious"] == [["text_message"]]
    (threshold,) = modules.run("ddos_threshold_info", instance_ids=protected.ids)["thresholds"]
    assert [threshold[key] for key in ("instance_id", "mbps", "pps")] == [protected.public, 100, 20000]
    assert "changed=0" in protected.run("protect", **wanted)


def test_what_is_not_asked_for_is_left_alone(protected: Guarded) -> None:
    left = {"protect_agent": False, "protect_notice_items": [], "protect_thresholds": "unchanged"}
    assert "changed=0" in protected.run("protect", **left)
    assert protected.changes() == set()


def test_a_check_run_goes_on_where_the_fleet_is_not_made_yet(protected: Guarded) -> None:
    output = protected.run(
        "protect", "--check", protect_instance_ids=[], protect_fleet="new", protect_notice_methods=["text_message"]
    )
    assert ("failed=0" in output, "changed=1" in output) == (True, True), output


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"protect_instance_ids": []}, "Give protect_fleet or protect_instance_ids"),
        ({"protect_thresholds": "manual", "protect_mbps": 100}, "both protect_mbps and protect_pps"),
        ({"protect_mbps": 100, "protect_pps": 100}, "both protect_mbps and protect_pps"),
        ({"protect_thresholds": "manual", "protect_mbps": "fast", "protect_pps": 1}, "as numbers above 0"),
        ({"protect_thresholds": "off"}, "value of protect_thresholds must be one of"),
        ({"protect_instance_ids": "i-bp67acfmxazb4pgone00"}, "There is no instance i-bp67acfmxazb4pgone00"),
        ({"protect_instance_ids": [], "protect_fleet": "nobody"}, "There is no instance of the fleet nobody"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_changes(
    protected: Guarded, wrong: dict[str, t.Any], said: str
) -> None:
    assert said in protected.run("protect", **wrong)
    assert protected.changes() == set()
