#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_center_agent
short_description: Install and uninstall the agent of Security Center
version_added: 1.0.0
description:
  - Makes sure that the agent of Security Center is on instances that exist, and waits until it is online, or that it
    is not on them. Without it Security Center does not protect an instance, and shows nothing of it.
  - New instances come with it by O(alitrust.ecs.trusted_instance#module:security_enhancement_strategy=Active).
  - Security Center installs it through Cloud Assistant, which has to work in the instance.
  - An instance that is stopped keeps the agent that it has; it can be installed on instances that run only.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
options:
  instance_ids:
    description: IDs of the instances. At least one of O(instance_ids) and O(fleet) is needed.
    type: list
    elements: str
  fleet:
    description: The instances of this fleet.
    type: str
  state:
    description:
      - With V(present), the agent is installed, and installed again where it is there and offline while its instance
        runs. One that somebody paused stays paused, with a warning.
      - With V(absent), it is uninstalled. The task warns of which instances are no longer protected.
    type: str
    choices: [present, absent]
    default: present
  service_role:
    description:
      - Whether to make the service-linked role C(AliyunServiceRoleForSas) where there is none, as the console does when
        Security Center is used for the first time. By it Security Center reads the account. Used with
        O(state=present).
      - It takes the right C(yundun-sas:CreateServiceLinkedRole), and maybe C(ram:CreateServiceLinkedRole).
    type: bool
    default: true
  wait_timeout:
    description: How long to wait until the agents are online or gone, in seconds.
    type: int
    default: 600
seealso:
  - module: alitrust.ecs.security_center_agent_info
  - module: alitrust.ecs.security_center_info
  - module: alitrust.ecs.trusted_instance
  - ref: ansible_collections.alitrust.ecs.docsite.security_center
    description: The agent, the security status, alerts and notifications.
"""

EXAMPLES = r"""
- name: Have the agent on every instance of a fleet
  alitrust.ecs.security_center_agent:
    region: cn-hangzhou
    fleet: web

- name: Take the agent off an instance
  alitrust.ecs.security_center_agent:
    region: cn-hangzhou
    instance_ids: [i-bp67acfmxazb4p000000]
    state: absent
"""

RETURN = r"""
servers:
  description: The instances, in the order of O(instance_ids), in the shape of RV(servers) of
    M(alitrust.ecs.security_center_agent_info).
  returned: success
  type: list
  elements: dict
  sample:
    - instance_id: i-bp67acfmxazb4p000000
      name: web-001
      uuid: 6690a46c-0edb-4663-a641-3629d1a9****
      region: cn-hangzhou
      running: true
      agent: online
      protected: true
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: install the agent on web-001 (i-bp67acfmxazb4p000000)
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [install the agent on web-001 (i-bp67acfmxazb4p000000)]
api_calls:
  description: >-
    How often each operation was called. The keys are the rights that the task needed; policies have C(yundun-sas) in
    place of C(sas).
  returned: always
  type: dict
  sample: {"sas:DescribeCloudCenterInstances": 4, "sas:OperateAgentClientInstall": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_center.agent import SPEC, SecurityCenterAgent


def main() -> None:
    flow.run(create(SPEC), SecurityCenterAgent)


if __name__ == "__main__":
    main()
