# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""network_interface and network_interface_info: made, changed, attached, moved, detached, deleted."""

from __future__ import annotations

import typing as t

import pytest
from modules.harness import CheckRun, Modules
from modules.network import Network

OWNER = "alitrust.ecs:owner"


class Place(Network):
    """A network with a group, where attaching takes a moment."""

    def __init__(self, modules: Modules) -> None:
        super().__init__(modules)
        self.local.set("ecs.attaching_seconds", 0.05)
        self.modules = modules
        self.group = self.new_group("web")
        self.new: dict[str, t.Any] = {"name": "second", "vswitch_id": self.vswitch, "security_group_ids": [self.group]}

    def theirs(self, **params: t.Any) -> str:
        """A network interface that others made."""
        wanted = {"VSwitchId": self.vswitch, "SecurityGroupIds": [self.group], "NetworkInterfaceName": "second"}
        return str(self.api.call("ecs", "CreateNetworkInterface", {**wanted, **params})["NetworkInterfaceId"])

    def attach(self, interface: str, instance: str) -> None:
        self.api.call("ecs", "AttachNetworkInterface", NetworkInterfaceId=interface, InstanceId=instance)
        self.local.clock_advance(1)

    def secondary(self) -> list[dict[str, t.Any]]:
        return [one for one in self.local.resources("eni") if one["Type"] == "Secondary"]

    def writes(self) -> set[str]:
        names = ("CreateNetworkInterface", "AttachNetworkInterface", "DetachNetworkInterface", "DeleteNetworkInterface")
        return {name for name in (*names, "ModifyNetworkInterfaceAttribute") if f"ecs:{name}" in self.local.counts()}


@pytest.fixture
def place(modules: Modules) -> Place:
    return Place(modules)


def test_make_and_attach_a_network_interface(modules: Modules, place: Place) -> None:
    (web,) = place.new_instances(place.group)
    wanted: dict[str, t.Any] = {
        "description": "towards the database",
        "private_ip_addresses": ["172.16.0.90", "172.16.0.91"],
        "primary_ip_address": "172.16.0.80",
        "tags": {"team": "ops"},
    }
    done = modules.twice("network_interface", **place.new, **wanted, instance_id=web)
    made = done["network_interface"]
    assert (made["status"], made["instance_id"], made["type"]) == ("InUse", web, "Secondary")
    assert made["tags"] == {"team": "ops", OWNER: "second"}
    assert [made[name] for name in wanted if name != "tags"] == [wanted[name] for name in wanted if name != "tags"]
    assert made["vpc_id"] == place.vpc
    assert made["delete_on_release"]
    assert modules.run("network_interface_info", names=["second"])["network_interfaces"] == [made]
    of_web = modules.run("network_interface_info", instance_id=web)["network_interfaces"]
    assert [one["type"] for one in of_web] == ["Primary", "Secondary"]


def test_change_a_network_interface_in_place(modules: Modules, place: Place) -> None:
    other = place.new_group("other")
    made = modules.twice("network_interface", **place.new)["network_interface"]
    changes: dict[str, t.Any] = {
        "description": "new",
        "security_group_ids": [other],
        "delete_on_release": False,
        "tags": {"a": "b"},
    }
    changed = modules.twice("network_interface", name="second", **changes)["network_interface"]
    assert {name: changed[name] for name in changes} == {**changes, "tags": {"a": "b", OWNER: "second"}}
    assert place.local.counts()["ecs:ModifyNetworkInterfaceAttribute"] == 1
    key = made["network_interface_id"]
    renamed = modules.twice("network_interface", network_interface_id=key, name="third")["network_interface"]
    assert renamed["name"] == "third"
    refused = modules.run("network_interface", name="third", description="", fails=True)
    assert "cannot be cleared" in refused["msg"]


def test_detach_and_delete_a_network_interface(modules: Modules, place: Place) -> None:
    (web,) = place.new_instances(place.group)
    modules.run("network_interface", **place.new, instance_id=web)
    refused = modules.run("network_interface", name="second", state="absent", fails=True)
    assert f"is still attached to instance {web}" in refused["msg"]
    assert "detach: true" in refused["msg"]
    assert "still used" in modules.run("network_interface", name="second", state="absent", leave_others=True)["kept"][0]
    free = modules.twice("network_interface", name="second", state="detached")["network_interface"]
    assert (free["status"], free["instance_id"]) == ("Available", "")
    modules.twice("network_interface", name="second", instance_id=web)
    assert modules.twice("network_interface", name="second", state="absent", detach=True)["network_interface"] is None
    assert place.secondary() == []


def test_move_a_network_interface_to_another_instance(modules: Modules, place: Place) -> None:
    one, other = place.new_instances(place.group, 2)
    modules.run("network_interface", **place.new, instance_id=one)
    refused = modules.run("network_interface", name="second", instance_id=other, check=True, fails=True)
    assert f"is attached to instance {one}, not to {other}" in refused["msg"]
    moved = modules.twice("network_interface", name="second", instance_id=other, detach=True)["network_interface"]
    assert (moved["instance_id"], moved["status"]) == (other, "InUse")


