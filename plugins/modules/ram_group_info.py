#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ram_group_info
short_description: Read groups of RAM users
version_added: 1.0.0
description:
  - Reads user groups of Resource Access Management (RAM), with their users and policies.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.attributes.info
options:
  names:
    description: The groups to read. Those that do not exist are left out. When it is not given, all are read, with
      three calls for each.
    type: list
    elements: str
    aliases: [name]
notes:
  - RAM is one service for all regions, so O(region) is not needed.
seealso:
  - module: alitrust.ecs.ram_group
  - module: alitrust.ecs.ram_user_info
"""

EXAMPLES = r"""
- name: Read a group
  alitrust.ecs.ram_group_info:
    names: [SysAdmins]

- name: Read all groups
  alitrust.ecs.ram_group_info:
"""

RETURN = r"""
ram_groups:
  description: The groups, each as RV(alitrust.ecs.ram_group#module:ram_group).
  returned: success
  type: list
  elements: dict
  sample:
    - name: SysAdmins
      users: [ann]
      policies: [{"name": "AliyunECSFullAccess", "type": "System"}]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 RAM groups
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ram:GetGroup": 1, "ram:ListUsersForGroup": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.group import read_groups
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.user import INFO_SPEC


def main() -> None:
    flow.read(create(INFO_SPEC), read_groups)


if __name__ == "__main__":
    main()
