# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""prefix_list and prefix_list_info: made, named by rules, changed, deleted."""

from __future__ import annotations

import typing as t

import pytest
from modules.harness import CheckRun, Modules
from modules.network import Network

OWNER = "alitrust.ecs:owner"
OFFICE: dict[str, t.Any] = {"name": "office", "address_family": "IPv4", "max_entries": 5}
FIRST, SECOND = {"cidr": "192.0.2.0/24", "description": "first"}, {"cidr": "198.51.100.0/24", "description": "second"}


def blocks(modules: Modules) -> list[str]:
    (there,) = modules.run("prefix_list_info", names=["office"])["prefix_lists"]
    return [one["cidr"] for one in there["entries"]]


def test_make_a_prefix_list_and_change_its_entries(modules: Modules) -> None:
    made = modules.twice("prefix_list", **OFFICE, entries=[FIRST], tags={"team": "ops"})["prefix_list"]
    assert (made["entries"], made["tags"]) == ([FIRST], {"team": "ops", OWNER: "office"})
    assert modules.run("prefix_list_info", names=["office"])["prefix_lists"] == [made]
    both = modules.twice("prefix_list", name="office", entries=[SECOND], purge_entries=False)["prefix_list"]
    assert both["entries"] == [FIRST, SECOND]
    other = {**SECOND, "description": "moved"}
    changed = modules.twice("prefix_list", name="office", entries=[other], description="offices")["prefix_list"]
    assert (changed["entries"], changed["description"]) == ([other], "offices")
    kept = modules.run("prefix_list", name="office", entries=[{"cidr": SECOND["cidr"]}])
    assert not kept["changed"], "a description that is not given is left alone"
    assert modules.twice("prefix_list", name="office", entries=[])["prefix_list"]["entries"] == []


def test_entries_are_exchanged_in_one_call(modules: Modules) -> None:
    """No rule is without a network that stays, however full the list is."""
    modules.run("prefix_list", **{**OFFICE, "max_entries": 1}, entries=[FIRST])
    done = modules.run("prefix_list", name="office", entries=[SECOND])
    assert done["api_calls"]["ecs:ModifyPrefixList"] == 1
    assert blocks(modules) == [SECOND["cidr"]]
    full = modules.run("prefix_list", name="office", entries=[FIRST], purge_entries=False, fails=True)
    assert "would have 2 entries; its max_entries is 1" in full["msg"]


def test_a_host_with_the_mask_of_a_network_is_taken_as_the_network(modules: Modules) -> None:
    modules.cloud.set("ecs.cidr_host_bits", "refuse")
    made = modules.run("prefix_list", **OFFICE, entries=[{"cidr": "192.0.2.7/24"}, {"cidr": "203.0.113.9"}])
    assert "it is taken as 192.0.2.0/24" in str(made["warnings"])
    assert blocks(modules) == ["192.0.2.0/24", "203.0.113.9/32"]
    assert not modules.run("prefix_list", **OFFICE, entries=[{"cidr": "192.0.2.0/24"}, {"cidr": "203.0.113.9/32"}])[
        "changed"
    ]


def test_what_cannot_be_changed_is_refused(modules: Modules) -> None:
    modules.run("prefix_list", **OFFICE, description="offices", entries=[FIRST])
    for option, value in {"address_family": "IPv6", "max_entries": 6, "tags": {"a": "b"}}.items():
        refused = modules.run("prefix_list", check=True, fails=True, name="office", **{option: value})
        assert "another name" in refused["msg"], refused["msg"]
    assert "cannot be cleared" in modules.run("prefix_list", name="office", description="", fails=True)["msg"]
    family = modules.run("prefix_list", name="office", entries=[{"cidr": "2001:db8::/32"}], fails=True)
    assert "is not of the address family IPv4" in family["msg"]


def test_a_list_that_rules_name_stays(modules: Modules) -> None:
    network = Network(modules)
    network.new_own_group("web")
    list_id = modules.run("prefix_list", **OFFICE, entries=[FIRST])["prefix_list"]["prefix_list_id"]
    rule = {"protocol": "tcp", "ports": "443", "prefix_list_id": list_id}
    modules.run("sg_rule", security_group="web", rules=[rule])
    told = modules.run("prefix_list", name="office", state="absent", check=True)
    assert "still used by rules of 1 security group" in str(told["warnings"])
    modules.cloud.forget_requests()
    refused = modules.run("prefix_list", name="office", state="absent", fails=True)
    assert "still used by rules of 1 security group" in refused["msg"]
    assert "ecs:DeletePrefixList" not in modules.cloud.counts()
    assert "still used" in modules.run("prefix_list", name="office", state="absent", leave_others=True)["kept"][0]
    modules.run("sg_rule", security_group="web", rules=[rule], state="absent")
    assert modules.twice("prefix_list", name="office", state="absent")["prefix_list"] is None


def test_what_others_made_is_left_alone(modules: Modules) -> None:
    wanted = {"PrefixListName": "office", "AddressFamily": "IPv4", "MaxEntries": 5, "Entry": [{"Cidr": "192.0.2.0/24"}]}
    theirs = modules.door().call("ecs", "CreatePrefixList", wanted)["PrefixListId"]
    tasks: list[dict[str, t.Any]] = [{"state": "absent"}, {"entries": []}]
    for task in tasks:
        assert f"does not carry the tag {OWNER}" in modules.run("prefix_list", fails=True, name="office", **task)["msg"]
        left = modules.run("prefix_list", name="office", **task, leave_others=True)
        assert not left["changed"]
        assert theirs in left["kept"][0]
    assert modules.twice("prefix_list", name="office", entries=[SECOND], adopt=True)["prefix_list"]["entries"] == [
        SECOND
    ]
    assert modules.twice("prefix_list", name="office", state="absent", adopt=True)["prefix_list"] is None


def test_two_of_one_name_are_listed(modules: Modules) -> None:
    for _number in (0, 1):
        wanted = {"PrefixListName": "office", "AddressFamily": "IPv4", "MaxEntries": 5}
        modules.door().call("ecs", "CreatePrefixList", wanted)
    assert "2 prefix lists are named office: pl-" in modules.run("prefix_list", name="office", fails=True)["msg"]


def test_a_check_from_nothing_knows_what_would_be_made(modules: Modules) -> None:
    check = CheckRun(modules)
    check("prefix_list", **OFFICE, entries=[FIRST])
    assert check("prefix_list", name="office", entries=[SECOND])["prefix_list"]["entries"] == [SECOND]
    assert [one["name"] for one in check("prefix_list_info")["prefix_lists"]] == ["office"]
    assert check("prefix_list", name="office", state="absent")["changed"]
    assert check("prefix_list_info")["prefix_lists"] == []


@pytest.mark.parametrize("fault", ["read_lag", "drop_after_commit"])
def test_reads_that_are_behind_and_lost_answers(modules: Modules, fault: str) -> None:
    more = {"seconds": 0.5, "times": None} if fault == "read_lag" else {"times": 1}
    modules.cloud.fault(fault, "ecs:*PrefixList*", **more)
    assert modules.run("prefix_list", **OFFICE, entries=[FIRST])["changed"]
    assert not modules.run("prefix_list", **OFFICE, entries=[FIRST])["changed"]
    assert modules.run("prefix_list", name="office", entries=[SECOND])["changed"]
    assert not modules.run("prefix_list", name="office", entries=[SECOND])["changed"]
    assert modules.run("prefix_list", name="office", state="absent")["changed"]
    assert len(modules.cloud.resources("prefix_list")) == 0
