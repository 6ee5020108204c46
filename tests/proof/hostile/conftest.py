# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local cloud that hostile and wrong input is tried on."""

from __future__ import annotations

import typing as t

import pytest
from modules.harness import Modules

from local_cloud.control import LocalCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[LocalCloud]:
    """One local cloud without hosts for all tests of this process."""
    with LocalCloud.start(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def modules(cloud: LocalCloud) -> Modules:
    """The collection's modules, pointed at an empty local cloud."""
    cloud.reset()
    return Modules(cloud)
