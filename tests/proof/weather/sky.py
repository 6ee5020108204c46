# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weather, and a way to run all playbooks that need no login through it."""

from __future__ import annotations

import json
import re
import typing as t
from collections import Counter
from pathlib import Path

import yaml
from controller.playbook import Ansible
from modules import shareable
from modules import trust_records as records
from modules.harness import Modules
from modules.shareable import PARTNER
from rights.users import EVERYTHING, Key, Users

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

Variables = dict[str, t.Any]
Stored = dict[str, Counter[str]]

#: What hits how many calls. With the server's delay, and without, is half of the throttling each.
WEATHER: tuple[tuple[str, dict[str, t.Any]], ...] = (
    ("throttling", {"rate": 0.15, "retry_after_ms": 800}),
    ("throttling", {"rate": 0.15 / 0.85}),  # of those that the first left
    ("internal_error", {"rate": 0.025}),
    ("service_unavailable", {"rate": 0.025}),
    ("drop_before_commit", {"rate": 0.05}),
    ("drop_after_commit", {"rate": 0.05}),
    ("portal", {"rate": 0.005}),
    ("other_body", {"rate": 0.005}),
    ("empty_body", {"rate": 0.005}),
    ("cut_body", {"rate": 0.005}),
    ("read_lag", {"rate": 1.0, "seconds": 10.0, "seconds_from": 0.0}),
    ("slow", {"rate": 0.05, "seconds": 0.2, "seconds_from": 0.0}),
)
#: States that take long, in seconds of the cloud's clock.
SLOW = {
    "ecs.pending_seconds": 8.0,
    "ecs.created_stopped_seconds": 4.0,
    "ecs.starting_seconds": 15.0,
    "ecs.stopping_seconds": 10.0,
    "ecs.releasing_seconds": 10.0,
    "ecs.membership_linger_seconds": 10.0,
    "vpc.pending_seconds": 8.0,
    "resourcesharing.task_seconds": 8.0,
}
FLEET: Variables = {
    "fleet_name": "web",
    "fleet_count": 2,
    "fleet_instance_type": "ecs.g7t.large",
    "fleet_image_name": "aliyun_3_x64_20G_uefi_alibase_*",
    "fleet_reach": False,
    "fleet_tags": {"team": "a"},
    "network_name": "web",
    "network_zone_id": "cn-hangzhou-h",
    "network_ssh_from": ["192.0.2.0/24"],
    "network_rules": [{"protocol": "tcp", "ports": "443", "cidr": "192.0.2.0/24", "description": "HTTPS"}],
}
#: Under which a test notes the calls of its seed, for the end of the run.
CALLS = "calls"
#: Records that come and go with calls.
OF_CALLS = ("access_key", "client_token", "sts_session", "instance_session", "metadata_credentials")


def begin(cloud: LocalCloud, seed: int) -> None:
    """Let it blow."""
    for name, value in SLOW.items():
        cloud.set(name, value)
    for kind, options in WEATHER:
        cloud.fault(kind, times=None, **options)
    cloud.seed_faults(seed)


