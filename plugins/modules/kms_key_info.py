#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_key_info
short_description: Read keys of KMS
version_added: 1.0.0
description:
  - Lists keys of the Key Management Service (KMS) in a region, found by ID or alias, or all of them.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  key_ids:
    description:
      - The keys, each as its ID or as V(alias/NAME). V(alias/acs/ecs) is the service key of ECS. Keys that do not exist
        are left out of the result.
      - When it is not given, all keys of the region are read.
    type: list
    elements: str
    aliases: [key_id]
  key_state:
    description: Only keys in this state.
    type: str
    choices: [Enabled, Disabled, PendingDeletion, PendingImport]
  tags:
    description: Only keys that have these tags, all of them. A tag without a value fits any value.
    type: dict
seealso:
  - module: alitrust.ecs.kms_key
  - module: alitrust.ecs.kms_service_info
"""

EXAMPLES = r"""
- name: Find a key by its alias
  alitrust.ecs.kms_key_info:
    region: cn-hangzhou
    key_ids: [alias/disks]
  register: disks

- name: List the keys that are about to be deleted
  alitrust.ecs.kms_key_info:
    region: cn-hangzhou
    key_state: PendingDeletion

- name: Find the keys of a service
  alitrust.ecs.kms_key_info:
    region: cn-hangzhou
    tags:
      service: shop
"""

RETURN = r"""
kms_keys:
  description: The keys found, sorted by ID.
  returned: success
  type: list
  elements: dict
  contains:
    key_id:
      description: ID of the key.
      type: str
      sample: 0b30658a-ed1a-4922-b8f7-a673ca9c0000
    arn:
      description: ARN of the key.
      type: str
      sample: acs:kms:cn-hangzhou:1234567890123456:key/0b30658a-ed1a-4922-b8f7-a673ca9c0000
    aliases:
      description: Its aliases.
      type: list
      elements: str
      sample: [alias/disks]
    key_state:
      description: V(Enabled), V(Disabled), V(PendingDeletion) or V(PendingImport).
      type: str
      sample: Enabled
    description:
      description: The text that describes it.
      type: str
      sample: Disks of the shop
    key_spec:
      description: What kind of key it is.
      type: str
      sample: Aliyun_AES_256
    key_usage:
      description: V(ENCRYPT/DECRYPT) or V(SIGN/VERIFY).
      type: str
      sample: ENCRYPT/DECRYPT
    origin:
      description: Where its material comes from, V(Aliyun_KMS) or V(EXTERNAL).
      type: str
      sample: Aliyun_KMS
    protection_level:
      description: V(SOFTWARE) or V(HSM).
      type: str
      sample: SOFTWARE
    creator:
      description: The account that created it, or the service that made it for itself.
      type: str
      sample: "1234567890123456"
    automatic_rotation:
      description: Whether it rotates by itself.
      type: bool
      sample: false
    rotation_days:
      description: Days between two rotations, null where it does not rotate.
      type: int
      sample: 365
    last_rotation_date:
      description: When it rotated last.
      type: str
      sample: "2026-01-23T12:33:18Z"
    next_rotation_date:
      description: When it rotates next, empty where it does not rotate.
      type: str
      sample: ""
    deletion_protection:
      description: Whether it is protected against deletion.
      type: bool
      sample: true
    creation_date:
      description: When it was created.
      type: str
      sample: "2026-01-23T12:33:18Z"
    delete_date:
      description: When it will be deleted, empty unless its state is V(PendingDeletion).
      type: str
      sample: ""
    tags:
      description: Its tags.
      type: dict
      sample: {"service": "shop"}
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 KMS keys
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"kms:ListKeys": 1, "kms:DescribeKey": 2}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.key import INFO_SPEC
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.keys import read_keys


def main() -> None:
    flow.read(create(INFO_SPEC), read_keys)


if __name__ == "__main__":
    main()
