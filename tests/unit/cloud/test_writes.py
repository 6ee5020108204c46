# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An error that denies what was just written is not believed; one about anything else is."""

from __future__ import annotations

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.writes import LAG, Writes

ROLE = {"RoleName": "reporter"}


@pytest.fixture
def writes() -> Writes:
    found = Writes()
    found.note("CreateRole", ROLE, {"Role": {"RoleId": "1", "RoleName": "reporter"}, "RequestId": "r"}, 100.0)
    return found


@pytest.mark.parametrize(
    ("code", "params"),
    [("EntityNotExist.Role", ROLE), ("EntityNotExist.Role", {"ResourceType": "role", "ResourceNames": '["reporter"]'})],
)
def test_what_was_just_made_cannot_be_missing(writes: Writes, code: str, params: dict[str, str]) -> None:
    assert writes.deny(code, params, 101.0)
    assert writes.behind


@pytest.mark.parametrize(
    ("code", "params", "now"),
    [
        ("EntityNotExist.Role", {"RoleName": "other"}, 101.0),
        ("EntityNotExist.Role", ROLE, 200.0),  # by now it would be seen
        ("EntityNotExist.User.LoginProfile", ROLE, 101.0),  # a part of it, which nobody has made
        ("EntityNotExist.Role", {"RequestId": "r"}, 101.0),
    ],
)
def test_everything_else_is_believed(writes: Writes, code: str, params: dict[str, str], now: float) -> None:
    assert not writes.deny(code, params, now)
    assert not writes.behind


def test_what_is_being_deleted_may_be_missing(writes: Writes) -> None:
    writes.forget("DeleteRole", ROLE)
    assert not writes.deny("EntityNotExist.Role", ROLE, 101.0)


def test_only_where_reads_were_behind_are_they_waited_for(writes: Writes) -> None:
    assert writes.left(101.0) == 0
    writes.behind = True
    assert writes.left(101.0) == LAG - 1
    assert writes.left(100.0 + LAG) == 0
    assert Writes().left(0.0) == 0
