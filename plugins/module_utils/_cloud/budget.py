# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A number of calls a second that all processes of a user share on this machine. Private to this collection.

Alibaba Cloud counts the calls of an account, while each fork of a run, and each run, knows of its own only.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import math
import os
import re
import stat
import typing as t

from .errors import InvalidInput
from .texts import from_json

if t.TYPE_CHECKING:
    from .options import Connection

FOLDER = "~/.ansible/alitrust_budgets"
_ACCOUNT = re.compile(r"acs:ram::(\d+):role/")


def of(connection: Connection, environ: t.Mapping[str, str] | None = None) -> Budget | None:
    """The budget that the calls of a connection are taken out of; None where it has none."""
    rate = connection.api_calls_per_second
    return Budget(rate, _key(connection, os.environ if environ is None else environ)) if rate else None


def _key(connection: Connection, environ: t.Mapping[str, str]) -> str:
    """The same for all that Alibaba Cloud counts together, as far as the options tell; no secret, and nobody's name.

    The machine is in it because a home folder may be shared by several, whose clocks have nothing in common.
    """
    role = _ACCOUNT.match(connection.ram_role_arn or "")
    who: tuple[str | None, ...]
    if role:
        who = ("account", role.group(1))
    elif connection.access_key_id or connection.source == "default":
        # An AccessKey is the same one wherever it is named.
        who = ("key", connection.access_key_id or environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID", "").strip())
    else:
        who = (connection.source, getattr(connection, connection.source))
    told = (os.uname().nodename, connection.endpoint_url, *who)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


class Budget:
    """A token bucket in a file. It holds what may be called in one second, and at least one call.

    Whoever calls takes its turn under a lock and waits for it without. The lock goes with the process that holds it; a
    process that ends while it waits leaves its turns unused, and nothing else.

    :param rate: calls a second
    :param key: tells one budget from another; becomes the name of a file
    :param folder: where they are, nobody else's
    """

    def __init__(self, rate: float, key: str, folder: str = FOLDER) -> None:
        self._rate = rate
        self._key = key
        self._folder = folder

    def take(self, clock: t.Callable[[], float]) -> float:
        """Take the next turn; returns in how many seconds it is.

        :param clock: the monotonic clock of the machine
        :raises InvalidInput: there is no place for the file, or it is not safe
        """
        interval = 1 / self._rate
        saved = (max(1.0, self._rate) - 1) * interval  # how far ahead of their turns calls may go
        with self._locked() as file:
            now = clock()  # under the lock, so that no note is of later than this
            free = max(_free(file, now), now)
            _note(file, now, free + interval)
        return max(0.0, free - saved - now)

    @contextlib.contextmanager
    def _locked(self) -> t.Iterator[int]:
        folder = os.path.expanduser(self._folder)
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            found = os.lstat(folder)
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
                raise InvalidInput(
                    f"api_calls_per_second needs {folder} to be a folder of this user that nobody else may enter.",
                    hint=f"Remove it, or take it back: chmod 700 {folder}",
                )
            how = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            file = os.open(os.path.join(folder, f"{self._key}.json"), how, 0o600)
        except OSError as exc:
            raise InvalidInput(
                f"api_calls_per_second needs the folder {folder}, which cannot be used: {exc.strerror}.",
                hint="Give the user a home folder that it may write to, or do without the option.",
            ) from exc
        try:
            # A file opened anew has a lock of its own, so that threads exclude each other, too.
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)


def _free(file: int, now: float) -> float:
    """When the first turn is that nobody has taken."""
    try:
        told = from_json(os.pread(file, 200, 0).decode())
        at, free = float(told["at"]), float(told["free"])
    except (ValueError, LookupError, TypeError):
        return now  # new, or not written to the end
    # The clock begins anew with the machine: what is from later is from before that.
    return free if math.isfinite(free) and at <= now else now


def _note(file: int, now: float, free: float) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps({"at": now, "free": free}).encode(), 0)
