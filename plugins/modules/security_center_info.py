#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_center_info
short_description: Check the security status of instances
version_added: 1.0.0
description:
  - Tells what Security Center knows of instances, whether its agent protects them, which alerts wait to be handled,
    which vulnerabilities and which risks of the baseline were found, and which edition the account has.
  - Without the agent an instance is not protected, and nothing is found on it. M(alitrust.ecs.security_center_agent)
    installs it.
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
  gather:
    description:
      - What to read of the instances. Less takes fewer calls, and fewer rights.
      - How much of each was found is told in any case.
    type: list
    elements: str
    choices: [alerts, vulnerabilities, risks]
    default: [alerts, vulnerabilities, risks]
  alert_levels:
    description: Only alerts of these levels.
    type: list
    elements: str
    choices: [serious, suspicious, remind]
  vulnerability_types:
    description:
      - Kinds of vulnerabilities to read, each with a call of its own.
      - V(cve) is software of Linux, V(sys) Windows, V(cms) content management systems, V(app) applications, V(emg)
        what is urgent.
    type: list
    elements: str
    choices: [cve, sys, cms, app, emg]
    default: [cve, sys, cms, app, emg]
seealso:
  - module: alitrust.ecs.trusted_instance_info
  - module: alitrust.ecs.audit_info
  - ref: ansible_collections.alitrust.ecs.docsite.security_center
    description: The agent, the security status, alerts and notifications.
"""

EXAMPLES = r"""
- name: Check the security status of the instances of a region
  alitrust.ecs.security_center_info:
    region: cn-hangzhou
  register: status

- name: See which serious alerts wait on a fleet
  alitrust.ecs.security_center_info:
    region: cn-hangzhou
    fleet: web
    gather: [alerts]
    alert_levels: [serious]
  register: status

- name: Go on only where there are none, and every instance is protected
  ansible.builtin.assert:
    that:
      - status.serious_alerts == 0
      - status.unprotected | length == 0
"""

RETURN = r"""
edition:
  description: >-
    The edition of Security Center that the account has, V(free), V(anti_virus), V(advanced), V(enterprise),
    V(ultimate), V(multi_edition), V(value_added), or the number of one that is not documented.
  returned: success
  type: str
  sample: free
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
    edition:
      description: The edition that protects it, in the words of RV(edition); V(null) where it is not known.
      type: str
      sample: free
    alert_count:
      description: How many alerts wait to be handled.
      type: int
      sample: 1
    vulnerability_count:
      description: How many vulnerabilities it has.
      type: int
      sample: 2
    risk_count:
      description: How many risks of the baseline it has.
      type: int
      sample: 0
    alerts:
      description: The alerts that wait to be handled, newest first; V(null) where O(gather) does not name them.
      type: list
      elements: dict
      contains:
        alert_id:
          description: ID of the alert.
          type: str
          sample: "290852"
        level:
          description: V(serious), V(suspicious) or V(remind).
          type: str
          sample: suspicious
        state:
          description: V(open) or V(handling).
          type: str
          sample: open
        status_number:
          description: C(EventStatus) as the API tells it.
          type: int
          sample: 1
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
          description: When it was handled; V(null) when it was not.
          type: str
          sample: null
    vulnerabilities:
      description: The vulnerabilities that are not mended; V(null) where O(gather) does not name them.
      type: list
      elements: dict
      contains:
        vulnerability_id:
          description: ID of the vulnerability on this instance.
          type: str
          sample: "101162078"
        type:
          description: Its kind, as in O(vulnerability_types), or V(sca) of what an analysis of software found.
          type: str
          sample: cve
        name:
          description: What it is called.
          type: str
          sample: "RHSA-2017:3075: wget security update"
        priority:
          description: How soon to mend it, V(high), V(medium), V(low) or V(unknown).
          type: str
          sample: high
        cves:
          description: Its numbers as common vulnerabilities and exposures.
          type: list
          elements: str
          sample: [CVE-2017-7518]
        first_time:
          description: When it was found first, in UTC.
          type: str
          sample: "2026-01-31T04:20:00Z"
        last_time:
          description: When it was found last.
          type: str
          sample: "2026-01-31T04:20:00Z"
    risks:
      description: What the check of the baseline finds wrong; V(null) where O(gather) does not name it.
      type: list
      elements: dict
      contains:
        risk_id:
          description: ID of the risk.
          type: str
          sample: "43"
        name:
          description: What it is called.
          type: str
          sample: Weak passwords of Linux
        type:
          description: Its category.
          type: str
          sample: Weak password
        level:
          description: V(high), V(medium), V(low) or V(unknown).
          type: str
          sample: high
        high:
          description: How many items of this risk are wrong that are of high risk.
          type: int
          sample: 1
        medium:
          description: How many are of medium risk.
          type: int
          sample: 0
        low:
          description: How many are of low risk.
          type: int
          sample: 0
unprotected:
  description: IDs of the instances whose agent is not online.
  returned: success
  type: list
  elements: str
  sample: []
serious_alerts:
  description: How many of the alerts read are serious.
  returned: success
  type: int
  sample: 0
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 of 2 servers protected, 1 alert, 2 vulnerabilities, 0 baseline risks
api_calls:
  description: >-
    How often each operation was called. The keys are the rights that the task needed; policies have C(yundun-sas) in
    place of C(sas).
  returned: always
  type: dict
  sample: {"sas:DescribeCloudCenterInstances": 1, "sas:DescribeSuspEvents": 1, "sas:DescribeVersionConfig": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_center.info import INFO_SPEC, read


def main() -> None:
    flow.read(create(INFO_SPEC), read)


if __name__ == "__main__":
    main()
