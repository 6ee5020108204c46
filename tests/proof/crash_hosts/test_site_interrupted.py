# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook site is interrupted at every task, from an empty account to a configured fleet."""

from __future__ import annotations

import collections
import typing as t

import pytest
from hosts.fleet import Run
from proof.conftest import Figure
from proof.crash_hosts.boundaries import HOST, PARTS, Interrupted, Point, points

from local_cloud.control import LocalCloud
from local_cloud.hosts import checks

#: Points of the default run.
FEW = 1
#: What a run leaves one more of each time: history, and what callers were given for a while.
HISTORY = {"invocation", "instance_session", "sts_session", "metadata_credentials", "client_token", "request"}


class Sites(Interrupted):
    """A fleet that is made from nothing each time."""

    tasks: list[str]  # of a run that nothing interrupts
    expected: dict[str, t.Any]  # its result

    def make(self) -> Run:
        return self.playbook("site")

    def put_back(self) -> None:
        gone = self.playbook("teardown")
        assert gone.succeeded, gone.output
        assert not self.key.exists()

    def result(self) -> dict[str, t.Any]:
        records = self.cloud.status()["records"]
        kinds = {kind for kind in records if kind not in HISTORY and not kind.startswith("trust")}
        return {
            "records": {kind: records[kind] for kind in sorted(kinds)},
            "client": self.output(HOST, "systemctl is-enabled t-trustclient; systemctl is-active t-trustclient"),
            "keys": self.output(HOST, "wc -l < ~/.ssh/authorized_keys; ls -A ~/.ssh /etc/ssh"),
            "temporary": self.output(HOST, "ls -A /tmp /var/tmp | grep -v ^systemd-private-"),
            "known hosts": collections.Counter(len(line.split()) for line in self.known_hosts.read_text().splitlines()),
            "mode": oct(self.key.stat().st_mode),
        }


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Sites]:
    if reason := checks.why_not():
        pytest.skip(f"no hosts on this machine: {reason}")
    folder = tmp_path_factory.mktemp("sites")
    with LocalCloud.start(folder / "cloud", hosts="on", trust_client__first_report_seconds=1) as cloud:
        fleet = Sites(folder, cloud)
        fleet.users.key("teardown")  # a record that is there from the beginning
        calm = fleet.make()
        assert calm.succeeded, calm.output
        fleet.tasks, fleet.expected = fleet.boundaries(), fleet.result()
        yield fleet


@pytest.mark.parametrize("part", range(PARTS))
def test_a_site_whose_making_is_interrupted_is_made_by_the_next_run(fleet: Sites, figure: Figure, part: int) -> None:
    for point in points(fleet.tasks, part, FEW):
        at = f"{point}, {fleet.tasks[point.number - 1]}"
        print(at, flush=True)
        fleet.put_back()
        _interrupt(fleet, point, at)
        figure("points")


def _interrupt(fleet: Sites, point: Point, at: str) -> None:
    fleet.interrupt(point)
    crashed = fleet.make()
    again = fleet.make()
    assert again.succeeded, f"{at}:\n{crashed.output}\n{again.output}"
    assert fleet.result() == fleet.expected, f"{at}:\n{again.output}"
    third = fleet.make()
    assert [third.changed(name) for name in ("localhost", HOST)] == [0, 0], f"{at}:\n{third.output}"
