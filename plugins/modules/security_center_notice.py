#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_center_notice
short_description: Set alert notifications of Security Center
version_added: 1.0.0
description:
  - Sets by which ways, and at which hours, Security Center tells people of alerts and of other kinds of events. Who
    they are is set in the message center of the account, which no operation of this API reaches.
  - The notifications are the account's, for all regions.
  - The severities that a notification of alerts is sent for can be chosen in the console only; the API neither tells
    nor takes them. The console has them under Settings, Notifications.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
options:
  items:
    description:
      - What people are told of, in the API's names. M(alitrust.ecs.security_center_notice_info) lists those that the
        account has.
      - For example V(sas_suspicious) for alerts, V(yundun_security_Weekreport) for vulnerabilities,
        V(yundun_sas_vul_Emergency) for urgent ones, V(sas_healthcheck) for the check of the baseline,
        V(yundun_sas_ak_leakage) for AccessKeys that were found in public, V(agent) for agents that are offline.
    type: list
    elements: str
    required: true
  methods:
    description:
      - By which ways people are told. An empty list tells nobody any more.
      - When it is not given, the ways stay as they are. Ways that are not documented stay in any case.
    type: list
    elements: str
    choices: [text_message, email, internal_message]
  hours:
    description:
      - At which hours, V(any), or V(daytime), which is from 8:00 to 22:00.
      - When it is not given, the hours stay as they are. At least one of O(methods) and O(hours) is needed.
    type: str
    choices: [any, daytime]
  wait_timeout:
    description: How long to wait for the API to tell of the change, in seconds.
    type: int
    default: 60
seealso:
  - module: alitrust.ecs.security_center_notice_info
  - module: alitrust.ecs.security_center_info
  - ref: ansible_collections.alitrust.ecs.docsite.security_center
    description: The agent, the security status, alerts and notifications.
"""

EXAMPLES = r"""
- name: Be told of alerts and urgent vulnerabilities by email and text message, at any time
  alitrust.ecs.security_center_notice:
    region: cn-hangzhou
    items: [sas_suspicious, yundun_sas_vul_Emergency]
    methods: [email, text_message]
    hours: any

- name: Be told of the check of the baseline by day only, in the ways as they are
  alitrust.ecs.security_center_notice:
    region: cn-hangzhou
    items: [sas_healthcheck]
    hours: daytime

- name: Be told of vulnerabilities no more
  alitrust.ecs.security_center_notice:
    region: cn-hangzhou
    items: [yundun_security_Weekreport]
    methods: []
"""

RETURN = r"""
notices:
  description: The notifications, in the order of O(items), in the shape of RV(notices) of
    M(alitrust.ecs.security_center_notice_info).
  returned: success
  type: list
  elements: dict
  sample:
    - item: sas_suspicious
      methods: [text_message, email]
      hours: any
      route_number: 3
      time_limit_number: 0
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: notify of sas_suspicious by text message and email, at any time
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: ["notify of sas_suspicious by text message and email, at any time"]
api_calls:
  description: >-
    How often each operation was called. The keys are the rights that the task needed; policies have C(yundun-sas) in
    place of C(sas).
  returned: always
  type: dict
  sample: {"sas:DescribeNoticeConfig": 2, "sas:ModifyNoticeConfig": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_center.notice import SPEC, SecurityCenterNotice


def main() -> None:
    flow.run(create(SPEC), SecurityCenterNotice)


if __name__ == "__main__":
    main()
