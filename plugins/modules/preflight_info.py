#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight_info
short_description: Tell what is lacking before anything is made
version_added: 1.0.0
description:
  - Takes the options of the tasks that are to follow, makes nothing, and tells everything that they would fail with, at
    once.
  - Each module checks its own options and looks at the account as in check mode. What one of them would make counts as
    there for the next, so that a whole chain is judged from nothing.
  - Looks at zone, instance type, stock, image, disks, quotas, free addresses, CIDR blocks, roles, key pairs, names that
    are taken, the state of KMS, the region, and at what the policies of the caller allow.
  - What the instances that are there already prove, as that KMS is switched on, is not asked for again.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  kms_service:
    description: Options of a task of M(alitrust.ecs.kms_service). An empty mapping stands for a task without options.
    type: dict
  kms_key:
    description: Options of a task of M(alitrust.ecs.kms_key), for example of the key that disks are encrypted with.
    type: dict
  session_manager:
    description:
      - Options of a task of M(alitrust.ecs.session_manager). An empty mapping stands for a task without options.
    type: dict
  instance_ram_role:
    description: Options of a task of M(alitrust.ecs.instance_ram_role).
    type: dict
  vpc:
    description: Options of a task of M(alitrust.ecs.vpc).
    type: dict
  security_group:
    description:
      - Options of a task of M(alitrust.ecs.security_group).
      - Without C(vpc_id), the group is in the VPC of O(vpc).
    type: dict
  sg_rule:
    description:
      - Options of a task of M(alitrust.ecs.sg_rule).
      - Where they name no group, the rules are for that of O(security_group).
    type: dict
  keypair:
    description: Options of a task of M(alitrust.ecs.keypair).
    type: dict
  kms_share_role:
    description:
      - Options of a task of M(alitrust.ecs.kms_share_role).
      - Looked at where a disk of O(trusted_instance) names a key.
    type: dict
  trusted_instance:
    description:
      - Options of a task of M(alitrust.ecs.trusted_instance).
      - Where they name no vSwitches and no security groups, those of O(vpc) and O(security_group) are meant.
    type: dict
  variables:
    description:
      - Variables of roles, to be checked by type and choices along with the rest.
    type: list
    elements: dict
    suboptions:
      specification:
        description: The C(options) of an argument specification.
        type: dict
        required: true
      values:
        description: The variables and their values.
        type: dict
        required: true
  called:
    description:
      - What the user calls options, where their values come from variables. The key is the module and its option, for
        example C(trusted_instance.count), or C(sg_rule.rules[0]) for an element; the value is the name of the variable.
      - Messages and RV(lacks[].option) have these names.
    type: dict
    default: {}
  check_rights:
    description:
      - Whether to read what the policies of the caller allow, and to tell which rights are lacking for what would be
        made. Nothing is read where nothing would be made.
      - In check mode, such a right is not lacking, because another caller may do what is checked; it is in RV(notes),
        and a warning.
      - Rights that a resource group gives cannot be seen; set this to V(false) then.
    type: bool
    default: true
  fail:
    description:
      - Whether the task fails if anything is lacking, with one message that tells all of it.
      - By default it only tells, as other modules that read.
    type: bool
    default: false
seealso:
  - module: alitrust.ecs.kms_service
  - module: alitrust.ecs.kms_key
  - module: alitrust.ecs.session_manager
  - module: alitrust.ecs.instance_ram_role
  - module: alitrust.ecs.vpc
  - module: alitrust.ecs.security_group
  - module: alitrust.ecs.sg_rule
  - module: alitrust.ecs.keypair
  - module: alitrust.ecs.trusted_instance
  - ref: ansible_collections.alitrust.ecs.docsite.quick_start
    description: >-
      What is told before anything is changed.
      The role P(alitrust.ecs.preflight#role) asks for everything that the playbooks will use.
"""

EXAMPLES = r"""
- name: See what a fleet in a new network would lack
  alitrust.ecs.preflight_info:
    region: cn-hangzhou
    kms_service: {}
    instance_ram_role:
      name: trusted-web
    vpc:
      name: web
      cidr_block: 172.16.0.0/16
      vswitches:
        - {name: web, zone_id: cn-hangzhou-h, cidr_block: 172.16.0.0/24}
    security_group:
      name: web
    sg_rule:
      rules:
        - {protocol: tcp, ports: 22, cidr: 203.0.113.0/24}
    keypair:
      name: web
      private_key_file: ~/.ssh/web.pem
    trusted_instance:
      fleet: web
      name: web-[1,3]
      count: 3
      instance_type: ecs.g7t.large
      image_id: aliyun_3_x64_20G_uefi_alibase_20240528.vhd
      key_name: web
      ram_role_name: trusted-web
  register: web

- name: List it
  ansible.builtin.debug:
    msg: "{{ web.lacks | map(attribute='problem') }}"

- name: Stop where instances could not be added to a group that exists
  alitrust.ecs.preflight_info:
    region: cn-hangzhou
    fail: true
    trusted_instance:
      fleet: shop
      name: shop-[1,3]
      count: 2
      instance_type: ecs.g7t.large
      image_id: aliyun_3_x64_20G_uefi_alibase_20240528.vhd
      vswitch_id: "{{ vswitch_id }}"
      security_group_ids: ["{{ security_group_id }}"]
"""

RETURN = r"""
lacks:
  description: What stands in the way, in the order of the modules. Empty if nothing does.
  returned: always
  type: list
  elements: dict
  contains:
    option:
      description: The option that it is about, by its name in O(called) where it has one; empty if it is about none.
      type: str
      sample: vpc.vswitches[0].zone_id
    problem:
      description: What is wrong.
      type: str
      sample: vpc.vswitches[0].zone_id is not given.
    expected:
      description: What would be right, where that is known.
      type: str
      sample: a network such as 172.16.0.0/16
    what_to_do:
      description: What to do about it.
      type: str
      sample: Set vpc.vswitches[0].zone_id to a zone such as cn-hangzhou-h.
notes:
  description:
    - What stands in nobody's way and is good to know, for example which things that exist are used as they are, that
      KMS would be switched on for good, and what could not be looked at.
  returned: always
  type: list
  elements: str
  sample: [KMS cannot be switched off again through the API.]
steps:
  description: What the tasks would do.
  returned: always
  type: list
  elements: str
  sample: [switch KMS on, create role trusted-web, create VPC web]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: nothing is lacking
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeInstances": 1, "vpc:DescribeVpcs": 1}
"""

from functools import partial

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._preflight.preflight import read
from ansible_collections.alitrust.ecs.plugins.module_utils._preflight.sections import SPEC, secrets_of


def main() -> None:
    module = create(SPEC, secrets_of)
    look = partial(read, check_mode=module.check_mode)
    flow.read(module, look, look)


if __name__ == "__main__":
    main()
