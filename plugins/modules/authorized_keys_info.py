#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: authorized_keys_info
short_description: Read which SSH keys the sshd of an instance takes for a user
version_added: 1.0.0
description:
  - Asks this machine's sshd where it reads the keys of a user from (C(sshd -T)), and reads them. There need not be any.
  - Tells on request why given keys would not let the user in.
  - It runs in the instance, with Python 3.8 or newer and nothing besides. It calls no API and needs no AccessKey pair.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.attributes.info
attributes:
  action_group:
    description: Use C(group/alitrust.ecs.all) in C(module_defaults) to set defaults for this module.
    support: none
    details: The group is for modules that call the API, and this one has none of their options.
options:
  user:
    description: The user whose keys they are.
    type: str
    required: true
  keys:
    description: Lines as in C(authorized_keys), of which RV(problems) says why they would not let the user in.
    type: list
    elements: str
  address:
    description:
      - The address that the user comes from, by which C(Match Address), C(AllowUsers) and their like are judged.
      - The default is where the connection of this task comes from.
    type: str
  sshd_path:
    description: Where sshd is, if not in one of the usual places.
    type: path
  sshd_config:
    description: The configuration of sshd, if it is started with another than its usual one.
    type: path
seealso:
  - module: alitrust.ecs.authorized_keys
notes:
  - Run it on instances, with C(become).
"""

EXAMPLES = r"""
- name: Who may log in as root?
  alitrust.ecs.authorized_keys_info:
    user: root
  become: true
  register: found

- name: Show it
  ansible.builtin.debug:
    msg: "{{ found.lines }}"
"""

RETURN = r"""
user:
  description: The user whose keys they are.
  returned: success
  type: str
  sample: root
address:
  description: The address that logins were judged for.
  returned: success
  type: str
  sample: 192.0.2.10
files:
  description: The files that sshd reads keys of the user from.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
      sample: /root/.ssh/authorized_keys
    exists:
      description: Whether it is there.
      type: bool
      sample: true
    shared:
      description: Whether it is the same file for every user.
      type: bool
      sample: false
    content:
      description: What is in it, base64.
      type: str
      sample: c3NoLWVkMjU1MTkgQUFBQQo=
lines:
  description: The lines of these files, without comments and blank lines. sshd may pass some of them by.
  returned: success
  type: list
  elements: str
  sample: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOhs/FMY3isWG2WOUcBtq0rcsYMEhgCNIyNBeSyHRaiN anna@example.com"]
other_sources:
  description: What may let further keys in.
  returned: success
  type: list
  elements: str
  sample: ["AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys"]
problems:
  description: Why O(keys) would not let the user in; empty when they would.
  returned: success
  type: list
  elements: str
  sample: ["PermitRootLogin is no"]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: 2 lines of keys of root in /root/.ssh/authorized_keys
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.in_instance import InstanceModule
from ansible_collections.alitrust.ecs.plugins.module_utils._ssh.authorized_keys import INFO_SPEC, tell
from ansible_collections.alitrust.ecs.plugins.module_utils._ssh.module import run_module, secrets_of


def main() -> None:
    module = InstanceModule(INFO_SPEC, secrets_of)
    run_module(module, lambda run, _label: {"changed": False, **tell(module.params, run)})


if __name__ == "__main__":
    main()
