# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metadata service of an instance without a host: whoever asks C(url) counts as the instance."""

from __future__ import annotations

import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from guest import Guest, create_role
from sdk import Sdk

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

HOST = "http://100.100.100.200"


class MetadataDoor:
    """A running instance, and an address on this machine where its metadata service answers.

    :ivar broken: what the next requests are answered instead: None breaks the connection off, a number is a status, a
        text the body; 0 is the true answer
    """

    def __init__(self, cloud: LocalCloud, role: str | None = "trusted-web") -> None:
        sdk = Sdk(cloud)
        self.role = role
        params: dict[str, t.Any] = {"RamRoleName": create_role(sdk, name=role)} if role else {}
        self.cloud, self.guest, self.broken = cloud, Guest.start(sdk, **params), list[int | str | None]()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def options(self, **changes: str) -> None:
        """Change the metadata options of the instance."""
        self.guest.change(MetadataOptions={**self.guest.record["MetadataOptions"], **changes})

    def secrets(self) -> list[str]:
        """What was given out and must not be seen."""
        names = ("AccessKeySecret", "SecurityToken")
        return [one[name] for one in self.cloud.resources("metadata_credentials") for name in names]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(door: MetadataDoor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = door.broken.pop(0) if door.broken else 0
            if answer is None:
                return
            if answer == 0:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                status, body = door.guest.request(self.command, HOST + self.path, headers)
            else:
                status, body = (200, answer.encode()) if isinstance(answer, str) else (answer, b"")
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_GET

        def log_message(self, *_words: t.Any) -> None:
            pass

    return Handler
