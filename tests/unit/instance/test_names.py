# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of a fleet: the API's sequential form, read, written and counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.names import Pattern, listing, runs


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("web-[1,3]", "web-001", "web-002"),
        ("web-[001,3]", "web-001", "web-002"),
        ("w[99,4]-blue", "w0099-blue", "w0100-blue"),
        ("web[,]", "web000000", "web000001"),
        ("web[,2]", "web00", "web01"),
    ],
)
def test_a_pattern_counts(text: str, first: str, second: str) -> None:
    pattern = Pattern.parse("name", text)
    assert pattern is not None
    assert [pattern.name(pattern.begin), pattern.name(pattern.begin + 1)] == [first, second]
    assert [pattern.number(first), pattern.number(second)] == [pattern.begin, pattern.begin + 1]


def test_a_name_without_brackets_is_plain() -> None:
    assert Pattern.parse("name", "web-1") is None


@pytest.mark.parametrize(
    "text", ["web[1]", "web[1,3", "web]1,3[", "web[a,b]", "web[1,0]", "web[1,7]", "web[10,1]", "[1,2][3,4]"]
)
def test_other_brackets_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="name is"):
        Pattern.parse("name", text)


@pytest.mark.parametrize(
    "name", ["web-1", "web-0001", "web-00a", "web-000", "web-001x", "db-001", "web-", "web-\u0661\u0661\u0661"]
)
def test_a_name_of_another_form_has_no_number(name: str) -> None:
    assert Pattern("web-", 1, 3).number(name) is None


@pytest.mark.parametrize(
    ("text", "stem"), [("web-[1,3]", "web"), ("w[1,3]-blue", "w-blue"), ("shop.web_[1,2]", "shop.web")]
)
def test_the_stem_names_the_fleet(text: str, stem: str) -> None:
    pattern = Pattern.parse("name", text)
    assert pattern is not None
    assert pattern.stem == stem


def test_digits_that_are_used_up_are_told() -> None:
    numbers = Pattern("web", 8, 1).free_numbers({8})
    assert next(numbers) == 9
    with pytest.raises(InvalidInput, match="1 digits are not enough"):
        next(numbers)


@given(st.sets(st.integers(0, 300)), st.integers(1, 100))
def test_runs_hold_every_number_once_in_consecutive_pieces(numbers: set[int], longest: int) -> None:
    found = runs(numbers, longest)
    assert [number for run in found for number in run] == sorted(numbers)
    assert all(run == list(range(run[0], run[0] + len(run))) and len(run) <= longest for run in found)
    assert len(found) == len([number for number in numbers if number - 1 not in numbers]) or longest < 301


def test_a_long_listing_says_how_many_more() -> None:
    assert listing(["a", "b", "c", "d"]) == "a, b, c, d"
    assert listing(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
