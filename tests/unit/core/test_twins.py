# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of several things of one name stays that runs at the same time have made."""

from __future__ import annotations

import typing as t
from unittest import mock

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import AccessDenied, NotFound, UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._core import twins
from ansible_collections.alitrust.ecs.plugins.module_utils._core.twins import Twin

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"


class Runs:
    """A cloud with a clock of its own, in which the other run does something after a while."""

    def __init__(self, there: list[Twin], later: dict[float, list[Twin]] | None = None) -> None:
        self.now = 0.0
        self.there, self.later = there, later or {}

    def use(self, own: str) -> str:
        cloud: t.Any = mock.Mock()
        cloud.monotonic.side_effect = lambda: self.now
        cloud.sleep.side_effect = self._sleep
        return twins.to_use(cloud, own, lambda: self.there)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds
        for at in sorted(self.later):
            if at <= self.now:
                self.there = self.later[at]


@pytest.mark.parametrize("own", ["b", "a"])
def test_the_older_one_stays(own: str) -> None:
    assert Runs([Twin(LATE, "a"), Twin(EARLY, "b")]).use(own) == "b"


def test_one_alone_stays_at_once() -> None:
    runs = Runs([Twin(EARLY, "a")])
    assert runs.use("a") == "a"
    assert runs.now == 0


def test_one_that_is_not_listed_stays() -> None:
    assert Runs([]).use("a") == "a"


def test_of_the_same_second_that_with_the_smaller_id_stays_where_the_other_run_gives_way() -> None:
    both = [Twin(EARLY, "a"), Twin(EARLY, "b")]
    assert Runs(both).use("b") == "a"
    assert Runs(both, {2.0: [Twin(EARLY, "a")]}).use("a") == "a"


def test_it_goes_all_the_same_where_the_other_run_does_not() -> None:
    """It had looked before this one's was there."""
    runs = Runs([Twin(EARLY, "a"), Twin(EARLY, "b")])
    assert runs.use("a") == "b"
    assert runs.now == twins.PATIENCE


# ---------------------------------------------------------------------- whoever only looks


class Look:
    """A cloud whose clock says what time it is, in which something shows up or goes later."""

    def __init__(self, there: list[Twin | None], later: dict[float, list[Twin | None]] | None = None) -> None:
        self.now, self.there, self.later = 0.0, there, later or {}

    def look(self, date: str = "Thu, 01 Jan 2026 00:00:{:02} GMT") -> list[str]:
        cloud: t.Any = mock.Mock()
        cloud.monotonic.side_effect = lambda: self.now
        cloud.sleep.side_effect = self._sleep
        type(cloud).date = mock.PropertyMock(side_effect=lambda: date.format(int(self.now)))
        found = twins.settled(cloud, lambda: [{"twin": one} for one in self.there], lambda item: item["twin"])
        return [one["twin"].id if one["twin"] else "theirs" for one in found]

    def _sleep(self, seconds: float) -> None:
        self.now += seconds
        for at in sorted(self.later):
            if at <= self.now:
                self.there = self.later[at]


OLD = "2025-12-31T23:00:00Z"


@pytest.mark.parametrize(
    "there", [[], [Twin(OLD, "a")], [Twin(OLD, "a"), Twin(OLD, "b")], [None], [None, Twin(EARLY, "a")]]
)
def test_what_is_old_or_not_ours_is_told_at_once(there: list[Twin | None]) -> None:
    look = Look(there)
    assert look.look() == [one.id if one else "theirs" for one in there]
    assert look.now == 0


def test_what_is_new_is_told_once_its_second_is_over() -> None:
    look = Look([Twin(EARLY, "b")], {0.5: [Twin(EARLY, "a"), Twin(EARLY, "b")], 4.0: [Twin(EARLY, "a")]})
    assert look.look() == ["a"]
    look = Look([Twin(EARLY, "b")], {3.0: [Twin(EARLY, "b"), Twin(LATE, "a")]})
    assert look.look() == ["b"]
    assert look.now == 2


def test_two_that_both_stay_are_told_in_the_end() -> None:
    look = Look([Twin(EARLY, "a"), Twin(EARLY, "b")])
    assert look.look() == ["a", "b"]
    assert look.now == twins.TOGETHER


@pytest.mark.parametrize("date", ["", "soon", "Thu, 01 Jan 2020 00:00:00 GMT", "Thu, 01 Jan 2030 00:00:00 GMT"])
def test_where_nothing_says_how_old_it_is_nobody_waits(date: str) -> None:
    look = Look([Twin(EARLY, "a")])
    assert look.look(date) == ["a"]
    assert look.now == 0


@pytest.mark.parametrize("created", ["", "None", "2026-01-01", "2026-01-01T00:00Z", "2026-01-01T00:00:00", EARLY[:-3]])
def test_what_does_not_say_its_second_is_old(created: str) -> None:
    look = Look([Twin(created, "a")])
    assert look.look() == ["a"]
    assert look.now == 0


def test_a_clock_that_stands_still_ends_no_run() -> None:
    look = Look([Twin(EARLY, "a")])
    assert look.look("Thu, 01 Jan 2026 00:00:00 GMT") == ["a"]
    assert look.now < 2 * twins.PATIENCE


# ---------------------------------------------------------------------- whoever gives way


def test_what_goes_is_gone_and_what_cannot_go_is_told() -> None:
    gone = mock.Mock(side_effect=NotFound("vpc", "DeleteVpc", "It.NotFound", "no such thing", status=404))
    twins.give_up("the VPC web", "vpc-b", "vpc-a", gone)
    denied = mock.Mock(side_effect=AccessDenied("vpc", "DeleteVpc", "Forbidden.RAM", "vpc:DeleteVpc is missing."))
    with pytest.raises(UnexpectedState) as told:
        twins.give_up("the VPC web", "vpc-b", "vpc-a", denied)
    for word in ("Somebody else made the VPC web", "vpc-a, is the one to use", "vpc-b, could not be", "vpc:DeleteVpc"):
        assert word in told.value.message
    assert "Delete vpc-b" in str(told.value.hint)
