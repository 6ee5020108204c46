# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rotate_keys is interrupted at every task: the door is never shut, and the next run goes on."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from proof.conftest import Figure
from proof.crash_hosts.boundaries import HOST, PARTS, Interrupted, Point, points

from local_cloud.control import LocalCloud
from local_cloud.hosts import checks

#: Points of the default run.
FEW = 3


class Rotation(Interrupted):
    """Each rotation replaces the key of the one before, so that no start has to be made anew."""

    count = 0
    tasks: list[str]  # of a rotation that nothing interrupts
    expected: dict[str, t.Any]  # its result

    def next(self) -> tuple[str, Path]:
        """Name of the next pair, and where its private key is to be."""
        self.count += 1
        return f"key-{self.count}", self.folder / f"key-{self.count}.pem"

    def rotate(self, name: str, key: Path) -> t.Any:
        return self.playbook(
            "rotate_keys",
            "-i",
            self.inventory,
            rotate_keys_name=name,
            rotate_keys_private_key_file=str(key),
            rotate_keys_delete_old=True,
        )

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
