# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of several things of one name stays that runs at the same time have made."""

from __future__ import annotations

import typing as t
from unittest import mock

import pytest

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
