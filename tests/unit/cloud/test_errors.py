# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error answers become types by what may be concluded from them."""

from __future__ import annotations

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import errors
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.results import ItemsFailed, failures


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("InvalidInstanceId.NotFound", errors.NotFound),
        ("InvalidSecurityGroupId.NotFound", errors.NotFound),
        ("EntityNotExist.Role", errors.NotFound),
        ("EntityNotExist.Role.Policy", errors.NotFound),
        ("Forbidden.KeyNotFound", errors.NotFound),
        ("Forbidden.AliasNotFound", errors.NotFound),
        ("EntityAlreadyExists.Role.Policy", errors.AlreadyExists),
        ("KeyPair.AlreadyExist", errors.AlreadyExists),
        ("AliasAlreadyExists", errors.AlreadyExists),
        ("Forbidden.Opened", errors.AlreadyExists),
        ("Forbidden.RAM", errors.AccessDenied),
        ("NoPermission", errors.AccessDenied),
        ("DryRunOperation", errors.DryRunPassed),
        ("DRYRUN.SUCCESS", errors.DryRunPassed),
        ("InvalidParameter", errors.CloudError),
        # About the caller, the place or the call: nothing is gone because of these.
        ("InvalidAccessKeyId.NotFound", errors.CloudError),
        ("InvalidRegionId.NotFound", errors.CloudError),
        ("InvalidAction.NotFound", errors.CloudError),
        ("InvalidAccount.NotFound", errors.CloudError),
    ],
)
def test_the_type_of_a_code(code: str, kind: type[errors.CloudError]) -> None:
    assert errors.from_answer("ecs", "Describe", code, "", status=404).__class__ is kind


def test_a_failure_tells_what_was_asked_what_was_said_and_what_to_do() -> None:
    error = errors.from_answer(
        "ram", "GetRole", "NoPermission", "You are not authorized.", status=403, request_id="R-1"
    )
    failure = error.as_failure()
    assert failure == {
        "msg": "ram GetRole: NoPermission: You are not authorized. "
        "Let an administrator allow ram:GetRole to this RAM user or role.",
        "error_code": "NoPermission",
        "request_id": "R-1",
        "http_status": 403,
        "operation": "ram:GetRole",
    }


@pytest.mark.parametrize(("said", "right"), [("", "yundun-systrust:DescribeInstance"), ("x:Other", "x:Other")])
def test_a_missing_right_is_named_as_a_policy_spells_it(said: str, right: str) -> None:
    error = errors.from_answer("trusted-server", "DescribeInstance", "Forbidden.RAM", "", status=403, ram_action=said)
    assert error.as_failure()["msg"].endswith(f" Let an administrator allow {right} to this RAM user or role.")


ITEMS = [
    {"InstanceId": "i-1", "Code": "200", "Success": True, "Message": "success"},
    {"InstanceId": "i-2", "Code": "InvalidX", "Success": False, "Message": "no"},
    {"InstanceId": "i-3", "Code": "200", "Success": "True"},
    {"InstanceId": "i-4", "Code": "Conflict", "Success": True},
]


def test_the_failed_items_of_a_successful_answer_are_found() -> None:
    answer = {"FailCount": 2, "Results": {"Result": ITEMS}}
    assert [item.id for item in failures(answer, "Results.Result")] == ["i-2", "i-4"]
    assert failures({}, "Results.Result") == []


def test_a_failure_of_items_names_each() -> None:
    failure = ItemsFailed("ecs Attach", failures({"Results": {"Result": ITEMS}}, "Results.Result")).as_failure()
    assert "ecs Attach failed for 2 of its items: i-2: InvalidX: no; i-4: Conflict" in failure["msg"]
    assert failure["failed_items"][0] == {"id": "i-2", "code": "InvalidX", "text": "no"}
