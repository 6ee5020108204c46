# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags have one meaning everywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput, UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._core import tags

KEYS = st.sampled_from(["a", "b", "c", "acs:ecs:sharedFrom", "aliyun.x", tags.OWNER_KEY])
OWN_KEYS = st.sampled_from(["a", "b", "c", "d"])
VALUES = st.sampled_from(["", "x", "true", "1"])


@given(
    st.dictionaries(KEYS, VALUES), st.dictionaries(OWN_KEYS, VALUES | st.booleans() | st.integers(0, 1)), st.booleans()
)
def test_the_changes_lead_to_what_is_wanted_and_leave_the_system_s_and_the_owner_s_alone(
    actual: dict[str, str], wanted: dict[str, object], purge: bool
) -> None:
    to_set, to_remove = tags.changes(actual, wanted, purge)
    after = {key: value for key, value in {**actual, **to_set}.items() if key not in to_remove}
    for key, value in wanted.items():
        assert after[key] == tags.text(value)
    for key, value in actual.items():
        if key.startswith(tags.SYSTEM_PREFIXES) or key == tags.OWNER_KEY or (not purge and key not in wanted):
            assert after[key] == value
    if purge:
        assert set(tags.own(after)) - {tags.OWNER_KEY} == set(wanted)
    assert tags.changes(after, wanted, purge) == ({}, [])


def test_tags_that_are_not_given_are_left_alone_and_an_empty_dictionary_is_given() -> None:
    assert tags.changes({"a": "x"}, None, purge=True) == ({}, [])
    assert tags.changes({"a": "x"}, {}, purge=True) == ({}, ["a"])


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (None, ""), (1, "1"), (1.5, "1.5"), ("x", "x")]
)
def test_a_value_of_yaml_is_the_text_that_the_api_keeps(value: object, text: str) -> None:
    assert tags.text(value) == text
    assert tags.to_api({"key": value}) == [{"Key": "key", "Value": text}]


def test_both_spellings_of_an_answer_are_read() -> None:
    assert tags.from_api([{"TagKey": "a", "TagValue": "x"}, {"Key": "b", "Value": ""}]) == {"a": "x", "b": ""}
    assert tags.from_api(None) == {}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({f"k{n}": "x" for n in range(21)}, "at most 20"),
        ({"": "x"}, "1 to 128 characters"),
        ({"k" * 129: "x"}, "1 to 128 characters"),
        ({"k": "x" * 129}, "a value up to 128"),
        ({"acs:x": "x"}, "is reserved"),
        ({"aliyun-x": "x"}, "is reserved"),
        ({"http://x": "x"}, "is reserved"),
        ({"repo": "https://git.example.com/x"}, "must not begin with http"),
    ],
)
def test_what_the_api_would_refuse_is_refused_before(wanted: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        tags.check(wanted)


def test_more_tags_than_a_resource_can_have_are_refused_before_any_is_set() -> None:
    actual = {tags.OWNER_KEY: "web", "acs:x": "y", "old": "x"}
    wanted = {f"k{n}": "x" for n in range(20)}
    with pytest.raises(UnexpectedState, match="21 tags; at most 20"):
        tags.changes(actual, wanted, purge=True)
    with pytest.raises(UnexpectedState, match="21 tags"):
        tags.changes({}, wanted, purge=True, mark={tags.OWNER_KEY: "web"})
    wanted.popitem()
    assert tags.changes(actual, wanted, purge=True) == (wanted, ["old"])
    with pytest.raises(UnexpectedState, match="21 tags"):
        tags.changes(actual, wanted, purge=False)
    assert tags.changes({f"k{n}": "x" for n in range(30)}, {}, purge=True)[0] == {}, "what is too much can go"


def test_fine_tags_pass() -> None:
    tags.check(None)
    tags.check({"k" * 128: "v" * 128})
