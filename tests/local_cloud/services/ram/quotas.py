# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RAM's documented quotas for one account."""

from __future__ import annotations

USERS = 1000
GROUPS = 50
ROLES = 1000
POLICIES = 1500
VERSIONS_PER_POLICY = 5
ACCESS_KEYS_PER_USER = 2
GROUPS_PER_USER = 10
#: attached policies by kind of entity, then by policy type
ATTACHMENTS = {
    "role": {"System": 20, "Custom": 5},
    "user": {"System": 20, "Custom": 10},
    "group": {"System": 20, "Custom": 5},
}
