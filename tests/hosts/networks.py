# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses for hosts: all local clouds of a machine share its network, so no two may use the same ones."""

from __future__ import annotations

import fcntl
import tempfile
import typing as t
from pathlib import Path

#: Second bytes. The demo and the scenarios of molecule have networks below these.
_NETWORKS = range(100, 250)
_leases: list[t.IO[str]] = []


def lease() -> str:
    """A network that is the caller's until this process ends: C(10.N), for C(10.N.0.0/16) or parts of it.

    Numbers made of process IDs met: a worker of pytest runs several files, and a cloud may live as long as the worker.

    :raises AssertionError: all are in use
    """
    folder = Path(tempfile.gettempdir()) / "alitrust-ecs-networks"
    folder.mkdir(exist_ok=True)
    for number in _NETWORKS:
        file = (folder / str(number)).open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        _leases.append(file)
        return f"10.{number}"
    raise AssertionError(f"the networks 10.{_NETWORKS.start} to 10.{_NETWORKS.stop - 1} are all in use")
