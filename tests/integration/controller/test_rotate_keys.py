# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rotate_keys as far as it speaks to the API; tests/hosts/test_rotate_keys.py has the rest."""

from __future__ import annotations

import socket
import typing as t
from pathlib import Path

import pytest
import yaml
from controller.playbook import Ansible
from modules.harness import Modules
from modules.network import Network

from local_cloud.control import LocalCloud

PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ ops"


class Rotation:
    """An instance that no login reaches, and runs of the playbook on it."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        self.cloud, self.folder = cloud, folder
        self.ansible = Ansible(folder, cloud, HOME=str(folder))
        self.key = folder / "new.pem"
        modules = Modules(cloud)
        network = Network(modules)
        modules.run("keypair", name="web", public_key=PUBLIC)
        (self.instance,) = network.new_instances(network.new_group(), KeyPairName="web")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]  # nobody listens there any more
        self.host: dict[str, t.Any] = {
            "ansible_host": "127.0.0.1",
            "ansible_port": port,
            "ansible_user": "root",
            "alitrust_instance_id": self.instance,
        }
        cloud.forget_requests()

    def fails(self, *arguments: str, **variables: t.Any) -> str:
        inventory = self.folder / "hosts.yml"
        inventory.write_text(yaml.safe_dump({"alitrust_fleet": {"hosts": {"one": self.host}}}))
        extra = self.folder / "variables.yml"
        wanted = {"rotate_keys_name": "new", "rotate_keys_private_key_file": str(self.key), **variables}
        extra.write_text(yaml.safe_dump(wanted))
        book: list[str | Path] = ["alitrust.ecs.rotate_keys", "-i", inventory, "-e", f"@{extra}", *arguments]
        done = self.ansible.command("ansible-playbook", *book)
        output = done.stdout + done.stderr
        assert done.returncode != 0, output
        assert "PRIVATE KEY" not in output
        return " ".join(output.split())

    def pairs(self) -> dict[str, dict[str, str]]:
        return {
            one["KeyPairName"]: {tag["TagKey"]: tag["TagValue"] for tag in one["Tags"]}
            for one in self.cloud.resources("key_pair")
        }


@pytest.fixture
def rotation(tmp_path: Path, fresh_cloud: LocalCloud) -> Rotation:
    return Rotation(tmp_path, fresh_cloud)


def test_what_is_missing_or_contradicts_is_told_before_any_change(rotation: Rotation) -> None:
    missing = "Set rotate_keys_name, and one of rotate_keys_private_key_file and rotate_keys_private_key_secret."
    assert missing in rotation.fails(rotate_keys_name=" ")
    assert missing in rotation.fails(rotate_keys_private_key_secret="ssh/new")
    told = rotation.fails(ansible_ssh_private_key_file="/old.pem")
    assert "ansible_ssh_private_key_file is an extra variable" in told
    assert "No host matches nobody" in rotation.fails(rotate_keys_hosts="nobody")
    assert set(rotation.pairs()) == {"web"}
    rotation.key.write_text("not a key")
    assert "its public half cannot be told" in rotation.fails()
    assert set(rotation.pairs()) == {"web"}
    rotation.key.unlink()
    assert "its private key is not in" in rotation.fails(rotate_keys_name="web")


def test_a_login_that_this_machine_does_not_permit_is_no_refusal_of_the_host(rotation: Rotation) -> None:
    ssh = rotation.folder / "ssh"
    ssh.write_text("#!/bin/sh\necho 'ssh: connect to host 127.0.0.1 port 22: Permission denied' >&2\nexit 255\n")
    ssh.chmod(0o755)
    rotation.ansible.environment["ANSIBLE_SSH_EXECUTABLE"] = str(ssh)
    assert "No login was possible: ssh: connect to host 127.0.0.1 port 22: Permission denied" in rotation.fails()


def test_a_host_that_does_not_answer_keeps_its_keys_and_the_next_run_uses_the_same_pair(rotation: Rotation) -> None:
    told = rotation.fails()
    assert "No login was possible" in told
    assert "Connection refused" in told
    assert "No key was taken away" in told
    key = rotation.key.read_text()
    assert rotation.pairs()["new"]["alitrust.ecs:replaces"] == "web"
    (instance,) = rotation.cloud.resources("instance")
    assert instance["KeyPairName"] == "web"
    rotation.fails(rotate_keys_tags={"team": "ops"})
    assert rotation.key.read_text() == key
    assert rotation.pairs()["new"].items() >= {"alitrust.ecs:replaces": "web", "team": "ops"}.items()
    assert "ecs:AttachKeyPair" not in rotation.cloud.counts()
