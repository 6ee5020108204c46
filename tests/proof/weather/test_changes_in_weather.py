# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each way in which a module exchanges something comes through the weather; playbooks take some of them only."""

from __future__ import annotations

import os
import re
import typing as t
from collections import Counter

import pytest
from modules.changes import CHANGES, Change, Maker, Parts
from modules.clock import PushedClock
from modules.harness import Modules, Result
from proof.weather import sky

if t.TYPE_CHECKING:
    from pathlib import Path

    from proof.conftest import Figure

    from local_cloud.control import LocalCloud

#: What may end a task in weather: its outcome is not known, and it says so. The next run goes on from there.
SAID = re.compile(r"may have been carried out|is not known: the answer got lost")
#: A task's calls, of which some are few: chance weighs more with these than with a playbook's.
SEEDS = 50


@pytest.fixture
def modules(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Modules:
    """Modules in this process, whose pauses push the local cloud's clock on."""
    cloud.reset()
    PushedClock(cloud).rule(monkeypatch)
    return Modules(cloud)


def seeds() -> range:
    return range(SEEDS) if os.environ.get("ALITRUST_LONG") == "1" else range(1)


def counted(cloud: LocalCloud) -> Counter[str]:
    """How many things of each kind there are, without those that come and go with calls."""
    found = cloud.status()["records"]
    return Counter({kind: number for kind, number in found.items() if kind not in sky.OF_CALLS})


@pytest.mark.parametrize("make", CHANGES, ids=lambda make: make.__name__)
def test_each_change_comes_through(modules: Modules, tmp_path: Path, make: Maker, figure: Figure) -> None:
    cloud = modules.cloud

    def start(name: str) -> Change:
        cloud.reset()
        (tmp_path / name).mkdir()
        change = make(modules, tmp_path / name)
        cloud.clock_advance(60)
        return change

    change = start("calm")
    old = change.look()
    assert modules.run(change.module, **change.options)["changed"]
    cloud.clock_advance(60)
    wanted, stored = exchanged(old, change.look()), counted(cloud)
    for seed in seeds():
        change = start(str(seed))
        old = change.look()
        sky.begin(cloud, seed)
        result = run(modules, change)
        cloud.clear_faults()
        cloud.clock_advance(60)
        if result.get("failed"):
            assert SAID.search(result["msg"]), result["msg"]
            figure("tasks that said that their outcome is not known")
            modules.run(change.module, **change.options)
            cloud.clock_advance(60)
        assert not modules.run(change.module, **change.options)["changed"], (seed, result)
        assert exchanged(old, change.look()) == wanted, seed
        assert counted(cloud) == stored, seed
        figure("changes of modules")


def exchanged(old: Parts, new: Parts) -> int:
    """How many parts are others now; some are called by IDs, which are drawn."""
    return sum(words != old.get(name) for name, words in new.items())


def run(modules: Modules, change: Change) -> Result:
    """The result of a task that may fail."""
    try:
        return modules.run(change.module, **change.options)
    except AssertionError as failure:
        (result,) = failure.args
    assert result["failed"], result
    return t.cast("Result", result)
