#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ram_user_info
short_description: Read RAM users
version_added: 1.0.0
description:
  - Reads users of Resource Access Management (RAM), with their groups, policies, console logon and AccessKey IDs.
  - Secrets cannot be read by anybody.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.attributes.info
options:
  names:
    description: The users to read. Those that do not exist are left out. When it is not given, all are read, with five
      calls for each.
    type: list
    elements: str
    aliases: [name]
notes:
  - RAM is one service for all regions, so O(region) is not needed.
seealso:
  - module: alitrust.ecs.ram_user
  - module: alitrust.ecs.ram_group_info
"""

EXAMPLES = r"""
- name: Read a user
  alitrust.ecs.ram_user_info:
    names: [ann]

- name: Read all users
  alitrust.ecs.ram_user_info:
"""

RETURN = r"""
ram_users:
  description: The users, each as RV(alitrust.ecs.ram_user#module:ram_user).
  returned: success
  type: list
  elements: dict
  sample:
    - name: ann
      console_login: true
      access_keys: []
      groups: [SysAdmins]
      policies: []
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 RAM users
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ram:GetUser": 1, "ram:ListAccessKeys": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.user import INFO_SPEC, read_users


def main() -> None:
    flow.read(create(INFO_SPEC), read_users)


if __name__ == "__main__":
    main()
