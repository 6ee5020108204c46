#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot
short_description: Make, copy and delete a snapshot of a disk
version_added: 1.0.0
description:
  - Makes a snapshot of a disk, or a copy of a snapshot, in the same region or in another one, and deletes it again.
  - A snapshot is found by O(snapshot_id) or O(name). Names of snapshots are not unique; where several have the name the
    task fails and lists them. One that is there is not made again; for a new one, choose another name.
  - What this module makes carries the tag C(alitrust.ecs:owner) with the name of the snapshot as the value.
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
      - Whether the snapshot is to exist.
      - V(absent) deletes a snapshot that carries the tag C(alitrust.ecs:owner), or any with O(adopt). One that an image
        was made of stays as long as the image does.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: Name of the snapshot, 2 to 128 characters, first a letter, not C(auto). Needed to make one.
    type: str
  snapshot_id:
    description: ID of an existing snapshot.
    type: str
  disk_id:
    description:
      - ID of the disk to make the snapshot of. Its instance is running or stopped.
      - The snapshot of an encrypted disk is encrypted with the same key.
    type: str
  source_snapshot_id:
    description: ID of the snapshot to copy.
    type: str
  source_region:
    description: The region of O(source_snapshot_id). The copy is made in O(region), which is the default.
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
    description: Description of the snapshot, 2 to 256 characters. A copy has C(Copy of ...) where this is not given.
    type: str
  retention_days:
    description: After how many days Alibaba Cloud deletes it, 1 to 65536. By default, never.
    type: int
  tags:
    description: Tags that the snapshot is to have. When this is not given, tags are left alone.
    type: dict
  purge_tags:
    description: Whether tags that are not in O(tags) are removed. System tags and the ownership tag always stay.
    type: bool
    default: true
  force:
    description: Whether it is also deleted where disks were made of it, which can be set back to it no more then.
    type: bool
    default: false
  wait_timeout:
    description: How long to wait for the snapshot to be accomplished, or to be free to be deleted, in seconds.
    type: int
    default: 3600
seealso:
  - module: alitrust.ecs.snapshot_info
  - module: alitrust.ecs.image
  - module: alitrust.ecs.encrypted_share
"""

EXAMPLES = r"""
- name: Make a snapshot of a disk before an update
  alitrust.ecs.snapshot:
    region: cn-hangzhou
    name: web-before-update
    disk_id: d-bp1fg655nh68xyz90000
    retention_days: 30

- name: Make a copy that can be shared, encrypted with a key of one's own
  alitrust.ecs.snapshot:
    region: cn-hangzhou
    name: web-to-share
    source_snapshot_id: s-bp1fg655nh68xyz90000
    encrypted: true
    kms_key_id: alias/disks

- name: Have a copy in another region, encrypted with the service key
  alitrust.ecs.snapshot:
    region: cn-beijing
    name: web-far-away
    source_snapshot_id: s-bp1fg655nh68xyz90000
    source_region: cn-hangzhou
    encrypted: true

- name: Delete a snapshot
  alitrust.ecs.snapshot:
    region: cn-hangzhou
    name: web-before-update
    state: absent
"""

RETURN = r"""
snapshot:
  description: The snapshot as it is now, as it would be in check mode, or null when it was deleted.
  returned: success
  type: dict
  contains:
    snapshot_id:
      description: ID of the snapshot. In check mode, one that later tasks of the run understand when it would be made.
      type: str
      sample: s-bp67acfmxazb4p000000
    name:
      description: Its name.
      type: str
      sample: web-before-update
    description:
      description: Its description.
      type: str
      sample: Copy of s-bp1fg655nh68xyz90000
    status:
      description: V(accomplished) when it can be used, V(progressing) or V(failed). Null in check mode when it would be
        made.
      type: str
      sample: accomplished
    progress:
      description: How far it is.
      type: str
      sample: 100%
    disk_id:
      description: ID of the disk that it was made of.
      type: str
      sample: d-bp1fg655nh68xyz90000
    disk_type:
      description: V(system) or V(data).
      type: str
      sample: system
    source_snapshot_id:
      description: ID of the snapshot that it is a copy of; empty where it is none, or where Alibaba Cloud does not
        tell.
      type: str
      sample: s-bp1fg655nh68xyz90000
    source_region:
      description: The region of that one.
      type: str
      sample: cn-hangzhou
    size:
      description: Size of the disk in GiB.
      type: int
      sample: 40
    encrypted:
      description: Whether it is encrypted.
      type: bool
      sample: true
    kms_key_id:
      description: ID of the key, as far as Alibaba Cloud tells it.
      type: str
      sample: key-hzz62f1cb66fa42qo0000
    usage:
      description: V(none), or whether images (V(image)), disks (V(disk)) or both (V(image_disk)) were made of it.
      type: str
      sample: none
    retention_days:
      description: After how many days Alibaba Cloud deletes it; V(0) for never.
      type: int
      sample: 30
    creation_time:
      description: When it was made, in UTC.
      type: str
      sample: "2026-11-28T10:00:00Z"
    tags:
      description: Its tags, without system tags.
      type: dict
      sample: {"alitrust.ecs:owner": web-before-update}
kept:
  description: What was left alone because it is not this collection's or still used, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample: ["Using the existing snapshot web (s-bp67acfmxazb4p000000); it is left as it is."]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: make snapshot web-before-update of disk d-bp1fg655nh68xyz90000
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: ["make snapshot web-before-update of disk d-bp1fg655nh68xyz90000"]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:CreateSnapshot": 1, "ecs:DescribeDisks": 1, "ecs:DescribeSnapshots": 4}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._image.snapshot import CONSTRAINTS, SPEC, Snapshot


def main() -> None:
    flow.run(create(SPEC, **CONSTRAINTS), Snapshot)


if __name__ == "__main__":
    main()
