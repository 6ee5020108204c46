# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that a new AccessKey pair goes to. Private.

RAM tells the secret of a pair once. So everything that can fail on this side fails before the pair is asked for: the
place is opened, locked and filled on trial first. What it is filled with is a note, by which a later run can tell that
this one broke off, and which pairs the user had before.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import typing as t
from dataclasses import dataclass

from .._cloud.errors import AlitrustError, InvalidInput, UnexpectedState
from .._cloud.texts import from_json
from .._core import files

#: Bytes written on trial, more than a pair has.
_TRIAL = 4096


@dataclass(frozen=True)
class Left:
    """What a run that broke off, or one that is at it at this moment, has left beside a path.

    :ivar user: whose pair it was to be; empty where that cannot be told
    :ivar access_key_id: the pair that it has got; empty when it has got none
    :ivar known: pairs that the user had before
    """

    user: str = ""
    access_key_id: str = ""
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileState:
    """What is at a path.

    :ivar access_key_id: the pair in the file; empty when there is none
    :ivar loose: whether others than the owner have rights to it
    :ivar left: what a run that broke off left beside it
    """

    path: str
    exists: bool = False
    access_key_id: str = ""
    loose: bool = False
    left: Left | None = None


def look(path: str) -> FileState:
    """Look at a path without changing anything.

    :raises InvalidInput: when there is something else than a readable file, or nothing can be written there
    """
    path = os.path.abspath(os.path.expanduser(path))
    file = files.secret(path, "access_key_file")
    if file is None:
        try:
            files.refuse_others(beside(path))
        except OSError as exc:
            raise InvalidInput(
                f"An AccessKey pair could not be kept in {path}: {exc.strerror}.",
                hint="Nothing was created. Move it away, or choose another access_key_file.",
            ) from None
        return FileState(path, left=_left(path))
    try:
        found = from_json(file.content)
    except ValueError:
        found = None
    key = found.get("access_key_id") if isinstance(found, dict) else None
    loose = bool(stat.S_IMODE(file.mode) & 0o077)
    return FileState(path, True, key if isinstance(key, str) else "", loose, _left(path))


def restrict(path: str) -> None:
    """Take every right from others than the owner."""
    try:
        os.chmod(path, files.OWN)
    except OSError as exc:
        raise UnexpectedState(f"The rights of {path} cannot be changed to 0600: {exc.strerror}.") from None


def tidy(path: str) -> None:
    """Remove what a run that broke off left beside a file that is whole, unless a task is at it at this moment."""
    with contextlib.suppress(OSError):
        number = _open(beside(path), names=2)  # it may be the file's second name
        try:
            os.unlink(beside(path))
        finally:
            os.close(number)


class Destination:
    """A place that is ready to take an AccessKey pair. Use it as a context.

    :param user: whose pair it will be
    :param known: pairs that the user has by now
    """

    def __init__(self, path: str, user: str, known: t.Iterable[str]) -> None:
        self.path = path
        self._note = {"user_name": user, "known": list(known)}
        self._number = -1
        self._placed = False

    def __enter__(self) -> Destination:
        """:raises UnexpectedState: when the pair could not be kept there"""
        try:
            self._number = _open(beside(self.path))
            self._write(json.dumps(self._note).encode())
        except OSError as exc:
            self._close(remove=True)
            raise self._failed(exc) from None
        return self

    def keep(self, user: str, access_key_id: str, secret: str) -> None:
        """Put the pair there: whole or not at all, never over another file.

        :raises OSError: it could not be written
        """
        content = {"user_name": user, "access_key_id": access_key_id, "access_key_secret": secret}
        text = json.dumps(content, indent=2).encode() + b"\n"
        self._write(text)
        os.ftruncate(self._number, len(text))
        os.fsync(self._number)
        self._put()

    def finish(self) -> None:
        """Put a pair there that a run which broke off has got.

        :raises UnexpectedState: it cannot be put there
        """
        try:
            self._number = _open(beside(self.path))
            self._put()
        except OSError as exc:
            raise self._failed(exc) from None
        finally:
            self._close(remove=False)

    def _put(self) -> None:
        files.put_new(beside(self.path), self.path)
        self._placed = True

    def _write(self, content: bytes) -> None:
        """Write it with blanks behind it, which JSON may have: so it takes the place of what was there at once."""
        os.lseek(self._number, 0, os.SEEK_SET)
        left = memoryview(content.ljust(_TRIAL))
        while left:
            left = left[os.write(self._number, left) :]
        os.fsync(self._number)

    def _failed(self, exc: OSError) -> UnexpectedState:
        why = "another task is at it at this moment" if isinstance(exc, BlockingIOError) else exc.strerror
        return UnexpectedState(
            f"An AccessKey pair could not be kept in {self.path}: {why}.", hint="Nothing was created."
        )

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        # An error of ours tells what became of the pair. After anything else, the note has to.
        self._close(remove=kind is None or issubclass(kind, AlitrustError))

    def _close(self, *, remove: bool) -> None:
        if self._number < 0:
            return
        if remove and not self._placed:
            with contextlib.suppress(OSError):
                os.unlink(beside(self.path))
        with contextlib.suppress(OSError):  # what it had to say was said by fsync
            os.close(self._number)
        self._number = -1


def beside(path: str) -> str:
    """Where a pair is until it is whole, and what is left of a run that broke off."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.new")


def _open(path: str, *, names: int = 1) -> int:
    """A file of one's own that no other task is at."""
    number = files.open_own(path, names=names)
    try:
        files.lock(number, path)
    except OSError:
        os.close(number)
        raise
    return number


def _left(path: str) -> Left | None:
    try:
        found = from_json(files.read(beside(path), 1 << 16, links=False).content)
    except OSError:
        return None
    except ValueError:
        return Left()
    told = found if isinstance(found, dict) else {}
    known = told.get("known")
    return Left(
        _text(told.get("user_name")),
        _text(told.get("access_key_id")) if _text(told.get("access_key_secret")) else "",
        tuple(_text(one) for one in known) if isinstance(known, list) else (),
    )


def _text(value: t.Any) -> str:
    return value if isinstance(value, str) else ""
