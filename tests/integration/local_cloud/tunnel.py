# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A caller of Session Manager that knows nothing but the table of its messages."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
import typing as t
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

INPUT, OUTPUT, SIZE, CLOSE, STATUS = 0, 1, 2, 3, 5


def frame(
    kind: int,
    sequence: int,
    payload: bytes,
    *,
    created: int = 1_700_000_000_000,
    version: bytes = b"1.01",
    ids: bytes = b"  ",
) -> bytes:
    """One message, byte by byte."""
    numbers = created.to_bytes(8, "little") + sequence.to_bytes(8, "little") + len(payload).to_bytes(4, "little")
    return kind.to_bytes(4, "little") + version + ids + numbers + payload


class Received(t.NamedTuple):
    """A message of the service."""

    type: int
    sequence: int
    payload: bytes


class Tunnel:
    """One connection to a session's address."""

    def __init__(self, connection: ClientConnection) -> None:
        self.socket = connection
        self._sent = self.received = 0

    def send(self, payload: bytes, kind: int = INPUT) -> None:
        self.raw(frame(kind, self._sent, payload))

    def raw(self, message: bytes | str) -> None:
        self.socket.send(message)
        self._sent += 1

    def receive(self, timeout: float = 30) -> Received:
        message = self.socket.recv(timeout=timeout)
        assert isinstance(message, bytes)
        assert message[4:8] == b"1.01"
        assert message[8:10] == b"  "
        assert int.from_bytes(message[10:18], "little") > 0
        sequence, length = int.from_bytes(message[18:26], "little"), int.from_bytes(message[26:30], "little")
        assert sequence == self.received
        assert length == len(message[30:]) <= 2048
        self.received += 1
        return Received(int.from_bytes(message[:4], "little"), sequence, message[30:])

    def output(self, size: int) -> bytes:
        """That many bytes of output."""
        data = b""
        while len(data) < size:
            message = self.receive()
            assert message.type == OUTPUT, message
            data += message.payload
        return data

    def ended(self) -> bytes:
        """The payload of the status that comes last, after which the connection is closed."""
        last = b""
        while True:
            try:
                message = self.receive()
            except ConnectionClosed:
                return last
            last = message.payload if message.type == STATUS else b""


@contextlib.contextmanager
def opened(url: str, ca: Path | None = None, headers: dict[str, str] | None = None) -> t.Iterator[Tunnel]:
    """A connection to a session's address.

    :param ca: the certificate to trust, with TLS.
    """
    context = ssl.create_default_context(cafile=ca) if url.startswith("wss:") else None
    quiet: dict[str, t.Any] = {"compression": None, "ping_interval": None, "proxy": None, "open_timeout": 60}
    with connect(url, ssl=context, additional_headers=headers, **quiet) as connection:
        yield Tunnel(connection)


class Forward:
    """A port of this machine, each connection to which goes through a tunnel of its own.

    :param start: opens a session and returns what StartTerminalSession answers.
    :param speed: bit/s that the input keeps to.
    """

    def __init__(self, start: t.Callable[[], dict[str, t.Any]], speed: int) -> None:
        self._start, self._speed = start, speed
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.sessions: list[str] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join(30)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._server.accept()
                session = self._start()
                self.sessions.append(session["SessionId"])
                thread = threading.Thread(target=self._carry, args=(connection, session["WebSocketUrl"]), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _carry(self, connection: socket.socket, url: str) -> None:
        spoken = threading.Event()
        with opened(url) as tunnel:
            into = threading.Thread(target=self._into, args=(connection, tunnel, spoken), daemon=True)
            into.start()
            self._out_of(connection, tunnel, spoken)
            into.join(30)

    def _out_of(self, connection: socket.socket, tunnel: Tunnel, spoken: threading.Event) -> None:
        with contextlib.suppress(ConnectionClosed, OSError):
            while (message := tunnel.receive()).type != STATUS or message.payload[0] == 7:
                if message.type == OUTPUT:
                    connection.sendall(message.payload)
                    spoken.set()
        spoken.set()
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def _into(self, connection: socket.socket, tunnel: Tunnel, spoken: threading.Event) -> None:
        spoken.wait(30)  # what comes before the agent has connected would be lost; with SSH the other side speaks first
        with contextlib.suppress(ConnectionClosed, OSError), connection:
            while data := connection.recv(2048):
                tunnel.send(data)
                time.sleep(len(data) * 8 / self._speed)
            tunnel.send(b"1", CLOSE)
