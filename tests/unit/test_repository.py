# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GitHub, editors, ansible-test and tox-ansible read agrees with dev/."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import tomllib
import typing as t
from collections import Counter

import environment
import pytest
import run
import yaml
from environment import CHECKOUT, REQUIREMENTS
from packaging.requirements import Requirement

WORKFLOWS = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
CHECKS = {check.name: check for check in run.CHECKS}


def steps(workflow: t.Any) -> t.Iterator[tuple[dict[str, t.Any], dict[str, t.Any]]]:
    for job in workflow["jobs"].values():
        for step in job.get("steps", [job]):  # or the job is another's workflow
            yield job, step


def checks_of(workflow: t.Any) -> list[tuple[str, bool]]:
    """The names after dev/test in a workflow, and those that its matrix puts there, each with whether root runs it."""
    found = []
    for job, step in steps(workflow):
        for names in re.findall(r"dev/test (.*)", step.get("run", "")):
            rooted = "sudo" in step["run"]
            if names != "$CHECKS":
                found += [(name, rooted) for name in names.split()]
                continue
            for one in job["strategy"]["matrix"]["include"]:
                if one.get("root", False) == rooted:
                    found += [(name, rooted) for name in one["checks"].split()]
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_run_checks_and_commands_that_there_are(path: t.Any) -> None:
    workflow = yaml.safe_load(path.read_text())
    run.chosen([name for name, _rooted in checks_of(workflow)])  # exits where there is no such check
    for command in re.findall(r"\bdev/[\w-]+", path.read_text()):
        assert os.access(CHECKOUT / command, os.X_OK), command
    for _job, step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+(/[\w.-]+)+@[0-9a-f]{40}", step["uses"]), step["uses"]


def test_a_pull_request_runs_each_check_once() -> None:
    workflow = yaml.safe_load((CHECKOUT / ".github" / "workflows" / "pull_request.yml").read_text())
    named = checks_of(workflow)
    found = Counter(check.name for name, _rooted in named for check in run.chosen([name]))
    assert found == Counter(name for name, check in CHECKS.items() if not check.optional)
    rooted = {check.name for name, root in named if root for check in run.chosen([name])}
    assert {name for name, check in CHECKS.items() if check.root and not check.optional} <= rooted


def test_workflows_have_each_python() -> None:
    for path in WORKFLOWS:
        for _job, step in steps(yaml.safe_load(path.read_text())):
            if "setup-python" in step.get("uses", ""):
                assert sorted(step["with"]["python-version"].split()) == sorted(run.VERSIONS), path.name


def test_hooks_of_pre_commit_are_checks() -> None:
    hooks = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]  # others would have pins of their own
    for hook in hooks[0]["hooks"]:
        assert hook["entry"] == hook["name"] == f"dev/test {hook['id']}"
        assert hook["id"] in CHECKS


def test_hints_of_documents_are_checks() -> None:
    for name in ("CONTRIBUTING.md", "docs/docsite/rst/contributing.rst", ".github/pull_request_template.md"):
        for names in re.findall(r"`dev/test ([\w. -]+)`", (CHECKOUT / name).read_text()):
            run.chosen([name for name in names.split() if not name.startswith("--")])


def requirements(text: str) -> dict[str, set[str]]:
    """The bounds of each requirement, in all the files that the text is of."""
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith(("#", "-r")):
            requirement = Requirement(line.split(" #")[0])
            found.setdefault(requirement.name.lower(), set()).add(str(requirement.specifier))
    return found


def all_of(name: str) -> dict[str, set[str]]:
    return requirements("\n".join(file.read_text() for file in environment.requirement_files(REQUIREMENTS / name)))


def test_ansible_test_installs_what_dev_test_has() -> None:
    # It copies this file alone, so there is nothing that it could include.
    given = requirements((CHECKOUT / "tests" / "unit" / "requirements.txt").read_text())
    known = all_of("test.txt")
    assert not {name: bounds for name, bounds in given.items() if not bounds <= known.get(name, set())}
    assert set(all_of("runtime.txt")) - {"ansible-core"} <= set(given)


def test_the_newest_is_what_has_no_upper_bound() -> None:
    text = '-r more.txt\na-b>=1.2,<2 # why\nansible-core>=2.19,<2.20; python_version < "3.12"\nc>=1, <=4\n# d>=1,<2\n'
    assert environment.unbounded(text) == (
        '\na-b>=1.2 # why\nansible-core>=2.19.dev0; python_version < "3.12"\nc>=1\n# d>=1\n'
    )


def test_tox_ansible_has_the_pythons_and_cores_of_dev_test() -> None:
    settings = configparser.ConfigParser(allow_no_value=True)
    settings.read(CHECKOUT / "tox-ansible.ini")
    skipped = settings["ansible"]["skip"].split()
    core = {}
    for version in run.VERSIONS:
        for line in (REQUIREMENTS / "sanity.txt").read_text().splitlines():
            if line and not line.startswith("#"):
                requirement = Requirement(line)
                if requirement.marker is None or requirement.marker.evaluate({"python_version": version}):
                    core[version] = re.findall(r">=([\d.]+)", str(requirement.specifier))[0]
    for python, release in core.items():
        assert not [part for part in skipped if part in f"unit-py{python}-{release}"]


def test_linters_leave_nothing_out() -> None:
    settings = yaml.safe_load((CHECKOUT / ".ansible-lint").read_text())
    assert settings["profile"] == "production"
    assert not {"skip_list", "warn_list"} & set(settings)
    # Red Hat's workflow runs ansible-lint with these settings, which then has to install the collection.
    assert "offline" not in settings
    assert not list((CHECKOUT / "tests" / "sanity").glob("ignore-*"))


def test_editors_know_the_same() -> None:
    sections = configparser.ConfigParser()
    sections.read_string("[top]\n" + (CHECKOUT / ".editorconfig").read_text())
    ruff = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["ruff"]
    assert sections["*"]["max_line_length"] == str(ruff["line-length"])
    settings = json.loads((CHECKOUT / ".vscode" / "settings.json").read_text())
    assert settings["editor.rulers"] == [ruff["line-length"]]
    extensions = json.loads((CHECKOUT / ".vscode" / "extensions.json").read_text())["recommendations"]
    container = json.loads((CHECKOUT / ".devcontainer" / "devcontainer.json").read_text())
    assert container["customizations"]["vscode"]["extensions"] == extensions
    commands = yaml.safe_load((CHECKOUT / "devfile.yaml").read_text())["commands"]
    for command in (container["onCreateCommand"], *(one["exec"]["commandLine"] for one in commands)):
        assert os.access(CHECKOUT / command, os.X_OK), command


def test_nothing_is_published_without_a_token_and_the_tag() -> None:
    settings = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    command = [str(CHECKOUT / "dev" / "release"), "--publish"]
    for given, said in (({}, "GALAXY_TOKEN is not set"), ({"GALAXY_TOKEN": "t0ken-of-nobody"}, "tag")):
        done = subprocess.run(command, env=settings | given, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert said in done.stderr
        assert "t0ken" not in done.stdout + done.stderr
