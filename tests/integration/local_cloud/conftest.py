# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callers of the local cloud under test."""

from __future__ import annotations

import pytest
from sdk import Sdk
from wire import Wire

from local_cloud.control import LocalCloud


@pytest.fixture
def wire(fresh_cloud: LocalCloud) -> Wire:
    """The main account, calling an emptied local cloud."""
    return Wire(fresh_cloud.address, fresh_cloud.access_key_id, fresh_cloud.access_key_secret)


@pytest.fixture
def sdk(fresh_cloud: LocalCloud) -> Sdk:
    """The main account with the official SDK, calling an emptied local cloud whose clock only moves when told to."""
    fresh_cloud.clock_scale(0)
    return Sdk(fresh_cloud)
