# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of modules share."""

from __future__ import annotations

import typing as t

import pytest
from modules.clock import PushedClock
from modules.harness import CheckRun, Modules

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import writes
from ansible_collections.alitrust.ecs.plugins.module_utils._core import removal

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud


@pytest.fixture
def modules(fresh_cloud: LocalCloud) -> Modules:
    """The collection's modules, pointed at an empty local cloud."""
    return Modules(fresh_cloud)


@pytest.fixture(params=["number", "text"])
def priority_type(request: pytest.FixtureRequest, fresh_cloud: LocalCloud) -> None:
    """Priority of a rule as captured answers have it, and as the SDK's models do."""
    fresh_cloud.set("ecs.priority_type", request.param)


@pytest.fixture
def check_run(modules: Modules) -> CheckRun:
    """Tasks of one run in check mode, which know what those before them have foretold."""
    return CheckRun(modules)


@pytest.fixture
def real_pauses() -> None:
    """For a test whose modules wait for something besides the cloud, or which is about how long they wait."""


@pytest.fixture(autouse=True)
def pauses(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for real: a pause moves the clock of the cloud."""
    if "cloud" in request.fixturenames and "real_pauses" not in request.fixturenames:
        PushedClock(request.getfixturevalue("cloud")).rule(monkeypatch)


@pytest.fixture(autouse=True)
def shorter_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads of these local clouds are less far behind, and who waits in vain waits less long."""
    monkeypatch.setattr(writes, "LAG", 0.5)
    monkeypatch.setattr(removal, "_ECHO", 5.0)
