# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ansible-playbook that can be ended at any moment, with every process that belongs to them."""

from __future__ import annotations

import os
import signal
import sys
import time
import uuid
from pathlib import Path

from controller.playbook import STARTER
from controller.starter import MARK

_GONE_SECONDS = 30.0


class Running:
    """One run of ansible-playbook, started in a session of its own.

    :param environment: all of it
    """

    def __init__(self, folder: Path, environment: dict[str, str], *arguments: str | Path) -> None:
        self._mark = uuid.uuid4().hex
        self._output = folder / f"output-{self._mark[:8]}"
        with self._output.open("wb") as output:
            self.process = STARTER.start(
                [Path(sys.executable).parent / "ansible-playbook", *arguments],
                cwd=folder,
                env={**environment, MARK: self._mark},
                output=output,
            )

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._output.read_text(errors="replace")

    def wait(self, timeout: float = 800.0) -> int:
        """:returns: its exit code"""
        return self.process.wait(timeout)

    def processes(self) -> list[int]:
        """Every process of the run that is still there: workers have sessions of their own, orphans no parent."""
        wanted = f"{MARK}={self._mark}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:  # gone, or a zombie
                continue
        return found

    def signal(self, number: signal.Signals) -> None:
        """Ask it to end, as AWX does (SIGTERM) or a terminal (SIGINT to all)."""
        if number is signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def kill(self) -> None:
        """End all of its processes at once, with no chance to clean up.

        :raises AssertionError: some are still there after a while
        """
        deadline = time.monotonic() + _GONE_SECONDS
        while left := self.processes():
            assert time.monotonic() < deadline, f"processes that SIGKILL does not end: {left}"
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self.process.poll()
        self.process.wait(_GONE_SECONDS)
