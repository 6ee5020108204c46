# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong variables of the playbook provision: each is told in one message, and nothing was written.

C(wrong_variables.yml) is the table. The play is the one of the playbook, with a host for each case in place of
localhost, so that one run of ansible-playbook has them all. What this cannot show, that the playbook itself begins so, is
in the last test.
"""

from __future__ import annotations

import json
import re
import string
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from controller.playbook import Ansible
from modules.harness import Modules
from preflight.account import Account

from local_cloud.control import LocalCloud

ROOT = Path(__file__).resolve().parents[3]
TABLE: dict[str, t.Any] = yaml.safe_load((Path(__file__).parent / "wrong_variables.yml").read_text())
CASES: dict[str, dict[str, t.Any]] = TABLE["cases"]
_READS = re.compile(r"\w[\w-]*:(Describe|Get|List)\w*")


def filled(value: t.Any, names: dict[str, t.Any]) -> t.Any:
    """The value with what the account has in place of C(${...})."""
    if isinstance(value, dict):
        return {key: filled(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    if isinstance(value, str) and re.fullmatch(r"\$\{\w+\}", value):
        return names[value[2:-1]]
    return string.Template(value).substitute(names) if isinstance(value, str) else value


def variables(case: dict[str, t.Any], names: dict[str, t.Any]) -> dict[str, t.Any]:
    base = {} if case.get("without_base") else TABLE["base"]
    own = {key: value for key, value in case.items() if key not in ("words", "without_base")}
    return t.cast("dict[str, t.Any]", filled({**base, **own}, names))


class Provision:
    """The play of the playbook, for hosts that are cases."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        self.account = Account(Modules(cloud), folder)
        self.ansible = Ansible(folder, cloud, HOME=str(folder), ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
        self.ansible.environment.pop("COVERAGE_PROCESS_CONFIG", None)

    def run(self, cases: dict[str, dict[str, t.Any]], *arguments: str) -> dict[str, str]:
        """The message that each case ends with; blank where it does not fail."""
        hosts = {f"case-{number}": case for number, case in enumerate(cases.values())}
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory = self.ansible.folder / "cases.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": local}}))
        [play] = yaml.safe_load((ROOT / "playbooks" / "provision.yml").read_text())
        book = self.ansible.folder / "provision.yml"
        book.write_text(yaml.safe_dump([{**play, "hosts": "all"}]))
        done = self.ansible.command("ansible-playbook", "-i", inventory, book, "--forks", "2", *arguments)
        assert "Traceback" not in done.stdout + done.stderr
        result = json.loads(done.stdout[done.stdout.index("{\n") :])
        said = dict.fromkeys(hosts, "")
        for task in result["plays"][0]["tasks"]:
            for host, outcome in task["hosts"].items():
                if outcome.get("failed") and "censored" not in outcome:
                    said[host] = outcome["msg"]
        return dict(zip(cases, said.values(), strict=True))


@pytest.fixture
def provision(tmp_path: Path, fresh_cloud: LocalCloud) -> Provision:
    return Provision(tmp_path, fresh_cloud)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 80


@pytest.mark.parametrize("arguments", [["--check"], []], ids=["check", "real"])
def test_what_is_wrong_is_told_at_once_and_nothing_was_written(provision: Provision, arguments: list[str]) -> None:
    account = provision.account
    before = account.contents()
    account.cloud.forget_requests()
    said = provision.run({name: variables(case, account.names) for name, case in CASES.items()}, *arguments)
    missing = {
        name: [word for word in filled(case["words"], account.names) if word not in said[name]]
        for name, case in CASES.items()
    }
    wrong = {name: (words, said[name]) for name, words in missing.items() if words or not said[name]}
    assert not wrong, json.dumps(wrong, indent=1)
    assert account.names["private_key"].splitlines()[1] not in str(said)
    dry = {"ecs:RunInstances"} if account.only_dry_runs() else set()
    assert {one for one in account.cloud.counts() if not _READS.fullmatch(one)} - dry == set()
    assert account.contents() == before
