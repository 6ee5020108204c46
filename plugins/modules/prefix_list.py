#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: prefix_list
short_description: Manage a prefix list, which rules of security groups name
version_added: 1.0.0
description:
  - Makes a prefix list, a named set of networks, keeps its entries, and deletes it. Rules that name it, by
    M(alitrust.ecs.sg_rule), follow its entries.
  - A prefix list is found by O(prefix_list_id) or O(name). Where several have the name the task fails and lists them.
  - What this module makes carries the tag C(alitrust.ecs:owner) with the name of the list as the value. Alibaba Cloud
    takes tags of a prefix list only when it is made, so that one that others made never gets the tag.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes
  - alitrust.ecs.ownership
options:
  state:
    description:
      - Whether the prefix list is to exist.
      - V(absent) deletes one that carries the tag C(alitrust.ecs:owner), or any with O(adopt), when no rule names it
        any more.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: Name of the prefix list, 2 to 128 characters, first a letter. Needed to make one.
    type: str
  prefix_list_id:
    description: ID of an existing prefix list.
    type: str
  address_family:
    description: Whether its entries are IPv4 or IPv6. Needed to make one. It cannot be changed.
    type: str
    choices: [IPv4, IPv6]
  max_entries:
    description: How many entries it can have, 1 to 200. Needed to make one. It cannot be changed. A rule that names the
      list counts as that many rules of its group, however many entries there are.
    type: int
  entries:
    description: The networks that are to be in it. When this is not given, entries are left alone.
    type: list
    elements: dict
    suboptions:
      cidr:
        description: A CIDR block, or an address. V(192.0.2.7/24) is taken as the network that it is in, with a warning.
        type: str
        required: true
      description:
        description: Its description, 2 to 256 characters. When this is not given, it is left alone.
        type: str
  purge_entries:
    description: Whether entries that are not in O(entries) are removed. Of a list that others made they are only with
      O(adopt).
    type: bool
    default: true
  description:
    description: Description of the prefix list, 2 to 256 characters.
    type: str
  tags:
    description: Tags that a new one gets, and that one that is there must have.
    type: dict
  wait_timeout:
    description: How long to wait for the changes to show, or for the list to be free to be deleted, in seconds.
    type: int
    default: 300
seealso:
  - module: alitrust.ecs.prefix_list_info
  - module: alitrust.ecs.sg_rule
"""

EXAMPLES = r"""
- name: Make a prefix list of the offices
  alitrust.ecs.prefix_list:
    region: cn-hangzhou
    name: office
    address_family: IPv4
    max_entries: 10
    entries:
      - cidr: 192.0.2.0/24
        description: first office
      - cidr: 198.51.100.0/24
        description: second office
  register: office

- name: Let the offices in
  alitrust.ecs.sg_rule:
    region: cn-hangzhou
    security_group: web
    rules:
      - protocol: tcp
        ports: 443
        prefix_list_id: "{{ office.prefix_list.prefix_list_id }}"

- name: Add an office, and leave the others alone
  alitrust.ecs.prefix_list:
    region: cn-hangzhou
    name: office
    entries:
      - cidr: 203.0.113.0/24
        description: third office
    purge_entries: false

- name: Delete a prefix list that no rule names
  alitrust.ecs.prefix_list:
    region: cn-hangzhou
    name: former-office
    state: absent
"""

RETURN = r"""
prefix_list:
  description: The prefix list as it is now, as it would be in check mode, or null when it was deleted.
  returned: success
  type: dict
  contains:
    prefix_list_id:
      description: ID of the prefix list. In check mode, one that later tasks of the run understand when it would
        be made.
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
      description: When it was made, in UTC. Null in check mode when it would be made.
      type: str
      sample: "2026-11-28T10:00:00Z"
    tags:
      description: Its tags, without system tags.
      type: dict
      sample: {"alitrust.ecs:owner": office}
kept:
  description: What was left alone because it is not this collection's or still used, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample: ["Using the existing prefix list office (pl-x1j1k5ykzqlixdcy0000); it is left as it is."]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: create prefix list office
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [create prefix list office]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:CreatePrefixList": 1, "ecs:DescribePrefixListAttributes": 2, "ecs:DescribePrefixLists": 3}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._prefix_list.prefix_list import CONSTRAINTS, SPEC, PrefixList


def main() -> None:
    flow.run(create(SPEC, **CONSTRAINTS), PrefixList)


if __name__ == "__main__":
    main()
