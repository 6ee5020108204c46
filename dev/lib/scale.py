# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How playbooks grow with the fleet, in calls, tasks, memory and time, and what a larger fleet would take.

Without hosts, fleets are made through the API of a local cloud, and large ones put past it. There configure has no way
into the instances: it runs with a local connection and nothing to do, which is what Ansible and the inventory cost.
With C(--hosts) the instances of one fleet are real hosts, and parts of it are configured and have their keys rotated.

The model is a line through the smallest and the largest fleet measured: fixed + each x instances. How far the fleet in
between is off that line is told beside it. The smallest fleet should have as many instances as there are forks, because
memory grows with those until then.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import environment
from bench import Side, variables
from environment import CHECKOUT, SetupError

sys.path.insert(0, str(CHECKOUT / "tests"))
from local_cloud.control import LocalCloud

#: A local cloud takes instances through its API up to here; more are put past it.
MOST_BY_API = 500
LARGE = 10_000
#: Five digits, because three are used up by a fleet of a thousand.
_NAME = "bench-{:05}"
_LIKE_ALL = {
    "fleet_instance_names": "bench-[1,5]",
    "network_vswitch_cidr_block": "172.16.0.0/18",
}
_INTERVAL = 0.5


@dataclass(frozen=True)
class Growth:
    """What one run cost, or what one more instance costs.

    :ivar calls: requests to Alibaba Cloud
    :ivar tasks: tasks of hosts, for each of which Ansible forks a worker
    :ivar wall: seconds
    :ivar processor: seconds
    :ivar memory: greatest memory of all processes together, in MB, what they share counted once
    :ivar processes: how many there were at most at the same time
    """

    calls: float
    tasks: float
    wall: float
    processor: float
    memory: float
    processes: float


#: By playbook and number of instances.
Found = dict[str, dict[int, Growth]]


