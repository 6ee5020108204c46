#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ram_policy_info
short_description: Read policies of Resource Access Management (RAM)
version_added: 1.0.0
description:
  - Reads policies with their versions and with everything that has them.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.attributes.info
options:
  names:
    description: The policies to read. Those that do not exist are left out. When it is not given, all of the O(type)
      are read, with three calls for each.
    type: list
    elements: str
    aliases: [name]
  type:
    description: V(Custom) for policies of the account, V(System) for those of Alibaba Cloud.
    type: str
    choices: [System, Custom]
    default: Custom
notes:
  - RAM is one service for all regions, so O(region) is not needed.
seealso:
  - module: alitrust.ecs.ram_policy
  - ref: ansible_collections.alitrust.ecs.docsite.authentication
    description: Where credentials come from, and which rights a task needs.
"""

EXAMPLES = r"""
- name: Which versions does a policy have, and who has it?
  alitrust.ecs.ram_policy_info:
    names: [look-at-instances]

- name: Read a system policy
  alitrust.ecs.ram_policy_info:
    names: [AliyunECSReadOnlyAccess]
    type: System

- name: Read all custom policies
  alitrust.ecs.ram_policy_info:
"""

RETURN = r"""
ram_policies:
  description: The policies, each as RV(alitrust.ecs.ram_policy#module:ram_policy) and with what follows.
  returned: success
  type: list
  elements: dict
  contains:
    versions:
      description: The versions, oldest first; at most five.
      type: list
      elements: dict
      contains:
        id:
          description: Its ID.
          type: str
          sample: v1
        default:
          description: Whether it is the one in force.
          type: bool
          sample: true
        create_date:
          description: When it was created.
          type: str
          sample: "2026-01-23T12:33:18Z"
        document:
          description: Its document.
          type: dict
          sample: {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}]}
    attached_to:
      description: Who has the policy.
      type: list
      elements: dict
      contains:
        type:
          description: V(Role), V(User) or V(Group).
          type: str
          sample: Role
        name:
          description: Its name.
          type: str
          sample: trusted-web
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 RAM policies
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ram:GetPolicy": 1, "ram:ListPolicyVersions": 1, "ram:ListEntitiesForPolicy": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.policy import INFO_SPEC, read_policies


def main() -> None:
    flow.read(create(INFO_SPEC), read_policies)


if __name__ == "__main__":
    main()
