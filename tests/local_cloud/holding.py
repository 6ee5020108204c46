# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that are held: they wait until they are let go, or until who sent them is gone."""

from __future__ import annotations

import asyncio
import threading
import typing as t

if t.TYPE_CHECKING:
    from starlette.types import Receive


class Holding:
    """The requests that are held at this moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[dict[str, str], t.Callable[[], t.Any]]] = {}

    async def hold(self, receive: Receive, about: dict[str, str]) -> bool:
        """Hold a request whose body was read.

        :param about: what :meth:`all` says of it, its C(request_id) among it
        :returns: whether it is to go on; False when its client is gone
        """
        loop = asyncio.get_running_loop()
        go_on = asyncio.Event()
        with self._lock:
            self._held[about["request_id"]] = about, lambda: loop.call_soon_threadsafe(go_on.set)
        leaving = asyncio.ensure_future(receive())  # after the body, the next message is that the client is gone
        waiting = asyncio.ensure_future(go_on.wait())
        try:
            await asyncio.wait({leaving, waiting}, return_when=asyncio.FIRST_COMPLETED)
            return not leaving.done()
        finally:
            leaving.cancel()
            waiting.cancel()
            with self._lock:
                del self._held[about["request_id"]]

    def all(self) -> list[dict[str, str]]:
        """What is held, longest first."""
        with self._lock:
            return [about for about, _go in self._held.values()]

    def let_go(self) -> None:
        """Have all of them go on."""
        with self._lock:
            for _about, go_on in self._held.values():
                go_on()
