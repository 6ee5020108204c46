# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which checks of dev/test run beside which others."""

from __future__ import annotations

import asyncio
import typing as t

import pytest
import run

Order = list[tuple[str, frozenset[str]]]


def order(monkeypatch: pytest.MonkeyPatch, checks: t.Sequence[run.Check], *, idle: float) -> Order:
    """The checks as they begin on two cores, each with those that run already."""
    monkeypatch.setattr(run, "CORES", 2)
    monkeypatch.setattr(run, "LOOK", 0.001)
    monkeypatch.setattr(run.Processors, "idle", lambda _self: idle)
    monkeypatch.setattr(run, "report", lambda _outcome: None)
    begun: Order = []
    running: set[str] = set()

    async def execute(_self: run.Runner, check: run.Check, *, beside: bool) -> run.Outcome:
        begun.append((check.name, frozenset(running)))
        running.add(check.name)
        await asyncio.sleep(0.05)
        running.remove(check.name)
        return run.Outcome(check, passed=1)

    monkeypatch.setattr(run.Runner, "execute", execute)
    asyncio.run(run.run_all(list(checks)))
    return begun


def checks(**cores: int) -> list[run.Check]:
    return [run.Check(name, "true", cores=number) for name, number in cores.items()]


@pytest.fixture(autouse=True)
def _no_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing() -> None:
        return

    monkeypatch.setattr(run, "report_coverage", nothing)


def test_busy_cores_are_given_to_no_more_checks_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"a": 2, "b": 1, "c": 1, "d": 2, "e": 1}
    begun = order(monkeypatch, checks(**sizes), idle=0.0)
    assert {name for name, _others in begun} == set(sizes)
    assert all(sizes[name] + sum(sizes[one] for one in others) <= 2 for name, others in begun)


def test_idle_cores_are_taken_by_the_next_checks_and_not_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"check-{number}" for number in range(8)]
    begun = order(monkeypatch, checks(**dict.fromkeys(names, 2)), idle=2.0)
    assert [name for name, _others in begun] == names
    assert max(len(others) for _name, others in begun) == run.CROWD


@pytest.mark.parametrize("idle", [0.0, 2.0])
def test_hosts_are_started_by_one_check_at_a_time(monkeypatch: pytest.MonkeyPatch, idle: float) -> None:
    those = {"h1", "h2", "h3"}
    given = [run.Check(name, "true", root=name in those) for name in ("h1", "a", "h2", "b", "h3", "c")]
    begun = order(monkeypatch, given, idle=idle)
    assert len(begun) == len(given)
    assert not any(name in those and others & those for name, others in begun)


@pytest.mark.parametrize("idle", [0.0, 2.0])
def test_nothing_runs_beside_what_measures(monkeypatch: pytest.MonkeyPatch, idle: float) -> None:
    measuring = run.Check("measuring", "true", alone=True)
    begun = order(monkeypatch, [*checks(a=1, b=2), measuring, *checks(c=1, d=2)], idle=idle)
    assert ("measuring", frozenset()) in begun
    assert not any("measuring" in others for _name, others in begun)
