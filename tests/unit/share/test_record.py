# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With whom an image is shared, in tags of the image."""

from __future__ import annotations

from ansible_collections.alitrust.ecs.plugins.module_utils._share import record

ONE, OTHER, THIRD = "1111222233334444", "5555666677778888", "9999000011112222"


def noted(labels: dict[str, str], accounts: set[str]) -> dict[str, str]:
    to_set, to_remove = record.changes(labels, accounts)
    return {key: value for key, value in {**labels, **to_set}.items() if key not in to_remove}


def test_what_is_recorded_is_read_again() -> None:
    accounts = {str(number) * 16 for number in range(1, 10)}
    labels = noted({"team": "ops"}, accounts)
    assert record.accounts_in(labels) == accounts
    assert all(len(value) <= 128 for value in labels.values())
    assert noted(labels, set()) == {"team": "ops"}
    assert record.changes(labels, accounts) == ({}, [])


def test_two_runs_do_not_write_over_each_other() -> None:
    first, _removed = record.changes({}, {ONE})
    second, _removed = record.changes({}, {OTHER})
    assert record.accounts_in({**first, **second}) == {ONE, OTHER}


def test_one_more_account_changes_no_tag_of_others() -> None:
    labels = noted({}, {ONE, OTHER})
    to_set, to_remove = record.changes(labels, {ONE, OTHER, THIRD})
    assert not set(to_set) & set(labels)
    assert to_remove == []


def test_tags_of_older_versions_count_and_go() -> None:
    labels = {"alitrust.ecs:shared-with-1": f"{ONE} {OTHER}"}
    assert record.accounts_in(labels) == {ONE, OTHER}
    assert record.accounts_in(noted(labels, {OTHER})) == {OTHER}
    assert noted(labels, set()) == {}


def test_many_shares_one_by_one_do_not_use_up_the_tags_of_an_image() -> None:
    labels: dict[str, str] = {}
    for number in range(50):
        accounts = record.accounts_in(labels) | {f"{number:016}"}
        labels = noted(labels, set(accounts))
        assert record.accounts_in(labels) == accounts
        assert len(labels) <= 8


def test_an_account_whose_tag_names_others_by_now_gets_another_one() -> None:
    labels = noted(noted({}, {ONE, OTHER}), {OTHER})
    assert record.accounts_in(noted(labels, {ONE, OTHER})) == {ONE, OTHER}
