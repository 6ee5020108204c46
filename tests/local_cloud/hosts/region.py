# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The region's network: a network namespace that belongs to one thread of the server.

Nothing here has to be cleaned up after a crash: the namespace ends with its thread, and takes its sockets, its veth
pairs (the controller's end included) and the routes over them along. Links are routed, not bridged: each instance has a
/32 route, and proxy ARP answers for its neighbours, so any CIDR and any gateway works without configuration. At the
region's end of each link is the instance's guard (see firewall.py).
"""

from __future__ import annotations

import concurrent.futures
import ctypes
import ipaddress
import json
import os
import socket
import subprocess
import threading
import typing as t
from pathlib import Path

from local_cloud.hosts import CONTROLLER_ADDRESS, METADATA_ADDRESS, SERVICE_ADDRESS, HostError
from local_cloud.hosts.firewall import Guard, ruleset

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000

#: how long a session of a security group lasts without a packet (documented)
SESSION_SECONDS = 910

T = t.TypeVar("T")


def unshare(flags: int) -> None:
    """Give the calling thread its own namespaces; OSError when the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def in_network(path: str, function: t.Callable[[], T]) -> T:
    """Call the function inside another network namespace; sockets that it opens stay there.

    :param path: of the namespace, as in ``/proc/<pid>/ns/net``.
    """

    def inside() -> T:
        with open(path, "rb") as namespace:
            _set_namespace(namespace.fileno(), CLONE_NEWNET)
        return function()

    with concurrent.futures.ThreadPoolExecutor(1) as thread:  # which ends, and with it its view of the network
        return thread.submit(inside).result()


def _set_namespace(descriptor: int, kind: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, kind) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def ip(*commands: str) -> None:
    """Run ``ip`` commands in order, in the network namespace of the calling thread."""
    done = subprocess.run(
        ["ip", "-batch", "-"],
        input="\n".join(commands),
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode != 0:
        said = "; ".join(line for line in done.stdout.splitlines() if not line.startswith("Command failed"))
        raise HostError(f"ip failed: {said}")


def nft(ruleset: str) -> None:
    """Load rules of nftables, all or none, in the network namespace of the calling thread."""
    done = subprocess.run(
        ["nft", "-f", "-"], input=ruleset, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode != 0:
        raise HostError(f"nft failed: {'; '.join(done.stdout.splitlines()[:3])}")


class Region:
    """The network of one server.

    :param name: the controller's interface towards the region, at most 15 characters.
    :param memory_dir: a directory to cover with a tmpfs that only the region sees.
    :param mounts: whether file systems that are mounted on the region's thread are to be its own, and end with it.
    :raises OSError: when the kernel refuses a namespace or a mount.
    :raises HostError: when ``ip`` refuses a link.
    """

    def __init__(self, name: str, memory_dir: Path | None = None, *, mounts: bool = False) -> None:
        self.name = name
        self._routes: dict[str, str] = {}  # address -> instance id
        self._routes_lock = threading.Lock()
        self._links = 0
        # One thread for the life of the server: it holds the namespace, and processes it starts with
        # PR_SET_PDEATHSIG end when it does.
        self._thread = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix=name)
        self.thread_id: int = -1
        try:
            self.thread_id = self.run(self._enter, memory_dir, mounts)
            subprocess.run(["ip", "link", "del", name], stderr=subprocess.DEVNULL, check=False)
            ip(
                f"link add {name} type veth peer name uplink netns {self.thread_id}",
                f"addr add {CONTROLLER_ADDRESS}/32 dev {name}",
                f"link set {name} up",
            )
            self.run(self._set_up)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _enter(memory_dir: Path | None, mounts: bool) -> int:
        unshare(CLONE_NEWNET)
        if mounts or memory_dir is not None:
            unshare(CLONE_NEWNS)
            subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        if memory_dir is not None:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0700", "tmpfs", str(memory_dir)], check=True)
        return threading.get_native_id()

    @staticmethod
    def _set_up() -> None:
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        Path("/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established").write_text(str(SESSION_SECONDS))
        for scope in ("all", "default"):
            Path(f"/proc/sys/net/ipv4/conf/{scope}/rp_filter").write_text("0")
        ip(
            "link set lo up",
            f"addr add {METADATA_ADDRESS}/32 dev lo",
            f"addr add {SERVICE_ADDRESS}/32 dev lo",
            "link set uplink up",
            f"route add {CONTROLLER_ADDRESS}/32 dev uplink",
        )

    def run(self, function: t.Callable[..., T], *args: t.Any, **kwargs: t.Any) -> T:
        """Call the function on the region's thread, that is, inside its network."""
        return self._thread.submit(function, *args, **kwargs).result()

    def listen(self, address: str, port: int) -> socket.socket:
        def open_socket() -> socket.socket:
            try:
                return socket.create_server((address, port), backlog=128)
            except OSError as error:
                raise HostError(f"cannot listen on {address} port {port} of the region's network: {error}") from None

        return self.run(open_socket)

    def route(self, instance_id: str, address: str) -> None:
        """Route the address from the controller into the region, for this instance.

        :raises HostError: when the address belongs to another instance, another local cloud or a local network.
        """
        with self._routes_lock:
            holder = self._routes.get(address)
            if holder == instance_id:
                return
            self._drop(instance_id)
            if holder is not None:
                raise HostError(
                    f"the private address {address} is in use by the host of {holder}; the hosts of one local cloud "
                    "share one network, so give the instance another private address"
                )
            conflict = _conflict(address, self.name)
            if conflict:
                raise HostError(f"the private address {address} cannot be routed from this machine: {conflict}")
            ip(f"route add {address}/32 via {SERVICE_ADDRESS} dev {self.name} onlink src {CONTROLLER_ADDRESS}")
            self._routes[address] = instance_id

    def unroute(self, instance_id: str) -> None:
        """Forget the instance's addresses."""
        with self._routes_lock:
            self._drop(instance_id)

    def _drop(self, instance_id: str) -> None:
        for address in [a for a, holder in self._routes.items() if holder == instance_id]:
            del self._routes[address]
            subprocess.run(
                ["ip", "route", "del", f"{address}/32", "dev", self.name], stderr=subprocess.DEVNULL, check=False
            )

    def attach(self, pid: int, *, address: str, gateway: str, mac: str, guard: Guard | None = None) -> str:
        """Plug the network namespace of process ``pid`` in as ``eth0``; the guest side sets its own address.

        :return: the name of the region's end of it.
        """
        peer = f"type veth peer name eth0 address {mac} netns {pid}"
        return self._plug(f"link add {{link}} {peer}", address=address, gateway=gateway, mac=mac, guard=guard)

    def attach_machine(self, *, address: str, gateway: str, mac: str, guard: Guard | None = None) -> str:
        """A tap interface for a virtual machine that is started on the region's thread; its name."""
        return self._plug("tuntap add dev {link} mode tap", address=address, gateway=gateway, mac=mac, guard=guard)

    def protect(self, link: str, guard: Guard | None) -> None:
        """Put a guard at an interface, in place of the one before; None for none.

        :raises HostError: when ``nft`` refuses.
        """
        self.run(nft, ruleset(link, guard))

    def detach(self, link: str) -> None:
        """Remove an interface and its guard; one that is gone already does no harm."""
        self.run(subprocess.run, ["ip", "link", "del", link], stderr=subprocess.DEVNULL, check=False)
        self.protect(link, None)

    def _plug(self, add: str, *, address: str, gateway: str, mac: str, guard: Guard | None) -> str:
        def plug() -> str:
            self._links += 1
            link = f"i{self._links}"
            if guard is not None:
                nft(ruleset(link, guard))  # before there is anything to pass
            ip(
                f"addr replace {gateway}/32 dev lo",
                add.format(link=link),
                f"link set {link} up",
                f"route replace {address}/32 dev {link}",
                f"neigh replace {address} lladdr {mac} dev {link} nud permanent",
            )
            Path(f"/proc/sys/net/ipv4/conf/{link}/proxy_arp").write_text("1")
            Path(f"/proc/sys/net/ipv4/neigh/{link}/proxy_delay").write_text("0")
            return link

        return self.run(plug)

    def close(self) -> None:
        """End the network; processes of the region that still live are killed."""
        subprocess.run(["ip", "link", "del", self.name], stderr=subprocess.DEVNULL, check=False)
        self._thread.shutdown()


def _conflict(address: str, own_link: str) -> str | None:
    """Why the controller cannot route the address to an instance."""
    answer = subprocess.run(["ip", "-j", "-4", "route", "show", "table", "all"], capture_output=True, check=False)
    try:
        routes = json.loads(answer.stdout or b"[]")
    except ValueError:
        return None
    wanted = ipaddress.ip_address(address)
    for route in routes:
        target, link = str(route.get("dst", "default")), str(route.get("dev", ""))
        if target == "default" or link in ("lo", own_link):
            continue
        try:
            network = ipaddress.ip_network(target)
        except ValueError:
            continue
        if wanted in network and network.prefixlen > 0:
            if link.startswith("lc-"):
                return f"another local cloud (interface {link}) has an instance with it; use another CIDR block in one"
            return f"it lies in {network}, which this machine reaches by {link}; use another CIDR block for the vSwitch"
    return None
