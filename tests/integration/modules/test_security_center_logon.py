# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.security_center_logon and its info twin against the local cloud."""

from __future__ import annotations

import typing as t

import pytest
from modules.network import Network

from ansible_collections.alitrust.ecs.plugins.module_utils._security_center import logon

if t.TYPE_CHECKING:
    from modules.harness import CheckRun, Modules, Result

CHANGE, SWITCH = "sas:ModifyLoginBaseConfig", "sas:ModifyLoginSwitchConfig"
OFFICE, HOME = "192.0.2.10", "192.0.2.11"


@pytest.fixture
def ids(modules: Modules) -> list[str]:
    network = Network(modules)
    return network.new_instances(network.new_group("web"), 2)


def told(result: Result, kind: str) -> list[list[str]]:
    return [one[kind] for one in result["servers"]]


def test_say_which_logons_are_usual(modules: Modules, ids: list[str]) -> None:
    given = {"ips": [OFFICE, HOME], "times": ["08:00 - 18:00"], "accounts": ["ops"], "locations": ["Shanghai"]}
    done = modules.twice("security_center_logon", instance_ids=ids, **given)
    assert done["api_calls"][CHANGE] == 5
    found = modules.run("security_center_logon_info", instance_ids=ids)
    assert told(found, "ips") == told(done, "ips") == [[OFFICE, HOME]] * 2
    assert told(found, "times") == told(done, "times") == [["08:00-18:00"]] * 2
    assert (told(found, "accounts"), told(found, "locations")) == ([["ops"]] * 2, [["Shanghai"]] * 2)
    assert found["for_many"] == {"ips": [], "times": [], "accounts": [], "locations": []}
    assert (found["alert_on_ips"], found["alert_on_times"], found["alert_on_accounts"]) == (False, False, False)


def test_what_is_missing_is_added_and_the_rest_stays(modules: Modules, ids: list[str]) -> None:
    modules.run("security_center_logon", instance_ids=ids[:1], ips=[OFFICE])
    done = modules.twice("security_center_logon", instance_ids=ids, ips=[OFFICE])
    assert (len(done["steps"]), ids[0] in done["steps"][0], ids[1] in done["steps"][0]) == (1, False, True)
    modules.twice("security_center_logon", instance_ids=ids[1:], ips=[HOME], accounts=["ops"])
    found = modules.run("security_center_logon_info", instance_ids=ids)
    assert told(found, "ips") == [[OFFICE], [OFFICE, HOME]]


def test_what_is_not_given_goes_when_asked_for(modules: Modules, ids: list[str]) -> None:
    modules.run("security_center_logon", instance_ids=ids, ips=[OFFICE, HOME], accounts=["ops"])
    modules.twice("security_center_logon", instance_ids=ids[:1], ips=[HOME], purge=True)
    found = modules.run("security_center_logon_info", instance_ids=ids)
    assert told(found, "ips") == [[HOME], [OFFICE, HOME]]
    assert told(found, "accounts") == [["ops"], ["ops"]]
    modules.twice("security_center_logon", instance_ids=ids, ips=[], purge=True)
    assert told(modules.run("security_center_logon_info"), "ips") == [[], []]


def test_alerts_are_switched(modules: Modules) -> None:
    done = modules.twice("security_center_logon", alert_on_ips=True, alert_on_accounts=False)
    assert done["steps"] == ["tell of logons with unusual ips"]
    assert (done["alert_on_ips"], done["alert_on_accounts"]) == (True, False)
    assert "alert_on_times" not in done
    assert set(done["api_calls"]) == {"sas:DescribeLoginSwitchConfigs", SWITCH}
    modules.twice("security_center_logon", alert_on_ips=False)


def test_an_instance_that_is_not_known_stops_all(modules: Modules, ids: list[str]) -> None:
    modules.cloud.set("sas.new_server_seconds", 3600)
    failed = modules.run("security_center_logon", instance_ids=ids, ips=[OFFICE], fails=True)
    assert "does not know" in failed["msg"]
    assert CHANGE not in modules.cloud.counts()


def test_pages_are_read_to_the_end(modules: Modules, ids: list[str]) -> None:
    modules.cloud.set("sas.largest_page", 2)
    wanted = [f"192.0.2.{number}" for number in range(10, 15)]
    modules.run("security_center_logon", instance_ids=ids, ips=wanted)
    assert not modules.run("security_center_logon", instance_ids=ids, ips=wanted)["changed"]


def test_a_fleet_from_nothing(check_run: CheckRun, modules: Modules) -> None:
    network = Network(modules)
    place = {"vswitch_id": network.vswitch, "security_group_ids": [network.new_group("web")]}
    image = {"image_id": "aliyun_3_x64_20G_alibase_20240528.vhd", "trusted_mode": False}
    check_run("trusted_instance", name="web", instance_type="ecs.g7.large", **image, **place)
    assert told(check_run("security_center_logon", fleet="web", ips=[OFFICE]), "ips") == [[OFFICE]]


@pytest.mark.parametrize("fault", ["drop_before_commit", "drop_after_commit", "throttling", "internal_error"])
def test_trouble_is_outlasted(modules: Modules, ids: list[str], fault: str) -> None:
    for call in (CHANGE, SWITCH):
        modules.cloud.fault(fault, call)
    modules.run("security_center_logon", instance_ids=ids, ips=[OFFICE], alert_on_ips=True)
    assert not modules.run("security_center_logon", instance_ids=ids, ips=[OFFICE], alert_on_ips=True)["changed"]


def usual(**more: t.Any) -> logon.Usual:
    return logon.Usual("ips", OFFICE, {"ip": OFFICE}, **more)


def server(uuid: str) -> dict[str, t.Any]:
    return {"instance_id": f"i-{uuid}", "name": "", "uuid": uuid}


def test_what_is_set_for_all_is_enough_and_stays() -> None:
    found = logon.Found([server("a")], [usual(wide=True, everywhere=True)], {})
    kept = logon.plan(found, {"ips": [OFFICE]}, {}, purge=False)
    assert (kept.steps, kept.before) == ((), kept.after)
    purged = logon.plan(found, {"ips": []}, {}, purge=True)
    assert (purged.steps, purged.before) == ((), purged.after)
    assert "stays" in purged.kept[0]


def test_what_is_set_for_a_group_is_set_for_the_server_too() -> None:
    found = logon.Found([server("a"), server("b")], [usual(wide=True, uuids=frozenset("b"))], {})
    (step,) = logon.plan(found, {"ips": [OFFICE]}, {}, purge=False).steps
    assert (step.args["flag"], step.args["uuids"]) == ("add", ["a"])


def test_servers_are_named_in_their_order() -> None:
    found = logon.Found([server("b"), server("a")], [], {})
    (step,) = logon.plan(found, {"ips": [OFFICE]}, {}, purge=False).steps
    assert (step.args["uuids"], step.name) == (["b", "a"], f"let ip {OFFICE} be usual on i-b, i-a")
