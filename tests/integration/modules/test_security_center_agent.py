# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.security_center_agent and its info twin against the local cloud."""

from __future__ import annotations

import typing as t

import pytest
from modules.network import Network

from ansible_collections.alitrust.ecs.plugins.module_utils._security_center import agent

if t.TYPE_CHECKING:
    from modules.harness import CheckRun, Modules, Result

INSTALL, UNINSTALL = "sas:OperateAgentClientInstall", "sas:AddUninstallClientsByUuids"
ROLE = "let Security Center read the account, by the role AliyunServiceRoleForSas"


@pytest.fixture
def network(modules: Modules) -> Network:
    for name in ("install", "uninstall"):
        modules.cloud.set(f"sas.{name}_seconds", 0.2)
    return Network(modules)


@pytest.fixture
def ids(network: Network) -> list[str]:
    return network.new_instances(network.new_group("web"), 2)


def agents(result: Result) -> list[str]:
    return [one["agent"] for one in result["servers"]]


def test_install_the_agent_on_instances(modules: Modules, ids: list[str]) -> None:
    done = modules.twice("security_center_agent", instance_ids=ids)
    assert agents(done) == ["online", "online"]
    assert done["diff"]["before"] == {**dict.fromkeys(ids, "uninstalled"), "service_role": False}
    assert done["diff"]["after"] == {**dict.fromkeys(ids, "online"), "service_role": True}
    assert done["steps"][0] == ROLE
    assert len(done["steps"]) == 2
    assert done["api_calls"][INSTALL] == 1
    found = modules.run("security_center_agent_info", instance_ids=ids)
    assert (found["servers"], found["service_role"], found["unprotected"]) == (done["servers"], True, [])
    assert found["summary"] == "2 of 2 servers protected"


def test_uninstall_the_agent(modules: Modules, ids: list[str]) -> None:
    modules.run("security_center_agent", instance_ids=ids)
    done = modules.twice("security_center_agent", instance_ids=ids[:1], state="absent")
    assert agents(done) == ["uninstalled"]
    assert "no longer protects" in str(done["warnings"])
    assert done["api_calls"][UNINSTALL] == 1
    assert "sas:DescribeServiceLinkedRoleStatus" not in done["api_calls"]
    assert agents(modules.run("security_center_agent_info", instance_ids=ids)) == ["uninstalled", "online"]
    assert modules.run("security_center_agent", instance_ids=ids[:1], state="absent").get("warnings") is None


def test_only_those_without_get_it(modules: Modules, network: Network) -> None:
    group = network.new_group("web")
    (ready,) = network.new_instances(group, SecurityEnhancementStrategy="Active")
    (bare,) = network.new_instances(group)
    done = modules.run("security_center_agent", instance_ids=[ready, bare], service_role=False)
    assert len(done["steps"]) == 1
    assert bare in done["steps"][0]
    assert ready not in done["steps"][0]
    assert agents(done) == ["online", "online"]


def test_an_agent_that_is_offline_is_installed_again_and_a_paused_one_is_not(modules: Modules, ids: list[str]) -> None:
    modules.cloud.security_center(ids[0], agent="offline")
    modules.cloud.security_center(ids[1], agent="paused")
    done = modules.run("security_center_agent", instance_ids=ids, service_role=False)
    assert agents(done) == ["online", "paused"]
    assert "is paused" in str(done["warnings"])
    assert not modules.run("security_center_agent", instance_ids=ids, service_role=False)["changed"]


def test_a_stopped_instance_keeps_its_agent_and_gets_none(modules: Modules, network: Network, ids: list[str]) -> None:
    modules.cloud.security_center(ids[0], agent="online")
    for one in ids:
        network.api.call("ecs", "StopInstance", InstanceId=one)
    modules.cloud.clock_advance(60)
    for check in (True, False):
        failed = modules.run("security_center_agent", instance_ids=ids, check=check, fails=True)
        assert ids[1] in failed["msg"]
        assert "only be installed on instances that run" in failed["msg"]
    assert "sas:CreateServiceLinkedRole" not in modules.cloud.counts()
    kept = modules.run("security_center_agent", instance_ids=ids[:1], service_role=False)
    assert (kept["changed"], agents(kept)) == (False, ["stopped"])


def test_an_installation_that_fails_says_why(modules: Modules, ids: list[str]) -> None:
    modules.cloud.set("sas.install_result", 1008)
    failed = modules.run("security_center_agent", instance_ids=ids, fails=True)
    assert "the instance has no Cloud Assistant (code 1008)" in failed["msg"]
    assert failed["changed"]


def test_a_wait_that_runs_out_says_what_was_seen_last(modules: Modules, ids: list[str]) -> None:
    modules.cloud.set("sas.install_seconds", 3600)
    failed = modules.run("security_center_agent", instance_ids=ids[:1], wait_timeout=1, fails=True)
    assert "last seen: uninstalled on" in failed["msg"]


def test_instances_that_security_center_has_not_heard_of(modules: Modules, ids: list[str]) -> None:
    modules.cloud.set("sas.new_server_seconds", 3600)
    first = modules.run("security_center_agent", instance_ids=ids, service_role=False, check=True)
    assert [step.partition(" ")[0] for step in first["steps"]] == ["have", "install"]
    done = modules.run("security_center_agent", instance_ids=ids, service_role=False)
    assert (done["steps"], agents(done)) == (first["steps"], ["online", "online"])


def test_a_fleet_has_agents_from_nothing(check_run: CheckRun, modules: Modules, network: Network) -> None:
    place = {"vswitch_id": network.vswitch, "security_group_ids": [network.new_group("web")]}
    image = {"image_id": "aliyun_3_x64_20G_alibase_20240528.vhd", "trusted_mode": False}
    fleet: dict[str, t.Any] = {"name": "web", "instance_type": "ecs.g7.large", **image, **place}
    check_run("trusted_instance", **fleet)
    assert agents(check_run("security_center_agent", fleet="web")) == ["online"]
    assert not check_run("security_center_agent", fleet="web")["changed"]
    assert check_run("security_center_agent_info", fleet="web")["unprotected"] == []
    modules.run("trusted_instance", **fleet)
    assert agents(modules.run("security_center_agent", fleet="web")) == ["online"]


@pytest.mark.parametrize("call", [INSTALL, "sas:CreateServiceLinkedRole"])
@pytest.mark.parametrize("fault", ["drop_before_commit", "drop_after_commit", "throttling", "internal_error"])
def test_trouble_is_outlasted(modules: Modules, ids: list[str], call: str, fault: str) -> None:
    modules.cloud.fault(fault, call)
    done = modules.run("security_center_agent", instance_ids=ids[:1])
    assert agents(done) == ["online"]
    assert not modules.run("security_center_agent", instance_ids=ids[:1])["changed"]


def test_many_are_installed_in_batches(modules: Modules, ids: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(agent, "UUIDS_AT_ONCE", 1)
        done = modules.run("security_center_agent", instance_ids=ids, service_role=False)
    assert (len(done["steps"]), done["api_calls"][INSTALL]) == (2, 2)
    assert agents(done) == ["online", "online"]
