# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.kms_service against the local cloud."""

from __future__ import annotations

import pytest
from modules.harness import Modules


def put_status(modules: Modules, status: str) -> None:
    account = modules.cloud.account_id
    modules.cloud.preload([{"kind": "kms_service", "id": account, "data": {"Status": status, "AccountId": account}}])


def test_switching_on_and_then_nothing_more(modules: Modules) -> None:
    result = modules.twice("kms_service")
    assert result["diff"] == {"before": {"status": "NotEnabled"}, "after": {"status": "Enabled"}}
    assert result["kms_service"] == {"status": "Enabled"}
    assert "cannot be switched off" in str(result["warnings"])
    idle = modules.run("kms_service")
    assert idle["api_calls"] == {"kms:DescribeAccountKmsStatus": 1}
    assert "warnings" not in idle


def test_check_mode_does_not_switch_it_on(modules: Modules) -> None:
    assert modules.run("kms_service", check=True)["changed"]
    assert "kms:OpenKmsService" not in modules.cloud.counts()


@pytest.mark.parametrize(("status", "why"), [("InDebt", "overdue payments"), ("Suspended", "suspended")])
@pytest.mark.parametrize("check", [False, True])
def test_an_account_that_cannot_use_kms_is_told_why(modules: Modules, status: str, why: str, check: bool) -> None:
    put_status(modules, status)
    failed = modules.run("kms_service", check=check, fails=True)
    assert status in failed["msg"]
    assert why in failed["msg"]
    assert "kms:OpenKmsService" not in modules.cloud.counts()


def test_a_state_nobody_knows_is_not_touched(modules: Modules) -> None:
    put_status(modules, "Migrating")
    failed = modules.run("kms_service", fails=True)
    assert "Migrating" in failed["msg"]
    assert "kms:OpenKmsService" not in modules.cloud.counts()


@pytest.mark.parametrize(
    "fault", ["drop_before_commit", "drop_after_commit", "throttling", "internal_error", "empty_body", "cut_body"]
)
def test_trouble_is_outlasted(modules: Modules, fault: str) -> None:
    modules.cloud.fault(fault, "kms:OpenKmsService")
    assert modules.run("kms_service")["kms_service"] == {"status": "Enabled"}


def test_somebody_else_switching_it_on_meanwhile_is_fine(modules: Modules) -> None:
    modules.run("kms_service")
    modules.cloud.fault("read_lag", "kms:DescribeAccountKmsStatus", seconds=3600)
    assert modules.run("kms_service")["kms_service"] == {"status": "Enabled"}


def test_a_wait_that_runs_out_says_what_was_seen_last(modules: Modules) -> None:
    modules.cloud.fault("read_lag", "kms:DescribeAccountKmsStatus", times=None, seconds=3600)
    failed = modules.run("kms_service", wait_timeout=1, fails=True)
    assert "last seen: NotEnabled" in failed["msg"]
    assert failed["steps_done"] == ["switch KMS on"]
    assert failed["waited_seconds"] <= 1
