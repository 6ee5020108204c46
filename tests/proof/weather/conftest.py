# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local cloud without hosts for each worker, and what the playbooks come to on it in calm."""

from __future__ import annotations

import typing as t

import pytest
from proof.weather.sky import Account, Seen

from local_cloud.control import LocalCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[LocalCloud]:
    with LocalCloud.start(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture(scope="session")
def calm(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What the playbooks come to without any weather."""
    return Account(tmp_path_factory.mktemp("calm"), cloud).lives()
