# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files: read without waiting for whatever is at a path; written for people, with nothing secret in them. Private."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
import typing as t

from .._cloud.errors import UnexpectedState


class Found(t.NamedTuple):
    """What is in a file.

    :ivar mode: its type and rights
    """

    content: bytes
    mode: int


def read(path: str, most: int) -> Found:
    """Read an ordinary file. A FIFO would have a task wait for ever, and a device never end.

    :param most: bytes to read; what is behind them stays unread
    :raises OSError: it cannot be read, or is no ordinary file
    """
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(number, "rb") as handle:
        mode = os.fstat(number).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", path)
        return Found(handle.read(most), mode)


def write_whole(path: str, text: str) -> None:
    """Put a file there whole or not at all, with the rights that other new files get.

    :raises UnexpectedState: it cannot be written
    """
    beside = ""
    try:
        number, beside = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=f".{os.path.basename(path)}.")
        with open(number, "w", encoding="utf-8", newline="") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(beside, 0o666 & ~mask)
        os.replace(beside, path)
    except OSError as exc:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise UnexpectedState(f"{path} cannot be written: {exc.strerror}.") from None
