# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""examples/awx on real hosts: each job of a fleet's life as AWX runs it. Those that log in run as check jobs first.

That the others can be check jobs is shown by tests/integration/awx/test_jobs.py.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import typing as t
from pathlib import Path

import pytest
import yaml
from awx.awx import EXAMPLE, Awx, Job, shows_no_secret
from hosts.fleet import Site, key_pair
from hosts.networks import lease
from modules.harness import Modules

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud
from ansible_collections.alitrust.ecs.plugins.module_utils._kms import secrets
from local_cloud.control import LocalCloud
from local_cloud.hosts import checks

if reason := checks.why_not() or checks.why_no_tpm():
    pytest.skip(f"no hosts with a TPM on this machine: {reason}", allow_module_level=True)

HOST = "web-001"
#: Seconds that a report may take on a busy machine.
PATIENCE = 180


class Fleet(Awx):
    """A fleet of one that is kept by jobs."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        super().__init__(folder, cloud)
        self.cloud = cloud
        self.site = Site(folder, cloud)

    def good(self, playbook: str, given: dict[str, t.Any]) -> Job:
        job = self.launch(playbook, given)
        assert job.status == "successful", job.output
        return job

    def both(self, playbook: str, given: dict[str, t.Any], **more: t.Any) -> Job:
        """Launch a check job, which must succeed and change nothing, and then the job."""
        self.cloud.forget_requests()
        foretold = self.launch(playbook, given, check=True, **more)
        assert foretold.status == "successful", foretold.output
        # The agent reports all the time, and host keys are read by a command.
        reads = r"trusted-server:\w+|ecs:RunCommand|\w+:(Describe|Get|List)\w*"
        assert not [one for one in self.cloud.counts() if not re.fullmatch(reads, one)]
        job = self.launch(playbook, given, **more)
        assert job.status == "successful", job.output
        for host in ("localhost", HOST):
            assert bool(foretold.changed(host)) == bool(job.changed(host)), (playbook, host)
        return job

    def opens(self, key: Path) -> bool:
        """Whether the host takes the key; its host key is the one that a job has learnt."""
        known_hosts = next(self.folder.glob("job-*/home/.ssh/known_hosts"))
        done = self.site.ssh(HOST, "true", key=key, known_hosts=known_hosts)
        assert done.returncode == 0 or "Permission denied (publickey)" in done.stderr, done.stderr
        return done.returncode == 0


def blank(role: str) -> dict[str, t.Any]:
    """All variables of a role that can be text, left blank."""
    specs = yaml.safe_load((EXAMPLE.parents[1] / "roles" / role / "meta" / "argument_specs.yml").read_text())
    options = specs["argument_specs"]["main"]["options"]
    return {name: "" for name, one in options.items() if one["type"] == "str" or one.get("elements") == "str"}


def test_a_fleet_in_jobs(tmp_path: Path) -> None:
    settings = {"trust_client__first_report_seconds": 1, "trust_client__report_interval_seconds": 2}
    with LocalCloud.start(tmp_path / "cloud", hosts="on", **settings) as cloud:
        awx = Fleet(tmp_path, cloud)
        old, new = tmp_path / "old", tmp_path / "new"
        public = key_pair(old)
        key_pair(new)
        awx.ssh_key = old.read_text()
        network = lease()
        answers = {
            "fleet_name": "web",
            "fleet_image_name": "aliyun_3_x64_20G_uefi_alibase_*",
            "fleet_public_key": public,
            "network_name": "web",
            "network_zone_id": "cn-hangzhou-h",
            "network_cidr_block": f"{network}.0.0/16",
            "network_vswitch_cidr_block": f"{network}.0.0/24",
            "network_ssh_from": "100.64.0.0/10",
        }
        handed_on = awx.good("provision", answers).artifacts
        assert awx.update_inventory()["alitrust_fleet"]["hosts"] == [HOST]

        handed_on |= awx.both("configure", {**answers, **handed_on, **blank("guest")}).artifacts
        assert awx.opens(old)
        handed_on |= awx.good(
            "assert_trusted", {**answers, **handed_on, **blank("assert_trusted"), "assert_trusted_timeout": PATIENCE}
        ).artifacts
        handed_on |= awx.good("audit", {**handed_on, **blank("audit"), "audit_fail_on": "never"}).artifacts
        assert handed_on["alitrust_provision"]["names"] == [HOST]
        assert handed_on["alitrust_configure"]["hosts"] == handed_on["alitrust_assert_trusted"]["hosts"] == [HOST]
        assert handed_on["alitrust_audit"]["verdicts"]["trusted"] == 1

        credential = [("Alitrust new SSH key", {"private_key": new.read_text()})]
        rotated = awx.both(
            "rotate_keys", {"rotate_keys_name": "web-2", "rotate_keys_delete_old": "true"}, credentials=credential
        )
        assert rotated.artifacts == {"alitrust_rotate_keys": {"key_pair": "web-2"}}
        assert awx.opens(new)
        assert not awx.opens(old)
        awx.ssh_key = new.read_text()

        kernel = {"dest": "/boot/local-cloud/vmlinuz", "content": "Linux 7.0\n"}
        tasks = tmp_path / "kernel.yml"
        tasks.write_text(json.dumps([{"name": "Install a kernel", "ansible.builtin.copy": kernel}]))
        waits = {"patch_report_timeout": PATIENCE, "patch_trust_timeout": PATIENCE, "patch_poll_seconds": 1}
        updated = awx.both("patch", {**blank("patch"), "patch_tasks": str(tasks), **waits})
        assert updated.artifacts == {"alitrust_patch": {"hosts": [HOST]}}

        gone = awx.good("teardown", {"fleet_name": "web", "fleet_key_name": "web-2", "network_name": "web"})
        assert gone.artifacts == {"alitrust_teardown": {"fleet": "web"}}
        assert [cloud.resources(kind) for kind in ("instance", "key_pair", "vpc")] == [[], [], []]
        shows_no_secret(awx, *(line for key in (old, new) for line in key.read_text().splitlines()[1:-1]))


def test_a_key_in_a_secret(tmp_path: Path) -> None:
    """One job makes the fleet, another with a folder of its own configures it; no disk ever has the private key."""
    settings = {"trust_client__first_report_seconds": 1, "trust_client__report_interval_seconds": 2}
    with (
        tempfile.TemporaryDirectory(prefix="awx-") as short,
        LocalCloud.start(tmp_path / "cloud", hosts="on", **settings) as cloud,
    ):
        awx = Fleet(tmp_path, cloud)
        awx.ssh_agent = Path(short)
        door(cloud).call("kms", "OpenKmsService")
        network = lease()
        answers = {
            "fleet_name": "web",
            "fleet_image_name": "aliyun_3_x64_20G_uefi_alibase_*",
            "fleet_private_key_secret": "fleet/web",
            "network_name": "web",
            "network_zone_id": "cn-hangzhou-h",
            "network_cidr_block": f"{network}.0.0/16",
            "network_vswitch_cidr_block": f"{network}.0.0/24",
            "network_ssh_from": "100.64.0.0/10",
        }
        awx.good("provision", {**answers, "fleet_public_key": ""})
        value = secrets.read_value(door(cloud), "fleet/web")
        assert value is not None
        lines = value.data.splitlines()[1:-1]
        no_file_has(lines, tmp_path, Path(short))
        for folder in tmp_path.glob("job-*"):
            shutil.rmtree(folder)

        awx.update_inventory()
        named = {"alitrust_private_key_secret": "fleet/web"}
        done = awx.launch("configure", {}, hostvars=named)
        assert done.status == "successful", done.output
        assert done.changed(HOST), "it has logged in"
        no_file_has(lines, tmp_path, Path(short))

        awx.ssh_agent = None
        failed = awx.launch("configure", {}, hostvars=named)
        assert failed.status == "failed"
        assert "ANSIBLE_SSH_AGENT=auto" in failed.output
        shows_no_secret(awx, *lines)


def door(cloud: LocalCloud) -> Cloud:
    return Modules(cloud).door()


def no_file_has(lines: list[str], folder: Path, *more: Path) -> None:
    """Nothing of the private key is in a file of the jobs, or where Ansible has its temporary files."""
    own = folder / "cloud"  # where the local cloud keeps what it encrypts
    places = [folder, *more, Path.home() / ".ansible", *Path(tempfile.gettempdir()).glob("ansible*")]
    for place in places:
        done = subprocess.run(
            ["grep", "-rlF", "--devices=skip", "-e", lines[1], "-e", lines[-2], place],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        found = [one for one in done.stdout.splitlines() if not Path(one).is_relative_to(own)]
        assert not found, found
