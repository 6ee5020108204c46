# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # How a chain of tasks is checked from nothing.
    DOCUMENTATION = r"""
options:
  foretold:
    description:
      - What earlier tasks of a run in check mode would have made or deleted. The action plugin of the module sets it,
        so that a later task can be checked with what does not exist yet; it is not for playbooks.
    type: list
    elements: dict
"""
