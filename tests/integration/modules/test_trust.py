# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on instances: read by trusted_instance_info, waited for by trusted_instance."""

from __future__ import annotations

import json
import threading
import time
import typing as t

import pytest
from modules import trust_records as records
from modules.harness import Modules

INFO = "trusted_instance_info"


def trust(modules: Modules, **options: t.Any) -> list[dict[str, t.Any]]:
    """The trust sections of the fleet web, by name of the instance."""
    result = modules.run(INFO, fleet="web", trust=True, **options)
    return [one["trust"] for one in result["instances"]]


def test_the_section_tells_verdict_numbers_age_and_findings(modules: Modules) -> None:
    one, other, third, fourth = records.fleet(modules, 4)
    records.report(modules, one, SystemExceptionNum=0)
    records.report(modules, other, 2, SystemTrustDetail="PCR 9 differs", SystemExceptionNum=1)
    records.report(modules, third, age=7200)
    records.found(modules, 1, other)
    records.found(modules, 2, other, EventStatus="1")
    first, second, old, silent = trust(modules)
    assert [each["verdict"] for each in (first, second, old, silent)] == [
        "trusted",
        "untrusted",
        "unmeasured",
        "unmeasured",
    ]
    assert 60 <= first["last_report_age"] <= 120
    assert first["last_report"].endswith("Z")
    assert (first["system_trust_status"], first["program_trust_status"], first["online_status"]) == (1, 1, 1)
    assert first["property_uuid"] == one["SerialNumber"]
    assert first["supports_vtpm"] is True
    assert (second["system_trust_status"], second["system_exceptions"]) == (2, 1)
    assert "PCR 9 differs" in second["reason"]
    assert [each["findings"] for each in (first, second, old, silent)] == [0, 1, 0, 0]
    assert "never reported" in silent["reason"]
    assert silent["system_trust_status"] is None
    assert fourth["InstanceId"]


def test_without_being_asked_nothing_is_read(modules: Modules) -> None:
    records.fleet(modules, 1)
    result = modules.run(INFO, fleet="web")
    assert "trust" not in result["instances"][0]
    assert not any(name.startswith("trusted-server") for name in modules.cloud.counts())


def test_a_hundred_instances_cost_a_call_each_and_one_for_the_findings(modules: Modules) -> None:
    ones = records.fleet(modules, 100)
    for one in ones:
        records.report(modules, one)
    modules.cloud.forget_requests()
    assert {each["verdict"] for each in trust(modules)} == {"trusted"}
    assert modules.cloud.counts() == {
        "ecs:DescribeInstances": 1,
        "trusted-server:DescribeInstance": 100,
        "trusted-server:DescribeEvents": 1,
    }


@pytest.mark.parametrize("instances", [2, 5])
def test_findings_are_counted_the_cheaper_way(modules: Modules, instances: int) -> None:
    ones = records.fleet(modules, instances)
    for number in range(250):
        records.found(modules, number, ones[number % 2])
    modules.cloud.forget_requests()
    assert [each["findings"] for each in trust(modules)] == [125, 125, 0, 0, 0][:instances]
    assert modules.cloud.counts()["trusted-server:DescribeEvents"] == {2: 1 + 2, 5: 1 + 3}[instances]


def test_another_property_uuid_can_be_mapped(modules: Modules) -> None:
    [one] = records.fleet(modules, 1)
    records.report(modules, {**one, "SerialNumber": "known-otherwise"})
    assert trust(modules)[0]["verdict"] == "unmeasured"
    assert trust(modules, property_uuids={one["InstanceId"]: "known-otherwise"})[0]["verdict"] == "trusted"
    records.report(modules, {**one, "SerialNumber": one["InstanceId"]})
    assert trust(modules, property_uuid_from="instance_id")[0]["verdict"] == "trusted"


def test_another_age_and_other_meanings(modules: Modules) -> None:
    [one] = records.fleet(modules, 1)
    records.report(modules, one, age=300)
    assert trust(modules, trust_fresh_seconds=299)[0]["verdict"] == "unmeasured"
    assert trust(modules, trust_since=str(time.time() - 200))[0]["verdict"] == "unmeasured"
    assert trust(modules, trust_since=str(time.time() - 400))[0]["verdict"] == "trusted"
    records.report(modules, one, 9)
    assert trust(modules)[0]["verdict"] == "untrusted"
    meanings = {"system_status": {1: "trusted", 9: "unmeasured"}, "program_status": {9: "unknown"}}
    assert trust(modules, trust_meanings=meanings)[0]["verdict"] == "unmeasured"


def test_who_may_not_ask_is_told_unknown_and_nothing_is_trusted(modules: Modules) -> None:
    [one] = records.fleet(modules, 1)
    records.report(modules, one)
    modules.cloud.fault("error", "trusted-server:DescribeInstance", code="Forbidden.RAM", status=403)
    modules.cloud.fault("error", "trusted-server:DescribeEvents", code="Forbidden.RAM", status=403)
    [section] = trust(modules)
    assert section["verdict"] == "unknown"
    assert "Forbidden.RAM" in section["reason"]
    assert section["findings"] is None


def test_a_server_that_stumbles_is_asked_again(modules: Modules) -> None:
    [one] = records.fleet(modules, 1)
    records.report(modules, one)
    modules.cloud.fault("error", "trusted-server:DescribeInstance", code="Throttling.User", status=400)
    assert trust(modules)[0]["verdict"] == "trusted"


# ---------------------------------------------------------------------- reasons


