#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: network_interface_info
short_description: Read network interfaces
version_added: 1.0.0
description:
  - Lists the network interfaces of a region that match every filter given, the primary ones of instances and secondary
    ones.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  names:
    description: Exact names of the network interfaces. An empty list finds nothing.
    type: list
    elements: str
    aliases: [name]
  network_interface_ids:
    description: IDs of the network interfaces. IDs that do not exist are left out of the result. An empty list finds
      nothing.
    type: list
    elements: str
    aliases: [ids, network_interface_id]
  vpc_id:
    description: ID of their VPC.
    type: str
  vswitch_id:
    description: ID of their vSwitch.
    type: str
  instance_id:
    description: ID of the instance that they are attached to.
    type: str
  security_group_id:
    description: ID of a security group that they are in.
    type: str
  type:
    description: Whether they are the primary ones of instances, or secondary ones.
    type: str
    choices: [Primary, Secondary]
  status:
    description: Their status.
    type: str
    choices: [Available, Attaching, InUse, Detaching]
  tags:
    description: Tags that the network interfaces have, all of them.
    type: dict
seealso:
  - module: alitrust.ecs.network_interface
  - module: alitrust.ecs.trusted_instance_info
"""

EXAMPLES = r"""
- name: List the network interfaces of an instance
  alitrust.ecs.network_interface_info:
    region: cn-hangzhou
    instance_id: i-bp67acfmxazb4p000000

- name: Find secondary ones that are attached to nothing
  alitrust.ecs.network_interface_info:
    region: cn-hangzhou
    type: Secondary
    status: Available
  register: unused
"""

RETURN = r"""
network_interfaces:
  description: The network interfaces found, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    network_interface_id:
      description: ID of the network interface.
      type: str
      sample: eni-bp125p95hhdhn3ot0000
    name:
      description: Its name.
      type: str
      sample: web-second
    description:
      description: Its description.
      type: str
      sample: towards the database
    type:
      description: V(Primary) for the one that an instance was made with, else V(Secondary).
      type: str
      sample: Secondary
    status:
      description: V(Available) when it is attached to nothing, V(InUse) when it is attached, V(Attaching) or
        V(Detaching).
      type: str
      sample: InUse
    instance_id:
      description: ID of the instance that it is attached to; empty for none.
      type: str
      sample: i-bp67acfmxazb4p000000
    vpc_id:
      description: ID of its VPC.
      type: str
      sample: vpc-bp15zckdt37pq72zv0000
    vswitch_id:
      description: ID of its vSwitch.
      type: str
      sample: vsw-bp1s5fnvk4gn2tws0000
    zone_id:
      description: The zone of its vSwitch.
      type: str
      sample: cn-hangzhou-h
    mac_address:
      description: Its MAC address.
      type: str
      sample: 00:16:3e:12:a1:5b
    primary_ip_address:
      description: Its primary private address.
      type: str
      sample: 172.16.0.20
    private_ip_addresses:
      description: Its secondary private addresses.
      type: list
      elements: str
      sample: [172.16.0.21]
    security_group_ids:
      description: IDs of the security groups that it is in.
      type: list
      elements: str
      sample: [sg-bp1fg655nh68xyz90000]
    delete_on_release:
      description: Whether it is deleted with the instance that it is attached to.
      type: bool
      sample: true
    creation_time:
      description: When it was made, in UTC.
      type: str
      sample: "2026-11-28T10:00:00Z"
    tags:
      description: Its tags, without system tags.
      type: dict
      sample: {"alitrust.ecs:owner": web-second}
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 network interfaces
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeNetworkInterfaces": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._network_interface.find import INFO_SPEC, read_interfaces


def main() -> None:
    flow.read(create(INFO_SPEC), read_interfaces)


if __name__ == "__main__":
    main()
