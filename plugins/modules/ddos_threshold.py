#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ddos_threshold
short_description: Set from which traffic on public addresses is scrubbed
version_added: 1.0.0
description:
  - Sets the scrubbing thresholds of Anti-DDoS Basic for public addresses of instances and for EIPs, by hand or
    automatic. Traffic above either threshold is scrubbed, whether it is an attack or not.
  - A new instance has the highest thresholds that its type can have, which may be too high to be safe. Both are set
    together; neither can be higher than what the instance type takes in, which is checked before any change.
  - Traffic above the threshold for a black hole, 5 Gbit/s where nothing else was bought, is thrown away altogether.
    That threshold cannot be set; M(alitrust.ecs.ddos_info) tells it.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
options:
  instance_ids:
    description:
      - IDs of instances, for their own public addresses and their EIPs. One that has neither is left alone.
      - At least one of O(instance_ids), O(eip_ids) and O(addresses) is needed.
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
  automatic:
    description:
      - Whether Anti-DDoS Basic chooses the thresholds by the traffic there is.
      - Otherwise, O(mbps) and O(pps) are needed.
    type: bool
    default: false
  mbps:
    description: Traffic above which is scrubbed, in Mbit/s. Needs O(pps).
    type: int
  pps:
    description: Traffic above which is scrubbed, in packets per second. Needs O(mbps).
    type: int
  wait_timeout:
    description: How long to wait for a new address to be known, and for changes to show, in seconds.
    type: int
    default: 60
notes:
  - Scrubbing cannot be switched off, or cancelled while it goes on, by this module, because Alibaba Cloud's API has no
    operation for that. It is done in the Anti-DDoS console, for an address under B(Assets). Alibaba Cloud advises
    against it; without scrubbing, traffic above 5 Gbit/s still leads to a black hole.
  - Addresses of load balancers and IPv6 addresses are not managed.
seealso:
  - module: alitrust.ecs.ddos_threshold_info
  - module: alitrust.ecs.ddos_info
  - ref: ansible_collections.alitrust.ecs.docsite.under_attack
    description: Thresholds, black holes, and what to do under attack.
"""

EXAMPLES = r"""
- name: Scrub what is above 100 Mbit/s or 20000 packets per second
  alitrust.ecs.ddos_threshold:
    region: cn-hangzhou
    instance_ids: [i-bp67acfmxazb4p000000, i-bp67acfmxazb4p000001]
    mbps: 100
    pps: 20000

- name: Let Anti-DDoS Basic choose the thresholds of an EIP
  alitrust.ecs.ddos_threshold:
    region: cn-hangzhou
    eip_ids: [eip-bp14k5gfpl1u0000000]
    automatic: true
"""

RETURN = r"""
thresholds:
  description: The addresses with their thresholds as they are now, or would be in check mode.
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
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [make the scrubbing thresholds of 203.0.113.7 100 Mbit/s and 20000 packets per second]
kept:
  description: What was left alone, a sentence each.
  returned: when there is something
  type: list
  elements: str
  sample: ["i-bp67acfmxazb4p000001 has no public address, and so no scrubbing thresholds."]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: make the scrubbing thresholds of 203.0.113.7 100 Mbit/s and 20000 packets per second
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed, where the product is
    spelled C(yundun-ddos) instead of C(antiddos-public).
  returned: always
  type: dict
  sample: {"antiddos-public:DescribeDdosThreshold": 2, "antiddos-public:ModifyIpDefenseThreshold": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._ddos.thresholds import CONSTRAINTS, SPEC, DdosThreshold


def main() -> None:
    flow.run(create(SPEC, **CONSTRAINTS), DdosThreshold)


if __name__ == "__main__":
    main()
