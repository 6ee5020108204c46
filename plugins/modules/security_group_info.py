#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_group_info
short_description: Read security groups
version_added: 1.0.0
description:
  - Lists the security groups of a region that match every filter given, with their rules on request.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  name:
    description: Exact name of the groups.
    type: str
  security_group_ids:
    description: IDs of the groups. IDs that do not exist are left out of the result. An empty list finds nothing.
    type: list
    elements: str
    aliases: [ids]
  vpc_id:
    description: ID of the VPC of the groups.
    type: str
  vpc:
    description: Name of the VPC, instead of O(vpc_id).
    type: str
  network_type:
    description: V(vpc) for the groups of VPCs, V(classic) for those of the classic network.
    type: str
    choices: [vpc, classic]
  type:
    description: V(normal) or V(basic) for basic groups, V(enterprise) or V(advanced) for advanced ones.
    type: str
    choices: [normal, enterprise, basic, advanced]
  tags:
    description: Tags that the groups have, all of them.
    type: dict
  include_rules:
    description: Whether to read the rules, the inner access policy and the outbound choice of each group, which costs
      one more call a group.
    type: bool
    default: false
seealso:
  - module: alitrust.ecs.security_group
  - module: alitrust.ecs.sg_rule
  - ref: ansible_collections.alitrust.ecs.docsite.security_groups
    description: Recipes for security groups and their rules.
"""

EXAMPLES = r"""
- name: List the groups of a VPC
  alitrust.ecs.security_group_info:
    region: cn-hangzhou
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
  register: found

- name: List the groups of the VPC of a name
  alitrust.ecs.security_group_info:
    region: cn-hangzhou
    vpc: net

- name: Read one group with its rules
  alitrust.ecs.security_group_info:
    region: cn-hangzhou
    name: web
    include_rules: true

- name: Read groups by their IDs
  alitrust.ecs.security_group_info:
    region: cn-hangzhou
    security_group_ids:
      - sg-bp1fg655nh68xyz90000

- name: List the advanced groups of the region
  alitrust.ecs.security_group_info:
    region: cn-hangzhou
    type: advanced

- name: Find the groups of a service
  alitrust.ecs.security_group_info:
    region: cn-hangzhou
    tags:
      service: shop
"""

RETURN = r"""
security_groups:
  description: The groups found, sorted by name.
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
    description:
      description: Description of the group.
      type: str
      sample: Web servers of the shop
    vpc_id:
      description: ID of its VPC, empty in the classic network.
      type: str
      sample: vpc-bp1aevy8sofi8mh1q0000
    network_type:
      description: V(vpc) or V(classic).
      type: str
      sample: vpc
    type:
      description: V(normal) or V(enterprise).
      type: str
      sample: normal
    inner_access_policy:
      description: V(accept) or V(drop). Null unless O(include_rules) is true.
      type: str
      sample: accept
    outbound:
      description: What happens to outbound traffic that no other rule is about, V(allow) or V(deny), as the option
        of M(alitrust.ecs.security_group) says it. Null unless O(include_rules) is true.
      type: str
      sample: allow
    tags:
      description: Tags of the group, without system tags.
      type: dict
      sample: {"alitrust.ecs:owner": web, service: shop}
    creation_time:
      description: When the group was created.
      type: str
      sample: "2026-01-20T08:15:00Z"
    rules:
      description: Its rules as M(alitrust.ecs.sg_rule) takes and returns them.
      type: list
      elements: dict
      returned: when O(include_rules) is true
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
  sample: {"ecs:DescribeSecurityGroups": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.info import read


def main() -> None:
    module = create(
        {
            "name": {"type": "str"},
            "security_group_ids": {"type": "list", "elements": "str", "aliases": ["ids"]},
            "vpc_id": {"type": "str"},
            "vpc": {"type": "str"},
            "network_type": {"type": "str", "choices": ["vpc", "classic"]},
            "type": {"type": "str", "choices": ["normal", "enterprise", "basic", "advanced"]},
            "tags": {"type": "dict"},
            "include_rules": {"type": "bool", "default": False},
        }
    )
    flow.read(module, read)


if __name__ == "__main__":
    main()
