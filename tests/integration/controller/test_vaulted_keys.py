# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AccessKeys in a vault work in the stock playbooks and in the inventory, and are shown nowhere."""

from __future__ import annotations

import os
import shlex
import typing as t
from pathlib import Path

import pytest
import yaml
from controller.playbook import Ansible
from guides import ROOT, blocks

from local_cloud.control import LocalCloud

CREDENTIALS = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET")
#: What a run leaves behind, besides its output: the log, and the cache of facts.
TRACES = {
    "ANSIBLE_LOG_PATH": "ansible.log",
    "ANSIBLE_CACHE_PLUGIN": "jsonfile",
    "ANSIBLE_CACHE_PLUGIN_CONNECTION": "facts",
    # From ansible-core 2.21 on, results have the arguments of a module only on request.
    "ANSIBLE_INJECT_INVOCATION": "true",
}


CONNECTION = ROOT / "playbooks" / "vars" / "connection.yml"
GUIDE = ROOT / "docs" / "docsite" / "rst" / "authentication.rst"


class Vault:
    """Ansible without credentials in its environment, and a password that opens files of variables."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.ansible = Ansible(folder, cloud, ANSIBLE_VAULT_PASSWORD_FILE="password", **TRACES)
        self.ansible.environment["PWD"] = str(folder)  # where the report goes
        for name in CREDENTIALS:
            del self.ansible.environment[name]
        (folder / "password").write_text("open sesame")

    @property
    def folder(self) -> Path:
        return self.ansible.folder

    def file(self, **variables: str) -> str:
        """A file of variables that is encrypted as a whole."""
        path = self.folder / "keys.yml"
        path.write_text(yaml.safe_dump(variables))
        assert self.ansible.command("ansible-vault", "encrypt", path.name).returncode == 0
        return f"@{path.name}"

    def strings(self, **variables: str) -> str:
        """A file of variables in which each value is encrypted."""
        path = self.folder / "strings.yml"
        done = [
            self.ansible.command("ansible-vault", "encrypt_string", "--name", name, value)
            for name, value in variables.items()
        ]
        path.write_text("\n".join(one.stdout for one in done))
        return f"@{path.name}"

    def play(self, name: str, *arguments: str) -> tuple[int, str]:
        done = self.ansible.command("ansible-playbook", f"alitrust.ecs.{name}", "-vvv", *arguments)
        return done.returncode, done.stdout + done.stderr

    def kept_secret(self, output: str, *secrets: str) -> None:
        """Nothing that was printed or written has one of the secrets in it."""
        written = [Path(folder) / name for folder, _folders, names in os.walk(self.folder) for name in names]
        told = output + "".join(path.read_text(errors="replace") for path in written)
        assert not [secret for secret in secrets if secret in told]


@pytest.fixture
def vault(tmp_path: Path, fresh_cloud: LocalCloud) -> Vault:
    return Vault(tmp_path, fresh_cloud)


def keys(cloud: LocalCloud, **more: str) -> dict[str, str]:
    return {
        "alitrust_access_key_id": cloud.access_key_id,
        "alitrust_access_key_secret": cloud.access_key_secret,
        **more,
    }


def test_the_guide_s_way_to_a_vault(vault: Vault) -> None:
    (written,) = (block for block in blocks(GUIDE, "yaml") if block.startswith("# keys.yml"))
    assert set(yaml.safe_load(written)) == set(keys(vault.cloud))
    (vault.folder / "keys.yml").write_text(yaml.safe_dump(keys(vault.cloud)))
    (commands,) = (block for block in blocks(GUIDE, "console") if "ansible-vault" in block)
    for line in commands.strip().splitlines():
        # The password is in a file here, because nobody is there to be asked for it.
        words = [word for word in shlex.split(line.removeprefix("$ ")) if word != "--ask-vault-pass"]
        done = vault.ansible.command(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    assert vault.cloud.counts()["ecs:DescribeInstances"] >= 1


@pytest.mark.parametrize("in_process", ["true", "false"])
@pytest.mark.parametrize("kind", ["file", "strings"])
def test_a_playbook_takes_them_and_shows_them_nowhere(vault: Vault, kind: str, in_process: str) -> None:
    given = keys(vault.cloud, alitrust_security_token="", alitrust_profile="")
    if kind == "strings":
        given = {name: value for name, value in given.items() if value}
    source = getattr(vault, kind)(**given)
    code, output = vault.play("audit", "-e", source, "-e", f"alitrust_in_process={in_process}")
    assert code == 0, output
    assert vault.cloud.counts()["ecs:DescribeInstances"] >= 1
    vault.kept_secret(output, *keys(vault.cloud).values())
    assert '"access_key_secret": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"' in output


def test_what_is_refused_is_not_shown_either(vault: Vault) -> None:
    wrong = {"alitrust_access_key_id": "LTAI-canary-id", "alitrust_access_key_secret": "canary-secret"}
    for source in (
        vault.file(**wrong),
        vault.strings(**wrong),
        vault.strings(**wrong, alitrust_security_token="canary-t"),
    ):
        code, output = vault.play("audit", "-e", source)
        assert code != 0
        assert "InvalidAccessKeyId.NotFound" in output or "InvalidSecurityToken" in output, output
        vault.kept_secret(output, "canary")


def test_blank_ones_are_not_given(vault: Vault) -> None:
    vault.ansible.environment.update(zip(CREDENTIALS, keys(vault.cloud).values(), strict=True))
    blank: dict[str, t.Any] = dict.fromkeys(yaml.safe_load(CONNECTION.read_text())["alitrust__connection"])
    for value in ("", None):
        variables = {f"alitrust_{name}": value for name in blank}
        (vault.folder / "blank.yml").write_text(yaml.safe_dump(variables))
        code, output = vault.play("audit", "-e", "@blank.yml")
        assert code == 0, output


def test_the_inventory_takes_them(vault: Vault) -> None:
    vault.strings(access_key_id=vault.cloud.access_key_id, access_key_secret=vault.cloud.access_key_secret)
    text = "plugin: alitrust.ecs.instances\n" + (vault.folder / "strings.yml").read_text()
    (vault.folder / "fleet.alitrust.yml").write_text(text)
    vault.ansible.environment["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "true"
    done = vault.ansible.command("ansible-inventory", "-i", "fleet.alitrust.yml", "--list", "-vvv")
    assert done.returncode == 0, done.stderr
    assert vault.cloud.counts()["ecs:DescribeInstances"] == 1
    vault.kept_secret(done.stdout + done.stderr, *keys(vault.cloud).values())
