#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: encrypted_share_info
short_description: Read what is shared with other accounts
version_added: 1.0.0
description:
  - Reads with whom images and snapshots of a region are shared, and how what is shared is encrypted.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
requirements:
  - Python package alibabacloud-resourcesharing20200110, for snapshots
options:
  image_ids:
    description: Images to look at.
    type: list
    elements: str
    aliases: [image_id]
  snapshot_ids:
    description:
      - Snapshots to look at. Every resource share that has one of them is returned.
      - When neither O(image_ids) nor O(snapshot_ids) is given, everything that is shared in the region is read.
    type: list
    elements: str
    aliases: [snapshot_id]
  regions:
    description:
      - Regions to read everything that is shared in, side by side, instead of O(region). V(all) stands for all that the
        account can use.
      - A region that cannot be asked does not make the task fail, see RV(unread_regions).
    type: list
    elements: str
  kinds:
    description:
      - Which kinds of things to read, when everything that is shared in the region is read. Both of them when it is not
        given.
      - Only V(snapshot) needs the package for Resource Sharing.
    type: list
    elements: str
    choices: [image, snapshot]
seealso:
  - module: alitrust.ecs.encrypted_share
  - module: alitrust.ecs.kms_share_role_info
  - ref: ansible_collections.alitrust.ecs.docsite.sharing
    description: How encrypted images and snapshots are shared.
"""

EXAMPLES = r"""
- name: Read everything that is shared in a region
  alitrust.ecs.encrypted_share_info:
    region: cn-hangzhou
  register: shared

- name: Read everything that is shared in any region
  alitrust.ecs.encrypted_share_info:
    region: cn-hangzhou
    regions: [all]

- name: Show the accounts
  ansible.builtin.debug:
    msg: "{{ shared.encrypted_shares | map(attribute='account_ids') | flatten | unique }}"

- name: Read which key an image is encrypted with
  alitrust.ecs.encrypted_share_info:
    region: cn-hangzhou
    image_ids: [m-bp1g7004ksh0oeuc0000]
"""

RETURN = r"""
encrypted_shares:
  description: What is shared; an image that is shared with nobody is left out.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(image) or V(snapshot).
      type: str
      sample: image
    image_id:
      description: ID of the image. Only for an image.
      type: str
      sample: m-bp1g7004ksh0oeuc0000
    name:
      description: Name of the resource share. Only for snapshots.
      type: str
      sample: backup
    resource_share_id:
      description: ID of the resource share. Only for snapshots.
      type: str
      sample: rs-6GRmdD3X0000
    status:
      description:
        - State of the resource share. It is V(Pending) as long as an account has not answered its invitation. Only for
          snapshots.
      type: str
      sample: Active
    encrypted:
      description: Whether what is shared is encrypted; null where that was not read.
      type: bool
      sample: true
    kms_key_ids:
      description: The keys (CMK) that it is encrypted with.
      type: list
      elements: str
      sample: [0b30658a-ed1a-4922-b8f7-a673ca9c0000]
    snapshot_ids:
      description: The snapshots in the resource share. Only for snapshots.
      type: list
      elements: str
      sample: [s-bp67acfmxazb4p000000]
    region_id:
      description: Its region. Returned with O(regions).
      type: str
      sample: cn-hangzhou
    account_ids:
      description: The accounts that it is shared with.
      type: list
      elements: str
      sample: ["2345678901234567"]
    resource_directory_ids:
      description: The resource directories that it is shared with. Only for snapshots.
      type: list
      elements: str
      sample: []
    folder_ids:
      description: The folders that it is shared with. Only for snapshots.
      type: list
      elements: str
      sample: []
    invited_account_ids:
      description: The accounts that have not answered their invitation yet. Only for snapshots.
      type: list
      elements: str
      sample: []
sources:
  description: The images and snapshots looked at, shared or not.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(image) or V(snapshot).
      type: str
      sample: image
    id:
      description: Its ID.
      type: str
      sample: m-bp1g7004ksh0oeuc0000
    status:
      description: Its state.
      type: str
      sample: Available
    encrypted:
      description: Whether it is encrypted.
      type: bool
      sample: true
    kms_key_ids:
      description: The keys (CMK) that it is encrypted with.
      type: list
      elements: str
      sample: [0b30658a-ed1a-4922-b8f7-a673ca9c0000]
    service_key:
      description: Whether it is encrypted with the service key of ECS, so that it cannot be shared.
      type: bool
      sample: false
unread_regions:
  description: Why regions could not be asked, by region. Returned with O(regions).
  returned: when O(regions) is given
  type: dict
  sample: {"cn-beijing": "Forbidden.RAM"}
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 encrypted shares
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeImageSharePermission": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._share.share import INFO_SPEC, read_shares


def main() -> None:
    flow.read(create(INFO_SPEC), read_shares)


if __name__ == "__main__":
    main()
