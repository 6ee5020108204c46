#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_share_role
short_description: Manage the RAM roles by which ECS uses KMS keys and images in OSS
version_added: 1.0.0
description:
  - Manages the roles that ECS knows by name. One lets ECS encrypt disks of this account with its keys, two let
    ECS of other accounts use the keys of snapshots and images that are shared with them. Two more let ECS read
    images from OSS to import them, and write images to OSS to export them.
  - This is what has to be in place before an encrypted snapshot or image is shared. It does not share anything by
    itself.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.ownership
options:
  purpose:
    description:
      - What the role is for.
      - V(disk_encrypt) is the role C(AliyunECSDiskEncryptDefaultRole). ECS itself may assume it, and it has the
        system policy C(AliyunECSDiskEncryptRolePolicy). Needed before disks are encrypted with a customer master key
        (CMK).
      - V(share_snapshot) is the role C(AliyunECSShareEncryptSnapshotDefaultRole).
      - V(share_image) is the role C(AliyunECSShareEncryptImageDefaultRole).
      - V(image_import) is the role C(AliyunECSImageImportDefaultRole) with the system policy
        C(AliyunECSImageImportRolePolicy), V(image_export) the role C(AliyunECSImageExportDefaultRole) with
        C(AliyunECSImageExportRolePolicy). ECS itself may assume them. They have nothing to do with keys.
    type: str
    choices: [disk_encrypt, share_snapshot, share_image, image_import, image_export]
    required: true
  state:
    description:
      - With V(present), the role exists with the recipients and keys.
      - With V(absent), the role is deleted, and with it the policies of keys that this module made for it. What was
        shared by means of it can no longer be used.
    type: str
    choices: [present, absent]
    default: present
  account_ids:
    description:
      - Accounts whose ECS may use the role.
      - A role is either for accounts, or for resource directories, or for folders. When none of O(account_ids),
        O(resource_directory_ids) and O(folder_paths) is given, the recipients of an existing role stay as they are.
    type: list
    elements: str
  resource_directory_ids:
    description: Resource directories whose accounts' ECS may use the role.
    type: list
    elements: str
    aliases: [resource_directory_id]
  folder_paths:
    description:
      - Folders of a resource directory whose accounts' ECS may use the role.
      - A path has the ID of the resource directory, of the root folder, and of the folders down to the one that is
        meant, and ends with C(*), for example V(rd-Ab12Cd/r-Ef34Gh/fd-Ij56Kl*).
    type: list
    elements: str
    aliases: [folder_path]
  recipients_mode:
    description:
      - With V(present), the recipients are added to those that the role has.
      - With V(absent), they are removed. The last one cannot be removed, use O(state=absent) for that.
      - With V(exact), the role has these and no others.
    type: str
    choices: [present, absent, exact]
    default: present
  replace:
    description:
      - The role may have another kind of recipients, or a trust policy that is none of the documented ones. With
        V(true), the recipients of this task take its place.
      - With V(false), the task fails then, and changes nothing.
    type: bool
    default: false
  kms_key_ids:
    description:
      - The keys (CMK) in O(region) that the role may use, each as its ID or as V(alias/NAME). Each gets the documented
        policy, which allows nothing else.
      - They are added to those that the role has, unless O(purge_keys) is set.
    type: list
    elements: str
    aliases: [kms_key_id]
  purge_keys:
    description: Take keys away from the role that this module gave it and that are not in O(kms_key_ids).
    type: bool
    default: false
  service_key:
    description:
      - Whether the role has the system policy C(AliyunKMSFullAccess), which is needed for what is encrypted with the
        service key of ECS. It allows all of KMS.
      - When it is not given, it stays as it is.
    type: bool
  description:
    description: What the role is for, at most 1024 characters. When it is not given, it stays as it is. It cannot be
      cleared. An empty text is an error for a role that has one.
    type: str
notes:
  - O(region) is needed for O(kms_key_ids). The role itself is the same in all regions.
  - A role that others made, for example with the console, loses recipients or policies only with O(adopt). With
    O(leave_others) it is used as it is. The task fails when it does not trust the recipients or may not use the keys.
  - By default a role can have five custom policies, so five keys.
