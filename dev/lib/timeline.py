# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-playbook and tells when each task ran on each host, and what waited.

All arguments but its own are those of ansible-playbook, which is the one on PATH where there is one, else that of
dev/setup. The run goes where the environment leads it, so lead it to a local cloud (dev/local-cloud start).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import environment
from environment import CHECKOUT, SetupError

#: A gap is told from this share of the run on, and a task by itself; shorter ones are told together.
WORTH_A_LINE = 0.005


@dataclass
class Span:
    """What happened from a moment on, in seconds of the run: a task on all its hosts, or a gap."""

    start: float
    end: float
    name: str
    play: str = ""
    gap: bool = False
    #: host -> its own start and end
    hosts: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def took(self) -> float:
        return self.end - self.start

    @property
    def for_forks(self) -> float:
        """How long the last host waited until there was a fork for it."""
        return max((start for start, _end in self.hosts.values()), default=self.start) - self.start

    @property
    def for_slowest(self) -> tuple[str, float]:
        """The host that ended last, and how long half of the hosts waited for it."""
        if not self.hosts:
            return "", 0.0
        name, (_start, last) = max(self.hosts.items(), key=lambda one: one[1][1])
        return name, last - statistics.median(end for _start, end in self.hosts.values())


def spans(found: dict[str, t.Any], whole: float) -> list[Span]:
    """The tasks of a run and the gaps between them, in the order of time, without any time left over.

    :param found: what the callback has written
    :param whole: how long the process ran, in seconds; what the callback cannot have seen is at its beginning
    """
    unseen = max(whole - found["end"], 0.0)
    plays = [(play["at"] + unseen, play["name"]) for play in found["plays"]]
    told: list[Span] = []
    reached = 0.0
    tasks = [one for one in found["tasks"] if any("end" in host for host in one["hosts"].values())]
    for task in sorted(tasks, key=lambda one: one["at"]):
        hosts = {
            name: (host["start"] + unseen, host["end"] + unseen)
            for name, host in task["hosts"].items()
            if "end" in host
        }
        start, end = min(one for one, _end in hosts.values()), max(one for _start, one in hosts.values())
        play = [name for at, name in plays if at <= task["at"] + unseen]
        if start > reached:
            told.append(_gap(reached, start, found["includes"], plays, unseen))
        told.append(Span(max(start, reached), max(end, reached), task["name"], play[-1] if play else "", hosts=hosts))
        reached = max(reached, end)
    if whole > reached:
        told.append(Span(reached, whole, "after the last task: the recap, the end of the process", gap=True))
    return told


def _gap(start: float, end: float, includes: list[dict[str, t.Any]], plays: list[tuple[float, str]], by: float) -> Span:
    """A time without a task on any host, named by what is known to have happened in it."""
    read = [one for one in includes if start <= one["at"] + by <= end]
    if start == 0:
        name = "before the first task: Ansible starts, reads playbooks, roles and inventory, loads plugins"
    elif any(start <= at <= end for at, _name in plays):
        name = "between plays: Ansible loads the next one and its roles"
    elif read:
        files = ", ".join(dict.fromkeys(Path(one["file"]).name for one in read))
        name = f"include: {files} for {max(one['hosts'] for one in read)} hosts"
    else:
        name = "between tasks: Ansible finds the next one for each host"
    return Span(start, end, name, gap=True)


def lines(told: list[Span], whole: float) -> t.Iterator[str]:
    """The timeline for people: what takes long, with its waits, then sums."""
    yield f"{'at':>8} {'took':>8} {'hosts':>5}  what"
    small: list[Span] = []
    for span in told:
        if span.took < WORTH_A_LINE * whole:
            small.append(span)
            continue
        yield from _together(small)
        small = []
        yield f"{span.start:8.2f} {span.took:8.2f} {len(span.hosts) or '':>5}  {_words(span)}"
    yield from _together(small)
    yield ""
    yield f"{whole:8.2f}  seconds in all, of which"
    for name, seconds in sorted(_sums(told).items(), key=lambda one: -one[1]):
        yield f"{seconds:8.2f}  {name}"


def _words(span: Span) -> str:
    if span.gap:
        return f"-- {span.name}"
    slowest, seconds = span.for_slowest
    waits = []
    if span.for_forks > span.took / 10:
        waits.append(f"the last host waited {span.for_forks:.2f} for a fork")
    if len(span.hosts) > 1 and seconds > span.took / 10:
        waits.append(f"half of them waited {seconds:.2f} for {slowest}")
    return f"{span.name} ({'; '.join(waits)})" if waits else span.name


def _together(small: list[Span]) -> t.Iterator[str]:
    if small:
        took, tasks = sum(one.took for one in small), sum(not one.gap for one in small)
        yield f"{small[0].start:8.2f} {took:8.2f} {'':>5}  .. {tasks} short tasks and {len(small) - tasks} short gaps"


def _sums(told: list[Span]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for one in told:
        name = one.name.partition(":")[0] if one.gap else f"tasks of: {one.play}"
        sums[name] = sums.get(name, 0.0) + one.took
    return sums


def tools() -> tuple[str, dict[str, str]]:
    """Which ansible-playbook to run, and what it needs in its environment."""
    if found := shutil.which("ansible-playbook"):
        return found, {}
    asked = {what: environment.output_of(CHECKOUT / "dev" / "setup", "--print", what) for what in _NEEDED}
    if None in asked.values():
        raise SetupError("there is no ansible-playbook on PATH, and dev/setup cannot make one")
    ready = {what: str(path).strip().splitlines()[-1] for what, path in asked.items()}
    return f"{ready['runtime']}/bin/ansible-playbook", {"ANSIBLE_COLLECTIONS_PATH": ready["collections"]}


_NEEDED = ("runtime", "collections")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="dev/timeline", description=__doc__, usage="%(prog)s [--write FILE] PLAYBOOK...", allow_abbrev=False
    )
    parser.add_argument("--write", metavar="FILE", type=Path, help="write all times to this file, as JSON")
    arguments, others = parser.parse_known_args()
    if not others:
        parser.error("give a playbook, such as alitrust.ecs.site, and what else ansible-playbook is to have")
    command, settings = tools()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "timeline.json"
        callbacks = str(CHECKOUT / "dev" / "lib" / "callback")
        settings |= {
            "ALITRUST_TIMELINE_FILE": str(file),
            "ANSIBLE_CALLBACK_PLUGINS": _joined(callbacks, os.environ.get("ANSIBLE_CALLBACK_PLUGINS"), os.pathsep),
            "ANSIBLE_CALLBACKS_ENABLED": _joined("alitrust_timeline", os.environ.get("ANSIBLE_CALLBACKS_ENABLED"), ","),
        }
        begun = time.monotonic()
        code = subprocess.run([command, *others], env={**os.environ, **settings}, check=False).returncode
        whole = time.monotonic() - begun
        if not file.exists():
            raise SetupError("the run did not come as far as its first play, so there is no timeline of it")
        found = json.loads(file.read_text(encoding="utf-8"))
    told = spans(found, whole)
    if arguments.write:
        arguments.write.write_text(json.dumps({"seconds": whole, **found}, indent=1), encoding="utf-8")
    print()
    print(*lines(told, whole), sep="\n")
    return code


def _joined(one: str, others: str | None, separator: str) -> str:
    return f"{one}{separator}{others}" if others else one


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SetupError as error:
        sys.exit(f"error: {error}")
