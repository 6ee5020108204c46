# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local Alibaba Cloud, for tests and rehearsals."""

from __future__ import annotations

from pathlib import Path

_IN_A_CHECKOUT = "dev/local-cloud"

#: What people type to run it.
COMMAND = _IN_A_CHECKOUT if (Path(__file__).parents[2] / _IN_A_CHECKOUT).exists() else "alitrust-local-cloud"
