# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting ends when it is done or when time is up, and says what it saw."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import WaitTimeout
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import Connection
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.writes import LAG
from ansible_collections.alitrust.ecs.plugins.module_utils._core import progress
from ansible_collections.alitrust.ecs.plugins.module_utils._core.waiter import wait_for


def patient() -> tuple[Cloud, list[float]]:
    """A door whose time passes only by sleeping."""
    slept: list[float] = []
    return Cloud(Connection(), sleep=slept.append, monotonic=lambda: sum(slept)), slept


@given(st.integers(0, 40), st.floats(1, 60))
def test_a_wait_ends_with_the_state_or_with_the_time_and_never_later(polls_needed: int, timeout: float) -> None:
    cloud, slept = patient()
    seen = iter(range(1000))

    with contextlib.suppress(WaitTimeout):
        waited = wait_for(cloud, "it", lambda: next(seen), lambda n: n >= polls_needed, str, timeout=timeout)
        assert waited.value == polls_needed
        assert waited.polls == polls_needed + 1
    assert next(seen) <= polls_needed + 1
    assert sum(slept) <= timeout
    assert all(pause <= 5 for pause in slept)


@given(st.floats(0, 500))
def test_a_wait_is_little_longer_than_what_it_waits_for(ready: float) -> None:
    cloud, slept = patient()
    waited = wait_for(cloud, "it", lambda: sum(slept) >= ready, bool, str, timeout=600)
    assert waited.seconds - ready <= min(ready / 4 + 0.5, 5)
    assert waited.polls <= 13 + ready / 5


def test_what_is_there_already_is_not_waited_for() -> None:
    cloud, slept = patient()
    assert wait_for(cloud, "it", lambda: 1, bool, str, timeout=0).polls == 1
    assert not slept


def test_a_wait_that_runs_out_says_how_long_and_what_was_seen_last() -> None:
    cloud, _slept = patient()
    states = iter(["Pending"] * 3 + ["Starting"] * 100)
    with pytest.raises(WaitTimeout) as caught:
        wait_for(cloud, "i-1 to be Running", lambda: next(states), lambda state: state == "Running", str, timeout=20)
    failure = caught.value.as_failure()
    assert "for i-1 to be Running; last seen: Starting." in failure["msg"]
    assert "Raise wait_timeout" in failure["msg"]
    assert failure["last_state"] == "Starting"
    assert 15 <= failure["waited_seconds"] <= 20


def shown(states: list[str]) -> list[str]:
    cloud, _slept = patient()
    left = iter(states)
    lines: list[str] = []
    progress.set_sink(lines.append)
    try:
        wait_for(cloud, "it", lambda: next(left), lambda state: state == "Running", str, timeout=600)
    finally:
        progress.set_sink(None)
    return lines


def test_a_line_is_shown_when_the_state_changes() -> None:
    lines = shown(["Pending", "Pending", "Starting", "Starting", "Running"])
    assert [line.partition(" (")[0] for line in lines] == ["waiting for it: Pending", "waiting for it: Starting"]


def test_a_wait_in_which_nothing_changes_says_once_a_minute_how_long_is_left() -> None:
    lines = shown([*["Pending"] * 36, "Running"])  # over two minutes: pauses are 5 s at most
    assert lines[0] == "waiting for it: Pending (at most 600 s more)"
    assert [line.partition(" (")[0] for line in lines[1:]] == ["still waiting for it: Pending"] * 2
    assert "(at most 539 s more)" in lines[1]


def test_what_was_written_is_seen_by_all_reads_before_it_counts_as_seen() -> None:
    """The next read may be behind the one that has shown it."""
    cloud, slept = patient()
    cloud._writes.note("CreateRole", {}, {}, 0.0)
    seen = iter([False, True])
    waited = wait_for(cloud, "it", lambda: next(seen), bool, str, timeout=60, shows=True)
    assert waited.polls == 2
    assert sum(slept) == LAG
    cloud.catch_up()
    assert sum(slept) == LAG


def test_where_the_first_read_shows_it_nothing_is_waited_for() -> None:
    cloud, slept = patient()
    cloud._writes.note("CreateRole", {}, {}, 0.0)
    wait_for(cloud, "it", lambda: True, bool, str, timeout=60, shows=True)
    cloud.catch_up()
    assert not slept
