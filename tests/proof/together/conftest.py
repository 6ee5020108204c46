# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud that two runs share."""

from __future__ import annotations

import typing as t

import pytest
from modules.clock import PushedClock
from modules.harness import Modules
from proof.together.workers import Together

from local_cloud.control import LocalCloud


@pytest.fixture(scope="session")
def shared_cloud(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[LocalCloud]:
    with LocalCloud.start(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture(scope="session")
def together(shared_cloud: LocalCloud) -> t.Iterator[Together]:
    with Together(shared_cloud) as both:
        yield both


@pytest.fixture
def modules(shared_cloud: LocalCloud, together: Together, monkeypatch: pytest.MonkeyPatch) -> Modules:
    """A test's own modules, which do not wait for real either."""
    PushedClock(shared_cloud).rule(monkeypatch)
    return Modules(shared_cloud)
