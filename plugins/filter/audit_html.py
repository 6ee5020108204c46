# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_html
short_description: An audit as one HTML page
version_added: 1.0.0
author:
  - alitrust.ecs authors (@alitrust)
description:
  - Renders what M(alitrust.ecs.audit_info) returns with a Jinja template, everything in it escaped.
  - The template gets the variables C(audit), C(view) (charts, pictures and tasks, all positions computed) and C(marks).
positional: template
options:
  _input:
    description: The value C(audit) of M(alitrust.ecs.audit_info).
    type: dict
    required: true
  template:
    description: The template. The role P(alitrust.ecs.audit#role) has one.
    type: str
    required: true
seealso:
  - module: alitrust.ecs.audit_info
    description: The role P(alitrust.ecs.audit#role) makes a report of it.
  - plugin: alitrust.ecs.audit_json
    plugin_type: filter
    description: The same as JSON.
"""

EXAMPLES = r"""
- name: Render a report with a template of your own
  ansible.builtin.copy:
    content: "{{ found.audit | alitrust.ecs.audit_html(lookup('ansible.builtin.file', 'report.html.j2')) }}"
    dest: report.html
    mode: '0600'
"""

RETURN = r"""
_value:
  description: The page.
  type: str
"""

import typing as t
from collections.abc import Mapping

import jinja2
from ansible.errors import AnsibleFilterError

from ansible_collections.alitrust.ecs.plugins.plugin_utils import _core_version
from ansible_collections.alitrust.ecs.plugins.plugin_utils._audit_view import html
from ansible_collections.alitrust.ecs.plugins.plugin_utils._garbage import uncollected


def audit_html(audit: t.Any, template: t.Any) -> str:
    complaint = _core_version.complaint()
    if complaint:
        raise AnsibleFilterError(complaint)
    if not isinstance(audit, Mapping) or "figures" not in audit:
        raise AnsibleFilterError(
            "audit_html needs the value 'audit' that alitrust.ecs.audit_info returns; this one has no figures."
        )
    try:
        with uncollected():
            return html(audit, str(template))
    except (LookupError, TypeError, ValueError, AttributeError) as exc:
        raise AnsibleFilterError(
            f"audit_html needs the value 'audit' that alitrust.ecs.audit_info returns; this one is not whole: {exc}."
        ) from None
    except jinja2.TemplateError as exc:
        raise AnsibleFilterError(f"The template of the report cannot be rendered: {exc}") from exc


class FilterModule:
    """The filter of this collection."""

    def filters(self) -> dict[str, t.Callable[..., str]]:
        return {"audit_html": audit_html}
