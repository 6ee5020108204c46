# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that a created private key goes to. Private.

The cloud hands a private key out once. So everything that can fail on this side fails before the key is asked for: the
place is opened, locked and filled on trial first. And a mark stays beside it until the key is safe, so that a later run
can tell a pair whose key got lost on the way.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import stat
import typing as t
import uuid
from dataclasses import dataclass

from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import tags
from .public_key import PublicKey, public_half

#: Bytes written on trial, more than any private key has.
_TRIAL = 16384
_MODE = 0o600


@dataclass(frozen=True)
class FileState:
    """What is at a path.

    :ivar public: public half of the private key there; None when it cannot be told
    :ivar loose: whether others than the owner have rights to it
    :ivar unfinished: owner tag of the pair that an earlier run was creating for this path when it broke off
    :ivar left: whether something of such a run is beside the path
    :ivar problem: why nothing can be written there, in words
    """

    path: str
    exists: bool = False
    public: PublicKey | None = None
    loose: bool = False
    unfinished: str | None = None
    left: bool = False
    problem: str = ""


def look(path: str) -> FileState:
    """Look at a path without changing anything.

    :raises InvalidInput: when there is something else than a readable file
    """
    path = os.path.abspath(os.path.expanduser(path))
    try:
        with open(path, "rb") as handle:
            content = handle.read(1 << 20)
            mode = os.fstat(handle.fileno()).st_mode
    except FileNotFoundError:
        return FileState(path, unfinished=_marked(path), left=_left(path), problem=_problem(path))
    except IsADirectoryError:
        raise InvalidInput(f"private_key_file is {path}, a directory; expected the path of a file.") from None
    except OSError as exc:
        raise InvalidInput(f"private_key_file is {path}, which cannot be read: {exc.strerror}.") from None
    loose = bool(stat.S_IMODE(mode) & 0o077)
    return FileState(path, True, public_half(content), loose, _marked(path), _left(path))


def restrict(path: str) -> None:
    """Take every right from others than the owner."""
    try:
        os.chmod(path, _MODE)
    except OSError as exc:
        raise UnexpectedState(f"The rights of {path} cannot be changed to 0600: {exc.strerror}.") from None


def tidy(path: str) -> None:
    """Remove what a run that broke off left beside a file that is whole, unless a task is at it at this moment."""
    with contextlib.suppress(OSError):
        mark = _open(_mark_path(path))
        try:
            _lock(mark, _mark_path(path))
            _remove(path)
        finally:
            os.close(mark)


class Destination:
    """A place that is ready to take a private key. Use it as a context.

    :ivar owner: tag value that is only this creation's, the same when a run that broke off is taken up again
    """

    def __init__(self, path: str, pair: str) -> None:
        self.path = path
        self.owner = ""
        self._pair = pair
        self._mark = -1
        self._key = -1
        self._locked = False
        #: whether there is, or may be, a pair that is known by the mark
        self._awaited = False

    def __enter__(self) -> Destination:
        """:raises UnexpectedState: when the key could not be kept there"""
        hint = "Nothing was created. Make the directory and see to its rights, or choose another private_key_file."
        problem = _problem(self.path)
        if problem:
            raise UnexpectedState(problem, hint=hint)
        try:
            if os.path.lexists(self.path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            self._mark = _open(_mark_path(self.path))
            _lock(self._mark, _mark_path(self.path))
            self._locked = True
            os.fchmod(self._mark, _MODE)
            former = _owner_in(self._mark)
            self._awaited = former is not None
            self.owner = former or _new_owner(self._pair)
            self._key = _open(_key_path(self.path))
            os.fchmod(self._key, _MODE)
            _rewrite(self._key, b"\n" * _TRIAL)
            if former is None:
                _rewrite(self._mark, json.dumps({"owner": self.owner}).encode())
            _sync_folder(self.path)
        except OSError as exc:
            self.__exit__()
            why = "another task is at it at this moment" if isinstance(exc, BlockingIOError) else exc.strerror
            raise UnexpectedState(f"The private key could not be kept in {self.path}: {why}.", hint=hint) from None
        return self

    def await_key(self) -> None:
        """From now on there may be a pair, so that what tells it stays until it is known what became of it."""
        self._awaited = True

    def keep(self, private_key: str) -> None:
        """Put the key there: whole or not at all, never over another file.

        :raises OSError: it could not be written
        """
        _rewrite(self._key, private_key.rstrip("\n").encode() + b"\n")
        key_path = _key_path(self.path)
        try:
            os.link(key_path, self.path)
        except FileExistsError:
            raise
        except OSError:
            # A file system without links.
            if os.path.lexists(self.path):
                raise
            os.rename(key_path, self.path)
        _sync_folder(self.path)
        self.give_up()

    def give_up(self) -> None:
        """Remove what is beside the path, because nothing is on its way any more."""
        self._awaited, self._locked = False, False  # from now on another task may be at it
        _remove(self.path)

    def __exit__(self, *_error: object) -> None:
        if self._locked and not self._awaited:
            _remove(self.path, key_too=self._key >= 0)
        for number in (self._key, self._mark):
            if number >= 0:
                with contextlib.suppress(OSError):  # what it had to say was said by fsync
                    os.close(number)
        self._key = self._mark = -1
        self._locked = False


def _mark_path(path: str) -> str:
    return _beside(path, "creating")


def _key_path(path: str) -> str:
    return _beside(path, "new")


def _beside(path: str, what: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.{what}")


def _open(path: str) -> int:
    """A file of one's own for reading and writing, new or left over; never through a link."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)


def _lock(mark: int, path: str) -> None:
    """:raises BlockingIOError: another task is at it, or was at it a moment ago and has removed the mark"""
    fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        same = os.path.samestat(os.fstat(mark), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        same = False
    if not same:
        raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK))


def _remove(path: str, *, key_too: bool = True) -> None:
    # The mark goes last: it is what everything else is known by.
    for beside in (_key_path(path), _mark_path(path)) if key_too else (_mark_path(path),):
        with contextlib.suppress(OSError):
            os.unlink(beside)


def _left(path: str) -> bool:
    return any(os.path.lexists(beside) for beside in (_key_path(path), _mark_path(path)))


def _rewrite(number: int, content: bytes) -> None:
    os.lseek(number, 0, os.SEEK_SET)
    left = memoryview(content)
    while left:
        left = left[os.write(number, left) :]
    os.ftruncate(number, len(content))
    os.fsync(number)


def _sync_folder(path: str) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot
        number = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _owner_in(number: int) -> str | None:
    os.lseek(number, 0, os.SEEK_SET)
    return _owner(os.read(number, 4096))


def _new_owner(pair: str) -> str:
    """A tag value that only one creation of a pair has."""
    unique = f"/{uuid.uuid4().hex[:16]}"
    return tags.fitting(pair, tags.LONGEST_VALUE - len(unique)) + unique


def _marked(path: str) -> str | None:
    try:
        with open(_mark_path(path), "rb") as handle:
            return _owner(handle.read(4096))
    except OSError:
        return None


def _owner(content: bytes) -> str | None:
    try:
        found: t.Any = json.loads(content)
    except ValueError:
        return None
    return str(found["owner"]) if isinstance(found, dict) and found.get("owner") else None


def _problem(path: str) -> str:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        return f"The directory {folder} of private_key_file does not exist."
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"The directory {folder} of private_key_file cannot be written to."
    return ""
