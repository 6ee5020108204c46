#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sg_rule_export
short_description: Write the rules of a security group to a file
version_added: 1.0.0
description:
  - Writes all rules of one security group to a JSON or CSV file, under the name that the console of Alibaba Cloud gives
    to it, on the machine that runs the module.
  - M(alitrust.ecs.sg_rule) reads such a file again (O(alitrust.ecs.sg_rule#module:rules_file)), for the same group or
    another one, in this region or another one.
  - The documents of Alibaba Cloud tell the names of such files, but not what is in them. Here it is an element or a
    line for each rule, with the fields of the operation DescribeSecurityGroupAttribute, in an order that depends on
    nothing but the rules. IDs of rules and times of creation are left out, so the same rules make the same file.
  - In CSV, a cell that a spreadsheet would take for a formula, which is one that starts with C(=), C(+), C(-), C(@) or
    white space, gets an apostrophe before it. M(alitrust.ecs.sg_rule) takes it away.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
options:
  security_group_id:
    description: ID of the group.
    type: str
  security_group:
    description: Name of the group, the only one of that name in the region or in O(vpc_id).
    type: str
  vpc_id:
    description: ID of the VPC in which O(security_group) is looked up.
    type: str
  vpc:
    description: Name of the VPC, instead of O(vpc_id).
    type: str
  network_type:
    description: Kind of network in which O(security_group) is looked up. V(classic) finds the group of the classic
      network where a VPC has one of that name, too.
    type: str
    choices: [vpc, classic]
  dest:
    description: The directory for the file, which exists.
    type: path
    required: true
  format:
    description:
      - V(json) makes C(ecs_<region>_<group ID>.json).
      - V(csv) makes C(ecs_sgRule_<group ID>_<region>_<time>.csv).
    type: str
    choices: [json, csv]
    default: json
  time:
    description:
      - The time in the name of a CSV file. It is the date of today in UTC, such as V(2026-01-20), unless given, so that
        there is a new file each day.
    type: str
seealso:
  - module: alitrust.ecs.sg_rule
  - module: alitrust.ecs.sg_rule_info
  - ref: ansible_collections.alitrust.ecs.docsite.security_groups
    description: Recipes for security groups and their rules.
"""

EXAMPLES = r"""
- name: Keep the rules of a group in a file
  alitrust.ecs.sg_rule_export:
    region: cn-hangzhou
    security_group: web
    dest: "{{ playbook_dir }}"
  register: backup

- name: Keep them as CSV, one file a day
  alitrust.ecs.sg_rule_export:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90000
    dest: "{{ playbook_dir }}"
    format: csv

- name: Choose the time in the name
  alitrust.ecs.sg_rule_export:
    region: cn-hangzhou
    security_group_id: sg-bp1fg655nh68xyz90000
    dest: "{{ playbook_dir }}"
    format: csv
    time: before-release-7
"""

RETURN = r"""
security_group_id:
  description: ID of the group.
  returned: success
  type: str
  sample: sg-bp1fg655nh68xyz90000
path:
  description: Absolute path of the file.
  returned: success
  type: str
  sample: /srv/backup/ecs_cn-hangzhou_sg-bp1fg655nh68xyz90000.json
rule_count:
  description: How many rules the file holds.
  returned: success
  type: int
  sample: 12
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: write 12 rules of sg-bp1fg655nh68xyz90000 to /srv/backup/ecs_cn-hangzhou_sg-bp1fg655nh68xyz90000.json
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [write 12 rules of sg-bp1fg655nh68xyz90000 to /srv/backup/ecs_cn-hangzhou_sg-bp1fg655nh68xyz90000.json]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeSecurityGroupAttribute": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule_export import RuleExport


def main() -> None:
    module = create(
        {
            "security_group_id": {"type": "str"},
            "security_group": {"type": "str"},
            "vpc_id": {"type": "str"},
            "vpc": {"type": "str"},
            "network_type": {"type": "str", "choices": ["vpc", "classic"]},
            "dest": {"type": "path", "required": True},
            "format": {"type": "str", "choices": ["json", "csv"], "default": "json"},
            "time": {"type": "str"},
        }
    )
    flow.run(module, RuleExport)


if __name__ == "__main__":
    main()
