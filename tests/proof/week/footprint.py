# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a local cloud takes of the machine: memory, processes, files, connections, records."""

from __future__ import annotations

import collections
import contextlib
import os
import sqlite3
import time
import typing as t
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

_SETTLE_SECONDS = 30.0
_CLOSING_SECONDS = 5.0
#: what Python's memory may do without anything leaking, in KiB
_NOISE = 12 * 1024
_LOG_BYTES = 64 * 1024
#: kinds of records of the trusted server
MEMORY = ("trusted_property", "trusted_key", "trust_event")


@dataclass(frozen=True)
class Sample:
    """One look: memory in KiB, the rest in numbers."""

    memory: int
    descriptors: collections.Counter[str]
    threads: int
    children: int
    files: frozenset[str]


class Footprint:
    """Looks at a local cloud and its folder again and again.

    :param folder: where the test keeps its files, that of the state among them
    """

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self._cloud = cloud
        self._folder = folder
        self._records: set[tuple[str, str]] = set()
        self.samples: list[Sample] = []

    def note(self) -> None:
        """Look, and remember what is seen. Connections that clients have just closed are given time to go."""
        deadline = time.monotonic() + _CLOSING_SECONDS
        while (sample := self._look()) and self.samples and time.monotonic() < deadline:
            if sample.descriptors.total() <= self.samples[0].descriptors.total():
                break
            time.sleep(0.1)
        self.samples.append(sample)

    def _look(self) -> Sample:
        process = Path(f"/proc/{self._cloud.info['pid']}")
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        children = [pid for pid in Path("/proc").glob("[0-9]*") if f"\nPPid:\t{process.name}\n" in _status(pid)]
        files = frozenset(str(path.relative_to(self._folder)) for path in self._folder.rglob("*"))
        return Sample(int(status["VmRSS"].split()[0]), _open(process), int(status["Threads"]), len(children), files)

    def growth(self, after: int) -> int:
        """By how many KiB of memory the last look is more than the one after so many; 0 if it is less."""
        return max(0, self.samples[-1].memory - self.samples[after - 1].memory)

    def assert_no_growth(self, after: int) -> None:
        """Find that nothing has grown since the machine was warm."""
        warm, last = self.samples[after - 1], self.samples[-1]
        assert self.growth(after) <= _NOISE, [sample.memory for sample in self.samples]
        assert last.children == warm.children
        assert last.descriptors.total() <= warm.descriptors.total() + 2, [one.descriptors for one in self.samples]
        assert last.threads <= max(sample.threads for sample in self.samples[:after]) + _POOL
        assert last.files <= warm.files, last.files - warm.files
        assert (self._cloud.state_dir / "server.log").stat().st_size < _LOG_BYTES

    def keep_records(self) -> None:
        """Remember what is in the database."""
        self._records = self._read_records()

    def assert_records_as_before(self) -> None:
        """Find that there is no record, plan, history or token that was not there.

        What the trusted server knows of an instance stays: it has no operation that deletes. It is no more than one
        record of each kind an instance, and its findings.
        """
        deadline = time.monotonic() + _SETTLE_SECONDS
        while left := self._left():
            assert time.monotonic() < deadline, left
            time.sleep(0.1)

    def _left(self) -> dict[str, t.Any]:
        new = self._read_records() - self._records
        left: dict[str, t.Any] = {"record": sorted(one for one in new if one[0] not in MEMORY)}
        with closing(sqlite3.connect(self._cloud.state_dir / "state.sqlite3", timeout=30)) as database:
            for table in ("schedule", "history", "client_token"):
                left[table] = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return {what: one for what, one in left.items() if one}

    def _read_records(self) -> set[tuple[str, str]]:
        with closing(sqlite3.connect(self._cloud.state_dir / "state.sqlite3", timeout=30)) as database:
            return set(database.execute("SELECT kind, id FROM record"))


#: anyio's threads come and go with the load
_POOL = 40


def _open(process: Path) -> collections.Counter[str]:
    """What a process has open: how often each file, and how many sockets and the like."""
    found: collections.Counter[str] = collections.Counter()
    for one in (process / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # just closed
            found[os.readlink(one).partition(":")[0]] += 1
    return found


def _status(process: Path) -> str:
    try:
        return (process / "status").read_text()
    except OSError:  # it has ended
        return ""
