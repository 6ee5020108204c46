#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: keypair_info
short_description: Read SSH key pairs
version_added: 1.0.0
description:
  - Lists the key pairs of a region that match every filter given, with public key and fingerprint.
  - Tells on request which of them a key that you have belongs to.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.attributes.info
options:
  name:
    description: Name of the pairs. An asterisk stands for any text.
    type: str
  fingerprint:
    description: Fingerprint of the pair.
    type: str
  tags:
    description: Tags that the pairs have, all of them.
    type: dict
  public_key:
    description:
      - A public key to compare with, one line in the form of OpenSSH. Each pair then has C(matches). The comment at its
        end does not count.
      - It excludes O(private_key_file).
    type: str
  private_key_file:
    description:
      - File with a private key whose public half is compared, in any form that OpenSSH or Alibaba Cloud writes. The
        public half is returned in RV(compared_with); nothing of the private key leaves the file.
    type: path
  include_instances:
    description: Whether to read which instances each pair is bound to, which costs one more call a pair.
    type: bool
    default: false
seealso:
  - module: alitrust.ecs.keypair
  - ref: ansible_collections.alitrust.ecs.docsite.key_rotation
    description: How the SSH keys of running instances are replaced.
"""

EXAMPLES = r"""
- name: List all key pairs
  alitrust.ecs.keypair_info:
    region: cn-hangzhou
  register: pairs

- name: See what the key pairs of the fleet are bound to
  alitrust.ecs.keypair_info:
    region: cn-hangzhou
    name: fleet*
    include_instances: true

- name: Find a key pair by its fingerprint
  alitrust.ecs.keypair_info:
    region: cn-hangzhou
    fingerprint: "{{ pairs.key_pairs[0].fingerprint }}"

- name: See the public key of a private key, and which key pair it belongs to
  alitrust.ecs.keypair_info:
    region: cn-hangzhou
    private_key_file: ~/.ssh/fleet.pem
  register: mine

- name: Compare a local public key with the stored one
  alitrust.ecs.keypair_info:
    region: cn-hangzhou
    name: ops
    public_key: "{{ lookup('ansible.builtin.file', '~/.ssh/id_rsa.pub') }}"
  register: compared

- name: Stop where they differ
  ansible.builtin.assert:
    that: compared.key_pairs[0].matches
"""

RETURN = r"""
key_pairs:
  description: The pairs found, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the pair.
      type: str
      sample: fleet
    fingerprint:
      description: Fingerprint as Alibaba Cloud tells it.
      type: str
      sample: "89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b"
    public_key:
      description: The public key.
      type: str
      sample: ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ
    tags:
      description: Tags of the pair, without system tags.
      type: dict
      sample: {team: ops}
    creation_time:
      description: When the pair was made.
      type: str
      sample: "2026-01-20T08:15:00Z"
    instance_ids:
      description: Instances that the pair is bound to.
      type: list
      elements: str
      returned: when O(include_instances) is true
      sample: [i-bp1a2b3c4d5e6f7g8h90]
    matches:
      description: Whether it is the key to compare with.
      type: bool
      returned: when O(public_key) or O(private_key_file) is given
      sample: true
compared_with:
  description: The public key that pairs were compared with.
  returned: when O(public_key) or O(private_key_file) is given
  type: str
  sample: ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 key pairs
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeKeyPairs": 1}
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._keypair.info import read
from ansible_collections.alitrust.ecs.plugins.module_utils._keypair.public_key import secrets_of


def main() -> None:
    module = create(
        {
            "name": {"type": "str"},
            "fingerprint": {"type": "str"},
            "tags": {"type": "dict"},
            "public_key": {"type": "str"},
            "private_key_file": {"type": "path"},
            "include_instances": {"type": "bool", "default": False},
        },
        secrets_of,
    )
    flow.read(module, read)


if __name__ == "__main__":
    main()
