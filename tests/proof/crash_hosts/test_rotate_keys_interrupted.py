# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rotate_keys is interrupted at every task: the door is never shut, and the next run goes on.

And it is met by another run of it at every task.
"""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml
from hosts.fleet import Run
from proof.conftest import Figure
from proof.crash_hosts.boundaries import HOST, LONG, PARTS, Interrupted, Point, points

from local_cloud.control import LocalCloud
from local_cloud.hosts import checks

#: Points of the default run.
FEW = 3
#: Interleavings of the default run.
FEW_TOGETHER = 3
_SAYS_SO = re.compile(r"somebody\s+else|another\s+(task|run)", re.IGNORECASE)


class Rotation(Interrupted):
    """Each rotation replaces the key of the one before, so that no start has to be made anew."""

    count = 0
    tasks: list[str]  # of a rotation that nothing interrupts
    expected: dict[str, t.Any]  # its result

    def next(self) -> tuple[str, Path]:
        """Name of the next pair, and where its private key is to be."""
        self.count += 1
        return f"key-{self.count}", self.folder / f"key-{self.count}.pem"

    def rotate(self, name: str, key: Path, **variables: t.Any) -> t.Any:
        return self.playbook(
            "rotate_keys",
            "-i",
            self.inventory,
            rotate_keys_name=name,
            rotate_keys_private_key_file=str(key),
            rotate_keys_delete_old=True,
            **variables,
        )

    def rotate_beside(
        self, number: int, one: tuple[str, Path], other: tuple[str, Path], *, halts: bool
    ) -> tuple[Run, Run]:
        """Two rotations, the second of which begins when the first comes to this task."""
        variables = self.folder / "first.yml"
        name, key = one
        new = {"rotate_keys_name": name, "rotate_keys_private_key_file": str(key), "rotate_keys_delete_old": True}
        variables.write_text(yaml.safe_dump({**self.variables, **new}))
        arguments = ("alitrust.ecs.rotate_keys", "-e", f"@{variables}", "-i", self.inventory)
        return self.beside(number, arguments, lambda: self.rotate(*other), halts=halts)

    def settle(self, key: Path) -> None:
        """Later runs log in with the new key, as the run has said."""
        self.inventory.write_text(self.inventory.read_text().replace(str(self.key), str(key)))
        self.key = key

    def result(self, name: str) -> dict[str, t.Any]:
        """What there is after a rotation, in words that are the same for every one."""

        def same(text: str) -> str:
            return re.sub(r"AAAA\S+", "KEY", re.sub(r"key-\d+", "NEW", text))

        pairs = self.cloud.resources("key_pair")
        return {
            "authorized_keys": same(self.output(HOST, "cat ~/.ssh/authorized_keys; stat -c '%a %U' ~/.ssh ~/.ssh/*")),
            "pairs": [same(one["KeyPairName"]) for one in pairs],
            "bound": same(self.instance(HOST)["KeyPairName"]),
            "files": same(
                self.output(
                    HOST, "find /root /etc /tmp /var/tmp ! -path '*/systemd-private-*' -printf '%p %m %u\\n' | sort"
                )
            ),
            "controller": sorted(
                same(path.name) for path in self.folder.glob("key-*.pem*") if path.name.startswith(name)
            ),
            "mode": oct((self.folder / f"{name}.pem").stat().st_mode),
        }


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Rotation]:
    if reason := checks.why_not():
        pytest.skip(f"no hosts on this machine: {reason}")
    folder = tmp_path_factory.mktemp("rotation")
    with LocalCloud.start(folder / "cloud", hosts="on", ecs__key_bits=2048) as cloud:
        fleet = Rotation(folder, cloud)
        made = fleet.playbook("provision")
        assert made.succeeded, made.output
        name, key = fleet.next()
        calm = fleet.rotate(name, key)
        assert calm.succeeded, calm.output
        fleet.settle(key)
        fleet.tasks, fleet.expected = fleet.boundaries(), fleet.result(name)
        yield fleet


@pytest.mark.parametrize("part", range(PARTS))
def test_a_rotation_that_is_interrupted_at_any_task_goes_on(fleet: Rotation, figure: Figure, part: int) -> None:
    for point in points(fleet.tasks, part, FEW):
        at = f"{point}, {fleet.tasks[point.number - 1]}"
        print(at, flush=True)
        _interrupt(fleet, point, at)
        figure("points")


def _interrupt(fleet: Rotation, point: Point, at: str) -> None:
    name, new = fleet.next()
    old = fleet.key
    fleet.interrupt(point)
    crashed = fleet.rotate(name, new)
    doors = [key for key in (old, new) if key.exists() and fleet.opens(key)]
    assert doors, f"{at}: no key opens the host\n{crashed.output}"
    fleet.key = doors[0]
    lines = fleet.output(HOST, "cat ~/.ssh/authorized_keys").splitlines()
    fleet.key = old
    blobs = [line.split()[1] for line in lines if line.startswith("ssh-")]
    assert len(blobs) == len(set(blobs)) <= 2, f"{at}: {lines}"

    again = fleet.rotate(name, new)
    assert again.succeeded, f"{at}:\n{crashed.output}\n{again.output}"
    assert fleet.opens(new), at
    assert not fleet.opens(old), at
    fleet.settle(new)
    assert fleet.result(name) == fleet.expected, at
    third = fleet.rotate(name, new)
    assert third.changed(HOST) == 0, f"{at}:\n{third.output}"


class Meeting(t.NamedTuple):
    """The second run begins when the first comes to a task."""

    number: int
    same: bool  # whether both are to bring the same key
    halts: bool  # whether the first stands still meanwhile

    def __str__(self) -> str:
        keys = "the same key" if self.same else "two keys"
        return f"{keys}, met at task {self.number}{', where the first stands still' if self.halts else ''}"


def meetings(tasks: t.Sequence[str], part: int) -> list[Meeting]:
    """All of a part; by default a few at equal distances of a run, in one way after the other."""
    ways = [(True, False), (False, True), (True, True), (False, False)]
    if LONG:
        return [Meeting(number, *way) for number in range(1, len(tasks) + 1) for way in ways][part::PARTS]
    places = [int((place + 0.5) * len(tasks) / FEW_TOGETHER) for place in range(FEW_TOGETHER)]
    return [Meeting(number, *ways[place % len(ways)]) for place, number in enumerate(places)]


@pytest.mark.parametrize("part", range(PARTS))
def test_two_rotations_at_once(fleet: Rotation, figure: Figure, part: int) -> None:
    for meeting in meetings(fleet.tasks, part):
        at = f"{meeting}, {fleet.tasks[meeting.number - 1]}"
        print(at, flush=True)
        _meet(fleet, meeting, at)
        figure("meetings of two rotations")


def _meet(fleet: Rotation, meeting: Meeting, at: str) -> None:
    one = fleet.next()
    other = one if meeting.same else fleet.next()
    old = fleet.key
    runs = fleet.rotate_beside(meeting.number, one, other, halts=meeting.halts)
    told = "\n".join(run.output for run in runs)
    assert "Traceback" not in told, f"{at}:\n{told}"
    for run in runs:
        assert run.succeeded or _SAYS_SO.search(run.output), f"{at}:\n{told}"
    keys = {old, one[1], other[1]}
    assert [key for key in keys if key.exists() and fleet.opens(key)], f"{at}: no key opens the host\n{told}"

    # As the loser says: one goes on with the pair that the host is bound to, and takes the other's key out.
    winner, loser = (one, other) if fleet.instance(HOST)["KeyPairName"] == one[0] else (other, one)
    replaced: dict[str, t.Any] = {} if meeting.same else {"rotate_keys_old_names": [loser[0]]}
    if winner[1].exists() and fleet.opens(winner[1]):
        fleet.settle(winner[1])
    again = fleet.rotate(*winner, **replaced)
    assert again.succeeded, f"{at}:\n{told}\n{again.output}"
    assert [key for key in keys if key.exists() and fleet.opens(key)] == [winner[1]], f"{at}:\n{told}\n{again.output}"
    fleet.settle(winner[1])
    assert fleet.result(winner[0]) == fleet.expected, at
    third = fleet.rotate(*winner)
    assert third.changed(HOST) == 0, f"{at}:\n{third.output}"
