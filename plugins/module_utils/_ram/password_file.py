# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that a password for the console is in, or goes to. Private.

A new password is in the file before RAM hears of it, so a run that breaks off in between has lost nothing: the next one
sets what it finds there.
"""

from __future__ import annotations

import os
import secrets
import stat
import string
import typing as t
from dataclasses import dataclass

from .._cloud.errors import InvalidInput
from .._core import files

#: A password has 8 to 32 characters. One of 32 of all four kinds meets every password policy that an account can have.
_LENGTH = 32
_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!@#$%^&*-_=+")
#: Different characters that a password policy can demand at most.
_DIFFERENT = 8


@dataclass(frozen=True)
class PasswordFile:
    """What is at a path.

    :ivar loose: whether others than the owner have rights to it
    """

    path: str
    exists: bool = False
    loose: bool = False


def look(path: str) -> PasswordFile:
    """Look at a path without changing anything.

    :raises InvalidInput: there is something else than a readable file with one line, or nothing can be written there
    """
    path = os.path.abspath(os.path.expanduser(path))
    found = files.secret(path, "password_file")
    if found is None:
        return PasswordFile(path)
    _line(path, found.content)
    return PasswordFile(path, True, bool(stat.S_IMODE(found.mode) & 0o077))


def read(path: str) -> str:
    """The password in the file.

    :raises InvalidInput: as C(look), or the file has gone meanwhile
    """
    found = files.secret(path, "password_file")
    if found is None:
        raise InvalidInput(f"password_file {path} is not there any more.", hint="Run the task again.")
    return _line(path, found.content)


def write_new(path: str, user: str) -> None:
    """Put a password there that nobody has seen, for the owner only.

    :raises UnexpectedState: it cannot be written, or somebody else has put a file there
    """
    files.write_whole(path, _generated(user) + "\n", secret=True)


def _line(path: str, content: bytes) -> str:
    try:
        lines = content.decode("ascii").splitlines()
    except UnicodeDecodeError:
        lines = []
    if len(lines) != 1 or not 8 <= len(lines[0].strip()) <= _LENGTH:
        raise InvalidInput(
            f"password_file is {path}, which does not have one line with a password of 8 to {_LENGTH} characters.",
            hint="Write the password there, or move the file away to get a new one.",
        )
    return lines[0].strip()


def _generated(user: str) -> str:
    """Random, with every kind of character, and without the name of the user."""
    letters = "".join(_KINDS)
    while True:
        made = "".join(secrets.choice(letters) for _place in range(_LENGTH))
        kinds = all(set(made) & set(kind) for kind in _KINDS)
        if kinds and len(set(made)) >= _DIFFERENT and user.lower() not in made.lower():
            return made


def of(options: t.Mapping[str, t.Any]) -> PasswordFile | None:
    """What is at the path of the option, None when it is not given."""
    return look(options["password_file"]) if options["password_file"] else None
