#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ram_group
short_description: Manage groups of RAM users
version_added: 1.0.0
description:
  - Creates, changes and deletes user groups of Resource Access Management (RAM), with their users and policies. All
    users of a group have its policies.
  - RAM takes no tags for groups. What carries C([alitrust.ecs:owner]) at the end of its comments was made by this
    collection; wherever comments are given or returned, this mark is left out.
  - A group that others made loses users or policies only with O(adopt).
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.ownership
options:
  name:
    description: The name of the group. It has 1 to 64 letters, digits, periods (C(.)), hyphens (C(-)) and underscores
      (C(_)).
    type: str
    required: true
  state:
    description:
      - With V(present), the group exists and has these users and policies.
      - With V(absent), its policies are detached and the group is deleted. Users stand in the way, see
        O(remove_users).
    type: str
    choices: [present, absent]
    default: present
  comments:
    description: What the group is for, at most 107 characters. When it is not given, it stays as it is. An empty text
      clears it, but not that of a group that others made and the task does not adopt.
    type: str
  users:
    description: Users in the group. They have to exist. Others stay in it, unless O(purge_users) is set.
    type: list
    elements: str
  purge_users:
    description: Remove users that are not in O(users) from the group.
    type: bool
    default: false
  policies:
    description: The policies that the group has. Others stay attached, unless O(purge_policies) is set.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the policy. It has to exist.
        type: str
        required: true
      type:
        description: V(System) for a policy of Alibaba Cloud, V(Custom) for one of the account.
        type: str
        choices: [System, Custom]
        default: Custom
  purge_policies:
    description: Detach policies that are not in O(policies).
    type: bool
    default: false
  remove_users:
    description:
      - With O(state=absent), removes the users from the group first. The users themselves stay.
      - With V(false), a group with users is not deleted; the task fails and names them.
    type: bool
    default: false
notes:
  - RAM is one service for all regions, so O(region) is not needed.
seealso:
  - module: alitrust.ecs.ram_group_info
  - module: alitrust.ecs.ram_user
  - module: alitrust.ecs.ram_policy
  - ref: ansible_collections.alitrust.ecs.docsite.authentication
    description: Where credentials come from, and which rights a task needs.
"""

EXAMPLES = r"""
- name: Create a group that may do everything with ECS
  alitrust.ecs.ram_group:
    name: SysAdmins
    comments: Create and manage instances
    users: [ann]
    policies:
      - name: AliyunECSFullAccess
        type: System

- name: Create a group that may use instances, with a policy of the account
  alitrust.ecs.ram_group:
    name: Developers
    policies:
      - name: use-instances

- name: Make a group have exactly these users
  alitrust.ecs.ram_group:
    name: SysAdmins
    users: [ann, bob]
    purge_users: true

- name: Delete a group, but not its users
  alitrust.ecs.ram_group:
    name: SysAdmins
    state: absent
    remove_users: true
"""

RETURN = r"""
ram_group:
  description: The group; empty when it does not exist. In check mode without what only Alibaba Cloud can choose.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: SysAdmins
    id:
      description: Its ID.
      type: str
      sample: g-301234567890123456
    comments:
      description: What the group is for.
      type: str
      sample: Create and manage instances
    users:
      description: The users in it.
      type: list
      elements: str
      sample: [ann]
    policies:
      description: The policies it has, by name.
      type: list
      elements: dict
      sample: [{"name": "AliyunECSFullAccess", "type": "System"}]
      contains:
        name:
          description: Name of the policy.
          type: str
        type:
          description: V(System) or V(Custom).
          type: str
    create_date:
      description: When it was created.
      type: str
      sample: "2026-01-23T12:33:18Z"
    update_date:
      description: When it was changed last.
      type: str
      sample: "2026-01-23T12:33:18Z"
kept:
  description: What was left alone because it is not this collection's or still used, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample:
    - >-
      The RAM group ops stays: it does not carry the mark [alitrust.ecs:owner] in its comments, so it is not this
      collection's.
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: create group SysAdmins; add user ann to group SysAdmins
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [create group SysAdmins, add user ann to group SysAdmins]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ram:GetGroup": 2, "ram:CreateGroup": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.group import SPEC, RamGroup


def main() -> None:
    flow.run(create(SPEC), RamGroup)


if __name__ == "__main__":
    main()
