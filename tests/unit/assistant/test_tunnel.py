# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One stream through a session: when it sends, how fast, and how it ends; with a clock of its own."""

from __future__ import annotations

import asyncio
import itertools
import typing as t

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._assistant import endings, frames
from ansible_collections.alitrust.ecs.plugins.module_utils._assistant.endings import SessionError
from ansible_collections.alitrust.ecs.plugins.module_utils._assistant.frames import Kind, Message, State
from ansible_collections.alitrust.ecs.plugins.module_utils._assistant.pace import Pace
from ansible_collections.alitrust.ecs.plugins.module_utils._assistant.tunnel import Tunnel

BANNER = b"SSH-2.0-server\r\n"


async def turns(number: int = 50) -> None:
    """Let everybody do what can be done now."""
    for _turn in range(number):
        await asyncio.sleep(0)


class Clock:
    """Time that passes only when everybody waits for it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._until: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        self._until.append(until)
        try:
            while self.now < until:
                others = list(self._until)
                await turns(20)
                if until == min(self._until) and others == self._until:
                    self.now = max(self.now, until)
        finally:
            self._until.remove(until)


class Service:
    """The session as a tunnel sees it. What is sent is kept with its time."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.coming: asyncio.Queue[bytes | Exception] = asyncio.Queue()
        self.sent: list[tuple[float, Message]] = []
        self.broken = False

    def gives(self, kind: int, payload: bytes) -> None:
        self.coming.put_nowait(Message(kind, 0, 1, payload).encode())

    async def send(self, frame: bytes) -> None:
        if self.broken:
            raise endings.broken("it was cut", True)
        self.sent.append((self.clock(), frames.decode(frame)))

    async def recv(self) -> bytes:
        got = await self.coming.get()
        if isinstance(got, Exception):
            raise got
        return got

    def data(self) -> bytes:
        return b"".join(message.payload for _time, message in self.sent if message.kind == Kind.INPUT)


class Ssh:
    """The near end. It takes what comes only as long as there is room."""

    def __init__(self, *says: bytes, room: int = 1 << 20, stays: bool = True) -> None:
        self.says, self.room, self.stays = list(says), room, stays
        self.got = b""
        self.gone = asyncio.Event()
        self.more_room = asyncio.Event()

    async def read(self, most: int) -> bytes:
        await asyncio.sleep(0)
        if self.says:
            data = self.says.pop(0)
            if len(data) > most:
                self.says.insert(0, data[most:])
            return data[:most]
        if self.stays:
            await self.gone.wait()
        return b""

    async def write(self, data: bytes) -> None:
        self.got += data
        while len(self.got) > self.room:
            self.more_room.clear()
            await self.more_room.wait()


class Setting(t.NamedTuple):
    clock: Clock
    service: Service
    ssh: Ssh
    tunnel: Tunnel


def setting(*says: bytes, room: int = 1 << 20, stays: bool = True, answer_within: float = 5.0) -> Setting:
    clock = Clock()
    service, ssh = Service(clock), Ssh(*says, room=room, stays=stays)
    tunnel = Tunnel(service, ssh, answer_within=answer_within, clock=clock, sleep=clock.sleep)
    return Setting(clock, service, ssh, tunnel)


def test_nothing_is_sent_before_the_server_has_spoken() -> None:
    async def run() -> None:
        _clock, service, ssh, tunnel = setting(b"SSH-2.0-client\r\n")
        running = asyncio.ensure_future(tunnel.run())
        await turns()
        assert service.sent == []
        service.gives(Kind.OUTPUT, BANNER)
        await turns()
        assert (ssh.got, service.data()) == (BANNER, b"SSH-2.0-client\r\n")
        ssh.gone.set()
        await running
        await tunnel.close()
        last = service.sent[-1][1]
        assert (last.kind, last.payload) == (Kind.CLOSE, b"1")
        assert [message.sequence for _time, message in service.sent] == list(range(len(service.sent)))

    asyncio.run(run())


def test_a_server_that_says_nothing_is_given_up() -> None:
    _clock, service, _ssh, tunnel = setting(answer_within=0.01)
    with pytest.raises(SessionError, match="said nothing within 0 s"):
        asyncio.run(tunnel.run())
    assert service.sent == []


def test_a_pace_is_never_exceeded_and_lost_time_is_not_made_up_for() -> None:
    clock = Clock()
    pace = Pace(clock=clock)
    assert pace.wait(2078) == 0
    assert pace.wait(2078) == pytest.approx(0.08312), "the 83 ms of a full packet"
    assert pace.wait(10) == pytest.approx(2 * 0.08312)
    clock.now += 60
    assert pace.wait(2078) == 0
    assert pace.wait(1) == pytest.approx(0.08312), "a pause does not let more through at once"
    pace.speed = 2_000_000
    clock.now += 1
    assert pace.wait(2500) == 0
    assert pace.wait(1) == pytest.approx(0.01)


