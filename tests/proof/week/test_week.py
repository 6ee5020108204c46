# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A week of a fleet's life by the modules, with the clock pushed: what is taken down leaves nothing behind."""

from __future__ import annotations

import gc
import threading
import typing as t
from pathlib import Path

import pytest
from guest import Guest
from machine import Machine
from modules.harness import Modules, Result
from proof.conftest import Figure
from proof.week.footprint import Footprint
from sdk import Sdk
from soft_tpm import AGENT, SoftTpm

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.transport import forget_connections
from local_cloud.control import LocalCloud

HOUR, DAY = 3600, 86400
#: how long a session lasts: 12 minutes by a clock that runs 60 times as fast, so none ends by itself
SESSION = 12 * HOUR
PARTNER = "2345678901234567"
ROLE = "reporter"
#: how large the fleet is on each day; it is taken down whole after the days of DOWN
SIZES = (3, 5, 2, 6, 1, 4, 3)
DOWN = (2, 6)


class Fleet:
    """The fleet C(web) of trusted instances, and what its owner does with it."""

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self.cloud = cloud
        self.modules = Modules(cloud)
        self.sdk = Sdk(cloud)
        self.folder = folder
        self.machines: dict[str, Machine] = {}
        self.tasks = self.reports = self.expired = 0
        self._session: dict[str, t.Any] = {}
        self._enrolled = 0
        self.key = ""  # pair of the fleet

    def run(self, module: str, **options: t.Any) -> Result:
        """Run a module with the credentials of today's session."""
        self.tasks += 1
        return self.modules.run(module, **self._session, **options)

    def log_in(self) -> None:
        """Assume the role of administrators."""
        role = f"acs:ram::{self.cloud.account_id}:role/admin"
        given = self.sdk("AssumeRole", product="sts", RoleArn=role, RoleSessionName="day", DurationSeconds=SESSION)
        names = {
            "access_key_id": "AccessKeyId",
            "access_key_secret": "AccessKeySecret",
            "security_token": "SecurityToken",
        }
        self._session = {option: given["Credentials"][name] for option, name in names.items()}

    def expire(self) -> None:
        """Let the session run out under way: the next task says so and changes nothing; a new session goes on."""
        self.cloud.clock_advance(SESSION + HOUR // 4)
        before = self.cloud.resources("security_group")
        refused = self.run("security_group", name="web", vpc="web", description="never", fails=True)
        assert "expired" in refused["msg"].lower(), refused
        assert self.cloud.resources("security_group") == before
        self.expired += 1
        self.log_in()

    # -- what is there

    def build(self) -> None:
        """What C(site) needs and does; what is there already stays."""
        self.run("instance_ram_role", name=ROLE)
        vswitch = {"name": "one", "zone_id": "cn-hangzhou-h", "cidr_block": "172.20.0.0/24"}
        network = self.run("vpc", name="web", cidr_block="172.20.0.0/16", vswitches=[vswitch])
        self.vswitch_id = network["vpc"]["vswitches"][0]["vswitch_id"]
        group = self.run("security_group", name="web", vpc="web")
        self.group_id = group["security_group"]["security_group_id"]
        if not self.key:
            self.key = "first"
            self.run("keypair", name=self.key, private_key_file=str(self.folder / f"{self.key}.pem"))
        self.run("sg_rule", security_group_id=self.group_id, state="exact", rules=[SSH])

    def size(self, count: int) -> list[str]:
        """Grow or shrink."""
        fleet = self.run(
            "trusted_instance",
            name="web-[1,3]",
            fleet="web",
            count=count,
            remove_surplus=True,
            instance_type="ecs.g7t.large",
            image_id="aliyun_3_x64_20G_uefi_alibase_20240528.vhd",
            vswitch_id=self.vswitch_id,
            security_group_ids=[self.group_id],
            ram_role_name=ROLE,
            key_name=self.key,
            system_disk={"encrypted": False},  # what the service key encrypts can't be shared
            force=True,
        )
        assert len(fleet["instance_ids"]) == count, fleet
        return list(fleet["instance_ids"])

    def tear_down(self) -> None:
        self.run("trusted_instance", fleet="web", state="absent", force=True)
        self.run("keypair", name=self.key, state="absent")
        (self.folder / f"{self.key}.pem").unlink()
        self.key = ""
        self.run("security_group", name="web", vpc="web", state="absent")
        self.run("vpc", name="web", state="absent")
        self.run("instance_ram_role", name=ROLE, state="absent")
        self.machines.clear()

    # -- what happens

    def report(self, instance_ids: list[str]) -> None:
        """Every agent reports; a new one enrols first. What runs in an instance has its role's credentials."""
        for instance_id in instance_ids:
            if instance_id not in self.machines:
                self._enrolled += 1
                guest = Guest(self.sdk, instance_id, f"127.0.2.{self._enrolled % 250 + 1}")
                guest.change(PrivateIpAddress=guest.address)
                self.machines[instance_id] = Machine(guest, SoftTpm(self._enrolled % 8)).enrol()
            self.machines[instance_id].report()
            self.reports += 1
        for gone in set(self.machines) - set(instance_ids):
            del self.machines[gone]

    def patch(self, instance_ids: list[str], day: int) -> None:
        """A program is replaced: a finding, which is accepted."""
        for instance_id in instance_ids:
            self.machines[instance_id].tpm.boot(programs={AGENT: f"agent of day {day}".encode()})
        self.report(instance_ids)
        found = self.run("trust_event_info", fleet="web", states=["open"])
        assert found["open_count"] == len(instance_ids), found
        self.run("trust_event", state="accepted", fleet="web")
        self.report(instance_ids)
        for instance_id in instance_ids:
            assert self.machines[instance_id].verdict() == (1, 1)

    def rotate(self, new: str, instance_ids: list[str]) -> None:
        old, self.key = self.key, new
        self.run("keypair", name=new, private_key_file=str(self.folder / f"{new}.pem"))
        self.run("keypair", name=new, state="bound", instance_ids=instance_ids)
        self.run("keypair", name=old, state="absent")
        (self.folder / f"{old}.pem").unlink()

    def isolate(self, instance_id: str) -> None:
        """Cut off, looked into, and let back."""
        group = self.run("security_group", name="quarantine", vpc="web", inner_access_policy="drop", outbound="deny")
        quarantine = group["security_group"]["security_group_id"]
        self.run("sg_member", state="exact", security_group_ids=[quarantine], instance_ids=[instance_id])
        self.run("sg_member", state="exact", security_group_ids=[self.group_id], instance_ids=[instance_id])
        self.run("security_group", name="quarantine", vpc="web", state="absent")

    def share(self, instance_id: str) -> None:
        """A snapshot for the partner, until tomorrow."""
        disk = self.sdk("DescribeDisks", InstanceId=instance_id)["Disks"]["Disk"][0]["DiskId"]
        snapshot = self.sdk("CreateSnapshot", DiskId=disk)["SnapshotId"]
        self.cloud.clock_advance(60)
        share = {"name": "backup", "snapshot_ids": [snapshot], "account_ids": [PARTNER]}
        self.run("encrypted_share", allow_external=True, **share)
        self.run("encrypted_share", state="absent", **share)
        self.sdk("DeleteSnapshot", SnapshotId=snapshot)


SSH = {"protocol": "tcp", "ports": 22, "cidr": "10.0.0.0/8"}
ADMINS = """{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
 "Principal": {"RAM": ["acs:ram::1234567890123456:root"]}}]}"""


@pytest.fixture
def fleet(tmp_path: Path) -> t.Iterator[Fleet]:
    with LocalCloud.start(tmp_path / "state", sts__account_may_assume=True, vpc__pending_seconds=0.05) as cloud:
        cloud.clock_scale(60)
        fleet = Fleet(cloud, tmp_path)
        fleet.modules.run("kms_service")
        role = {"RoleName": "admin", "AssumeRolePolicyDocument": ADMINS, "MaxSessionDuration": SESSION}
        fleet.sdk("CreateRole", product="ram", **role)
        about = {"RoleName": "admin", "PolicyName": "AdministratorAccess", "PolicyType": "System"}
        fleet.sdk("AttachPolicyToRole", product="ram", **about)
        yield fleet


def test_a_week_leaves_nothing_behind(fleet: Fleet, tmp_path: Path, figure: Figure, long: bool) -> None:
    """Days of growing, shrinking, patching, rotating, isolating, sharing, expiring and taking down."""
    weeks = 30 if long else 1
    cloud = fleet.cloud
    footprint = Footprint(cloud, tmp_path)
    footprint.keep_records()
    threads = threading.active_count()
    for day in range(7 * weeks):
        fleet.log_in()
        fleet.build()
        instance_ids = fleet.size(SIZES[day % 7])
        fleet.expire()
        fleet.report(instance_ids)
        fleet.patch(instance_ids, day)
        fleet.rotate(f"web-{day}", instance_ids)
        fleet.isolate(instance_ids[0])
        fleet.share(instance_ids[-1])
        if day % 7 in DOWN:
            fleet.tear_down()
        cloud.clock_advance(DAY - SESSION)
        cloud.forget_requests()
        forget_connections()  # a task has a process of its own, which ends
        gc.collect()
        footprint.note()
    cloud.clock_advance(40 * DAY)  # until everything that is kept for a while has been forgotten
    footprint.assert_records_as_before()
    footprint.assert_no_growth(after=2)
    assert threading.active_count() <= threads
    assert not list(tmp_path.glob("*.pem"))
    figure("days", 7 * weeks)
    figure("tasks", fleet.tasks)
    figure("reports of agents", fleet.reports)
    figure("sessions that expired under way", fleet.expired)
    figure("KiB of memory that the local cloud grew by after the second day", footprint.growth(after=2))
