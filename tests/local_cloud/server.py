# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the local cloud together and runs it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import importlib
import importlib.util
import json
import logging
import os
import pkgutil
import signal
import socket
import threading
import time
import types
import typing as t
from pathlib import Path

import uvicorn

from local_cloud import control_api, seed
from local_cloud.attestation import certificates
from local_cloud.ca import Authority
from local_cloud.control import ControlError
from local_cloud.faults import Faults
from local_cloud.framework import OPERATIONS
from local_cloud.gate import Gate
from local_cloud.holding import Holding
from local_cloud.products import PRODUCTS
from local_cloud.requests_log import RequestLog
from local_cloud.services.ecs import lifecycle
from local_cloud.session_manager import frames, records
from local_cloud.session_manager.service import Protocol, SessionManager
from local_cloud.settings import Settings, define
from local_cloud.store import HISTORY_SECONDS, Store
from local_cloud.web import Application

if t.TYPE_CHECKING:
    from starlette.types import ASGIApp

_log = logging.getLogger(__name__)

LOCAL_ADDRESS = "127.0.0.1"
TICK_SECONDS = 0.1
PRUNE_SECONDS = 60.0
#: a rule set of a hundred rules or user data of 32 KB travels in the query string
MAX_HEADERS = 1024 * 1024

#: objects after which Python looks for cyclic garbage
GARBAGE_THRESHOLD = 50_000
#: of WebSocket; a message of Session Manager is much shorter
MAX_FRAME = 64 * 1024

define("hosts.kind", "namespace", "what hosts are, from the next start of the server on", ("namespace", "qemu"))


class NoHosts:
    """Stands for the hosts where there are none."""

    available = False
    no_tpm = "there are no hosts"

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def close(self) -> None:
        pass


class _Listener(uvicorn.Server):
    """uvicorn without its signal handling: several of them share this process."""

    @contextlib.contextmanager
    def capture_signals(self) -> t.Iterator[None]:
        yield


class Server:
    """One local cloud with its state in a folder.

    This object is ``store.context``: services find settings, hosts and the certificate authority here.
    """

    def __init__(
        self,
        state_dir: Path,
        port: int = 0,
        hosts: str = "auto",
        settings: t.Mapping[str, str] | None = None,
        tls_port: int = 0,
    ):
        self.state_dir = state_dir
        self.pid = os.getpid()
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock_file = _lock(state_dir)
        load_services()
        _check_packages()
        self.store = Store(state_dir / "state.sqlite3")
        self.store.context = self
        self.settings = Settings(self.store)
        for name, value in (settings or {}).items():
            self.settings.set(name, value)
        seed.seed(self.store)
        self.faults = Faults()
        self.holding = Holding()
        self.requests = RequestLog()
        self.authority = Authority(state_dir / "ca")
        self._socket = _listen(port)
        self._tls_socket = _listen(tls_port)
        self.endpoint = f"http://{LOCAL_ADDRESS}:{self._socket.getsockname()[1]}"
        self.tls_endpoint = f"https://{LOCAL_ADDRESS}:{self._tls_socket.getsockname()[1]}"
        self.hosts: t.Any = NoHosts("hosts are switched off (--hosts off)")
        self._wanted_hosts = hosts
        self._runner: t.Any = None
        self._stopping = threading.Event()
        self.sessions = SessionManager(self.store, self.settings)
        records.end_all(self.store, frames.AGENT_FAILED, "the local cloud was stopped")
        self._app = Application(
            Gate(self.store, self.settings, self.faults, self.requests),
            control_api.create(self),
            self.sessions,
            self.holding,
            metadata=_app("local_cloud.metadata", self),
            buckets=_app("local_cloud.oss", self),
        )

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        try:
            self._start_hosts()
            if not self._runner:
                lifecycle.settle(self.store)
            asyncio.run(self._serve())
        finally:
            self.close()

    def status(self) -> dict[str, t.Any]:
        """What server.json says, and how much there is."""
        kinds = self.store.execute("SELECT kind, count(*) FROM record GROUP BY kind ORDER BY kind")
        return {
            "pid": self.pid,
            **control_api.describe(self, secrets=False),
            "now": self.store.clock.text(),
            "faults": self.faults.all(),
            "records": dict(kinds),
        }

    def reset(self) -> None:
        """Empty the state: accounts and their keys stay, settings, faults and clock go back to normal."""
        self.store.clock.reset()  # first: what is made anew is not made in the future
        seed.reset(self.store)
        if self._runner:
            self._runner.sweep()
        self.settings.reset()
        self.faults.clear()
        self.holding.let_go()
        self.requests.reset()

    def close(self) -> None:
        """Stop everything; the state stays on disk."""
        self._stopping.set()
        if self._runner:
            self._runner.close()
        self.hosts.close()
        for name in ("server.json", "connection.json", "connection-https.json"):
            (self.state_dir / name).unlink(missing_ok=True)
        self.store.close()
        self._socket.close()
        self._tls_socket.close()
        self._lock_file.close()

    # -- parts

    def _start_hosts(self) -> None:
        if self._wanted_hosts == "off":
            return
        try:
            from local_cloud import hosts
            from local_cloud.services.ecs.lifecycle import HostRunner
        except ImportError as error:
            self.hosts = NoHosts(f"this copy has no hosts ({error})")
        else:
            options = hosts.HostOptions(
                kind=self.settings["hosts.kind"],
                on_power=self._powered,
                certify=lambda instance, public: certificates.certify(self.authority, instance, public),
            )
            self.hosts = hosts.create(self.state_dir, options)
            if self.hosts.available:
                self._runner = HostRunner(
                    self.store,
                    self.hosts,
                    names=lambda region: guest_names(region, self.hosts.bridge_address),
                    ca_certificate=self.authority.certificate_path,
                )
                if self.hosts.no_tpm:
                    _log.warning("%s", self.hosts.no_tpm)
        if self._wanted_hosts == "on" and not self.hosts.available:
            raise ControlError(f"hosts were asked for but can't be: {self.hosts.reason}")

    def _powered(self, instance: str, state: str) -> None:
        """A host went up or down by itself. The runner exists by then: it starts the hosts."""
        self._runner.powered(instance, state)

    async def _serve(self) -> None:
        listeners = [self._listener(self._socket), self._listener(self._tls_socket, tls_name=LOCAL_ADDRESS)]
        if self.hosts.available:
            listeners += [
                self._listener(self.hosts.listen(self.hosts.metadata_address, 80)),
                self._listener(self.hosts.listen(self.hosts.bridge_address, 80)),
                self._listener(self.hosts.listen(self.hosts.bridge_address, 443), tls_name="aliyuncs.com"),
            ]
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._leave, listeners)
        tasks = [asyncio.create_task(listener.serve(sockets=[sock])) for listener, sock in listeners]
        while not all(listener.started for listener, _rest in listeners):
            if any(task.done() for task in tasks):
                break
            await asyncio.sleep(0.01)
        # What is there now stays: modules and models by the thousand, in which no garbage needs to be looked for.
        gc.collect()
        gc.freeze()
        # Nor after each few hundred objects, of which a page has thousands, and none in a cycle.
        gc.set_threshold(GARBAGE_THRESHOLD)
        threading.Thread(target=self._tick, name="scheduler", daemon=True).start()
        if self._runner:
            self._runner.attach()
        self._announce()
        await asyncio.gather(*tasks)

    def _listener(self, sock: socket.socket, tls_name: str = "") -> tuple[_Listener, socket.socket]:
        config = uvicorn.Config(
            self._app,
            http="h11",
            ws=Protocol,
            ws_max_size=MAX_FRAME,
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            lifespan="off",
            log_level="warning",
            access_log=False,
            date_header=False,  # web.py gives the API's own
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
            h11_max_incomplete_event_size=MAX_HEADERS,
        )
        # accepted connections inherit it; without it answers wait for the client's delayed acknowledgement
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config.load()
        if tls_name:
            config.ssl = self.authority.server_context(tls_name)
        return _Listener(config), sock

    def _leave(self, listeners: list[tuple[_Listener, socket.socket]]) -> None:
        for listener, _rest in listeners:
            listener.should_exit = True

    def _announce(self) -> None:
        """Write connection.json (for the collection), the same with HTTPS and the CA to trust, and server.json.

        The presence of the last means that the server answers.
        """
        about = {"pid": self.pid, **control_api.describe(self, secrets=True)}
        lead = {name: about[name] for name in ("region", "access_key_id", "access_key_secret")}
        self._write_private("connection.json", {"endpoint_url": self.endpoint, **lead})
        trusted = {"ca_bundle": about["ca_certificate"]}
        self._write_private("connection-https.json", {"endpoint_url": self.tls_endpoint, **lead, **trusted})
        self._write_private("server.json", about)
        _log.warning("the local cloud listens at %s and %s", self.endpoint, self.tls_endpoint)

    def _write_private(self, name: str, content: dict[str, t.Any]) -> None:
        """Write a JSON file that only its owner can read, whole or not at all."""
        temporary = self.state_dir / f"{name}.new"
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=2) + "\n")
        temporary.replace(self.state_dir / name)

    def _tick(self) -> None:
        """Apply what the clock makes due even when nobody asks."""
        clock = self.store.clock
        pruned, then = time.monotonic(), clock.timestamp()
        while not self._stopping.wait(TICK_SECONDS):
            try:
                self.store.apply_due()
                # A clock that runs fast, or was pushed, lets much be forgotten at once.
                if time.monotonic() - pruned > PRUNE_SECONDS or clock.timestamp() - then > HISTORY_SECONDS:
                    pruned, then = time.monotonic(), clock.timestamp()
                    self.store.prune(
                        nonces_before=time.time() - 3 * self.settings["signature_window_seconds"],
                        tokens_before=self.store.clock.timestamp() - self.settings["client_token_hours"] * 3600,
                    )
            except Exception:
                if not self._stopping.is_set():
                    _log.exception("the scheduler stumbled; it goes on")


