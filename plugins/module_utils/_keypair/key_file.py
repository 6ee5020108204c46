# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that a created private key goes to. Private.

The cloud hands a private key out once. So everything that can fail on this side fails before the key is asked for: the
place is opened, locked and filled on trial first. And a mark stays beside it until the key is safe, so that a later run
can tell a pair whose key got lost on the way. Another mark stands while a pair is deleted whose key the file has.
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
from .._cloud.texts import from_json
from .._core import files, tags
from .public_key import PublicKey, public_half

#: Bytes written on trial, more than any private key has.
_TRIAL = 16384


@dataclass(frozen=True)
class FileState:
    """What is at a path.

    :ivar public: public half of the private key there; None when it cannot be told
    :ivar loose: whether others than the owner have rights to it
    :ivar unfinished: owner tag of the pair that an earlier run was creating for this path when it broke off
    :ivar going: whether an earlier run broke off between deleting the pair of the key that is there and the key
    :ivar left_over: whether something is beside the path that a run has left
    :ivar problem: why nothing can be written there, in words
    """

    path: str
    exists: bool = False
    public: PublicKey | None = None
    loose: bool = False
    unfinished: str | None = None
    going: bool = False
    left_over: bool = False
    problem: str = ""


def look(path: str) -> FileState:
    """Look at a path without changing anything.

    :raises InvalidInput: when there is something else than a readable file
    """
    path = os.path.abspath(os.path.expanduser(path))
    try:
        content, mode = files.read(path, 1 << 20)
    except FileNotFoundError:
        if os.path.lexists(path):
            raise InvalidInput(f"private_key_file is {path}, a link to nothing; expected the path of a file.") from None
        return FileState(path, unfinished=_marked(path), left_over=_left_over(path), problem=_problem(path))
    except IsADirectoryError:
        raise InvalidInput(f"private_key_file is {path}, a directory; expected the path of a file.") from None
    except OSError as exc:
        raise InvalidInput(f"private_key_file is {path}, which cannot be read: {exc.strerror}.") from None
    public = public_half(content)
    return FileState(
        path,
        exists=True,
        public=public,
        loose=bool(stat.S_IMODE(mode) & 0o077),
        unfinished=_marked(path),
        going=public is not None and _noted(_going_path(path), "public_key") == public.blob,
        left_over=_left_over(path),
    )


def is_busy(path: str) -> bool:
    """Whether a run is at this path at this moment, as far as can be told."""
    try:
        number = os.open(_mark_path(path), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(number)
    return False


def tidy(path: str) -> None:
    """Remove what runs have left beside a path; what another run is at stays."""
    with contextlib.suppress(OSError):
        mark = files.open_own(_mark_path(path))
        try:
            files.lock(mark, _mark_path(path))
            _remove(_beside_it(path))
        finally:
            os.close(mark)


def note_removal(path: str, public: PublicKey) -> None:
    """Note which key is about to go, before its pair does.

    :raises UnexpectedState: it cannot be noted
    """
    mark = _going_path(path)
    try:
        number = files.open_own(mark)
        try:
            _rewrite(number, json.dumps({"public_key": public.blob}).encode())
        except OSError:
            _remove([mark])
            raise
        finally:
            with contextlib.suppress(OSError):  # what it had to say was said by fsync
                os.close(number)
        _sync_folder(path)
    except OSError as exc:
        raise UnexpectedState(
            f"{mark} cannot be written, by which a later run would know that {path} has to go: {exc.strerror}.",
            hint="Nothing was changed. See to the rights of the directory, or leave private_key_file out and delete "
            "the file yourself.",
        ) from None


def remove(path: str) -> None:
    """Remove the key and what is beside it.

    :raises UnexpectedState: it stays
    """
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    except OSError as exc:
        raise UnexpectedState(f"The private key {path} cannot be deleted: {exc.strerror}.") from None
    tidy(path)


def restrict(path: str) -> None:
    """Take every right from others than the owner."""
    try:
        os.chmod(path, files.OWN)
    except OSError as exc:
        raise UnexpectedState(f"The rights of {path} cannot be changed to 0600: {exc.strerror}.") from None


class Busy(UnexpectedState):
    """Another task writes there at this moment, or has just written there."""


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
        """:raises Busy: when another task is at it, or was faster
        :raises UnexpectedState: when the key could not be kept there
        """
        hint = "Nothing was created. Make the directory and see to its rights, or choose another private_key_file."
        problem = _problem(self.path)
        if problem:
            raise UnexpectedState(problem, hint=hint)
        try:
            self._refuse_existing()
            self._mark = files.open_own(_mark_path(self.path))
            files.lock(self._mark, _mark_path(self.path))
            self._locked = True
            former = _owner_in(self._mark)
            self._awaited = former is not None
            self.owner = former or _new_owner(self._pair)
            # Who had the lock before may have finished between two looks.
            self._refuse_existing()
            self._key = files.open_own(_key_path(self.path))
            _rewrite(self._key, b"\n" * _TRIAL)
            if former is None:
                _rewrite(self._mark, json.dumps({"owner": self.owner}).encode())
            _sync_folder(self.path)
        except OSError as exc:
            self.__exit__()
            why = "another task is at it at this moment" if isinstance(exc, BlockingIOError) else exc.strerror
            kind = Busy if isinstance(exc, (BlockingIOError, FileExistsError)) else UnexpectedState
            raise kind(f"The private key could not be kept in {self.path}: {why}.", hint=hint) from None
        return self

    def await_key(self) -> None:
        """From now on there may be a pair, so that what tells it stays until it is known what became of it."""
        self._awaited = True

    def _refuse_existing(self) -> None:
        if os.path.lexists(self.path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))

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
        _remove(_beside_it(self.path))

    def __exit__(self, *_error: object) -> None:
        if self._locked and not self._awaited:
            # Without the second, it was not this run's.
            _remove(_beside_it(self.path) if self._key >= 0 else [_mark_path(self.path)])
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


def _going_path(path: str) -> str:
    return _beside(path, "deleting")


def _beside_it(path: str) -> tuple[str, ...]:
    """All that may lie there; what tells of the others goes last."""
    return _key_path(path), _going_path(path), _mark_path(path)


def _left_over(path: str) -> bool:
    return any(map(os.path.lexists, _beside_it(path)))


def _beside(path: str, what: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.{what}")


def _remove(paths: t.Iterable[str]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            os.unlink(path)


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
    return _note_in(os.read(number, 4096), "owner")


def _new_owner(pair: str) -> str:
    """A tag value that only one creation of a pair has."""
    unique = f"/{uuid.uuid4().hex[:16]}"
    return tags.fitting(pair, tags.LONGEST_VALUE - len(unique)) + unique


def _marked(path: str) -> str | None:
    return _noted(_mark_path(path), "owner")


def _noted(mark: str, name: str) -> str | None:
    try:
        return _note_in(files.read(mark, 4096, links=False).content, name)
    except OSError:
        return None


def _note_in(content: bytes, name: str) -> str | None:
    try:
        found = from_json(content)
    except ValueError:
        return None
    return str(found[name]) if isinstance(found, dict) and found.get(name) else None


def _problem(path: str) -> str:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        return f"The directory {folder} of private_key_file does not exist."
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"The directory {folder} of private_key_file cannot be written to."
    return ""
