# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the ansible-core in use is one that this collection works with, and what some of them lack. Private to this
collection.

Ansible only warns about C(requires_ansible), and goes on. Whatever is imported before this was asked takes from
ansible-core only what older ones have, too.
"""

from __future__ import annotations

import typing as t

from ansible import release

running: str = release.__version__
#: The same as C(requires_ansible) in meta/runtime.yml.
OLDEST = (2, 18)
#: From here on only what was written in a playbook or a file of variables is a template.
_KNOWS_ORIGINS = (2, 19)


def number() -> tuple[int, int]:
    """The first two parts of the version in use."""
    major, minor = running.split(".")[:2]
    return int(major), int(minor)


def complaint() -> str | None:
    """What to say where the ansible-core in use is too old; None where it is not."""
    if number() >= OLDEST:
        return None
    oldest = ".".join(map(str, OLDEST))
    return (
        f"alitrust.ecs needs ansible-core {oldest} or newer, and this is {running}. Nothing was done. Install a "
        f"newer one, for example with: pip install 'ansible-core>={oldest}'"
    )


def is_template(value: str) -> bool:
    """Whether a text with braces is taken for a template, as far as the ansible-core in use can tell."""
    if number() < _KNOWS_ORIGINS:
        return False
    from ansible.template import is_trusted_as_template

    return bool(is_trusted_as_template(value))


def plain(value: t.Any) -> t.Any:
    """A value of others, such as the tags of an instance, as one that is no template whatever it looks like."""
    if number() >= _KNOWS_ORIGINS:
        return value
    from ansible.utils.unsafe_proxy import wrap_var

    return wrap_var(value)
