# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet on real hosts, as the tests of roles and playbooks use it."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import yaml
from controller.playbook import Ansible
from hosts.networks import lease
from rights.users import Key, Users

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

NAMES = ("web-001", "web-002", "web-003")
_MODULES = tempfile.TemporaryDirectory(prefix="modules-")
#: The key exchange that takes least. One that withstands quantum computers takes longer than all else of a login.
_QUICK = "curve25519-sha256"
#: Variables of the environment of ansible-playbook: what a run has packed of modules the next ones send, too.
KEEPING = {
    "ANSIBLE_SSH_EXTRA_ARGS": f"-o KexAlgorithms={_QUICK}",
    "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callbacks"),
    "KEPT_MODULES": _MODULES.name,
}
#: what an account keeps when all that was made is deleted again: what it was seeded with, the users who run playbooks,
#: KMS, the service-linked role of Security Center, and history
KEPT = {
    *("account", "access_key", "user", "policy", "kms_service", "kms_key", "kms_alias", "security_role"),
    *("invocation", "instance_session", "sts_session", "metadata_credentials", "client_token"),
}
Variables = dict[str, t.Any]


def key_pair(path: Path) -> str:
    """Make a key pair at ``path`` and return the public key."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", path], check=True)
    return path.with_suffix(".pub").read_text().strip()


@dataclass(frozen=True)
class Run:
    """How a run of ansible-playbook ended."""

    code: int
    output: str
    seconds: float

    @property
    def succeeded(self) -> bool:
        return self.code == 0

    def recap(self, host: str) -> dict[str, int]:
        """The counts of a host's line in the recap."""
        line = re.search(rf"^{re.escape(host)}\s+: (.*)$", self.output, re.MULTILINE)
        assert line, f"{host} is not in the recap:\n{self.output}"
        return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", line[1])}

    def changed(self, host: str) -> int:
        """How many tasks changed something on the host; it must not have failed."""
        recap = self.recap(host)
        assert not recap["failed"] + recap["unreachable"], f"{host} failed:\n{self.output}"
        return recap["changed"]

    def failure(self, host: str) -> str:
        """With what the host failed at last, printed on one line or on many; it must have failed."""
        assert self.recap(host)["failed"], f"{host} did not fail:\n{self.output}"
        failures = rf"^fatal: \[{re.escape(host)}(?: -> \w+)?\]: FAILED! => "
        start = list(re.finditer(failures, self.output, re.MULTILINE))[-1]
        result, _end = json.JSONDecoder().raw_decode(self.output, start.end())
        return str(result["msg"])