def test_the_old_instance_gets_it_back_where_the_new_one_refuses(modules: Modules, place: Place) -> None:
    one, other = place.new_instances(place.group, 2)
    modules.run("network_interface", **place.new, instance_id=one)
    place.local.fault("error", "ecs:AttachNetworkInterface", code="OperationDenied", status=403, times=1)
    failed = modules.run("network_interface", name="second", instance_id=other, detach=True, fails=True)
    assert f"It is attached to {one} again." in failed["msg"]
    assert [eni["InstanceId"] for eni in place.secondary()] == [one]


def test_the_limits_of_a_type_are_known_before_anything_is_made(modules: Modules, place: Place) -> None:
    (web,) = place.new_instances(place.group)
    many = [f"172.16.0.{number}" for number in range(90, 96)]
    place.local.forget_requests()
    refused = modules.run("network_interface", **place.new, instance_id=web, private_ip_addresses=many, fails=True)
    assert "has 7 private addresses; a network interface of the type ecs.g7.large can have 6" in refused["msg"]
    for number in (1, 2):
        modules.run("network_interface", **{**place.new, "name": f"eni-{number}"}, instance_id=web)
    place.local.forget_requests()
    for check in (True, False):
        full = modules.run("network_interface", **place.new, instance_id=web, check=check, fails=True)
        assert f"The instance {web} has 3 network interfaces; its type ecs.g7.large can have 3" in full["msg"]
    assert place.writes() == set()


def test_what_does_not_fit_is_refused_before_anything_is_made(modules: Modules, place: Place) -> None:
    far = Network(modules, "cn-hangzhou-i")
    (web,) = place.new_instances(place.group)
    (elsewhere,) = far.new_instances(far.new_group("far"))
    switch = place.api.call("vpc", "CreateVSwitch", VpcId=place.vpc, ZoneId="cn-hangzhou-i", CidrBlock="172.17.0.0/20")
    place.local.clock_advance(10)
    advanced = place.new_group("advanced", SecurityGroupType="enterprise")
    place.local.forget_requests()
    tasks: list[tuple[dict[str, t.Any], str]] = [
        ({"instance_id": elsewhere}, "is in VPC"),
        ({"instance_id": web, "vswitch_id": switch["VSwitchId"]}, "is in zone cn-hangzhou-h"),
        ({"instance_id": "i-none"}, "There is no instance i-none"),
        ({"security_group_ids": ["sg-none"]}, "There is no security group sg-none"),
        ({"security_group_ids": [far.new_group("near")]}, "and the network interface second in VPC"),
        ({"security_group_ids": [place.group, advanced]}, "cannot be in basic and advanced groups at once"),
        ({"primary_ip_address": "10.0.0.1"}, "10.0.0.1 is not in 172.16.0.0/20"),
    ]
    for options, words in tasks:
        for check in (True, False):
            refused = modules.run("network_interface", **{**place.new, **options}, check=check, fails=True)
            assert words in refused["msg"], refused["msg"]
    assert place.writes() == set()
    modules.run("network_interface", **place.new)
    kept: list[dict[str, t.Any]] = [{"primary_ip_address": "172.16.0.77"}, {"private_ip_addresses": ["172.16.0.77"]}]
    for options in kept:
        fixed = modules.run("network_interface", name="second", **options, fails=True)
        assert "cannot be changed in place" in fixed["msg"]


def test_a_primary_one_stays_with_its_instance(modules: Modules, place: Place) -> None:
    (web,) = place.new_instances(place.group)
    (primary,) = modules.run("network_interface_info", instance_id=web)["network_interfaces"]
    key = {"network_interface_id": primary["network_interface_id"]}
    place.local.forget_requests()
    tasks: list[dict[str, t.Any]] = [
        {"state": "absent", "adopt": True, "detach": True},
        {"state": "detached", "adopt": True},
    ]
    for options in tasks:
        assert "is the primary one of" in modules.run("network_interface", **key, **options, fails=True)["msg"]
    groups = modules.run("network_interface", **key, security_group_ids=[place.new_group("other")], fails=True)
    assert "whose groups it has" in groups["msg"]
    assert place.writes() == set()
    assert not modules.run("network_interface", **key, security_group_ids=[place.group], instance_id=web)["changed"]


def test_what_others_made_is_left_alone(modules: Modules, place: Place) -> None:
    (web, other) = place.new_instances(place.group, 2)
    theirs = place.theirs()
    place.attach(theirs, web)
    tasks: list[dict[str, t.Any]] = [
        {"state": "absent", "detach": True},
        {"state": "detached"},
        {"instance_id": other, "detach": True},
    ]
    for task in tasks:
        refused = modules.run("network_interface", name="second", **task, fails=True)
        assert f"does not carry the tag {OWNER}" in refused["msg"], refused["msg"]
        left = modules.run("network_interface", name="second", **task, leave_others=True)
        assert not left["changed"]
        assert theirs in left["kept"][0]
    moved = modules.twice("network_interface", name="second", instance_id=other, detach=True, adopt=True)
    assert moved["network_interface"]["tags"] == {OWNER: "second"}
    assert modules.twice("network_interface", name="second", state="absent", detach=True)["network_interface"] is None


