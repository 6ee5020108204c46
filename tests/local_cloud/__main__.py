# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: ``alitrust-local-cloud serve|start|stop|status|reset|preload|settings``.

In a checkout it is ``dev/local-cloud``.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import logging
import os
import signal
import sys
import threading
import time
import typing as t
from pathlib import Path

from local_cloud import COMMAND
from local_cloud.control import ControlError, LocalCloud, launch

STOP_SECONDS = 30.0
ENDED_BY_SIGPIPE = 128 + signal.SIGPIPE


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says.

    Returns the exit status: 0, 2 with a sentence on standard error, or that of programs whose reader has gone.
    """
    commands: dict[str, t.Callable[[argparse.Namespace], int]] = {
        "serve": _serve,
        "start": _start,
        "stop": _stop,
        "status": _status,
        "reset": _reset,
        "preload": _preload,
        "settings": _settings,
    }
    try:
        try:
            options = _parser().parse_args(arguments)
            status = commands[options.command](options)
        finally:  # --help leaves by an exception
            sys.stdout.flush()
        return status
    except BrokenPipeError:  # "settings | head" has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor can the flush at exit fail
        return ENDED_BY_SIGPIPE
    except (ControlError, ValueError) as error:
        sys.stderr.write(f"local-cloud: {error}\n")
        return 2


def default_state_dir() -> Path:
    """Where a local cloud lives unless told otherwise: per user, kept over reboots."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "alitrust-local-cloud"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local-cloud", description="A local Alibaba Cloud for tests and rehearsals.")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--state-dir", type=Path, default=default_state_dir(), help="folder of its state (default: %(default)s)"
        )
        return command

    for name, text in (("serve", "run in the foreground"), ("start", "run in the background")):
        command = add(name, text)
        command.add_argument("--port", type=int, default=0, help="port at 127.0.0.1; 0 (default) picks a free one")
        command.add_argument("--tls-port", type=int, default=0, help="the same for HTTPS")
        command.add_argument(
            "--hosts",
            choices=("auto", "on", "off"),
            default="auto",
            help="real hosts for instances: where possible (auto, the default), or fail (on), or none (off)",
        )
        command.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting, see: settings"
        )
        if name == "serve":
            command.add_argument("--leash", action="store_true", help="end when standard input is closed")
    add("stop", "end it; its state stays")
    add("status", "tell where it listens and what it holds").add_argument(
        "--json", action="store_true", help="everything, for programs"
    )
    add("reset", "empty its state; accounts and keys stay")
    add("preload", "put records into it, past all checks").add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="YAML or JSON: a list of {kind, id, data, region}"
    )
    commands.add_parser("settings", help="list what can be set")
    return parser


def _serve(options: argparse.Namespace) -> int:
    from local_cloud.server import Server

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(Sparing())
    server = Server(
        options.state_dir.resolve(), options.port, options.hosts, _pairs(options.set), tls_port=options.tls_port
    )
    if options.leash:
        threading.Thread(target=_end_with_standard_input, name="leash", daemon=True).start()
    server.run()
    return 0


class Sparing(logging.Filter):
    """Lets the same message through so many times a minute: who sends nonsense can't fill the disk with the log."""

    def __init__(self, most: int = 20) -> None:
        super().__init__()
        self._most = most
        self._since = time.monotonic()
        self._seen: collections.Counter[str] = collections.Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        if time.monotonic() - self._since > 60:
            self._since, self._seen = time.monotonic(), collections.Counter()
        self._seen[str(record.msg)] += 1
        return self._seen[str(record.msg)] <= self._most


def _end_with_standard_input() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _start(options: argparse.Namespace) -> int:
    cloud = _running(options.state_dir)
    if cloud is None:
        launch(
            options.state_dir,
            hosts=options.hosts,
            port=options.port,
            tls_port=options.tls_port,
            settings=_pairs(options.set),
        )
        cloud = LocalCloud(options.state_dir)
    elif options.set or options.port or options.tls_port:
        sys.stderr.write(
            "local-cloud: it runs already; --set, --port and --tls-port have no effect until it is stopped\n"
        )
    _show(cloud)
    return 0


def _stop(options: argparse.Namespace) -> int:
    cloud = _running(options.state_dir)
    if cloud is None:
        sys.stdout.write("no local cloud runs here\n")
        return 0
    pid = cloud.info["pid"]
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _alive(options.state_dir):
        if time.monotonic() > deadline:
            raise ControlError(f"process {pid} did not end within {STOP_SECONDS:.0f} seconds; look at it, or kill it")
        time.sleep(0.05)
    sys.stdout.write(f"stopped; its state stays in {options.state_dir}\n")
    return 0


