# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dev/timeline leaves no time of a run out, and names what waited."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import timeline
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]


def task(name: str, at: float, **hosts: tuple[float, float]) -> dict[str, t.Any]:
    return {"name": name, "at": at, "hosts": {host: {"start": one, "end": two} for host, (one, two) in hosts.items()}}


#: as the callback has seen it, from a second after the start of the process on
FOUND = {
    "plays": [{"name": "First", "at": 0.5}, {"name": "Second", "at": 7.2}],
    "includes": [{"file": "/role/tasks/more.yml", "at": 5.5, "hosts": 3}],
    "tasks": [
        task("Ask", 1.0, a=(1.0, 2.0), b=(1.0, 2.2), c=(2.0, 5.0)),
        task("Tell", 6.0, a=(6.0, 7.0)),
        {"name": "Never ended", "at": 7.1, "hosts": {"a": {"start": 7.1}}},
        task("Go on", 8.0, a=(8.0, 9.0)),
    ],
    "end": 9.5,
}


def test_each_moment_of_the_run_is_in_one_span() -> None:
    told = timeline.spans(FOUND, 11.0)
    assert told[0].start == 0
    assert told[-1].end == 11.0
    assert [one.end for one in told[:-1]] == [one.start for one in told[1:]]


def test_tasks_are_of_their_plays_and_gaps_have_names() -> None:
    told = timeline.spans(FOUND, 11.0)
    tasks = {one.name: (one.start, one.end, one.play) for one in told if not one.gap}
    assert tasks == {"Ask": (2.5, 6.5, "First"), "Tell": (7.5, 8.5, "First"), "Go on": (9.5, 10.5, "Second")}
    gaps = [one.name for one in told if one.gap]
    assert [name.partition(":")[0] for name in gaps] == [
        "before the first task",
        "include",
        "between plays",
        "after the last task",
    ]
    assert gaps[1] == "include: more.yml for 3 hosts"


def test_what_hosts_wait_for_is_told() -> None:
    printed = "\n".join(timeline.lines(timeline.spans(FOUND, 11.0), 11.0))
    assert "Ask (the last host waited 1.00 for a fork; half of them waited 2.80 for c)" in printed
    assert "Tell\n" in printed
    assert "11.00  seconds in all" in printed


def test_what_is_short_is_told_together() -> None:
    many = [
        task(f"Short {number}", 1 + number / 100, a=(1 + number / 100, 1.005 + number / 100)) for number in range(9)
    ]
    found = {**FOUND, "tasks": [*many, task("Long", 2.0, a=(2.0, 9.0))]}
    printed = "\n".join(timeline.lines(timeline.spans(found, 9.5), 9.5))
    assert ".. 9 short tasks and 8 short gaps" in printed
    assert "Short" not in printed


@pytest.fixture
def tools_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("tools_on_path")
def test_a_run_is_written_down(tmp_path: Path) -> None:
    """Three hosts for one fork, an include, a loop, a failure that is rescued; and what the run is given stays out."""
    secret = {"ansible.builtin.debug": {"msg": "do-not-tell"}, "name": "Say it"}
    (tmp_path / "more.yml").write_text(yaml.safe_dump([secret]))
    tasks = [
        {"name": "Include", "ansible.builtin.include_tasks": "more.yml"},
        {"name": "Loop", "ansible.builtin.debug": {"msg": "{{ item }}"}, "loop": [1, 2, 3]},
        {
            "block": [{"name": "Fail", "ansible.builtin.fail": {}}],
            "rescue": [{"name": "Mend", "ansible.builtin.debug": {}}],
        },
        {"name": "Skip", "ansible.builtin.debug": {}, "when": False},
    ]
    play = {"name": "Try", "hosts": "all", "gather_facts": False, "connection": "local", "tasks": tasks}
    book, file = tmp_path / "book.yml", tmp_path / "timeline.json"
    book.write_text(yaml.safe_dump([play]))
    command: list[str | Path] = [
        sys.executable,
        CHECKOUT / "dev" / "lib" / "timeline.py",
        "--write",
        file,
        book,
        "-i",
        "a,b,c",
        "-f",
        "1",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the last host waited" in done.stdout
    assert "seconds in all, of which" in done.stdout
    written = json.loads(file.read_text())
    assert "do-not-tell" not in file.read_text()
    results = {one["name"]: [host["result"] for host in one["hosts"].values()] for one in written["tasks"]}
    assert {name: set(found) for name, found in results.items() if name not in ("Fail", "Skip")} == {
        name: {"ok"} for name in ("Include", "Say it", "Loop", "Mend")
    }
    assert (results["Fail"], results["Skip"]) == (["failed"] * 3, ["skipped"] * 3)
    assert all(len(one["hosts"]) == 3 for one in written["tasks"])
    loop = next(one for one in written["tasks"] if one["name"] == "Loop")
    assert [host["items"] for host in loop["hosts"].values()] == [3, 3, 3]
    assert [(Path(one["file"]).name, one["hosts"]) for one in written["includes"]] == [("more.yml", 3)]


@pytest.mark.usefixtures("tools_on_path")
def test_a_run_that_never_begins_has_no_timeline(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, CHECKOUT / "dev" / "lib" / "timeline.py", tmp_path / "missing.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "there is no timeline of it" in done.stderr
