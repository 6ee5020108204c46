# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup trust_verdict against the local cloud, called as Ansible calls it."""

from __future__ import annotations

import typing as t

import pytest
from modules import trust_records as records
from modules.harness import CheckRun, Modules
from modules.lookups import Lookups, Workers

NAME = "trust_verdict"


@pytest.fixture(scope="module")
def workers() -> t.Iterator[Workers]:
    started = Workers()
    yield started
    started.end()


@pytest.fixture
def lookup(workers: Workers, modules: Modules) -> Lookups:
    return Lookups(workers, modules)


def test_the_verdict_is_that_of_the_module(lookup: Lookups) -> None:
    modules = lookup.modules
    ones = records.fleet(modules, 4)
    ids = [one["InstanceId"] for one in ones]
    records.report(modules, ones[0])
    records.report(modules, ones[1], system=2)
    records.report(modules, ones[2], age=7200)
    modules.cloud.forget_requests()
    assert lookup(NAME, ids[::-1]) == ["unmeasured", "unmeasured", "untrusted", "trusted"]
    assert modules.cloud.counts() == {"ecs:DescribeInstances": 1, "trusted-server:DescribeInstance": 4}
    assert lookup(NAME, ids[0], ids[0]) == ["trusted", "trusted"]
    told = modules.run("trusted_instance_info", fleet="web", trust=True)["instances"]
    assert lookup(NAME, fleet="web") == [one["trust"]["verdict"] for one in told]
    assert lookup(NAME, ids[0], trust_fresh_seconds=30) == ["unmeasured"]
    assert lookup(NAME, ids[0], trust_since="2126-01-31T04:20:00Z") == ["unmeasured"]
    assert lookup(NAME, ids[1], trust_meanings={"system_status": {2: "unmeasured"}}, trust_programs=False) == [
        "unmeasured"
    ]
    assert lookup(NAME, ids[0], property_uuids={ids[0]: ones[3]["SerialNumber"]}) == ["unmeasured"]
    (known,) = lookup.ask(NAME, ids[1], details=True).values
    assert (known["instance_id"], known["name"], known["verdict"]) == (ids[1], ones[1]["InstanceName"], "untrusted")
    assert (known["findings"], known["reason"]) == (0, told[1]["trust"]["reason"])


def test_until_sees_when_it_changes(lookup: Lookups) -> None:
    (one,) = records.fleet(lookup.modules, 1)
    same_task = {"remember": True}
    assert lookup(NAME, one["InstanceId"], how=same_task) == ["unmeasured"]
    records.report(lookup.modules, one)
    assert lookup(NAME, one["InstanceId"], how=same_task) == ["trusted"]


@pytest.mark.parametrize(
    ("terms", "options", "message"),
    [
        ([], {}, "Nothing says which instances to ask about. Give IDs of instances, or fleet, and only one of them."),
        (["i-1"], {"fleet": "web"}, "Two things say which instances to ask about."),
        (["web-001"], {}, "the ID of an instance has 'web-001'; expected the id of an instance, which begins with i-"),
        ([""], {}, "the ID of an instance has ''"),
        (["i-none"], {}, "There is no instance i-none in the region cn-hangzhou. Check name and region; on_missing"),
        ([], {"fleet": "none"}, "There is no instance of the fleet none in the region cn-hangzhou."),
        (["i-1"], {"trust_fresh_seconds": 0}, "trust_fresh_seconds is 0; expected a number of seconds above 0."),
        (["i-1"], {"trust_since": "soon"}, "trust_since is 'soon'; expected a UTC time"),
        (["i-1"], {"trust_meanings": {"system_status": {2: "trusted"}}}, "system_status calls 2 trusted"),
        (["i-1"], {"property_uuids": {"web": "x"}}, "property_uuids maps 'web' to 'x'"),
        (["i-1"], {"on_missing": "skip"}, "on_missing"),
    ],
)
def test_what_is_wrong_is_a_sentence(
    lookup: Lookups, terms: list[t.Any], options: dict[str, t.Any], message: str
) -> None:
    assert message in lookup.fails(NAME, *terms, **options)


def test_no_instance_is_never_a_trusted_one(lookup: Lookups) -> None:
    assert lookup(NAME, "i-none", on_missing="unknown") == ["unknown"]
    assert lookup(NAME, fleet="none", on_missing="unknown") == ["unknown"]
    run = CheckRun(lookup.modules)
    (one,) = records.fleet(lookup.modules, 1)
    records.report(lookup.modules, one)
    run("trusted_instance", instance_ids=[one["InstanceId"]], state="absent")
    told = lookup.ask(NAME, one["InstanceId"], on_missing="unknown", how={"check": True, "records": run._records})
    assert told.values == ["unknown"], "it would be gone"


def test_who_may_not_ask_is_told_so(lookup: Lookups) -> None:
    (one,) = records.fleet(lookup.modules, 1)
    door = lookup.modules.door()
    door.call("ram", "CreateUser", UserName="eve")
    door.call("ram", "AttachPolicyToUser", PolicyType="System", PolicyName="AliyunECSReadOnlyAccess", UserName="eve")
    key = door.call("ram", "CreateAccessKey", UserName="eve")["AccessKey"]
    lookup.connection |= {"access_key_id": key["AccessKeyId"], "access_key_secret": key["AccessKeySecret"]}
    told = lookup.ask(NAME, one["InstanceId"])
    assert told.values == ["unknown"]
    (warning,) = told.warnings
    assert "is unknown: the trusted server does not tell" in warning
