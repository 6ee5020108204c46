#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_center_notice_info
short_description: Read alert notifications of Security Center
version_added: 1.0.0
description:
  - Tells by which ways, and at which hours, Security Center tells people of alerts and of other kinds of events.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  items:
    description: Only these notifications, in the API's names. By default all.
    type: list
    elements: str
seealso:
  - module: alitrust.ecs.security_center_notice
"""

EXAMPLES = r"""
- name: See how people are told of alerts
  alitrust.ecs.security_center_notice_info:
    region: cn-hangzhou
    items: [sas_suspicious]
  register: told

- name: List every notification of the account
  alitrust.ecs.security_center_notice_info:
    region: cn-hangzhou
"""

RETURN = r"""
notices:
  description: The notifications, in the order of O(items) where that is given.
  returned: success
  type: list
  elements: dict
  contains:
    item:
      description: What people are told of, in the API's name.
      type: str
      sample: sas_suspicious
    methods:
      description: By which ways, V(text_message), V(email), V(internal_message); none where nobody is told.
      type: list
      elements: str
      sample: [email, internal_message]
    hours:
      description: At which hours, V(any), V(daytime) for 8:00 to 22:00, or the number of a time that is not documented.
      type: str
      sample: any
    route_number:
      description: C(Route) as the API tells it, the sum of 1 for text messages, 2 for email, 4 for internal messages.
      type: int
      sample: 6
    time_limit_number:
      description: C(TimeLimit) as the API tells it.
      type: int
      sample: 0
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 1 notice
api_calls:
  description: >-
    How often each operation was called. The keys are the rights that the task needed; policies have C(yundun-sas) in
    place of C(sas).
  returned: always
  type: dict
  sample: {"sas:DescribeNoticeConfig": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_center.notice import INFO_SPEC, read


def main() -> None:
    flow.read(create(INFO_SPEC), read)


if __name__ == "__main__":
    main()
