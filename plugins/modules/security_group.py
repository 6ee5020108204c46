#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_group
short_description: Manage security groups
version_added: 0.1.0
description:
  - Creates, changes and deletes security groups of a VPC. Their rules are managed with M(alitrust.ecs.sg_rule).
  - A group is found by O(security_group_id), or by O(name) within O(vpc_id). Names of security groups are not unique;
    where several
    groups have the name the task fails and lists them.
  - A group that this module creates carries the tag C(alitrust.ecs:owner) with its name as the value.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.attributes
options:
  state:
    description: Whether the group is to exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - Name of the group, 2 to 128 characters. First a letter, then letters, digits, colons, underscores, periods,
        hyphens.
      - Together with O(security_group_id), the name that the group is to get.
    type: str
  security_group_id:
    description: ID of an existing group.
    type: str
  vpc_id:
    description: ID of the VPC. Needed to create a group. It cannot be changed later.
    type: str
  description:
    description: What the group is for, 2 to 256 characters. A description cannot be taken away again, only changed.
    type: str
  type:
    description:
      - V(normal) or V(basic) is a basic security group. V(enterprise) or V(advanced) is an advanced one.
      - An advanced group can hold more instances. It takes only rules that allow, with priority 1 and address ranges
        as peers. Without
        rules it lets nothing in or out.
      - A new group is a basic one unless this says otherwise. The type cannot be changed later.
    type: str
    choices: [normal, enterprise, basic, advanced]
  inner_access_policy:
    description:
      - Whether the members of the group can reach each other whatever its rules say (V(accept)), or not (V(drop)).
      - Members of an advanced group are always isolated from each other.
    type: str
    choices: [accept, drop]
  tags:
    description: Tags that the group is to have. When this is not given, tags are left alone.
    type: dict
  purge_tags:
    description: Whether tags that are not in O(tags) are removed. System tags and the ownership tag always stay.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait when the group is to be deleted and Alibaba Cloud still counts instances that are
      just gone, in seconds.
    type: int
    default: 600
seealso:
  - module: alitrust.ecs.security_group_info
  - module: alitrust.ecs.sg_rule
  - module: alitrust.ecs.vpc
"""

EXAMPLES = r"""
- name: Create a security group
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: web
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    description: Web servers of the shop
    tags:
      service: shop

- name: Isolate the members of the group from each other
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: web
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    inner_access_policy: drop

- name: Create an advanced security group
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: workers
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    type: advanced

- name: Rename a group
  alitrust.ecs.security_group:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90000
    name: shop-web

- name: Delete a group that nothing uses any more
  alitrust.ecs.security_group:
    region: cn-hangzhou
    name: web
    vpc_id: vpc-bp1aevy8sofi8mh1q0000
    state: absent
"""

RETURN = r"""
security_group:
  description: The group as it is now, as it would be in check mode, or null when it was deleted.
  returned: success
  type: dict
  contains:
    security_group_id:
      description: ID of the group. Null in check mode when the group would be created.
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
    type:
      description: V(normal) or V(enterprise).
      type: str
      sample: normal
    inner_access_policy:
      description: V(accept) or V(drop). Null unless O(inner_access_policy) was given, because reading it costs one
        more call.
      type: str
      sample: accept
    tags:
      description: Tags of the group, without system tags.
      type: dict
      sample: {"alitrust.ecs:owner": web, service: shop}
    creation_time:
      description: When the group was created.
      type: str
      sample: "2026-01-20T08:15:00Z"
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [create security group web]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeSecurityGroups": 3, "ecs:CreateSecurityGroup": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import TAGS_SPEC, create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.group import SecurityGroup


def main() -> None:
    module = create(
        {
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "name": {"type": "str"},
            "security_group_id": {"type": "str"},
            "vpc_id": {"type": "str"},
            "description": {"type": "str"},
            "type": {"type": "str", "choices": ["normal", "enterprise", "basic", "advanced"]},
            "inner_access_policy": {"type": "str", "choices": ["accept", "drop"]},
            **TAGS_SPEC,
            "wait_timeout": {"type": "int", "default": 600},
        },
        required_one_of=[("name", "security_group_id")],
    )
    flow.run(module, SecurityGroup)


if __name__ == "__main__":
    main()
