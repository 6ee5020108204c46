#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot_info
short_description: Read snapshots of disks
version_added: 1.0.0
description:
  - Lists the snapshots of a region that match every filter given.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  names:
    description: Exact names of the snapshots. An empty list finds nothing.
    type: list
    elements: str
    aliases: [name]
  snapshot_ids:
    description: IDs of the snapshots. IDs that do not exist are left out of the result. An empty list finds nothing.
    type: list
    elements: str
    aliases: [ids, snapshot_id]
  disk_id:
    description: ID of the disk that they were made of.
    type: str
  instance_id:
    description: ID of the instance that has the disk.
    type: str
  tags:
    description: Tags that the snapshots have, all of them.
    type: dict
seealso:
  - module: alitrust.ecs.snapshot
  - module: alitrust.ecs.image_info
"""

EXAMPLES = r"""
- name: List the snapshots of a disk
  alitrust.ecs.snapshot_info:
    region: cn-hangzhou
    disk_id: d-bp1fg655nh68xyz90000
  register: found

- name: Show those of which nothing was made
  ansible.builtin.debug:
    msg: "{{ item.name }} of {{ item.creation_time }}"
  loop: "{{ found.snapshots | selectattr('usage', 'eq', 'none') }}"
  loop_control:
    label: "{{ item.snapshot_id }}"
"""

RETURN = r"""
snapshots:
  description: The snapshots found, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    snapshot_id:
      description: ID of the snapshot.
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
      description: V(accomplished) when it can be used, V(progressing) or V(failed).
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
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 snapshots
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeSnapshots": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._image.info import SNAPSHOT_SPEC, read_snapshots


def main() -> None:
    flow.read(create(SNAPSHOT_SPEC), read_snapshots)


if __name__ == "__main__":
    main()
