#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_center_install_code_info
short_description: List install codes of Security Center
version_added: 1.0.0
description:
  - Lists the codes by which the agent of Security Center can be installed by hand, without the codes themselves.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options: {}
seealso:
  - module: alitrust.ecs.security_center_install_code
"""

EXAMPLES = r"""
- name: See which install codes there are, and when they expire
  alitrust.ecs.security_center_install_code_info:
    region: cn-hangzhou
"""

RETURN = r"""
install_codes:
  description: The codes of the account, those that expire first at the front.
  returned: success
  type: list
  elements: dict
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
      description: When it expires, null where it is not told.
      type: str
      sample: "2026-01-20T16:15:00Z"
    expired:
      description: Whether it has expired, by the clock of the machine that the task runs on.
      type: bool
      sample: false
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 1 install code
api_calls:
  description: >-
    How often each operation was called. The keys are the rights that the task needed; policies have C(yundun-sas) in
    place of C(sas).
  returned: always
  type: dict
  sample: {"sas:DescribeInstallCodes": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_center.install_code import read


def main() -> None:
    flow.read(create({}), read)


if __name__ == "__main__":
    main()
