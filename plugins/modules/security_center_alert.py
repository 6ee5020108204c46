#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_center_alert
short_description: Ignore alerts of Security Center, or mark them as handled
version_added: 1.0.0
description:
  - Ignores alerts that Security Center has raised, or marks them as handled. It changes nothing in an instance.
  - Alerts are named by O(alert_ids), or selected by filters. Only those that wait are handled; one that was handled
    before stays as it is, whichever way that was.
  - Give O(expected) to handle exactly what you can explain. One alert more, and nothing is handled at all.
  - M(alitrust.ecs.security_center_info) lists the alerts that wait.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
options:
  state:
    description:
      - V(ignored) ignores this alert; the same happening again raises another one.
      - V(handled) says that somebody has dealt with it by hand.
    type: str
    choices: [ignored, handled]
    required: true
  alert_ids:
    description: The alerts, by ID. They have to be of instances of the region.
    type: list
    elements: str
  instance_ids:
    description: Only alerts on these instances.
    type: list
    elements: str
  fleet:
    description: Only alerts on instances of this fleet.
    type: str
  levels:
    description: Only alerts of these levels.
    type: list
    elements: str
    choices: [serious, suspicious, remind]
  expected:
    description:
      - What may be handled, as patterns for the C(name) of an alert, without regard to case. V(*) stands for any text,
        V(?) for one character.
    type: list
    elements: str
  all_alerts:
    description: Confirms that everything that waits in the region is meant, where no filter is given.
    type: bool
    default: false
  remark:
    description: Why, for those who look at the alert later.
    type: str
  wait_timeout:
    description: How long to wait until the alerts are handled, in seconds.
    type: int
    default: 120
seealso:
  - module: alitrust.ecs.security_center_info
  - module: alitrust.ecs.trust_event
  - ref: ansible_collections.alitrust.ecs.docsite.security_center
    description: The agent, the security status, alerts and notifications.
"""

EXAMPLES = r"""
- name: Ignore reminders on a fleet that new administrators have caused, and nothing else
  alitrust.ecs.security_center_alert:
    region: cn-hangzhou
    state: ignored
    fleet: web
    levels: [remind, suspicious]
    expected: [Logon from an unusual location]
    remark: New administrators since January

- name: Say that an alert was dealt with
  alitrust.ecs.security_center_alert:
    region: cn-hangzhou
    state: handled
    alert_ids: ["290852"]
"""

RETURN = r"""
alerts:
  description: The alerts that were handled, or would be in check mode, and of those named by O(alert_ids) also the ones
    that were handled before.
  returned: success
  type: list
  elements: dict
  contains:
    alert_id:
      description: ID of the alert.
      type: str
      sample: "290852"
    instance_id:
      description: The instance that it is about.
      type: str
      sample: i-bp67acfmxazb4p000000
    uuid:
      description: By what Security Center knows that.
      type: str
      sample: 6690a46c-0edb-4663-a641-3629d1a9****
    level:
      description: V(serious), V(suspicious) or V(remind).
      type: str
      sample: suspicious
    state:
      description: V(ignored), V(handled), V(false_positive), V(expired), or V(unknown).
      type: str
      sample: ignored
    status_number:
      description: C(EventStatus) as the API tells it.
      type: int
      sample: 2
    type:
      description: The kind of alert.
      type: str
      sample: Unusual logon
    name:
      description: What it is about.
      type: str
      sample: Logon from an unusual location
    description:
      description: What it means.
      type: str
      sample: Somebody has logged on from where nobody did before.
    first_time:
      description: When it happened first, in UTC.
      type: str
      sample: "2026-01-31T04:20:00Z"
    last_time:
      description: When it happened last.
      type: str
      sample: "2026-01-31T04:20:00Z"
    handled_time:
      description: When it was handled.
      type: str
      sample: "2026-01-31T05:00:00Z"
unexpected:
  description: The alerts that no pattern of O(expected) fits.
  returned: when the task fails because of them
  type: list
  elements: dict
  sample: []
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: "ignore: Logon from an unusual location on i-bp67acfmxazb4p000000"
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: ["ignore: Logon from an unusual location on i-bp67acfmxazb4p000000"]
api_calls:
  description: >-
    How often each operation was called. The keys are the rights that the task needed; policies have C(yundun-sas) in
    place of C(sas).
  returned: always
  type: dict
  sample: {"sas:DescribeSuspEvents": 2, "sas:HandleSecurityEvents": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_center.alert import SPEC, SecurityCenterAlert


def main() -> None:
    flow.run(create(SPEC), SecurityCenterAlert)


if __name__ == "__main__":
    main()
