# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.security_center_install_code and its info twin against the local cloud."""

from __future__ import annotations

import json
import time
import typing as t
from pathlib import Path

import pytest

if t.TYPE_CHECKING:
    from modules.harness import CheckRun, Modules, Result

MODULE = "security_center_install_code"
ADD, DELETE = "sas:AddInstallCode", "sas:DeleteInstallCode"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "code.json"


def codes(modules: Modules) -> list[dict[str, t.Any]]:
    """What the cloud has."""
    return modules.cloud.resources("security_install_code")


def kept(path: Path) -> dict[str, t.Any]:
    content: dict[str, t.Any] = json.loads(path.read_text())
    return content


def test_a_code_is_in_its_file_and_nowhere_else(modules: Modules, path: Path) -> None:
    before = time.time()
    made = modules.twice(MODULE, code_file=str(path), os="windows", only_image=True, valid_hours=2)
    (there,) = codes(modules)
    assert kept(path)["install_code"] == there["CaptchaCode"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert (there["Os"], there["OnlyImage"]) == ("windows", True)
    assert before + 7200 <= there["ExpiredDate"] / 1000 <= time.time() + 7200
    assert made["install_code"]["os"] == "windows"
    listed = modules.run(f"{MODULE}_info")
    assert [(one["os"], one["expired"]) for one in listed["install_codes"]] == [("windows", False)]
    for result in (made, listed):
        assert there["CaptchaCode"] not in json.dumps(result)
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_deleting_takes_the_code_of_the_file_and_no_other(modules: Modules, path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    modules.run(MODULE, code_file=str(path))
    modules.run(MODULE, code_file=str(other))
    secret = kept(path)["install_code"]
    gone = modules.twice(MODULE, code_file=str(path), state="absent")
    assert secret not in json.dumps(gone)
    assert not path.exists()
    assert [one["CaptchaCode"] for one in codes(modules)] == [kept(other)["install_code"]]


def test_a_check_run_writes_nothing_and_knows_of_it_later(check_run: CheckRun, modules: Modules, path: Path) -> None:
    assert check_run(MODULE, code_file=str(path))["changed"]
    assert not check_run(MODULE, code_file=str(path))["changed"]
    assert check_run(MODULE, code_file=str(path), state="absent")["changed"]
    assert not check_run(MODULE, code_file=str(path), state="absent")["changed"]
    assert not path.exists()
    assert not codes(modules)


@pytest.mark.parametrize("gone", ["expired", "deleted"])
def test_what_is_valid_no_more_is_replaced(modules: Modules, path: Path, gone: str) -> None:
    modules.run(MODULE, code_file=str(path))
    old = kept(path)
    if gone == "expired":
        path.write_text(json.dumps({**old, "expires_ms": int(time.time() * 1000) - 1}))
    else:
        modules.run(MODULE, code_file=str(path.with_name("copy.json")))
        path.with_name("copy.json").write_text(path.read_text())
        modules.run(MODULE, code_file=str(path.with_name("copy.json")), state="absent")
    modules.twice(MODULE, code_file=str(path))
    new = kept(path)
    assert new["install_code"] != old["install_code"]
    assert new["install_code"] in {one["CaptchaCode"] for one in codes(modules)}
    assert old["install_code"] not in {one["CaptchaCode"] for one in codes(modules)}


def test_another_kind_of_code_is_refused_while_the_old_one_is_valid(modules: Modules, path: Path) -> None:
    modules.run(MODULE, code_file=str(path))
    refused = modules.run(MODULE, code_file=str(path), os="windows", fails=True)
    assert "has os linux, not windows; that cannot be changed" in refused["msg"]
    assert len(codes(modules)) == 1


def test_a_loose_file_is_restricted(modules: Modules, path: Path) -> None:
    modules.run(MODULE, code_file=str(path))
    path.chmod(0o644)
    modules.twice(MODULE, code_file=str(path))
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("fault", ["drop_before_commit", "drop_after_commit", "throttling", "internal_error"])
def test_trouble_makes_one_code_at_most(modules: Modules, path: Path, fault: str) -> None:
    modules.cloud.fault(fault, ADD)
    result: Result = modules.attempt(MODULE, code_file=str(path), wait_timeout=2)
    if result.get("failed"):  # it is not known whether there is a code: the next run looks
        modules.run(MODULE, code_file=str(path))
    assert [one["CaptchaCode"] for one in codes(modules)] == [kept(path)["install_code"]]


def test_a_run_that_broke_off_is_finished_by_the_next(modules: Modules, path: Path) -> None:
    modules.run(MODULE, code_file=str(path))
    whole = kept(path)
    path.write_text(json.dumps({"expires_ms": whole["expires_ms"]}))
    again = modules.twice(MODULE, code_file=str(path))
    assert ADD not in again["api_calls"]
    assert kept(path) == whole
    path.write_text(json.dumps({"expires_ms": whole["expires_ms"] + 1}))  # the call was never made
    modules.twice(MODULE, code_file=str(path))
    assert len(codes(modules)) == 2


def test_a_refused_code_leaves_no_file(modules: Modules, path: Path) -> None:
    modules.cloud.fault("error", ADD, code="NoPermission", status=403, times=9)
    modules.run(MODULE, code_file=str(path), fails=True)
    assert list(path.parent.iterdir()) == []
