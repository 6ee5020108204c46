#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image
short_description: Make, copy and delete a custom image
version_added: 1.0.0
description:
  - Makes a custom image of an instance or of a snapshot of a system disk, or a copy of an image, in the same region or
    in another one, and deletes it again.
  - An image is found by O(image_id) or O(name), which is unique in a region. One that is there is not made again, and
    of what it was made is not compared; for a new one, choose another name.
  - What this module makes carries the tag C(alitrust.ecs:owner) with the name of the image as the value.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.ownership
options:
  state:
    description:
      - Whether the image is to exist.
      - V(absent) deletes an image that carries the tag C(alitrust.ecs:owner), or any with O(adopt). It must be shared
        with nobody any more. Its snapshots stay; RV(snapshot_ids) names them.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: Name of the image, 2 to 128 characters, first a letter, not C(aliyun). Needed to make one.
    type: str
  image_id:
    description: ID of an existing image.
    type: str
  instance_id:
    description:
      - ID of the instance to make the image of, which is running or stopped. Stop it first where programs write files.
      - The image of an instance with encrypted disks is encrypted with the same keys.
    type: str
  snapshot_id:
    description: ID of the snapshot of a system disk to make the image of.
    type: str
  source_image_id:
    description: ID of the custom image to copy.
    type: str
  source_region:
    description: The region of O(source_image_id). The copy is made in O(region), which is the default.
    type: str
  encrypted:
    description:
      - Whether the copy is encrypted. Within a region only encrypted copies are made. A copy of what is encrypted
        is encrypted, too.
      - Without O(kms_key_id) it is encrypted with the service key, which costs nothing. What is to be shared with other
        accounts has to be encrypted with a key of one's own.
      - It cannot be changed in place.
    type: bool
  kms_key_id:
    description: ID or alias of the KMS key of O(region) that the copy is encrypted with. ECS uses it through a RAM
      role, which M(alitrust.ecs.kms_share_role) makes with O(alitrust.ecs.kms_share_role#module:purpose=disk_encrypt).
    type: str
  description:
    description: Description of the image, 2 to 256 characters.
    type: str
  family:
    description: The image family that it is to belong to. A copy belongs to that of its source.
    type: str
  tags:
    description: Tags that the image is to have. When this is not given, tags are left alone.
    type: dict
  purge_tags:
    description: Whether tags that are not in O(tags) are removed. System tags and the ownership tag always stay.
    type: bool
    default: true
  force:
    description: Whether it is also deleted where instances were made of it, whose system disks can be initialised no
      more then.
    type: bool
    default: false
  wait_timeout:
    description: How long to wait for the image to be available, or to be free to be deleted, in seconds.
    type: int
    default: 3600
seealso:
  - module: alitrust.ecs.image_info
  - module: alitrust.ecs.encrypted_share
  - module: alitrust.ecs.snapshot
"""

EXAMPLES = r"""
- name: Make an image of an instance
  alitrust.ecs.image:
    region: cn-hangzhou
    name: web-golden
    family: web
    instance_id: i-bp67acfmxazb4p000000

- name: Make an image of a snapshot of a system disk
  alitrust.ecs.image:
    region: cn-hangzhou
    name: web-from-snapshot
    snapshot_id: s-bp1fg655nh68xyz90000

- name: Make a copy that can be shared, encrypted with a key of one's own
  alitrust.ecs.image:
    region: cn-hangzhou
    name: web-to-share
    source_image_id: m-bp1fg655nh68xyz90000
    encrypted: true
    kms_key_id: alias/disks

- name: Have a copy in another region, encrypted with the service key
  alitrust.ecs.image:
    region: cn-beijing
    name: web-far-away
    source_image_id: m-bp1fg655nh68xyz90000
    source_region: cn-hangzhou
    encrypted: true

- name: Delete an image
  alitrust.ecs.image:
    region: cn-hangzhou
    name: web-golden
    state: absent
  register: image

- name: Delete the snapshots that it was made of
  alitrust.ecs.snapshot:
    region: cn-hangzhou
    snapshot_id: "{{ item }}"
    state: absent
    adopt: true
  loop: "{{ image.snapshot_ids | default([]) }}"
"""

RETURN = r"""
image:
  description: The image as it is now, as it would be in check mode, or null when it was deleted.
  returned: success
  type: dict
  contains:
    image_id:
      description: ID of the image. In check mode, one that later tasks of the run understand when it would be made.
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
        V(Deprecated). Null in check mode when it would be made.
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
snapshot_ids:
  description: IDs of the snapshots that the image was made of, which stay when it is deleted.
  returned: when it was deleted and had some
  type: list
  elements: str
  sample: [s-bp67acfmxazb4p000000]
kept:
  description: What was left alone because it is not this collection's or still used, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample: ["Using the existing image web (m-bp67acfmxazb4p000000); it is left as it is."]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: make image web-golden of instance i-bp67acfmxazb4p000000
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: ["make image web-golden of instance i-bp67acfmxazb4p000000"]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:CreateImage": 1, "ecs:DescribeImages": 4, "ecs:DescribeInstances": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._image.image import CONSTRAINTS, SPEC, Image


def main() -> None:
    flow.run(create(SPEC, **CONSTRAINTS), Image)


if __name__ == "__main__":
    main()