seealso:
  - module: alitrust.ecs.kms_share_role_info
  - module: alitrust.ecs.kms_service
  - ref: ansible_collections.alitrust.ecs.docsite.sharing
    description: >-
      How encrypted images and snapshots are shared.
      The role P(alitrust.ecs.encrypted_share#role) does all of it in one go.
"""

EXAMPLES = r"""
- name: Let ECS encrypt disks with the account's own keys
  alitrust.ecs.kms_share_role:
    purpose: disk_encrypt

- name: Let ECS import images from OSS
  alitrust.ecs.kms_share_role:
    purpose: image_import

- name: Let ECS export images to OSS
  alitrust.ecs.kms_share_role:
    purpose: image_export

- name: Let two accounts use images that are encrypted with a key
  alitrust.ecs.kms_share_role:
    region: cn-hangzhou
    purpose: share_image
    account_ids: ["1987654321098765", "2345678901234567"]
    kms_key_ids: [0b30658a-ed1a-4922-b8f7-a673ca9c0000]

- name: Let a whole resource directory use snapshots, whichever of two keys they are encrypted with
  alitrust.ecs.kms_share_role:
    region: cn-hangzhou
    purpose: share_snapshot
    resource_directory_ids: [rd-Ab12Cd]
    kms_key_ids: [alias/web, alias/database]

- name: Let the accounts of one folder use images that are encrypted with the service key
  alitrust.ecs.kms_share_role:
    purpose: share_image
    folder_paths: ["rd-Ab12Cd/r-Ef34Gh/fd-Ij56Kl*"]
    service_key: true
    replace: true

- name: Take one account away
  alitrust.ecs.kms_share_role:
    purpose: share_image
    account_ids: ["2345678901234567"]
    recipients_mode: absent

- name: Delete the role
  alitrust.ecs.kms_share_role:
    purpose: share_snapshot
    state: absent
"""

RETURN = r"""
kms_share_role:
  description: The role; empty when it does not exist. In check mode without what only Alibaba Cloud can choose.
  returned: success
  type: dict
  contains:
    purpose:
      description: What it is for.
      type: str
      sample: share_image
    name:
      description: Its name.
      type: str
      sample: AliyunECSShareEncryptImageDefaultRole
    id:
      description: Its ID.
      type: str
      sample: "301234567890123456"
    arn:
      description: Its ARN. Alibaba Cloud writes it in lower case.
      type: str
      sample: acs:ram::1234567890123456:role/aliyunecsshareencryptimagedefaultrole
    description:
      description: The text that describes it.
      type: str
      sample: ""
    max_session_duration:
      description: How long a session can last, in seconds.
      type: int
      sample: 3600
    trust_policy:
      description: Who may assume it.
      type: dict
      sample:
        Version: "1"
        Statement:
          - Action: sts:AssumeRole
            Effect: Allow
            Principal:
              Service: ["1987654321098765@ecs.aliyuncs.com"]
    account_ids:
      description: The accounts among its recipients.
      type: list
      elements: str
      sample: ["1987654321098765"]
    resource_directory_ids:
      description: The resource directories among its recipients.
      type: list
      elements: str
      sample: []
    folder_paths:
      description: The folders among its recipients.
      type: list
      elements: str
      sample: []
    policies:
      description: The policies it has, by name.
      type: list
      elements: dict
      sample: [{"name": "AliyunKMSFullAccess", "type": "System"}]
      contains:
        name:
          description: Name of the policy.
          type: str
        type:
          description: V(System) or V(Custom).
          type: str
    create_date:
      description: When it was created.
      type: str
      sample: "2026-01-23T12:33:18Z"
    update_date:
      description: When it was changed last.
      type: str
      sample: "2026-01-23T12:33:18Z"
kept:
  description: What was left alone because it is not this collection's or still used, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample:
    - >-
      The RAM role AliyunECSShareEncryptImageDefaultRole stays: it does not carry the tag alitrust.ecs:owner, so it
      is not this collection's.
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: create role AliyunECSShareEncryptImageDefaultRole
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [create role AliyunECSShareEncryptImageDefaultRole]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ram:GetRole": 2, "ram:CreateRole": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.share_role import SPEC, KmsShareRole


def main() -> None:
    flow.run(create(SPEC), KmsShareRole)


if __name__ == "__main__":
    main()