def load_services() -> None:
    """Import every module of the services, which registers their operations and settings."""
    package = importlib.import_module("local_cloud.services")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    for name in ("local_cloud.metadata", "local_cloud.oss"):
        _optional(name)


def _check_packages() -> None:
    """:raises ControlError: an SDK package is missing that requests are checked against."""
    wanted = sorted({PRODUCTS[product].package for product, _rest in OPERATIONS})
    missing = [package.replace("_", "-") for package in wanted if importlib.util.find_spec(package) is None]
    if missing:
        raise ControlError(
            f"requests are checked against the SDK's models, but these packages are missing: {', '.join(missing)};"
            " pip install them"
        )


def guest_names(region: str, address: str) -> dict[str, str]:
    """The names that guests of a region resolve to the local cloud."""
    names = [
        f"trustclient-{region}.oss-{region}-internal.aliyuncs.com",
        f"trustclient-{region}.oss-{region}.aliyuncs.com",
        f"t-trustclient-{region}.oss-{region}-internal.aliyuncs.com",
        "aliyun-tpm-ca.oss-cn-beijing.aliyuncs.com",
        *(
            f"{product}{vpc}.{region}.aliyuncs.com"
            for product in ("trusted-server", "ecs", "sts", "kms", "vpc", "resourcesharing")
            for vpc in ("", "-vpc")
        ),
        "trusted-server.aliyuncs.com",
        "ram.aliyuncs.com",
        "sts.aliyuncs.com",
    ]
    return dict.fromkeys(names, address)


def _optional(name: str) -> types.ModuleType | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None


def _app(name: str, server: Server) -> ASGIApp | None:
    module = _optional(name)
    return t.cast("ASGIApp", module.app(server)) if module else None


def _listen(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((LOCAL_ADDRESS, port))
    except OSError as error:
        problem = f"port {port} of {LOCAL_ADDRESS} can't be used ({error.strerror}); choose another or 0"
        raise ControlError(problem) from None
    return sock


def _try_lock(state_dir: Path) -> t.IO[str] | None:
    file = open(state_dir / "lock", "a", encoding="utf-8")  # noqa: SIM115 (held as long as the server lives)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def is_locked(state_dir: Path) -> bool:
    """Whether a server runs on this folder."""
    if not (state_dir / "lock").exists():
        return False
    file = _try_lock(state_dir)
    if file is None:
        return True
    file.close()
    return False


def _lock(state_dir: Path) -> t.IO[str]:
    """One server a folder; the lock goes with the process."""
    file = _try_lock(state_dir)
    if file is None:
        raise ControlError(f"a local cloud already runs on {state_dir}; stop it first or use another folder") from None
    return file
