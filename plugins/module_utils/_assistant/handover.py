# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the connection plugin and the tunnel's program talk: options one way, last words the other. Private.

The program is started by ssh, which passes on neither descriptors nor anything but a command that everybody can read.
So it fetches what it needs from a socket in a folder of this user's. Nothing of it is ever on a disk.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import typing as t

#: Seconds; both are processes of one machine.
_TIMEOUT = 10.0


class Giver:
    """Gives options to the programs that ask, until it is closed.

    :param path: of the socket; short, as the system allows about 100 bytes
    """

    def __init__(self, path: str, options: t.Mapping[str, t.Any]) -> None:
        self._path = path
        self._content = json.dumps(dict(options)).encode()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self._socket = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            self._socket.bind(path)
        finally:
            os.umask(before)
        self._socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                asking, _address = self._socket.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), asking:
                asking.settimeout(_TIMEOUT)
                asking.sendall(self._content)

    def close(self) -> None:
        """Give nothing to anybody any more."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with contextlib.suppress(OSError):
            os.unlink(self._path)


def fetch(path: str) -> dict[str, t.Any]:
    """What the plugin gives.

    :raises OSError: there is no plugin
    """
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(_TIMEOUT)
        asking.connect(path)
        content = b""
        while part := asking.recv(1 << 16):
            content += part
    given: dict[str, t.Any] = json.loads(content)
    return given


def say(path: str, text: str) -> None:
    """Leave last words for the plugin."""
    with contextlib.suppress(OSError):
        partial = f"{path}.{os.getpid()}"
        with open(partial, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
            stream.write(text)
        os.replace(partial, path)


def said(path: str) -> str:
    """The last words of a program, which are then forgotten; blank where there are none."""
    with contextlib.suppress(OSError):
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        os.unlink(path)
        return text
    return ""
