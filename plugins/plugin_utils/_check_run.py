# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks of a run in check mode have foretold, kept for those after them. Private to this collection."""

from __future__ import annotations

import typing as t

from ._run_file import RunFile

_kept = RunFile("alitrust-foretold.jsonl")


def records() -> list[dict[str, t.Any]]:
    """All records of this run so far, oldest first."""
    return _kept.records()


def add(new: t.Iterable[dict[str, t.Any]]) -> None:
    """Keep what one task has foretold."""
    _kept.add(new)


def forget() -> None:
    """A task has changed something for real, so what was foretold before may be wrong."""
    _kept.forget()
