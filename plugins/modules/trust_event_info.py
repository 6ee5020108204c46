#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: trust_event_info
short_description: Read findings of the trusted server
version_added: 1.0.0
description:
  - Lists what the trusted server found on instances. Filters are combined; without any, all findings of the region are
    returned, handled ones included.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.trust.property
  - alitrust.ecs.attributes.info
options:
  states:
    description:
      - Only findings in these states. V(handled) is what was handled in a way that O(trust_meanings) does not know.
    type: list
    elements: str
    choices: [open, accepted, ignored, handled, unknown]
  event_ids:
    description: Only these findings. Those that do not exist are left out.
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
seealso:
  - module: alitrust.ecs.trust_event
  - module: alitrust.ecs.trusted_instance_info
  - ref: ansible_collections.alitrust.ecs.docsite.trusted_instances
    description: What makes an instance trusted, and what the verdicts mean.
"""

EXAMPLES = r"""
- name: List what waits for a decision on a fleet
  alitrust.ecs.trust_event_info:
    region: cn-hangzhou
    fleet: web
    states: [open]
  register: found

- name: List grave findings of a day
  alitrust.ecs.trust_event_info:
    region: cn-hangzhou
    levels: [high]
    since: "2026-01-31T00:00:00Z"
    until: "2026-01-31T23:59:59Z"
"""

RETURN = r"""
findings:
  description: The findings, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    event_id:
      description: The ID.
      type: str
      sample: 6f1c0c5a-9d5c-4c8e-8f43-2c5b1f9d****
    state:
      description: V(open), V(accepted), V(ignored), V(handled) or V(unknown).
      type: str
      sample: open
    level:
      description: V(low), V(medium), V(high) or V(unknown).
      type: str
      sample: high
    suspect:
      description: What it is about, a PCR or a file.
      type: str
      sample: PCR 9
    suspect_signature:
      description: The digest that was measured.
      type: str
      sample: 0f4e2a7b
    expected:
      description: The digest of the baseline.
      type: str
      sample: 93b1c6d0
    accumulation:
      description: How often it was found.
      type: int
      sample: 1
    instance_id:
      description: The instance, where O(instance_ids) or O(fleet) was given, otherwise none.
      type: str
      sample: i-bp67acfmxazb4ph****
    property_uuid:
      description: By what the trusted server knows the instance.
      type: str
      sample: 51d1353b-22bf-4567-a176-8b3e12e4****
    property_name:
      description: The name of the instance.
      type: str
      sample: web-001
    private_ip:
      description: The private address of the instance.
      type: str
      sample: 172.16.0.10
    created:
      description: When it was found first.
      type: str
      sample: "2026-01-31T04:20:00Z"
    modified:
      description: When it was changed last.
      type: str
      sample: "2026-01-31T04:20:00Z"
    handled:
      description: When it was handled, none when it is open.
      type: str
      sample: "2026-01-31T05:00:00Z"
    type_number:
      description: C(EventType) as the API tells it.
      type: int
      sample: 1
    level_number:
      description: C(EventLevel) as the API tells it.
      type: int
      sample: 3
    status_number:
      description: C(EventStatus) as the API tells it.
      type: int
      sample: 0
    handle_type_number:
      description: C(HandleType) as the API tells it.
      type: int
      sample: 0
event_ids:
  description: The IDs of RV(findings).
  returned: success
  type: list
  elements: str
  sample: [6f1c0c5a-9d5c-4c8e-8f43-2c5b1f9d****]
open_count:
  description: How many of RV(findings) are open.
  returned: success
  type: int
  sample: 1
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 findings, 1 open
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"trusted-server:DescribeEvents": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._finding.finding import INFO_SPEC, read


def main() -> None:
    flow.read(create(INFO_SPEC), read)


if __name__ == "__main__":
    main()
