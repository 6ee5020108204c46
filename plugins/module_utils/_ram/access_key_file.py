# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that a new AccessKey pair goes to. Private.

RAM tells the secret of a pair once. So everything that can fail on this side fails before the pair is asked for: the
place is opened and filled on trial first.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tempfile
from dataclasses import dataclass

from .._cloud.errors import InvalidInput, UnexpectedState
from .._cloud.texts import from_json
from .._core import files

#: Bytes written on trial, more than a pair has.
_TRIAL = 4096


@dataclass(frozen=True)
class FileState:
    """What is at a path.

    :ivar access_key_id: the pair in the file; empty when there is none
    :ivar loose: whether others than the owner have rights to it
    """

    path: str
    exists: bool = False
    access_key_id: str = ""
    loose: bool = False


def look(path: str) -> FileState:
    """Look at a path without changing anything.

    :raises InvalidInput: when there is something else than a readable file, or nothing can be written there
    """
    path = os.path.abspath(os.path.expanduser(path))
    folder = os.path.dirname(path)
    try:
        content, mode = files.read(path, 1 << 16)
    except FileNotFoundError:
        if os.path.lexists(path):
            raise InvalidInput(f"access_key_file is {path}, a link to nothing; expected the path of a file.") from None
        if not os.path.isdir(folder):
            raise InvalidInput(f"The directory {folder} of access_key_file does not exist.") from None
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InvalidInput(f"The directory {folder} of access_key_file cannot be written to.") from None
        return FileState(path)
    except IsADirectoryError:
        raise InvalidInput(f"access_key_file is {path}, a directory; expected the path of a file.") from None
    except OSError as exc:
        raise InvalidInput(f"access_key_file is {path}, which cannot be read: {exc.strerror}.") from None
    try:
        found = from_json(content)
    except ValueError:
        found = None
    key = found.get("access_key_id") if isinstance(found, dict) else None
    return FileState(path, True, key if isinstance(key, str) else "", bool(stat.S_IMODE(mode) & 0o077))


def restrict(path: str) -> None:
    """Take every right from others than the owner."""
    try:
        os.chmod(path, 0o600)
    except OSError as exc:
        raise UnexpectedState(f"The rights of {path} cannot be changed to 0600: {exc.strerror}.") from None


class Destination:
    """A place that is ready to take an AccessKey pair. Use it as a context."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._number = -1
        self._beside = ""

    def __enter__(self) -> Destination:
        """:raises UnexpectedState: when the pair could not be kept there"""
        try:
            self._number, self._beside = tempfile.mkstemp(prefix=".", dir=os.path.dirname(self.path))  # mode 0600
            self._write(b"\n" * _TRIAL)
        except OSError as exc:
            self.__exit__()
            raise UnexpectedState(
                f"An AccessKey pair could not be kept in {self.path}: {exc.strerror}.", hint="Nothing was created."
            ) from None
        return self

    def keep(self, user: str, access_key_id: str, secret: str) -> None:
        """Put the pair there: whole or not at all, never over another file.

        :raises OSError: it could not be written
        """
        content = {"user_name": user, "access_key_id": access_key_id, "access_key_secret": secret}
        self._write(json.dumps(content, indent=2).encode() + b"\n")
        try:
            os.link(self._beside, self.path)
        except OSError:
            # A file system without links, or somebody was faster.
            if os.path.lexists(self.path):
                raise
            os.rename(self._beside, self.path)

    def _write(self, content: bytes) -> None:
        os.lseek(self._number, 0, os.SEEK_SET)
        left = memoryview(content)
        while left:
            left = left[os.write(self._number, left) :]
        os.ftruncate(self._number, len(content))
        os.fsync(self._number)

    def __exit__(self, *_error: object) -> None:
        if self._number >= 0:
            os.close(self._number)
            with contextlib.suppress(OSError):
                os.unlink(self._beside)
        self._number = -1
