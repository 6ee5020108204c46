#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vpc
short_description: Manage a VPC with its vSwitches
version_added: 1.0.0
description:
  - Creates a VPC and vSwitches in it, for those who start with an empty account, and deletes them again.
  - A VPC is found by O(vpc_id) or O(name). Names of VPCs are not unique; where several VPCs have the name the task
    fails and lists them.
  - What this module creates carries the tag C(alitrust.ecs:owner) with the name of the VPC as the value.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.ownership
options:
  state:
    description:
      - Whether the VPC is to exist.
      - V(absent) deletes a VPC that carries the tag C(alitrust.ecs:owner), with all its vSwitches, each of which has to
        carry the tag, too, or any VPC with O(adopt). Whatever else is in it must be gone before.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: Name of the VPC, 1 to 128 characters.
    type: str
  vpc_id:
    description: ID of an existing VPC.
    type: str
  cidr_block:
    description: Address range of the VPC, with a mask from C(/8) to C(/28). Needed to create it. It cannot be changed
      later. V(172.16.0.5/16) is taken as the network that it is in, V(172.16.0.0/16), with a warning.
    type: str
  vswitches:
    description:
      - vSwitches that the VPC is to have. Others are left alone.
      - With O(leave_others), a VPC that others made has to have them already.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the vSwitch, by which it is found in the VPC.
        type: str
        required: true
      zone_id:
        description: Its zone. It cannot be changed later.
        type: str
        required: true
      cidr_block:
        description: Its address range inside that of the VPC, with a mask from C(/16) to C(/29). It cannot be changed
          later.
        type: str
        required: true
  tags:
    description: Tags that the VPC is to have. When this is not given, tags are left alone.
    type: dict
  purge_tags:
    description: Whether tags that are not in O(tags) are removed. System tags and the ownership tag always stay.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait for the VPC and its vSwitches to be available, or to be free to be deleted, in
      seconds.
    type: int
    default: 600
seealso:
  - module: alitrust.ecs.vpc_info
  - module: alitrust.ecs.security_group
  - ref: ansible_collections.alitrust.ecs.docsite.quick_start
    description: >-
      How to begin, on the local cloud and on a real account.
      The role P(alitrust.ecs.network#role) makes a network with its group and rules.
"""

EXAMPLES = r"""
- name: Make a network in two zones
  alitrust.ecs.vpc:
    region: cn-hangzhou
    name: fleet
    cidr_block: 172.16.0.0/16
    vswitches:
      - name: fleet-h
        zone_id: cn-hangzhou-h
        cidr_block: 172.16.0.0/24
      - name: fleet-i
        zone_id: cn-hangzhou-i
        cidr_block: 172.16.1.0/24

- name: Delete it again
  alitrust.ecs.vpc:
    region: cn-hangzhou
    name: fleet
    state: absent

- name: Delete a VPC that somebody made by hand, and its vSwitches
  alitrust.ecs.vpc:
    region: cn-hangzhou
    name: by-hand
    state: absent
    adopt: true
"""

RETURN = r"""
vpc:
  description: The VPC as it is now, as it would be in check mode, or null when it was deleted.
  returned: success
  type: dict
  contains:
    vpc_id:
      description: ID of the VPC. In check mode, one that later tasks of the run understand when it would be created.
      type: str
      sample: vpc-bp1aevy8sofi8mh1q0000
    name:
      description: Name of the VPC.
      type: str
      sample: fleet
    cidr_block:
      description: Its address range.
      type: str
      sample: 172.16.0.0/16
    status:
      description: Its state, V(Available) when it can be used. Null in check mode when it would be created.
      type: str
      sample: Available
    tags:
      description: Its tags, without system tags.
      type: dict
      sample: {"alitrust.ecs:owner": fleet}
    vswitches:
      description: All its vSwitches, sorted by name.
      type: list
      elements: dict
      contains:
        vswitch_id:
          description: ID of the vSwitch. In check mode, one that later tasks of the run understand when it would be
            created.
          type: str
          sample: vsw-bp1s5fnvk4gn2tws00000
        vpc_id:
          description: ID of the VPC.
          type: str
          sample: vpc-bp1aevy8sofi8mh1q0000
        name:
          description: Name of the vSwitch.
          type: str
          sample: fleet-h
        zone_id:
          description: Its zone.
          type: str
          sample: cn-hangzhou-h
        cidr_block:
          description: Its address range.
          type: str
          sample: 172.16.0.0/24
        available_ip_address_count:
          description: How many of its addresses are free.
          type: int
          sample: 252
        status:
          description: Its state, V(Available) when it can be used. Null in check mode when it would be created.
          type: str
          sample: Available
        tags:
          description: Its tags, without system tags.
          type: dict
          sample: {"alitrust.ecs:owner": fleet}
kept:
  description: What was left alone because it is not this collection's or still used, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample: ["Using the existing VPC corp (vpc-bp1aevy8sofi8mh1q0000); it is left as it is."]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: create VPC fleet; create vSwitch fleet-h in VPC fleet
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [create VPC fleet, create vSwitch fleet-h in VPC fleet]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"vpc:DescribeVpcs": 1, "vpc:DescribeVSwitches": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._network.vpc import CONSTRAINTS, SPEC, Vpc


def main() -> None:
    flow.run(create(SPEC, **CONSTRAINTS), Vpc)


if __name__ == "__main__":
    main()
