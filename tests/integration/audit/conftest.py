# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One report for all tests of a file."""

from __future__ import annotations

import typing as t

import pytest
from audit.playbook import Report, make

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud


@pytest.fixture(scope="module")
def report(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return make(cloud, tmp_path_factory.mktemp("report"))
