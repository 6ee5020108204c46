# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is cut off at any of its calls is taken up by the next one: nothing is lost, left over or there twice."""

from __future__ import annotations

import os
import shutil
import typing as t
from pathlib import Path

import pytest
from proof.crash import sweep
from proof.crash.scenarios import SCENARIOS

if t.TYPE_CHECKING:
    from proof.conftest import Figure

LONG = os.environ.get("ALITRUST_LONG") == "1"
#: How many tests share the points of a scenario.
PARTS = 8
#: Multiples of the golden ratio are spread, whatever their number.
_SPREAD = 0.618


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of pytest-xdist share."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if own.name.startswith("popen-") else own) / "crash"
    folder.mkdir(exist_ok=True)
    return folder


def chosen(points: list[sweep.Point], name: str) -> list[sweep.Point]:
    """Some of them, always the same: the ways take turns, also from one scenario to the next, at calls that are spread.

    A call that changes something is worth most.
    """
    turn, picked = list(SCENARIOS).index(name), []
    for number in range(SCENARIOS[name].sample):
        way = sweep.WAYS[(turn + number) % len(sweep.WAYS)]
        those = [point for point in points if point.way == way]
        writing = [point for point in those if point.call.writes] or those
        picked.append(writing[int((turn + number) * _SPREAD % 1 * len(writing))])
    return picked


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """So many tests share the points of each scenario."""
    parts = {name: PARTS if LONG else min(PARTS, one.sample) for name, one in SCENARIOS.items()}
    shares = [(name, part, count) for name, count in parts.items() for part in range(count)]
    metafunc.parametrize(("name", "part", "parts"), shares, ids=[f"{name}-{part}" for name, part, _count in shares])


def test_a_run_that_was_cut_off_is_taken_up(
    name: str, part: int, parts: int, base: Path, tmp_path: Path, figure: Figure
) -> None:
    recorded = sweep.record(base, name)
    points = recorded.points()
    wrong = []
    for number, point in enumerate((points if LONG else chosen(points, name))[part::parts]):
        folder = tmp_path / str(number)
        try:
            tried = sweep.cut(recorded, point, folder)
        except AssertionError as error:
            wrong.append(str(error))
            continue
        figure(f"points ({point.way})" if tried else "calls that the run had no more")
        shutil.rmtree(folder)
    assert not wrong, "\n\n".join(wrong)
