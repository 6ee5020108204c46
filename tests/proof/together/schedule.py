# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of two runs goes on with its next call: a schedule, and who may preempt whom how often."""

from __future__ import annotations

import itertools
import random
import typing as t

#: Whose turn it is, and for how many calls; None is until its end.
Turn = tuple[int, "int | None"]
Schedule = tuple[Turn, ...]


def named(schedule: Schedule) -> str:
    """A schedule as text: C(A3 B A) lets A make three calls, then B all of its own, then A the rest."""
    return " ".join(f"{'AB'[side]}{'' if count is None else count}" for side, count in schedule)


def preempted_once(calls: t.Sequence[int]) -> list[Schedule]:
    """One run is stopped before each of its calls, for all of the other run.

    :param calls: how many calls each of the two makes when it is alone
    """
    return [((side, count), (1 - side, None), (side, None)) for side in (0, 1) for count in range(1, calls[side])]


def preempted_twice(calls: t.Sequence[int]) -> list[Schedule]:
    """And the other run is stopped before each of its calls, for the rest of the first."""
    return [
        ((side, first), (1 - side, second), (side, None), (1 - side, None))
        for side in (0, 1)
        for first, second in itertools.product(range(1, calls[side]), range(1, calls[1 - side]))
    ]


def at_random(seed: int, length: int) -> Schedule:
    """Turns of one to three calls."""
    rng = random.Random(seed)
    return tuple((rng.randrange(2), rng.randint(1, 3)) for _turn in range(length))


def spread(schedules: t.Sequence[Schedule], count: int) -> list[Schedule]:
    """So many of them, from all over the list."""
    if len(schedules) <= count:
        return list(schedules)
    return [schedules[number * len(schedules) // count] for number in range(count)]


class Turns:
    """Hands out turns, call by call; after the end of the schedule the two take turns.

    A run that waits for something gives way now and then, so that what it waits for can happen.
    """

    #: pauses in a row after which the other run may make a call
    _PATIENCE = 4

    def __init__(self, schedule: Schedule) -> None:
        self._left = [list(turn) for turn in schedule]
        self._last = 1
        self._pauses = 0

    def next(self, ended: t.Collection[int]) -> int:
        """Whose turn it is.

        :param ended: the runs that make no more calls; one of the two has to be left
        """
        while self._left:
            side, count = self._left[0]
            if side in ended or count == 0:
                self._left.pop(0)
                continue
            if count is not None:
                self._left[0][1] = count - 1
            self._last = t.cast("int", side)
            return self._last
        self._last = 1 - self._last
        if self._last in ended:
            self._last = 1 - self._last
        return self._last

    def paused(self, side: int, ended: t.Collection[int]) -> int | None:
        """Who may make a call because this run only waits; None where nobody else is there, or not yet."""
        self._pauses += 1
        if self._pauses % self._PATIENCE or 1 - side in ended:
            return None
        return 1 - side
