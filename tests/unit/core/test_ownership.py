# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one rule about what others made."""

from __future__ import annotations

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._core import ownership
from ansible_collections.alitrust.ecs.plugins.module_utils._core.ownership import Terms

OURS = {"alitrust.ecs:owner": "web"}


def test_the_tag_is_the_proof_whatever_its_value() -> None:
    assert ownership.proven(OURS)
    assert not ownership.proven({"owner": "web"})
    assert not ownership.proven(None)


def test_what_is_not_ours_is_deleted_only_when_it_is_adopted() -> None:
    with pytest.raises(UnexpectedState, match=r"does not carry the tag alitrust\.ecs:owner") as caught:
        ownership.reason_to_stay("key pair web", ours=False, terms=Terms())
    assert "adopt: true" in caught.value.hint
    assert ownership.reason_to_stay("key pair web", ours=False, terms=Terms(adopt=True)) is None


def test_a_role_leaves_it_and_says_why() -> None:
    terms = Terms(leave_others=True)
    assert "stays" in str(ownership.reason_to_stay("key pair web", ours=False, terms=terms))
    assert "2 instances" in str(ownership.reason_to_stay("key pair web", ours=True, terms=terms, users=["2 instances"]))
    assert ownership.reason_to_stay("key pair web", ours=True, terms=terms) is None


def test_what_exists_is_used_as_it_is_by_a_role_only() -> None:
    assert ownership.used_as_it_is("key pair web", ours=False, terms=Terms(leave_others=True))
    assert ownership.used_as_it_is("key pair web", ours=True, terms=Terms(leave_others=True)) is None
    assert ownership.used_as_it_is("key pair web", ours=False, terms=Terms(adopt=True, leave_others=True)) is None
    assert ownership.used_as_it_is("key pair web", ours=False, terms=Terms()) is None


def test_what_is_adopted_gets_the_tag_once() -> None:
    assert ownership.adoption({}, Terms(adopt=True), "web") == OURS
    assert ownership.adoption(OURS, Terms(adopt=True), "other") == {}
    assert ownership.adoption({}, Terms(), "web") == {}
