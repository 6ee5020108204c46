# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a virtual machine and its host say to each other: QEMU's monitor (QMP) and the guest agent, both JSON lines."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import socket
import threading
import time
import typing as t

from local_cloud.hosts import CommandResult, HostError

ANSWER_SECONDS = 60.0
POLL_SECONDS = 0.2
#: exit code of timeout(1) when it had to kill
KILLED = 137

# Output goes to a file: a daemon that the script leaves behind must not keep the agent waiting.
WITHIN = """
limit=$1 output=$2; shift 2
timeout --signal=KILL "$limit" sh -c "$@" > "$output" 2>&1
code=$?
cat "$output"
rm -f "$output" "$3"
exit $code
"""


class MachineEndedError(HostError):
    """There is no machine any more to ask."""


class GuestAgent:
    """The agent in a guest. An agent that is not there (yet) does not answer."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream, self._received = stream, b""
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._in_step = False

    def answers(self, seconds: float) -> bool:
        """Whether it is there."""
        with self._lock:
            try:
                self._synchronise(seconds)
            except OSError:
                return False
            return True

    def call(self, command: str, **arguments: t.Any) -> t.Any:
        """
        :raises HostError: it does not answer, or refuses
        :raises MachineEndedError: the machine ended before it answered
        """
        with self._lock:
            try:
                if not self._in_step:
                    self._synchronise(ANSWER_SECONDS)
                self._send(command, arguments)
                answer = self._receive(ANSWER_SECONDS)
            except ConnectionError as error:
                raise MachineEndedError("the machine has ended") from error
            except OSError as error:
                self._in_step = False
                raise HostError(f"the guest agent does not answer: {error}") from error
        if "error" in answer:
            raise HostError(f"the guest agent refuses {command}: {answer['error'].get('desc')}")
        return answer.get("return")

    def run(self, *command: str, stdin: bytes = b"", environment: t.Sequence[str] = ()) -> tuple[int, bytes]:
        """Run a program in the guest: its exit code and its output."""
        process = self.call(
            "guest-exec",
            **{
                "path": command[0],
                "arg": list(command[1:]),
                "env": list(environment),
                "input-data": base64.b64encode(stdin).decode(),
                "capture-output": True,
            },
        )
        while not (status := self.call("guest-exec-status", pid=process["pid"]))["exited"]:
            time.sleep(POLL_SECONDS)
        return status.get("exitcode", -1), base64.b64decode(status.get("out-data", ""))

    def run_within(
        self, seconds: float, script: str, *arguments: str, stdin: bytes, environment: t.Sequence[str] = ()
    ) -> CommandResult:
        """Run a script of ours for sh, at most so long; the first of ``arguments`` is a file that is removed then."""
        output = f"{arguments[0]}.output"
        command = ["/bin/sh", "-c", WITHIN, "sh", f"{seconds:g}", output, script, "sh", *arguments]
        try:
            code, said = self.run(*command, stdin=stdin, environment=environment)
        except MachineEndedError as error:
            return CommandResult(-1, str(error).encode())
        return CommandResult(-1, said, timed_out=True) if code == KILLED else CommandResult(code, said)

    def power_off(self) -> None:
        """Ask for an orderly shutdown; there is no answer."""
        with self._lock, contextlib.suppress(OSError):
            self._send("guest-shutdown", {"mode": "powerdown"})

    def _synchronise(self, seconds: float) -> None:
        """Skip what is left of earlier calls."""
        self._in_step = False
        number = next(self._numbers)
        self._send("guest-sync", {"id": number})
        deadline = time.monotonic() + seconds
        while self._receive(max(0.01, deadline - time.monotonic())).get("return") != number:
            pass
        self._in_step = True

    def _send(self, command: str, arguments: dict[str, t.Any]) -> None:
        self._stream.settimeout(ANSWER_SECONDS)
        self._stream.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")

    def _receive(self, seconds: float) -> dict[str, t.Any]:
        deadline = time.monotonic() + seconds
        while b"\n" not in self._received:
            self._stream.settimeout(max(0.01, deadline - time.monotonic()))
            data = self._stream.recv(65536)
            if not data:
                raise ConnectionError("the machine has ended")
            self._received += data
        line, _newline, self._received = self._received.partition(b"\n")
        try:
            answer = json.loads(line)
        except ValueError:
            return {}
        return answer if isinstance(answer, dict) else {}


class Monitor:
    """QEMU's monitor: only what it says about the end of the machine."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._stream.sendall(b'{"execute": "qmp_capabilities"}\n')

    def why_ended(self) -> str:
        """QEMU's reason for the shutdown (``guest-shutdown``, ``guest-reset``), empty if none; once QEMU has ended."""
        said = b""
        self._stream.settimeout(1)
        with contextlib.suppress(OSError):
            while data := self._stream.recv(65536):
                said += data
        reasons = [
            message["data"]["reason"]
            for line in said.splitlines()
            if line.startswith(b"{") and (message := json.loads(line)).get("event") == "SHUTDOWN"
        ]
        return str(reasons[-1]) if reasons else ""
