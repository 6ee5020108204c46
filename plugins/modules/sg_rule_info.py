#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sg_rule_info
short_description: Read the rules of security groups
version_added: 1.0.0
description:
  - Lists the rules of one group, of several or of all groups of a VPC or region, those that match every filter given.
  - It costs one call a group, and one more where the groups are not given by their IDs.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  security_group_ids:
    description: IDs of the groups. IDs that do not exist are left out of the result.
    type: list
    elements: str
    aliases: [security_group_id]
  security_group:
    description: Exact name of the groups.
    type: str
  vpc_id:
    description: ID of the VPC of the groups.
    type: str
  vpc:
    description: Name of the VPC, instead of O(vpc_id).
    type: str
  network_type:
    description: Only groups in VPCs, or only groups in the classic network.
    type: str
    choices: [vpc, classic]
  direction:
    description: Only rules of this direction.
    type: str
    choices: [ingress, egress]
  protocol:
    description: Only rules of exactly this protocol, in any spelling that M(alitrust.ecs.sg_rule) takes. V(tcp) does
      not find rules for V(all).
    type: str
  policy:
    description: Only rules of this policy.
    type: str
    choices: [accept, drop]
seealso:
  - module: alitrust.ecs.sg_rule
  - module: alitrust.ecs.sg_rule_export
  - module: alitrust.ecs.security_group_info
  - ref: ansible_collections.alitrust.ecs.docsite.security_groups
    description: Recipes for security groups and their rules.
"""

EXAMPLES = r"""
- name: Read all rules of a group
  alitrust.ecs.sg_rule_info:
    region: cn-hangzhou
    security_group_ids: sg-bp1fg655nh68xyz90000

- name: See what is dropped on the way into the groups of a VPC
  alitrust.ecs.sg_rule_info:
    region: cn-hangzhou
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    direction: ingress
    policy: drop

- name: Read the rules for TCP of the groups named web
  alitrust.ecs.sg_rule_info:
    region: cn-hangzhou
    security_group: web
    protocol: tcp
"""

RETURN = r"""
security_groups:
  description: The groups, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    security_group_id:
      description: ID of the group.
      type: str
      sample: sg-bp1fg655nh68xyz90000
    name:
      description: Name of the group.
      type: str
      sample: web
    vpc_id:
      description: ID of its VPC, empty in the classic network.
      type: str
      sample: vpc-bp1aevy8sofi8mh1q0000
    inner_access_policy:
      description: V(accept) or V(drop), what is done with traffic between members of the group.
      type: str
      sample: accept
    rules:
      description: The rules that match, as M(alitrust.ecs.sg_rule) takes and returns them, in the order of direction
        and priority.
      type: list
      elements: dict
      sample:
        - direction: ingress
          protocol: tcp
          ports: 443/443
          cidr: 0.0.0.0/0
          policy: accept
          priority: 1
          security_group_rule_id: sgr-bp12kewq32dfwrdi0000
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 security groups
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeSecurityGroupAttribute": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule_info import read


def main() -> None:
    module = create(
        {
            "security_group_ids": {"type": "list", "elements": "str", "aliases": ["security_group_id"]},
            "security_group": {"type": "str"},
            "vpc_id": {"type": "str"},
            "vpc": {"type": "str"},
            "network_type": {"type": "str", "choices": ["vpc", "classic"]},
            "direction": {"type": "str", "choices": ["ingress", "egress"]},
            "protocol": {"type": "str"},
            "policy": {"type": "str", "choices": ["accept", "drop"]},
        }
    )
    flow.read(module, read)


if __name__ == "__main__":
    main()
