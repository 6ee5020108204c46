# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies of the playbooks are written as the script writes them, and the page shows them."""

from __future__ import annotations

import policies
import pytest


def test_there_is_a_policy_for_each_playbook_and_for_the_inventory() -> None:
    assert sorted(path.stem for path in policies.POLICIES.glob("*.json")) == policies.names()


@pytest.mark.parametrize("name", policies.names())
def test_a_policy_is_sorted_and_split_into_its_statements(name: str) -> None:
    assert policies.load(name) == policies.document(name, policies.rights(policies.load(name)))


@pytest.mark.parametrize("name", policies.names())
def test_a_playbook_needs_what_the_playbooks_need_that_it_consists_of(name: str) -> None:
    needed = policies.rights(policies.load(name))
    for part in policies.imported(name):
        assert policies.rights(policies.load(part)) <= needed


def test_the_page_is_the_one_that_the_policies_make() -> None:
    assert policies.PAGE.read_text() == policies.page(), "run dev/policies"
