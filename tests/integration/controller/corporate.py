# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A corporate network: the names of Alibaba Cloud are reached through a proxy only, which wants a password."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import socketserver
import ssl
import threading
import typing as t

if t.TYPE_CHECKING:
    from local_cloud.ca import Authority

#: Nobody listens there.
DEAD_PROXY = "http://user:canary-password@127.0.0.1:9"


class Proxy:
    """A proxy behind which every name leads to one local cloud, over TLS too.

    :param address: C(host:port) of the local cloud
    :param authority: what signs the certificates of the names
    :ivar asked: what it was asked (C(CONNECT host:port), C(POST url)), with the password right
    :ivar refused: the same with none or a wrong one
    """

    def __init__(self, address: str, authority: Authority) -> None:
        host, _colon, port = address.rpartition(":")
        self.target = (host, int(port))
        self.asked: list[str] = []
        self.refused: list[str] = []
        self._tls = authority.server_context("aliyuncs.com")
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://user:canary-password@{self.host}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[socketserver.BaseRequestHandler]:
        proxy = self
        wanted = b"proxy-authorization: basic " + base64.b64encode(b"user:canary-password").lower()

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                head = b""
                while b"\r\n\r\n" not in head:
                    part = self.request.recv(65536)
                    if not part:
                        return
                    head += part
                first, _line, rest = head.partition(b"\r\n")
                what = first.decode().rpartition(" ")[0]
                if wanted not in head.lower():
                    proxy.refused.append(what)
                    self.request.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    return
                proxy.asked.append(what)
                method, url, version = first.split()
                with socket.create_connection(proxy.target) as upstream:
                    if method == b"CONNECT":
                        self.request.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                        with contextlib.suppress(OSError), proxy._tls.wrap_socket(self.request, True) as client:
                            relay(client, upstream)
                        return
                    # One request a connection is all that a proxy of a test has to do.
                    path = b"/" + url.split(b"/", 3)[3]
                    upstream.sendall(b"%s %s %s\r\nConnection: close\r\n%s" % (method, path, version, rest))
                    relay(self.request, upstream)

        return Handler


def relay(one: socket.socket, other: socket.socket) -> None:
    """Pass on what either says until one of them ends."""
    while True:
        ready = [one] if isinstance(one, ssl.SSLSocket) and one.pending() else select.select([one, other], [], [])[0]
        for source in ready:
            data = source.recv(65536)
            if not data:
                return
            (other if source is one else one).sendall(data)
