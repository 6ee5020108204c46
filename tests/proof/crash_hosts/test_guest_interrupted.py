# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role guest is interrupted at every task, from a host as its image is to one that is configured in every part."""

from __future__ import annotations

import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from hosts.fleet import Run, key_pair
from proof.conftest import Figure
from proof.crash_hosts.boundaries import HOST, PARTS, Interrupted, Point, points

from local_cloud.control import LocalCloud
from local_cloud.hosts import checks

#: Points of the default run.
FEW = 3
DROP_IN = "/etc/ssh/sshd_config.d/01-alitrust.conf"
#: What can be left in a host. A controller that is killed leaves the folder, 0700, of the task that it was at.
FILES = """
find /root /etc /tmp /var/tmp ! -path '*/systemd-private-*' ! -path '/root/.ansible/tmp/ansible-tmp-*' \\
    -printf '%p %m %u\\n' | sort
"""
PUT_BACK = f"""
set -e
cp -p /root/start.keys ~/.ssh/authorized_keys
rm -f {DROP_IN}
dpkg-query --show t-trustclient > /dev/null 2>&1 && dpkg --purge t-trustclient > /dev/null
rm -rf /tmp/*trustclient ~/.ansible
systemctl reload ssh
"""


class Guest(Interrupted):
    """A host that the role guest configures: keys of its own only, sshd hardened, the trust client."""

    tasks: list[str]  # of a run that nothing interrupts
    expected: dict[str, t.Any]  # its result

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        super().__init__(folder, cloud)
        self.own = folder / "ops"
        self.public = key_pair(self.own)

    def configure(self, **variables: t.Any) -> Run:
        asked = {
            "guest_trust_client_state": "present",
            "guest_authorized_keys": [self.public],
            "guest_authorized_keys_exclusive": True,
            "guest_private_key_file": str(self.own),
            "guest_sshd_harden": True,
        }
        return self.guest({HOST: {**asked, **variables}})

    def a_door(self) -> Path | None:
        """A key that opens the host."""
        return next((key for key in (self.key, self.own) if self.opens(key)), None)

    def offered(self) -> str:
        """The ways to log in that the sshd that runs offers."""
        return self.ssh(HOST, "true", user="nobody-there").stderr.rpartition("Permission denied ")[2].strip()

    def by(self, key: Path, command: str) -> str:
        """What a command that must succeed prints. An sshd that reads its configuration again is deaf for a moment."""
        deadline = time.monotonic() + 10
        while (done := self.ssh(HOST, command, key=key)).returncode == 255 and "refused" in done.stderr:
            assert time.monotonic() < deadline, done.stderr
            time.sleep(0.1)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def put_back(self) -> None:
        """Make the host as it was before the first run."""
        door = self.a_door()
        assert door
        self.by(door, PUT_BACK)
        deadline = time.monotonic() + 30
        while "password" not in self.offered():
            assert time.monotonic() < deadline, self.offered()

    def result(self) -> dict[str, t.Any]:
        return {
            "opens": [self.opens(key) for key in (self.key, self.own)],
            "offered": self.offered(),
            "keys": self.by(self.own, "cat ~/.ssh/authorized_keys"),
            "sshd": self.by(self.own, f"cat {DROP_IN}; sshd -T"),
            "client": self.by(self.own, "systemctl is-enabled t-trustclient; systemctl is-active t-trustclient"),
            "files": self.by(self.own, FILES).splitlines(),
        }


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Guest]:
    if reason := checks.why_not():
        pytest.skip(f"no hosts on this machine: {reason}")
    folder = tmp_path_factory.mktemp("guest")
    with LocalCloud.start(folder / "cloud", hosts="on", trust_client__first_report_seconds=1) as cloud:
        fleet = Guest(folder, cloud)
        made = fleet.playbook("provision")
        assert made.succeeded, made.output
        fleet.write(HOST, "/etc/ssh/sshd_config.d/50-cloud-init.conf", "PasswordAuthentication yes\n")
        fleet.output(HOST, "systemctl reload ssh; cp -p ~/.ssh/authorized_keys /root/start.keys")
        calm = fleet.configure()
        assert calm.succeeded, calm.output
        fleet.put_back()
        calm = fleet.configure()
        assert calm.succeeded, calm.output
        fleet.tasks, fleet.expected = fleet.boundaries(), fleet.result()
        assert fleet.expected["opens"] == [False, True]
        assert "password" not in fleet.expected["offered"]
        yield fleet


@pytest.mark.parametrize("part", range(PARTS))
def test_a_host_whose_configuration_is_interrupted_is_configured_by_the_next_run(
    fleet: Guest, figure: Figure, part: int
) -> None:
    for point in points(fleet.tasks, part, FEW):
        at = f"{point}, {fleet.tasks[point.number - 1]}"
        print(at, flush=True)
        fleet.put_back()
        _interrupt(fleet, point, at)
        figure("points")


def _interrupt(fleet: Guest, point: Point, at: str) -> None:
    fleet.interrupt(point)
    crashed = fleet.configure()
    door = fleet.a_door()
    assert door, f"{at}: no key opens the host\n{crashed.output}"
    lines = [line for line in fleet.by(door, "cat ~/.ssh/authorized_keys").splitlines() if line and line[0] != "#"]
    assert len(lines) == len(set(lines)) <= 2, f"{at}: {lines}"

    again = fleet.configure()
    assert again.succeeded, f"{at}:\n{crashed.output}\n{again.output}"
    result = fleet.result()
    files = sorted({*result["files"]} ^ {*fleet.expected["files"]})
    assert not files, f"{at}: {files}"
    assert result == fleet.expected, f"{at}:\n{again.output}"
    assert fleet.configure().changed(HOST) == 0, at


def test_a_host_that_an_interrupted_run_has_locked_opens_by_itself(fleet: Guest, figure: Figure) -> None:
    fleet.put_back()
    reloaded = next(number for number, task in enumerate(fleet.tasks, 1) if "Reload sshd" in task)
    # A session of before stays. It makes the timer elapse, which must be there.
    elapse = (
        "read go; systemctl is-active alitrust-sshd-undo.timer && systemctl start --wait alitrust-sshd-undo.service"
    )
    with subprocess.Popen(
        fleet.ssh_command(HOST, f"echo ready; {elapse}"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdout
        assert session.stdout.readline() == "ready\n"
        fleet.interrupt(Point(reloaded + 1))
        # Nothing that sshd -T says tells that this locks.
        crashed = fleet.configure(guest_sshd_options={"ForceCommand": "/bin/false"})
        assert "Reload sshd" in crashed.output
        assert fleet.ssh(HOST, "true", key=fleet.own).returncode == 1, "it is not locked"
        told = session.communicate("go\n", timeout=60)
    assert session.returncode == 0, told
    assert fleet.by(fleet.own, f"ls -d {DROP_IN} /etc/ssh/alitrust* || true") == ""
    figure("points")
