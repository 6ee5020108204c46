# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible hands to a filter, as Python's own dictionaries, lists and texts. Private to this collection.

Since ansible-core 2.19 a filter gets containers that look at each value that is taken out for whether it is a template.
What a module has returned never is, and a large result has a hundred thousand values. So containers that tell what
they hold (C(_non_lazy_copy)) are asked for that, and only texts that Ansible has marked are looked at. Where one of
them is a template, or something has another type, the containers have their way.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from . import _core_version

_PLAIN = (str, int, bool, float, type(None))


def plain(value: t.Any) -> t.Any:
    """Without the types that Ansible wraps values in."""
    try:
        return _as_it_is(value)
    except _NotAsItIsError:
        return _asked_for(value)


class _NotAsItIsError(Exception):
    """A value may be another one once Ansible is asked for it."""


def _as_it_is(value: t.Any) -> t.Any:
    """:raises _NotAsItIsError: something in there may be a template"""
    if value.__class__ in _PLAIN:
        return value
    if hasattr(value, "_non_lazy_copy"):
        value = value._non_lazy_copy()
    if isinstance(value, dict):
        return {str(key): _as_it_is(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_it_is(item) for item in value]
    if isinstance(value, str) and not _core_version.is_template(value):
        return str(value)
    raise _NotAsItIsError


def _asked_for(value: t.Any) -> t.Any:
    if value.__class__ in _PLAIN:
        return value
    if isinstance(value, Mapping):
        return {str(key): _asked_for(item) for key, item in value.items()}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Sequence):
        return [_asked_for(item) for item in value]
    return value
