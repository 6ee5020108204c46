# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a playbook that are cut off at one of their calls, and what the next runs make of it."""

from __future__ import annotations

import collections
import fcntl
import json
import re
import shutil
import signal
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import yaml
from controller.playbook import Ansible
from modules.harness import Modules
from proof.crash import remains
from proof.crash.scenarios import SCENARIOS, Scenario
from proof.running import Running

from local_cloud.control import LocalCloud

#: Long enough for what hangs only.
_PATIENCE = 120.0
#: How long time in the cloud may stand still.
_STANDSTILL = 20.0
_READS = re.compile(r"\w+:(Describe|Get|List|Decrypt)\w*")
_SHORT = (
    *(f"ecs.{name}_seconds" for name in ("pending", "created_stopped", "starting", "stopping", "releasing")),
    *("ecs.membership_linger_seconds", "vpc.pending_seconds", "resourcesharing.task_seconds"),
)

#: How a run is cut off while one of its calls is held, and which calls of it.
#: C(before), C(after): all its processes are killed, with nothing done or with what was done unanswered.
#: C(orphan): its main process is killed only, and the worker goes on.
#: C(SIGTERM), C(SIGINT): it is asked to end.
WAYS = ("after", "before", "orphan", "SIGTERM", "SIGINT")


class Call(t.NamedTuple):
    """A call of a run: the C(number)th of its operation, from 0 on."""

    operation: str
    number: int

    @property
    def writes(self) -> bool:
        return not _READS.fullmatch(self.operation)


class Point(t.NamedTuple):
    """Where a run is cut off, and how."""

    way: str
    call: Call

    def __str__(self) -> str:
        return f"{self.way} {self.call.operation} {self.call.number + 1}"


@dataclass(frozen=True)
class Recorded:
    """A run that nothing cut off.

    :ivar start: folder with the state of the cloud and the home of the controller before it
    :ivar variables: of the playbook
    :ivar calls: its calls in order
    :ivar resources: what the account had after it
    :ivar files: what the controller had after it
    """

    scenario: Scenario
    start: Path
    variables: dict[str, t.Any]
    calls: list[Call]
    resources: dict[str, list[str]]
    files: dict[str, str]

    def points(self) -> list[Point]:
        """All there are, those of one way together."""
        writing = [call for call in self.calls if call.writes]
        some = self.calls[::3]
        calls = {"after": writing, "before": self.calls, "orphan": writing, "SIGTERM": some, "SIGINT": some}
        return [Point(way, call) for way in WAYS for call in calls[way]]


class Controller:
    """Where the playbook is run: a local cloud and a home folder."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)
        self._ansible = Ansible(self.home, cloud, HOME=str(self.home))
        self.environment = self._ansible.environment
        # Measuring what playbooks cover takes more than half as long again, and tests/integration/controller does it.
        self.environment.pop("COVERAGE_PROCESS_CONFIG", None)

    def start(self, scenario: Scenario, variables: dict[str, t.Any]) -> Running:
        extra = self.home / "variables.yml"
        extra.write_text(yaml.safe_dump(variables))
        return Running(self.home, self.environment, f"alitrust.ecs.{scenario.playbook}", "-e", f"@{extra}")

    def finish(self, running: Running) -> int:
        """Wait for the end of a run that must succeed; how many tasks changed something."""
        try:
            code = running.wait()
        finally:
            running.kill()
        recap = re.search(r"^localhost\s+: .*\bchanged=(\d+)", running.output, re.MULTILINE)
        assert code == 0, running.output
        assert recap, running.output
        return int(recap[1])


def record(base: Path, name: str) -> Recorded:
    """The uninterrupted run of a scenario; made once for all workers, who share C(base)."""
    scenario = SCENARIOS[name]
    before = record(base, scenario.after) if scenario.after else None
    folder = base / name
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "record.json").exists():
            _record(folder, scenario, before)
    found = json.loads((folder / "record.json").read_text())
    calls: collections.Counter[str] = collections.Counter()
    numbered = []
    for operation in found["calls"]:
        numbered.append(Call(operation, calls[operation]))
        calls[operation] += 1
    return Recorded(scenario, folder / "start", found["variables"], numbered, found["resources"], found["files"])


def _record(folder: Path, scenario: Scenario, before: Recorded | None) -> None:
    start, result = folder / "start", folder / "result"
    if before:
        copy(before.start.parent / "result", start)
    start.mkdir(exist_ok=True)
    (start / "home").mkdir(exist_ok=True)
    with LocalCloud.start(start / "cloud") as cloud:
        for setting in _SHORT:
            cloud.set(setting, 0.05)
        more = scenario.prepare(Modules(cloud), start / "home")
        cloud.clock_advance(1)
    variables = {**(before.variables if before else {}), **scenario.variables, **more}
    copy(start, result)
    with LocalCloud.start(result / "cloud") as cloud:
        controller = Controller(result, cloud)
        assert controller.finish(controller.start(scenario, variables)) > 0
        calls = [one["operation"] for one in cloud.requests()]
        assert controller.finish(controller.start(scenario, variables)) == 0
        assert remains.lost_keys(cloud, controller.home) == []
        cloud.clock_advance(60)
        found = {
            "variables": variables,
            "calls": calls,
            "resources": remains.resources(cloud),
            "files": remains.files(controller.home),
        }
    (folder / "record.json").write_text(json.dumps(found))


def copy(source: Path, target: Path) -> None:
    """Copy the folder of a start: the cloud, which is stopped, and the controller's home."""
    shutil.copytree(source, target, symlinks=True)


