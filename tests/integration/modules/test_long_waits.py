# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes longer than a task waits, or fails by itself, is blamed on nobody else."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest
from modules import shareable
from modules.trusted_world import World

from ansible_collections.alitrust.ecs.plugins.module_utils._instance import power

if t.TYPE_CHECKING:
    from modules.harness import Modules

Options = dict[str, t.Any]
LONG = 3000.0


@dataclass(frozen=True)
class Wait:
    """:ivar slow: the setting of the local cloud that makes it take too long"""

    module: str
    options: Options
    slow: str
    says: str


WaitMaker = t.Callable[["Modules"], Wait]


def _new_fleet(modules: Modules, slow: str, says: str, **more: t.Any) -> Wait:
    return Wait("trusted_instance", {**World(modules).fleet(count=1), **more}, f"ecs.{slow}", says)


def _fleet(modules: Modules, slow: str, says: str, *, was: str = "running", **options: t.Any) -> Wait:
    modules.run("trusted_instance", **World(modules).fleet(count=1), state=was)
    return Wait("trusted_instance", {"fleet": "web", **options}, f"ecs.{slow}", says)


def pending(modules: Modules) -> Wait:
    return _new_fleet(modules, "pending_seconds", "1 Pending")


def never_up(modules: Modules) -> Wait:
    return _new_fleet(modules, "created_stopped_seconds", "Stopped")


def starting_and_to_be_stopped(modules: Modules) -> Wait:
    return _new_fleet(modules, "starting_seconds", "1 Starting", state="stopped")


def starting(modules: Modules) -> Wait:
    return _fleet(modules, "starting_seconds", "1 Starting", was="stopped", state="running")


def stopping(modules: Modules) -> Wait:
    return _fleet(modules, "stopping_seconds", "1 Stopping", state="stopped")


def restarting(modules: Modules) -> Wait:
    return _fleet(modules, "starting_seconds", "1 Starting", state="restarted")


def going(modules: Modules) -> Wait:
    return _fleet(modules, "releasing_seconds", "to be deleted", state="absent")


def a_disk_on_its_way(modules: Modules) -> Wait:
    return _fleet(modules, "disk_attaching_seconds", "Attaching", data_disks=[{"size": 40}])


def a_disk_that_is_made(modules: Modules) -> Wait:
    return _fleet(modules, "disk_creating_seconds", "Creating", data_disks=[{"size": 40}])


def network(_modules: Modules) -> Wait:
    switch = {"name": "a", "zone_id": "cn-hangzhou-h", "cidr_block": "10.1.0.0/16"}
    options = {"name": "web", "cidr_block": "10.0.0.0/8", "vswitches": [switch]}
    return Wait("vpc", options, "vpc.pending_seconds", "Pending")


def share(modules: Modules) -> Wait:
    options = {"name": "backup", "snapshot_ids": [shareable.snapshot(modules)], "account_ids": ["1111222233334444"]}
    return Wait("encrypted_share", options, "resourcesharing.task_seconds", "show the changes")


WAITS: list[WaitMaker] = [
    pending,
    never_up,
    starting_and_to_be_stopped,
    starting,
    stopping,
    restarting,
    going,
    a_disk_on_its_way,
    a_disk_that_is_made,
    network,
    share,
]


@pytest.mark.parametrize("make", WAITS, ids=lambda make: make.__name__)
def test_what_takes_too_long_is_blamed_on_nobody_else(
    modules: Modules, monkeypatch: pytest.MonkeyPatch, make: WaitMaker
) -> None:
    monkeypatch.setattr(power, "STOP_PASSES_WITHIN", 1.0)
    wait = make(modules)
    modules.cloud.set(wait.slow, LONG)
    failed = modules.run(wait.module, **wait.options, wait_timeout=3, fails=True)
    assert wait.says in failed["msg"]
    assert "somebody else" not in failed["msg"].lower()
    modules.cloud.clock_advance(2 * LONG)
    modules.cloud.set(wait.slow, 0.1)
    modules.run(wait.module, **wait.options)
