#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: prefix_list_info
short_description: Read prefix lists with their entries
version_added: 1.0.0
description:
  - Lists the prefix lists of a region that match every filter given, each with its entries and how many security groups
    name it.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  names:
    description: Exact names of the prefix lists. An empty list finds nothing.
    type: list
    elements: str
    aliases: [name]
  prefix_list_ids:
    description: IDs of the prefix lists. IDs that do not exist are left out of the result. An empty list finds nothing.
    type: list
    elements: str
    aliases: [ids, prefix_list_id]
  address_family:
    description: Whether their entries are IPv4 or IPv6.
    type: str
    choices: [IPv4, IPv6]
  tags:
    description: Tags that the prefix lists have, all of them.
    type: dict
seealso:
  - module: alitrust.ecs.prefix_list
  - module: alitrust.ecs.sg_rule_info
"""

EXAMPLES = r"""
- name: List the prefix lists of a region
  alitrust.ecs.prefix_list_info:
    region: cn-hangzhou
  register: found

- name: Show those that no rule names
  ansible.builtin.debug:
    msg: "{{ item.name }}"
  loop: "{{ found.prefix_lists | selectattr('association_count', 'equalto', 0) }}"
  loop_control:
    label: "{{ item.prefix_list_id }}"
"""

RETURN = r"""
prefix_lists:
  description: The prefix lists found, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    prefix_list_id:
      description: ID of the prefix list.
      type: str
      sample: pl-x1j1k5ykzqlixdcy0000
    name:
      description: Its name.
      type: str
      sample: office
    description:
      description: Its description.
      type: str
      sample: networks of the offices
    address_family:
      description: V(IPv4) or V(IPv6).
      type: str
      sample: IPv4
    max_entries:
      description: How many entries it can have. A rule that names it counts as that many rules.
      type: int
      sample: 10
    entries:
      description: Its entries, sorted by their blocks.
      type: list
      elements: dict
      contains:
        cidr:
          description: A CIDR block.
          type: str
          sample: 192.0.2.0/24
        description:
          description: Its description.
          type: str
          sample: first office
    association_count:
      description: How many security groups name it in their rules.
      type: int
      sample: 2
    creation_time:
      description: When it was made, in UTC.
      type: str
      sample: "2026-11-28T10:00:00Z"
    tags:
      description: Its tags, without system tags.
      type: dict
      sample: {"alitrust.ecs:owner": office}
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 prefix lists
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribePrefixListAttributes": 2, "ecs:DescribePrefixLists": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._prefix_list.find import INFO_SPEC, read_lists


def main() -> None:
    flow.read(create(INFO_SPEC), read_lists)


if __name__ == "__main__":
    main()
