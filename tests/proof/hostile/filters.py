# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call filters in a process of their own: they import the controller's part of ansible-core, which changes modules."""

from __future__ import annotations

import multiprocessing
import typing as t
from concurrent.futures import ProcessPoolExecutor


def outcomes(name: str, calls: list[tuple[t.Any, ...]]) -> list[tuple[t.Any, str]]:
    """What a filter gives for each list of arguments, and the message where it fails.

    :param name: of the filter
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_outcomes, name, calls).result()


def _outcomes(name: str, calls: list[tuple[t.Any, ...]]) -> list[tuple[t.Any, str]]:
    import importlib

    from ansible.errors import AnsibleFilterError

    plugin = importlib.import_module(f"ansible_collections.alitrust.ecs.plugins.filter.{name}")
    call = plugin.FilterModule().filters()[name]
    found: list[tuple[t.Any, str]] = []
    for arguments in calls:
        try:
            found.append((call(*arguments), ""))
        except AnsibleFilterError as error:
            found.append((None, str(error)))
    return found
