#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_center_install_code
short_description: Manage install codes of Security Center
version_added: 1.0.0
description:
  - Makes a code by which the agent of Security Center is installed by hand, on servers that the service cannot reach
    (M(alitrust.ecs.security_center_agent) installs it on instances that it can), and deletes it.
  - The code is kept in O(code_file), for its owner only, and shown nowhere. Whoever has it can put servers under the
    protection of the account, which pays for them.
  - How the agent is installed with it, the console says under Settings, Client Installation.
  - A code that is in no O(code_file) of yours is never deleted. M(alitrust.ecs.security_center_install_code_info) lists
    all of the account.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
options:
  state:
    description:
      - V(present) makes sure that there is a valid code, and that O(code_file) has it. One that has expired, or that
        somebody has deleted, is replaced by a new one.
      - V(absent) deletes the code of O(code_file), then the file.
    type: str
    choices: [present, absent]
    default: present
  code_file:
    description:
      - The file, as JSON with C(install_code), C(os), C(expires) and so on. It gets the mode 0600. Its directory must
        exist; a file that this module did not write is an error.
      - A run that was broken off leaves it without C(install_code); the next one goes on with it.
    type: path
    required: true
  os:
    description: Of what kind the servers are.
    type: str
    choices: [linux, windows]
    default: linux
  only_image:
    description: Whether the code is for an image, of which servers are to be made.
    type: bool
    default: false
  group_id:
    description: Number of the group of servers that they come into. The default is that of the service.
    type: int
  vendor_name:
    description: Who runs the servers, as Security Center calls vendors. The default is V(ALIYUN).
    type: str
  valid_hours:
    description: How long a new code is valid, in hours, up to 8760. Changing it does not change a code that is there.
    type: int
    default: 24
  wait_timeout:
    description: How long to wait for the API to tell of the code, in seconds.
    type: int
    default: 60
seealso:
  - module: alitrust.ecs.security_center_agent
  - module: alitrust.ecs.security_center_install_code_info
  - ref: ansible_collections.alitrust.ecs.docsite.security_center
    description: The agent, the security status, alerts and notifications.
"""

EXAMPLES = r"""
- name: Have a code for servers in the company's own data center
  alitrust.ecs.security_center_install_code:
    region: cn-hangzhou
    code_file: install-code.json
    valid_hours: 8

- name: Delete the code when the agents are installed
  alitrust.ecs.security_center_install_code:
    region: cn-hangzhou
    code_file: install-code.json
    state: absent
"""

RETURN = r"""
install_code:
  description: What the code is for, as it is now, as it would be in check mode, or null when it was deleted. The code
    itself is in the file only.
  returned: success
  type: dict
  contains:
    os:
      description: V(linux) or V(windows).
      type: str
      sample: linux
    only_image:
      description: Whether it is for an image.
      type: bool
      sample: false
    group_id:
      description: Number of the group of servers, null where it is not told.
      type: int
      sample: 0
    group_name:
      description: Its name, null where it is not told.
      type: str
      sample: default
    vendor_name:
      description: Who runs the servers.
      type: str
      sample: ALIYUN
    expires:
      description: When it expires.
      type: str
      sample: "2026-01-20T16:15:00Z"
code_file:
  description: Where the code is.
  returned: success
  type: str
  sample: /home/ops/install-code.json
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: make an install code for linux servers, in /home/ops/install-code.json
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: ["make an install code for linux servers, in /home/ops/install-code.json"]
api_calls:
  description: >-
    How often each operation was called. The keys are the rights that the task needed; policies have C(yundun-sas) in
    place of C(sas).
  returned: always
  type: dict
  sample: {"sas:AddInstallCode": 1, "sas:DescribeInstallCodes": 2}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_center.install_code import SPEC, InstallCode


def main() -> None:
    flow.run(create(SPEC), InstallCode)


if __name__ == "__main__":
    main()
