# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls become the rights that they need, and these the policies of a run."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import UnexpectedState, right_of
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.operations import PASSED_ROLE
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.required import REQUIRED
from ansible_collections.alitrust.ecs.plugins.module_utils._ram import documents, needed
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.run_policy import Calls, of_run, write
from local_cloud import server
from local_cloud.framework import OPERATIONS

if t.TYPE_CHECKING:
    from pathlib import Path

ARN = "acs:ram::1234567890123456:role/deploy"


def told(*noted: Calls, **how: bool) -> list[tuple[str, dict[str, t.Any], tuple[str, ...]]]:
    found = of_run(noted, **{"checking": False, "failed": False, **how})
    return [(one.whose, json.loads(one.text), one.notes) for one in found]


def test_every_call_has_the_right_that_the_local_cloud_asks_for() -> None:
    server.load_services()
    served = {key: one.ram_action or None for key, one in OPERATIONS.items()}
    assert {key: right_of(*key) for key in REQUIRED} == {key: served[key] for key in REQUIRED}
    assert set(PASSED_ROLE) <= set(REQUIRED)


def test_rights_of_calls() -> None:
    calls = ["ecs:RunInstances", "trusted-server:DescribeInstance", "sts:GetCallerIdentity", "sts:AssumeRoleWithOIDC"]
    assert needed.of_calls(calls) == {"ecs:RunInstances", "yundun-systrust:DescribeInstance"}
    assert needed.of_calls(["ecs:RunInstances"], ["web"]) == {"ecs:RunInstances", "ram:PassRole"}


def test_a_policy_has_a_statement_for_each_kind_of_right() -> None:
    rights = {"ram:PassRole", "ram:CreateRole", "ecs:RunInstances", "ram:GetRole", "ecs:DescribeInstances"}
    assert needed.document(rights, ["Web", "db"])["Statement"] == [
        {"Effect": "Allow", "Action": ["ecs:DescribeInstances", "ram:GetRole"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["ecs:RunInstances"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["ram:CreateRole"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["ram:PassRole"],
            "Resource": ["acs:ram:*:*:role/Web", "acs:ram:*:*:role/db", "acs:ram:*:*:role/web"],
        },
    ]


def test_a_run_has_a_policy_for_each_set_of_credentials() -> None:
    first = Calls("the credentials of the environment", {"ecs:DescribeInstances"})
    other = Calls(f"the RAM role {ARN}", {"sts:AssumeRole", "ram:GetRole"}, assumed=ARN)
    (_who, own, _notes), (whose, role, _more), (base, assuming, _rest) = told(first, other)
    assert own["Statement"][0]["Action"] == ["ecs:DescribeInstances"]
    assert (whose, role["Statement"][0]["Action"]) == (other.whose, ["ram:GetRole"]), "it does not assume itself"
    assert (base, assuming["Statement"]) == (
        f"whoever assumes {ARN}",
        [{"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": [ARN]}],
    )
    assert told() == told(Calls("x", {"sts:GetCallerIdentity"})) == []


def test_what_a_policy_cannot_tell_is_said() -> None:
    calls = Calls("x", {"kms:GetSecretValue", "kms:PutSecretValue"})
    ((_who, _policy, notes),) = told(calls, checking=True, failed=True)
    assert [note.split()[0] for note in notes] == ["This", "Tasks", "Where", "Where"]
    assert "kms:GetSecretValue needs kms:Decrypt on that key" in notes[2]
    many = {f"ecs:Describe{'X' * 60}{number}" for number in range(100)}
    ((_who, policy, (note,)),) = told(Calls("x", many))
    assert len(documents.to_text(policy)) > documents.MAX_LENGTH
    assert "and a policy can have 6144" in note


def test_policies_go_to_files_of_their_own(tmp_path: Path) -> None:
    places = [write(str(tmp_path / "policy.json"), number, str(number)) for number in (1, 2)]
    assert places == [str(tmp_path / name) for name in ("policy.json", "policy-2.json")]
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {"policy.json": "1", "policy-2.json": "2"}
    with pytest.raises(UnexpectedState, match="cannot be written: No such file or directory"):
        write(str(tmp_path / "none" / "policy.json"), 1, "")
