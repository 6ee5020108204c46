# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks that mend what an audit found, as YAML to paste into a playbook. Private to this collection."""

from __future__ import annotations

import typing as t

import yaml

Item = dict[str, t.Any]

#: Longest line.
_WIDTH = 96
_PLACEHOLDER_OPEN = ("{{", "{%", "{#")
#: What a mending task leaves for the user to fill in.
_PLACEHOLDERS = frozenset(
    "{{ " + name + " }}"
    for name in (
        "admin_networks",
        "key_pair",
        "kms_key_id",
        "new_name",
        "recipient_accounts",
        "shared_keys",
        "trusted_image_id",
        "wanted_rules",
    )
)


class _Unsafe(str):
    """Text from the cloud that Ansible must not take for a template when a user pastes it into a playbook."""


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> t.Any:
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data: t.Any) -> bool:
        return True


# Before ansible-core 2.19, text of others is of a class of its own.
_Dumper.add_multi_representer(str, lambda dumper, text: dumper.represent_str(str.__str__(text)))
_Dumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style="'"))


def tasks(finding: Item) -> str:
    """The tasks that mend a finding, as YAML to paste into a playbook."""
    listed = [{"name": finding["title"], task["module"]: _marked(task["options"])} for task in finding["mend"]]
    return yaml.dump(listed, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH) if listed else ""


def _marked(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _marked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked(item) for item in value]
    if isinstance(value, str) and value not in _PLACEHOLDERS and any(mark in value for mark in _PLACEHOLDER_OPEN):
        return _Unsafe(value)
    return value
