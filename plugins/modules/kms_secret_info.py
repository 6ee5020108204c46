#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_secret_info
short_description: Read what is known of secrets of KMS
version_added: 1.0.0
description:
  - Lists secrets of the Key Management Service (KMS) in a region with their versions and tags, found by name, or all of
    them.
  - It never reads a value. The lookup plugin P(alitrust.ecs.kms_secret#lookup) does, where a task or a template needs
    one.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  names:
    description:
      - Names of the secrets. Those that do not exist are left out of the result.
      - When it is not given, all secrets of the region are read.
    type: list
    elements: str
    aliases: [name]
  tags:
    description: Only secrets that have these tags, all of them. A tag without a value fits any value.
    type: dict
seealso:
  - module: alitrust.ecs.kms_secret
  - plugin: alitrust.ecs.kms_secret
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: See when a secret got its current value
  alitrust.ecs.kms_secret_info:
    region: cn-hangzhou
    names: [shop/database]
  register: database

- name: List the secrets of a service
  alitrust.ecs.kms_secret_info:
    region: cn-hangzhou
    tags:
      service: shop
"""

RETURN = r"""
kms_secrets:
  description: The secrets found, sorted by name. None has a value.
  returned: success
  type: list
  elements: dict
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
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 KMS secrets
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"kms:ListSecrets": 1, "kms:DescribeSecret": 2, "kms:ListSecretVersionIds": 2}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.secret import INFO_SPEC, read_secrets


def main() -> None:
    flow.read(create(INFO_SPEC), read_secrets)


if __name__ == "__main__":
    main()
