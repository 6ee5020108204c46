# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One stream through Session Manager: what comes in goes out as messages, and the other way round. Private.

Nothing is sent before the other end has spoken: until the agent has connected to the port, it throws away what comes.
An SSH server speaks first, so its version line opens the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import typing as t

from . import endings, frames
from .endings import SessionError
from .frames import Kind, Message, State
from .pace import Pace

#: Seconds without a message after which a sign of life is sent. The agent gives a session up after 180.
SIGN_OF_LIFE = 60.0


class Socket(t.Protocol):
    """The part of a WebSocket connection that a tunnel uses; its methods raise L{SessionError} when it is over."""

    async def send(self, frame: bytes) -> None: ...

    async def recv(self) -> bytes | str: ...


class Near(t.Protocol):
    """The near end of a stream. Its methods return when there is something, or room for something."""

    async def read(self, most: int) -> bytes:
        """At most so many bytes; none at the end."""

    async def write(self, data: bytes) -> None:
        """Returns when all of it was taken, or is about to be.

        :raises OSError: nobody takes it any more
        """


class Tunnel:
    """One stream.

    :param socket: the WebSocket connection to the session
    :param near: who uses it
    :param answer_within: seconds until the other end must have spoken
    :param clock: monotonic clock
    """

    def __init__(
        self,
        socket: Socket,
        near: Near,
        *,
        answer_within: float,
        sign_of_life: float = SIGN_OF_LIFE,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], t.Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._socket = socket
        self._near = near
        self._answer_within = answer_within
        self._sign_of_life = sign_of_life
        self._clock = clock
        self._sleep = sleep
        self._pace = Pace(clock=clock)
        self._sequence = 0
        self._sent = clock()
        self._sending = asyncio.Lock()
        self._opened = asyncio.Event()

    @property
    def opened(self) -> bool:
        """Whether the other end has spoken."""
        return self._opened.is_set()

    async def run(self) -> None:
        """Serve until one of both ends is closed; then the session is closed, too.

        :raises SessionError: it ended otherwise
        """
        # In the order of what tells most, should several end at once.
        parts = (self._inwards(), self._answered(), self._outwards(), self._alive())
        tasks = [asyncio.ensure_future(part) for part in parts]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            ended = [task for task in tasks if task.done()]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        ended[0].result()

    async def close(self) -> None:
        """Say that this session is over, whatever became of the connection."""
        with contextlib.suppress(Exception):
            await self._send(Kind.CLOSE, frames.CLOSING)

    async def _send(self, kind: Kind, payload: bytes) -> None:
        async with self._sending:
            delay = self._pace.wait(frames.HEADER_SIZE + len(payload))
            if delay > 0:
                await self._sleep(delay)
            message = Message(kind, self._sequence, int(time.time() * 1000), payload)
            self._sequence += 1
            self._sent = self._clock()
            await self._socket.send(message.encode())

    async def _send_or_wait(self, payload: bytes) -> None:
        """Send input. Where that is impossible, what comes in tells why, as far as anybody knows."""
        try:
            await self._send(Kind.INPUT, payload)
        except SessionError:
            await asyncio.Event().wait()

    async def _outwards(self) -> None:
        await self._opened.wait()
        while data := await self._near.read(frames.LONGEST_PAYLOAD):
            await self._send_or_wait(data)

    async def _inwards(self) -> None:
        while True:
            try:
                message = frames.decode(await self._socket.recv())
            except frames.FrameError as error:
                raise endings.not_understood(str(error)) from error
            if message.kind == Kind.OUTPUT:
                self._opened.set()
                try:
                    await self._near.write(message.payload)
                except OSError:
                    return
            elif message.kind == Kind.STATUS and self._ended(frames.status(message.payload)):
                return

    def _ended(self, status: frames.Status) -> bool:
        """Whether a status says that the session is over, as it may be.

        :raises SessionError: it is over because something went wrong
        """
        if status.state == State.SPEED and status.speed:
            self._pace.speed = status.speed
        elif status.state == State.AGENT_FAILED:
            raise endings.agent_failed(self.opened)
        elif status.state == State.CLOSED:
            if status.reason in endings.REGULAR and self.opened:
                return True
            raise endings.closed(status.reason, self.opened)
        return False

    async def _answered(self) -> None:
        try:
            # Not wait_for, which in Python 3.11 may swallow that it is cancelled.
            async with asyncio.timeout(self._answer_within):
                await self._opened.wait()
        except TimeoutError:
            raise endings.no_answer(self._answer_within) from None
        await asyncio.Event().wait()

    async def _alive(self) -> None:
        """Send a message without data now and then.

        It is input, the one kind of message that counts without doubt, and an agent that writes nothing to a port does
        no harm; a terminal size is made for shells, and WebSocket's own pings may not count.
        """
        await self._opened.wait()
        while True:
            quiet = self._clock() - self._sent
            if quiet >= self._sign_of_life:
                await self._send_or_wait(b"")
            else:
                await self._sleep(self._sign_of_life - quiet)
