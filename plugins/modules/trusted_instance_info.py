#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: trusted_instance_info
short_description: Read ECS instances
version_added: 1.0.0
description:
  - Returns instances in the shape of M(alitrust.ecs.trusted_instance), whoever created them.
  - Filters are combined; without any, all instances of the region are returned.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.trust
  - alitrust.ecs.trust.property
  - alitrust.ecs.attributes.info
options:
  instance_ids:
    description: Only these instances. Those that do not exist are left out.
    type: list
    elements: str
  fleet:
    description: Only instances of this fleet, by the tag C(alitrust.ecs:owner).
    type: str
  name:
    description: Only instances with this name. V(*) stands for any text.
    type: str
  tags:
    description: Only instances that carry all these tags.
    type: dict
  vpc_id:
    description: Only instances in this VPC.
    type: str
  vswitch_id:
    description: Only instances in this vSwitch.
    type: str
  status:
    description: Only instances in this state.
    type: str
    choices: [Pending, Starting, Running, Stopping, Stopped]
  include_ram_role:
    description: Also read the RAM role of each instance, which costs a call for every 50.
    type: bool
    default: false
  trust:
    description:
      - Also ask the trusted server about each instance, and return RV(instances[].trust).
      - It costs a call for each instance, of which ten run side by side, and one or a few for the findings.
    type: bool
    default: false
  trust_causes:
    description:
      - With O(trust), also find out why instances are not measured, which is whether they run, whether a RAM role is
        attached, and whether it lets them report. It needs the right to read RAM; without it, that is said.
    type: bool
    default: false
  trust_probe:
    description:
      - With O(trust), also look into instances that are not measured, by a command of Cloud Assistant, which is whether
        the trust client runs, a TPM is there, and the trusted server can be reached.
    type: bool
    default: false
