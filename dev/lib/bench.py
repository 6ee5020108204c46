# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks cost here, as a share of what they cost in another revision, both measured in one run.

The other revision is checked out beside this one, with its own environments, and each works on a local cloud of its
own. Both take turns, so that a busy machine is busy for both; the share of the processor time is the steadier one.
C(dev/test bench) measures this revision alone, as shares of an ansible.builtin.ping.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import caller
import environment
from environment import CHECKOUT, SetupError

sys.path.insert(0, str(CHECKOUT / "tests"))

from local_cloud.hosts import checks

#: Wall time and processor time of one run, in seconds.
Cost = tuple[float, float]


@dataclass
class Side:
    """A checkout with its local cloud."""

    name: str
    checkout: Path
    state: Path

    def __post_init__(self) -> None:
        self.state.mkdir()
        found = [self.ask("dev/setup", "--print", what) for what in ("runtime", "collections")]
        self.bin = Path(found[0]) / "bin"
        self.settings = {
            **{name: value for name, value in caller.harmless(os.environ).items() if not name.startswith("PYTHON")},
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.state),
            "PWD": str(self.state),  # where the report of audit goes
            "LOCAL_CLOUD_PYTHON": str(self.bin / "python"),
            "ANSIBLE_COLLECTIONS_PATH": found[1],
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_FORKS": "10",
            "ALITRUST_CACHE": str(environment.CACHE),
            "ALITRUST_CONNECTION_FILE": str(self.state / "cloud" / "connection.json"),
        }

    def ask(self, *command: str) -> str:
        done = subprocess.run(command, cwd=self.checkout, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip().splitlines()[-1]

    def cloud(self, what: str, *options: str) -> None:
        command = ["dev/local-cloud", what, "--state-dir", str(self.state / "cloud"), *options]
        subprocess.run(command, cwd=self.checkout, env=self.settings, stdout=subprocess.DEVNULL, check=True)

    def play(self, book: str, variables: dict[str, t.Any], *, changes: bool | None) -> Cost:
        """Run a playbook of the collection.

        :param changes: whether it has to change something; None for either
        :raises SetupError: it failed, or changed what it should not
        """
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [self.bin / "ansible-playbook", f"alitrust.ecs.{book}", "-e", json.dumps(variables)],
            cwd=self.state,
            env=self.settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        changed = sum(int(part[len("changed=") :]) for part in done.stdout.split() if part.startswith("changed="))
        if done.returncode or changes not in (None, bool(changed)):
            tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
            raise SetupError(f"{book} of {self.name} did not do what is measured:\n{tail}")
        return took, sum(getattr(after, name) - getattr(before, name) for name in ("ru_utime", "ru_stime"))


def variables(instances: int, hosts: bool, folder: Path) -> dict[str, t.Any]:
    return {
        "fleet_name": "bench",
        "fleet_count": instances,
        "fleet_instance_type": "ecs.g7t.large",
        "fleet_image_id": "aliyun_3_x64_20G_uefi_alibase_20240528.vhd",
        "fleet_private_key_file": str(folder / "bench.pem"),
        "fleet_known_hosts_file": str(folder / "known_hosts"),
        "fleet_reach": hosts,
        "network_zone_id": "cn-hangzhou-h",
        "network_ssh_from": ["0.0.0.0/0"],
    }


def measured(side: Side, instances: int, hosts: bool) -> dict[str, Cost]:
    """One round on an empty account: what each playbook costs.

    Nothing of a round before is known to the local cloud. Of a fleet that is made with the same options again, it would
    first return the instances that were deleted, as Alibaba Cloud does for a ClientToken that it has met, and
    trusted_instance waits for half a minute whether these are only not shown yet.
    """
    shutil.rmtree(side.state / "cloud", ignore_errors=True)
    with contextlib.ExitStack() as stack:
        options = ("--set", "trust_client.first_report_seconds=1") if hosts else ()
        side.cloud("start", "--hosts", "on" if hosts else "off", *options)
        stack.callback(side.cloud, "stop")
        main = "site" if hosts else "provision"
        given = variables(instances, hosts, side.state)
        found = {
            f"{main}, first run": side.play(main, given, changes=True),
            f"{main}, without changes": side.play(main, given, changes=False),
            "audit": side.play("audit", given, changes=None),
            "teardown": side.play("teardown", given, changes=True),
        }
    for left in ("bench.pem", "known_hosts"):
        (side.state / left).unlink(missing_ok=True)
    return found


def report(here: list[dict[str, Cost]], there: list[dict[str, Cost]], revision: str) -> None:
    for number, what in enumerate(("wall time", "processor time")):
        print(f"{what}: here, there, share of {revision} (median of {len(here)} rounds, with the range)")
        for book in here[0]:
            mine, theirs = ([one[book][number] for one in rounds] for rounds in (here, there))
            shares = [one / other for one, other in zip(mine, theirs, strict=True)]
            print(
                f"  {book:28} {statistics.median(mine):6.1f} s  {statistics.median(theirs):6.1f} s  "
                f"{statistics.median(shares):.2f} ({min(shares):.2f} to {max(shares):.2f})"
            )


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev/bench", description=__doc__)
    parser.add_argument(
        "--against", metavar="REVISION", required=True, help="the commit, branch or tag to compare with"
    )
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--instances", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--hosts", action="store_true", help="on real hosts, which takes root: site, not provision")
    arguments = parser.parse_args()
    commit = environment.output_of("git", "-C", CHECKOUT, "rev-parse", "--verify", f"{arguments.against}^{{commit}}")
    if commit is None:
        raise SetupError(f"there is no revision {arguments.against}; expected one that git knows, such as HEAD~1")
    if arguments.hosts and arguments.instances > (room := checks.room()):
        raise SetupError(
            f"this machine has room for {room} hosts now, by fs.inotify.max_user_instances; "
            "give --instances, or raise that"
        )
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "checkout"
        environment.run("git", "clone", "-q", CHECKOUT, other, what="copying the checkout")
        environment.run("git", "-C", other, "checkout", "-q", commit.strip(), what=f"checking out {arguments.against}")
        here, there = (
            Side("this checkout", CHECKOUT, Path(folder) / "here"),
            Side(arguments.against, other, Path(folder) / "there"),
        )
        found: dict[str, list[dict[str, Cost]]] = {here.name: [], there.name: []}
        for number in range(arguments.rounds):
            for side in (here, there) if number % 2 else (there, here):
                environment.say(f"round {number + 1}: {side.name}")
                found[side.name].append(measured(side, arguments.instances, arguments.hosts))
        print(f"{arguments.instances} instances{', each a host' if arguments.hosts else ''}")
        report(found[here.name], found[there.name], arguments.against)


if __name__ == "__main__":
    try:
        environment.command(main)
    except SetupError as error:
        sys.exit(f"error: {error}")
