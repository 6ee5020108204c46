# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept of the sessions of this user, so that those which a crash left behind are found and ended. Private.

A file for each session, locked by the program that uses it for as long as that lives. Whoever gets the lock has the
proof that the program is gone; what another one uses, here or elsewhere, is never touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import AlitrustError
from . import sessions

FOLDER = "~/.ansible/alitrust_sessions"


class Record:
    """The file of one session. Where none can be written, there is none.

    :param folder: where they are
    """

    def __init__(self, cloud: Cloud, session_id: str, folder: str = FOLDER) -> None:
        self._path = os.path.join(os.path.expanduser(folder), f"{re.sub('[^A-Za-z0-9-]', '_', session_id)}.json")
        self._stream: t.TextIO | None = None
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            self._stream = open(self._path, "w", encoding="utf-8")
            fcntl.flock(self._stream, fcntl.LOCK_EX)
            json.dump({"session_id": session_id, **_place(cloud)}, self._stream)
            self._stream.flush()

    def drop(self) -> None:
        """The session is over."""
        if self._stream:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
            self._stream.close()


def _place(cloud: Cloud) -> dict[str, str]:
    return {"region": cloud.region, "account": cloud.connection.account}


def end_abandoned(cloud: Cloud, folder: str = FOLDER) -> list[str]:
    """End the sessions in this region whose programs are gone; returns their IDs."""
    ended = []
    folder = os.path.expanduser(folder)
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            with contextlib.suppress(OSError, ValueError, AlitrustError), open(path, encoding="utf-8") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                told = json.load(stream)
                if {key: told.get(key) for key in ("region", "account")} == _place(cloud):
                    sessions.end(cloud, told["session_id"])
                    ended.append(told["session_id"])
                    os.unlink(path)
    return ended
