# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.ram_policy against the local cloud."""

from __future__ import annotations

import json
import typing as t

import pytest
from modules.harness import Modules

DOCUMENT = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": ["ecs:DescribeInstances", "ecs:DescribeDisks"], "Resource": "*"}],
}


def document(number: int) -> dict[str, t.Any]:
    return {"Version": "1", "Statement": [{"Effect": "Allow", "Action": f"ecs:Describe{number}", "Resource": "*"}]}


def stored(modules: Modules, name: str = "reader") -> list[dict[str, t.Any]]:
    return [policy for policy in modules.cloud.resources("policy") if policy["PolicyName"] == name]


def test_the_matrix_create_change_delete(modules: Modules) -> None:
    created = modules.twice("ram_policy", name="reader", document=DOCUMENT, description="Reading")
    assert created["ram_policy"]["default_version"] == "v1"
    assert created["diff"]["before"] == {}
    assert created["diff"]["after"] == {"name": "reader", "description": "Reading", "document": DOCUMENT}

    changed = modules.twice("ram_policy", name="reader", document=document(1))
    assert changed["ram_policy"]["document"] == document(1)
    assert changed["ram_policy"]["default_version"] == "v2"
    assert changed["ram_policy"]["description"] == "Reading", "what is not given stays"

    renamed = modules.twice("ram_policy", name="reader", description="Looking")
    assert renamed["steps"] == ["change the description of policy reader"]
    assert renamed["ram_policy"]["document"] == document(1)

    deleted = modules.twice("ram_policy", name="reader", state="absent")
    assert deleted["diff"]["after"] == {}
    assert not stored(modules)


def test_no_change_costs_one_call(modules: Modules) -> None:
    modules.run("ram_policy", name="reader", document=DOCUMENT)
    again = modules.run("ram_policy", name="reader", document=DOCUMENT)
    assert again["api_calls"] == {"ram:GetPolicy": 1}


def test_json_text_and_another_form_of_the_same_are_no_change(modules: Modules) -> None:
    modules.run("ram_policy", name="reader", document=json.dumps(DOCUMENT, indent=4))
    other = {
        "Statement": {"Resource": ["*"], "Action": ["ecs:describedisks", "ecs:DescribeInstances"], "Effect": "Allow"},
        "Version": 1,
    }
    again = modules.run("ram_policy", name="reader", document=other)
    assert not again["changed"]
    assert again["diff"]["before"] == again["diff"]["after"]


def test_a_sixth_version_fails_and_changes_nothing_unless_it_may_rotate(modules: Modules) -> None:
    for number in range(5):
        modules.run("ram_policy", name="reader", document=document(number))
    before = stored(modules)
    for check in (True, False):
        failed = modules.run("ram_policy", name="reader", document=document(9), check=check, fails=True)
        assert "has 5 versions" in failed["msg"]
        assert "(v1)" in failed["msg"]
    assert stored(modules) == before

    rotated = modules.twice("ram_policy", name="reader", document=document(9), rotate=True)
    assert rotated["ram_policy"]["default_version"] == "v6"
    assert [version["VersionId"] for version in stored(modules)[0]["Versions"]] == ["v2", "v3", "v4", "v5", "v6"]


def test_going_back_to_an_older_document_makes_no_new_version(modules: Modules) -> None:
    for number in range(3):
        modules.run("ram_policy", name="reader", document=document(number))
    back = modules.twice("ram_policy", name="reader", document=document(0))
    assert back["steps"] == ["make version v1 of policy reader the default"]
    assert len(stored(modules)[0]["Versions"]) == 3


def test_a_policy_in_use_is_deleted_only_on_request(modules: Modules) -> None:
    door = modules.door()
    modules.run("ram_policy", name="reader", document=DOCUMENT)
    modules.run("ram_policy", name="reader", document=document(1))
    modules.run("instance_ram_role", name="web", policies=[{"name": "reader"}])
    door.call("ram", "CreateUser", UserName="eve")
    door.call("ram", "AttachPolicyToUser", UserName="eve", PolicyName="reader", PolicyType="Custom")
    door.call("ram", "CreateGroup", GroupName="ops")
    door.call("ram", "AttachPolicyToGroup", GroupName="ops", PolicyName="reader", PolicyType="Custom")

    refused = modules.run("ram_policy", name="reader", state="absent", fails=True)
    assert "role web, user eve, group ops" in refused["msg"]
    assert stored(modules)

    gone = modules.twice("ram_policy", name="reader", state="absent", detach=True)
    assert gone["steps"][-1] == "delete policy reader"
    assert len(gone["steps"]) == 4
    assert not stored(modules)


@pytest.mark.parametrize(
    "fault", ["drop_before_commit", "drop_after_commit", "throttling", "internal_error", "empty_body"]
)
@pytest.mark.parametrize("operation", ["ram:CreatePolicy", "ram:GetPolicy"])
def test_trouble_while_creating_is_outlasted(modules: Modules, fault: str, operation: str) -> None:
    modules.cloud.fault(fault, operation)
    result = modules.run("ram_policy", name="reader", document=DOCUMENT)
    assert result["changed"]
    assert len(stored(modules)[0]["Versions"]) == 1


@pytest.mark.parametrize(
    "fault", ["drop_before_commit", "drop_after_commit", "internal_error", "empty_body", "cut_body"]
)
def test_trouble_while_changing_never_makes_two_versions(modules: Modules, fault: str) -> None:
    modules.run("ram_policy", name="reader", document=DOCUMENT)
    modules.cloud.fault(fault, "ram:CreatePolicyVersion")
    options: dict[str, t.Any] = {"name": "reader", "document": document(1)}
    # A lost answer to this call is not repeated blindly: either the look afterwards finds it done, or the task fails.
    attempt = modules.run("ram_policy", fails=fault in ("drop_before_commit", "internal_error"), **options)
    if attempt.get("failed"):
        assert "may have been carried out" in attempt["msg"]
    modules.run("ram_policy", **options)
    assert len(stored(modules)[0]["Versions"]) == 2
    assert not modules.run("ram_policy", **options)["changed"]


def test_reads_behind_writes_are_waited_for(modules: Modules) -> None:
    modules.cloud.fault("read_lag", "ram:*", times=None, seconds=0.5)
    modules.run("ram_policy", name="reader", document=DOCUMENT)
    modules.run("ram_policy", name="reader", document=document(1))
    assert len(stored(modules)[0]["Versions"]) == 2
    assert modules.run("ram_policy", name="reader", document=document(1))["changed"] is False
    modules.run("ram_policy", name="reader", state="absent")
    assert modules.run("ram_policy", name="reader", state="absent")["changed"] is False


def test_somebody_else_s_policy_of_that_name_is_not_taken_for_ours(modules: Modules) -> None:
    modules.door().call("ram", "CreatePolicy", PolicyName="reader", PolicyDocument=json.dumps(document(7)))
    modules.cloud.fault("read_lag", "ram:GetPolicy", seconds=3600)  # the first look does not see it yet
    failed = modules.run("ram_policy", name="reader", document=DOCUMENT, fails=True)
    assert "created by somebody else in the meantime" in failed["msg"]
    assert stored(modules)[0]["Versions"][-1]["PolicyDocument"] == json.dumps(document(7))
