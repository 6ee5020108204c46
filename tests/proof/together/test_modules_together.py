# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two tasks at once, at many interleavings of their calls: one result, no duplicates, nothing half done.

Where both succeed the cloud is as if one had run after the other. Where one fails it says that somebody else is at it,
and running both again gives what one after the other gives.
"""

from __future__ import annotations

import re
import typing as t

import pytest
from proof.together import dumped, schedule
from proof.together.pairs import PAIRS, PairMaker

if t.TYPE_CHECKING:
    from pathlib import Path

    from modules.harness import Modules, Result
    from proof.conftest import Figure
    from proof.together.workers import Race, Tasks, Together

#: How many interleavings of a pair belong to the default run.
_SAMPLE = 6
_RANDOM = 30
#: Seconds after which nothing is on its way in the cloud any more.
_CALM = 120.0
_IDS = {"vpc": "vpc_id", "security_group": "security_group_id", "encrypted_share": "resource_share_id"}


class Pairing:
    """One pair of tasks: what comes of them one after the other, and at an interleaving."""

    def __init__(self, modules: Modules, together: Together, folder: Path, make: PairMaker) -> None:
        self._modules, self._together, self._folder, self._make = modules, together, folder, make
        first, in_order = self.one_by_one(0)
        repeated = self.repeated()
        assert not any(one.get("failed") for one in repeated), repeated
        self.right = self.state()
        other, in_other_order = self.one_by_one(1)
        self.outcomes = [in_order, in_other_order]
        self.calls = [len(first.calls[0]), len(other.calls[1])]
        # What one of them says where the other is done already is a right answer at any moment.
        self.refusals = {alike(told(one)) for race in (first, other) for one in race.failed}

    def race(self, order: schedule.Schedule) -> tuple[Race, dict[str, list[str]]]:
        return self._together.run(self._tasks(), order), self.state()

    def one_by_one(self, first: int) -> tuple[Race, dict[str, list[str]]]:
        return self._together.one_by_one(self._tasks(), first), self.state()

    def _tasks(self) -> tuple[Tasks, Tasks]:
        self._modules.cloud.reset()
        pair = self.pair = self._make(self._modules, self._folder)
        self._modules.cloud.clock_advance(_CALM)
        return pair.one, pair.other

    def state(self) -> dict[str, list[str]]:
        self._modules.cloud.clock_advance(_CALM)
        return dumped.state(self._modules.cloud.state_dir)

    def repeated(self) -> list[Result]:
        tasks = self.pair.again or (*self.pair.one, *self.pair.other)
        return [self._modules.attempt(module, **options) for module, options in tasks]

    def check(self, order: schedule.Schedule) -> tuple[int, list[str]]:
        """:returns: how many runs lost, and what is wrong"""
        race, left = self.race(order)
        wrong = [
            f"does not say so: {told(one)}"
            for one in race.failed
            if not re.search(self.pair.says, one.get("msg", ""), re.IGNORECASE)
            and alike(told(one)) not in self.refusals
        ]
        if not race.failed and left not in self.outcomes:
            wrong.append(f"is no outcome of one after the other: {dumped.differences(self.outcomes[0], left)}")
        one, other = map(told_ids, race.results)
        if not race.failed and self.pair.one == self.pair.other and one != other:
            wrong.append(f"the two are told of different things: {one} and {other}")
        wrong += [f"fails again: {told(one)}" for one in self.repeated() if one.get("failed")]
        after = self.state()
        if after != self.right and after not in self.outcomes:
            wrong.append(f"is other afterwards: {dumped.differences(self.right, after)}")
        module, options = (self.pair.again or self.pair.other)[-1]
        last = self._modules.attempt(module, **options)
        if last.get("failed") or last["changed"]:
            wrong.append(f"is not at rest: {last.get('steps') or told(last)}")
        return len(race.failed), wrong


def told_ids(results: t.Iterable[Result]) -> list[str]:
    """By what results know the things they tell of, of which names are not unique."""
    told = [(result.get(thing) or {}, key) for result in results for thing, key in _IDS.items()]
    return [thing[key] for thing, key in told if key in thing]


def alike(message: str) -> str:
    """A message without what is another one each time."""
    return re.sub(r"[a-z]+-[a-z0-9]{16,}|[0-9T:Z-]{10,}|[0-9a-f]{32}", "_", message)


def told(failed: Result) -> str:
    return str(failed.get("traceback") or failed["msg"])


@pytest.mark.parametrize("make", PAIRS, ids=lambda make: make.__name__)
def test_two_tasks_at_once_are_one_after_the_other_or_say_so(
    modules: Modules, together: Together, tmp_path: Path, figure: Figure, long: bool, make: PairMaker
) -> None:
    pairing = Pairing(modules, together, tmp_path, make)
    once, twice = schedule.preempted_once(pairing.calls), schedule.preempted_twice(pairing.calls)
    if long:
        orders = [*once, *twice, *(schedule.at_random(seed, sum(pairing.calls)) for seed in range(_RANDOM))]
    else:
        share = _SAMPLE // 3
        orders = [*schedule.spread(once, share), *schedule.spread(twice, share)]
        orders += [schedule.at_random(seed, sum(pairing.calls)) for seed in range(share)]
    wrong: list[str] = []
    total = 0
    for order in orders:
        lost, problems = pairing.check(order)
        total += lost
        if problems:
            wrong.append(f"{schedule.named(order)}: " + "; ".join(problems))
    if wrong:
        pytest.fail("\n".join([f"{len(wrong)} of {len(orders)} interleavings", *wrong]), pytrace=False)
    figure("pairs of tasks")
    figure("interleavings", len(orders))
    figure("losers that said so", total)