seealso:
  - module: alitrust.ecs.trust_event_info
  - module: alitrust.ecs.trusted_instance
  - plugin: alitrust.ecs.instances
    plugin_type: inventory
  - ref: ansible_collections.alitrust.ecs.docsite.trusted_instances
    description: >-
      What makes an instance trusted, and what the verdicts mean.
      The role P(alitrust.ecs.assert_trusted#role) stops on hosts that are not trusted.
"""

EXAMPLES = r"""
- name: Read a fleet
  alitrust.ecs.trusted_instance_info:
    region: cn-hangzhou
    fleet: web
  register: fleet

- name: Read all running instances whose name begins with web-, with their roles
  alitrust.ecs.trusted_instance_info:
    region: cn-hangzhou
    name: web-*
    status: Running
    include_ram_role: true

- name: See which instances of the fleet are trusted
  alitrust.ecs.trusted_instance_info:
    region: cn-hangzhou
    fleet: web
    trust: true
  register: fleet
"""

RETURN = r"""
instances:
  description: The instances that pass the filters, by name.
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: The ID.
      type: str
      sample: i-bp67acfmxazb4ph****
    name:
      description: The name.
      type: str
      sample: web-001
    fleet:
      description: The fleet it belongs to by its ownership tag, none when it has no such tag.
      type: str
      sample: web
    status:
      description: V(Pending), V(Starting), V(Running), V(Stopping) or V(Stopped).
      type: str
      sample: Running
    description:
      description: The description.
      type: str
      sample: ""
    host_name:
      description: The host name.
      type: str
      sample: web-001
    region_id:
      description: The region.
      type: str
      sample: cn-hangzhou
    zone_id:
      description: The zone.
      type: str
      sample: cn-hangzhou-h
    instance_type:
      description: The instance type.
      type: str
      sample: ecs.g7t.large
    image_id:
      description: The image.
      type: str
      sample: aliyun_3_x64_20G_uefi_alibase_20240528.vhd
    os_name:
      description: The operating system.
      type: str
      sample: Alibaba Cloud Linux  3.2104 LTS 64 bit (UEFI)
    os_type:
      description: V(linux) or V(windows).
      type: str
      sample: linux
    vpc_id:
      description: The VPC.
      type: str
      sample: vpc-bp1vwnn14rqpyiczj****
    vswitch_id:
      description: The vSwitch.
      type: str
      sample: vsw-bp1s5fnvk4gn2tws03624
    private_ip:
      description: The private address.
      type: str
      sample: 172.16.0.10
    public_ip:
      description: The elastic or public address, none when there is none.
      type: str
      sample: 121.40.0.10
    internet_max_bandwidth_out:
      description: Outgoing bandwidth in Mbit/s.
      type: int
      sample: 0
    internet_charge_type:
      description: How bandwidth is paid for.
      type: str
      sample: PayByTraffic
    security_group_ids:
      description: The security groups.
      type: list
      elements: str
      sample: [sg-bp15ed6xe1yxeycg7o63]
    key_name:
      description: The key pair, none when there is none.
      type: str
      sample: web
    ram_role_name:
      description: The RAM role, empty when there is none. None when it was not read; see O(include_ram_role).
      type: str
      sample: AliyunECSInstanceForYundunSysTrustRole
    deletion_protection:
      description: Whether it is protected against deletion.
      type: bool
      sample: false
    http_endpoint:
      description: Whether the metadata service answers.
      type: str
      sample: enabled
    http_tokens:
      description: Whether the metadata service asks for a token.
      type: str
      sample: required
    secure_boot:
      description: Whether it boots by UEFI Secure Boot, none where the API does not tell.
      type: bool
      sample: false
    stopped_mode:
      description: How it was stopped.
      type: str
      sample: Not-applicable
    serial_number:
      description: The serial number, by which the trusted service knows the instance.
      type: str
      sample: 51d1353b-22bf-4567-a176-8b3e12e4****
    creation_time:
      description: When it was created.
      type: str
      sample: "2026-01-31T04:20Z"
    trusted:
      description: What the API tells about trust.
      type: dict
      contains:
        supports_vtpm:
          description: Whether it carries the system tag C(acs:ecs:supportVtpm).
          type: bool
          sample: true
    trust:
      description:
        - What the trusted server tells. RV(instances[].trust.verdict) is V(trusted) only where everything says so.
      type: dict
      returned: when O(trust) is true
      contains:
        verdict:
          description: V(trusted), V(untrusted), V(unmeasured) (it does not report, or not lately) or V(unknown).
          type: str
          sample: trusted
        reason:
          description: Why it is not trusted.
          type: str
          sample: ""
        causes:
          description: What was found out about an instance that is unmeasured or unknown; see O(trust_causes).
          type: list
          elements: str
          sample: []
        summary:
          description: The verdict in one line, with reason and causes.
          type: str
          sample: web-001 is trusted
        property_uuid:
          description: By what the trusted server knows the instance.
          type: str
          sample: 51d1353b-22bf-4567-a176-8b3e12e4****
        supports_vtpm:
          description: Whether it carries the system tag C(acs:ecs:supportVtpm).
          type: bool
          sample: true
        last_report:
          description: When it reported last, none when it never did.
          type: str
          sample: "2026-01-31T04:20:00Z"
        last_report_age:
          description: How long ago that is, in seconds.
          type: int
          sample: 412
        findings:
          description: How many findings wait for a decision. None where the caller may not know.
          type: int
          sample: 0
        system_trust_status:
          description: C(SystemTrustStatus) as the API tells it.
          type: int
          sample: 1
        system_trust_detail:
          description: C(SystemTrustDetail) as the API tells it.
          type: str
          sample: ""
        system_exceptions:
          description: C(SystemExceptionNum) as the API tells it.
          type: int
          sample: 0
        program_trust_status:
          description: C(ProgramTrustStatus) as the API tells it.
          type: int
          sample: 1
        program_trust_detail:
          description: C(ProgramTrustDetail) as the API tells it.
          type: str
          sample: ""
        program_exceptions:
          description: C(ProgramExceptionNum) as the API tells it.
          type: int
          sample: 0
        online_status:
          description: C(OnlineStatus) as the API tells it.
          type: int
          sample: 1
    tags:
      description: The tags, without those of the system.
      type: dict
      sample: {"alitrust.ecs:owner": "web", "env": "test"}
instance_ids:
  description: The IDs of RV(instances).
  returned: success
  type: list
  elements: str
  sample: [i-bp67acfmxazb4ph****]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: "3 instances: 3 Running"
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeInstances": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._instance import info


def main() -> None:
    flow.read(create(info.SPEC), info.read)


if __name__ == "__main__":
    main()
