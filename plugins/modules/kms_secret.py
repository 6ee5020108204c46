#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_secret
short_description: Manage secrets of KMS
version_added: 1.0.0
description:
  - Creates generic secrets of the Key Management Service (KMS), gives them new values, and deletes and restores them.
  - A value is compared with the current one, and stored as a new version only where it differs. The version before
    stays as C(ACSPrevious). Values are in no result, no diff and no message.
  - A secret whose deletion is scheduled is restored with O(state=present).
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.ownership
options:
  name:
    description: Name of the secret, 1 to 192 letters, digits and characters of C(_/+=.@-). It cannot be changed.
    type: str
    required: true
  state:
    description:
      - With V(present), the secret exists.
      - With V(absent), its deletion is scheduled, and from then on it cannot be read. With O(force) it is deleted at
        once.
    type: str
    choices: [present, absent]
    default: present
  value:
    description:
      - The value, as text of at most 30720 bytes. A mapping has to become text first, for example with the filter
        P(ansible.builtin.to_json#filter).
      - Needed for a secret that does not exist yet, as this or as O(value_base64). When neither is given, the value
        stays as it is.
      - To compare it, the task needs the right C(kms:GetSecretValue), and where the secret has a key of the account
        C(kms:Decrypt) on that. To store it, it needs C(kms:GenerateDataKey) on the key.
    type: str
  value_base64:
    description: The value, as Base64 of what is no text. KMS keeps that Base64, at most 30720 bytes, with the type
      C(binary).
    type: str
  version_id:
    description:
      - ID of the version that gets the value, 1 to 64 characters. The default is a new one that says nothing of the
        value, because KMS does not encrypt it.
      - When the current version has the value already, nothing is done, whatever its ID. When the version exists and
        has the value, it becomes the current one again. When it has another value, the task fails.
    type: str
  description:
    description: What the secret is for. When it is not given, it stays as it is. It cannot be cleared.
    type: str
  kms_key_id:
    description:
      - The key that encrypts the values, as its ID or as V(alias/NAME). It must be a symmetric key. KMS has one of its
        own for where none is given.
      - It cannot be changed. For a secret that has another one, the task fails. The same holds for
        O(dkms_instance_id).
    type: str
  dkms_instance_id:
    description: The KMS instance that keeps the secret. Newer accounts keep secrets in an instance only.
    type: str
  recovery_window_in_days:
    description:
      - Days in which O(state=present) takes back what O(state=absent) has scheduled for deletion, 7 to 30.
      - It does not move a deletion that is scheduled already. A warning tells when that is.
    type: int
    default: 30
  force:
    description: Whether O(state=absent) deletes the secret at once, with all its versions and for good.
    type: bool
    default: false
  tags:
    description: Tags of the secret, at most 20. When it is not given, they stay as they are.
    type: dict
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
notes:
  - Ansible keeps O(value) and O(value_base64) out of what it shows of the task. A task that makes the value with a
    lookup or a filter needs C(no_log) besides where a failing template could show it.
  - What does not carry the tag C(alitrust.ecs:owner) gets another value only with O(adopt).
  - KMS deletes the oldest versions without a stage where there are more than ten.
seealso:
  - module: alitrust.ecs.kms_secret_info
  - module: alitrust.ecs.kms_key
  - plugin: alitrust.ecs.kms_secret
    plugin_type: lookup
  - ref: ansible_collections.alitrust.ecs.docsite.secrets
    description: Where values live, who can read them, and how they are rotated.
"""

EXAMPLES = r"""
- name: Keep the password of the database in a secret
  alitrust.ecs.kms_secret:
    region: cn-hangzhou
    name: shop/database
    value: "{{ database_password }}"
    description: Database of the shop
    tags:
      service: shop

- name: Keep settings as JSON, encrypted with a key of the account
  alitrust.ecs.kms_secret:
    region: cn-hangzhou
    name: shop/settings
    value: "{{ {'user': 'shop', 'password': database_password} | to_json }}"
    kms_key_id: alias/shop

- name: Keep a keystore, which is no text
  alitrust.ecs.kms_secret:
    region: cn-hangzhou
    name: shop/keystore
    value_base64: "{{ keystore }}"

- name: Schedule the deletion of a secret
  alitrust.ecs.kms_secret:
    region: cn-hangzhou
    name: shop/settings
    state: absent
    recovery_window_in_days: 7

- name: Restore it
  alitrust.ecs.kms_secret:
    region: cn-hangzhou
    name: shop/settings

- name: Delete a secret at once and for good
  alitrust.ecs.kms_secret:
    region: cn-hangzhou
    name: shop/keystore
    state: absent
    force: true
"""

RETURN = r"""
kms_secret:
  description: The secret, without any value; empty when there is none. In check mode without what only Alibaba Cloud
    can choose.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: shop/database
    arn:
      description: ARN of the secret.
      type: str
      sample: acs:kms:cn-hangzhou:1234567890123456:secret/shop/database
    description:
      description: The text that describes it.
      type: str
      sample: Database of the shop
    secret_type:
      description: V(Generic), or the type of a service that gives it its values.
      type: str
      sample: Generic
    kms_key_id:
      description: ID of the key that encrypts its values, empty where KMS chose one.
      type: str
      sample: ""
    dkms_instance_id:
      description: The KMS instance that keeps it, empty where none does.
      type: str
      sample: ""
    version_id:
      description: ID of the current version.
      type: str
      sample: 1f6c5b0e-2f0a-4c53-8a35-54b1a4f7d9a2
    versions:
      description: Its versions, newest first.
      type: list
      elements: dict
      contains:
        version_id:
          description: ID of the version.
          type: str
          sample: 1f6c5b0e-2f0a-4c53-8a35-54b1a4f7d9a2
        creation_date:
          description: When it was stored.
          type: str
          sample: "2026-01-23T12:33:18Z"
        stages:
          description: What it is marked with, for example V(ACSCurrent) or V(ACSPrevious).
          type: list
          elements: str
          sample: [ACSCurrent]
    pending_deletion:
      description: Whether its deletion is scheduled.
      type: bool
      sample: false
    planned_delete_time:
      description: When it will be deleted, empty where that is not scheduled.
      type: str
      sample: ""
    creation_date:
      description: When it was created.
      type: str
      sample: "2026-01-23T12:33:18Z"
    update_date:
      description: When it was changed last.
      type: str
      sample: "2026-01-23T12:33:18Z"
    tags:
      description: Its tags.
      type: dict
      sample: {"service": "shop"}
kept:
  description: What was left alone because it is not this collection's, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample:
    - >-
      The secret shop/database stays: it does not carry the tag alitrust.ecs:owner, so it is not this collection's.
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: store another value of secret shop/database
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [store another value of secret shop/database]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"kms:DescribeSecret": 2, "kms:GetSecretValue": 2, "kms:PutSecretValue": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.secret import CONSTRAINTS, SPEC, KmsSecret


def main() -> None:
    flow.run(create(SPEC, **CONSTRAINTS), KmsSecret)


if __name__ == "__main__":
    main()
