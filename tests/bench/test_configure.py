# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What C(configure) costs where nothing is to do, as a share of one ansible.builtin.ping on the same real hosts.

A benchmark reports; it fails only when what it measured was not what it says. C(ALITRUST_BENCH_CONFIGURE_HOSTS) sets
the number of hosts. It needs root.
"""

from __future__ import annotations

import os
import statistics
import typing as t
from pathlib import Path

import pytest
import yaml
from figures import Figures
from hosts.fleet import Run, Site, key_pair

from local_cloud.control import LocalCloud
from local_cloud.hosts import checks

HOSTS = int(os.environ.get("ALITRUST_BENCH_CONFIGURE_HOSTS", "4"))
ROUNDS = int(os.environ.get("ALITRUST_BENCH_ROUNDS", "5"))
TARGET = 2.5
PING = "ansible.builtin.ping"


@pytest.fixture
def site(tmp_path: Path) -> t.Iterator[Site]:
    """A configured fleet on real hosts."""
    if reason := checks.why_not():
        pytest.skip(f"no hosts on this machine: {reason}")
    with LocalCloud.start(tmp_path / "cloud", hosts="on", trust_client__first_report_seconds=1) as cloud:
        site = Site(tmp_path, cloud, keeps=False)
        site.variables["fleet_count"] = HOSTS
        site.ansible.environment["ANSIBLE_FORKS"] = str(HOSTS)  # none waits for another host
        run = site.playbook("site")
        assert run.succeeded, run.output
        yield site


def test_configure_without_changes_against_ping(site: Site, tmp_path: Path, figures: Figures) -> None:
    ping = tmp_path / "ping.yml"
    tasks = [{"name": "Ping", "ansible.builtin.ping": {}}]
    ping.write_text(yaml.safe_dump([{"hosts": "alitrust_fleet", "gather_facts": False, "tasks": tasks}]))
    names = [f"web-{number:03}" for number in range(1, HOSTS + 1)]
    more = {
        "guest_authorized_keys": [key_pair(tmp_path / "ops")],
        "guest_sshd_harden": True,
    }
    hosts: dict[str, dict[str, t.Any]] = {name: {"guest_trust_client_state": "present"} for name in names}
    kinds: dict[str, t.Callable[[], Run]] = {
        PING: lambda: site.run(ping, "-i", site.folder / "guest.yml"),
        "configure": lambda: site.guest(hosts),
        "configure with keys and sshd": lambda: site.guest({name: {**one, **more} for name, one in hosts.items()}),
    }
    costs: dict[str, list[float]] = {name: [] for name in kinds}
    done: dict[str, int] = {}
    kinds["configure with keys and sshd"]()
    for _round in range(ROUNDS):
        for name, run in reversed(kinds.items()):
            end = run()
            assert [end.changed(host) for host in names] == [0] * HOSTS, end.output
            costs[name].append(end.seconds)
            done[name] = end.recap(names[0])["ok"] + end.recap(names[0])["skipped"]
    print(f"\nseconds of a run on {HOSTS} hosts where nothing is to do, median of {ROUNDS} rounds")
    for name, found in costs.items():
        print(f"  {name:30} {statistics.median(found):5.2f}   {done[name]} tasks a host")
        if name != PING:
            values = [one / other for one, other in zip(found, costs[PING], strict=True)]
            figures.ratio(f"{name} on {HOSTS} hosts, no change / a ping there", values, TARGET)
