#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_service
short_description: Switch Key Management Service (KMS) on
version_added: 1.0.0
description:
  - Makes sure that KMS is switched on in the account. Trusted instances cannot be created without it.
  - Switching KMS on cannot be undone through the API, so there is no option C(state).
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
options:
  wait_timeout:
    description: How long to wait for the service to report that it is on, in seconds.
    type: int
    default: 600
seealso:
  - module: alitrust.ecs.trusted_instance
  - module: alitrust.ecs.kms_service_info
  - ref: ansible_collections.alitrust.ecs.docsite.trusted_instances
    description: >-
      What makes an instance trusted, and what the verdicts mean.
      The role P(alitrust.ecs.account#role) prepares an account.
"""

EXAMPLES = r"""
- name: Switch KMS on
  alitrust.ecs.kms_service:
    region: cn-hangzhou
"""

RETURN = r"""
kms_service:
  description: The state of the service.
  returned: success
  type: dict
  contains:
    status:
      description: V(Enabled) once the service is on.
      type: str
      sample: Enabled
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: switch KMS on
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [switch KMS on]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"kms:DescribeAccountKmsStatus": 2, "kms:OpenKmsService": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.service import SPEC, KmsService


def main() -> None:
    flow.run(create(SPEC), KmsService)


if __name__ == "__main__":
    main()
