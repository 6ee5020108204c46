# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role protect and its playbook: agent, notifications and thresholds of a fleet."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
from controller.playbook import Ansible
from modules.harness import Modules
from modules.network import Network

from local_cloud.control import LocalCloud


class Protected:
    """Two instances, one with a public address, and the playbook for them."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        cloud.set("sas.install_seconds", 0.2)
        self.modules = Modules(cloud)
        network = Network(self.modules)
        group = network.new_group("web")
        self.ids = [
            *network.new_instances(group, 1),
            *network.new_instances(group, 1, InternetMaxBandwidthOut=5),
        ]
        self.public = self.ids[1]
        self.ansible = Ansible(folder, cloud, HOME=str(folder))
        cloud.forget_requests()

    def run(self, *arguments: str, **variables: t.Any) -> str:
        """The output of the playbook, in one line."""
        given = {"protect_instance_ids": self.ids, **variables}
        done = self.ansible.command("ansible-playbook", "alitrust.ecs.protect", "-e", json.dumps(given), *arguments)
        assert "Traceback" not in done.stderr
        return " ".join((done.stdout + done.stderr).split())

    def changes(self) -> set[str]:
        """Operations that were called and change something."""
        return {one for one in self.modules.cloud.counts() if not re.search(r":(Describe|Get|List)", one)}


@pytest.fixture
def protected(tmp_path: Path, fresh_cloud: LocalCloud) -> Protected:
    return Protected(tmp_path, fresh_cloud)


CHANGES = {
    "sas:CreateServiceLinkedRole",
    "sas:OperateAgentClientInstall",
    "sas:ModifyNoticeConfig",
    "antiddos-public:ModifyIpDefenseThreshold",
}


def test_a_fleet_is_protected_and_then_nothing_is_left_to_do(protected: Protected) -> None:
    wanted: dict[str, t.Any] = {
        "protect_notice_methods": ["text_message"],
        "protect_thresholds": "manual",
        "protect_mbps": "100",
        "protect_pps": 20000,
    }
    foretold = protected.run("--check", **wanted)
    assert "failed=0" in foretold
    assert "changed=3" in foretold
    assert protected.changes() == set()
    done = protected.run(**wanted)
    assert ("changed=3" in done, "failed=0" in done) == (True, True), done
    assert protected.changes() == CHANGES
    modules = protected.modules
    servers = modules.run("security_center_agent_info", instance_ids=protected.ids)["servers"]
    assert [one["agent"] for one in servers] == ["online", "online"]
    notices = modules.run("security_center_notice_info")["notices"]
    assert [one["methods"] for one in notices if one["item"] == "sas_suspicious"] == [["text_message"]]
    (threshold,) = modules.run("ddos_threshold_info", instance_ids=protected.ids)["thresholds"]
    assert [threshold[key] for key in ("instance_id", "mbps", "pps")] == [protected.public, 100, 20000]
    assert "changed=0" in protected.run(**wanted)


def test_what_is_not_asked_for_is_left_alone(protected: Protected) -> None:
    left = {"protect_agent": False, "protect_notice_items": [], "protect_thresholds": "unchanged"}
    assert "changed=0" in protected.run(**left)
    assert protected.changes() == set()


def test_a_check_run_goes_on_where_the_fleet_is_not_made_yet(protected: Protected) -> None:
    output = protected.run(
        "--check", protect_instance_ids=[], protect_fleet="new", protect_notice_methods=["text_message"]
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
    protected: Protected, wrong: dict[str, t.Any], said: str
) -> None:
    assert said in protected.run(**wrong)
    assert protected.changes() == set()
