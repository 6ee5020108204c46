# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Modules whose state absent cannot be undone.
    DOCUMENTATION = r"""
options:
  adopt:
    description:
      - Whether what exists and does not carry the tag C(alitrust.ecs:owner) is to be treated as made by this
        collection.
      - Without it, nothing that others made is deleted. With O(state=absent) it is deleted, with other states it gets
        the tag.
    type: bool
    default: false
  leave_others:
    description:
      - Whether to leave alone what others made or still use, and to say so in RV(kept), where the task would change it
        or could not delete it.
      - Where several things have the name, the one that carries the tag is meant.
      - The roles of this collection set it.
    type: bool
    default: false
"""
