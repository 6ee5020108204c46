#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_key_info
short_description: Learn the SSH host keys of instances through the signed API
version_added: 1.0.0
description:
  - Reads the public host keys of running instances with Cloud Assistant, so that C(known_hosts) can be filled without
    trusting whoever answers on port 22 first.
  - It runs one command that only reads, as root, in each instance. The caller needs C(ecs:RunCommand) and
    C(ecs:DescribeInvocationResults).
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
attributes:
  check_mode:
    description: Can run in C(check_mode); it never changes anything.
    support: full
    details: The one command that reads the keys is run in the instances in check mode, too.
options:
  instance_ids:
    description: Ids of the instances.
    type: list
    elements: str
    required: true
  wait_timeout:
    description:
      - How long to wait for Cloud Assistant, in seconds. Its agent comes up a little after the instance is V(Running).
    type: int
    default: 300
seealso:
  - module: alitrust.ecs.trusted_instance
  - module: ansible.builtin.known_hosts
  - ref: ansible_collections.alitrust.ecs.docsite.quick_start
    description: >-
      How to begin, on the local cloud and on a real account.
      The role P(alitrust.ecs.fleet#role) makes a fleet with its key pair.
"""

EXAMPLES = r"""
- name: Learn the host keys of a new instance
  alitrust.ecs.host_key_info:
    region: cn-hangzhou
    instance_ids: [i-bp1abcdefghijklmnopq]
  register: learnt

- name: Remember them
  ansible.builtin.known_hosts:
    name: 172.16.0.10
    key: "172.16.0.10 {{ item }}"
  loop: "{{ learnt.host_keys[0].public_keys }}"
"""

RETURN = r"""
host_keys:
  description: The host keys of each instance, in the order of O(instance_ids).
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: Id of the instance.
      type: str
      sample: i-bp1abcdefghijklmnopq
    public_keys:
      description: Public keys in the form of C(known_hosts), without the host's name.
      type: list
      elements: str
      sample: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 host keys
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:RunCommand": 1, "ecs:DescribeInvocationResults": 2}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.host_keys import read_host_keys


def main() -> None:
    module = create(
        {
            "instance_ids": {"type": "list", "elements": "str", "required": True},
            "wait_timeout": {"type": "int", "default": 300},
        }
    )
    flow.read(module, read_host_keys)


if __name__ == "__main__":
    main()