class Site:
    """The fleet ``web`` of three trusted instances, and what it takes to run playbooks on it."""

    first_run: Run
    #: Whether tests of other files use it, too.
    shared = False

    def __init__(self, folder: Path, cloud: LocalCloud, *, keeps: bool = True) -> None:
        """
        :param keeps: whether runs send what earlier ones have packed; what measures or watches them must not have that
        """
        self.folder, self.cloud = folder, cloud
        more = KEEPING if keeps else {}
        self.ansible = Ansible(folder, cloud, ANSIBLE_PIPELINING="true", HOME=str(folder), **more)
        self.users = Users(cloud)
        self.owner = Key(cloud.access_key_id, cloud.access_key_secret)
        # Measuring what ansible-playbook covers takes more than half as long again, and tests/integration does it.
        self.ansible.environment.pop("COVERAGE_PROCESS_CONFIG", None)
        self.key = folder / "web.pem"
        self.known_hosts = folder / "known_hosts"
        network = lease()
        self.variables: Variables = {
            "fleet_name": "web",
            "fleet_count": len(NAMES),
            "fleet_instance_type": "ecs.g7t.large",
            "fleet_image_id": "aliyun_3_x64_20G_uefi_alibase_20240528.vhd",
            "fleet_private_key_file": str(self.key),
            "fleet_known_hosts_file": str(self.known_hosts),
            "network_name": "web",
            "network_zone_id": "cn-hangzhou-h",
            "network_cidr_block": f"{network}.0.0/16",
            "network_vswitch_cidr_block": f"{network}.0.0/24",
            "network_ssh_from": ["100.64.0.0/10"],
        }
        self.inventory = folder / "web.alitrust.yml"
        self.inventory.write_text(
            yaml.safe_dump(
                {
                    "plugin": "alitrust.ecs.instances",
                    "fleets": ["web"],
                    "compose": {
                        "ansible_user": "'root'",
                        "ansible_ssh_private_key_file": f"'{self.key}'",
                        "ansible_ssh_common_args": f"'-o UserKnownHostsFile={self.known_hosts}'",
                    },
                }
            )
        )

    # -- ansible

    def playbook(self, name: str | Path, *arguments: str | Path, by_owner: bool = False, **variables: t.Any) -> Run:
        """Run a playbook of the collection (or one at a path) with the fleet's variables and these.

        One of the collection is run by a user with its policy in C(docs/policies), who must not be refused anything.

        :param by_owner: run it as the account, for what that policy does not cover
        """
        user = "" if by_owner or isinstance(name, Path) else name
        self.ansible.environment |= (self.users.key(user) if user else self.owner).environment()
        extra = self.folder / "variables.yml"
        extra.write_text(yaml.safe_dump({**self.variables, **variables}))
        book = name if isinstance(name, Path) else f"alitrust.ecs.{name}"
        run = self.run(book, "-e", f"@{extra}", *arguments)
        if user:
            assert self.users.denied(user) == set(), run.output
        return run

    def guest(self, hosts: t.Mapping[str, Variables], *arguments: str) -> Run:
        """Run the role guest on some hosts, each with variables of its own; it does nothing but what they say."""
        quiet = {"guest_trust_client_state": "ignored"}
        inventory = self.folder / "guest.yml"
        inventory.write_text(yaml.safe_dump({"alitrust_fleet": {"hosts": {
            name: {
                "ansible_host": self.address(name),
                "ansible_user": "root",
                "ansible_ssh_private_key_file": str(self.key),
                "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.known_hosts}",
                **quiet,
                **variables,
            }
            for name, variables in hosts.items()
        }}}))  # fmt: skip
        return self.run("alitrust.ecs.configure", "-i", inventory, *arguments)

    def run(self, *arguments: str | Path) -> Run:
        """Run ansible-playbook with these arguments."""
        started = time.monotonic()
        done = self.ansible.command("ansible-playbook", *arguments)
        return Run(done.returncode, done.stdout + done.stderr, time.monotonic() - started)

    # -- what there is

    def kinds(self) -> set[str]:
        """Of what kinds there is something that could be deleted."""
        # What begins with trust is the trusted server's memory, which has no operation to delete it.
        return {kind for kind in self.cloud.status()["records"] if not kind.startswith("trust")} - KEPT

    def names(self) -> set[tuple[str, str]]:
        """Kind and name of each of these."""
        members = (
            (kind, *member) for kind in self.kinds() for one in self.cloud.resources(kind) for member in one.items()
        )
        return {(kind, value) for kind, key, value in members if key.endswith("Name") and key != "HostName" and value}

    # -- hosts

    def instance(self, name: str) -> dict[str, t.Any]:
        return next(one for one in self.cloud.resources("instance") if one["InstanceName"] == name)

    def address(self, name: str) -> str:
        return str(self.instance(name)["PrivateIpAddress"])

    def ssh(
        self, name: str, command: str, *, key: Path | None = None, user: str = "root", known_hosts: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Log in with nothing but this key, and with no other host key than the known one."""
        return subprocess.run(
            self.ssh_command(name, command, key=key, user=user, known_hosts=known_hosts),
            capture_output=True,
            text=True,
            timeout=self.ansible.timeout,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def ssh_command(
        self, name: str, command: str, *, key: Path | None = None, user: str = "root", known_hosts: Path | None = None
    ) -> list[str | Path]:
        """What C(ssh) runs."""
        options = {
            "UserKnownHostsFile": known_hosts or self.known_hosts,
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "BatchMode": "yes",
            "ConnectTimeout": 60,
            "KexAlgorithms": _QUICK,
        }
        return [
            *("ssh", "-F", "none", "-i", key or self.key),
            *(part for option in options.items() for part in ("-o", "{}={}".format(*option))),
            *(f"{user}@{self.address(name)}", command),
        ]

    def output(self, name: str, command: str) -> str:
        """What a command that must succeed prints on the host."""
        done = self.ssh(name, command)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, name: str, path: str, text: str, mode: int = 0o644) -> None:
        """Put a file onto a host."""
        self.output(name, f"cat > {path} <<'END'\n{text}END\nchmod {mode:o} {path}")
