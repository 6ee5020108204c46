#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: network_interface
short_description: Make, attach, detach and delete a secondary network interface
version_added: 1.0.0
description:
  - Makes an elastic network interface in a vSwitch, attaches it to an instance, takes it from there again, and deletes
    it. Its name, description and security groups are changed in place.
  - It is found by O(network_interface_id) or O(name), in O(vswitch_id) where that is given. Names of network interfaces
    are not unique; where several have the name the task fails and lists them.
  - What this module makes carries the tag C(alitrust.ecs:owner) with the name of the interface as the value.
  - How many network interfaces and addresses the type of the instance allows for is checked before anything is
    changed. For some old types, Alibaba Cloud attaches only to instances that are stopped, and says so.
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
      - Whether the network interface is to exist.
      - V(present) with O(instance_id) attaches it to that instance; without, it stays where it is.
      - V(detached) is as V(present), and it is attached to no instance. One that does not carry the tag
        C(alitrust.ecs:owner) is detached only with O(adopt).
      - V(absent) deletes one that carries the tag, or any with O(adopt). One that is attached is only deleted with
        O(detach). The primary one of an instance is never detached or deleted.
    type: str
    choices: [present, detached, absent]
    default: present
  name:
    description:
      - Name of the network interface, 2 to 128 characters, first a letter. Needed to make one.
      - With O(network_interface_id), the name that it is to get.
    type: str
  network_interface_id:
    description: ID of an existing network interface.
    type: str
  vswitch_id:
    description: ID of the vSwitch that it is in. Needed to make one. It cannot be changed.
    type: str
  security_group_ids:
    description: IDs of the security groups that it is to be in, and in no others. They are in its VPC, and all basic or
      all advanced. Needed to make one. To add or remove single ones, use M(alitrust.ecs.sg_member).
    type: list
    elements: str
  description:
    description: Description of the network interface, 2 to 255 characters.
    type: str
  primary_ip_address:
    description: Its primary private address, one of the vSwitch. By default one is chosen. It cannot be changed.
    type: str
  private_ip_addresses:
    description: Its secondary private addresses, at most 10. They cannot be changed.
    type: list
    elements: str
  delete_on_release:
    description: Whether it is deleted with the instance that it is attached to. A new one is, by default.
    type: bool
  instance_id:
    description: ID of the instance that it is to be attached to, in the VPC and the zone of the network interface.
    type: str
  detach:
    description:
      - Whether it may be taken from the instance that it is attached to, so that it can be attached to another one or
        be deleted. Where the other instance refuses it, the old one gets it back.
      - One that does not carry the tag C(alitrust.ecs:owner) is taken away only with O(adopt).
    type: bool
    default: false
  max_groups:
    description: How many security groups a network interface can be in, where the quota was raised.
    type: int
    default: 5
  tags:
    description: Tags that the network interface is to have. When this is not given, tags are left alone.
    type: dict
  purge_tags:
    description: Whether tags that are not in O(tags) are removed. System tags and the ownership tag always stay.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait for each change of its status, and for the changes to show, in seconds.
    type: int
    default: 300
seealso:
  - module: alitrust.ecs.network_interface_info
  - module: alitrust.ecs.sg_member
  - module: alitrust.ecs.trusted_instance
  - module: alitrust.ecs.vpc
"""

EXAMPLES = r"""
- name: Make a network interface and attach it to an instance
  alitrust.ecs.network_interface:
    region: cn-hangzhou
    name: web-second
    vswitch_id: vsw-bp1s5fnvk4gn2tws0000
    security_group_ids: [sg-bp1fg655nh68xyz90000]
    description: towards the database
    instance_id: i-bp67acfmxazb4p000000

- name: Put it into another security group
  alitrust.ecs.network_interface:
    region: cn-hangzhou
    name: web-second
    security_group_ids: [sg-bp1fg655nh68xyz90001]

- name: Move it to another instance
  alitrust.ecs.network_interface:
    region: cn-hangzhou
    name: web-second
    instance_id: i-bp67acfmxazb4p000001
    detach: true

- name: Detach it
  alitrust.ecs.network_interface:
    region: cn-hangzhou
    name: web-second
    state: detached

- name: Delete it, attached or not
  alitrust.ecs.network_interface:
    region: cn-hangzhou
    name: web-second
    state: absent
    detach: true
"""

RETURN = r"""
network_interface:
  description: The network interface as it is now, as it would be in check mode, or null when it was deleted.
  returned: success
  type: dict
  contains:
    network_interface_id:
      description: ID of the network interface. In check mode, one that later tasks of the run understand when it
        would be made.
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
        V(Detaching). Null in check mode when it would be made.
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
      description: Its MAC address. Null in check mode when it would be made.
      type: str
      sample: 00:16:3e:12:a1:5b
    primary_ip_address:
      description: Its primary private address. Null in check mode when it is still to be chosen.
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
      description: When it was made, in UTC. Null in check mode when it would be made.
      type: str
      sample: "2026-11-28T10:00:00Z"
    tags:
      description: Its tags, without system tags.
      type: dict
      sample: {"alitrust.ecs:owner": web-second}
kept:
  description: What was left alone because it is not this collection's or still used, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample: ["Using the existing network interface web-second (eni-bp125p95hhdhn3ot0000); it is left as it is."]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: attach network interface web-second (eni-bp125p95hhdhn3ot0000) to instance i-bp67acfmxazb4p000000
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: ["detach network interface web-second (eni-bp125p95hhdhn3ot0000) from instance i-bp67acfmxazb4p000000"]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:AttachNetworkInterface": 1, "ecs:DescribeInstances": 1, "ecs:DescribeNetworkInterfaces": 4}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._network_interface.interface import (
    CONSTRAINTS,
    SPEC,
    NetworkInterface,
)


def main() -> None:
    flow.run(create(SPEC, **CONSTRAINTS), NetworkInterface)


if __name__ == "__main__":
    main()
