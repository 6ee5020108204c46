# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bare machines on a region's network, and packets between them: what hosts have of the network, without the rest."""

from __future__ import annotations

import errno
import ipaddress
import select
import socket
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local_cloud.hosts.firewall import Guard
from local_cloud.hosts.region import CLONE_NEWNET, Region, ip, unshare

_ROUTER = "fe80::1"
_PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP, "icmp": socket.IPPROTO_ICMP}
_PROTOCOLS["icmpv6"] = socket.IPPROTO_ICMPV6
#: an echo request, whose checksum and identifier the kernel fills in
_ECHO = {"icmp": b"\x08\0\0\0\0\0\0\1", "icmpv6": b"\x80\0\0\0\0\0\0\1"}
#: The other end's answer to what nobody listens for; silence is what a security group makes of it.
_REFUSED = (0, errno.ECONNREFUSED)
#: How long an answer that ought to come may take, and how long one that ought not is listened for after all others.
_PATIENCE, _GRACE = 20.0, 0.15


@dataclass(frozen=True)
class Probe:
    """The packet that opens a session, or would."""

    protocol: str
    source: str
    target: str
    port: int = 0
    source_port: int = 0

    def send(self) -> socket.socket:
        """Send it; an answer makes the socket readable (or, for TCP, end its connecting)."""
        version = ipaddress.ip_address(self.target).version
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        kind = socket.SOCK_STREAM if self.protocol == "tcp" else socket.SOCK_DGRAM
        sock = socket.socket(family, kind, _PROTOCOLS[self.protocol])
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self.source, self.source_port))
        failed = sock.connect_ex((self.target, self.port))
        assert failed in (0, errno.EINPROGRESS), f"{self}: {errno.errorcode[failed]}"
        if self.protocol != "tcp":
            sock.send(_ECHO.get(self.protocol, b"?"))
        return sock


def _answered(probe: Probe, sock: socket.socket) -> bool:
    """Whether the other end said something, be it that nobody listens."""
    if probe.protocol == "tcp":
        return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) in _REFUSED
    try:
        return bool(sock.recv(100))
    except ConnectionRefusedError:
        return True


class Machine:
    """A network namespace that ends with this object, plugged in to a region as a host is.

    :param addresses: of both families; the first one is IPv4.
    """

    def __init__(self, region: Region, number: int, addresses: t.Sequence[str]) -> None:
        self.region, self.addresses = region, addresses
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"machine-{number}")
        tid = self._thread.submit(self._enter).result()
        mac = f"00:16:3e:00:01:{number:02x}"
        self.link = region.attach(tid, address=addresses[0], gateway="172.16.15.253", mac=mac)
        region.run(self._route, mac)
        self._thread.submit(self._set_up).result()

    @staticmethod
    def _enter() -> int:
        unshare(CLONE_NEWNET)
        return threading.get_native_id()

    def _route(self, mac: str) -> None:
        """In the region: what it does not do for hosts, which have one IPv4 address each."""
        Path("/proc/sys/net/ipv6/conf/all/forwarding").write_text("1")
        link = self.link
        commands = [f"addr add {_ROUTER}/64 dev {link} nodad"]
        for address in self.addresses[1:]:
            commands += [f"route replace {address} dev {link}"]
            commands += [f"neigh replace {address} lladdr {mac} dev {link} nud permanent"]
        ip(*commands)

    def _set_up(self) -> None:
        """In the machine: addresses, and answers as many as there are questions."""
        ip(
            "link set lo up",
            *(f"addr add {one} dev eth0{' nodad' if ':' in one else ''}" for one in self.addresses),
            "link set eth0 up",
            "route add default via 172.16.15.253 dev eth0 onlink",
            f"route add default via {_ROUTER} dev eth0",
        )
        for name, value in (
            ("ipv4/icmp_ratemask", "0"),
            ("ipv6/icmp/ratemask", ""),
            ("ipv6/icmp/ratelimit", "0"),
            ("ipv4/ping_group_range", "0 0"),
        ):
            (Path("/proc/sys/net") / name).write_text(f"{value}\n")

    def protect(self, guard: Guard | None) -> None:
        self.region.protect(self.link, guard)

    def start(self, probes: t.Mapping[Probe, bool]) -> t.Callable[[], dict[Probe, bool]]:
        """Send packets from here; what is returned waits for and says which of them were answered.

        :param probes: and whether an answer is expected, so that those that are not are listened for last.
        """
        return self._thread.submit(self._send, dict(probes)).result

    @staticmethod
    def _send(probes: dict[Probe, bool]) -> dict[Probe, bool]:
        open_ = {sock.fileno(): (probe, sock) for probe in probes for sock in [probe.send()]}
        answers = dict.fromkeys(probes, False)
        poller = select.poll()
        for descriptor, (probe, _sock) in open_.items():
            poller.register(descriptor, select.POLLOUT if probe.protocol == "tcp" else select.POLLIN)
        missing = {probe for probe, expected in probes.items() if expected}
        deadline = time.monotonic() + (_PATIENCE if missing else _GRACE)
        while open_ and (left := deadline - time.monotonic()) > 0:
            for descriptor, _event in poller.poll(left * 1000):
                poller.unregister(descriptor)
                probe, sock = open_.pop(descriptor)
                answers[probe] = _answered(probe, sock)
                sock.close()
                if probe in missing:
                    missing.discard(probe)
                    if not missing:
                        deadline = time.monotonic() + _GRACE
        for _probe, sock in open_.values():
            sock.close()
        return answers

    def close(self) -> None:
        self._thread.shutdown()
