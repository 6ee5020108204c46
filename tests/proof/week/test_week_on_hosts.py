# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An hour in which a fleet on real hosts lives through the playbooks, day after day."""

from __future__ import annotations

import json
import os
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from hosts.fleet import Site
from proof.cloud.account import REGION, caller
from proof.conftest import Figure
from proof.week.footprint import Footprint

from local_cloud.control import LocalCloud
from local_cloud.hosts import checks

#: how long it goes on
SECONDS = float(os.environ.get("ALITRUST_WEEK_SECONDS", "3000"))
SIZES = (3, 2, 3, 1, 2)
#: an agent that was told to report every two seconds is silent after these
SILENT = 12
FAST: dict[str, t.Any] = {
    "assert_trusted_fresh_seconds": SILENT,
    "assert_trusted_timeout": 60,
    "patch_serial": "100%",
    "patch_report_timeout": 60,
    "patch_trust_timeout": 60,
    "patch_poll_seconds": 1,
}
SHARE = {"encrypted_share_account_ids": ["2345678901234567"], "encrypted_share_allow_external": True}


@pytest.fixture
def site(tmp_path: Path) -> t.Iterator[Site]:
    reason = checks.why_not()
    assert not reason, f"dev/test --long week needs hosts: {reason}"
    settings = {"trust_client__first_report_seconds": 1, "trust_client__report_interval_seconds": 2}
    with LocalCloud.start(tmp_path / "cloud", hosts="on", trusted_server__silent_seconds=SILENT, **settings) as cloud:
        site = Site(tmp_path, cloud)
        (tmp_path / "tmp").mkdir()
        site.ansible.environment["TMPDIR"] = str(tmp_path / "tmp")
        yield site


def links() -> int:
    """Network interfaces of this machine."""
    return len(subprocess.run(["ip", "-o", "link"], capture_output=True, check=True, text=True).stdout.splitlines())


def snapshot_of(site: Site, name: str) -> str:
    """A snapshot of an instance's system disk."""
    wire = caller(site.cloud)
    disks = wire.v3("ecs", "DescribeDisks", RegionId=REGION, InstanceId=site.instance(name)["InstanceId"]).json
    made = wire.v3("ecs", "CreateSnapshot", DiskId=disks["Disks"]["Disk"][0]["DiskId"]).json
    site.cloud.clock_advance(60)
    return str(made["SnapshotId"])


def test_an_hour_of_playbooks_leaves_nothing_behind(site: Site, figure: Figure) -> None:
    """site, patch, rotate_keys, kms_access, isolate, share, unshare and teardown, again and again."""
    footprint = Footprint(site.cloud, site.folder)
    tasks = site.folder / "kernel.yml"
    days = runs = 0
    began = time.monotonic()
    interfaces = []

    def run(name: str, *arguments: str | Path, **variables: t.Any) -> None:
        nonlocal runs
        runs += 1
        done = site.playbook(name, *arguments, by_owner=True, **variables)
        assert done.succeeded, done.output

    while days < 3 or time.monotonic() - began < SECONDS:
        size = {"fleet_count": SIZES[days % len(SIZES)], "fleet_remove_surplus": True}
        run("site", **size)
        run("site", fleet_count=3)
        kernel = {"dest": "/boot/local-cloud/vmlinuz", "content": f"Linux {days}\n"}
        tasks.write_text(json.dumps([{"name": "Install a kernel", "ansible.builtin.copy": kernel}]))
        run("patch", "-i", site.inventory, patch_tasks=str(tasks), **FAST)
        new = site.folder / f"new-{days}.pem"
        rotated = {"rotate_keys_name": f"new-{days}", "rotate_keys_private_key_file": str(new)}
        run("rotate_keys", "-i", site.inventory, **rotated)
        run("isolate", isolate_instance_ids=[site.instance("web-001")["InstanceId"]])
        snapshot = snapshot_of(site, "web-002")
        run("share", encrypted_share_snapshot_ids=[snapshot], **SHARE)
        run("unshare", encrypted_share_snapshot_ids=[snapshot], **SHARE)
        caller(site.cloud).v3("ecs", "DeleteSnapshot", SnapshotId=snapshot)
        run("teardown", fleet_key_name=f"new-{days}", fleet_private_key_file=str(new))
        site.cloud.clock_advance(86400)
        site.cloud.forget_requests()
        days += 1
        footprint.note()
        interfaces.append(links())
        assert not list((site.folder / "tmp").iterdir()), "ansible-playbook left temporary files"
        if days == 2:
            footprint.keep_records()
    site.cloud.clock_advance(40 * 86400)
    footprint.assert_records_as_before()
    footprint.assert_no_growth(after=2)
    assert interfaces[-1] <= interfaces[1], interfaces
    figure("days on real hosts", days)
    figure("playbooks on real hosts", runs)
