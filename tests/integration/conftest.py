# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local cloud that the integration tests run against."""

from __future__ import annotations

import typing as t

import pytest

from local_cloud.control import LocalCloud

if t.TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[LocalCloud]:
    """One local cloud without hosts for all tests of this process (with xdist: of this worker)."""
    with LocalCloud.start(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def fresh_cloud(cloud: LocalCloud) -> LocalCloud:
    """The same local cloud, emptied: only accounts and their keys, default settings, no faults, an empty log."""
    cloud.reset()
    return cloud


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A folder for a local cloud of a test's own."""
    return tmp_path / "state"
