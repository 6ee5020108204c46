# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook patch is interrupted at every task, and the next run proves trust."""

from __future__ import annotations

import json
import time
import typing as t
from pathlib import Path

import pytest
from hosts.fleet import Run
from modules.harness import Modules
from proof.conftest import Figure
from proof.crash_hosts.boundaries import HOST, PARTS, Interrupted, Point, points

from local_cloud.control import LocalCloud
from local_cloud.hosts import checks

#: Points of the default run.
FEW = 2
#: Before this, nothing has been changed.
BEGUN = "Note that the update has begun"
KERNEL = "/boot/local-cloud/vmlinuz"
FAST: dict[str, t.Any] = {
    "assert_trusted_timeout": 60,
    "patch_report_timeout": 60,
    "patch_trust_timeout": 60,
    "patch_poll_seconds": 1,
}


class Patched(Interrupted):
    """Each update brings the next kernel, so that no start has to be made anew."""

    tasks: list[str]  # of an update that nothing interrupts
    count = 0

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        super().__init__(folder, cloud)
        self.modules = Modules(cloud)
        self.update = folder / "update.yml"

    def next(self) -> str:
        """Offer the next kernel; returns what is in its file."""
        self.count += 1
        kernel = f"Linux {self.count}.0"
        copy = {"dest": KERNEL, "content": f"{kernel}\n", "mode": "0644"}
        self.update.write_text(json.dumps([{"name": "Install a kernel", "ansible.builtin.copy": copy}]))
        return kernel

    def patch(self, **variables: t.Any) -> Run:
        return self.playbook("patch", "-i", self.inventory, patch_tasks=str(self.update), **FAST, **variables)

    def findings(self, state: str) -> list[str]:
        """What was found in this state of being handled."""
        found = self.modules.run("trust_event_info", fleet="web", states=[state])["findings"]
        return [one["suspect"] for one in found]

    def verdict(self) -> str:
        found = self.modules.run("trusted_instance_info", fleet="web", trust=True)["instances"]
        return str(found[0]["trust"]["verdict"])


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Patched]:
    if reason := checks.why_not() or checks.why_no_tpm():
        pytest.skip(f"no hosts with a TPM on this machine: {reason}")
    folder = tmp_path_factory.mktemp("patch")
    quick = {"trust_client__first_report_seconds": 1, "trust_client__report_interval_seconds": 2}
    with LocalCloud.start(folder / "cloud", hosts="on", **quick) as cloud:
        fleet = Patched(folder, cloud)
        made = fleet.playbook("site")
        assert made.succeeded, made.output
        fleet.next()
        calm = fleet.patch()
        assert calm.succeeded, calm.output
        fleet.tasks = fleet.boundaries()
        assert len(fleet.findings("accepted")) == 1
        yield fleet


@pytest.mark.parametrize("part", range(PARTS))
def test_an_update_that_is_interrupted_at_any_task_goes_on(fleet: Patched, figure: Figure, part: int) -> None:
    for point in points(fleet.tasks, part, FEW, BEGUN):
        at = f"{point}, {fleet.tasks[point.number - 1]}"
        print(at, flush=True)
        _interrupt(fleet, point, at)
        figure("points")


def _interrupt(fleet: Patched, point: Point, at: str) -> None:
    kernel = fleet.next()
    accepted = fleet.findings("accepted")
    fleet.interrupt(point)
    crashed = fleet.patch()
    # At once, or as somebody sees it only later, when the host has told of what it has booted.
    time.sleep(4 if point.number % 2 else 0)

    again = fleet.patch()
    assert again.succeeded, f"{at}:\n{crashed.output}\n{again.output}"
    assert fleet.output(HOST, f"cat {KERNEL}") == kernel, at
    assert fleet.verdict() == "trusted", at
    assert fleet.findings("open") == [], at
    assert fleet.findings("accepted") == [*accepted, f"PCR 9: {KERNEL}"], at
    third = fleet.patch(patch_reboot=False)
    assert third.changed(HOST) == 0, f"{at}:\n{third.output}"