def test_a_name_is_looked_up_in_its_vswitch(modules: Modules, place: Place) -> None:
    elsewhere = Network(modules)
    group = elsewhere.new_group("web")
    modules.run("network_interface", **place.new)
    there: dict[str, t.Any] = {"name": "second", "vswitch_id": elsewhere.vswitch, "security_group_ids": [group]}
    assert modules.run("network_interface", **there)["changed"]
    both = modules.run("network_interface", name="second", state="absent", fails=True)
    assert "2 network interfaces are named second: eni-" in both["msg"]
    modules.twice("network_interface", name="second", vswitch_id=elsewhere.vswitch, state="absent")
    assert [one["VSwitchId"] for one in place.secondary()] == [place.vswitch]


def test_an_interrupted_run_is_waited_for(modules: Modules, place: Place) -> None:
    (web,) = place.new_instances(place.group)
    key = modules.run("network_interface", **place.new)["network_interface"]["network_interface_id"]
    place.local.set("ecs.attaching_seconds", 0.8)
    place.api.call("ecs", "AttachNetworkInterface", NetworkInterfaceId=key, InstanceId=web)
    waited = modules.run("network_interface", name="second", instance_id=web)
    assert not waited["changed"]
    assert waited["network_interface"]["status"] == "InUse"
    place.api.call("ecs", "DetachNetworkInterface", NetworkInterfaceId=key, InstanceId=web)
    assert not modules.run("network_interface", name="second", state="detached")["changed"]
    place.api.call("ecs", "AttachNetworkInterface", NetworkInterfaceId=key, InstanceId=web)
    assert (
        modules.run("network_interface", name="second", state="detached")["network_interface"]["status"] == "Available"
    )
    place.local.set("ecs.attaching_seconds", 30)
    late = modules.run("network_interface", name="second", instance_id=web, wait_timeout=1, fails=True)
    assert "for network interface second to be InUse; last seen: Attaching" in late["msg"]


def test_a_check_from_nothing_knows_what_would_be_made(modules: Modules, place: Place) -> None:
    (web,) = place.new_instances(place.group)
    other = place.new_group("other")
    check = CheckRun(modules)
    made = check("network_interface", **place.new, instance_id=web)["network_interface"]
    assert (made["instance_id"], made["status"], made["mac_address"]) == (web, None, None)
    key = made["network_interface_id"]
    assert not check("network_interface", **place.new, instance_id=web)["changed"]
    of_web = check("network_interface_info", instance_id=web, type="Secondary")["network_interfaces"]
    assert [one["name"] for one in of_web] == ["second"]
    assert check("sg_member", network_interface_ids=[key], security_group_ids=[other], state="exact")["changed"]
    moved = check("network_interface", name="second", security_group_ids=[other])
    assert not moved["changed"], "sg_member would have put it there"
    assert check("network_interface", name="second", state="absent", detach=True)["changed"]
    assert check("network_interface_info", names=["second"])["network_interfaces"] == []


def test_a_check_counts_what_would_be_attached(modules: Modules, place: Place) -> None:
    (web,) = place.new_instances(place.group)
    check = CheckRun(modules)
    for number in (1, 2):
        check("network_interface", **{**place.new, "name": f"eni-{number}"}, instance_id=web)
    assert "has 3 network interfaces" in check("network_interface", **place.new, instance_id=web, fails=True)["msg"]


def test_a_group_is_free_when_its_interface_would_be_gone(modules: Modules, place: Place) -> None:
    group = place.new_own_group("own")
    modules.run("network_interface", **{**place.new, "security_group_ids": [group]})
    check = CheckRun(modules)
    kept = check("security_group", security_group_id=group, state="absent", leave_others=True)
    assert "1 network interface" in kept["kept"][0]
    check("network_interface", name="second", state="absent")
    assert check("security_group", security_group_id=group, state="absent", leave_others=True)["changed"]


@pytest.mark.parametrize("fault", ["read_lag", "drop_after_commit"])
def test_reads_that_are_behind_and_lost_answers(modules: Modules, place: Place, fault: str) -> None:
    one, other = place.new_instances(place.group, 2)
    more: dict[str, t.Any] = {"seconds": 0.5, "times": None} if fault == "read_lag" else {"times": 1}
    for operation in ("Create", "Attach", "Detach", "Delete", "Describe", "Modify"):
        place.local.fault(fault, f"ecs:{operation}NetworkInterface*", **more)
    steps: list[dict[str, t.Any]] = [
        {**place.new, "instance_id": one},
        {"name": "second", "instance_id": other, "detach": True, "description": "moved"},
        {"name": "second", "state": "absent", "detach": True},
    ]
    for options in steps:
        assert modules.run("network_interface", **options)["changed"]
        assert not modules.run("network_interface", **options)["changed"]
    assert place.secondary() == []
