#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ddos_info
short_description: See which public addresses are scrubbed or black-holed
version_added: 1.0.0
description:
  - Tells how Anti-DDoS Basic sees public addresses of instances and EIPs (normal, being scrubbed, or black-holed until
    when), their thresholds, attacks of the last days, and how the account stands.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  instance_ids:
    description:
      - IDs of instances, for their own public addresses and their EIPs.
      - Without O(instance_ids), O(eip_ids) and O(addresses), all addresses of the region are told of.
    type: list
    elements: str
    aliases: [instance_id]
  eip_ids:
    description: IDs of EIPs (AllocationId), whether an instance has them or not.
    type: list
    elements: str
    aliases: [allocation_ids]
  addresses:
    description: Public IPv4 addresses of instances or EIPs.
    type: list
    elements: str
    aliases: [public_ips]
  events:
    description:
      - Whether to tell of the events of each address, which is a call for each at least.
      - Otherwise, only addresses under attack have them.
    type: bool
    default: true
  days:
    description: Of how many days to tell events.
    type: int
    default: 7
notes:
  - No operation of Alibaba Cloud's API ends a black hole early, or scrubbing. It ends by itself at
    RV(addresses[].black_hole_until).
seealso:
  - module: alitrust.ecs.ddos_threshold
  - module: alitrust.ecs.ddos_threshold_info
  - ref: ansible_collections.alitrust.ecs.docsite.under_attack
    description: Thresholds, black holes, and what to do under attack.
"""

EXAMPLES = r"""
- name: See which public addresses are under attack
  alitrust.ecs.ddos_info:
    region: cn-hangzhou
    events: false
  register: found

- name: Tell until when which addresses are out of reach
  ansible.builtin.debug:
    msg: "{{ item.address }} ({{ item.name }}) is black-holed until {{ item.black_hole_until }}"
  loop: "{{ found.addresses | selectattr('status', 'eq', 'blackholed') }}"
  loop_control:
    label: "{{ item.address }}"

- name: See the attacks of a month on an instance
  alitrust.ecs.ddos_info:
    region: cn-hangzhou
    instance_ids: [i-bp67acfmxazb4p000000]
    days: 30
"""

RETURN = r"""
addresses:
  description: The addresses.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: The public address.
      type: str
      sample: 203.0.113.7
    asset_id:
      description: ID of the instance whose own address it is, or of the EIP.
      type: str
      sample: i-bp67acfmxazb4p000000
    asset_type:
      description: V(ecs) for an instance's own address, V(eip) for an EIP.
      type: str
      sample: ecs
    instance_id:
      description: ID of the instance that has it; V(null) for an EIP that none has.
      type: str
      sample: i-bp67acfmxazb4p000000
    name:
      description: Name of the instance or the EIP.
      type: str
      sample: web-001
    status:
      description: V(normal), V(mitigating) while its traffic is scrubbed, V(blackholed) while all of it is thrown away.
      type: str
      sample: blackholed
    scrubbing_mbps:
      description: Traffic above which is scrubbed, in Mbit/s; V(null) where Alibaba Cloud does not say.
      type: int
      sample: 100
    scrubbing_pps:
      description: The same in packets per second.
      type: int
      sample: 20000
    black_hole_mbps:
      description: Traffic above which the address is black-holed, in Mbit/s.
      type: int
      sample: 5000
    black_hole_until:
      description: When its black hole ends, in UTC; V(null) where it is in none, or Alibaba Cloud does not say.
      type: str
      sample: "2026-11-29T14:30:00Z"
    events:
      description: Its events, the newest first; V(null) where they were not read.
      type: list
      elements: dict
      contains:
        type:
          description: V(defense) for scrubbing, V(blackhole) for a black hole.
          type: str
          sample: blackhole
        status:
          description: V(mitigating) or V(blackholed) while it goes on, then V(normal).
          type: str
          sample: blackholed
        start_time:
          description: When it began, in UTC.
          type: str
          sample: "2026-11-29T12:00:00Z"
        end_time:
          description: When it ended, in UTC; V(null) while it goes on.
          type: str
          sample: "2026-11-29T14:30:00Z"
        last_attack_time:
          description: When the last of several attacks began, in UTC; V(null) where there was but one.
          type: str
          sample: "2026-11-29T12:10:00Z"
        black_hole_until:
          description: When its black hole ends or has ended, in UTC; V(null) for scrubbing.
          type: str
          sample: "2026-11-29T14:30:00Z"
counts:
  description: What the region has, by kind of asset.
  returned: success
  type: dict
  contains:
    ecs:
      description: Instances with a public address of their own.
      type: dict
      contains:
        assets:
          description: How many there are.
          type: int
          sample: 12
        mitigating:
          description: How many are being scrubbed.
          type: int
          sample: 0
        blackholed:
          description: How many are black-holed.
          type: int
          sample: 1
    eip:
      description: EIPs.
      type: dict
      contains:
        assets:
          description: How many there are.
          type: int
          sample: 12
        mitigating:
          description: How many are being scrubbed.
          type: int
          sample: 0
        blackholed:
          description: How many are black-holed.
          type: int
          sample: 1
credit:
  description: How the account stands in the region.
  returned: success
  type: dict
  contains:
    score:
      description: Its security credit score, of 1000.
      type: int
      sample: 1000
    level:
      description: The level of that score, from V(A) to V(F).
      type: str
      sample: A
    black_hole_minutes:
      description: After how many minutes a black hole ends by itself.
      type: int
      sample: 150
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: "12 addresses: 11 normal, 1 black-holed"
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed, where the product is
    spelled C(yundun-ddos) instead of C(antiddos-public).
  returned: always
  type: dict
  sample: {"antiddos-public:DescribeDdosCount": 2, "antiddos-public:DescribeInstanceIpAddress": 2}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._ddos.attacks import SPEC, read


def main() -> None:
    flow.read(create(SPEC), read)


if __name__ == "__main__":
    main()