def test_the_reasons_that_the_documents_name_are_found(modules: Modules) -> None:
    one, other, third = records.fleet(modules, 3)
    door = modules.door()
    door.call("ecs", "DetachInstanceRamRole", InstanceIds=json.dumps([one["InstanceId"]]), RamRoleName="reporter")
    door.call("ecs", "StopInstance", InstanceId=other["InstanceId"])
    modules.cloud.clock_advance(60)
    document = {"Version": "1", "Statement": [{"Effect": "Deny", "Action": "yundun-systrust:PutM*", "Resource": "*"}]}
    modules.run("instance_ram_role", name="reporter", policies=[{"name": "no-messages", "document": document}])
    assert trust(modules)[0]["causes"] == []
    first, second, last = trust(modules, trust_causes=True)
    assert first["causes"] == ["no RAM role is attached; see alitrust.ecs.instance_ram_role"]
    assert second["causes"][0] == "the instance is Stopped, not Running"
    assert last["causes"] == ["its RAM role reporter does not permit yundun-systrust:PutMessage"]
    assert third["InstanceId"]


def test_a_role_that_ecs_cannot_assume_is_a_reason(modules: Modules) -> None:
    records.fleet(modules, 1)
    account = {"RAM": [f"acs:ram::{modules.cloud.account_id}:root"]}
    trust_policy = {
        "Version": "1",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": account}],
    }
    modules.run("instance_ram_role", name="reporter", trust_policy=trust_policy)
    [section] = trust(modules, trust_causes=True)
    assert section["causes"] == ["the trust policy of its RAM role reporter does not name ecs.aliyuncs.com"]


def test_reasons_that_may_not_be_read_are_said_to_be_unread(modules: Modules) -> None:
    records.fleet(modules, 1)
    modules.cloud.fault("error", "ram:GetRole", code="NoPermission", status=403)
    [section] = trust(modules, trust_causes=True)
    assert section["causes"] == ["what the RAM role reporter permits could not be checked (NoPermission)"]


def test_trusted_instances_are_not_looked_into(modules: Modules) -> None:
    [one] = records.fleet(modules, 1)
    records.report(modules, one)
    modules.cloud.forget_requests()
    trust(modules, trust_causes=True, trust_probe=True)
    assert set(modules.cloud.counts()) == {
        "ecs:DescribeInstances",
        "trusted-server:DescribeInstance",
        "trusted-server:DescribeEvents",
    }


# ---------------------------------------------------------------------- waiting


@pytest.mark.usefixtures("real_pauses")
def test_waiting_ends_when_all_are_trusted(modules: Modules) -> None:
    one, other = records.fleet(modules, 2)
    records.report(modules, one)
    timer = threading.Timer(1.5, lambda: records.report(modules, other))
    timer.start()
    result = modules.run("trusted_instance", fleet="web", wait_for_trusted=True, trust_timeout=30)
    timer.join()
    assert not result["changed"]
    assert [each["trust"]["verdict"] for each in result["instances"]] == ["trusted", "trusted"]
    assert result["api_calls"]["trusted-server:DescribeInstance"] >= 4


def test_waiting_runs_out_with_the_reasons(modules: Modules) -> None:
    one, other = records.fleet(modules, 2)
    records.report(modules, one)
    door = modules.door()
    door.call("ecs", "DetachInstanceRamRole", InstanceIds=json.dumps([other["InstanceId"]]), RamRoleName="reporter")
    failed = modules.run("trusted_instance", fleet="web", wait_for_trusted=True, trust_timeout=1, fails=True)
    assert "1 of 2 instances are not trusted after 1 s" in failed["msg"]
    assert f"{other['InstanceName']} is unmeasured: it has never reported" in failed["msg"]
    assert "no RAM role is attached" in failed["msg"]
    assert [each["instance_id"] for each in failed["untrusted"]] == [other["InstanceId"]]


@pytest.mark.usefixtures("real_pauses")
def test_a_verdict_from_before_the_restart_does_not_count(modules: Modules) -> None:
    [one] = records.fleet(modules, 1)
    records.report(modules, one, age=1)
    modules.cloud.clock_scale(20)
    options: dict[str, t.Any] = {"fleet": "web", "state": "restarted", "wait_for_trusted": True}
    failed = modules.run("trusted_instance", **options, trust_timeout=1, fails=True)
    assert "has not reported since" in failed["msg"]


def test_check_mode_does_not_wait(modules: Modules) -> None:
    records.fleet(modules, 1)
    modules.run("trusted_instance", fleet="web", wait_for_trusted=True, trust_timeout=600, check=True)


# ---------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"state": "stopped"}, "nothing would report"),
        ({"state": "absent"}, "nothing would report"),
        ({"wait": False}, "wait_for_trusted needs wait"),
        ({"trust_timeout": 0}, "trust_timeout is 0"),
        ({"trust_fresh_seconds": 0}, "trust_fresh_seconds is 0"),
        ({"trust_since": "noon"}, "trust_since is 'noon'"),
        ({"property_uuids": {"web": "x"}}, "property_uuids maps 'web'"),
        ({"trust_meanings": {"system_status": {"2": "trusted"}}}, "only 1 is known to mean that"),
    ],
)
def test_options_that_cannot_work_are_refused_before_any_call(
    modules: Modules, options: dict[str, t.Any], message: str
) -> None:
    failed = modules.run("trusted_instance", fleet="web", wait_for_trusted=True, fails=True, **options)
    assert message in failed["msg"]
    assert modules.cloud.counts() == {}
