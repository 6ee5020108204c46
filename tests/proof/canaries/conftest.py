# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One local cloud for all tests of a worker."""

from __future__ import annotations

import typing as t

import pytest
from modules.harness import Modules

from local_cloud.control import LocalCloud


@pytest.fixture(scope="session")
def running_cloud(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[LocalCloud]:
    with LocalCloud.start(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def cloud(running_cloud: LocalCloud) -> LocalCloud:
    """The same, emptied, which makes short keys."""
    running_cloud.reset()
    running_cloud.set("ecs.key_bits", 1024)
    return running_cloud


@pytest.fixture
def modules(cloud: LocalCloud) -> Modules:
    return Modules(cloud)