def test_packets_are_small_and_paced_to_what_the_service_sets() -> None:
    async def run() -> None:
        clock, service, _ssh, tunnel = setting(b"x" * 20_000, b"y" * 20_000, stays=False)
        service.gives(Kind.OUTPUT, BANNER)
        began = clock()
        await tunnel.run()
        took = clock() - began
        assert service.data() == b"x" * 20_000 + b"y" * 20_000
        assert max(len(message.payload) for _time, message in service.sent) == 2048
        whole = sum(len(message.encode()) for _time, message in service.sent)
        last = len(service.sent[-1][1].encode())
        assert took == pytest.approx((whole - last) * 8 / 200_000)

    async def faster() -> None:
        clock, service, _ssh, tunnel = setting(b"x" * 20_000, stays=False)
        service.gives(Kind.STATUS, bytes([State.SPEED]) + (800_000).to_bytes(4, "big"))
        service.gives(Kind.STATUS, bytes([State.SPEED]) + bytes(4))
        service.gives(Kind.OUTPUT, BANNER)
        began = clock()
        await tunnel.run()
        assert clock() - began == pytest.approx((20_000 - 20_000 % 2048 + 9 * 30) * 8 / 800_000)

    asyncio.run(run())
    asyncio.run(faster())


def test_what_nobody_takes_is_not_asked_for() -> None:
    async def run() -> None:
        _clock, service, ssh, tunnel = setting(room=3000)
        for _number in range(10):
            service.gives(Kind.OUTPUT, b"z" * 2048)
        running = asyncio.ensure_future(tunnel.run())
        await turns()
        assert (len(ssh.got), service.coming.qsize()) == (2 * 2048, 8)
        ssh.room = 1 << 20
        ssh.more_room.set()
        await turns()
        assert (len(ssh.got), service.coming.qsize()) == (10 * 2048, 0)
        ssh.gone.set()
        await running

    asyncio.run(run())


def test_a_quiet_tunnel_sends_signs_of_life_that_carry_nothing() -> None:
    async def run() -> None:
        clock, service, ssh, tunnel = setting()
        service.gives(Kind.OUTPUT, BANNER)
        began = clock()
        running = asyncio.ensure_future(tunnel.run())
        while clock() < began + 400:
            await asyncio.sleep(0)
        ssh.gone.set()
        await running
        assert {(message.kind, message.payload) for _time, message in service.sent} == {(Kind.INPUT, b"")}
        times = [began, *(time for time, _message in service.sent), clock()]
        assert max(later - earlier for earlier, later in itertools.pairwise(times)) < 180

    asyncio.run(run())


@pytest.mark.parametrize(
    ("opened", "payload", "words"),
    [
        (False, b"\x02", "to the agent in the instance did not come about"),
        (True, b"\x02", "to the agent in the instance was lost"),
        (False, b"\x05Open_port_failed", "Nothing listens on this port"),
        (True, b"\x05FlowExceedLimit", "more was sent than its speed allows"),
        (True, b"\x05AgentTimeout", "is gone.*AgentTimeout"),
        (False, b"\x05Exit", "ended from elsewhere"),
        (True, b"\x05SomethingNew", "Session Manager says SomethingNew"),
    ],
)
def test_why_a_session_ended_is_said(opened: bool, payload: bytes, words: str) -> None:
    async def run() -> None:
        _clock, service, _ssh, tunnel = setting()
        if opened:
            service.gives(Kind.OUTPUT, BANNER)
        service.gives(Kind.STATUS, payload)
        await tunnel.run()

    with pytest.raises(SessionError, match=words):
        asyncio.run(run())


@pytest.mark.parametrize("payload", [b"\x05Ok", b"\x05Exit"])
def test_a_server_that_hangs_up_is_no_error(payload: bytes) -> None:
    async def run() -> None:
        _clock, service, ssh, tunnel = setting()
        service.gives(Kind.STATUS, b"\x03")
        service.gives(99, b"of a newer service")
        service.gives(Kind.OUTPUT, BANNER)
        service.gives(Kind.STATUS, payload)
        await tunnel.run()
        assert ssh.got == BANNER

    asyncio.run(run())


def test_why_is_told_by_what_comes_in_when_sending_fails() -> None:
    async def run() -> None:
        _clock, service, _ssh, tunnel = setting(b"hello")
        service.broken = True
        service.gives(Kind.OUTPUT, BANNER)
        running = asyncio.ensure_future(tunnel.run())
        await turns()
        service.gives(Kind.STATUS, b"\x05FlowExceedLimit")
        await running

    with pytest.raises(SessionError, match="FlowExceedLimit"):
        asyncio.run(run())


def test_what_is_no_message_ends_the_tunnel() -> None:
    async def run() -> None:
        _clock, service, _ssh, tunnel = setting()
        service.coming.put_nowait(b"<html>")
        await tunnel.run()

    with pytest.raises(SessionError, match="no message of Session Manager"):
        asyncio.run(run())
