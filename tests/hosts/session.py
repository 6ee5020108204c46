# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts behind no open port, as the tests of the connection use them."""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

import yaml
from controller.playbook import Ansible
from hosts.fleet import KEEPING, Run, key_pair
from hosts.networks import lease
from modules.harness import Modules

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

PLUGIN = "alitrust.ecs.session"


class Behind:
    """Two instances in a group without a rule, and a folder to run ansible in."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        self.folder, self.cloud = folder, cloud
        self.modules = Modules(cloud)
        self.key = folder / "id"
        public = key_pair(self.key)
        network = f"{lease()}.0"
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
        self.ansible = Ansible(folder, cloud, HOME=str(folder), **KEEPING)
        self.ansible.environment.pop("COVERAGE_PROCESS_CONFIG", None)
        (folder / "access_key_id").write_text(cloud.access_key_id)
        (folder / "access_key_secret").write_text(cloud.access_key_secret)
        self.switch(on=True)
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

    def open_sessions(self) -> list[dict[str, t.Any]]:
        """Those that nobody has ended."""
        return [one for one in self.cloud.resources("terminal_session") if not one["_Ended"]]

    def wait_until(self, done: t.Callable[[], bool], seconds: float = 60) -> None:
        """Wait for what happens a little later."""
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.1)

    def switch(self, *, on: bool) -> None:
        """Session Manager of the account."""
        self.modules.door().call(
            "ecs",
            "ModifyCloudAssistantSettings",
            SettingType="SessionManagerConfig",
            SessionManagerConfig={"SessionManagerEnabled": on},
        )

    def nobody(self) -> tuple[str, str]:
        """An AccessKey pair of a user who may do nothing."""
        door = self.modules.door()
        door.call("ram", "CreateUser", UserName="nobody")
        made = door.call("ram", "CreateAccessKey", UserName="nobody")["AccessKey"]
        return made["AccessKeyId"], made["AccessKeySecret"]
