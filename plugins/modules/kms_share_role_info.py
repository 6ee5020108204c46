#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_share_role_info
short_description: Read the RAM roles by which ECS uses KMS keys and images in OSS
version_added: 1.0.0
description:
  - Reads the roles that M(alitrust.ecs.kms_share_role) manages, with their recipients and policies.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.attributes.info
options:
  purpose:
    description: Which role to read. When it is not given, all are read.
    type: str
    choices: [disk_encrypt, share_snapshot, share_image, image_import, image_export]
seealso:
  - module: alitrust.ecs.kms_share_role
  - module: alitrust.ecs.encrypted_share_info
  - ref: ansible_collections.alitrust.ecs.docsite.sharing
    description: How encrypted images and snapshots are shared.
"""

EXAMPLES = r"""
- name: Read who may use encrypted images of this account
  alitrust.ecs.kms_share_role_info:
    purpose: share_image
  register: shared

- name: Show the accounts
  ansible.builtin.debug:
    msg: "{{ shared.kms_share_roles | map(attribute='account_ids') | flatten }}"
"""

RETURN = r"""
kms_share_roles:
  description: Those of the roles that exist, each as RV(alitrust.ecs.kms_share_role#module:kms_share_role).
  returned: success
  type: list
  elements: dict
  sample:
    - purpose: share_image
      name: AliyunECSShareEncryptImageDefaultRole
      account_ids: ["1234567890123456"]
      policies: [{"name": "AliyunKMSFullAccess", "type": "System"}]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 KMS share roles
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ram:GetRole": 3}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.share_role import ROLES, read_roles


def main() -> None:
    flow.read(create({"purpose": {"type": "str", "choices": list(ROLES)}}), read_roles)


if __name__ == "__main__":
    main()
