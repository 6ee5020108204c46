#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ram_policy
short_description: Manage custom policies of Resource Access Management (RAM)
version_added: 1.0.0
description:
  - Creates, changes and deletes custom policies. A changed document becomes a new version, which is in force at once.
  - Documents are compared by meaning. The order of statements and lists, one value or a list of one value, and the case
    of actions make no difference.
  - A document that the policy already has as an older version is not stored again; that version is made the default.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.ownership
options:
  name:
    description: The name of the policy. It has 1 to 128 letters, digits and hyphens (C(-)).
    type: str
    required: true
  document:
    description:
      - The policy document, as a dictionary or as JSON text. It can have 6144 characters.
      - Needed to create a policy. When it is not given, the document of an existing policy stays as it is.
    type: json
  template:
    description:
      - A ready-made document instead of O(document), with the actions that the documents list, on all resources.
      - V(create_pay_as_you_go_instances) and V(create_subscription_instances) let a RAM user create instances that are
        paid that way, V(query_instances) look at instances and disks.
      - V(use_instance_role) lets a RAM user attach, replace and detach instance RAM roles, see O(roles). The option
        O(alitrust.ecs.instance_ram_role#module:users) of M(alitrust.ecs.instance_ram_role) does the same for one role.
    type: str
    choices: [create_pay_as_you_go_instances, create_subscription_instances, query_instances, use_instance_role]
  actions:
    description: What O(template) allows besides, on all resources, for example V(ecs:DescribeInstances).
    type: list
    elements: str
  roles:
    description: Names of the roles that may be passed with O(template=use_instance_role). Any role when it is not
      given, as in the documents.
    type: list
    elements: str
  default_version:
    description: The version that is in force, instead of O(document), for example V(v2). It has to exist.
    type: str
  description:
    description: What the policy is for, at most 1024 characters. When it is not given, it stays as it is. It cannot be
      cleared. An empty text is an error for a policy that has one.
    type: str
  state:
    description: Whether the policy exists.
    type: str
    choices: [present, absent]
    default: present
  rotate:
    description:
      - A policy can have five versions. With V(true), the oldest version that is not in force makes room for a new one.
      - With V(false), a task that needs a sixth version fails and changes nothing.
    type: bool
    default: false
  detach:
    description:
      - With O(state=absent), detaches the policy from every role, user and user group that has it, and then deletes it.
      - With V(false), a policy that something still has is not deleted; the task fails and names who has it.
    type: bool
    default: false
notes:
  - RAM is one service for all regions, so O(region) is not needed.
seealso:
  - module: alitrust.ecs.ram_policy_info
  - module: alitrust.ecs.instance_ram_role
  - module: alitrust.ecs.ram_user
  - module: alitrust.ecs.ram_group
  - ref: ansible_collections.alitrust.ecs.docsite.authentication
    description: Where credentials come from, and which rights a task needs.
"""

EXAMPLES = r"""
- name: Let its holders look at instances
  alitrust.ecs.ram_policy:
    name: look-at-instances
    description: Reading instances
    document:
      Version: "1"
      Statement:
        - Effect: Allow
          Action: ["ecs:DescribeInstances", "ecs:DescribeInstanceStatus"]
          Resource: "*"

- name: Keep its holders from using ECS from outside the corporate network
  alitrust.ecs.ram_policy:
    name: only-from-the-office
    document:
      Version: "1"
      Statement:
        - Effect: Deny
          Action: "ecs:*"
          Resource: "*"
          Condition:
            NotIpAddress:
              "acs:SourceIp": [203.0.113.0/24]

- name: Take the document from a file, and make room for it where five versions exist
  alitrust.ecs.ram_policy:
    name: look-at-instances
    document: "{{ lookup('ansible.builtin.file', 'look-at-instances.json') }}"
    rotate: true

- name: Go back to an older version
  alitrust.ecs.ram_policy:
    name: look-at-instances
    default_version: v1

- name: Let its holders create pay-as-you-go instances, and see what they created
  alitrust.ecs.ram_policy:
    name: create-instances
    template: create_pay_as_you_go_instances
    actions: ["ecs:DescribeInstances"]

- name: Let its holders create subscription instances, order and payment included
  alitrust.ecs.ram_policy:
    name: create-subscriptions
    template: create_subscription_instances

- name: Let its holders query instances and disks
  alitrust.ecs.ram_policy:
    name: query-instances
    template: query_instances

- name: Let its holders attach, replace and detach two instance RAM roles
  alitrust.ecs.ram_policy:
    name: use-roles
    template: use_instance_role
    roles: [trusted-web, reader]
    actions: ["ecs:RunInstances", "ecs:DescribeInstanceRamRole"]

- name: Delete the policy, whoever has it
  alitrust.ecs.ram_policy:
    name: look-at-instances
    state: absent
    detach: true
"""

RETURN = r"""
ram_policy:
  description: The policy; empty when it does not exist.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: look-at-instances
    type:
      description: Always V(Custom).
      type: str
      sample: Custom
    description:
      description: What it is for.
      type: str
      sample: Reading instances
    document:
      description: The document in force.
      type: dict
      sample: {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*"}]}
    default_version:
      description: The version in force. Not returned in check mode for a policy that would be created, or get a new
        version.
      type: str
      sample: v1
    attachment_count:
      description: How many roles, users and user groups have it. Not returned in check mode for a policy that would be
        created.
      type: int
      sample: 1
    create_date:
      description: When it was created. Not returned as RV(ram_policy.attachment_count).
      type: str
      sample: "2026-01-23T12:33:18Z"
    update_date:
      description: When it was changed last. Not returned in check mode when the policy would be created or changed.
      type: str
      sample: "2026-01-23T12:33:18Z"
kept:
  description: What was left alone because it is not this collection's or still used, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample:
    - >-
      The policy corp stays: it does not carry the tag alitrust.ecs:owner, so it is not this collection's.
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: create policy look-at-instances
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [create policy look-at-instances]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ram:GetPolicy": 2, "ram:CreatePolicy": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.policy import SPEC, RamPolicy


def main() -> None:
    flow.run(create(SPEC), RamPolicy)


if __name__ == "__main__":
    main()
