# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The week on real hosts is for C(dev/test --long): it takes an hour, and root."""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("ALITRUST_LONG") == "1" else ["test_week_on_hosts.py"]
