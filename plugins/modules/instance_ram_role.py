#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: instance_ram_role
short_description: Manage RAM roles for ECS instances
version_added: 1.0.0
description:
  - Creates a RAM role that instances can have, gives it policies, and attaches it to instances or detaches it from
    them.
  - By default the role gets what the trust client of a trusted instance needs, a custom policy with the four documented
    actions of the trusted service.
  - Trust policies and documents are compared by meaning, see M(alitrust.ecs.ram_policy).
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.ownership
options:
  name:
    description: The name of the role. It has 1 to 64 letters, digits, periods (C(.)) and hyphens (C(-)).
    type: str
    required: true
  state:
    description:
      - With V(present), the role exists, has the policies, and is attached or detached as O(attachment) says.
      - With V(absent), its policies are detached and the role is deleted, and with it the policies that this module
        made for it, unless something else has them too. The policy of its O(users) always goes with it. Other policies
        are only detached. All other options about the role's content are ignored.
      - A role belongs to the account, so instances of all regions are looked at. The task fails, or leaves the role
        alone with O(leave_others), when one has it or when a region cannot be asked.
    type: str
    choices: [present, absent]
    default: present
  description:
    description: What the role is for, at most 1024 characters. When it is not given, it stays as it is. It cannot be
      cleared. An empty text is an error for a role that has one.
    type: str
  max_session_duration:
    description: How long a session of the role can last, 3600 to 43200 seconds. When it is not given, it stays as it
      is.
    type: int
  trust_policy:
    description:
      - Who may assume the role, as a dictionary or as JSON text. It replaces what the role has. A statement of a role
        that others made goes only with O(adopt).
      - When it is not given, a new role can be assumed by ECS (V(ecs.aliyuncs.com)) alone. An existing role that ECS
        cannot assume gets a statement for ECS besides those it has.
    type: json
  policies:
    description:
      - The policies that the role has. Others stay attached, unless O(purge_policies) is set.
      - When it is not given, it is one custom policy named after the role (V(NAME-trust-report)) that allows the
        actions O(trust_actions). Give an empty list for none.
      - The system policies V(AliyunECSInstanceForYundunSysTrustRolePolicy) and V(AliyunSysTrustFullAccess) can stand in
        for the custom one.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the policy.
        type: str
        required: true
      type:
        description: V(System) for a policy of Alibaba Cloud, V(Custom) for one of the account.
        type: str
        choices: [System, Custom]
        default: Custom
      document:
        description:
          - The document of a custom policy, as a dictionary or as JSON text. The policy is created with it, or gets
            it as a new version.
          - When it is not given, the policy has to exist and keeps its document.
        type: json
  trust_actions:
    description:
      - The actions that the policy of a role without O(policies) allows.
      - The default is the four that the documents name, V(yundun-systrust:GenerateNonce),
        V(yundun-systrust:GenerateAikcert), V(yundun-systrust:RegisterMessage) and V(yundun-systrust:PutMessage).
    type: list
    elements: str
  purge_policies:
    description: Detach policies that are not in O(policies). From a role that others made, only with O(adopt).
    type: bool
    default: false
  rotate:
    description:
      - A policy can have five versions. With V(true), the oldest version that is not in force makes room for a changed
        document.
    type: bool
    default: false
  users:
    description:
      - The RAM users that may use the role, which is to create instances with it, to attach, replace and detach it.
        They get a custom policy (V(NAME-use)) with the documented actions and C(ram:PassRole) on this role alone.
      - Users that are not listed lose this policy. When it is not given, nothing is changed.
    type: list
    elements: str
  user_actions:
    description: What the policy of the O(users) allows besides, for example V(ecs:RunInstances).
    type: list
    elements: str
  instance_ids:
    description: Instances in O(region) that O(attachment) is about, any number.
    type: list
    elements: str
  attachment:
    description: Whether the instances in O(instance_ids) have this role. V(detached) leaves another role alone.
    type: str
    choices: [attached, detached]
    default: attached
  replace:
    description:
      - An instance can have one role. With V(true), another one is detached first, so the instance is without a role
        for a moment. Before that, it is proved that ECS may assume this one. Where attaching it is refused, the
        instance gets the other one back.
      - With V(false), the task fails when one of O(instance_ids) has another role, and changes nothing.
    type: bool
    default: false
  detach:
    description:
      - With O(state=absent), detaches the role from the instances in O(region) that have it, and then deletes it.
      - With V(false), the task fails when an instance has it, and changes nothing.
    type: bool
    default: false
  detach_regions:
    description:
      - Other regions than O(region) whose instances lose the role with O(detach), or V(all).
      - The task fails, and changes nothing, when an instance of a region that is not named has the role.
    type: list
    elements: str
