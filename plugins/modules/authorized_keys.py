#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: authorized_keys
short_description: Put SSH keys where the sshd of an instance reads them, or say why they do not let in
version_added: 1.0.0
description:
  - Adds lines to the file of a user that this machine's sshd reads public keys from, or removes them.
  - Each line is read by the grammar of sshd before anything is changed. A line that sshd would pass by is an error.
  - sshd is asked what is in force for the user (C(sshd -T)), Match blocks included. Keys go into the file that it
    reads, and where a key would not let in, the task fails with the reason and changes nothing.
  - In check mode a user who is not there is one whom an earlier task would make. A warning says so.
  - It runs in the instance, with Python 3.8 or newer and nothing besides. It calls no API and needs no AccessKey pair.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.attributes
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
    description:
      - Lines as in C(authorized_keys), with or without options and comment. Blank lines and comments count for nothing.
      - A key that is listed has exactly the lines that are listed for it, in this order. Another line with the same key
        and other options, which sshd might take first, is replaced.
      - With O(state=absent) the keys that are removed, whatever the options of their lines.
    type: list
    elements: str
    required: true
  state:
    description:
      - Whether the keys may log in. With V(absent) they are removed from every file that sshd reads for the user.
    type: str
    choices: [present, absent]
    default: present
  exclusive:
    description:
      - Whether all other keys are removed, from every file that sshd reads for the user. Comments stay.
      - Files that are for every user are left alone; the task warns of them, and of C(AuthorizedKeysCommand) and
        C(TrustedUserCAKeys), which may let in further keys.
    type: bool
    default: false
  return_before:
    description:
      - Whether RV(before) is returned, with which a later task can put back what this one has changed. All that is in
        the files is in it then, also what is no key.
    type: bool
    default: false
  restore:
    description:
      - Files as in RV(before), to put back what an earlier task has changed. Owner, mode and link of a file stay.
      - O(keys) must be empty then. Nothing is judged, and only files that sshd reads for O(user) alone are written.
    type: list
    elements: dict
    suboptions:
      path:
        description: The file.
        type: path
        required: true
      content:
        description: What is to be in it, base64.
        type: str
        required: true
  address:
    description:
      - The address that the user will come from, by which C(Match Address), C(AllowUsers) and their like are judged.
      - The default is where the connection of this task comes from.
      - C(from=) of a key is not judged by it, because keys of other people come from elsewhere.
    type: str
  sshd_path:
    description: Where sshd is, if not in one of the usual places.
    type: path
  sshd_config:
    description: The configuration of sshd, if it is started with another than its usual one.
    type: path
seealso:
  - module: alitrust.ecs.authorized_keys_info
  - ref: ansible_collections.alitrust.ecs.docsite.key_rotation
    description: >-
      How the SSH keys of running instances are replaced.
      The role P(alitrust.ecs.guest#role) uses this module, and proves the way in before it removes keys.
notes:
  - Run it on instances, with C(become). Without it the keys of the user that the task runs as can be managed; where
    sshd does not tell such a user anything, the module warns and takes C(~/.ssh/authorized_keys).
  - In the home of the user, C(.ssh) gets the mode 0700 and the file 0600, and both belong to the user. Elsewhere a new
    file belongs to root and has the mode 0644.
  - What sshd has in its configuration counts, also where it was not reloaded since that was changed.
"""

EXAMPLES = r"""
- name: Let two people in
  alitrust.ecs.authorized_keys:
    user: root
    keys:
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOhs/FMY3isWG2WOUcBtq0rcsYMEhgCNIyNBeSyHRaiN anna@example.com
      - from="10.0.0.0/8",no-pty ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBqOEuM2lGoJDcZDGo/Pe55DCFqw0wTuBdzf1EPiIGZM backup
  become: true

- name: Let one in no more
  alitrust.ecs.authorized_keys:
    user: root
    keys:
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOhs/FMY3isWG2WOUcBtq0rcsYMEhgCNIyNBeSyHRaiN
    state: absent
  become: true
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
file:
  description: The file that the keys are in.
  returned: when O(state=present) and there are keys
  type: str
  sample: /root/.ssh/authorized_keys
files:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/root/.ssh/authorized_keys]
before:
  description: The files that existed of those in RV(files), as they were.
  returned: with O(return_before)
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
      sample: /root/.ssh/authorized_keys
    content:
      description: What was in it, base64.
      type: str
      sample: c3NoLWVkMjU1MTkgQUFBQQo=
problems:
  description: Why keys do not let the user in.
  returned: failure, when that is the reason
  type: list
  elements: str
  sample: ["PermitRootLogin is no"]
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: /root/.ssh/authorized_keys of root was changed
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.in_instance import InstanceModule
from ansible_collections.alitrust.ecs.plugins.module_utils._ssh.authorized_keys import SPEC, manage
from ansible_collections.alitrust.ecs.plugins.module_utils._ssh.module import run_module, secrets_of


def main() -> None:
    module = InstanceModule(SPEC, secrets_of)
    run_module(module, lambda run, label: manage(module.params, run, label, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
