# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts behind no open port, as the tests of the connection use them."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
from pathlib import Path

import yaml
from controller.playbook import Ansible
from hosts.fleet import Run, key_pair
from modules.harness import Modules

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

PLUGIN = "alitrust.ecs.session"
#: The secret of the key that the plays use; nobody may see it.
CANARY = "AccessKeySecret"


class Behind:
    """Two instances in a group without a rule, and a folder to run ansible in."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        self.folder, self.cloud = folder, cloud
        self.modules = Modules(cloud)
        self.key = folder / "id"
        public = key_pair(self.key)
        network = f"10.{60 + os.getpid() % 30}.{os.getpid() // 30 % 250}"
        vpc = self.modules.run(
            "vpc",
            name="behind",
            cidr_block=f"{network}.0/24",
            vswitches=[{"name": "behind", "zone_id": "cn-hangzhou-h", "cidr_block": f"{network}.0/24"}],
        )
        group = self.modules.run("security_group", name="behind", vpc_id=vpc["vpc"]["vpc_id"])
        self.modules.run("keypair", name="behind", public_key=public)
        made = self.modules.run(
            "trusted_instance",
            name="behind",
            count=2,
            trusted_mode=False,
            instance_type="ecs.g7t.large",
            image_id="aliyun_3_x64_20G_uefi_alibase_20240528.vhd",
            vswitch_id=vpc["vpc"]["vswitches"][0]["vswitch_id"],
            security_group_ids=[group["security_group"]["security_group_id"]],
            key_name="behind",
        )
        self.ids = [one["instance_id"] for one in made["instances"]]
        learnt = self.modules.run("host_key_info", instance_ids=self.ids)
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(
            "".join(f"{one['instance_id']} {key}\n" for one in learnt["host_keys"] for key in one["public_keys"])
        )
        self.ansible = Ansible(folder, cloud, HOME=str(folder))
        self.ansible.environment.pop("COVERAGE_PROCESS_CONFIG", None)
        self.inventory = folder / "hosts.yml"
        self.inventory.write_text(yaml.safe_dump({"all": {
            "hosts": {
                "one": {"alitrust_instance_id": self.ids[0], "ansible_host": "192.0.2.1"},
                self.ids[1]: {},
            },
            "vars": self.variables(),
        }}))  # fmt: skip

    def variables(self) -> dict[str, t.Any]:
        return {
            "ansible_connection": PLUGIN,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.known_hosts} -o StrictHostKeyChecking=yes",
            "ansible_python_interpreter": "/usr/bin/python3",
        }

    def run(self, tasks: list[dict[str, t.Any]], *arguments: str, **play: t.Any) -> Run:
        """Run tasks on both hosts."""
        book = self.folder / "play.yml"
        book.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks, **play}]))
        done = self.ansible.command("ansible-playbook", "-i", self.inventory, book, *arguments)
        return Run(done.returncode, done.stdout + done.stderr, 0)

    def sessions(self) -> list[dict[str, t.Any]]:
        """Those that are still connected."""
        return self.cloud.tunnels()
