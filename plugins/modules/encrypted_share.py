#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: encrypted_share
short_description: Share images and snapshots with other accounts
version_added: 1.0.0
description:
  - Shares a custom image with accounts, or snapshots with accounts, a resource directory or folders of it. What is
    shared may be encrypted or not.
  - Snapshots are shared through Resource Sharing. One resource share has one or more snapshots and everybody they are
    shared with.
  - What is encrypted needs the share role first, see M(alitrust.ecs.kms_share_role). The module checks that it is in
    place for these recipients and keys before it changes anything, in check mode too.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.ownership
options:
  image_id:
    description:
      - ID of the image to share.
      - One of O(image_id), O(snapshot_ids) and O(name) is needed.
    type: str
  snapshot_ids:
    description:
      - IDs of the snapshots to share.
      - With O(state=absent) and without recipients, these snapshots are taken out of the resource share. With
        recipients they only say which resource share is meant.
    type: list
    elements: str
    aliases: [snapshot_id]
  name:
    description:
      - Name of the resource share, at most 50 letters, digits, periods, underscores and hyphens. Only for snapshots.
      - For a single snapshot the default is V(alitrust-) and the ID of the snapshot.
      - Only the resource share with this name is looked at and changed.
    type: str
  state:
    description:
      - With V(present), it is shared with the recipients, in addition to those that it is shared with. Nobody is ever
        taken away.
      - With V(exact), it is shared with the recipients and nobody else. A resource share then has the snapshots of
        O(snapshot_ids) and no others. New recipients come before others go.
      - With V(absent), it is not shared with the recipients any more; without any recipients given, with nobody. A
        resource share with no snapshot or nobody left is deleted.
    type: str
    choices: [present, absent, exact]
    default: present
  account_ids:
    description:
      - Accounts to share with. An image can be shared with 50 accounts, a snapshot with 64.
      - Only one of O(account_ids), O(resource_directory_ids) and O(folder_paths) can be given.
    type: list
    elements: str
  resource_directory_ids:
    description: Resource directories to share snapshots with. Sharing within the directory has to be enabled there.
    type: list
    elements: str
    aliases: [resource_directory_id]
  folder_paths:
    description:
      - Folders of a resource directory to share snapshots with, each as in M(alitrust.ecs.kms_share_role), for example
        V(rd-Ab12Cd/r-Ef34Gh/fd-Ij56Kl*).
    type: list
    elements: str
    aliases: [folder_path]
  allow_external:
    description:
      - Whether a resource share may have accounts outside the resource directory. Such an account is invited, and can
        use the snapshots once it has accepted. It has seven days for that.
      - With V(false), a new resource share takes only members of the directory.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait until everything that was changed shows, in seconds. Answers to invitations are not waited
        for.
    type: int
    default: 600
notes:
  - What is encrypted with the service key of ECS cannot be shared. Copy it with a CMK, by
    M(alitrust.ecs.image) or M(alitrust.ecs.snapshot), and share the copy.
  - The share of an image has no tags. With whom this module has shared an image is kept in tags of the image,
    C(alitrust.ecs:shared-with-) and one of the accounts. Accounts that others have shared it with are taken away only
    with O(adopt).
seealso:
  - module: alitrust.ecs.encrypted_share_info
  - module: alitrust.ecs.kms_share_role
  - ref: ansible_collections.alitrust.ecs.docsite.sharing
    description: >-
      How encrypted images and snapshots are shared.
      The role P(alitrust.ecs.encrypted_share#role) does all of it in one go.
"""

EXAMPLES = r"""
- name: Share an image with two accounts
  alitrust.ecs.encrypted_share:
    region: cn-hangzhou
    image_id: m-bp1g7004ksh0oeuc0000
    account_ids: ["2345678901234567", "3456789012345678"]

- name: Share it with one account only
  alitrust.ecs.encrypted_share:
    region: cn-hangzhou
    image_id: m-bp1g7004ksh0oeuc0000
    account_ids: ["2345678901234567"]
    state: exact

- name: Let the account use the key of an encrypted image
  alitrust.ecs.kms_share_role:
    region: cn-hangzhou
    purpose: share_image
    account_ids: ["2345678901234567"]
    kms_key_ids: [alias/images]

- name: Share the encrypted image
  alitrust.ecs.encrypted_share:
    region: cn-hangzhou
    image_id: m-bp1g7004ksh0oeuc1111
    account_ids: ["2345678901234567"]

- name: Share a snapshot with an account
  alitrust.ecs.encrypted_share:
    region: cn-hangzhou
    snapshot_id: s-bp67acfmxazb4p000000
    account_ids: ["2345678901234567"]

- name: Share two snapshots with one more account
  alitrust.ecs.encrypted_share:
    region: cn-hangzhou
    name: backup
    snapshot_ids: [s-bp67acfmxazb4p000000, s-bp67acfmxazb4p111111]
    account_ids: ["2345678901234567", "3456789012345678"]

- name: Share a snapshot with a folder of the resource directory
  alitrust.ecs.encrypted_share:
    region: cn-hangzhou
    name: within
    snapshot_ids: [s-bp67acfmxazb4p000000]
    folder_paths: ["rd-Ab12Cd/r-Ef34Gh/fd-Ij56Kl*"]
    allow_external: false

- name: Stop sharing snapshots with one account
  alitrust.ecs.encrypted_share:
    region: cn-hangzhou
    name: backup
    account_ids: ["3456789012345678"]
    state: absent

- name: Stop sharing the image with anybody
  alitrust.ecs.encrypted_share:
    region: cn-hangzhou
    image_id: m-bp1g7004ksh0oeuc0000
    state: absent
"""

RETURN = r"""
encrypted_share:
  description:
    - What is shared, and with whom. For snapshots it is empty when there is no resource share. In check mode without
      what only Alibaba Cloud can choose.
  returned: success
  type: dict
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
kept:
  description: What was left alone because it is not this collection's or still used, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample:
    - >-
      The resource share backup stays: it does not carry the tag alitrust.ecs:owner, so it is not this collection's.
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: share image m-bp1g7004ksh0oeuc0000 with 2345678901234567
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [share image m-bp1g7004ksh0oeuc0000 with 2345678901234567]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:ModifyImageSharePermission": 2}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._share.share import CONSTRAINTS, SPEC, share_of


def main() -> None:
    module = create(SPEC, **CONSTRAINTS)
    flow.run(module, share_of(module.params))


if __name__ == "__main__":
    main()
