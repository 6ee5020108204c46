# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # How an instance is found at the trusted server and what its numbers mean.
    PROPERTY = r"""
options:
  trust_meanings:
    description:
      - What the numbers of the trusted server mean, table by table, in place of the assumptions built in. Alibaba Cloud
        documents none of them. Results always carry the raw numbers.
      - Each table maps numbers to names. C(system_status) and C(program_status) have 1 for V(trusted) and 4 for
        V(unmeasured), anything else is untrusted. C(event_status) has 0 for V(open) and 1 for V(handled),
        C(event_level) has 1 to 3 for V(low), V(medium) and V(high), C(handle_type) and C(handle_style) have 1 for
        V(accepted) and 2 for V(ignored).
      - Nothing but 1 can be made to mean that a system is trusted.
    type: dict
    default: {}
  property_uuid_from:
    description: Which of an instance's attributes is its C(PropertyUuid) at the trusted server.
    type: str
    choices: [serial_number, instance_id]
    default: serial_number
  property_uuids:
    description: C(PropertyUuid) by instance ID, for instances that the trusted server knows by something else.
    type: dict
    default: {}
"""

    # And what it must fulfil to be trusted.
    DOCUMENTATION = r"""
options:
  trust_fresh_seconds:
    description:
      - How old the last report of a trusted instance may be, in seconds. An agent reports every 1800 s.
    type: int
    default: 3600
  trust_since:
    description:
      - Reports from before this time do not count, for example those from before a restart.
      - A UTC time like V(2026-01-31T04:20:00Z), or seconds since 1970.
    type: str
  trust_programs:
    description: Whether programs that the trusted server calls untrusted make the instance untrusted.
    type: bool
    default: true
"""
