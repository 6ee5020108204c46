# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local cloud without hosts for each worker, and what the playbooks come to on it in calm."""

from __future__ import annotations

import typing as t

import pytest
from proof.weather.sky import CALLS, USES, Account, Seen

from local_cloud.control import LocalCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[LocalCloud]:
    with LocalCloud.start(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture(scope="session")
def calm(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What the playbooks come to without any weather."""
    return Account(tmp_path_factory.mktemp("calm"), cloud).lives()


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    """Print how many times the calls of calm the weather takes: each playbook over all seeds, and the worst seed."""
    lives: list[tuple[int, dict[str, int], dict[str, int]]] = [
        value
        for report in terminalreporter.stats.get("passed", [])
        for key, value in report.user_properties
        if key == CALLS
    ]
    if not lives:
        return

    def of(name: str) -> float:
        return sum(seen[name] for _seed, _calm, seen in lives) / sum(calm[name] for _seed, calm, _seen in lives)

    def worst_of(name: str) -> float:
        return max(seen[name] / calm[name] for _seed, calm, seen in lives)

    each = [f"{name} {of(name):.2f} (at most {worst_of(name):.2f} of {lives[0][1][name]})" for name in USES]
    ratios = {seed: sum(seen.values()) / sum(calm.values()) for seed, calm, seen in lives}
    worst = max(ratios, key=lambda seed: ratios[seed])
    terminalreporter.write_line(f"proof weather: times the calls of calm, {len(lives)} seeds: {', '.join(each)}")
    terminalreporter.write_line(
        f"proof weather: all of it {sum(ratios.values()) / len(ratios):.2f}, at most {ratios[worst]:.2f} (seed {worst})"
    )
