# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of the proofs: tests count what they tried, and the end of the run says how much that was."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
_KEY = "figure"


class Figure(t.Protocol):
    def __call__(self, what: str, count: int = 1) -> None:
        """Count something that this test has tried: C(points), C(seeds). Figures of one folder are added up."""


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Count what a test has tried, for the line C(proof NAME: 66 points, ...) at the end of the run."""
    part = request.path.relative_to(FOLDER).parts[0]

    def add(what: str, count: int = 1) -> None:
        request.node.user_properties.append((_KEY, (part, what, count)))

    return add


@pytest.fixture(scope="session")
def long() -> bool:
    """Whether to try all there is (dev/test --long) and not what fits into the default run."""
    return os.environ.get("ALITRUST_LONG") == "1"


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    """Print the figures of all tests, those of pytest-xdist's workers as well; failed tests count nothing."""
    figures: dict[str, dict[str, int]] = {}
    for report in terminalreporter.stats.get("passed", []):
        for key, value in report.user_properties:
            if key == _KEY:
                part, what, count = value
                counts = figures.setdefault(part, {})
                counts[what] = counts.get(what, 0) + count
    for part, counts in figures.items():
        terminalreporter.write_line(f"proof {part}: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
