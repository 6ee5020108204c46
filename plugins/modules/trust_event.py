#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: trust_event
short_description: Accept or ignore findings of the trusted server
version_added: 1.0.0
description:
  - Accepts what the trusted server found as the new baseline of an instance, or ignores it.
  - Findings are named by O(event_ids), or selected by filters. Of those that filters select, only open ones are
    handled.
  - Give O(expected) to handle exactly what a change explains. One finding more, and nothing is handled at all.
  - A finding that was handled cannot be opened again.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.trust.property
  - alitrust.ecs.attributes
options:
  state:
    description:
      - V(accepted) takes what was found as good from now on.
      - V(ignored) closes the findings and leaves the baseline as it is.
    type: str
    choices: [accepted, ignored]
    required: true
  event_ids:
    description: The findings, by ID. One that is handled already in the other way is handled again.
    type: list
    elements: str
  levels:
    description: Only findings of these levels, V(low), V(medium), V(high) or raw numbers.
    type: list
    elements: str
  since:
    description: Only findings since this time, a UTC time like V(2026-01-31T04:20:00Z), or seconds since 1970.
    type: str
  until:
    description: Only findings up to this time.
    type: str
  instance_ids:
    description: Only findings on these instances.
    type: list
    elements: str
  fleet:
    description: Only findings on instances of this fleet.
    type: str
  all_findings:
    description: Confirms that everything that is open in the region is meant, where no filter is given.
    type: bool
    default: false
  expected:
    description:
      - What may be handled, as patterns for the C(suspect) of a finding, without regard to case. V(*) stands for any
        text, V(?) for one character. A pattern fits the whole text, or the part before a colon.
      - For example V(PCR 9) after an update of the kernel, or V(/usr/bin/*).
    type: list
    elements: str
  unexpected:
    description:
      - What to do about selected findings that no pattern of O(expected) fits. V(fail) fails before anything is
        handled, V(leave) leaves them open with a warning.
    type: str
    choices: [fail, leave]
    default: fail
  wait_timeout:
    description: How long to wait until the findings are seen to be handled, in seconds.
    type: int
    default: 60
seealso:
  - module: alitrust.ecs.trust_event_info
  - module: alitrust.ecs.trusted_instance_info
  - ref: ansible_collections.alitrust.ecs.docsite.trusted_instances
    description: >-
      What makes an instance trusted, and what the verdicts mean.
      The role P(alitrust.ecs.patch#role) updates trusted hosts and accepts what the update explains.
"""

EXAMPLES = r"""
- name: Accept what the update of the kernel has changed on the fleet, and nothing else
  alitrust.ecs.trust_event:
    region: cn-hangzhou
    state: accepted
    fleet: web
    expected: [PCR 8, PCR 9, /boot/*]

- name: Ignore one finding
  alitrust.ecs.trust_event:
    region: cn-hangzhou
    state: ignored
    event_ids: [6f1c0c5a-9d5c-4c8e-8f43-2c5b1f9d****]

- name: See what would be accepted
  alitrust.ecs.trust_event:
    region: cn-hangzhou
    state: accepted
    instance_ids: [i-bp67acfmxazb4p****]
    since: "2026-01-31T04:20:00Z"
  check_mode: true
  diff: true
"""

RETURN = r"""
findings:
  description: The findings that were handled, or would be in check mode, in the shape of RV(findings) of
    M(alitrust.ecs.trust_event_info). Of those named by O(event_ids) also the ones that were handled before.
  returned: success
  type: list
  elements: dict
  sample: []
unexpected:
  description: The findings that no pattern of O(expected) fits.
  returned: when the task fails because of them
  type: list
  elements: dict
  sample: []
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: "accept as the new baseline: PCR 9 on web-001"
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: ["accept as the new baseline: PCR 9 on web-001"]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"trusted-server:DescribeEvents": 2, "trusted-server:TrustEvents": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._finding.finding import SPEC, TrustEvent


def main() -> None:
    flow.run(create(SPEC), TrustEvent)


if __name__ == "__main__":
    main()
