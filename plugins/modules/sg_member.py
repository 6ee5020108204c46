#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sg_member
short_description: Put instances and network interfaces into security groups
version_added: 1.0.0
description:
  - Lets instances and network interfaces join, leave or replace security groups, many at once.
  - A member and its groups are in the same VPC. It is in basic groups or in advanced ones, never in both, in at most
    five, and always in at least one. What does not fit is refused for all members at once, before anything is changed.
  - In a VPC the groups of a member are replaced in one step, so that it is never without a group. This is how a member
    moves from basic to advanced groups.
  - In the classic network, where groups can only be joined and left one by one, they are joined first.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
options:
  state:
    description:
      - V(present) lets the members join the groups, next to those that they are in.
      - V(absent) lets them leave the groups.
      - V(exact) replaces their groups by these. What they leave is in the diff, for the way back.
    type: str
    choices: [present, absent, exact]
    default: present
  security_group_ids:
    description: IDs of the groups. At least one of O(security_group_ids) and O(security_groups) is needed.
    type: list
    elements: str
  security_groups:
    description: Names of groups, which are looked up in the VPC of the members.
    type: list
    elements: str
  instance_ids:
    description:
      - IDs of instances. The groups of an instance are those of its primary network interface.
      - At least one of O(instance_ids) and O(network_interface_ids) is needed.
    type: list
    elements: str
  network_interface_ids:
    description: IDs of network interfaces, attached or not. A primary one stands for its instance.
    type: list
    elements: str
  max_groups:
    description: How many groups a member can be in. More than Alibaba Cloud's default needs a raised quota.
    type: int
    default: 5
  wait_timeout:
    description: How long to wait until the changes show, in seconds.
    type: int
    default: 300
notes:
  - Look at the rules of the new groups before members are moved, for example with M(alitrust.ecs.sg_access_info). A
    change takes effect at once, also for connections that the task itself uses.
  - An instance that leaves a group can no longer be reached by the members of that group just because they are in it.
seealso:
  - module: alitrust.ecs.network_interface
  - module: alitrust.ecs.security_group
  - module: alitrust.ecs.sg_access_info
  - module: alitrust.ecs.trusted_instance
  - ref: ansible_collections.alitrust.ecs.docsite.security_groups
    description: Recipes for security groups and their rules.
"""

EXAMPLES = r"""
- name: Put instances into another security group
  alitrust.ecs.sg_member:
    region: cn-hangzhou
    security_group_ids: [sg-bp1fg655nh68xyz90001]
    instance_ids: [i-bp67acfmxazb4p000000, i-bp67acfmxazb4p000001]

- name: Put instances into the group of a name
  alitrust.ecs.sg_member:
    region: cn-hangzhou
    security_groups: [shop]
    instance_ids: [i-bp67acfmxazb4p000000, i-bp67acfmxazb4p000001]

- name: Take instances out of a security group
  alitrust.ecs.sg_member:
    region: cn-hangzhou
    state: absent
    security_group_ids: [sg-bp1fg655nh68xyz90000]
    instance_ids: [i-bp67acfmxazb4p000000, i-bp67acfmxazb4p000001]

- name: Replace basic groups by an advanced one in one step
  alitrust.ecs.sg_member:
    region: cn-hangzhou
    state: exact
    security_group_ids: [sg-bp1fg655nh68xyz90002]
    instance_ids: [i-bp67acfmxazb4p000000, i-bp67acfmxazb4p000001]

- name: Put a network interface into exactly two groups
  alitrust.ecs.sg_member:
    region: cn-hangzhou
    state: exact
    security_group_ids: [sg-bp1fg655nh68xyz90000, sg-bp1fg655nh68xyz90001]
    network_interface_ids: [eni-bp125p95hhdhn3ot0000]
"""

RETURN = r"""
members:
  description: The instances and network interfaces with their groups as they are now, or would be in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: ID of the instance, null for a secondary network interface.
      type: str
      sample: i-bp67acfmxazb4p000000
    network_interface_id:
      description: ID of the secondary network interface, null for an instance.
      type: str
      sample: eni-bp125p95hhdhn3ot0000
    vpc_id:
      description: ID of its VPC, empty in the classic network.
      type: str
      sample: vpc-bp1aevy8sofi8mh1q0000
    security_group_ids:
      description: IDs of its groups, sorted.
      type: list
      elements: str
      sample: [sg-bp1fg655nh68xyz90000, sg-bp1fg655nh68xyz90001]
    changed:
      description: Whether its groups were changed, or would be in check mode.
      type: bool
      sample: true
refused:
  description: What stands against the changes, one line each. Nothing was changed.
  returned: when a change is not possible
  type: list
  elements: str
  sample: ["i-bp67acfmxazb4p000000: it would be in 6 groups; at most 5 are possible (max_groups)"]
failed_items:
  description: The members that Alibaba Cloud refused to change. The others of the same step were changed.
  returned: when some members could not be changed
  type: list
  elements: dict
  contains:
    id:
      description: ID of the instance or network interface.
      type: str
      sample: i-bp67acfmxazb4p000000
    code:
      description: Error code.
      type: str
      sample: InstanceLockedForSecurity
    text:
      description: What Alibaba Cloud said.
      type: str
      sample: The specified operation is denied as your instance is locked for security reasons.
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: put 1 instance (i-bp67acfmxazb4p000000) into sg-bp1fg655nh68xyz90001
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [put 1 instance (i-bp67acfmxazb4p000000) into sg-bp1fg655nh68xyz90001]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeInstances": 2, "ecs:DescribeSecurityGroups": 2, "ecs:ModifyInstanceAttribute": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.member import Membership


def main() -> None:
    module = create(
        {
            "state": {"type": "str", "choices": ["present", "absent", "exact"], "default": "present"},
            "security_group_ids": {"type": "list", "elements": "str"},
            "security_groups": {"type": "list", "elements": "str"},
            "instance_ids": {"type": "list", "elements": "str"},
            "network_interface_ids": {"type": "list", "elements": "str"},
            "max_groups": {"type": "int", "default": 5},
            "wait_timeout": {"type": "int", "default": 300},
        },
        required_one_of=[
            ("security_group_ids", "security_groups"),
            ("instance_ids", "network_interface_ids"),
        ],
    )
    flow.run(module, Membership)


if __name__ == "__main__":
    main()
