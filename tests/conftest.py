# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the checkout importable as ansible_collections.alitrust.ecs, wherever it lies."""

from __future__ import annotations

import sys

import environment

sys.path.insert(0, str(environment.import_root()))
