# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forks of two runs at once keep to one number of calls a second, so that the account's quota refuses none of them.

How busy the machine is matters to none of it: the quota has room for what waits for seconds and then goes at once.
"""

from __future__ import annotations

import json
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from controller.playbook import Ansible, Tasks

from local_cloud.control import LocalCloud

RUNS, FORKS, ITEMS = 2, 4, 12
CALLS = RUNS * FORKS * ITEMS
RATE = 5
#: Of an operation, within so many seconds: what the budget allows is 5 and 5 times 6.
QUOTA, SECONDS = 55, 6


def ask_in_two_runs(folder: Path, cloud: LocalCloud, **environment: str) -> list[dict[str, t.Any]]:
    """Have each fork of each run ask so many times; returns the requests that the cloud got."""
    assert CALLS > QUOTA
    hosts = {f"host-{number}": {"ansible_connection": "local"} for number in range(FORKS)}
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    task = {"alitrust.ecs.keypair_info": {}, "loop": list(range(ITEMS)), "loop_control": {"label": "asked"}}
    play = {
        "hosts": "all",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [task],
    }
    (folder / "ask.yml").write_text(yaml.safe_dump([play]))
    ansible = Ansible(folder, cloud, ANSIBLE_FORKS=str(FORKS), HOME=str(folder), **environment)
    cloud.forget_requests()
    cloud.clear_faults()
    cloud.fault("throttling", "ecs:DescribeKeyPairs", times=None, quota=QUOTA, seconds=SECONDS)
    with ThreadPoolExecutor(RUNS) as runs:
        found = list(
            runs.map(lambda _run: ansible.command("ansible-playbook", "ask.yml", "-i", "inventory.yml"), range(RUNS))
        )
    for done in found:
        assert done.returncode == 0, done.stdout + done.stderr
    return cloud.requests()


def throttled(requests: list[dict[str, t.Any]]) -> int:
    return sum(one["code"] == "Throttling.User" for one in requests)


def test_with_a_budget_no_call_of_any_fork_is_throttled(tmp_path: Path, fresh_cloud: LocalCloud) -> None:
    without = ask_in_two_runs(tmp_path, fresh_cloud)
    assert throttled(without) > 0
    assert not (tmp_path / ".ansible" / "alitrust_budgets").exists()

    paced = ask_in_two_runs(tmp_path, fresh_cloud, ALITRUST_API_CALLS_PER_SECOND=str(RATE))
    assert throttled(paced) == 0
    assert len(paced) == CALLS
    (note,) = (tmp_path / ".ansible" / "alitrust_budgets").iterdir()
    assert set(json.loads(note.read_text())) == {"at", "free"}


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_a_wrong_number_is_told_and_nothing_is_called(tmp_path: Path, fresh_cloud: LocalCloud, in_process: str) -> None:
    ansible = Ansible(tmp_path, fresh_cloud, ALITRUST_IN_PROCESS=in_process, ALITRUST_API_CALLS_PER_SECOND="plenty")
    fresh_cloud.forget_requests()
    tasks: Tasks = [{"alitrust.ecs.keypair_info": {}}, {"alitrust.ecs.keypair_info": {"api_calls_per_second": -1}}]
    found, output = ansible.play(tasks, vars={"ansible_python_interpreter": "{{ ansible_playbook_python }}"})
    assert [one["msg"] for one in found] == [
        f"api_calls_per_second is {value}; expected a number from 0.1 to 1000, or 0 for no limit."
        for value in ("plenty", "-1.0")
    ], output
    assert fresh_cloud.counts() == {}
