#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: instance_ram_role_info
short_description: Read RAM roles of ECS instances
version_added: 1.0.0
description:
  - Reads roles that instances can have, with their policies and the instances that have them.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.attributes.info
options:
  names:
    description:
      - The roles to read. Those that do not exist are left out.
      - When neither O(names) nor O(instance_ids) is given, all roles of the account that ECS may assume are read.
        This needs a call for each role of the account.
    type: list
    elements: str
    aliases: [name]
  instance_ids:
    description:
      - Instances to tell the role of, see RV(instances).
      - When O(names) is not given, the roles that these instances have are read.
    type: list
    elements: str
notes:
  - O(region) is needed; instances of other regions are not looked at.
seealso:
  - module: alitrust.ecs.instance_ram_role
  - module: alitrust.ecs.trusted_instance_info
  - ref: ansible_collections.alitrust.ecs.docsite.trusted_instances
    description: What makes an instance trusted, and what the verdicts mean.
"""

EXAMPLES = r"""
- name: Read a role
  alitrust.ecs.instance_ram_role_info:
    region: cn-hangzhou
    names: [trusted-web]

- name: Which role does an instance have?
  alitrust.ecs.instance_ram_role_info:
    region: cn-hangzhou
    instance_ids: [i-bp1a2b3c4d5e6f7g8h9j]

- name: Read all roles that instances can have
  alitrust.ecs.instance_ram_role_info:
    region: cn-hangzhou
"""

RETURN = r"""
instance_ram_roles:
  description:
    - The roles, each as RV(alitrust.ecs.instance_ram_role#module:instance_ram_role).
    - C(instance_ids) has all instances of the region that have the role.
  returned: success
  type: list
  elements: dict
  sample:
    - name: trusted-web
      arn: acs:ram::1234567890123456:role/trusted-web
      policies: [{"name": "trusted-web-trust-report", "type": "Custom"}]
      instance_ids: [i-bp1a2b3c4d5e6f7g8h9j]
instances:
  description: For each of O(instance_ids) the name of its role, empty when it has none.
  returned: when O(instance_ids) is given
  type: dict
  sample: {"i-bp1a2b3c4d5e6f7g8h9j": "trusted-web"}
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 instance RAM roles
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ram:GetRole": 1, "ram:ListPoliciesForRole": 1, "ecs:DescribeInstanceRamRole": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.instance_role import INFO_SPEC, read_roles


def main() -> None:
    flow.read(create(INFO_SPEC), read_roles)


if __name__ == "__main__":
    main()
