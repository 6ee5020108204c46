#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_service_info
short_description: Read whether KMS is switched on
version_added: 1.0.0
description:
  - Reads the state of the Key Management Service (KMS) of the account.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options: {}
seealso:
  - module: alitrust.ecs.kms_service
  - module: alitrust.ecs.kms_key_info
"""

EXAMPLES = r"""
- name: Read the state of KMS
  alitrust.ecs.kms_service_info:
    region: cn-hangzhou
  register: kms

- name: Go on only where KMS is on
  ansible.builtin.assert:
    that: kms.kms_service.status == 'Enabled'
    fail_msg: "KMS is {{ kms.kms_service.status }}"
"""

RETURN = r"""
kms_service:
  description: The state of the service.
  returned: success
  type: dict
  contains:
    status:
      description: V(Enabled), V(NotEnabled), V(InDebt) for overdue payments, or V(Suspended).
      type: str
      sample: Enabled
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: KMS is Enabled
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"kms:DescribeAccountKmsStatus": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.service import read_service


def main() -> None:
    flow.read(create({}), read_service)


if __name__ == "__main__":
    main()
