#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_instance_info
short_description: Read KMS instances
version_added: 1.0.0
description:
  - Lists the KMS instances of a region, in which accounts keep their keys and secrets, with their states and quotas.
  - No module makes an instance, because that is a purchase. Buy and enable one in the KMS console, and then give its ID
    as O(alitrust.ecs.kms_key#module:dkms_instance_id).
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  instance_ids:
    description:
      - IDs of the instances. Those that do not exist in the region are left out of the result.
      - When it is not given, all instances of the region are read.
    type: list
    elements: str
    aliases: [instance_id, dkms_instance_id]
  status:
    description: Only instances in this state. Keys and secrets can be made and used in those that are V(Connected).
    type: str
    choices: [Uninitialized, Connecting, Connected, Disconnected, Error]
notes:
  - Without the right C(kms:GetKmsInstanceQuotaInfos), what is used of the quotas is null, and a warning says so.
seealso:
  - module: alitrust.ecs.kms_key
  - module: alitrust.ecs.kms_secret
  - module: alitrust.ecs.kms_service_info
"""

EXAMPLES = r"""
- name: Find the instances in which keys can be made
  alitrust.ecs.kms_instance_info:
    region: cn-hangzhou
    status: Connected
  register: enabled

- name: Make a key in the first of them
  alitrust.ecs.kms_key:
    region: cn-hangzhou
    alias: alias/disks
    dkms_instance_id: "{{ enabled.kms_instances[0].instance_id }}"

- name: See when an instance expires, and how much of it is used
  alitrust.ecs.kms_instance_info:
    region: cn-hangzhou
    instance_ids: [kst-hzz65f176a0ogplgq0000]
"""

RETURN = r"""
kms_instances:
  description: The instances found, sorted by ID.
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: ID of the instance.
      type: str
      sample: kst-hzz65f176a0ogplgq0000
    name:
      description: Its name, which is its ID unless it was given another.
      type: str
      sample: shop
    status:
      description: V(Uninitialized), V(Connecting), V(Connected), V(Disconnected) or V(Error).
      type: str
      sample: Connected
    spec:
      description: How much it computes, in requests a second.
      type: int
      sample: 1000
    charge_type:
      description: V(PREPAY) for a subscription, V(POSTPAY) for pay-as-you-go.
      type: str
      sample: PREPAY
    product_type:
      description: What it was bought as, for example V(kms_ddi_public_cn).
      type: str
      sample: kms_ddi_public_cn
    product_version:
      description: Version of the product, which tells software from hardware key management.
      type: str
      sample: "3"
    key_quota:
      description: How many keys it takes.
      type: int
      sample: 1000
    key_count:
      description: How many keys it has, null where that could not be asked.
      type: int
      sample: 12
    secret_quota:
      description: How many secrets it takes.
      type: int
      sample: 1000
    secret_count:
      description: How many secrets it has, null where that could not be asked.
      type: int
      sample: 3
    vpc_id:
      description: The VPC that it was enabled in, empty where it was not.
      type: str
      sample: vpc-bp1aevy8sofi8mh1q0000
    vswitch_ids:
      description: Its vSwitches in that VPC.
      type: list
      elements: str
      sample: [vsw-bp1s5fnvk4gn2tws00000]
    zone_ids:
      description: The zones that it is in.
      type: list
      elements: str
      sample: [cn-hangzhou-h, cn-hangzhou-i]
    bound_vpcs:
      description: Other VPCs that may use it.
      type: list
      elements: dict
      contains:
        region_id:
          description: Region of the VPC.
          type: str
          sample: cn-hangzhou
        vpc_id:
          description: ID of the VPC.
          type: str
          sample: vpc-bp1m7v25emi1h5mtc0000
        vswitch_id:
          description: The vSwitch in it.
          type: str
          sample: vsw-bp1ddbrxdlrcbim460000
        account_id:
          description: The account that the VPC belongs to.
          type: str
          sample: "1234567890123456"
    deletion_protection:
      description: Whether it is protected against being released.
      type: bool
      sample: false
    creation_date:
      description: When it was made.
      type: str
      sample: "2026-01-23T12:33:18Z"
    start_date:
      description: When it was enabled, empty where it was not.
      type: str
      sample: "2026-01-23T12:33:18Z"
    end_date:
      description: When it expires.
      type: str
      sample: "2027-01-23T16:00:00Z"
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 1 KMS instance
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"kms:ListKmsInstances": 1, "kms:GetKmsInstance": 1, "kms:GetKmsInstanceQuotaInfos": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.instances import INFO_SPEC, read_instances


def main() -> None:
    flow.read(create(INFO_SPEC), read_instances)


if __name__ == "__main__":
    main()
