# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a user who is not there; all else is tried with a real sshd, in tests/hosts."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._ssh.authorized_keys import manage

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ops"
NOBODY = "not-here-yet"


def _manage(state: str, *, check_mode: bool) -> dict[str, t.Any]:
    options: dict[str, t.Any] = dict.fromkeys(("address", "sshd_path", "sshd_config"))
    options |= {"user": NOBODY, "keys": [KEY], "state": state, "exclusive": False, "return_before": False}
    run: t.Any = lambda *_args, **_more: pytest.fail("ran a program")  # noqa: E731
    return manage(options, run, lambda _path: False, check_mode=check_mode)


@pytest.mark.parametrize(("state", "changed"), [("present", True), ("absent", False)])
def test_a_check_takes_a_user_who_is_not_there_for_one_to_come(state: str, changed: bool) -> None:
    result = _manage(state, check_mode=True)
    assert result["changed"] is changed
    assert f"There is no user {NOBODY} on this host yet." in result["warnings"][0]


def test_a_user_who_is_not_there_is_an_error() -> None:
    with pytest.raises(InvalidInput, match=f"There is no user {NOBODY} on this host"):
        _manage("present", check_mode=False)
