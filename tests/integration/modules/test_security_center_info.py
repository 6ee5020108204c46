# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.security_center_info against the local cloud, where the control API attacks."""

from __future__ import annotations

import typing as t

import pytest
from modules.network import Network

from ansible_collections.alitrust.ecs.plugins.module_utils._security_center import servers

if t.TYPE_CHECKING:
    from modules.harness import CheckRun, Modules

CALLS = ("sas:DescribeCloudCenterInstances", "sas:DescribeSuspEvents", "sas:DescribeVulList")


@pytest.fixture
def ids(modules: Modules) -> list[str]:
    """Three instances, of which the first two have the agent."""
    network = Network(modules)
    made = network.new_instances(network.new_group("web"), 3)
    for one in made[:2]:
        modules.cloud.security_center(one, agent="online")
    return made


def test_the_status_of_instances_is_told(modules: Modules, ids: list[str]) -> None:
    modules.cloud.security_center(ids[0], alert={"Level": "serious"})
    modules.cloud.security_center(ids[0], alert={"Level": "remind"}, vulnerability={"Necessity": "asap"})
    modules.cloud.security_center(ids[1], vulnerability={"Type": "sca"}, risk={"RiskId": 43, "Level": "medium"})
    found = modules.run("security_center_info", instance_ids=[ids[2], ids[0], ids[1]])
    assert [one["instance_id"] for one in found["servers"]] == [ids[2], ids[0], ids[1]]
    bare, first, second = found["servers"]
    assert (bare["agent"], bare["protected"], bare["alerts"], bare["risks"]) == ("uninstalled", False, [], [])
    assert [one["level"] for one in first["alerts"]] == ["remind", "serious"]
    assert [(one["type"], one["priority"]) for one in first["vulnerabilities"]] == [("cve", "high")]
    assert [one["type"] for one in second["vulnerabilities"]] == ["sca"]
    assert [(one["risk_id"], one["level"], one["high"]) for one in second["risks"]] == [("43", "medium", 1)]
    assert [first[f"{kind}_count"] for kind in ("alert", "vulnerability", "risk")] == [2, 1, 0]
    assert found["unprotected"] == [ids[2]]
    assert found["serious_alerts"] == 1
    assert found["edition"] == "free"
    assert found["summary"] == "2 of 3 servers protected, 2 alerts, 2 vulnerabilities, 1 baseline risk"
    everywhere = modules.run("security_center_info")
    assert sorted(everywhere["servers"], key=str) == sorted(found["servers"], key=str)


def test_less_is_gathered_where_less_is_wanted(modules: Modules, ids: list[str]) -> None:
    modules.cloud.security_center(ids[0], alert={"Level": "remind"}, vulnerability={})
    found = modules.run("security_center_info", gather=["alerts"], alert_levels=["serious", "suspicious"])
    assert [(one["alerts"], one["vulnerabilities"], one["risks"]) for one in found["servers"]] == [([], None, None)] * 3
    assert found["servers"][0]["alert_count"] == 1
    assert set(found["api_calls"]) == {CALLS[0], CALLS[1], "sas:DescribeVersionConfig"}
    of_fleet = modules.run("security_center_info", fleet="none", gather=["alerts"])
    assert of_fleet["servers"] == []


def test_what_is_of_another_region_stays_out(modules: Modules, ids: list[str]) -> None:
    modules.cloud.security_center(ids[0], alert={})
    modules.region = "cn-beijing"
    found = modules.run("security_center_info")
    assert (found["servers"], found["serious_alerts"]) == ([], 0)


def test_pages_are_read_to_the_end_and_ids_are_asked_for_together(modules: Modules, ids: list[str]) -> None:
    modules.cloud.set("sas.largest_page", 2)
    for _one in range(5):
        modules.cloud.security_center(ids[0], alert={})
    found = modules.run("security_center_info", gather=["alerts"])
    assert (len(found["servers"]), len(found["servers"][0]["alerts"])) == (3, 5)
    modules.cloud.set("sas.largest_page", 100)
    asked = modules.run("security_center_info", instance_ids=ids, gather=["alerts", "vulnerabilities"])
    assert {call: asked["api_calls"][call] for call in CALLS} == dict(zip(CALLS, (1, 1, 5), strict=True))


def test_many_instances_are_picked_from_the_region(modules: Modules, ids: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(servers, "_MOST_ASKED", 1)
        found = modules.run("security_center_info", instance_ids=ids[:2], gather=[])
    assert [one["instance_id"] for one in found["servers"]] == ids[:2]


def test_what_security_center_does_not_know_is_unknown(modules: Modules, ids: list[str]) -> None:
    modules.cloud.set("sas.new_server_seconds", 3600)
    found = modules.run("security_center_info", instance_ids=ids[:1])
    (one,) = found["servers"]
    assert (one["agent"], one["uuid"], one["edition"], one["alerts"]) == ("unknown", None, None, [])
    assert found["unprotected"] == ids[:1]


def test_a_check_run_asks_of_what_it_would_have_made(check_run: CheckRun, modules: Modules) -> None:
    network = Network(modules)
    place = {"vswitch_id": network.vswitch, "security_group_ids": [network.new_group("web")]}
    image = {"image_id": "aliyun_3_x64_20G_alibase_20240528.vhd", "trusted_mode": False}
    check_run("trusted_instance", name="web", instance_type="ecs.g7.large", **image, **place)
    found = check_run("security_center_info", fleet="web")
    assert [one["agent"] for one in found["servers"]] == ["unknown"]
    assert "sas:DescribeSuspEvents" not in found["api_calls"]


def test_who_may_not_is_told_which_right_is_missing(modules: Modules, ids: list[str]) -> None:
    modules.cloud.fault("error", "sas:DescribeSuspEvents", code="NoPermission", status=403)
    failed = modules.run("security_center_info", fails=True)
    assert "yundun-sas:DescribeSuspEvents" in failed["msg"]
