# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task that changes nothing costs, as a share of an ansible.builtin.ping in the same run.

A benchmark reports; it fails only when what it measured was not what it says.
"""

from __future__ import annotations

import statistics
import time
import typing as t
from pathlib import Path

from controller.playbook import Ansible, Tasks

from local_cloud.control import LocalCloud

TASKS = 8
ROUNDS = 3
TARGET = 0.6


def seconds(ansible: Ansible, tasks: Tasks, *arguments: str) -> float:
    """Wall time of a playbook with these tasks, none of which may change or fail."""
    start = time.perf_counter()
    results, output = ansible.play(tasks, *arguments)
    took = time.perf_counter() - start
    assert not any(one["changed"] or one["failed"] for one in results), output
    return took


def test_no_change_against_ping(cloud: LocalCloud, tmp_path: Path) -> None:
    ansible = Ansible(tmp_path, cloud)
    role: dict[str, t.Any] = {"name": "bench"}
    ansible.play([{"alitrust.ecs.kms_service": {}}, {"alitrust.ecs.instance_ram_role": role}])
    kinds: dict[str, tuple[dict[str, t.Any], str]] = {
        "ansible.builtin.ping": ({"ansible.builtin.ping": {}}, "true"),
        "kms_service in process": ({"alitrust.ecs.kms_service": {}}, "true"),
        "instance_ram_role in process": ({"alitrust.ecs.instance_ram_role": role}, "true"),
        "kms_service the ordinary way": ({"alitrust.ecs.kms_service": {}}, "false"),
    }
    costs: dict[str, list[float]] = {name: [] for name in kinds}
    for _round in range(ROUNDS):
        for name, (task, switch) in kinds.items():
            few = seconds(ansible, [task], "-e", f"alitrust_in_process={switch}")
            many = seconds(ansible, [task] * (TASKS + 1), "-e", f"alitrust_in_process={switch}")
            costs[name].append((many - few) / TASKS)
    ping = costs["ansible.builtin.ping"]
    print(
        f"\ncost of one more task, median of {ROUNDS} rounds of {TASKS} (target in process: below {TARGET} of a ping)"
    )
    for name, found in costs.items():
        ratios = [one / other for one, other in zip(found, ping, strict=True)]
        print(
            f"  {name:32} {statistics.median(found) * 1000:6.0f} ms   ratio {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )
