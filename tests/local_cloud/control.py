# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the control API, and a way to run a local cloud for as long as a test lasts."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
import urllib.parse
from pathlib import Path

START_SECONDS = 60.0


class ControlError(Exception):
    """The control API refused a request, or the server doesn't come up; for the user."""


class LocalCloud:
    """A running local cloud.

    ``endpoint`` is its address (``http://127.0.0.1:<port>``), ``tls_endpoint`` the one with HTTPS, certified by
    ``ca_certificate``. ``access_key_id`` and ``access_key_secret`` are the main account's own key; ``accounts`` lists
    all seeded accounts with theirs.
    """

    def __init__(self, state_dir: Path, process: subprocess.Popen[bytes] | None = None) -> None:
        self.state_dir = state_dir
        self.process = process
        self._read_server_json()

    def _read_server_json(self) -> None:
        self.info: dict[str, t.Any] = json.loads((self.state_dir / "server.json").read_text(encoding="utf-8"))
        self.endpoint: str = self.info["endpoint"]
        self.tls_endpoint: str = self.info.get("tls_endpoint", "")  # an older server may run still
        self.ca_certificate = Path(self.info["ca_certificate"])
        self.access_key_id: str = self.info["access_key_id"]
        self.access_key_secret: str = self.info["access_key_secret"]
        self.account_id: str = self.info["account_id"]
        self.accounts: list[dict[str, str]] = self.info["accounts"]

    @property
    def address(self) -> str:
        """``127.0.0.1:<port>``, as the SDK's ``Config.endpoint`` takes it (with ``protocol='http'``)."""
        return urllib.parse.urlsplit(self.endpoint).netloc

    @classmethod
    @contextlib.contextmanager
    def start(
        cls, state_dir: Path | None = None, *, hosts: str = "off", port: int = 0, **settings: t.Any
    ) -> t.Iterator[LocalCloud]:
        """Run a local cloud while the block runs.

        :param state_dir: folder of its state; by default one that goes with the block.
        :param hosts: ``off``, ``auto`` or ``on``.
        :param settings: settings to change; write ``__`` for the dots in their names.
        :raises ControlError: it doesn't come up; with the end of its log.
        """
        with contextlib.ExitStack() as stack:
            if state_dir is None:
                state_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="local-cloud-")))
            cloud = cls(state_dir, launch(state_dir, hosts=hosts, port=port, settings=settings, leash=True))
            stack.callback(cloud.stop)
            yield cloud

    def stop(self) -> None:
        """End the server (SIGTERM) and wait for it."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self._wait()

    def kill(self) -> None:
        """End the server as a power cut would (SIGKILL)."""
        assert self.process is not None
        self.process.kill()
        self._wait()

    def _wait(self) -> None:
        assert self.process is not None
        self.process.wait(timeout=30)
        if self.process.stdin:
            self.process.stdin.close()

    def restart(self, *, hosts: str = "off", **settings: t.Any) -> None:
        """Start it again on the same state and ports, after :meth:`stop` or :meth:`kill`."""
        port, tls_port = (int(url.rpartition(":")[2]) for url in (self.endpoint, self.tls_endpoint))
        self.process = launch(self.state_dir, hosts=hosts, port=port, tls_port=tls_port, settings=settings, leash=True)
        self._read_server_json()

    # -- the control API

    def status(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", self._ask("GET", "status"))

    def settings(self) -> dict[str, t.Any]:
        """The values in force."""
        return {name: entry["value"] for name, entry in self._ask("GET", "settings").items()}

    def set(self, name: str, value: t.Any) -> None:
        """Change a setting.

        :raises ControlError: no such setting, or not such a value.
        """
        self._ask("POST", "settings", {name: value})

    def clock_advance(self, seconds: float) -> None:
        """Push the cloud's clock forward; what becomes due happens before this returns."""
        self._ask("POST", "clock", {"advance": seconds})

    def clock(self) -> dict[str, t.Any]:
        """The cloud's time: now (text), offset from real time in seconds, scale."""
        return t.cast("dict[str, t.Any]", self._ask("GET", "clock"))

    def clock_scale(self, scale: float) -> None:
        """Let the cloud's clock run ``scale`` times as fast; 0 stops it."""
        self._ask("POST", "clock", {"scale": scale})

    def fault(self, kind: str, operation: str = "*", **options: t.Any) -> None:
        """Switch a fault on; see :class:`local_cloud.faults.Fault` for what there is (``times`` is 1 by default)."""
        self._ask("POST", "faults", {"kind": kind, "operation": operation, **options})

    def seed_faults(self, seed: int | str | None) -> None:
        """Let chance repeat itself: the n-th call of an operation meets what it met with this seed; None: no more."""
        self._ask("POST", "faults", {"seed": seed})

    def clear_faults(self) -> None:
        self._ask("DELETE", "faults")

    def held(self) -> list[dict[str, str]]:
        """The requests that a fault holds at this moment: kind of the fault, operation, request_id."""
        return t.cast("list[dict[str, str]]", self._ask("GET", "held"))

    def let_go(self) -> None:
        """Have the requests that are held go on."""
        self._ask("DELETE", "held")

    def requests(self, last: int | None = None, access_key_id: str | None = None) -> list[dict[str, t.Any]]:
        """The requests of the API, oldest first: operation, params (secrets masked), status, code, ..."""
        found: list[dict[str, t.Any]] = self._ask("GET", _query("requests", last=last, access_key_id=access_key_id))[
            "requests"
        ]
        return found

    def counts(self, access_key_id: str | None = None) -> dict[str, int]:
        """Number of requests by operation (``ecs:RunInstances``)."""
        return t.cast(
            "dict[str, int]", self._ask("GET", _query("requests", last=1, access_key_id=access_key_id))["counts"]
        )

    def forget_requests(self) -> None:
        """Empty the request log and its counts."""
        self._ask("DELETE", "requests")

    def reset(self) -> None:
        """Empty the state. Accounts and their keys stay; settings, faults, clock and request log start afresh."""
        self._ask("POST", "reset")

    def preload(self, records: list[dict[str, t.Any]]) -> None:
        """Put records (``{kind, id, data, region?}``) into the store, past all checks."""
        self._ask("POST", "preload", {"records": records})

    def resources(self, kind: str, region: str | None = None) -> list[dict[str, t.Any]]:
        """The records of a kind, as stored."""
        return t.cast("list[dict[str, t.Any]]", self._ask("GET", _query("resources", kind=kind, region=region)))

    def records(self) -> list[dict[str, t.Any]]:
        """All records there are, as :meth:`preload` takes them, each with what is ``scheduled`` for it."""
        return t.cast("list[dict[str, t.Any]]", self._ask("GET", "records"))

    def agent(self, instance_id: str, *, online: bool) -> None:
        """Cut the agent of an instance off from Cloud Assistant, or let it back.

        :raises ControlError: no such instance.
        """
        self._ask("POST", "agents", {"instance_id": instance_id, "online": online})

    def kms_instance(self, instance_id: str, **members: t.Any) -> None:
        """Make a KMS instance, or change one: nobody can order one by the API.

        :param members: C(region) and C(account_id), by default the first of each; members of GetKmsInstance
        :raises ControlError: there is no such member, or no such state
        """
        self._ask("POST", "kms_instances", {"instance_id": instance_id, **members})

    def security_center(self, instance_id: str, **what: t.Any) -> None:
        """Have Security Center find something on an instance, or its agent be in a state.

        :param what: C(agent), one of online, offline, paused, uninstalled; C(alert), C(vulnerability) and C(risk), each
            with members of DescribeSuspEvents, DescribeVulList or DescribeWarningMachines
        :raises ControlError: there is no such instance, state or member
        """
        self._ask("POST", "security_center", {"instance_id": instance_id, **what})

    def attack(self, address: str, *, mbps: float, pps: float = 0, seconds: float = 600) -> dict[str, t.Any]:
        """Send traffic to a public address; returns its state then: C(normal), C(mitigating) or C(blackholed).

        :raises ControlError: nobody has this address, or a number makes no sense.
        """
        body = {"address": address, "mbps": mbps, "pps": pps, "seconds": seconds}
        return t.cast("dict[str, t.Any]", self._ask("POST", "attacks", body))

    def tunnels(self) -> list[dict[str, t.Any]]:
        """The connections of Session Manager there are: SessionId, InstanceId, bytes in each direction, ..."""
        return t.cast("list[dict[str, t.Any]]", self._ask("GET", "tunnels"))

    def cut_tunnel(self, session_id: str) -> None:
        """Break a session's connection, as a failing network does.

        :raises ControlError: it has none.
        """
        self._ask("POST", "tunnels", {"cut": session_id})

    def _ask(self, method: str, path: str, body: dict[str, t.Any] | None = None) -> t.Any:
        connection = http.client.HTTPConnection(self.address, timeout=60)
        try:
            connection.request(method, f"/_local/{path}", None if body is None else json.dumps(body))
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise ControlError(answer["error"])
        return answer


