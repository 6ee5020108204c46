# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""trusted_instance against the local cloud: the matrix, what it costs, and what can go wrong meanwhile."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import typing as t

import pytest
from modules.trusted_world import OWNER, TRUST, World

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud
from ansible_collections.alitrust.ecs.plugins.module_utils._instance import creation, finder
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.desired import Desired

if t.TYPE_CHECKING:
    from modules.harness import Modules, Result


@pytest.fixture
def world(modules: Modules) -> World:
    return World(modules)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cloud in which new instances become visible faster than in the real one."""
    monkeypatch.setattr(creation, "VISIBLE_WITHIN", 2.0)


def names(result: Result) -> list[str]:
    return [one["name"] for one in result["instances"]]


def warnings(result: Result) -> str:
    return json.dumps(result.get("warnings", []))


# ---------------------------------------------------------------------- create


def test_creates_a_fleet_in_one_call(world: World) -> None:
    made = world.twice(**world.fleet(tags={"env": "test"}))
    assert names(made) == ["web-001", "web-002", "web-003"] == world.names()
    assert made["instance_ids"] == [one["InstanceId"] for one in world.stored()]
    assert {one["status"] for one in made["instances"]} == {"Running"}
    assert {one["fleet"] for one in made["instances"]} == {"web"}
    assert made["steps"] == ["create 3 instances web-001 to web-003 (ecs.g7t.large)"]
    assert made["summary"] == "3 instances (3 Running), 3 created"
    real = [one for one in world.local.requests() if one["operation"] == "ecs:RunInstances" and one["status"] == 200]
    assert len(real) == 1
    assert all(one["_Trusted"] for one in world.stored())
    assert all(one["trusted"]["supports_vtpm"] for one in made["instances"])


def test_creates_one_instance_with_everything(world: World) -> None:
    made = world.twice(
        **world.options,
        name="web",
        ram_role_name="web",
        key_name="web",
        host_name="web-${instance_id}",
        description="the web",
        user_data="#!/bin/sh\necho hello\n",
        http_tokens="required",
        deletion_protection=True,
        system_disk={"size": 60, "performance_level": "PL0", "encrypted": True},
        data_disks=[{"size": 100}],
        internet_max_bandwidth_out=5,
        tags={"env": "test", "number": 1},
    )
    (one,) = made["instances"]
    assert one["host_name"] == f"web-{one['instance_id']}"
    assert (one["ram_role_name"], one["key_name"], one["description"]) == ("web", "web", "the web")
    assert (one["http_endpoint"], one["http_tokens"], one["deletion_protection"]) == ("enabled", "required", True)
    assert one["tags"] == {"env": "test", "number": "1", OWNER: "web"}
    assert one["public_ip"]
    sizes = sorted((disk["Type"], disk["Size"]) for disk in world.local.resources("disk"))
    assert sizes == [("data", 100), ("system", 60)]
    data = world.api.call("ecs", "DescribeUserData", InstanceId=one["instance_id"])["UserData"]
    assert data == "IyEvYmluL3NoCmVjaG8gaGVsbG8K"


def test_a_host_name_pattern_counts_with_the_name(world: World) -> None:
    made = world.twice(**world.fleet(name="web-[7,3]", count=2, host_name="node[1,2].example"))
    assert [one["host_name"] for one in made["instances"]] == ["node01.example", "node02.example"]


def test_a_plain_name_with_count_is_a_pattern(world: World) -> None:
    assert names(world.run(**world.fleet(name="web", count=2))) == ["web-001", "web-002"]


def test_fills_gaps_with_the_lowest_free_numbers(world: World) -> None:
    made = world.run(**world.fleet(count=4))
    gone = [one["instance_id"] for one in made["instances"] if one["name"] in ("web-001", "web-003")]
    world.run(instance_ids=gone, state="absent")
    again = world.twice(**world.fleet(count=5))
    assert names(again) == [f"web-00{number}" for number in range(1, 6)] == world.names()
    assert not set(gone) & set(again["instance_ids"])


def test_a_bigger_count_adds_and_a_smaller_one_needs_permission(world: World) -> None:
    world.run(**world.fleet(count=2))
    assert len(world.twice(**world.fleet(count=4))["created_ids"]) == 2
    refused = world.run(**world.fleet(count=1), fails=True)
    assert "has 4 instances, count is 1" in refused["msg"]
    assert "remove_surplus: true" in refused["msg"]
    assert len(world.stored()) == 4
    left = world.twice(**world.fleet(count=1), remove_surplus=True)
    assert names(left) == ["web-001"] == world.names()
    assert world.twice(**world.fleet(count=0), remove_surplus=True)["instances"] == []


def test_surplus_without_a_proper_name_goes_first(world: World) -> None:
    world.run(**world.fleet(count=2))
    world.foreign("aaa", Tag=[{"Key": OWNER, "Value": "web"}])
    world.run(**world.fleet(count=2), remove_surplus=True)
    assert world.names() == ["web-001", "web-002"]


def test_more_than_a_hundred_take_two_calls(world: World) -> None:
    world.run(**world.fleet(count=130))
    amounts = [
        int(one["params"]["Amount"])
        for one in world.local.requests()
        if one["operation"] == "ecs:RunInstances" and one["status"] == 200
    ]
    assert amounts == [100, 30]
    assert len(set(world.names())) == 130


def test_not_trusted_when_asked(world: World) -> None:
    made = world.twice(
        **{**world.options, "instance_type": "ecs.g6.large", "image_id": "ubuntu_22_04_x64_20G_alibase_20240710.vhd"},
        name="plain",
        trusted_mode=False,
        system_disk={"category": "cloud_ssd"},
    )
    assert made["instances"][0]["trusted"] == {"supports_vtpm": False}


def test_a_new_stopped_instance_is_stopped_after_it_ran(world: World) -> None:
    made = world.twice(**world.options, name="web", state="stopped")
    assert made["instances"][0]["status"] == "Stopped"
    world.local.clock_advance(60)
    assert [one["Status"] for one in world.stored()] == ["Stopped"]


# ---------------------------------------------------------------------- ownership


def test_never_touches_an_instance_by_its_name_alone(world: World) -> None:
    alien = world.foreign("web-001")
    refused = world.run(**world.fleet(), fails=True)
    assert alien in refused["msg"]
    assert "adopt: true" in refused["msg"]
    assert refused["instance_ids"] == [alien]
    kept = world.run(name="web-001", fleet="web", state="absent")
    assert not kept["changed"]
    assert alien in kept["kept"][0]
    assert world.names() == ["web-001"]
    refused = world.run(instance_ids=[alien], state="absent", fails=True)
    assert "does not carry the tag alitrust.ecs:owner" in refused["msg"]
    world.twice(instance_ids=[alien], state="absent", adopt=True)
    assert world.names() == []


def test_adopts_on_request_and_then_owns(world: World) -> None:
    alien = world.foreign("web-002")
    made = world.twice(**world.fleet(), adopt=True)
    assert alien in made["instance_ids"]
    assert len(made["created_ids"]) == 2
    assert world.names() == ["web-001", "web-002", "web-003"]
    world.twice(fleet="web", state="absent")
    assert world.names() == []


def test_another_fleet_with_the_same_names_is_left_alone(world: World) -> None:
    world.run(**world.fleet(count=2), fleet="blue")
    world.run(**world.fleet(count=2), fleet="green")
    assert world.names() == ["web-001", "web-001", "web-002", "web-002"]
    world.run(fleet="blue", state="absent")
    assert {tag["TagValue"] for one in world.stored() for tag in one["Tags"]} == {"green"}


def test_one_named_instance_of_a_fleet(world: World) -> None:
    world.run(**world.options, name="db", fleet="shop")
    world.twice(**world.options, name="web", fleet="shop")
    assert world.names() == ["db", "web"]
    world.twice(name="db", fleet="shop", state="absent")
    assert world.names() == ["web"]


# ---------------------------------------------------------------------- change


def test_changes_attributes_in_place(world: World) -> None:
    world.run(**world.fleet(count=2), tags={"env": "test", "old": "yes"})
    changed = world.twice(
        **{**world.fleet(count=2), "security_group_ids": world.groups},
        description="changed",
        http_tokens="required",
        deletion_protection=True,
        ram_role_name="web",
        key_name="web",
        tags={"env": "live"},
    )
    for one in changed["instances"]:
        assert one["security_group_ids"] == sorted(world.groups)
        assert one["tags"] == {"env": "live", OWNER: "web"}
        assert (one["ram_role_name"], one["key_name"]) == ("web", "web")
    assert "next restart" in warnings(world.run(**world.fleet(count=2), host_name="h-${instance_id}"))


def test_options_that_are_not_given_are_left_alone(world: World) -> None:
    world.run(**world.fleet(count=1), description="mine", tags={"a": "b"}, ram_role_name="web", key_name="web")
    for options in ({"fleet": "web"}, world.fleet(count=1), {**world.fleet(count=1), "tags": None}):
        assert not world.run(**options)["changed"]
    assert not world.run(**world.fleet(count=1), tags={}, purge_tags=False)["changed"]
    assert world.twice(fleet="web", tags={})["instances"][0]["tags"] == {OWNER: "web"}


def test_replaces_a_role(world: World) -> None:
    world.run(**world.fleet(count=2), ram_role_name="other")
    changed = world.twice(**world.fleet(count=2), ram_role_name="web")
    assert [one["ram_role_name"] for one in changed["instances"]] == ["web", "web"]
    (step,) = changed["steps"]
    assert step.startswith("give web-001")
    assert step.endswith("the role web in place of other")


def test_a_new_key_pair_restarts_only_when_asked(world: World) -> None:
    world.run(**world.fleet(count=1))
    world.local.forget_requests()
    assert "takes effect at the next restart" in warnings(world.run(fleet="web", key_name="web"))
    assert "ecs:RebootInstances" not in world.local.counts()
    world.api.call("ecs", "CreateKeyPair", KeyPairName="other")
    changed = world.twice(fleet="web", key_name="other", restart_if_needed=True)
    assert changed["steps"][-1].startswith("restart web-001")
    world.run(fleet="web", state="stopped")
    assert world.run(fleet="web", key_name="web", restart_if_needed=True)["instances"][0]["status"] == "Stopped"


def test_gives_instances_the_names_of_a_new_pattern(world: World) -> None:
    before = world.run(**world.fleet(count=2))
    after = world.twice(**world.fleet(name="app[1,2]", count=2), fleet="web")
    assert names(after) == ["app01", "app02"]
    assert after["instance_ids"] == before["instance_ids"]


def test_works_by_ids(world: World) -> None:
    alien = world.foreign("somebody")
    changed = world.twice(instance_ids=[alien], description="known by id", state="stopped")
    assert (changed["instances"][0]["description"], changed["instances"][0]["status"]) == ("known by id", "Stopped")


def test_reports_what_needs_replacement_and_replaces_nothing(world: World) -> None:
    made = world.run(**world.fleet(count=1), system_disk={"size": 40})
    wanted = {**world.fleet(count=1), "instance_type": "ecs.g7t.xlarge", "system_disk": {"size": 20}}
    world.local.forget_requests()
    told = world.run(**wanted)
    assert not told["changed"]
    assert told["instance_ids"] == made["instance_ids"]
    assert [(item["option"], item["actual"], item["wanted"]) for item in told["needs_replacement"]] == [
        ("instance_type", "ecs.g7t.large", "ecs.g7t.xlarge"),
        ("system_disk.size", 40, 20),
    ]
    assert "nothing is replaced" in warnings(told)
    assert "wanted 20 (a disk cannot become smaller)" in warnings(told)
    refused = world.run(**wanted, on_needs_replacement="fail", fails=True)
    assert refused["needs_replacement"] == told["needs_replacement"]
    assert {name for name in world.local.counts() if "Describe" not in name} == set()


# ---------------------------------------------------------------------- power


def test_power_states(world: World) -> None:
    world.run(**world.fleet())
    assert {one["status"] for one in world.twice(fleet="web", state="stopped")["instances"]} == {"Stopped"}
    assert not world.run(**world.fleet(), state="present")["changed"]
    assert {one["status"] for one in world.twice(fleet="web", state="running")["instances"]} == {"Running"}


def test_restarts_running_ones_and_starts_stopped_ones(world: World) -> None:
    made = world.run(**world.fleet())
    world.run(instance_ids=made["instance_ids"][:1], state="stopped")
    world.local.forget_requests()
    again = world.run(fleet="web", state="restarted")
    assert {one["status"] for one in again["instances"]} == {"Running"}
    assert world.local.counts()["ecs:RebootInstances"] == world.local.counts()["ecs:StartInstances"] == 1
    assert world.run(fleet="web", state="restarted", check=True)["changed"]


def test_stops_without_paying(world: World) -> None:
    world.run(**world.fleet(count=1))
    assert (
        world.run(fleet="web", state="stopped", stopped_mode="StopCharging")["instances"][0]["stopped_mode"]
        == "StopCharging"
    )


# ---------------------------------------------------------------------- delete


def test_deletes_the_fleet_and_waits_until_it_is_gone(world: World) -> None:
    world.run(**world.fleet())
    assert world.twice(fleet="web", state="absent")["summary"] == "0 instances, 3 deleted"
    assert world.local.resources("instance") == []


def test_protected_instances_are_refused_before_any_call(world: World) -> None:
    world.run(**world.fleet(count=2), deletion_protection=True)
    world.local.forget_requests()
    refused = world.run(fleet="web", state="absent", fails=True)
    assert "protected" in refused["msg"]
    assert {name for name in world.local.counts() if "Describe" not in name} == set()
    world.twice(fleet="web", state="absent", deletion_protection=False)
    assert world.names() == []


# ---------------------------------------------------------------------- preflight


def test_names_every_unmet_requirement_at_once(world: World) -> None:
    elsewhere = world.api.call("vpc", "CreateVpc", CidrBlock="10.0.0.0/8")["VpcId"]
    world.local.clock_advance(10)
    group = world.api.call("ecs", "CreateSecurityGroup", VpcId=elsewhere)["SecurityGroupId"]
    refuser = json.dumps(TRUST).replace("ecs.aliyuncs.com", "fc.aliyuncs.com")
    world.api.call("ram", "CreateRole", RoleName="fc", AssumeRolePolicyDocument=refuser)
    for check in (True, False):
        refused = world.run(
            check=check,
            fails=True,
            **{
                **world.fleet(),
                "instance_type": "ecs.g6.large",
                "image_id": "ubuntu_22_04_x64_20G_alibase_20240710.vhd",
                "security_group_ids": [group],
                "ram_role_name": "fc",
                "key_name": "nobody",
                "zone_id": "cn-hangzhou-b",
                "system_disk": {"category": "cloud_ssd"},
            },
        )
        assert [item["option"] for item in refused["unmet"]] == [
            "zone_id",
            "security_group_ids",
            "key_name",
            "ram_role_name",
            "instance_type",
            "system_disk.category",
            "image_id",
        ]
        assert not refused.get("changed")
    assert world.names() == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"instance_type": "ecs.g7t.huge"}, "no instance type ecs.g7t.huge"),
        ({"image_id": "m-nothing"}, "no image m-nothing"),
        ({"vswitch_id": "vsw-nothing"}, "no vSwitch vsw-nothing"),
        ({"security_group_ids": ["sg-nothing"]}, "no security group sg-nothing"),
        ({"ram_role_name": "nobody"}, "no RAM role nobody"),
        ({"image_id": "debian_12_6_x64_20G_uefi_alibase_20240711.vhd"}, "ImageNotSupportInstanceType"),
    ],
)
def test_check_mode_finds_what_would_fail(world: World, options: dict[str, t.Any], told: str) -> None:
    assert told in world.run(check=True, fails=True, **{**world.fleet(), **options})["msg"]


def test_no_stock_in_the_zone_of_the_vswitch(world: World) -> None:
    poor = world.new_vswitch("cn-hangzhou-b", "172.16.16.0/20")
    refused = world.run(check=True, fails=True, **{**world.fleet(), "vswitch_id": poor})
    assert "is not to be had in cn-hangzhou-b" in refused["msg"]
    assert "cn-hangzhou-h" in refused["msg"]


def test_what_may_not_be_read_is_noted_and_does_not_stop(world: World) -> None:
    world.local.fault("error", "kms:DescribeAccountKmsStatus", code="Forbidden.RAM", status=403, times=None)
    world.local.fault("error", "ram:GetRole", code="NoPermission", status=403, times=None)
    made = world.run(**world.fleet(count=1), ram_role_name="web")
    assert any("KMS could not be checked" in note for note in made["notes"])
    assert any("RAM role could not be checked" in note for note in made["notes"])


def test_what_was_made_a_moment_ago_is_believed_to_the_dry_run(world: World) -> None:
    world.local.fault("read_lag", "ecs:DescribeSecurityGroups", seconds=600, times=None)
    assert len(world.run(**world.fleet(count=1))["created_ids"]) == 1


# ---------------------------------------------------------------------- cost


def test_no_change_costs_few_calls_for_a_hundred(world: World) -> None:
    everything = world.fleet(count=100, ram_role_name="web", key_name="web")
    world.run(**everything)
    world.local.forget_requests()
    assert not world.run(**world.fleet(count=100))["changed"]
    assert sum(world.local.counts().values()) <= 3
    world.local.forget_requests()
    assert not world.run(**everything)["changed"]
    assert sum(world.local.counts().values()) <= 7


# ---------------------------------------------------------------------- trouble


@pytest.mark.parametrize(
    "kind", ["drop_after_commit", "drop_before_commit", "cut_body", "throttling", "service_unavailable"]
)
def test_trouble_with_the_answer_creates_no_second_fleet(world: World, kind: str) -> None:
    world.local.fault(kind, "ecs:RunInstances", times=2)
    world.run(**world.fleet())
    assert world.names() == ["web-001", "web-002", "web-003"]


@pytest.mark.parametrize("operation", ["StopInstances", "StartInstances", "RebootInstances", "DeleteInstances"])
def test_trouble_with_power_calls_is_survived(world: World, operation: str) -> None:
    world.run(**world.fleet())
    state = {"StopInstances": "stopped", "RebootInstances": "restarted", "DeleteInstances": "absent"}.get(
        operation, "running"
    )
    if state == "running":
        world.run(fleet="web", state="stopped")
    world.local.fault("drop_after_commit", f"ecs:{operation}")
    done = world.run(fleet="web", state=state)
    wanted = {"stopped": {"Stopped"}, "absent": set()}.get(state, {"Running"})
    assert {one["status"] for one in done["instances"]} == wanted


def test_attaching_a_role_twice_after_a_lost_answer_is_fine(world: World) -> None:
    world.run(**world.fleet())
    world.local.fault("drop_after_commit", "ecs:AttachInstanceRamRole")
    done = world.run(fleet="web", ram_role_name="web")
    assert {one["ram_role_name"] for one in done["instances"]} == {"web"}


def test_reads_that_lag_do_not_create_twice(world: World) -> None:
    world.local.fault("read_lag", "ecs:Describe*", seconds=3, times=None)
    made = world.run(**world.fleet())
    assert names(made) == ["web-001", "web-002", "web-003"] == world.names()
    assert {one["status"] for one in made["instances"]} == {"Running"}
    assert not world.run(**world.fleet())["changed"]


_KILLED = """
import json, os, signal, sys
from ansible.module_utils.testing import patch_module_args
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud
from ansible_collections.alitrust.ecs.plugins.modules import trusted_instance

