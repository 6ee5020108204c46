# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether SSH answers on instances, seen from the machine that runs the task. Private."""

from __future__ import annotations

import socket
import typing as t
from concurrent.futures import ThreadPoolExecutor

from .shape import Instance

#: In the place of an address: reached through Session Manager.
SESSION = "session"
_CONNECT_SECONDS = 3.0
_AT_ONCE = 20


def address(one: Instance, which: str | None) -> str | None:
    """The address to connect to: the one asked for, else the public one where there is one."""
    if which:
        return t.cast("str | None", one[f"{which}_ip"])
    return t.cast("str | None", one["public_ip"] or one["private_ip"])


def source(address: str) -> str | None:
    """The address of this machine that a connection to an address would come from; None without a route. Nothing is
    sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def silent(addresses: t.Sequence[str], port: int) -> list[str]:
    """Those addresses where no SSH server greets."""
    if not addresses:
        return []
    with ThreadPoolExecutor(min(len(addresses), _AT_ONCE)) as pool:
        answers = list(pool.map(lambda one: _greets(one, port), addresses))
    return [one for one, greets in zip(addresses, answers, strict=True) if not greets]


def _greets(host: str, port: int) -> bool:
    """A server that accepts the connection but is not ready yet closes it without a word, so the greeting is read."""
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_SECONDS) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
