# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files for people, with nothing secret in them. Private."""

from __future__ import annotations

import contextlib
import os
import tempfile

from .._cloud.errors import UnexpectedState


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
