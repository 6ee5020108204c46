# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection of a session: messages from the caller become bytes for the instance, and the other way round."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
import typing as t

from local_cloud.hosts import HostError
from local_cloud.session_manager import agents, frames, records
from local_cloud.session_manager.frames import FrameError, Message
from local_cloud.session_manager.pace import Allowance, Pace
from local_cloud.settings import Settings, define
from local_cloud.store import Record, Store
from local_cloud.texts import parse_json

if t.TYPE_CHECKING:
    from starlette.types import Receive, Send

define("ecs.session_speed", frames.SPEED_DEFAULT, "bit/s in each direction of a session; open ones are told a change")
define(
    "ecs.session_burst_seconds",
    3.0,
    "a caller may be ahead of the speed by what these seconds carry, then comes FlowExceedLimit (UNCERTAIN)",
)
define("ecs.session_idle_seconds", 180.0, "AgentTimeout after so long without a message from the caller")
define("ecs.session_pings_count", False, "whether WebSocket pings are a sign of life of the caller (UNCERTAIN)")
define(
    "ecs.session_connect_seconds",
    0.5,
    "real time until the agent has connected to the port; input that comes before is lost (UNCERTAIN)",
)
define("ecs.session_blank_ids", True, "whether the ids in a caller's messages must be blank (UNCERTAIN)")
define(
    "ecs.session_port_closed",
    "Ok",
    "reason for the end of a session whose port's other side closed (UNCERTAIN)",
    ("Ok", "Read_port_failed"),
)
define(
    "ecs.session_agent_lost",
    "status",
    "what a caller sees when its instance stops or the agent goes offline: status 2, the end of the connection without"
    " one (close), or nothing at all (silence; UNCERTAIN)",
    ("status", "close", "silence"),
)
define(
    "ecs.session_nothing_seconds",
    0.0,
    "how often the service sends the status that there is nothing to do; 0: never (UNCERTAIN)",
)

#: how often a channel looks at clock, settings and its record
_LOOK_SECONDS = 0.1


class EndedError(Exception):
    """A session is over.

    :param status: first byte of the status message for the caller; 0: none is sent.
    :param reason: of a status 5.
    :param detail: what failed, for DescribeTerminalSessions.
    """

    def __init__(self, status: int, reason: str = "", detail: str = "") -> None:
        super().__init__(f"{status} {reason} {detail}".strip())
        self.status, self.reason, self.detail = status, reason, detail


