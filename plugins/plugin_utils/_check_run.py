# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks of a run in check mode have foretold, kept for those after them. Private to this collection.

A worker's memory ends with its task, and a variable would be seen by one host only. Ansible has a temporary folder for
each run, which its workers share and which goes with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import typing as t

from ansible import constants

_FILE = "alitrust-foretold.jsonl"


def _path() -> str:
    return os.path.join(constants.DEFAULT_LOCAL_TMP, _FILE)


def records() -> list[dict[str, t.Any]]:
    """All records of this run so far, oldest first."""
    try:
        with open(_path(), encoding="utf-8") as stream:
            return [json.loads(line) for line in stream]
    except FileNotFoundError:
        return []


def add(new: t.Iterable[dict[str, t.Any]]) -> None:
    """Keep what one task has foretold; other workers may do so at the same moment."""
    lines = "".join(json.dumps(one) + "\n" for one in new)
    if not lines:
        return
    handle = os.open(_path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, lines.encode())
    finally:
        os.close(handle)


def forget() -> None:
    """A task has changed something for real, so what was foretold before may be wrong."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_path())
