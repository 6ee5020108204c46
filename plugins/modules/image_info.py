#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_info
short_description: Read images
version_added: 1.0.0
description:
  - Lists the images of a region that match every filter given.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  names:
    description: Exact names of the images. An empty list finds nothing.
    type: list
    elements: str
    aliases: [name]
  image_ids:
    description: IDs of the images. IDs that do not exist are left out of the result. An empty list finds nothing.
    type: list
    elements: str
    aliases: [ids, image_id]
  family:
    description: The image family that they belong to.
    type: str
  owner:
    description: Whose images to list, in the API's words. V(system) are the public images of Alibaba Cloud, V(others)
      those that other accounts share with this one.
    type: str
    choices: [self, others, system, marketplace]
    default: self
  tags:
    description: Tags that the images have, all of them.
    type: dict
seealso:
  - module: alitrust.ecs.image
  - module: alitrust.ecs.snapshot_info
"""

EXAMPLES = r"""
- name: List the images of a family
  alitrust.ecs.image_info:
    region: cn-hangzhou
    family: web
  register: found

- name: Go on only where all of them are encrypted
  ansible.builtin.assert:
    that: found.images | rejectattr('encrypted') | length == 0

- name: List the public images that boot by UEFI
  alitrust.ecs.image_info:
    region: cn-hangzhou
    owner: system
  register: public
"""

RETURN = r"""
images:
  description: The images found, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    image_id:
      description: ID of the image.
      type: str
      sample: m-bp67acfmxazb4p000000
    name:
      description: Its name.
      type: str
      sample: web-golden
    family:
      description: The image family that it belongs to; empty for none.
      type: str
      sample: web
    description:
      description: Its description.
      type: str
      sample: the shop, release 4
    status:
      description: V(Available) when it can be used; V(Creating), V(Waiting), V(UnAvailable), V(CreateFailed) or
        V(Deprecated).
      type: str
      sample: Available
    progress:
      description: How far it is.
      type: str
      sample: 100%
    owner:
      description: Whose it is, in the API's words; V(self) for the account's own.
      type: str
      sample: self
    os_name:
      description: Its operating system.
      type: str
      sample: Alibaba Cloud Linux 3.2104 LTS 64 bit
    platform:
      description: The distribution.
      type: str
      sample: Aliyun
    architecture:
      description: V(x86_64), V(arm64) or V(i386).
      type: str
      sample: x86_64
    boot_mode:
      description: V(UEFI), V(BIOS) or V(UEFI-Preferred). A trusted instance needs one that boots by UEFI.
      type: str
      sample: UEFI
    size:
      description: Size in GiB.
      type: int
      sample: 40
    encrypted:
      description: Whether it is encrypted.
      type: bool
      sample: true
    kms_key_ids:
      description: IDs of the keys of its snapshots, as far as Alibaba Cloud tells them.
      type: list
      elements: str
      sample: [key-hzz62f1cb66fa42qo0000]
    snapshot_ids:
      description: IDs of the snapshots that it is made of.
      type: list
      elements: str
      sample: [s-bp67acfmxazb4p000000]
    is_copy:
      description: Whether it is a copy of another image.
      type: bool
      sample: true
    is_shared:
      description: Whether it is shared with other accounts.
      type: bool
      sample: false
    creation_time:
      description: When it was made, in UTC.
      type: str
      sample: "2026-11-28T10:00:00Z"
    tags:
      description: Its tags, without system tags.
      type: dict
      sample: {"alitrust.ecs:owner": web-golden}
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 3 images
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeImages": 1, "ecs:DescribeSnapshots": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._image.info import IMAGE_SPEC, read_images


def main() -> None:
    flow.read(create(IMAGE_SPEC), read_images)


if __name__ == "__main__":
    main()
