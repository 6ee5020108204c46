# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that the processes of one run of Ansible share. Private to this collection.

A worker's memory ends with its task, and a variable would be seen by one host only. Ansible has a temporary folder for
each run, which its workers share and which goes with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import typing as t

from ansible import constants

Record = dict[str, t.Any]


class RunFile:
    """Records that the processes of a run leave for each other."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def _path(self) -> str:
        return os.path.join(constants.DEFAULT_LOCAL_TMP, self._name)

    def records(self) -> list[Record]:
        """All records of this run so far, oldest first."""
        try:
            with open(self._path, encoding="utf-8") as stream:
                return [json.loads(line) for line in stream]
        except FileNotFoundError:
            return []

    def add(self, new: t.Iterable[Record]) -> None:
        """Keep records; other workers may do so at the same moment."""
        lines = "".join(json.dumps(one) + "\n" for one in new)
        if not lines:
            return
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, lines.encode())
        finally:
            os.close(handle)

    def forget(self) -> None:
        """Begin anew."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
