# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance's TPM: a swtpm process that only this server talks to.

Guests get a door: a socket on which their commands are passed on one by one. Neither the process nor its control
channel, which could reset the TPM, nor its state is within their reach. A TPM lasts as long as its host runs: every
boot begins with cleared PCRs.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
import typing as t
from pathlib import Path

from local_cloud.attestation.tpm2 import EK_HANDLE, EK_TEMPLATE, Tpm, TpmError, receive
from local_cloud.hosts import HostError

if t.TYPE_CHECKING:
    from local_cloud.hosts.region import Region

#: name of the socket in the door; tpm2-tools look for a control channel beside it
SOCKET = "tpm"
ANSWER_SECONDS = 30.0
#: keys and sessions that guests forget to flush are flushed when nobody spoke to the TPM for so long
IDLE_SECONDS = 10.0
_TRANSIENT, _LOADED_SESSIONS = 0x80000000, 0x02000000
_SET_LOCALITY = 5
_FAILURE = struct.pack(">HII", 0x8001, 10, 0x101)


class VirtualTpm:
    """A running TPM. ``door`` is the folder that its guest sees."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], stream: socket.socket) -> None:
        self.door = folder / "door"
        self.tpm = Tpm(self._execute)
        self._folder, self._process, self._stream = folder, process, stream
        self._lock = threading.Lock()
        self._door_lock = threading.Lock()
        self._listeners: list[socket.socket] = []
        self._clients: set[socket.socket] = set()
        self._last_used = 0.0

    @classmethod
    def start(cls, region: Region, folder: Path, inside: Path) -> VirtualTpm:
        """Start a TPM with its state in ``folder``, which processes of the region see as ``inside``.

        :raises HostError: swtpm ends at once
        """
        provisioned = (folder / "provisioned").exists()
        if not provisioned:  # or only half of it
            shutil.rmtree(folder, ignore_errors=True)
        for name in ("state", "door"):
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        ours, theirs = socket.socketpair()
        ours.settimeout(ANSWER_SECONDS)
        arguments = ["--fd", str(theirs.fileno()), "--flags", "not-need-init,startup-clear"]
        with theirs:
            return cls(folder, spawn(region, folder, inside, arguments, theirs), ours)

    def provision(self, instance_id: str, certify: t.Callable[[str, bytes], bytes]) -> None:
        """Give a new TPM its endorsement key and the key's certificate.

        :raises TpmError: the TPM does not do what it should
        """
        marker = self._folder / "provisioned"
        if not marker.exists():
            self.tpm.write_certificate(certify(instance_id, self.tpm.key_at(EK_HANDLE, EK_TEMPLATE)))
            marker.touch()

    def open(self) -> None:
        """Let the guest in.

        :raises TpmError: the TPM does not do what it should
        """
        self.tpm.close_platform()
        self._listen(SOCKET, self._serve)
        self._listen(f"{SOCKET}.ctrl", self._serve_control)

    def stop(self) -> None:
        """End the TPM; what it keeps stays in its folder."""
        for endpoint in (*self._listeners, *list(self._clients)):
            with contextlib.suppress(OSError):
                endpoint.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(TpmError):
            self.tpm.shut_down()
        self._stream.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for listener in self._listeners:
            listener.close()

    def _execute(self, command: bytes) -> bytes:
        with self._lock:
            try:
                self._stream.sendall(command)
                return receive(self._stream)
            except OSError as error:
                raise TpmError(f"swtpm does not answer ({error}); see {self._folder / 'swtpm.log'}") from error

    # -- the guest's door

    def _listen(self, name: str, serve: t.Callable[[socket.socket], None]) -> None:
        listener = socket.socket(socket.AF_UNIX)
        folder = os.open(self.door, os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            listener.bind(f"/proc/self/fd/{folder}/{name}")  # paths of sockets must be short
        except OSError as error:
            raise HostError(f"no socket can be made in {self.door}: {error}") from error
        finally:
            os.close(folder)
        listener.listen()
        self._listeners.append(listener)
        threading.Thread(target=self._accept, args=(listener, serve), name=f"tpm-{name}", daemon=True).start()

    def _accept(self, listener: socket.socket, serve: t.Callable[[socket.socket], None]) -> None:
        while True:
            try:
                client, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._host, args=(client, serve), name="tpm-client", daemon=True).start()

    def _host(self, client: socket.socket, serve: t.Callable[[socket.socket], None]) -> None:
        with self._door_lock:
            if not self._clients and time.monotonic() - self._last_used > IDLE_SECONDS:
                with contextlib.suppress(TpmError):
                    self._tidy()
            self._clients.add(client)
        with client, contextlib.suppress(OSError, TpmError):
            serve(client)
        with self._door_lock:
            self._clients.discard(client)
            self._last_used = time.monotonic()

    def _tidy(self) -> None:
        """Flush what clients left behind, as the kernel's resource manager does.

        tpm2-tools connect anew for each command, so that nobody can tell at once who has gone.
        """
        for kind in (_TRANSIENT, _LOADED_SESSIONS):
            for handle in self.tpm.handles(kind):
                self.tpm.flush(handle)

    def _serve(self, client: socket.socket) -> None:
        while command := receive(client):
            client.sendall(self._execute(command) or _FAILURE)

    @staticmethod
    def _serve_control(client: socket.socket) -> None:
        """The one command of the control channel that tpm2-tools need, by which they say from where they speak."""
        command = client.recv(8)
        known = command in (struct.pack(">IB", _SET_LOCALITY, 0), struct.pack(">I", _SET_LOCALITY))
        client.sendall(struct.pack(">I", 0 if known else 1))


def spawn(
    region: Region, folder: Path, inside: Path, arguments: list[str], end: socket.socket
) -> subprocess.Popen[bytes]:
    """Start swtpm with the state of the TPM in ``folder``, which processes of the region see as ``inside``.

    :param arguments: how to speak to it, by the socket ``end``
    """
    command = ["setpriv", "--pdeathsig", "KILL", "swtpm", "socket", "--tpm2"]
    command += ["--tpmstate", f"dir={inside / 'state'}", *arguments]

    def start() -> subprocess.Popen[bytes]:
        with open(folder / "swtpm.log", "ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[end.fileno()],
                start_new_session=True,
                cwd="/",
            )

    # On the region's thread, whose end kills it, and which alone sees disks that are in memory.
    return region.run(start)