def _status(options: argparse.Namespace) -> int:
    cloud = _running(options.state_dir)
    if cloud is None:
        raise ControlError(f"no local cloud runs on {options.state_dir}; start one: {COMMAND} start")
    if options.json:
        sys.stdout.write(json.dumps(cloud.status(), indent=2) + "\n")
    else:
        _show(cloud)
    return 0


def _reset(options: argparse.Namespace) -> int:
    cloud = _running(options.state_dir)
    if cloud is None:
        raise ControlError(f"no local cloud runs on {options.state_dir}; start one: {COMMAND} start")
    cloud.reset()
    sys.stdout.write("emptied\n")
    return 0


def _preload(options: argparse.Namespace) -> int:
    cloud = _running(options.state_dir)
    if cloud is None:
        raise ControlError(f"no local cloud runs on {options.state_dir}; start one: {COMMAND} start")
    # All files are looked at before the first record is put.
    loads = [_records(path) for path in options.files]
    for records in loads:
        cloud.preload(records)
    sys.stdout.write(f"{sum(map(len, loads))} records put in\n")
    return 0


def _records(path: Path) -> list[dict[str, t.Any]]:
    import yaml

    try:
        records = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"{path} can't be read: {error}") from error
    expected = "expected a list of records, each with kind, id and data, and region where it has one"
    if not isinstance(records, list):
        raise ValueError(f"{path}: {expected}")
    for number, record in enumerate(records, 1):
        keys = set(record) if isinstance(record, dict) else set()
        if not {"kind", "id", "data"} <= keys <= {"kind", "id", "data", "region"} or not isinstance(
            record["data"], dict
        ):
            raise ValueError(f"{path}, record {number}: {expected}")
    return records


def _settings(_unused: argparse.Namespace) -> int:
    from local_cloud.server import load_services
    from local_cloud.settings import DEFINED

    load_services()
    for setting in sorted(DEFINED.values(), key=lambda one: one.name):
        sys.stdout.write(f"{setting.name}={setting.default}  # {setting.help}\n")
    return 0


def _running(state_dir: Path) -> LocalCloud | None:
    """The local cloud that runs on a folder; waits for one that is just starting."""
    deadline = time.monotonic() + STOP_SECONDS
    while _alive(state_dir):
        with contextlib.suppress(FileNotFoundError, OSError, ValueError):
            cloud = LocalCloud(state_dir)
            cloud.status()
            return cloud
        if time.monotonic() > deadline:
            raise ControlError(f"a local cloud holds {state_dir} but doesn't answer; see {state_dir / 'server.log'}")
        time.sleep(0.1)
    return None


def _alive(state_dir: Path) -> bool:
    """Whether a server process holds the folder; a process id in a file could be anybody's by now."""
    from local_cloud.server import is_locked

    return is_locked(state_dir)


def _show(cloud: LocalCloud) -> None:
    info = cloud.status()
    hosts = "yes" if info["hosts"]["available"] else f"no: {info['hosts']['reason']}"
    if info["hosts"]["available"] and info["hosts"].get("no_tpm"):  # an older server may run still
        hosts += f", but {info['hosts']['no_tpm']}"
    sys.stdout.write(
        f"The local cloud listens at {cloud.endpoint} (process {info['pid']}, state in {cloud.state_dir}).\n"
        f"Hosts: {hosts}\n"
        "To use it from this shell:\n"
        f"  export ALIBABA_CLOUD_ENDPOINT_URL={cloud.endpoint}\n"
        f"  export ALIBABA_CLOUD_ACCESS_KEY_ID={cloud.access_key_id}\n"
        f"  export ALIBABA_CLOUD_ACCESS_KEY_SECRET={cloud.access_key_secret}\n"
        f"  export ALIBABA_CLOUD_REGION={info['region']}\n"
        "Or, for the collection alone, by one variable:\n"
        f"  ALITRUST_CONNECTION_FILE={cloud.state_dir.resolve() / 'connection.json'}\n"
        f"With HTTPS it is {cloud.tls_endpoint} (connection-https.json); programs trust it with one of\n"
        f"  export REQUESTS_CA_BUNDLE={cloud.ca_certificate}\n"
        f"  export SSL_CERT_FILE={cloud.ca_certificate}\n"
    )


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise ValueError(f"--set takes NAME=VALUE, not {text!r}")
        pairs[name] = value
    return pairs


if __name__ == "__main__":
    sys.exit(main())
