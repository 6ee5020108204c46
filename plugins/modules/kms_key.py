#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_key
short_description: Manage keys of KMS
version_added: 1.0.0
description:
  - Creates customer master keys (CMK) of the Key Management Service (KMS), with an alias to find them by, and manages
    their state, rotation, protection and tags.
  - No task of this module deletes a key. At most it schedules the deletion, with O(state=pending_deletion), and
    O(state=present) takes that back until the day has come.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.ownership
options:
  key_id:
    description:
      - ID of a key that exists.
      - At least one of O(key_id) and O(alias) is needed.
    type: str
  alias:
    description:
      - Alias of the key, with or without C(alias/) before it.
      - Without O(key_id) it says which key is meant. With O(state=present) a key is created when there is none with
        this alias.
      - With O(key_id), the key gets this alias in addition to those that it has.
    type: str
    aliases: [name]
  move_alias:
    description: Whether the alias may be taken from another key. Used with both O(key_id) and O(alias).
    type: bool
    default: false
  state:
    description:
      - With V(present), the key exists. A deletion that was scheduled is cancelled, which enables the key.
      - With V(pending_deletion), its deletion is scheduled. From then on the key cannot be used. A key whose deletion
        is scheduled already keeps its date.
      - The task fails, or leaves the key alone with O(leave_others), when disks or snapshots of the region are
        encrypted with it, when a RAM role has one of the policies for this key that this collection makes, or when any
        of that cannot be asked.
    type: str
    choices: [present, pending_deletion]
    default: present
  enabled:
    description: Whether the key can be used. When it is not given, it stays as it is.
    type: bool
  description:
    description: What the key is for, at most 8192 characters. When it is not given, it stays as it is. An empty text
      clears it.
    type: str
  key_spec:
    description:
      - What kind of key to create, for example V(Aliyun_AES_256), V(Aliyun_SM4) or V(RSA_2048). Alibaba Cloud's default
        is V(Aliyun_AES_256), the one for disks.
      - It cannot be changed. For a key that has another one, the task fails. The same holds for O(key_usage) and
        O(protection_level).
    type: str
  key_usage:
    description: What the key is used for. The default depends on O(key_spec).
    type: str
    choices: [ENCRYPT/DECRYPT, SIGN/VERIFY]
  protection_level:
    description:
      - Whether the key is protected by a hardware security module (HSM). Alibaba Cloud's default is V(SOFTWARE).
    type: str
    choices: [SOFTWARE, HSM]
  rotation_days:
    description:
      - Days between two automatic rotations, 7 to 365, or 0 for a key that does not rotate. When it is not given, it
        stays as it is.
      - Alibaba Cloud rotates only keys of the kinds of KMS instance that can do so.
    type: int
  deletion_protection:
    description:
      - Whether the key is protected against deletion. When it is not given, it stays as it is.
      - A protected key is refused with O(state=pending_deletion), unless this is V(false).
    type: bool
  pending_window_in_days:
    description:
      - Days until the deletion that O(state=pending_deletion) schedules, 7 to 366.
      - It does not move a deletion that is scheduled already. A warning tells when that is.
    type: int
    default: 30
  force:
    description: Whether to schedule the deletion of a key that is still used. What is encrypted with it is lost.
    type: bool
    default: false
  tags:
    description: Tags of the key, at most 20. When it is not given, they stay as they are.
    type: dict
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
notes:
  - A key that this module creates has the tag C(alitrust.ecs:owner). By it a later run finds a key whose alias an
    interrupted run did not get to.
seealso:
  - module: alitrust.ecs.kms_key_info
  - module: alitrust.ecs.kms_service
  - module: alitrust.ecs.kms_share_role
  - ref: ansible_collections.alitrust.ecs.docsite.operations
    description: >-
      What Alibaba Cloud's documents describe, and how to do it here.
      The role P(alitrust.ecs.kms_access#role) gives instances the right to a key, and proves it.
"""

EXAMPLES = r"""
- name: Create a key for disks, or find the one there is
  alitrust.ecs.kms_key:
    region: cn-hangzhou
    alias: alias/disks
    description: Disks of the shop
    deletion_protection: true
    tags:
      service: shop
  register: disks

- name: Disable a key by its ID
  alitrust.ecs.kms_key:
    region: cn-hangzhou
    key_id: 0b30658a-ed1a-4922-b8f7-a673ca9c0000
    enabled: false

- name: Enable it again, and rotate it every year
  alitrust.ecs.kms_key:
    region: cn-hangzhou
    key_id: 0b30658a-ed1a-4922-b8f7-a673ca9c0000
    enabled: true
    rotation_days: 365

- name: Give it a second alias
  alitrust.ecs.kms_key:
    region: cn-hangzhou
    key_id: 0b30658a-ed1a-4922-b8f7-a673ca9c0000
    alias: alias/archive

- name: Schedule the deletion of a protected key
  alitrust.ecs.kms_key:
    region: cn-hangzhou
    alias: alias/disks
    state: pending_deletion
    pending_window_in_days: 60
    deletion_protection: false

- name: Cancel the deletion
  alitrust.ecs.kms_key:
    region: cn-hangzhou
    alias: alias/disks
"""

RETURN = r"""
kms_key:
  description: The key; empty when there is none. In check mode without what only Alibaba Cloud can choose.
  returned: success
  type: dict
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
kept:
  description: What was left alone because it is not this collection's or still used, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample:
    - >-
      The KMS key 0b30658a-ed1a-4922-b8f7-a673ca9c0000 stays: it does not carry the tag alitrust.ecs:owner, so it is
      not this collection's.
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: create a key for alias/disks; give it the alias alias/disks
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [create a key for alias/disks, give it the alias alias/disks]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"kms:CreateKey": 1, "kms:CreateAlias": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.key import SPEC, KmsKey


def main() -> None:
    flow.run(create(SPEC), KmsKey)


if __name__ == "__main__":
    main()
