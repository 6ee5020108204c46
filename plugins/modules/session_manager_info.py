#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: session_manager_info
short_description: Read the switch of Session Manager, agents and sessions
version_added: 1.0.0
description:
  - Tells whether Session Manager is on in the account, which Cloud Assistant agents are online and know it, and which
    sessions to instances there are.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  instance_ids:
    description:
      - IDs of the instances whose agents and sessions to tell of. By default, those of all instances of the region.
    type: list
    elements: str
  all_sessions:
    description: Whether to tell of sessions that are over, too. Alibaba Cloud knows them for a while.
    type: bool
    default: false
seealso:
  - module: alitrust.ecs.session_manager
  - plugin: alitrust.ecs.session
    plugin_type: connection
"""

EXAMPLES = r"""
- name: See whether sessions can begin, and to which instances
  alitrust.ecs.session_manager_info:
    region: cn-hangzhou
  register: found

- name: Go on only where every agent is online
  ansible.builtin.assert:
    that:
      - found.session_manager.enabled
      - found.agents | rejectattr('online') | length == 0

- name: See who has been in an instance
  alitrust.ecs.session_manager_info:
    region: cn-hangzhou
    instance_ids: [i-bp67acfmxazb4p000000]
    all_sessions: true
"""

RETURN = r"""
session_manager:
  description: Session Manager of the account.
  returned: success
  type: dict
  contains:
    enabled:
      description: Whether it is on.
      type: bool
      sample: true
agents:
  description: The Cloud Assistant agent of each instance, in the order of O(instance_ids) where that is given.
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: ID of the instance.
      type: str
      sample: i-bp67acfmxazb4p000000
    online:
      description: Whether it is connected to Cloud Assistant.
      type: bool
      sample: true
    version:
      description: Its version; V(null) where none has been heard of.
      type: str
      sample: 2.2.4.1000
    last_heartbeat_time:
      description: When it was heard of last, in UTC; V(null) for never.
      type: str
      sample: "2026-11-28T10:00:00Z"
    supports_session_manager:
      description: Whether it is online and knows Session Manager.
      type: bool
      sample: true
sessions:
  description: The sessions to these instances.
  returned: success
  type: list
  elements: dict
  contains:
    session_id:
      description: ID of the session.
      type: str
      sample: s-hz01h9xxxxxxxxxx
    instance_id:
      description: ID of the instance.
      type: str
      sample: i-bp67acfmxazb4p000000
    status:
      description: V(Connecting), V(Connected), V(Disconnected) or V(Failed).
      type: str
      sample: Connected
    port:
      description: The port in the instance that it leads to; V(null) for a terminal.
      type: int
      sample: 22
    target_server:
      description: The address that the instance passes it on to; V(null) for the instance itself.
      type: str
      sample: 172.16.0.20
    username:
      description: The user of a terminal; V(null) otherwise.
      type: str
      sample: root
    creation_time:
      description: When it was begun, in UTC.
      type: str
      sample: "2026-11-28T10:00:00Z"
    end_time:
      description: When it ended, in UTC; V(null) while it goes on.
      type: str
      sample: "2026-11-28T10:05:00Z"
    closed_reason:
      description: Why it ended; V(null) while it goes on.
      type: str
      sample: Exit
    client_ip:
      description: Where it was begun from.
      type: str
      sample: 192.0.2.10
    principal_id:
      description: ID of the account, RAM user or role that began it.
      type: str
      sample: "209912345678901234"
    principal_type:
      description: What kind of caller that is, in the API's words.
      type: str
      sample: ram-user
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: Session Manager is on, 3 of 3 agents online, 1 session
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample:
    ecs:DescribeCloudAssistantSettings: 1
    ecs:DescribeCloudAssistantStatus: 1
    ecs:DescribeTerminalSessions: 1
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._assistant.session_manager import INFO_SPEC, read
from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create


def main() -> None:
    flow.read(create(INFO_SPEC), read)


if __name__ == "__main__":
    main()
