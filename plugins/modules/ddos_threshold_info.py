#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ddos_threshold_info
short_description: Read from which traffic on public addresses is scrubbed
version_added: 1.0.0
description:
  - Tells the scrubbing thresholds of Anti-DDoS Basic for public addresses of instances and for EIPs, whether they are
    automatic, and how high they can be.
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
seealso:
  - module: alitrust.ecs.ddos_threshold
  - module: alitrust.ecs.ddos_info
  - ref: ansible_collections.alitrust.ecs.docsite.under_attack
    description: Thresholds, black holes, and what to do under attack.
"""

EXAMPLES = r"""
- name: See from which traffic on each public address is scrubbed
  alitrust.ecs.ddos_threshold_info:
    region: cn-hangzhou
  register: found

- name: Tell which addresses nobody has set thresholds of
  ansible.builtin.debug:
    msg: "{{ found.thresholds | selectattr('automatic') | map(attribute='address') }}"

- name: See how high the thresholds of an instance can be
  alitrust.ecs.ddos_threshold_info:
    region: cn-hangzhou
    instance_ids: [i-bp67acfmxazb4p000000]
"""

RETURN = r"""
thresholds:
  description: The addresses with their thresholds.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: The public address; V(null) in check mode for that of an instance that would be made.
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
    automatic:
      description: Whether Anti-DDoS Basic chooses the thresholds by the traffic there is.
      type: bool
      sample: false
    mbps:
      description: Traffic above which is scrubbed, in Mbit/s; V(null) where that is not known.
      type: int
      sample: 100
    pps:
      description: The same in packets per second.
      type: int
      sample: 20000
    max_mbps:
      description: The most that RV(thresholds[].mbps) can be; V(null) where Alibaba Cloud does not say.
      type: int
      sample: 2048
    max_pps:
      description: The most that RV(thresholds[].pps) can be.
      type: int
      sample: 900000
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: "scrubbing thresholds of 2 addresses: 1 set by hand"
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed, where the product is
    spelled C(yundun-ddos) instead of C(antiddos-public).
  returned: always
  type: dict
  sample: {"antiddos-public:DescribeDdosThreshold": 1, "antiddos-public:DescribeInstanceIpAddress": 2}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._ddos.thresholds import INFO_SPEC, read


def main() -> None:
    flow.read(create(INFO_SPEC), read)


if __name__ == "__main__":
    main()
