#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: session_manager
short_description: Switch Session Manager on or off for an account
version_added: 1.0.0
description:
  - Makes sure that Session Manager of Cloud Assistant is on, by which the connection
    P(alitrust.ecs.session#connection) reaches instances that no security group lets anybody into; or that it is off.
  - The switch is the account's, for all regions. Who may begin a session to which instance is said by RAM policies,
    with C(ecs:StartTerminalSession).
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
options:
  enabled:
    description:
      - Whether Session Manager is on.
      - Off, nobody can begin a session any more. The module warns of those that are open in its region.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait for the API to tell of the change, in seconds.
    type: int
    default: 60
seealso:
  - module: alitrust.ecs.session_manager_info
  - plugin: alitrust.ecs.session
    plugin_type: connection
"""

EXAMPLES = r"""
- name: Let sessions to instances begin
  alitrust.ecs.session_manager:
    region: cn-hangzhou

- name: Let nobody begin a session any more
  alitrust.ecs.session_manager:
    region: cn-hangzhou
    enabled: false
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
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: switch Session Manager on
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [switch Session Manager on]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeCloudAssistantSettings": 2, "ecs:ModifyCloudAssistantSettings": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._assistant.session_manager import SPEC, SessionManager
from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create


def main() -> None:
    flow.run(create(SPEC), SessionManager)


if __name__ == "__main__":
    main()
