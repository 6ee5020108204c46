#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ram_user
short_description: Manage RAM users
version_added: 1.0.0
description:
  - Creates, changes and deletes users of Resource Access Management (RAM), with their console logon, AccessKey pair,
    groups and policies.
  - No secret is ever in the output. A password comes in as O(password), and the AccessKey secret goes to a file.
  - RAM takes no tags for users. What carries C([alitrust.ecs:owner]) at the end of its comments was made by this
    collection; wherever comments are given or returned, this mark is left out.
  - A user that others made loses memberships, policies, its console logon or its password only with O(adopt).
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.ownership
attributes:
  idempotent:
    description: A second run with the same options changes nothing.
    support: partial
    details: With O(update_password=always) the password is set at every run, because nobody can read the one in force.
options:
  name:
    description: The logon name. It has 1 to 64 letters, digits, periods (C(.)), hyphens (C(-)) and underscores (C(_)).
    type: str
    required: true
  state:
    description:
      - With V(present), the user exists and is as the other options say.
      - With V(absent), the user leaves its groups, loses its policies and its console logon, and is deleted. AccessKey
        pairs stand in the way, see O(delete_access_keys).
    type: str
    choices: [present, absent]
    default: present
  display_name:
    description: The name to show, at most 128 characters. When it is not given, it stays as it is.
    type: str
  comments:
    description: What the user is for, at most 107 characters. When it is not given, it stays as it is. An empty text
      clears it, but not that of a user that others made and the task does not adopt.
    type: str
  email:
    description: The email address. Only the China site (aliyun.com) keeps it.
    type: str
  mobile_phone:
    description: The mobile phone number, as country code, hyphen, number. Only the China site (aliyun.com) keeps it.
    type: str
  console_login:
    description:
      - Whether the user can log on to the console. V(true) needs O(password) or O(password_file) when the
        user could not until now.
      - The task warns about a user that logs on to the console and has an AccessKey pair at once, because a person and
        a program are better two users.
      - V(false) ends it. When it is not given, it stays as it is, unless O(password) or O(password_file) is
        given, which means V(true).
    type: bool
  password:
    description:
      - The password for the console. It must meet the password policy of the account.
      - The documents advise to give a user either a console logon or an AccessKey pair, not both.
    type: str
  password_file:
    description:
      - Where the password for the console is, as the one line of a file that only its owner may read. It takes the
        place of O(password).
      - When there is no such file and a password is to be set, one is made that meets every password policy, and
        written there (mode 0600) before it is set. It is shown to nobody. The directory must exist.
      - When the user has a password already, none is made, unless O(update_password=always).
    type: path
  update_password:
    description:
      - With V(on_create), O(password) is set when the user could not log on to the console until now.
      - With V(always), it is set at every run.
    type: str
    choices: [on_create, always]
    default: on_create
  password_reset_required:
    description: Whether the user has to change the password at the next logon. For a new console logon V(false) when
      it is not given.
    type: bool
  mfa_bind_required:
    description: Whether the user has to bind a device for multi-factor authentication at the next logon. For a new
      console logon V(false) when it is not given.
    type: bool
  access_key_file:
    description:
      - Where the AccessKey pair of the user is. When there is no such file, a pair is created and written there, as
        JSON with C(user_name), C(access_key_id) and C(access_key_secret). The file gets the mode 0600 and is never
        overwritten. Its directory must exist.
      - A file with a pair that is not the user's is an error.
      - A run that was killed leaves a file beside this path, by which the next one puts the pair in its place, or names
        a pair whose secret may be lost. Such a pair is not deleted, because it may be somebody else's.
      - A task for another user with the same path is refused meanwhile.
      - A user can have two pairs. The task fails, and changes nothing, when it needs a third.
    type: path
  groups:
    description: Groups that the user is in. It stays in others, unless O(purge_groups) is set.
    type: list
    elements: str
  purge_groups:
    description: Remove the user from groups that are not in O(groups). Together they move a user from one group to
      another.
    type: bool
    default: false
  policies:
    description: The policies that the user has. Others stay attached, unless O(purge_policies) is set.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the policy. It has to exist.
        type: str
        required: true
      type:
        description: V(System) for a policy of Alibaba Cloud, V(Custom) for one of the account.
        type: str
        choices: [System, Custom]
        default: Custom
  purge_policies:
    description: Detach policies that are not in O(policies).
    type: bool
    default: false
  delete_access_keys:
    description:
      - With O(state=absent), deletes the AccessKey pairs of the user, too. Programs may still use them.
      - With V(false), a user with AccessKey pairs is not deleted; the task fails and names them.
    type: bool
    default: false
