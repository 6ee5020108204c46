# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One address of the cloud for each of two runs; which of them gets its next call through is said by a schedule.

A call waits until it is its run's turn, and the next one until it is answered. A run whose turn it is, but which is
busy with something else, is passed over after a moment: no schedule may stop both.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import threading
import time
import typing as t

from proof.together.schedule import Schedule, Turns

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

#: How long a run that is busy is waited for, in seconds; a task's start is shorter.
_PATIENCE = 3.0
#: How long a call is held at most, in seconds: clients give up after 30.
_LONGEST = 20.0


class Turnstile:
    """Two addresses of one cloud. Use it as a context.

    :ivar endpoints: the address of each run
    :ivar calls: whose calls went through, in order
    """

    def __init__(self, cloud: LocalCloud, schedule: Schedule) -> None:
        self._turns = Turns(schedule)
        self._turn: int | None = None
        self._since = 0.0
        self._ended: set[int] = set()
        self._busy = False
        self._changed = threading.Condition()
        self.calls: list[int] = []
        self._servers = [_server(cloud, self, side) for side in range(2)]
        self.endpoints = [f"http://127.0.0.1:{server.server_address[1]}" for server in self._servers]

    def __enter__(self) -> Turnstile:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def ended(self, side: int) -> None:
        """This run makes no more calls."""
        with self._changed:
            self._ended.add(side)
            if self._turn == side:
                self._turn = None
            self._changed.notify_all()

    @contextlib.contextmanager
    def through(self, side: int) -> t.Iterator[None]:
        """Wait for the turn of this run; the block is its call."""
        start = time.monotonic()
        with self._changed:
            while not self._may_go(side, start):
                self._changed.wait(0.1)
            self._busy = True
            self.calls.append(side)
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._turn = None
                self._changed.notify_all()

    def _may_go(self, side: int, start: float) -> bool:
        if self._busy:
            return False
        now = time.monotonic()
        if self._turn is None and len(self._ended) < 2:
            self._turn, self._since = self._turns.next(self._ended), now
        return self._turn == side or now - self._since > _PATIENCE or now - start > _LONGEST


def _server(cloud: LocalCloud, turnstile: Turnstile, side: int) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _hand_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with turnstile.through(side):
                # Host stays as it was signed.
                behind = http.client.HTTPConnection(cloud.address, timeout=60)
                behind.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    behind.putheader(name, value)
                behind.endheaders(body)
                answer = behind.getresponse()
                content = answer.read()
                behind.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "server", "date"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _hand_on

        def log_message(self, *_arguments: t.Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server