class Account:
    """An account with a key of KMS, an encrypted image, and an instance of others, before the playbooks come.

    :param hastened: the collection's pauses push the cloud's clock on, and take no time
    """

    def __init__(self, folder: Path, cloud: LocalCloud, *, hastened: bool = True) -> None:
        cloud.reset()
        self.cloud = cloud
        self.modules = Modules(cloud)
        self.ansible = Ansible(folder, cloud, HOME=str(folder))
        if hastened:
            self.ansible.hasten(cloud)
        self.ansible.environment.pop("COVERAGE_PROCESS_CONFIG", None)
        key = shareable.key(self.modules)
        self.image = shareable.image(self.modules, key)
        [self.stray] = records.fleet(self.modules, 1, "stray")
        users = Users(cloud)
        # One each, by which their calls are told apart.
        self.keys: dict[str, Key] = {name: users.make(f"runs-{name}", EVERYTHING) for name in USES}
        self.inventory = folder / "web.alitrust.yml"
        self.inventory.write_text(yaml.safe_dump({"plugin": "alitrust.ecs.instances", "trust": True, "ram_role": True}))
        cloud.clock_advance(60)

    def run(self, *names: str, options: t.Sequence[str] = ()) -> tuple[int, str]:
        """Run playbooks, one after the other, in one process.

        :returns: exit code and output
        """
        book = self.ansible.folder / "book.yml"
        plays = []
        for name in names:
            who = {f"alitrust_{part}": value for part, value in self.keys[name].options().items()}
            plays.append({"import_playbook": f"alitrust.ecs.{name}", "vars": {**FLEET, **self._uses(name), **who}})
        book.write_text(yaml.safe_dump(plays))
        done = self.ansible.command("ansible-playbook", str(book), *options)
        return done.returncode, done.stdout + done.stderr

    def listed(self) -> dict[str, t.Any]:
        """The groups of the inventory, each with its hosts, and what is said of these."""
        asked = self.ansible.environment
        self.ansible.environment = {**asked, **self.keys["inventory"].environment()}
        done = self.ansible.command("ansible-inventory", "-i", self.inventory, "--list")
        self.ansible.environment = asked
        assert done.returncode == 0, done.stderr
        groups: dict[str, t.Any] = json.loads(done.stdout)
        hosts = groups.pop("_meta")["hostvars"]
        about = {
            name: (values.get("alitrust_ram_role_name"), values.get("alitrust_status"))
            for name, values in hosts.items()
        }
        return {"groups": groups, "hosts": about}

    def _uses(self, name: str) -> Variables:
        uses: dict[str, Variables] = {
            "audit": {
                "audit_report_file": str(self.ansible.folder / "report.html"),
                "audit_facts_file": str(self.ansible.folder / "facts.json"),
            },
            "kms_access": {
                "kms_access_key": "alias/disks",
                "kms_access_fleet": "web",
                "kms_access_hosts": "localhost:!localhost",
            },
            "share": {"encrypted_share_image_id": self.image, "encrypted_share_account_ids": [PARTNER]},
            "unshare": {"encrypted_share_image_id": self.image, "encrypted_share_account_ids": [PARTNER]},
            "isolate": {"isolate_instance_ids": [self.stray["InstanceId"]]},
        }
        return uses.get(name, {})

    def lives(self, seed: int | None = None) -> Seen:
        """All playbooks, one after the other: the fleet comes, is used, and goes.

        :param seed: of the weather; None is calm
        :raises AssertionError: a playbook failed
        """
        if seed is not None:
            begin(self.cloud, seed)
        self.cloud.forget_requests()
        stored = {}
        for moment, names in (("with the fleet", WITH_FLEET), ("at the end", TO_THE_END)):
            code, output = self.run(*names)
            assert code == 0, output
            self.cloud.clock_advance(60)  # what is under way has come to its end
            stored[moment] = self.stored()
            if names is WITH_FLEET:
                listed = self.listed()
        faults = Counter(fault for one in self.cloud.requests() for fault in one["faults"])
        hit = sum(1 for one in self.cloud.requests() if set(one["faults"]) - {"read_lag"})
        calls = {name: sum(self.cloud.counts(key.id).values()) for name, key in self.keys.items()}
        return Seen(stored, listed, calls, dict(faults), hit)

    def stored(self) -> Stored:
        """What is in the account, without what is different each time: by kind, each record as text."""
        found = {}
        for kind in self.cloud.status()["records"]:
            if kind not in OF_CALLS:
                found[kind] = Counter(plain(one) for one in self.cloud.resources(kind))
        return {kind: texts for kind, texts in found.items() if texts}


class Seen(t.NamedTuple):
    """What came of a life of the account.

    :ivar stored: what was there, by moment
    :ivar listed: what the inventory had when the fleet was there
    :ivar calls: by playbook
    :ivar faults: how many calls met each kind
    :ivar hit: calls that met something else than a read that is behind
    """

    stored: dict[str, Stored]
    listed: dict[str, t.Any]
    calls: dict[str, int]
    faults: dict[str, int]
    hit: int


WITH_FLEET = ("provision", "verdicts", "audit", "kms_access", "share", "isolate")
TO_THE_END = ("unshare", "teardown")
PLAYBOOKS = (*WITH_FLEET, *TO_THE_END)
#: What makes calls.
USES = (*PLAYBOOKS, "inventory")

#: Members that are drawn, and whatever else is.
_DRAWN = ("SerialNumber", "HostName", "KeyPairFingerPrint", "RoleId", "UserId", "GroupId")
_CHANCE = (
    (r"\b(i|d|vpc|vsw|sg|sgr|eni|vrt|vtb|rs|m|s|ssh|key|rsh|ecs|hbm)-[a-z0-9]{8,}", r"\1-*"),
    (r"\d{4}-\d\d-\d\dT[\d:]+Z", "TIME"),
    (r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", "UUID"),
    (r"\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b", "MAC"),
    (r"\b172\.\d+\.\d+\.\d+\b(?!/)", "ADDRESS"),
    (r"\b[0-9a-f]{16}\b", "HEX"),
    (r"[A-Za-z0-9+/=]{100,}|[A-Za-z0-9+/]{43}=", "KEY"),
)


def plain(record: Variables) -> str:
    """A record without identifiers, times and what else is drawn."""
    text = json.dumps({name: value for name, value in record.items() if name not in _DRAWN}, sort_keys=True)
    for pattern, word in _CHANCE:
        text = re.sub(pattern, word, text)
    return text


def differences(wanted: Stored, found: Stored) -> list[str]:
    """What is missing and what is too much, in words."""
    words = []
    for kind in sorted({*wanted, *found}):
        words += [f"missing {kind}: {one}" for one in (wanted.get(kind, Counter()) - found.get(kind, Counter()))]
        words += [f"surplus {kind}: {one}" for one in (found.get(kind, Counter()) - wanted.get(kind, Counter()))]
    return words
