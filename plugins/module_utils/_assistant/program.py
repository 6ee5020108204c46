# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program behind ssh's option ProxyCommand: a session to port 22 of an instance, as its input and output. Private.

It ends with its input, when ssh hangs up, or when the play that it serves is over, and ends the session then.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
import typing as t
from dataclasses import dataclass, field, replace

from .._cloud.door import Cloud
from .._cloud.errors import AlitrustError, InvalidInput
from .._cloud.options import CONNECTION_SPEC, Connection
from .._core import naming
from . import endings, handover, records, sessions, websocket
from .tunnel import Tunnel

#: Seconds until the SSH server must have answered, everything before included.
ANSWER_WITHIN = 60.0
#: What is left of that for ssh, so that this program's words come first.
_EARLIER = 3.0
#: Seconds that ending a session may take.
_END_BUDGET = 20.0
#: Bytes that are read ahead.
_AHEAD = 1 << 14


@dataclass
class Job:
    """What there is to do.

    :ivar options: of the connection to Alibaba Cloud
    :ivar answer_within: seconds until the SSH server must have answered
    :ivar name: of the tunnel, for last words; None where a person uses it
    :ivar watched: process with which the tunnel ends, too
    """

    instance_id: str
    port: int = 22
    options: dict[str, t.Any] = field(default_factory=dict)
    answer_within: float = ANSWER_WITHIN
    name: str | None = None
    watched: int | None = None


class StandardStreams:
    """The near end: this process's input and output."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.hung_up = asyncio.Event()

    @classmethod
    async def open(cls) -> StandardStreams:
        """Those that ssh has given."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_AHEAD)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
        transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout.buffer)
        transport.set_write_buffer_limits(_AHEAD)
        return cls(reader, asyncio.StreamWriter(transport, protocol, None, loop))

    async def read(self, most: int) -> bytes:
        """Input, or nothing at its end and after a signal."""
        reading = asyncio.ensure_future(self._reader.read(most))
        hanging_up = asyncio.ensure_future(self.hung_up.wait())
        try:
            await asyncio.wait((reading, hanging_up), return_when=asyncio.FIRST_COMPLETED)
            return reading.result() if reading.done() else b""
        finally:
            reading.cancel()
            hanging_up.cancel()

    async def write(self, data: bytes) -> None:
        """
        :raises OSError: nobody reads it
        """
        self._writer.write(data)
        await self._writer.drain()


def main(arguments: t.Sequence[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    name = None
    try:
        job = _job(sys.argv[1:] if arguments is None else arguments)
        name = job.name
        _run(job)
    except AlitrustError as error:
        _complain(str(error.as_failure()["msg"]), name)
        return 1
    except KeyboardInterrupt:
        return 1
    except Exception as exc:
        _complain(f"The tunnel broke, which is a fault of alitrust.ecs: {type(exc).__name__}: {exc}", name)
        return 1
    return 0


def _job(arguments: t.Sequence[str]) -> Job:
    parser = argparse.ArgumentParser(
        prog="session_proxy.py",
        description="Connects standard input and output to a port of an instance through Session Manager. Credentials "
        "come from the environment or from a profile, never from an option.",
    )
    parser.add_argument("instance_id", help="ID of the instance; %%h in the configuration of ssh")
    parser.add_argument("port", nargs="?", type=int, default=22, help="port in the instance; %%p in it (default: 22)")
    for name in _PEOPLES:
        parser.add_argument(f"--{name.replace('_', '-')}", help=f"the option {name} of the modules")
    parser.add_argument("--handover", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.handover:
        # Away from the terminal, whose Ctrl+C is for Ansible to answer.
        with contextlib.suppress(OSError):
            os.setsid()
        return Job(**handover.fetch(given.handover))
    naming.check_instance_ids([given.instance_id], "instance_id")
    if not 0 < given.port < 1 << 16:
        raise InvalidInput(f"The port is {given.port}; expected 1 to 65535.")
    return Job(given.instance_id, given.port, {name: getattr(given, name) for name in _PEOPLES})


#: Options about how patient a task is, which a configuration of ssh leaves as they are.
_PATIENCE = ("api_timeout", "api_calls_per_second")
#: Options without a secret, for those who write a configuration of ssh.
_PEOPLES = tuple(
    name
    for name, spec in CONNECTION_SPEC.items()
    if not spec.get("no_log") and name not in ("access_key_id", "credentials_uri", *_PATIENCE)
)


def _complain(text: str, name: str | None) -> None:
    """Say what went wrong. Where ssh has thrown the error output away, as it does with ControlPersist, the terminal is
    left."""
    text = " ".join(text.split())
    if name:
        handover.say(name, text)
        return
    with contextlib.suppress(OSError):
        if os.path.samestat(os.fstat(2), os.stat(os.devnull)):
            with open("/dev/tty", "w", encoding="utf-8") as terminal:
                terminal.write(f"alitrust.ecs: {text}\n")
            return
    with contextlib.suppress(OSError):
        sys.stderr.write(f"alitrust.ecs: {text}\n")


def _run(job: Job) -> None:
    """Begin a session, serve it, end it.

    :raises AlitrustError: with what to say
    """
    for each in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    websocket.library()  # before a session is begun
    deadline = time.monotonic() + job.answer_within - _EARLIER
    connection = Connection.from_options(job.options)
    cloud = Cloud(replace(connection, api_timeout=min(connection.api_timeout, max(1.0, job.answer_within - _EARLIER))))
    session = sessions.start(cloud, job.instance_id, job.port)
    record = records.Record(cloud, session.session_id)
    try:
        threading.Thread(target=records.end_abandoned, args=(Cloud(connection),), daemon=True).start()
        asyncio.run(_serve(job, cloud, session, deadline))
    finally:
        # Whoever hangs up now has to wait for this: it is short.
        for each in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        with contextlib.suppress(AlitrustError):
            sessions.end(Cloud(replace(connection, api_timeout=_END_BUDGET)), session.session_id)
            record.drop()


async def _serve(job: Job, cloud: Cloud, session: sessions.Session, deadline: float) -> None:
    """
    :raises AlitrustError: the session was of no use, or broke
    """
    near = await StandardStreams.open()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, near.hung_up.set)
    left = max(1.0, deadline - time.monotonic())
    socket = await websocket.connect(session.url, session.token, cloud.connection.route, left)
    tunnel = Tunnel(socket, near, answer_within=max(1.0, deadline - time.monotonic()))
    watching = asyncio.ensure_future(_watch(job.watched, near.hung_up))
    try:
        await tunnel.run()
    except endings.SessionError:
        # What the instance is like says more than that the service could not reach it.
        why = None if tunnel.opened else await _reason(cloud, job)
        if why is None:
            raise
        raise why from None
    finally:
        watching.cancel()
        await tunnel.close()
        await socket.close()


async def _reason(cloud: Cloud, job: Job) -> endings.SessionError | None:
    return await asyncio.to_thread(sessions.why_not, cloud, job.instance_id)


async def _watch(process: int | None, gone: asyncio.Event) -> None:
    """Hang up when a process is gone, as nobody needs the tunnel then."""
    while process:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            gone.set()
            return
        except OSError:
            return
        await asyncio.sleep(1)