def _query(path: str, **values: t.Any) -> str:
    return f"{path}?{urllib.parse.urlencode({name: value for name, value in values.items() if value is not None})}"


def launch(
    state_dir: Path,
    *,
    hosts: str = "off",
    port: int = 0,
    tls_port: int = 0,
    settings: t.Mapping[str, t.Any] | None = None,
    leash: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a server process of its own and wait until it answers.

    :param leash: whether it ends when this process does, however that happens.
    :raises ControlError: it ended or isn't up in a minute; with the end of its log.
    """
    state_dir = state_dir.resolve()
    state_dir.mkdir(parents=True, exist_ok=True)
    announced = state_dir / "server.json"
    old = announced.stat().st_mtime_ns if announced.exists() else None
    command = [sys.executable, "-m", "local_cloud", "serve", "--state-dir", str(state_dir)]
    command += ["--port", str(port), "--tls-port", str(tls_port), "--hosts", hosts]
    if leash:
        command.append("--leash")
    for name, value in (settings or {}).items():
        command += ["--set", f"{name.replace('__', '.')}={value}"]
    path = os.pathsep.join(filter(None, (str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH"))))
    log = state_dir / "server.log"
    with log.open("ab") as output:
        before = output.tell()
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if leash else subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "PYTHONPATH": path},
            cwd="/",
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while not announced.exists() or announced.stat().st_mtime_ns == old:
        if process.poll() is not None or time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            with log.open("rb") as written:
                written.seek(before)
                tail = "\n".join(written.read().decode("utf-8", "replace").splitlines()[-15:])
            raise ControlError(f"the local cloud did not start; the end of {log}:\n{tail}")
        time.sleep(0.02)
    return process
