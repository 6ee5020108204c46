# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all resources of RAM share: diffs with one line a statement of a document and one line a policy. Private."""

from __future__ import annotations

import typing as t

from .._core.resource import Resource, State
from . import documents


class RamResource(Resource[State]):
    """A resource whose plans have documents and lists of policies in them."""

    def shown(self, state: t.Any) -> t.Any:
        return readable(state)


def readable(state: t.Any) -> t.Any:
    """The same with lines in place of documents and of policies. Pure."""
    if isinstance(state, list):
        if state and all(isinstance(one, dict) and set(one) == {"name", "type"} for one in state):
            return sorted(f"{one['type']} {one['name']}" for one in state)
        return [readable(one) for one in state]
    if not isinstance(state, dict):
        return state
    if "Statement" in state:
        return documents.lines(state)
    return {key: readable(value) for key, value in state.items()}
