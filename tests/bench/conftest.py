# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local cloud that the benchmarks run against."""

from __future__ import annotations

import typing as t

import pytest

from local_cloud.control import LocalCloud


@pytest.fixture
def cloud() -> t.Iterator[LocalCloud]:
    """A local cloud without hosts, for one benchmark."""
    with LocalCloud.start() as running:
        yield running
