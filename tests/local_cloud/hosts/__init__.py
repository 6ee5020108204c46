# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of the local cloud: every Running instance is a machine with systemd and OpenSSH, namespaced or virtual.

A region's network is a network namespace that belongs to the server's process. Instances are attached to it, the
metadata service and the OSS and trusted-server names listen in it (:meth:`Hosts.listen`), and a veth pair with one
/32 route an instance makes ``ssh root@<private address>`` work from the controller. All of it ends with the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import struct
import subprocess
import termios
import threading
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from local_cloud.hosts.firewall import Guard

METADATA_ADDRESS = "100.100.100.200"
"""Where instances look for the metadata service (port 80)."""

SERVICE_ADDRESS = "100.127.255.253"
"""Where the names in :attr:`HostSpec.names` (OSS, trusted-server) should point; instances route through it."""

CONTROLLER_ADDRESS = "100.127.255.254"
"""The source address the controller's connections to instances come from."""


class HostError(Exception):
    """A host could not do what was asked; the message is one or two sentences for the user."""


@dataclass(frozen=True)
class HostOptions:
    """Settings of the hosts of one server.

    ``on_power`` is called (from a thread of the hosts) as ``on_power(instance_id, "stopped")`` when a guest powers
    itself off, and with ``"running"`` when it is back from a reboot it started itself.
    """

    enabled: bool = True
    kind: str = "namespace"
    """``namespace``, or ``qemu``: virtual machines with UEFI, a TPM device and IMA (see vm.py)."""
    start_timeout: float = 60.0
    """Seconds a host may take to become reachable."""
    stop_timeout: float = 15.0
    """Seconds an orderly shutdown may take before the host is switched off."""
    on_power: t.Callable[[str, str], None] | None = None
    certify: t.Callable[[str, bytes], bytes] | None = None
    """Given an instance's id and its endorsement key (TPMT_PUBLIC), returns the key's certificate (DER)."""


@dataclass(frozen=True)
class HostSpec:
    """What an instance's host is started with. Only a first boot uses ``user_data``."""

    instance_id: str
    hostname: str
    private_ip: str
    prefix_length: int
    gateway: str
    mac: str
    public_key: str | None = None
    """OpenSSH public key line for root; a changed key replaces the line written before."""
    user_data: bytes | None = None
    """Decoded user data; a script (``#!``) runs once."""
    password: str | None = field(default=None, repr=False)
    """Root's password; without a ``public_key`` it also switches password login on."""
    names: dict[str, str] = field(default_factory=dict)
    """Extra /etc/hosts entries: name to address."""
    ca_certificate: Path | None = None
    """PEM file to add to the instance's trust store."""
    vtpm: bool = False
    """Whether it has a TPM, where this machine can give it one (:attr:`Hosts.no_tpm`)."""


@dataclass(frozen=True)
class CommandResult:
    """How a command run in a host ended. ``exit_code`` is -1 when it ran out of time."""

    exit_code: int
    output: bytes
    """Standard output and standard error, in the order they were written."""
    timed_out: bool = False


@dataclass
class Terminal:
    """A terminal in a host, and what runs in it."""

    master: int
    """Descriptor that reads what is shown and writes what is typed; a read fails once nothing runs in it."""
    process: subprocess.Popen[bytes]

    def resize(self, rows: int, columns: int) -> None:
        """Tell whatever runs in it how large it is."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def close(self) -> None:
        """Hang up, which ends what runs in it."""
        os.close(self.master)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGHUP)
        threading.Thread(target=self.process.wait, daemon=True).start()


class Hosts:
    """The hosts of one server. This class is the one without hosts: everything raises :class:`HostError`."""

    available: bool = False
    reason: str = ""
    """Why there are no hosts, one sentence; empty when available."""
    no_tpm: str = "there are no hosts"
    """Why the hosts of trusted instances have no TPM, one sentence; empty when they have."""
    disks_persist: bool = False
    """False when the state directory's file system cannot carry overlays: disks then end with the server."""
    metadata_address: str = METADATA_ADDRESS
    bridge_address: str = SERVICE_ADDRESS

    def __init__(self, reason: str = "") -> None:
        self.reason = reason

    def listen(self, address: str, port: int) -> socket.socket:
        """A listening TCP socket inside the region's network, at METADATA_ADDRESS or SERVICE_ADDRESS."""
        raise HostError(self.reason)

    def start(self, spec: HostSpec) -> None:
        """Start the host and return once systemd is up and sshd listens. Starting a running host does nothing."""
        raise HostError(self.reason)

    def stop(self, instance_id: str, force: bool = False) -> None:
        """Shut the host down, or switch it off with ``force``. Its disk stays. A stopped host stays stopped."""
        raise HostError(self.reason)

    def reboot(self, instance_id: str, force: bool = False) -> None:
        """Stop and start again, with the spec of the last start."""
        raise HostError(self.reason)

    def delete(self, instance_id: str) -> None:
        """Switch the host off and remove its disk. Deleting an unknown host does nothing."""
        raise HostError(self.reason)

    def protect(self, instance_id: str, guard: Guard | None) -> None:
        """Have the guard, in place of any other, decide on the host's packets from now on, over all its starts.

        None lets everything pass, as does never saying anything. What is let through stays so within its session.
        """
        raise HostError(self.reason)

    def run_command(
        self, instance_id: str, script: bytes, *, timeout: float, user: str = "root", cwd: str = "/root"
    ) -> CommandResult:
        """Run a script in the host, as Cloud Assistant does; ``timeout`` in seconds."""
        raise HostError(self.reason)

    def connect(self, instance_id: str, port: int, target: str = "") -> socket.socket:
        """A TCP connection made from inside the host: to a port of its own, or of the address ``target``.

        :raises OSError: nobody listens there, or the way is blocked.
        """
        raise HostError(self.reason)

    def open_terminal(self, instance_id: str, user: str, command: str = "") -> Terminal:
        """A login shell of a user on a terminal of its own, or a command in it."""
        raise HostError(self.reason)

    def console(self, instance_id: str) -> str:
        """What the host has logged since it was created, running or not."""
        raise HostError(self.reason)

    def is_running(self, instance_id: str) -> bool:
        return False

    def runs_process(self, instance_id: str, name: str) -> bool:
        """Whether a process of that name runs in the host; False without one. Waits for no other call."""
        return False

    def close(self) -> None:
        """Stop all hosts and remove the region's network; disks stay."""


def create(state_dir: Path, options: HostOptions | None = None) -> Hosts:
    """The hosts of a server whose state lives in ``state_dir``; never raises, see :attr:`Hosts.available`."""
    from local_cloud.hosts.machine import create_hosts

    return create_hosts(state_dir, options or HostOptions())
