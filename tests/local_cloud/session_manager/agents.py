# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents of Cloud Assistant in the instances: whether they are there, and the ways they open for sessions."""

from __future__ import annotations

import asyncio
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from local_cloud.hosts import HostError, Terminal
from local_cloud.services.ecs.lifecycle import hosts_of
from local_cloud.settings import Settings, define
from local_cloud.store import Record, Store, on_transition

define(
    "ecs.agent_without_hosts",
    "offline",
    "the agents of instances that have no host: offline, or loopback, which lets a session reach the ports of this"
    " machine's own loopback interface (for tests)",
    ("offline", "loopback"),
)

#: threads of their own: whoever waits for an address that does not answer holds nobody else up
_OPENERS = ThreadPoolExecutor(32, thread_name_prefix="agents")

#: records of agents that the control API switched off; by instance
OFFLINE = "agent_offline"


def online(store: Store, settings: Settings, instance: Record | None) -> bool:
    """Whether an instance's agent can be reached."""
    if instance is None or instance["Status"] != "Running" or instance.get("_Releasing"):
        return False
    return installed(store, settings) and store.get(OFFLINE, instance["InstanceId"]) is None


def installed(store: Store, settings: Settings) -> bool:
    """Whether instances have an agent."""
    return hosts_of(store) is not None or bool(settings["ecs.agent_without_hosts"] == "loopback")


@on_transition("instance")
def _forget(store: Store, before: Record, after: Record | None) -> None:
    """A released instance has no agent."""
    if after is None:
        store.delete(OFFLINE, before["InstanceId"])


def switch(store: Store, instance_id: str, *, online: bool) -> None:
    """Cut an agent off from Cloud Assistant, or let it back.

    :raises ValueError: there is no such instance.
    """
    with store.transaction():
        if store.get("instance", instance_id) is None:
            raise ValueError(f"there is no instance {instance_id!r}")
        if online:
            store.delete(OFFLINE, instance_id)
        else:
            store.put(OFFLINE, instance_id, {"InstanceId": instance_id})


@dataclass
class Way:
    """Both directions of a byte stream into an instance."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    terminal: Terminal | None = None
    source: asyncio.BaseTransport | None = None
    """What is read from, where that is not what is written to."""

    def resize(self, rows: int, columns: int) -> None:
        """Tell a terminal its size; a port has none."""
        if self.terminal is not None:
            self.terminal.resize(rows, columns)

    def close(self) -> None:
        """Let go of the port, or end what runs in the terminal."""
        self.writer.transport.abort()
        if self.source is not None:
            self.source.close()
        if self.terminal is not None:
            self.terminal.close()


async def open_port(store: Store, instance_id: str, port: int, target: str) -> Way:
    """Connect to a port, as the agent does: from inside the instance.

    :param target: another address to connect to; empty: the instance itself.
    :raises OSError: nobody listens there, or the way is blocked.
    :raises HostError: the agent is gone.
    """

    def connect() -> socket.socket:
        hosts = hosts_of(store)
        if hosts is None:
            return socket.create_connection((target or "127.0.0.1", port), timeout=10)
        return hosts.connect(instance_id, port, target)

    sock = await asyncio.get_running_loop().run_in_executor(_OPENERS, connect)
    sock.setblocking(False)
    return Way(*await asyncio.open_connection(sock=sock))


async def open_shell(store: Store, instance_id: str, user: str, command: str) -> Way:
    """Start a terminal in the instance, with a login shell or a command in it.

    :raises HostError: this host gives none, or has no such user.
    """
    hosts = hosts_of(store)
    if hosts is None:
        raise HostError("without hosts there are no terminals, only ports")
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    terminal = await loop.run_in_executor(_OPENERS, hosts.open_terminal, instance_id, user or "root", command)
    source, _protocol = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(terminal.master), "rb", 0)
    )
    sink, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), os.fdopen(os.dup(terminal.master), "wb", 0)
    )
    return Way(reader, asyncio.StreamWriter(sink, protocol, None, loop), terminal, source)
