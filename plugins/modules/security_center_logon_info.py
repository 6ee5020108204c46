#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_center_logon_info
short_description: Read which logons to instances are usual
version_added: 1.0.0
description:
  - Tells from where, when and as whom people log on to instances usually, as Security Center has been told, and what
    raises an alert.
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
  - module: alitrust.ecs.security_center_logon
"""

EXAMPLES = r"""
- name: See which logons to a fleet are usual
  alitrust.ecs.security_center_logon_info:
    region: cn-hangzhou
    fleet: web
"""

RETURN = r"""
servers:
  description: The instances, in the order of O(instance_ids) where that is given, with what is usual on them.
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
    locations:
      description: Where people log on from usually.
      type: list
      elements: str
      sample: [Shanghai]
    ips:
      description: Addresses that they log on from.
      type: list
      elements: str
      sample: [192.0.2.10]
    times:
      description: When they log on.
      type: list
      elements: str
      sample: ["08:00-18:00"]
    accounts:
      description: As whom they log on.
      type: list
      elements: str
      sample: [ops]
for_many:
  description: What was set for groups of servers, or for all, by kind.
  returned: success
  type: dict
  sample: {"locations": [], "ips": [], "times": [], "accounts": []}
alert_on_ips:
  description: Whether a logon from an unusual address raises an alert.
  returned: success
  type: bool
  sample: true
alert_on_times:
  description: Whether a logon at an unusual time raises an alert.
  returned: success
  type: bool
  sample: true
alert_on_accounts:
  description: Whether a logon to an unusual account raises an alert.
  returned: success
  type: bool
  sample: true
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 servers
api_calls:
  description: >-
    How often each operation was called. The keys are the rights that the task needed; policies have C(yundun-sas) in
    place of C(sas).
  returned: always
  type: dict
  sample: {"sas:DescribeLoginBaseConfigs": 4, "sas:DescribeLoginSwitchConfigs": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_center.logon import INFO_SPEC, read


def main() -> None:
    flow.read(create(INFO_SPEC), read)


if __name__ == "__main__":
    main()
