# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of ansible-core's own connection C(ssh), those of the ansible-core in use.

What is derived from that plugin takes its options, which differ from release to release, so they are taken from it
instead of being written down once more.
"""

from __future__ import annotations

import typing as t

import yaml
from ansible.plugins.connection import ssh


def _without_versions(value: t.Any) -> t.Any:
    """The same without releases of ansible-core, which would be taken for some of this collection."""
    if isinstance(value, dict):
        return {key: _without_versions(one) for key, one in value.items() if key not in ("version_added", "deprecated")}
    if isinstance(value, list):
        return [_without_versions(one) for one in value]
    return value


class ModuleDocFragment:
    DOCUMENTATION: str


# Not in the class: ansible-test reads that without running it, and only knows texts there.
ModuleDocFragment.DOCUMENTATION = yaml.safe_dump(
    {"options": _without_versions(yaml.safe_load(ssh.DOCUMENTATION)["options"])}
)
