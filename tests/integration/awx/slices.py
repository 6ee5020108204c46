# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job in slices, each on a worker of its own: ansible-runner transmit here, worker there, process here again.

It is what AWX has receptor carry from its control node to an execution node and back. A worker here is a process with
a home folder and a private data folder of its own.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import typing as t
import zipfile
from dataclasses import dataclass
from pathlib import Path

import yaml
from awx.awx import JOB_ENVIRONMENT, Variables, write_inventory

RUNNER = Path(sys.executable).with_name("ansible-runner")
#: Seconds that a slice may take, only for what hangs.
PATIENCE = 300


def sliced(inventory: Variables, number: int, count: int) -> Variables:
    """The part of an inventory that AWX gives to one slice of a job: every C(count)th host, by name.

    :param number: the slice, from 1 on
    """
    hosts = set(sorted(inventory["_meta"]["hostvars"])[number - 1 :: count])

    def part(group: Variables) -> Variables:
        return {**group, "hosts": [name for name in group["hosts"] if name in hosts]} if "hosts" in group else group

    return {
        **{name: part(group) for name, group in inventory.items() if name != "_meta"},
        "_meta": {"hostvars": {name: told for name, told in inventory["_meta"]["hostvars"].items() if name in hosts}},
    }


@dataclass(frozen=True)
class Slice:
    """How one slice ended.

    :ivar sent: the stream to the worker
    :ivar returned: the stream back
    :ivar artifacts: what C(process) has made of it
    """

    sent: bytes
    returned: bytes
    artifacts: Path

    @property
    def events(self) -> list[dict[str, t.Any]]:
        files = (self.artifacts / "job_events").glob("*.json")
        return sorted((json.loads(path.read_text()) for path in files), key=lambda one: int(one["counter"]))

    @property
    def status(self) -> str:
        return (self.artifacts / "status").read_text()

    @property
    def output(self) -> str:
        return (self.artifacts / "stdout").read_text()

    @property
    def stats(self) -> dict[str, dict[str, int]]:
        (end,) = (one["event_data"] for one in self.events if one["event"] == "playbook_on_stats")
        return {name: end[name] for name in ("ok", "changed", "failures", "dark", "processed")}

    @property
    def readable(self) -> str:
        """All that somebody can read who gets hold of the streams or of the artifacts."""
        files = (path for path in self.artifacts.rglob("*") if path.is_file())
        kept = [f"{path.name}\n{path.read_text(errors='replace')}" for path in files]
        return "\n".join([*unpacked(self.sent), *unpacked(self.returned), *kept])


def unpacked(stream: bytes) -> t.Iterator[str]:
    """The lines of a stream of ansible-runner, and the files that are packed in it."""
    source = io.BytesIO(stream)
    while line := source.readline():
        yield line.decode()
        if size := json.loads(line).get("zipfile"):
            packed = base64.b64decode(source.read(-(-size // 3) * 4), validate=True)
            with zipfile.ZipFile(io.BytesIO(packed)) as archive:
                for name in archive.namelist():
                    yield f"{name}\n{archive.read(name).decode(errors='replace')}"


def private_data(folder: Path, project: Path, inventory: Variables) -> Path:
    """A folder as C(transmit) takes it, with nothing in it that is secret."""
    (folder / "inventory").mkdir(parents=True)
    (folder / "env").mkdir()
    shutil.copytree(project, folder / "project")
    write_inventory(folder / "inventory" / "hosts", inventory)
    (folder / "env" / "settings").write_text(yaml.safe_dump({"job_timeout": PATIENCE}))
    return folder


def run(playbook: str, jobs: t.Sequence[Path], homes: t.Sequence[Path], **environment: str) -> list[Slice]:
    """Run a slice on each worker, all at once.

    :param jobs: what to transmit, a folder for each slice; the artifacts come back there
    :param homes: home folders of the workers
    :param environment: variables that the workers have of their own
    """
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("ALIBABA_CLOUD_", "ALITRUST_"))}
    sent = [_runner("transmit", job, plain, "-p", playbook, "--ident", job.name) for job in jobs]
    with contextlib.ExitStack() as stack:
        workers = []
        for home, stream in zip(homes, sent, strict=True):
            # By files, because two pipes of two processes can wait for each other.
            told, back = (stack.enter_context((home / name).open("w+b")) for name in ("sent", "returned"))
            told.write(stream)
            told.seek(0)
            command: list[str | Path] = [RUNNER, "worker", "--private-data-dir", home / "private"]
            mine = {**plain, **JOB_ENVIRONMENT, **environment, "HOME": str(home)}
            workers.append((subprocess.Popen(command, stdin=told, stdout=back, env=mine), back))
            stack.callback(workers[-1][0].kill)
        for worker, _back in workers:
            worker.wait(PATIENCE)
        returned = []
        for _worker, back in workers:
            back.seek(0)
            returned.append(back.read())
    for job, stream in zip(jobs, returned, strict=True):
        _runner("process", job, plain, "--ident", job.name, stream=stream)
    artifacts = [job / "artifacts" / job.name for job in jobs]
    return [Slice(*one) for one in zip(sent, returned, artifacts, strict=True)]


def _runner(what: str, folder: Path, environment: dict[str, str], *arguments: str, stream: bytes = b"") -> bytes:
    done = subprocess.run(
        [RUNNER, what, folder, *arguments],
        input=stream,
        env=environment,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert not done.stderr, done.stderr.decode()
    return done.stdout
