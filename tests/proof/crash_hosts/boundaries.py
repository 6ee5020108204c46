# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of one real host, whose runs are interrupted at one task boundary after the other."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import subprocess
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from hosts.fleet import KEEPING, Run, Site
from proof.running import Running

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

LONG = os.environ.get("ALITRUST_LONG") == "1"
#: Tests that share the points, each with a fleet that workers of pytest-xdist have for themselves.
PARTS = 16 if LONG else 1
CALLBACKS = Path(__file__).parent / "callbacks"
HOST = "web-001"
#: Seconds that a run has to end after it was asked to, before it is killed; AWX gives it longer.
GRACE = 20.0
#: Seconds after a boundary at which the task that begins there is under way. How far it is by then does not matter:
#: the same must hold everywhere.
UNDER_WAY = (0.1, 0.4, 0.8)

#: What happens at a boundary: all processes are killed at it, or a little later, in the middle of the task; or the run
#: is asked to end in the middle of the task.
How = t.Literal["killed before", "killed in", "SIGTERM in", "SIGINT in"]


@dataclass(frozen=True)
class Point:
    """One interruption.

    :param number: of the boundary, from 1
    """

    number: int
    how: How = "killed before"

    def __str__(self) -> str:
        return f"{self.how} task {self.number}"


def points(tasks: t.Sequence[str], part: int, few: int, since: str = "") -> list[Point]:
    """The points of a part: each boundary in each way; by default as few as asked for, at equal distances of a run,
    in one way after the other.

    To repeat some, the variable PROOF_POINTS is a regular expression that finds them as they are printed.

    :param tasks: the boundaries of a run that nothing interrupts
    :param since: in the task from which on the few are, because before it nothing has been changed
    """
    numbers = range(1, len(tasks) + 1)
    ways = [[Point(number, how) for number in numbers] for how in t.get_args(How)[:2]]
    ways.append([Point(number, "SIGTERM in" if number % 2 else "SIGINT in") for number in numbers])
    found = list(itertools.chain(*ways))
    if wanted := os.environ.get("PROOF_POINTS"):
        return [point for point in found if re.search(wanted, f"{point}, {tasks[point.number - 1]}")]
    if LONG:
        return found[part::PARTS]
    first = next(place for place, task in enumerate(tasks) if since in task)
    return [ways[place % len(ways)][first + int((place + 0.5) * (len(tasks) - first) / few)] for place in range(few)]


class Interrupted(Site):
    """The fleet, whose next run of a playbook can be interrupted."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        super().__init__(folder, cloud)
        self.variables["fleet_count"] = 1
        self._boundaries = folder / "boundaries"
        self._next: Point | None = None
        self.ansible.environment |= {
            "ANSIBLE_CALLBACK_PLUGINS": f"{KEEPING['ANSIBLE_CALLBACK_PLUGINS']}:{CALLBACKS}",
            "BOUNDARIES": str(self._boundaries),
            "BOUNDARY_UNTIL": str(folder / "go"),
        }

    def boundaries(self) -> list[str]:
        """The tasks that the last run has come to, in order, as C(name @ host)."""
        return self._boundaries.read_text().splitlines() if self._boundaries.exists() else []

    def interrupt(self, point: Point) -> None:
        """Have the next run interrupted."""
        self._next = point

    def run(self, *arguments: str | Path) -> Run:
        """Run ansible-playbook, to its end or to the point at which it is interrupted."""
        point, self._next = self._next, None
        self._boundaries.unlink(missing_ok=True)
        holds = point is not None and point.how == "killed before"
        self.ansible.environment |= {"BOUNDARY": str(point.number if point else 0), "BOUNDARY_HOLDS": str(int(holds))}
        if point is None:
            return super().run(*arguments)
        started = time.monotonic()
        running = Running(self.folder, self.ansible.environment, *arguments)
        try:
            self._await(running, point.number)
            if point.how != "killed before":
                time.sleep(UNDER_WAY[point.number % len(UNDER_WAY)])
            if point.how in ("SIGTERM in", "SIGINT in"):
                running.signal(signal.Signals[point.how.split()[0]])
                # One that has lost its workers may wait for them for ever; then it is killed, as by AWX.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    running.wait(GRACE)
        finally:
            running.kill()
        return Run(running.process.wait(), running.output, time.monotonic() - started)

    def _await(self, running: Running, number: int) -> None:
        deadline = time.monotonic() + self.ansible.timeout
        while len(self.boundaries()) < number:
            assert running.process.poll() is None, f"it ended before task {number}:\n{running.output}"
            assert time.monotonic() < deadline, f"task {number} did not come:\n{running.output}"
            time.sleep(0.01)

    def beside(
        self, number: int, first: t.Sequence[str | Path], second: t.Callable[[], Run], *, halts: bool
    ) -> tuple[Run, Run]:
        """Two runs, the second of which begins when the first comes to this task.

        :param first: arguments of ansible-playbook
        :param halts: whether the first does not go on before the second has ended
        """
        go = Path(self.ansible.environment["BOUNDARY_UNTIL"])
        go.unlink(missing_ok=True)
        self._boundaries.unlink(missing_ok=True)
        started = time.monotonic()
        lead = {"BOUNDARY": str(number), "BOUNDARY_HOLDS": str(int(halts))}
        running = Running(self.folder, {**self.ansible.environment, **lead}, *first)
        try:
            self._await(running, number)
            other = second()
            go.touch()
            running.wait()
        finally:
            running.kill()
        return Run(running.process.wait(), running.output, time.monotonic() - started), other

    # -- what must hold

    def opens(self, key: Path) -> bool:
        """Whether the host lets this key in; anything but a yes or a refusal is an error."""
        done = self.ssh(HOST, "true", key=key)
        assert done.returncode == 0 or "Permission denied (publickey" in done.stderr, done.stderr
        return done.returncode == 0
