#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vpc_info
short_description: Read VPCs and their vSwitches
version_added: 1.0.0
description:
  - Lists the VPCs of a region that match every filter given, each with all its vSwitches, their zones and how many
    addresses are free.
  - It takes two calls, and further ones for long lists.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  names:
    description: Exact names of the VPCs. An empty list finds nothing.
    type: list
    elements: str
    aliases: [name]
  vpc_ids:
    description: IDs of the VPCs. IDs that do not exist are left out of the result. An empty list finds nothing.
    type: list
    elements: str
    aliases: [ids, vpc_id]
  tags:
    description: Tags that the VPCs have, all of them.
    type: dict
seealso:
  - module: alitrust.ecs.vpc
  - module: alitrust.ecs.security_group_info
"""

EXAMPLES = r"""
- name: List the VPCs of a region with their vSwitches
  alitrust.ecs.vpc_info:
    region: cn-hangzhou
  register: networks

- name: Show the vSwitches with room for 50 more instances
  ansible.builtin.debug:
    msg: "{{ item.name }} in {{ item.zone_id }}"
  loop: "{{ vswitches | selectattr('available_ip_address_count', 'ge', 50) }}"
  vars:
    vswitches: "{{ networks.vpcs | map(attribute='vswitches') | flatten }}"
  loop_control:
    label: "{{ item.vswitch_id }}"

- name: Read one VPC
  alitrust.ecs.vpc_info:
    region: cn-hangzhou
    names: fleet

- name: Find the VPCs of a service
  alitrust.ecs.vpc_info:
    region: cn-hangzhou
    tags:
      service: shop
"""

RETURN = r"""
vpcs:
  description: The VPCs found, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    vpc_id:
      description: ID of the VPC.
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
      description: Its state, V(Available) when it can be used.
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
          description: ID of the vSwitch.
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
          description: Its state, V(Available) when it can be used.
          type: str
          sample: Available
        tags:
          description: Its tags, without system tags.
          type: dict
          sample: {"alitrust.ecs:owner": fleet}
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 VPCs
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"vpc:DescribeVpcs": 1, "vpc:DescribeVSwitches": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._network.info import read


def main() -> None:
    module = create(
        {
            "names": {"type": "list", "elements": "str", "aliases": ["name"]},
            "vpc_ids": {"type": "list", "elements": "str", "aliases": ["ids", "vpc_id"]},
            "tags": {"type": "dict"},
        }
    )
    flow.read(module, read)


if __name__ == "__main__":
    main()
