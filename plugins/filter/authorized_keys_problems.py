# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: authorized_keys_problems
short_description: Why sshd would not take lines of authorized_keys
version_added: 1.0.0
author:
  - alitrust.ecs authors (@alitrust)
description:
  - Reads lines of C(authorized_keys) on the controller, by the grammar of sshd, and tells what is wrong with them. An
    empty list means that nothing is.
  - Each problem names the entry by its number and comment. A key itself is never in the text, because it could be a
    private key that was pasted by mistake.
options:
  _input:
    description: Lines, or texts of several lines, as O(alitrust.ecs.authorized_keys#module:keys).
    type: list
    elements: str
    required: true
seealso:
  - module: alitrust.ecs.authorized_keys
"""

EXAMPLES = r"""
- name: Look at the keys before anything is changed
  ansible.builtin.assert:
    that: people | alitrust.ecs.authorized_keys_problems | length == 0
    fail_msg: "{{ people | alitrust.ecs.authorized_keys_problems | join('; ') }}"
  vars:
    people:
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOhs/FMY3isWG2WOUcBtq0rcsYMEhgCNIyNBeSyHRaiN anna@example.com
"""

RETURN = r"""
_value:
  description: What is wrong, in the order of the entries.
  type: list
  elements: str
"""

import typing as t
from collections.abc import Iterable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.alitrust.ecs.plugins.module_utils._ssh import listed
from ansible_collections.alitrust.ecs.plugins.plugin_utils import _core_version


def authorized_keys_problems(keys: t.Any) -> list[str]:
    complaint = _core_version.complaint()
    if complaint:
        raise AnsibleFilterError(complaint)
    if (
        isinstance(keys, (str, Mapping))
        or not isinstance(keys, Iterable)
        or not all(isinstance(key, str) for key in keys)
    ):
        raise AnsibleFilterError("authorized_keys_problems needs a list of lines of authorized_keys.")
    return listed.read(keys)[1]


class FilterModule:
    """The filter of this collection."""

    def filters(self) -> dict[str, t.Callable[..., list[str]]]:
        return {"authorized_keys_problems": authorized_keys_problems}
