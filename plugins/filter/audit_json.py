# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_json
short_description: An audit as JSON
version_added: 1.0.0
author:
  - alitrust.ecs authors (@alitrust)
description:
  - Writes what M(alitrust.ecs.audit_info) returns as C(ansible.builtin.to_nice_json) does with an indentation of 2, in
    a shorter time, which counts for a region of thousands of instances.
options:
  _input:
    description: The value C(audit) of M(alitrust.ecs.audit_info).
    type: dict
    required: true
seealso:
  - module: alitrust.ecs.audit_info
    description: The role P(alitrust.ecs.audit#role) writes it to a file.
  - plugin: alitrust.ecs.audit_html
    plugin_type: filter
    description: The same as a page.
"""

EXAMPLES = r"""
- name: Keep what was found
  ansible.builtin.copy:
    content: "{{ found.audit | alitrust.ecs.audit_json }}\n"
    dest: audit.json
    mode: '0600'
"""

RETURN = r"""
_value:
  description: The text, without a line break at its end.
  type: str
"""

import json
import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.alitrust.ecs.plugins.plugin_utils import _core_version
from ansible_collections.alitrust.ecs.plugins.plugin_utils._garbage import uncollected
from ansible_collections.alitrust.ecs.plugins.plugin_utils._plain import plain

_WANTED = "audit_json needs the value 'audit' that alitrust.ecs.audit_info returns"


def audit_json(audit: t.Any) -> str:
    complaint = _core_version.complaint()
    if complaint:
        raise AnsibleFilterError(complaint)
    if not isinstance(audit, Mapping) or "figures" not in audit:
        raise AnsibleFilterError(f"{_WANTED}; this one has no figures.")
    try:
        with uncollected():
            return json.dumps(plain(audit), indent=2, sort_keys=True)
    except TypeError as exc:
        raise AnsibleFilterError(f"{_WANTED}; this one cannot be written: {exc}.") from None


class FilterModule:
    """The filter of this collection."""

    def filters(self) -> dict[str, t.Callable[..., str]]:
        return {"audit_json": audit_json}