spare = int(sys.argv[1])
whole = Cloud.call

def call(self, product, action, *args, **more):
    global spare
    answer = whole(self, product, action, *args, **more)
    if action == "RunInstances":  # a dry run ends in an error and does not come here
        spare -= 1
        if spare == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return answer

Cloud.call = call
with patch_module_args(json.loads(sys.stdin.read())):
    trusted_instance.main()
"""


def kill_after_creating(world: World, calls: int, **options: t.Any) -> None:
    """Run the task in a process of its own, which is killed right after its Nth RunInstances."""
    args = {
        "region": "cn-hangzhou",
        "endpoint_url": world.local.endpoint,
        "access_key_id": world.local.access_key_id,
        "access_key_secret": world.local.access_key_secret,
        **options,
    }
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    dead = subprocess.run(
        [sys.executable, "-c", _KILLED, str(calls)], input=json.dumps(args), env=environment, text=True, check=False
    )
    assert dead.returncode == -signal.SIGKILL


def test_killed_between_creating_and_waiting_the_next_run_finishes(world: World) -> None:
    kill_after_creating(world, 1, **world.fleet())
    finished = world.run(**world.fleet(), state="running")
    assert names(finished) == ["web-001", "web-002", "web-003"] == world.names()
    assert {one["status"] for one in finished["instances"]} == {"Running"}


def test_killed_while_its_instances_cannot_be_seen_yet(world: World) -> None:
    world.local.fault("read_lag", "ecs:Describe*", seconds=5, times=None)
    kill_after_creating(world, 1, **world.fleet())
    finished = world.run(**world.fleet())
    assert sorted(finished["instance_ids"]) == sorted(one["InstanceId"] for one in world.stored())
    assert world.names() == ["web-001", "web-002", "web-003"]


def test_killed_after_falling_back_to_another_type_the_next_run_creates_nothing(world: World) -> None:
    task = {key: value for key, value in world.fleet().items() if key != "instance_type"}
    task["instance_types"] = ["ecs.g7t.large", "ecs.g8i.large"]
    world.local.set("ecs.sold_out", "ecs.g7t.large@*")
    world.local.fault("read_lag", "ecs:Describe*", seconds=5, times=None)
    kill_after_creating(world, 1, **task)
    world.local.set("ecs.sold_out", "")  # so the next run prefers another type than the killed one took
    finished = world.run(**task)
    assert sorted(finished["instance_ids"]) == sorted(one["InstanceId"] for one in world.stored())
    assert [one["instance_type"] for one in finished["instances"]] == ["ecs.g8i.large"] * 3


def test_killed_before_a_newer_image_appeared_the_next_run_creates_nothing(world: World) -> None:
    source = world.foreign("source")
    old = world.api.call("ecs", "CreateImage", InstanceId=source, ImageName="shop-1", ImageFamily="shop")["ImageId"]
    world.local.clock_advance(60)
    world.run(instance_ids=[source], state="absent", adopt=True)
    task = {key: value for key, value in world.fleet(image_family="shop").items() if key != "image_id"}
    world.local.fault("read_lag", "ecs:DescribeInstances", seconds=5, times=None)
    kill_after_creating(world, 1, **task)
    (record,) = world.local.resources("image")
    newer = {**record, "ImageId": "m-newer", "ImageName": "shop-2", "CreationTime": "2099-01-01T00:00:00Z"}
    world.local.preload([{"kind": "image", "id": "m-newer", "data": newer, "region": "cn-hangzhou"}])
    finished = world.run(**task)
    assert sorted(finished["instance_ids"]) == sorted(one["InstanceId"] for one in world.stored())
    assert [one["image_id"] for one in finished["instances"]] == [old] * 3


def test_killed_between_two_calls_of_one_fleet(world: World) -> None:
    made = world.run(**world.fleet(count=3))
    world.run(instance_ids=made["instance_ids"][1:2], state="absent")
    world.local.clock_advance(60)
    world.local.fault("read_lag", "ecs:Describe*", seconds=5, times=None)
    kill_after_creating(world, 1, **world.fleet(count=5))  # web-002 is made, web-004 and web-005 are not
    assert len(world.stored()) == 3
    world.run(**world.fleet(count=5))
    assert world.names() == [f"web-00{number}" for number in range(1, 6)]


def test_a_fleet_that_appears_bit_by_bit_is_not_completed_too_early(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.local.set("ecs.pending_seconds", 5.0)
    kill_after_creating(world, 1, **world.fleet())
    look = finder.members
    looks = 0

    def look_badly(cloud: Cloud, wanted: Desired) -> t.Any:
        nonlocal looks
        looks += 1
        return look(cloud, wanted)[: 1 if looks < 3 else None]

    monkeypatch.setattr(finder, "members", look_badly)
    assert world.run(**world.fleet())["created_ids"] == []
    assert world.names() == ["web-001", "web-002", "web-003"]


def test_a_fleet_that_was_deleted_can_be_made_again(world: World, hurried: None) -> None:
    first = world.run(**world.fleet())
    world.run(fleet="web", state="absent")
    second = world.run(**world.fleet())
    assert not set(first["instance_ids"]) & set(second["instance_ids"])
    assert world.names() == ["web-001", "web-002", "web-003"]
    world.run(fleet="web", state="absent")
    assert len(world.run(**world.fleet())["created_ids"]) == 3


def test_an_instance_deleted_by_somebody_is_made_again(world: World, hurried: None) -> None:
    world.run(**world.fleet(count=1))
    for _index in range(3):
        grown = world.run(**world.fleet(count=2))
        assert len(grown["created_ids"]) == 1
        world.api.call("ecs", "DeleteInstances", InstanceId=grown["created_ids"], Force=True)
        world.local.clock_advance(60)
    assert world.names() == ["web-001"]


def test_instances_that_vanish_on_their_way_up_are_an_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.local.set("ecs.pending_seconds", 600.0)
    look = finder.members

    def look_and_lose(cloud: Cloud, desired: Desired) -> t.Any:
        seen = look(cloud, desired)
        if seen:  # what was seen once goes to somebody else
            lost = {**world.stored()[0], "AccountId": "2345678901234567"}
            world.local.preload([{"kind": "instance", "id": lost["InstanceId"], "data": lost, "region": "cn-hangzhou"}])
        return seen

    monkeypatch.setattr(finder, "members", look_and_lose)
    failed = world.run(**world.fleet(count=2), wait_timeout=30, fails=True)
    assert "disappeared while the task waited" in failed["msg"]
    assert len(failed["created_ids"]) == 2
    assert failed["steps_done"] == ["create 2 instances web-001 to web-002 (ecs.g7t.large)"]


def test_a_wait_that_runs_out_tells_the_last_state(world: World) -> None:
    world.local.set("ecs.pending_seconds", 600.0)
    failed = world.run(**world.fleet(count=2), wait_timeout=2, fails=True)
    assert "last seen: 2 Pending" in failed["msg"]
    assert len(failed["created_ids"]) == 2
    world.local.clock_advance(1000)
    assert not world.run(**world.fleet(count=2))["changed"]


# ---------------------------------------------------------------------- reaching them


@pytest.mark.usefixtures("real_pauses")
def test_waits_for_the_greeting_of_ssh(world: World) -> None:
    address = socket.create_server(("127.0.0.1", 0))
    port = address.getsockname()[1]
    made = world.run(**world.fleet(count=1))
    record = {**world.stored()[0], "PrivateIpAddress": "127.0.0.1"}
    world.local.preload([{"kind": "instance", "id": made["instance_ids"][0], "data": record, "region": "cn-hangzhou"}])
    silent = world.run(fleet="web", wait_for_ssh=True, ssh_port=port, wait_timeout=1, fails=True)
    assert "no answer yet from web-001 (127.0.0.1)" in silent["msg"]

    def greet() -> None:
        while True:
            try:
                peer, _rest = address.accept()
            except OSError:
                return
            peer.sendall(b"SSH-2.0-Test\r\n")
            peer.close()

    threading.Thread(target=greet, daemon=True).start()
    assert not world.run(fleet="web", wait_for_ssh=True, ssh_port=port, ssh_address="private")["changed"]
    lacking = world.run(fleet="web", wait_for_ssh=True, ssh_address="public", fails=True)
    assert "has no public address" in lacking["msg"]
    address.close()


# ---------------------------------------------------------------------- info


def test_info_has_the_same_shape_and_filters(world: World) -> None:
    made = world.run(**world.fleet(), ram_role_name="web", tags={"env": "test"})
    alien = world.foreign("alone")

    def read(**options: t.Any) -> Result:
        return world.modules.run("trusted_instance_info", **options)

    assert read(fleet="web", include_ram_role=True)["instances"] == made["instances"]
    assert names(read()) == ["alone", "web-001", "web-002", "web-003"]
    assert names(read(name="web-*", tags={"env": "test"}, vpc_id=world.vpc, vswitch_id=world.vswitch)) == names(made)
    assert read(instance_ids=[alien, "i-nothing"])["instance_ids"] == [alien]
    assert read(instance_ids=[])["instances"] == []
    assert names(read(status="Stopped")) == []
    assert read(fleet="web")["instances"][0]["ram_role_name"] is None
    assert read(fleet="nobody", check=True)["instances"] == []
