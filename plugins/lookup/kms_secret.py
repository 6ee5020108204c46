# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: kms_secret
short_description: The value of a secret of KMS
version_added: 1.0.0
description:
  - Reads the value of one or more secrets of the Key Management Service (KMS), through the same calls as the modules.
  - It needs the right C(kms:GetSecretValue) to the secret, and C(kms:Decrypt) on its key where that is one of the
    account.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.variables
options:
  _terms:
    description: Names of the secrets, or their ARNs, as those of another account need.
    type: list
    elements: str
    required: true
  version_id:
    description: ID of the version to read, instead of the current one.
    type: str
  stage:
    description: What the version is marked with, for example V(ACSPrevious) for the one before. The default is
      V(ACSCurrent).
    type: str
  on_missing:
    description:
      - What to do where there is no such secret, or no such version of it.
      - V(error) fails. V(warn) and V(skip) leave it out of the result, V(warn) with a warning.
    type: str
    choices: [error, warn, skip]
    default: error
notes:
  - Ansible shows the arguments of a task with C(-vvv), and what fails in it. Set C(no_log) to V(true) for every task
    that uses a value. A value that was given to a variable with M(ansible.builtin.set_fact) can be cached on a disk;
    give it to the task instead.
  - Within one task, a secret is read once, and kept in the memory of the process that runs the task. Another task reads
    it anew. Nothing is written to a disk.
  - A binary value comes as the Base64 text that KMS keeps.
  - In check mode, a secret that an earlier task would have made has a stand-in for its value.
seealso:
  - module: alitrust.ecs.kms_secret
  - plugin: alitrust.ecs.kms_decrypt
    plugin_type: lookup
  - ref: ansible_collections.alitrust.ecs.docsite.secrets
    description: Where values live, who can read them, and how they are rotated.
"""

EXAMPLES = r"""
- name: Write the configuration of the shop
  ansible.builtin.template:
    src: shop.conf.j2
    dest: /etc/shop.conf
    mode: '0600'
  vars:
    database_password: "{{ lookup('alitrust.ecs.kms_secret', 'shop/database', region='cn-hangzhou') }}"
  no_log: true

- name: Read one of several settings that are kept as JSON
  ansible.builtin.uri:
    url: https://shop.example.com/api/health
    url_username: "{{ settings.user }}"
    url_password: "{{ settings.password }}"
  vars:
    settings: "{{ lookup('alitrust.ecs.kms_secret', 'shop/settings', region='cn-hangzhou') | from_json }}"
  no_log: true

- name: Prove that the value before still works
  ansible.builtin.command: shop-login --password-from-stdin
  args:
    stdin: "{{ lookup('alitrust.ecs.kms_secret', 'shop/database', region='cn-hangzhou', stage='ACSPrevious') }}"
  changed_when: false
  no_log: true
"""

RETURN = r"""
_raw:
  description: The values, in the order of the names.
  type: list
  elements: str
  sample: [Example-Pass-1]
"""

import typing as t

from ..module_utils._cloud.door import Cloud
from ..module_utils._cloud.errors import UnexpectedState
from ..module_utils._cloud.texts import printable
from ..module_utils._kms import secrets
from ..plugin_utils._cloud_lookup import CloudLookup


class LookupModule(CloudLookup):
    """Values of secrets."""

    NAME = "alitrust.ecs.kms_secret"

    def look_up(self, cloud: Cloud, terms: list[t.Any]) -> list[t.Any]:
        for name in terms:
            secrets.check_readable("the name of a secret", name)
        values = [self._value(cloud, name) for name in terms]
        return [value for value in values if value is not None]

    def _value(self, cloud: Cloud, name: str) -> str | None:
        version_id, stage = self.get_option("version_id"), self.get_option("stage")
        if (made := secrets.find_foretold(cloud, name)) is not None:
            return f"what the secret {made.name} will hold"
        found: secrets.Value | None = self.once(
            cloud,
            (name, version_id, stage),
            lambda: secrets.read_value(cloud, name, version_id=version_id, stage=stage),
        )
        if found is not None:
            return found.data
        which = f" with a version {version_id}" if version_id else f" with the stage {stage}" if stage else ""
        missing = f"There is no secret {name}{which} in the region {cloud.region}."
        if self.get_option("on_missing") == "error":
            raise UnexpectedState(missing, hint="Check name and region; on_missing says what else to do than to fail.")
        if self.get_option("on_missing") == "warn":
            self._display.warning(f"{self.NAME}: {printable(missing)}")
        return None
