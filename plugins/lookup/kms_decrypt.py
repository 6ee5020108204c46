# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: kms_decrypt
short_description: What a key of KMS has encrypted
version_added: 1.0.0
description:
  - Decrypts ciphertexts that the operation Encrypt of the Key Management Service (KMS) has answered, so that a value
    can lie encrypted beside the playbook. Whoever may not use the key cannot read it.
  - A ciphertext tells by itself which key opens it. It needs the right C(kms:Decrypt) on that key.
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.variables
options:
  _terms:
    description: Ciphertexts (C(CiphertextBlob)), each as Base64. Blanks and line breaks in it do not count.
    type: list
    elements: str
    required: true
  encryption_context:
    description: The same texts by name that it was encrypted with.
    type: dict
    default: {}
  as_base64:
    description: Whether to return Base64 of what was encrypted, as what is no text needs.
    type: bool
    default: false
notes:
  - Ansible shows the arguments of a task with C(-vvv), and what fails in it. Set C(no_log) to V(true) for every task
    that uses a value.
  - Within one task, a ciphertext is decrypted once, and what it holds is kept in the memory of the process that runs
    the task. Nothing is written to a disk.
seealso:
  - module: alitrust.ecs.kms_key
  - plugin: alitrust.ecs.kms_secret
    plugin_type: lookup
  - ref: ansible_collections.alitrust.ecs.docsite.secrets
    description: Where values live, and who can read them.
"""

EXAMPLES = r"""
- name: Write a licence that lies encrypted beside the playbook
  ansible.builtin.copy:
    content: "{{ lookup('alitrust.ecs.kms_decrypt', licence, region='cn-hangzhou') }}"
    dest: /etc/shop/licence
    mode: '0600'
  vars:
    licence: "{{ lookup('ansible.builtin.file', 'licence.kms') }}"
  no_log: true

- name: Use a password that was encrypted for one purpose
  ansible.builtin.uri:
    url: https://shop.example.com/api/health
    url_username: shop
    url_password: "{{ lookup('alitrust.ecs.kms_decrypt', shop_password, encryption_context={'service': 'shop'}) }}"
  no_log: true
"""

RETURN = r"""
_raw:
  description: What was encrypted, in the order of the ciphertexts.
  type: list
  elements: str
  sample: [Example-Pass-1]
"""

import base64
import typing as t

from ..module_utils._cloud.door import Cloud
from ..module_utils._cloud.errors import UnexpectedState
from ..module_utils._kms import crypto
from ..plugin_utils._cloud_lookup import CloudLookup


class LookupModule(CloudLookup):
    """What ciphertexts hold."""

    NAME = "alitrust.ecs.kms_decrypt"

    def look_up(self, cloud: Cloud, terms: list[t.Any]) -> list[t.Any]:
        context: dict[str, str] = self.get_option("encryption_context")
        crypto.check_context("encryption_context", context)
        blobs = [crypto.check_ciphertext("the ciphertext", one) for one in terms]
        return [self._text(self._opened(cloud, blob, context)) for blob in blobs]

    def _opened(self, cloud: Cloud, blob: str, context: dict[str, str]) -> bytes:
        key = (blob, tuple(sorted(context.items())))
        opened: bytes = self.once(cloud, key, lambda: crypto.decrypt(cloud, blob, context))
        return opened

    def _text(self, content: bytes) -> str:
        if self.get_option("as_base64"):
            return base64.b64encode(content).decode()
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise UnexpectedState(
                "What was encrypted is no text.", hint="Set as_base64 to true to get it as Base64."
            ) from None