def cut(recorded: Recorded, point: Point, folder: Path) -> bool:
    """Cut a run off and see what two more make of it.

    :returns: whether it has been cut off; a run may have fewer calls than another, because of how often it looks
    :raises AssertionError: with the output of the runs
    """
    copy(recorded.start, folder)
    with LocalCloud.start(folder / "cloud") as cloud:
        controller = Controller(folder, cloud)
        kind = "hold_after_commit" if point.way == "after" else "hold_before_commit"
        cloud.fault(kind, point.call.operation, skip=point.call.number)
        first = controller.start(recorded.scenario, recorded.variables)
        try:
            if not _held(cloud, first):
                return False
            cloud.clear_faults()
            cloud.clock_scale(0)
            _cut(point.way, first)
            rerun = controller.start(recorded.scenario, recorded.variables)
            _go_on(cloud, rerun)
            try:
                controller.finish(rerun)
                _gone(first)
                assert controller.finish(controller.start(recorded.scenario, recorded.variables)) == 0, "changed again"
                cloud.clock_advance(60)
                wrong = remains.differences(recorded.resources, remains.resources(cloud))
                assert not wrong, "\n".join(wrong)
                assert remains.files(controller.home) == recorded.files
                assert remains.lost_keys(cloud, controller.home) == []
                assert "Traceback" not in first.output + rerun.output
            except AssertionError as error:
                calls = "\n".join(f"{one['operation']} {one['code'] or ''}" for one in cloud.requests())
                message = f"{recorded.scenario.name}, cut off {point}: {error}\n-- the run:\n{first.output}"
                raise AssertionError(f"{message}\n-- the next:\n{rerun.output}\n-- all calls:\n{calls}") from error
        finally:
            first.kill()
    return True


def _held(cloud: LocalCloud, running: Running) -> bool:
    """Wait until a call of the run is held; False where it ends before."""
    while running.process.poll() is None:
        if cloud.held():
            return True
        time.sleep(0.05)
    assert running.process.returncode == 0, running.output
    return False


def _cut(way: str, running: Running) -> None:
    if way == "orphan":
        running.process.kill()
        running.wait(_PATIENCE)
    elif way in ("SIGTERM", "SIGINT"):
        running.signal(signal.Signals[way])
        assert running.wait(_PATIENCE) != 0
        _gone(running)
    else:
        running.kill()


def _go_on(cloud: LocalCloud, rerun: Running) -> None:
    """Let the next run begin, and then what is held and time in the cloud go on.

    The cloud's clock stands still until the run says that it waits, so that it meets what is still on its way.
    """
    cloud.forget_requests()
    began = time.monotonic()
    while rerun.process.poll() is None and time.monotonic() - began < _STANDSTILL:
        if cloud.held() and cloud.counts():
            cloud.let_go()
        if ": waiting for " in rerun.output:
            break
        time.sleep(0.2)
    cloud.let_go()
    cloud.clock_scale(1)


def _gone(running: Running) -> None:
    """Wait until nothing of a run is left."""
    deadline = time.monotonic() + _PATIENCE
    while left := running.processes():
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.05)
