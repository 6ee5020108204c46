# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rotate_keys on real hosts: the keys of a running fleet are replaced, and the door is never shut."""

from __future__ import annotations

import os
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from hosts.fleet import Run, Site, key_pair
from rights.users import compare

from local_cloud.control import LocalCloud
from local_cloud.hosts import checks

ONE, TWO = HOSTS = ("web-001", "web-002")

#: Kills the run, as a power cut would, when a task of that name begins on the host or its batch.
CALLBACK = """
import os, signal
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "aggregate", "interrupt"

    def v2_runner_on_start(self, host, task):
        name, _at, where = os.environ.get("INTERRUPT_BEFORE", "").partition("@")
        if name and task.get_name().rpartition(" : ")[2].startswith(name) and host.get_name() == where:
            os.kill(os.getpid(), signal.SIGKILL)
"""


class Rotation(Site):
    """A fleet of two whose keys are rotated."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        super().__init__(folder, cloud)
        self.variables.update(
            fleet_count=len(HOSTS),
            network_cidr_block="172.21.0.0/16",
            network_vswitch_cidr_block=f"172.21.{os.getpid() % 256}.0/24",
        )
        (folder / "callbacks").mkdir()
        (folder / "callbacks" / "interrupt.py").write_text(CALLBACK)
        self.ansible.environment["ANSIBLE_CALLBACK_PLUGINS"] += f":{folder / 'callbacks'}"

    def rotate(self, name: str, key: Path, *arguments: str | Path, before: str = "", **variables: t.Any) -> Run:
        """Run the playbook; it is killed when the task C(before), written as C(name@host), begins."""
        self.ansible.environment["INTERRUPT_BEFORE"] = before
        wanted = {"rotate_keys_name": name, "rotate_keys_private_key_file": str(key), **variables}
        run = self.playbook("rotate_keys", "-i", self.inventory, *arguments, **wanted)
        assert (run.code == -9) == bool(before), run.output
        return run

    def opens(self, host: str, key: Path) -> bool:
        done = self.ssh(host, "true", key=key)
        assert done.returncode == 0 or "Permission denied (publickey)" in done.stderr, done.stderr
        return done.returncode == 0

    def bound(self) -> list[str]:
        return [self.instance(host)["KeyPairName"] for host in HOSTS]

    def pairs(self) -> set[str]:
        return {one["KeyPairName"] for one in self.cloud.resources("key_pair")}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Rotation]:
    if reason := checks.why_not():
        pytest.skip(f"no hosts on this machine: {reason}")
    folder = tmp_path_factory.mktemp("rotation")
    with LocalCloud.start(folder / "cloud", hosts="on", ecs__key_bits=2048) as cloud:
        fleet = Rotation(folder, cloud)
        made = fleet.playbook("provision")
        assert made.succeeded, made.output
        yield fleet


#: Where the run is killed, one after the other: each run takes up what the one before has left.
STEPS = (
    f"Keep in mind what the new key pair replaces@{ONE}",
    f"Add the new key@{ONE}",
    f"Bind the new key pair@{ONE}",
    f"Remove the old keys from authorized_keys@{ONE}",
    f"Log in afresh with the new key, after@{ONE}",
)


def test_rotate_the_keys_of_a_running_fleet_through_every_interruption(fleet: Rotation) -> None:
    old, new = fleet.key, fleet.folder / "new.pem"
    foretold = fleet.rotate("new", new, "--check", rotate_keys_serial="100%")
    assert foretold.succeeded, foretold.output
    assert all(f"{host}: would be rotated" in foretold.output for host in HOSTS)
    assert not new.exists()
    assert fleet.pairs() == {"web"}
    assert fleet.bound() == ["web", "web"]

    for step in STEPS:
        fleet.rotate("new", new, before=step)
        open_now = [[fleet.opens(host, key) for key in (old, new)] for host in HOSTS]
        assert all(any(keys) for keys in open_now), (step, open_now)
    assert open_now == [[False, True], [True, False]]
    assert fleet.bound() == ["new", "web"]

    run = fleet.rotate("new", new)
    assert run.succeeded, run.output
    assert new.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE KEY" not in run.output
    assert f"{ONE}: nothing to do" in run.output  # but the proofs
    assert f"{TWO}: rotated" in run.output
    assert "It replaces web." in run.output
    assert fleet.bound() == ["new", "new"]
    for host in HOSTS:
        assert fleet.opens(host, new)
        assert not fleet.opens(host, old)

    # The inventory still names the old key. Besides the proofs a host is looked at once, and costs one call.
    fleet.cloud.forget_requests()
    again = fleet.rotate("new", new, "-vvv", rotate_keys_serial="100%")
    assert [again.changed(host) for host in HOSTS] == [0, 0]
    for host in HOSTS:
        assert f"{host}: nothing to do" in again.output
        assert again.output.count(f"<{fleet.address(host)}> SSH: EXEC") == 1
    proofs = re.findall(r"^TASK \[.* : Log in afresh with the (\w+) key", again.output, re.MULTILINE)
    assert proofs == ["new", "old"]  # both hosts at once
    batch = {"ecs:DescribeInstances": 2, "ecs:DescribeKeyPairs": 3}  # the inventory among them
    assert fleet.cloud.counts() == {**batch, "ecs:DescribeInstances": 2 + len(HOSTS)}
    # As the run says, later ones need the new key.
    other = fleet.folder / "own"
    key_pair(other)
    failure = fleet.rotate("own", other, "--ssh-extra-args=-o ControlPath=none").failure(ONE)
    assert f"Neither the new key nor the login of this run ({old}) opens the door" in failure
    assert "No key was taken away" in failure
    fleet.inventory.write_text(fleet.inventory.read_text().replace(str(old), str(new)))
    fleet.key = new


def test_view_the_public_keys_inside_an_instance(fleet: Rotation) -> None:
    book = fleet.folder / "keys.yml"
    role = {"ansible.builtin.include_role": {"name": "alitrust.ecs.guest", "tasks_from": "keys"}}
    told = {"ansible.builtin.debug": {"msg": "{{ guest_keys | to_json }}"}}
    book.write_text(yaml.safe_dump([{"hosts": ONE, "gather_facts": False, "tasks": [role, told]}]))
    run = fleet.playbook(book, "-i", fleet.inventory)
    assert run.changed(ONE) == 0
    assert fleet.output(ONE, "cat ~/.ssh/authorized_keys").split()[1] in run.output


def test_an_old_key_that_sshd_takes_from_elsewhere_is_told(fleet: Rotation) -> None:
    """Out of all files of the user it is, and the host takes it all the same: the run does not call that a rotation."""
    old, new = fleet.key, fleet.folder / "elsewhere.pem"
    command, drop_in = "/usr/local/sbin/keys", "/etc/ssh/sshd_config.d/99-command.conf"
    public = fleet.output(ONE, "grep -v '^#' ~/.ssh/authorized_keys")
    fleet.write(ONE, command, f"#!/bin/sh\necho '{public}'\n", 0o755)
    fleet.write(ONE, drop_in, f"AuthorizedKeysCommand {command}\nAuthorizedKeysCommandUser nobody\n")
    fleet.output(ONE, "systemctl reload ssh")
    failure = fleet.rotate("elsewhere", new).failure(ONE)
    assert "The old key is in none of the files of root any more, and the host takes it all the same" in failure
    assert fleet.opens(ONE, old)
    assert public not in fleet.output(ONE, "cat ~/.ssh/authorized_keys")
    fleet.output(ONE, f"rm {drop_in} && systemctl reload ssh")
    run = fleet.rotate("elsewhere", new)
    assert run.succeeded, run.output
    assert not fleet.opens(ONE, old)
    fleet.inventory.write_text(fleet.inventory.read_text().replace(str(old), str(new)))
    fleet.key = new


def test_old_keys_are_put_back_where_the_new_one_needs_them(fleet: Rotation) -> None:
    """A host that revokes the new key as soon as the old one is gone."""
    new = fleet.folder / "fickle"
    public = key_pair(new)
    known, drop_in, revoked = "/root/.ssh/authorized_keys", "/etc/ssh/sshd_config.d/99-revoked.conf", "/etc/ssh/revoked"
    blob = fleet.output(ONE, f"grep -v '^#' {known}").split()[1]
    fleet.write(ONE, revoked, "")
    fleet.write(ONE, drop_in, f"RevokedKeys {revoked}\n")
    fleet.write(ONE, "/root/.ssh/authorized_keys2", f"no-pty ssh-rsa {blob} again\n", 0o600)
    fleet.write(
        ONE,
        "/usr/local/sbin/watch-key",
        f"#!/bin/sh\nwhile grep -q {blob} {known}; do sleep 0.02; done\necho '{public}' > {revoked}\n",
        0o755,
    )
    fleet.output(ONE, "systemctl reload ssh; nohup /usr/local/sbin/watch-key > /dev/null 2>&1 &")
    failure = fleet.rotate("fickle", new).failure(ONE)
    assert "The new key does not open the door without the old ones" in failure
    assert "They were put back." in failure
    assert "No key was taken away." in failure
    assert fleet.opens(ONE, fleet.key)
    assert not fleet.opens(ONE, new)
    blobs = [line.split()[1] for line in fleet.output(ONE, f"grep -v '^#' {known}").splitlines()]
    assert blobs == [blob, public.split()[1]]
    assert fleet.output(ONE, f"cat {known}2") == f"no-pty ssh-rsa {blob} again"
    assert fleet.output(ONE, f"stat -c '%a %U' {known} {known}2").splitlines() == ["600 root", "600 root"]
    fleet.output(ONE, f"rm {drop_in} {revoked} && systemctl reload ssh")
    old = fleet.key
    run = fleet.rotate("fickle", new)
    assert run.succeeded, run.output
    assert not fleet.opens(ONE, old)
    fleet.inventory.write_text(fleet.inventory.read_text().replace(str(old), str(new)))
    fleet.key = new


def test_an_imported_key_and_an_old_one_that_hides(fleet: Rotation) -> None:
    old, own = fleet.key, fleet.folder / "own"
    former = set(fleet.bound())
    if not own.exists():
        key_pair(own)
    known = "~/.ssh/authorized_keys"
    fleet.output(ONE, f"echo '# kept' >> {known} && cp {known} {known}2")
    run = fleet.rotate("own", own, rotate_keys_delete_old=True)
    assert run.succeeded, run.output
    fleet.key = own
    assert former.isdisjoint(fleet.pairs())
    for host in HOSTS:
        assert fleet.opens(host, own)
        assert not fleet.opens(host, old)
    for file in (known, f"{known}2"):
        assert "# kept" in fleet.output(ONE, f"cat {file}")


def test_what_ssh_is_configured_with_proves_nothing(fleet: Rotation) -> None:
    """Behind a host in between, with a configuration of ssh that names a key: first the old one, later the new one."""
    old, new = fleet.key, fleet.folder / "behind.pem"
    config, inventory = fleet.folder / "ssh.cfg", fleet.inventory.read_text()
    way = yaml.safe_load(inventory)
    way["compose"]["ansible_ssh_args"] = f"'-F {config} -o ControlMaster=auto -o ControlPersist=60s'"
    del way["compose"]["ansible_ssh_common_args"], way["compose"]["ansible_user"]
    fleet.inventory.write_text(yaml.safe_dump(way))

    def configure(key: Path) -> None:
        config.write_text(
            f"User root\nIdentityFile {key}\nUserKnownHostsFile {fleet.known_hosts}\n"
            f"FingerprintHash {'sha256' if key == old else 'md5'}\n"
            f"Host between\n  HostName {fleet.address(TWO)}\n  HostKeyAlias {fleet.address(TWO)}\n"
            f"Host {fleet.address(ONE)}\n  ProxyJump between\n"
        )

    configure(old)
    run = fleet.rotate("behind", new)
    assert run.succeeded, run.output
    assert all(f"{host}: rotated" in run.output for host in HOSTS)
    configure(new)
    # With a public half beside it ssh asks before it tries a key, and tells its fingerprint.
    public = subprocess.run(["ssh-keygen", "-y", "-f", new], check=True, stdout=subprocess.PIPE).stdout
    Path(f"{new}.pub").write_bytes(public)
    again = fleet.rotate("behind", new)
    assert again.succeeded, again.output
    assert all(f"{host}: nothing to do" in again.output for host in HOSTS)
    for host in HOSTS:
        assert fleet.opens(host, new)
        assert not fleet.opens(host, old)
    fleet.key = new
    fleet.inventory.write_text(inventory.replace(str(old), str(new)))


def test_hosts_are_reached_as_ansible_reaches_them(fleet: Rotation) -> None:
    """By the older names of variables, which Ansible knows still, and where nothing but ssh knows the address.

    What localhost has is not the hosts', although Ansible gives it to tasks that localhost does for them.
    """
    config = fleet.folder / "names.cfg"
    config.write_text(f"Host {TWO}\n  HostName {fleet.address(TWO)}\n  HostKeyAlias {fleet.address(TWO)}\n")
    of_the_plugin, fleet.inventory = fleet.inventory, fleet.folder / "static.yml"
    hosts = {
        host: {
            "alitrust_instance_id": fleet.instance(host)["InstanceId"],
            **({"ansible_ssh_host": fleet.address(host)} if host == ONE else {}),
            "ansible_ssh_port": 22,
            "ansible_ssh_user": "root",
            "ansible_private_key_file": str(fleet.key),
            "ansible_ssh_common_args": f"-F {config} -o UserKnownHostsFile={fleet.known_hosts}",
        }
        for host in HOSTS
    }
    here = {"ansible_connection": "local", "ansible_user": "nobody", "ansible_port": 2}
    inventory = {"alitrust_fleet": {"hosts": hosts}, "ungrouped": {"hosts": {"localhost": here}}}
    fleet.inventory.write_text(yaml.safe_dump(inventory))
    run = fleet.rotate(fleet.bound()[0], fleet.key, rotate_keys_serial="100%")
    fleet.inventory = of_the_plugin
    assert run.succeeded, run.output
    assert all(f"{host}: nothing to do" in run.output for host in HOSTS)


def test_rotate_keys_uses_all_of_its_policy(fleet: Rotation) -> None:
    """After all the uses above, which were made by a user with that policy."""
    compare("rotate_keys", fleet.users.used("rotate_keys"))
