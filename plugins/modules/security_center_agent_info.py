#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_center_agent_info
short_description: Read which instances have the agent of Security Center
version_added: 1.0.0
description:
  - Tells of the agent of Security Center on each instance, and whether Security Center may read the account.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  instance_ids:
    description: IDs of the instances to tell of. By default all of the region that Security Center knows.
    type: list
    elements: str
  fleet:
    description: Only instances of this fleet.
    type: str
seealso:
  - module: alitrust.ecs.security_center_agent
  - module: alitrust.ecs.security_center_info
"""

EXAMPLES = r"""
- name: See which instances are not protected
  alitrust.ecs.security_center_agent_info:
    region: cn-hangzhou
  register: agents

- name: Name them
  ansible.builtin.debug:
    var: agents.unprotected
"""

RETURN = r"""
service_role:
  description: Whether the service-linked role exists by which Security Center reads the account.
  returned: success
  type: bool
  sample: true
servers:
  description: The instances, in the order of O(instance_ids) where that is given.
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: ID of the instance.
      type: str
      sample: i-bp67acfmxazb4p000000
    name:
      description: Its name.
      type: str
      sample: web-001
    uuid:
      description: By what Security Center knows it; V(null) where it does not.
      type: str
      sample: 6690a46c-0edb-4663-a641-3629d1a9****
    region:
      description: Its region.
      type: str
      sample: cn-hangzhou
    running:
      description: Whether Security Center has it running.
      type: bool
      sample: true
    agent:
      description: >-
        The agent, V(online), V(offline), V(paused), V(stopped) with its instance, V(uninstalled), or V(unknown) where
        Security Center has not heard of the instance.
      type: str
      sample: online
    protected:
      description: Whether its agent is online.
      type: bool
      sample: true
unprotected:
  description: IDs of the instances whose agent is not online.
  returned: success
  type: list
  elements: str
  sample: []
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 of 2 servers protected
api_calls:
  description: >-
    How often each operation was called. The keys are the rights that the task needed; policies have C(yundun-sas) in
    place of C(sas).
  returned: always
  type: dict
  sample: {"sas:DescribeCloudCenterInstances": 1, "sas:DescribeServiceLinkedRoleStatus": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_center.agent import INFO_SPEC, read


def main() -> None:
    flow.read(create(INFO_SPEC), read)


if __name__ == "__main__":
    main()
