# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The budget of calls that all processes of a user share: turns, whose they are, and what those leave that die."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import budget
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.budget import Budget
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import Connection

KEY: dict[str, t.Any] = {"access_key_id": "LTAIcanary", "access_key_secret": "geheim"}
ROLE = "acs:ram::1234567890123456:role/{}"
_FORK = multiprocessing.get_context("fork")


class Clock:
    """A clock that passes only when it is told to."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def sent(rate: float, calls: int, folder: Path, clock: Clock, *, side_by_side: bool) -> list[float]:
    """When calls were sent, in seconds from now: one after the other, or all asked for at once."""
    one = Budget(rate, "key", str(folder / "budgets"))
    start, found = clock.now, []
    for _number in range(calls):
        left = one.take(clock)
        found.append(clock.now + left - start)
        if not side_by_side:
            clock.now += left
    return found


@pytest.mark.parametrize("side_by_side", [True, False])
@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (2.0, [0, 0, 0.5, 1, 1.5, 2]),
        (0.5, [0, 2, 4, 6]),
        (1.0, [0, 1, 2]),
    ],
)
def test_one_second_may_be_used_at_once_and_then_turns_come_in_pace(
    tmp_path: Path, rate: float, expected: list[float], side_by_side: bool
) -> None:
    found = sent(rate, len(expected), tmp_path, Clock(), side_by_side=side_by_side)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("rate", [0.3, 1, 7, 50])
def test_no_time_sees_more_than_its_share_and_one_second_more(tmp_path: Path, rate: float) -> None:
    clock = Clock()
    times = sent(rate, 60, tmp_path, clock, side_by_side=True)
    clock.now += times[-1] + 100  # what was not used in a pause is not saved up
    after = sent(rate, 60, tmp_path, clock, side_by_side=True)
    for moments in (times, after):
        for first, begin in enumerate(moments):
            for last in range(first, len(moments)):
                allowed = max(1.0, rate) + rate * (moments[last] - begin)
                assert last - first + 1 <= allowed + 1e-6


def test_tasks_with_different_rates_share_one_budget(tmp_path: Path) -> None:
    clock, folder = Clock(), str(tmp_path / "budgets")
    slow, fast = Budget(1, "key", folder), Budget(4, "key", folder)
    assert slow.take(clock) == 0
    clock.now += 1
    assert [fast.take(clock) for _number in range(5)] == pytest.approx([0, 0, 0, 0, 0.25])
    assert slow.take(clock) == pytest.approx(1.25)
    assert Budget(1, "other", folder).take(clock) == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '{"at": 1}', '{"at": 0, "free": NaN}', '{"at": 0, "free": "soon"}'])
def test_a_note_that_was_not_written_to_the_end_is_none(tmp_path: Path, content: str) -> None:
    one = Budget(1, "key", str(tmp_path / "budgets"))
    one.take(Clock())
    (tmp_path / "budgets" / "key.json").write_text(content)
    assert one.take(Clock()) == 0
    assert one.take(Clock()) == pytest.approx(1)


def test_a_note_of_before_a_restart_of_the_machine_is_none(tmp_path: Path) -> None:
    one = Budget(1, "key", str(tmp_path / "budgets"))
    for _number in range(100):
        one.take(Clock(1_000_000))
    assert one.take(Clock(30)) == 0


def test_the_folder_is_the_users_own(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "budgets"
    Budget(1, "key", str(folder)).take(Clock())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "key.json").stat().st_mode & 0o777 == 0o600

    folder.chmod(0o770)
    with pytest.raises(InvalidInput, match="nobody else may enter") as caught:
        Budget(1, "key", str(folder)).take(Clock())
    assert f"chmod 700 {folder}" in caught.value.hint


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidInput, match="nobody else may enter"):
        Budget(1, "key", str(tmp_path / "link")).take(Clock())
    (tmp_path / "elsewhere" / "key.json").symlink_to(tmp_path / "precious")
    with pytest.raises(InvalidInput, match="which cannot be used"):
        Budget(1, "key", str(tmp_path / "elsewhere")).take(Clock())
    assert not (tmp_path / "precious").exists()


def test_without_a_place_for_it_the_task_fails_with_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match=r"needs the folder .*/file/budgets, which cannot be used: Not a directory"):
        Budget(1, "key", str(tmp_path / "file" / "budgets")).take(Clock())


# -- whose a budget is


def key(environ: dict[str, str] | None = None, **options: t.Any) -> str:
    one = budget.of(Connection(api_calls_per_second=1, **options), environ or {})
    assert one is not None
    return one._key


def test_what_alibaba_cloud_counts_together_shares() -> None:
    assert key(**KEY) == key({"ALIBABA_CLOUD_ACCESS_KEY_ID": " LTAIcanary\n"})
    assert key(**KEY) == key(**KEY, region="cn-beijing")
    assert key(ram_role_arn=ROLE.format("one"), **KEY) == key(ram_role_arn=ROLE.format("two"), profile="ops")


def test_what_is_counted_apart_does_not_share() -> None:
    environment = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAIother"}
    found = [
        key(**KEY),
        key(environment),
        key(),
        key(**KEY, endpoint_url="http://127.0.0.1:1"),
        key(environment, profile="ops"),
        key(environment, profile="others"),
        key(environment, ecs_ram_role="ops"),
        key(ram_role_arn=ROLE.format("one"), **KEY),
    ]
    assert len(set(found)) == len(found)


def test_neither_the_name_nor_the_file_tells_who_it_is(tmp_path: Path) -> None:
    name = key(**KEY)
    Budget(1, name, str(tmp_path / "budgets")).take(Clock())
    (path,) = (tmp_path / "budgets").iterdir()
    assert path.name == f"{name}.json"
    assert set(json.loads(path.read_text())) == {"at", "free"}
    assert "canary" not in name


def test_without_the_option_there_is_none() -> None:
    assert budget.of(Connection(**KEY)) is None


# -- several processes


def _takes(folder: str, calls: int, answers: t.Any) -> None:
    one = Budget(1000, "key", folder)
    answers.put([one.take(Clock(5.0)) for _number in range(calls)])


def test_processes_never_take_the_same_turn(tmp_path: Path) -> None:
    answers = _FORK.SimpleQueue()
    workers = [_FORK.Process(target=_takes, args=(str(tmp_path / "budgets"), 500, answers)) for _number in range(4)]
    for worker in workers:
        worker.start()
    waits = sorted(wait for _worker in workers for wait in answers.get())
    for worker in workers:
        worker.join()
    # 2,000 calls at 1,000 a second, all at the same moment of a clock that stands.
    assert waits == pytest.approx([0.0] * 1000 + [number / 1000 for number in range(1, 1001)])


def _dies_with_the_lock(folder: str, told: t.Any) -> None:
    one = Budget(1, "key", folder)
    with one._locked() as file:
        os.ftruncate(file, 0)  # in the middle of its note
        told.put(True)
        time.sleep(600)


def test_a_process_that_dies_with_the_lock_holds_nobody_up(tmp_path: Path) -> None:
    folder = str(tmp_path / "budgets")
    told = _FORK.SimpleQueue()
    worker = _FORK.Process(target=_dies_with_the_lock, args=(folder, told))
    worker.start()
    told.get()
    os.kill(t.cast("int", worker.pid), signal.SIGKILL)
    worker.join()
    assert [Budget(1, "key", folder).take(Clock()) for _number in range(2)] == pytest.approx([0, 1])