notes:
  - RAM is one service for all regions, so O(region) is not needed.
seealso:
  - module: alitrust.ecs.ram_user_info
  - module: alitrust.ecs.ram_group
  - module: alitrust.ecs.ram_policy
  - ref: ansible_collections.alitrust.ecs.docsite.authentication
    description: Where credentials come from, and which rights a task needs.
"""

EXAMPLES = r"""
- name: Create a user who logs on to the console
  alitrust.ecs.ram_user:
    name: ann
    display_name: Ann Example
    password: "{{ ann_password }}"
    password_reset_required: true
    mfa_bind_required: true

- name: Create a user whose console password is made here and shown to nobody
  alitrust.ecs.ram_user:
    name: bob
    password_file: bob.password
    password_reset_required: true

- name: Create a user for a program, with its AccessKey pair in a file
  alitrust.ecs.ram_user:
    name: deployer
    comments: Creates instances from the pipeline
    access_key_file: deployer.json

- name: Authorize a user with a system policy and a custom one
  alitrust.ecs.ram_user:
    name: deployer
    policies:
      - name: AliyunECSReadOnlyAccess
        type: System
      - name: create-instances

- name: Move a user from one group to another
  alitrust.ecs.ram_user:
    name: ann
    groups: [SysAdmins]
    purge_groups: true

- name: End the console logon of a user
  alitrust.ecs.ram_user:
    name: ann
    console_login: false

- name: Delete a user, and the AccessKey pairs too
  alitrust.ecs.ram_user:
    name: deployer
    state: absent
    delete_access_keys: true
"""

RETURN = r"""
ram_user:
  description: The user; empty when it does not exist. In check mode without what only Alibaba Cloud can choose.
  returned: success
  type: dict
  contains:
    name:
      description: The logon name.
      type: str
      sample: ann
    id:
      description: Its ID.
      type: str
      sample: "301234567890123456"
    display_name:
      description: The name to show.
      type: str
      sample: Ann Example
    comments:
      description: What the user is for.
      type: str
      sample: ""
    email:
      description: The email address.
      type: str
      sample: ""
    mobile_phone:
      description: The mobile phone number.
      type: str
      sample: ""
    console_login:
      description: Whether the user can log on to the console.
      type: bool
      sample: true
    password_reset_required:
      description: Whether the password has to be changed at the next logon; null without a console logon.
      type: bool
      sample: true
    mfa_bind_required:
      description: Whether a device has to be bound at the next logon; null without a console logon.
      type: bool
      sample: true
    access_keys:
      description: The AccessKey pairs, without the secrets, oldest first.
      type: list
      elements: dict
      contains:
        id:
          description: The AccessKey ID.
          type: str
          sample: LTAI5tExampleExampleExa
        status:
          description: V(Active) or V(Inactive).
          type: str
          sample: Active
        create_date:
          description: When it was created.
          type: str
          sample: "2026-01-23T12:33:18Z"
    groups:
      description: The groups that the user is in.
      type: list
      elements: str
      sample: [SysAdmins]
    policies:
      description: The policies that the user has itself, by name.
      type: list
      elements: dict
      sample: [{"name": "AliyunECSReadOnlyAccess", "type": "System"}]
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
    last_login_date:
      description: When the user logged on to the console last; empty when never.
      type: str
      sample: ""
kept:
  description: What was left alone because it is not this collection's or still used, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample:
    - >-
      The RAM user ann stays: it does not carry the mark [alitrust.ecs:owner] in its comments, so it is not this
      collection's.
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: create user ann; let user ann log on to the console
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [create user ann, let user ann log on to the console]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ram:GetUser": 2, "ram:CreateUser": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.user import SPEC, RamUser


def main() -> None:
    flow.run(create(SPEC), RamUser)


if __name__ == "__main__":
    main()
