# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong variables of the playbook provision: each is told in one message, and nothing was written.

C(wrong_variables.yml) is the table. The play is the one of the playbook, with a host for each case in place of
localhost, so that one run of ansible-playbook has many. In check mode, the module gets what the play gave it; some
cases are played in check mode, too, to show that the playbook does nothing else then.
"""

from __future__ import annotations

import json
import re
import string
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
Case = dict[str, t.Any]
CASES: dict[str, Case] = TABLE["cases"]
#: Cases that are played in check mode, too: nothing at all, one of another kind, one of each module, several.
PLAYED = (
    "no variables at all",
    "rules in words",
    "unknown zone",
    "name of a role with a slash",
    "the third rule",
    "file that exists",
    "four at once",
)
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
        self.before = self.account.contents()
        cloud.forget_requests()
        self.ansible = Ansible(folder, cloud, HOME=str(folder), ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
        self.ansible.environment.pop("COVERAGE_PROCESS_CONFIG", None)

    def run(self, cases: dict[str, Case], *arguments: str) -> dict[str, dict[str, t.Any]]:
        """How the preflight of each case ends."""
        names = self.account.names
        hosts = {f"case-{number}": variables(case, names) for number, case in enumerate(cases.values())}
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory = self.ansible.folder / "cases.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": local}}))
        [play] = yaml.safe_load((ROOT / "playbooks" / "provision.yml").read_text())
        book = self.ansible.folder / "provision.yml"
        files = [str(ROOT / "playbooks" / path) for path in play["vars_files"]]
        book.write_text(yaml.safe_dump([{**play, "hosts": "all", "vars_files": files}]))
        done = self.ansible.command("ansible-playbook", "-i", inventory, book, "--forks", "2", *arguments)
        assert "Traceback" not in done.stdout + done.stderr
        result = json.loads(done.stdout[done.stdout.index("{\n") :])
        ends: dict[str, dict[str, t.Any]] = {host: {"msg": ""} for host in hosts}
        for task in result["plays"][0]["tasks"]:
            for host, outcome in task["hosts"].items():
                if outcome.get("failed") and "censored" not in outcome:
                    ends[host] = outcome
        return dict(zip(cases, ends.values(), strict=True))

    def check(self, cases: dict[str, Case], ends: dict[str, dict[str, t.Any]]) -> None:
        """Each end has the words that its case is to have, and nothing was written."""
        names = self.account.names
        missing = {
            name: [word for word in map(str, filled(case["words"], names)) if word not in ends[name]["msg"]]
            for name, case in cases.items()
        }
        wrong = {name: [words, ends[name]["msg"]] for name, words in missing.items() if words or not ends[name]["msg"]}
        assert not wrong, json.dumps(wrong, indent=1)
        assert names["private_key"].splitlines()[1] not in str(ends)
        dry_run = {"ecs:RunInstances"} if self.account.only_dry_runs() else set()
        assert {one for one in self.account.cloud.counts() if not _READS.fullmatch(one)} <= dry_run
        assert self.account.contents() == self.before


@pytest.fixture
def provision(tmp_path: Path, fresh_cloud: LocalCloud) -> Provision:
    return Provision(tmp_path, fresh_cloud)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 80


@pytest.mark.parametrize("half", [0, 1])
def test_what_is_wrong_is_told_at_once_and_nothing_was_written(provision: Provision, half: int) -> None:
    cases = dict(list(CASES.items())[half::2])
    ends = provision.run(cases)
    provision.check(cases, ends)
    secret, checked = {}, {}
    for name, end in ends.items():
        arguments = end["invocation"]["module_args"]
        if "NO_LOG" in str(arguments) or name in PLAYED:
            secret[name] = cases[name]
        else:
            checked[name] = provision.account.modules.run("preflight_info", check=True, fails=True, **given(arguments))
    assert {name: end["msg"] for name, end in checked.items()} == {name: ends[name]["msg"] for name in checked}
    ends = provision.run(secret, "--check")
    provision.check(secret, ends)


def given(arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    """The arguments of a task without what is not given."""
    return {name: value for name, value in arguments.items() if value is not None}
