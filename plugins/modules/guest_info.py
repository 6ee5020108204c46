#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: guest_info
short_description: Read in one go what the role guest would change in an instance
version_added: 1.0.0
description:
  - Reads the version of a package, the state of a unit, and the facts of the system, and tells whether the SSH keys
    of a user or the configuration of sshd are other than asked for. The role P(alitrust.ecs.guest#role) skips by its
    answer what is in order.
  - What is not asked for by an option is not read.
  - It looks for a Python first where O(find_python) is given, in the same task, so that it serves on a host that was
    never seen. One command does all of it, whether pipelining is on or not. Where C(become) may want a password or a
    terminal, the task has an C(environment), SELinux is on or something fails, the module is run as others are.
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
  find_python:
    description:
      - A POSIX shell script that prints C(python=) and the path of the Python to run on, or nothing where there is
        none. It runs as the user who logs in.
      - The tasks that follow run on this Python too, unless C(ansible_python_interpreter) or the configuration names
        another.
      - Without it Ansible finds the Python, as for every module.
    type: str
  package:
    description: A package, of which the installed version is told.
    type: str
  package_formats:
    description: Which packages a distribution has, V(deb) or V(rpm), by the name of the distribution as in the fact.
    type: dict
    default: {}
  unit:
    description: A unit of systemd that is to be enabled and to run.
    type: str
  agent:
    description: An agent that is to be there and to run, such as that of Security Center.
    type: dict
    suboptions:
      folder:
        description: The folder that it is installed in.
        type: path
        required: true
      unit:
        description: The unit of systemd that it runs as.
        type: str
        required: true
      process:
        description: The name of its process, of which the kernel keeps the first 15 characters.
        type: str
        required: true
  user:
    description: The user whose keys O(keys) and O(absent_keys) are. The default is the user who logs in.
    type: str
  keys:
    description: The lines as in C(authorized_keys) that are to be there.
    type: list
    elements: str
  exclusive:
    description: Whether there are to be no others.
    type: bool
    default: false
  absent_keys:
    description: Public keys that are to be in none of the files that sshd reads for O(user).
    type: list
    elements: str
  remains:
    description: Paths that are there only where an earlier run was interrupted, of which those are told that exist.
    type: list
    elements: path
    default: []
  fact:
    description: A script that is to be there as a local fact.
    type: dict
    suboptions:
      path:
        description: The script. Its folder is that of the local facts.
        type: path
        required: true
      content:
        description: What is to be in it.
        type: str
        required: true
  sshd:
    description: How sshd is to be configured.
    type: dict
    suboptions:
      text:
        description: The lines that are to be in force.
        type: str
        required: true
      config:
        description: The configuration of sshd.
        type: path
        required: true
      drop_in:
        description: The file that O(sshd.text) is in where O(sshd.config) includes the files of its folder.
        type: path
        required: true
      marker:
        description:
          - What marks the block in O(sshd.config) that O(sshd.text) is in elsewhere, as in
            M(ansible.builtin.blockinfile).
        type: str
        required: true
seealso:
  - module: alitrust.ecs.authorized_keys_info
notes:
  - Run it on instances; with C(become) for O(keys), O(absent_keys) and O(sshd), which only root may ask sshd about.
"""

EXAMPLES = r"""
- name: Is the trust client there?
  alitrust.ecs.guest_info:
    package: t-trustclient
    package_formats: {Debian: deb, Ubuntu: deb, Alibaba: rpm}
    unit: t-trustclient.service
  register: found

- name: Show it
  ansible.builtin.debug:
    msg: "{{ found.package_version | default('not for this system', true) }}"
"""

RETURN = r"""
python:
  description:
    - The Python that the module ran on; empty where O(find_python) found none, and then nothing else was read.
  returned: success
  type: str
  sample: /usr/bin/python3
python_in_use:
  description: Whether the tasks that follow run on this Python without being told.
  returned: success
  type: bool
  sample: true
login_user:
  description: The user who logs in.
  returned: with O(find_python), O(keys), O(absent_keys) or O(sshd)
  type: str
  sample: root
is_root:
  description: Whether the module ran as root.
  returned: when there is a Python
  type: bool
  sample: true
system:
  description:
    - The system, named as the facts that M(ansible.builtin.setup) gathers for C(distribution) and C(platform); where
      O(fact) is as asked for, C(local) too.
  returned: when there is a Python
  type: dict
  sample: {architecture: x86_64, distribution: Ubuntu}
package_version:
  description: The installed version of O(package); empty where it is not installed.
  returned: with O(package), where O(package_formats) has the distribution
  type: str
  sample: 1.1.0
unit_in_order:
  description: Whether O(unit) is enabled and runs.
  returned: with O(unit)
  type: bool
  sample: true
agent_lacks:
  description: What is missing for O(agent) to be there and run, in words; empty where it does.
  returned: with O(agent)
  type: list
  elements: str
  sample: [the unit aegis.service does not run, there is no process AliYunDun]
keys_differ:
  description: Whether M(alitrust.ecs.authorized_keys) would change something with O(keys), or fail.
  returned: with O(keys)
  type: bool
  sample: false
absent_keys_differ:
  description: Whether M(alitrust.ecs.authorized_keys) would remove something of O(absent_keys), or fail.
  returned: with O(absent_keys)
  type: bool
  sample: false
sshd_differs:
  description: Whether O(sshd.text) is not where it is to be, not in force, or refused by sshd.
  returned: with O(sshd)
  type: bool
  sample: false
fact_differs:
  description: Whether O(fact) is not there, has another content, or it or its folder has another mode than 0755.
  returned: with O(fact)
  type: bool
  sample: false
remains:
  description: Those of O(remains) that exist.
  returned: when there is a Python
  type: list
  elements: str
  sample: []
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: keys would be changed
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.in_instance import InstanceModule
from ansible_collections.alitrust.ecs.plugins.module_utils._guest.local_facts import Facts
from ansible_collections.alitrust.ecs.plugins.module_utils._guest.state import SPEC, tell
from ansible_collections.alitrust.ecs.plugins.module_utils._ssh.module import run_module, secrets_of


def main() -> None:
    module = InstanceModule(SPEC, secrets_of)
    module.check_mode = True  # what else would be changed by the functions that it shares with others
    run_module(module, lambda run, label: tell(module.params, Facts(module), run, label))


if __name__ == "__main__":
    main()
