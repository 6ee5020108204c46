# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local cloud that the benchmarks run against, and the table of what they find."""

from __future__ import annotations

import typing as t

import pytest
from figures import Figures

from local_cloud.control import LocalCloud


@pytest.fixture(scope="session")
def figures() -> t.Iterator[Figures]:
    """What all benchmarks of this run find, told as one table at their end."""
    found = Figures()
    yield found
    if found.rows:
        found.write()
        print(f"\n{found.table()}")


@pytest.fixture
def cloud() -> t.Iterator[LocalCloud]:
    """A local cloud without hosts, for one benchmark."""
    with LocalCloud.start() as running:
        yield running
