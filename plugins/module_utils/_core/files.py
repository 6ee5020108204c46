# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files: read without waiting for whatever is at a path, opened for a secret, or written for people. Private."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
import typing as t

from .._cloud.errors import InvalidInput, UnexpectedState

#: Rights of a file with a secret: for its owner only.
OWN = 0o600


class Found(t.NamedTuple):
    """What is in a file.

    :ivar mode: its type and rights
    """

    content: bytes
    mode: int


def read(path: str, most: int, *, links: bool = True) -> Found:
    """Read an ordinary file. A FIFO would have a task wait for ever, and a device never end.

    :param most: bytes to read; what is behind them stays unread
    :param links: whether it may be at the end of links
    :raises OSError: it cannot be read, or is no ordinary file
    """
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if links else os.O_NOFOLLOW))
    with open(number, "rb") as handle:
        mode = os.fstat(number).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", path)
        return Found(handle.read(most), mode)


def secret(path: str, option: str) -> Found | None:
    """What is in the file that an option names for a secret, None when there is none yet.

    :raises InvalidInput: there is something else than a readable file, or nothing can be written there
    """
    folder = os.path.dirname(path)
    try:
        return read(path, 1 << 16)
    except FileNotFoundError:
        if os.path.lexists(path):
            raise InvalidInput(f"{option} is {path}, a link to nothing; expected the path of a file.") from None
        if not os.path.isdir(folder):
            raise InvalidInput(f"The directory {folder} of {option} does not exist.") from None
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InvalidInput(f"The directory {folder} of {option} cannot be written to.") from None
        return None
    except IsADirectoryError:
        raise InvalidInput(f"{option} is {path}, a directory; expected the path of a file.") from None
    except OSError as exc:
        raise InvalidInput(f"{option} is {path}, which cannot be read: {exc.strerror}.") from None


def open_own(path: str, *, names: int = 1) -> int:
    """Open a file for its owner only, new or left over, for reading and writing; never through a link.

    Who plants one of his there would read a secret, and one with a second name would be another file that is lost.

    :param names: how many names it may have: two where nothing is written
    :raises OSError: there is something else
    """
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, OWN)
    try:
        status = os.fstat(number)
        _refuse_others(status, path, names)
        if stat.S_IMODE(status.st_mode) != OWN:
            os.fchmod(number, OWN)
    except OSError:
        os.close(number)
        raise
    return number


def refuse_others(path: str) -> None:
    """:raises OSError: there is something that C(open_own) does not open"""
    with contextlib.suppress(FileNotFoundError):
        _refuse_others(os.lstat(path), path, names=1)


def _refuse_others(status: os.stat_result, path: str, names: int) -> None:
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_nlink > names:
        raise OSError(errno.EEXIST, f"{path} is in the way, which is no file of this user's alone", path)


def lock(number: int, path: str) -> None:
    """Lock an open file until it is closed.

    :raises BlockingIOError: another task has locked it, or had a moment ago and has removed it since
    :raises OSError: it cannot be locked
    """
    fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        same = os.path.samestat(os.fstat(number), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        same = False
    if not same:
        raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK))


def write_whole(path: str, text: str, *, secret: bool = False) -> None:
    """Put a file there whole or not at all, with the rights that other new files get.

    :param secret: for the owner only, and never over another file
    :raises UnexpectedState: it cannot be written
    """
    beside = ""
    try:
        number, beside = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=f".{os.path.basename(path)}.")
        with open(number, "w", encoding="utf-8", newline="") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        if secret:
            put_new(beside, path)
            return
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(beside, 0o666 & ~mask)
        os.replace(beside, path)
    except OSError as exc:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise UnexpectedState(f"{path} cannot be written: {exc.strerror}.") from None


def put_new(beside: str, path: str) -> None:
    """Rename a file, never over another.

    :raises OSError: there is one
    """
    try:
        os.link(beside, path)
    except OSError:
        # A file system without links, or somebody was faster.
        if os.path.lexists(path):
            raise
        os.rename(beside, path)
    with contextlib.suppress(OSError):
        os.unlink(beside)