class Channel:
    """Serves one caller.

    :param receive: of an accepted ASGI WebSocket, as is ``send``.
    """

    def __init__(self, store: Store, settings: Settings, session: Record, receive: Receive, send: Send) -> None:
        self._store, self._settings, self._session = store, settings, session
        self._receive, self._send = receive, send
        self._loop = asyncio.get_running_loop()
        self._forced: asyncio.Future[t.NoReturn] = self._loop.create_future()
        self._sending = asyncio.Lock()
        self._sent = self._received = 0
        self._bytes = {"input": 0, "output": 0, "lost": 0}
        self._heard = store.clock.timestamp()
        self._speed = settings["ecs.session_speed"]
        self._allowance = Allowance(self._speed, settings["ecs.session_burst_seconds"])
        self._pace = Pace(self._speed)
        self._way: agents.Way | None = None
        #: ASGI has no word for what is below WebSocket; uvicorn's own object behind ``send`` has
        self._protocol: t.Any = send.__self__  # type: ignore[attr-defined]

    def describe(self) -> dict[str, t.Any]:
        """For the control API."""
        about = {key: self._session[key] for key in ("SessionId", "PortNumber", "TargetServer")}
        return {**about, "InstanceId": self._session["_Instance"], "open": self._way is not None, **self._bytes}

    def end(self, ended: EndedError) -> None:
        """End it from elsewhere; on the event loop."""
        if not self._forced.done():
            self._forced.set_exception(ended)

    def cut(self) -> None:
        """Reset the connection; from any thread."""
        self._loop.call_soon_threadsafe(self._protocol.transport.abort)

    async def serve(self) -> EndedError:
        """Serve until the session is over, and return why; the caller has yet to be told."""
        parts: list[t.Awaitable[t.NoReturn]] = [self._input(), self._watch(), self._output()]
        tasks = [asyncio.ensure_future(part) for part in (*parts, self._forced)]
        try:
            done, _rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            # what the caller did, or was told to end for, says more than what followed from it
            problem = next(task.exception() for task in tasks if task in done)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._way is not None:
                self._way.close()
        if not isinstance(problem, EndedError):
            assert problem is not None
            raise problem
        return problem

    async def say(self, ended: EndedError) -> None:
        """Tell the caller why the session is over, and close the connection."""
        lost = ended.status == frames.AGENT_FAILED and self._settings["ecs.session_agent_lost"]
        with contextlib.suppress(Exception):  # the caller may be gone by now
            if lost == "silence":
                while (await self._receive())["type"] != "websocket.disconnect":
                    pass
            elif ended.status == frames.CLOSED:
                await self._say(frames.STATUS, frames.closed(ended.reason))
            elif ended.status and lost != "close":
                await self._say(frames.STATUS, bytes([ended.status]))
            await self._send({"type": "websocket.close", "code": 1000})

    # -- from the caller

    async def _input(self) -> t.NoReturn:
        while True:
            frame = await self._receive()
            if frame["type"] == "websocket.disconnect":
                raise EndedError(0, "Exit" if frame.get("code") == 1000 else "")
            self._heard = self._store.clock.timestamp()
            await self._take(self._message(frame.get("bytes")))

    def _message(self, frame: bytes | None) -> Message:
        """
        :raises EndedError: it is none that a caller may send now
        """
        try:
            if frame is None:
                raise FrameError("it is a text frame")
            message = frames.decode(frame, blank_ids=self._settings["ecs.session_blank_ids"])
            if message.type not in (frames.INPUT, frames.SIZE, frames.CLOSE):
                raise FrameError(f"a caller may not send type {message.type}")
            if message.sequence != self._received:
                raise FrameError(f"the sequence number is {message.sequence}, not {self._received}")
            if len(message.payload) > frames.PAYLOAD_LONGEST:
                raise FrameError(f"the payload has {len(message.payload)} bytes, more than {frames.PAYLOAD_LONGEST}")
            if message.type == frames.CLOSE and message.payload != b"1":
                raise FrameError("the payload of a close is not 1")
        except FrameError as error:
            raise EndedError(frames.CLOSED, "ProcessDataError", str(error)) from None
        self._received += 1
        return message

    async def _take(self, message: Message) -> None:
        if message.type == frames.CLOSE:
            raise EndedError(frames.CLOSED, "Ok" if self._session["PortNumber"] else "Exit")
        if not self._allowance.take(len(message.payload)):
            raise EndedError(frames.CLOSED, "FlowExceedLimit", f"more than {self._speed} bit/s")
        if self._way is None:
            self._bytes["lost"] += len(message.payload)
        elif message.type == frames.SIZE:
            self._resize(self._way, message.payload)
        else:
            await self._write(self._way, message.payload)

    async def _write(self, way: agents.Way, payload: bytes) -> None:
        began = time.monotonic()
        try:
            way.writer.write(payload)
            await way.writer.drain()
        except OSError as error:
            raise EndedError(frames.CLOSED, "IO_port_failed", str(error)) from None
        self._bytes["input"] += len(payload)
        self._allowance.pardon(time.monotonic() - began)

    @staticmethod
    def _resize(way: agents.Way, payload: bytes) -> None:
        """The layout of this payload is UNCERTAIN: here JSON with rows and cols; what can't be read changes nothing."""
        with contextlib.suppress(ValueError, TypeError, KeyError, struct.error):
            size = parse_json(payload)
            way.resize(int(size["rows"]), int(size["cols"]))

    # -- from the instance

    async def _output(self) -> t.NoReturn:
        way = self._way = await self._open()
        while True:
            try:
                data = await way.reader.read(frames.PAYLOAD_LONGEST)
            except OSError as error:
                if way.terminal is not None:  # so reads end there
                    raise EndedError(frames.CLOSED, "Exit") from None
                raise EndedError(frames.CLOSED, "Read_port_failed", str(error)) from None
            if not data:
                reason = self._settings["ecs.session_port_closed"] if way.terminal is None else "Exit"
                raise EndedError(frames.CLOSED, reason)
            await asyncio.sleep(self._pace.wait(len(data)))
            await self._say(frames.OUTPUT, data)
            self._bytes["output"] += len(data)

    async def _open(self) -> agents.Way:
        session, instance_id = self._session, self._session["_Instance"]
        if not await asyncio.to_thread(self._agent_is_online):
            raise EndedError(frames.AGENT_FAILED, detail="the agent is offline")
        await asyncio.to_thread(records.connected, self._store, session["SessionId"])
        port = session["PortNumber"]
        try:
            if port:
                await asyncio.sleep(self._settings["ecs.session_connect_seconds"])
                return await agents.open_port(self._store, instance_id, port, session["TargetServer"])
            return await agents.open_shell(self._store, instance_id, session["Username"], session["_CommandLine"])
        except HostError as error:
            reason = "InitChannelFailed" if port else "OpenPtyFailed"
            raise EndedError(frames.CLOSED, reason, str(error)) from None
        except OSError as error:
            raise EndedError(frames.CLOSED, "Open_port_failed", str(error)) from None

    # -- beside both

    async def _watch(self) -> t.NoReturn:
        """Look after what else changes: time, settings, the record and the agent."""
        if self._speed != frames.SPEED_DEFAULT:
            await self._say(frames.STATUS, frames.speed(self._speed))
        pings, said_nothing = 0, time.monotonic()
        while True:
            began = time.monotonic()
            await asyncio.sleep(_LOOK_SECONDS)
            # Where this process was held up, so was what it has yet to read.
            self._allowance.pardon(max(0.0, time.monotonic() - began - 2 * _LOOK_SECONDS))
            if self._protocol.pings != pings and self._settings["ecs.session_pings_count"]:
                self._heard = self._store.clock.timestamp()
            pings = self._protocol.pings
            if self._store.clock.timestamp() - self._heard > self._settings["ecs.session_idle_seconds"]:
                raise EndedError(frames.CLOSED, "AgentTimeout")
            await asyncio.to_thread(self._look)
            if self._speed != self._settings["ecs.session_speed"]:
                await self._change_speed(self._settings["ecs.session_speed"])
            every = self._settings["ecs.session_nothing_seconds"]
            if every and time.monotonic() - said_nothing >= every:
                said_nothing = time.monotonic()
                await self._say(frames.STATUS, bytes([frames.NOTHING_TO_DO]))

    def _look(self) -> None:
        """
        :raises EndedError: the session was ended, or the agent is gone
        """
        session = self._store.get(records.KIND, self._session["SessionId"])
        if session is None:
            raise EndedError(frames.CLOSED, "Exit")
        if session["_Ended"]:
            raise EndedError(session["_End"]["status"], session["_End"]["reason"])
        if not self._agent_is_online():
            raise EndedError(frames.AGENT_FAILED, detail="the agent is offline")

    def _agent_is_online(self) -> bool:
        instance = self._store.get("instance", self._session["_Instance"])
        return agents.online(self._store, self._settings, instance)

    async def _change_speed(self, speed: int) -> None:
        self._speed = self._pace.speed = speed
        self._allowance.set(speed, self._settings["ecs.session_burst_seconds"])
        await self._say(frames.STATUS, frames.speed(speed))

    async def _say(self, kind: int, payload: bytes) -> None:
        async with self._sending:
            created = int(self._store.clock.timestamp() * 1000)
            message = Message(kind, self._sent, created, payload)
            self._sent += 1
            try:
                await self._send({"type": "websocket.send", "bytes": message.encode()})
            except OSError:  # so uvicorn says that the caller is gone
                raise EndedError(0) from None