class Watch(threading.Thread):
    """Looks at a process and its children while it lives."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.memory, self.processes = pid, 0.0, 0
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(_INTERVAL):
            tree = _tree(self.pid)
            self.processes = max(self.processes, len(tree))
            self.memory = max(self.memory, sum(map(_share, tree)))

    def stop(self) -> None:
        self._over.set()
        self.join()


def _tree(root: int) -> list[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            children.setdefault(int(path.read_text().rpartition(")")[2].split()[1]), []).append(int(path.parent.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def _share(pid: int) -> float:
    """Its proportional share of memory, in MB."""
    with contextlib.suppress(OSError):
        told = re.search(r"^Pss: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        return int(told[1]) / 1024 if told else 0.0
    return 0.0


class Fleet:
    """A fleet of a size, in a local cloud of its own."""

    def __init__(self, side: Side, size: int, *, hosts: bool = False) -> None:
        self.side, self.size = side, size
        self.cloud = LocalCloud(side.state / "cloud")
        self.given = {**variables(size, hosts, side.state), **_LIKE_ALL}
        if not hosts:
            # A normal group holds 2,000 addresses. The instances in this one have no way out, which nobody needs here.
            self.given["network_security_group_type"] = "enterprise"

    def play(
        self, book: str, *arguments: str, changes: bool | None, inventory: dict[str, t.Any] | None = None, **more: t.Any
    ) -> Growth:
        """Run a playbook of the collection and see what it costs.

        :param changes: whether it has to change something; None for either
        :raises SetupError: it failed, or changed what it should not
        """
        command: list[str | Path] = [self.side.bin / "ansible-playbook", f"alitrust.ecs.{book}", *arguments]
        if inventory is not None:
            source = self.side.state / "fleet.alitrust.yml"
            source.write_text(json.dumps({"plugin": "alitrust.ecs.instances", "compose": inventory}))
            command += ["-i", source]
        command += ["-e", json.dumps({**self.given, **more})]
        self.cloud.forget_requests()
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(
                command,
                cwd=self.side.state,
                env=self.side.settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            watch = Watch(process.pid)
            watch.start()
            try:
                process.wait()
            except BaseException:  # whoever is told to stop here has it stop, too
                process.terminate()
                raise
            took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            watch.stop()
            output.seek(0)
            text = output.read()
        recap = text.rpartition("PLAY RECAP")[2]
        changed = sum(map(int, re.findall(r"\bchanged=(\d+)", recap)))
        if process.returncode or changes not in (None, bool(changed)):
            tail = "\n".join(text.strip().splitlines()[-20:])
            raise SetupError(f"{book} of {self.size} did not do what is measured:\n{tail}")
        growth = Growth(
            # Those of the instances, which report to the trusted server, are not ours.
            calls=sum(self.cloud.counts(self.cloud.access_key_id).values()),
            tasks=sum(map(int, re.findall(r"\b(?:ok|skipped)=(\d+)", recap))),
            wall=took,
            processor=sum(getattr(after, name) - getattr(before, name) for name in ("ru_utime", "ru_stime")),
            memory=watch.memory,
            processes=watch.processes,
        )
        environment.say(
            f"{book} of {self.size}: {growth.calls:,.0f} calls, {growth.tasks:,.0f} tasks, {growth.wall:.0f} s"
        )
        return growth

    def preload(self) -> None:
        """Put as many instances beside the one there is as the fleet is to have, with their disks and interfaces."""
        (first,) = self.cloud.resources("instance")
        kinds = {"instance": "InstanceId", "disk": "DiskId", "eni": "NetworkInterfaceId"}
        templates = {kind: json.dumps(self.cloud.resources(kind)[0]) for kind in kinds}
        own = [json.loads(template)[kinds[kind]] for kind, template in templates.items()]
        records = []
        for number in range(2, self.size + 1):
            changes = {
                **{old: f"{old[:-7]}{number:07}" for old in own},
                f'"{first["PrivateIpAddress"]}"': f'"172.16.{number // 250}.{number % 250 + 1}"',
                first["MacAddress"]: f"00:16:3e:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
                first["InstanceName"]: _NAME.format(number),
                first["SerialNumber"]: f"{first['SerialNumber'][:-7]}{number:07}",
            }
            for kind, template in templates.items():
                text = template
                for old, new in changes.items():
                    text = text.replace(old, new)
                data = json.loads(text)
                records.append({"kind": kind, "id": data[kinds[kind]], "region": "cn-hangzhou", "data": data})
        for start in range(0, len(records), 1000):
            self.cloud.preload(records[start : start + 1000])


@contextlib.contextmanager
def cloud_of(side: Side, *options: str) -> t.Iterator[None]:
    """An empty local cloud for one fleet; its state, and what playbooks leave in the home folder, goes with it."""
    side.cloud("start", *options)
    try:
        yield
    finally:
        side.cloud("stop")
        for left in side.state.glob("*.pem*"):
            left.unlink()
        (side.state / "known_hosts").unlink(missing_ok=True)
        shutil.rmtree(side.state / "cloud")


def without_hosts(side: Side, sizes: t.Sequence[int]) -> Found:
    """What it costs where nobody logs in."""
    found: Found = {}
    for size in sizes:
        environment.say(f"{size} instances, through the API only")
        with cloud_of(side, "--hosts", "off"):
            by_api = size <= MOST_BY_API
            one = Fleet(side, size if by_api else 1)
            first = one.play("provision", changes=True)
            fleet = Fleet(side, size)
            if by_api:
                found.setdefault("site: provision, first run", {})[size] = first
            else:
                fleet.preload()
            found.setdefault("site: provision, without changes", {})[size] = fleet.play("provision", changes=False)
            found.setdefault("audit", {})[size] = fleet.play("audit", changes=None)
            if by_api:  # tasks for each host take a quarter of an hour and more for thousands
                found.setdefault("configure, without logins", {})[size] = _idle(fleet)
    return found


def _idle(fleet: Fleet) -> Growth:
    """Configure where the instances are this machine, and nothing is to do."""
    return fleet.play(
        "configure",
        changes=False,
        inventory={"ansible_connection": "'local'", "ansible_python_interpreter": f"'{fleet.side.bin / 'python'}'"},
        guest_trust_client_state="ignored",
        guest_python_manage=False,
    )


def with_hosts(side: Side, sizes: t.Sequence[int]) -> Found:
    """What it costs on real hosts: one fleet of the largest size, of which the smaller ones are parts."""
    found: Found = {}
    largest = max(sizes)
    environment.say(f"{largest} real hosts")
    with cloud_of(side, "--hosts", "on", "--set", "trust_client.first_report_seconds=1"):
        fleet = Fleet(side, largest, hosts=True)
        found["site, first run"] = {largest: fleet.play("site", changes=True)}
        found["site, without changes"] = {largest: fleet.play("site", changes=False)}
        found["audit"] = {largest: fleet.play("audit", changes=None)}
        way_in = {
            "ansible_user": "'root'",
            "ansible_ssh_private_key_file": f"'{side.state / 'bench.pem'}'",
            "ansible_ssh_common_args": f"'-o UserKnownHostsFile={side.state / 'known_hosts'}'",
        }
        for size in sizes:
            environment.say(f"{size} of them")
            part = ":".join(_NAME.format(n) for n in range(1, size + 1))
            found.setdefault("configure, without changes", {})[size] = fleet.play(
                "configure", "--limit", part, changes=False, inventory=way_in
            )
        # Each rotation begins where the one before has ended.
        for number, size in enumerate(sorted(sizes, reverse=True)):
            key = side.state / f"next-{number}.pem"
            part = ":".join(_NAME.format(n) for n in range(1, size + 1))
            found.setdefault("rotate_keys, one after the other", {})[size] = fleet.play(
                "rotate_keys",
                changes=True,
                inventory=way_in,
                rotate_keys_hosts=part,
                rotate_keys_name=f"next-{number}",
                rotate_keys_private_key_file=str(key),
            )
            way_in["ansible_ssh_private_key_file"] = f"'{key}'"
    return found


def line(sizes: dict[int, Growth], measure: str) -> tuple[float, float]:
    """The fixed part and what each instance adds, by the smallest and the largest fleet."""
    least, most = min(sizes), max(sizes)
    low, high = getattr(sizes[least], measure), getattr(sizes[most], measure)
    each = (high - low) / (most - least)
    return low - each * least, each


def report(found: Found) -> str:
    """What was measured and what the model says of it, as a table of text."""
    measures = [field.name for field in fields(Growth)]
    head = f"{'':34}{'instances':>10}" + "".join(f"{name:>11}" for name in measures)
    units = f"{'':34}{'':>10}" + "".join(f"{unit:>11}" for unit in ("", "", "s", "s", "MB", ""))
    lines = [head, units]
    for book, sizes in found.items():
        for size in sorted(sizes):
            lines.append(f"{book:34}{size:10,}" + "".join(f"{value:11,.0f}" for value in astuple(sizes[size])))
        if len(sizes) < 2:
            continue
        fit = [line(sizes, name) for name in measures]
        lines.append(f"{'  each instance':44}" + "".join(f"{each:11.3f}" for _fixed, each in fit))
        lines.append(f"{'  fixed':44}" + "".join(f"{fixed:11,.1f}" for fixed, _each in fit))
        for size in sorted(sizes)[1:-1]:
            off = [
                getattr(sizes[size], name) / (fixed + each * size) - 1 if fixed + each * size else 0.0
                for name, (fixed, each) in zip(measures, fit, strict=True)
            ]
            lines.append(f"{f'  {size:,} is off the line by':44}" + "".join(f"{part:11.0%}" for part in off))
        lines.append(
            f"{'  by the line':34}{LARGE:10,}"
            + "".join(
                # Not the number of processes: that is the number of forks.
                f"{'' if name == 'processes' else f'{fixed + each * LARGE:,.0f}':>11}"
                for name, (fixed, each) in zip(measures, fit, strict=True)
            )
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="dev/bench --scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=None, help="default: 20 200 2000; with --hosts 10 20")
    parser.add_argument("--forks", type=int, default=10, help="default: %(default)s")
    parser.add_argument("--hosts", action="store_true", help="on real hosts, which takes root")
    parser.add_argument("--write", type=Path, help="write what was measured to this file, too, as JSON")
    arguments = parser.parse_args()
    sizes = arguments.sizes or ([10, 20] if arguments.hosts else [20, 200, 2000])
    if min(sizes) < 1 or max(sizes) > LARGE:
        raise SetupError(f"--sizes are {sizes}; expected numbers from 1 to {LARGE}")
    with tempfile.TemporaryDirectory() as folder:
        side = Side("this checkout", CHECKOUT, Path(folder) / "here")
        side.settings["ANSIBLE_FORKS"] = str(arguments.forks)
        side.settings["ANSIBLE_NOCOLOR"] = "true"
        found = (with_hosts if arguments.hosts else without_hosts)(side, sizes)
    print(f"{arguments.forks} forks, {os.cpu_count()} cores, load of the machine at the end {os.getloadavg()[0]:.0f}")
    print(report(found))
    if arguments.write:
        plain = {book: {size: vars(growth) for size, growth in sizes.items()} for book, sizes in found.items()}
        arguments.write.write_text(json.dumps(plain, indent=2) + "\n")


if __name__ == "__main__":
    try:
        environment.command(main)
    except SetupError as error:
        sys.exit(f"error: {error}")