notes:
  - O(region) is needed for O(instance_ids) and for O(state=absent).
  - With O(leave_others), a role that others made is used as it is. The task fails when ECS may not assume it, or when
    it lacks one of O(policies).
  - With O(adopt), the role gets the tag C(alitrust.ecs:owner), and so do policies whose content the task gives.
seealso:
  - module: alitrust.ecs.instance_ram_role_info
  - module: alitrust.ecs.ram_policy
  - module: alitrust.ecs.trusted_instance
  - ref: ansible_collections.alitrust.ecs.docsite.trusted_instances
    description: >-
      What makes an instance trusted, and what the verdicts mean.
      The role P(alitrust.ecs.account#role) prepares an account.
"""

EXAMPLES = r"""
- name: The role of trusted instances, with the four documented actions
  alitrust.ecs.instance_ram_role:
    name: trusted-web
    description: What the trust client of the web servers needs

- name: The same with the system policy, attached to two instances that may have another role now
  alitrust.ecs.instance_ram_role:
    region: cn-hangzhou
    name: trusted-web
    policies:
      - name: AliyunECSInstanceForYundunSysTrustRolePolicy
        type: System
    instance_ids: [i-bp1a2b3c4d5e6f7g8h9j, i-bp1a2b3c4d5e6f7g8h9k]
    replace: true

- name: A role by which programs in the instance can use KMS
  alitrust.ecs.instance_ram_role:
    name: EcsRamRoleTest
    policies:
      - name: AliyunKMSFullAccess
        type: System

- name: Exactly one policy, with its content
  alitrust.ecs.instance_ram_role:
    name: reader
    purge_policies: true
    policies:
      - name: look-at-instances
        document:
          Version: "1"
          Statement:
            - Effect: Allow
              Action: ecs:DescribeInstances
              Resource: "*"

- name: Let a RAM user create instances with the role, attach, replace and detach it
  alitrust.ecs.instance_ram_role:
    name: trusted-web
    policies: []
    users: [deployer]
    user_actions: ["ecs:RunInstances"]

- name: Put another role in place of the one that an instance has
  alitrust.ecs.instance_ram_role:
    region: cn-hangzhou
    name: reader
    policies: []
    instance_ids: [i-bp1a2b3c4d5e6f7g8h9k]
    replace: true

- name: Take the role away from an instance
  alitrust.ecs.instance_ram_role:
    region: cn-hangzhou
    name: trusted-web
    policies: []
    instance_ids: [i-bp1a2b3c4d5e6f7g8h9j]
    attachment: detached

- name: Delete the role, also where instances have it
  alitrust.ecs.instance_ram_role:
    region: cn-hangzhou
    name: reader
    state: absent
    detach: true

- name: Delete the role if this collection made it and nothing in any region has it, else say why it stays
  alitrust.ecs.instance_ram_role:
    region: cn-hangzhou
    name: trusted-web
    state: absent
    leave_others: true
"""

RETURN = r"""
instance_ram_role:
  description: The role; empty when it does not exist. In check mode without what only Alibaba Cloud can choose.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: trusted-web
    id:
      description: Its ID.
      type: str
      sample: "301234567890123456"
    arn:
      description: Its ARN. Alibaba Cloud writes it in lower case.
      type: str
      sample: acs:ram::1234567890123456:role/trusted-web
    description:
      description: What it is for.
      type: str
      sample: What the trust client of the web servers needs
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
              Service: [ecs.aliyuncs.com]
    policies:
      description: The policies it has, by name.
      type: list
      elements: dict
      sample: [{"name": "trusted-web-trust-report", "type": "Custom"}]
      contains:
        name:
          description: Name of the policy.
          type: str
        type:
          description: V(System) or V(Custom).
          type: str
    instance_ids:
      description: Those of O(instance_ids) that have the role.
      type: list
      elements: str
      sample: [i-bp1a2b3c4d5e6f7g8h9j]
    users:
      description: The RAM users that may use it. Returned when O(users) is given.
      type: list
      elements: str
      sample: [deployer]
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
      The RAM role corp-prod stays: it does not carry the tag alitrust.ecs:owner, so it is not this collection's.
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: create role trusted-web; create policy trusted-web-trust-report
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [create role trusted-web, create policy trusted-web-trust-report]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ram:GetRole": 2, "ram:CreateRole": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.instance_role import SPEC, InstanceRamRole


def main() -> None:
    flow.run(create(SPEC), InstanceRamRole)


if __name__ == "__main__":
    main()
