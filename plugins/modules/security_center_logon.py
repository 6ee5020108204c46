#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_center_logon
short_description: Say which logons to instances are usual
version_added: 1.0.0
description:
  - Says from where, when and as whom people log on to instances usually, and whether Security Center raises an alert
    for a logon that is not like that.
  - What is usual is said for single instances. What was set in the console for groups of servers, or for all, counts
    where it is for all, and is never taken away.
  - Alerts for unusual addresses, times and accounts need a paid edition of Security Center. It tells of unusual
    locations in any case.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
options:
  instance_ids:
    description: IDs of the instances on which that is usual.
    type: list
    elements: str
  fleet:
    description: The instances of this fleet.
    type: str
  locations:
    description:
      - Places that people log on from, as Security Center names them, in the language of the console.
      - This and the next three stay as they are when they are not given. Each needs O(instance_ids) or O(fleet).
    type: list
    elements: str
  ips:
    description: Addresses that people log on from.
    type: list
    elements: str
  times:
    description: Spans of time of each day, for example V(08:00-18:00).
    type: list
    elements: str
  accounts:
    description: Accounts in the instance that people log on to.
    type: list
    elements: str
  alert_on_ips:
    description: Whether logons from other addresses raise alerts. This switch and the next two are the account's, for
      all instances, and stay as they are when they are not given.
    type: bool
  alert_on_times:
    description: Whether logons at other times raise alerts.
    type: bool
  alert_on_accounts:
    description: Whether logons to other accounts raise alerts.
    type: bool
  purge:
    description: Whether what is usual on these instances and not given is usual no more. An empty list with it leaves
      nothing of its kind.
    type: bool
    default: false
  wait_timeout:
    description: How long to wait for the API to tell of the change, in seconds.
    type: int
    default: 60
seealso:
  - module: alitrust.ecs.security_center_logon_info
  - module: alitrust.ecs.security_center_info
  - ref: ansible_collections.alitrust.ecs.docsite.security_center
    description: The agent, the security status, alerts and notifications.
"""

EXAMPLES = r"""
- name: Raise alerts for logons to a fleet from anywhere but the office, and at night
  alitrust.ecs.security_center_logon:
    region: cn-hangzhou
    fleet: web
    ips: [192.0.2.10, 192.0.2.11]
    times: ["07:00-20:00"]
    alert_on_ips: true
    alert_on_times: true

- name: Have one account that is usual, and no other
  alitrust.ecs.security_center_logon:
    region: cn-hangzhou
    fleet: web
    accounts: [ops]
    purge: true
"""

RETURN = r"""
servers:
  description: The instances, with what is usual on them of the kinds that were given.
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
alert_on_ips:
  description: Whether a logon from an unusual address raises an alert.
  returned: when it was given
  type: bool
  sample: true
alert_on_times:
  description: Whether a logon at an unusual time raises an alert.
  returned: when it was given
  type: bool
  sample: true
alert_on_accounts:
  description: Whether a logon to an unusual account raises an alert.
  returned: when it was given
  type: bool
  sample: true
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: let ip 192.0.2.10 be usual on web-001 (i-bp67acfmxazb4p000000)
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [let ip 192.0.2.10 be usual on web-001 (i-bp67acfmxazb4p000000)]
api_calls:
  description: >-
    How often each operation was called. The keys are the rights that the task needed; policies have C(yundun-sas) in
    place of C(sas).
  returned: always
  type: dict
  sample: {"sas:DescribeLoginBaseConfigs": 2, "sas:ModifyLoginBaseConfig": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_center.logon import SPEC, SecurityCenterLogon


def main() -> None:
    flow.run(create(SPEC), SecurityCenterLogon)


if __name__ == "__main__":
    main()
