# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is listed in two places agrees."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
MODULES = {path.stem: path for path in sorted((ROOT / "plugins" / "modules").glob("*.py"))}
RUNTIME: dict[str, t.Any] = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
GALAXY: dict[str, t.Any] = yaml.safe_load((ROOT / "galaxy.yml").read_text())


def documentation(module: str) -> dict[str, t.Any]:
    for statement in ast.parse(MODULES[module].read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "DOCUMENTATION":
            document: dict[str, t.Any] = yaml.safe_load(ast.literal_eval(statement.value))
            return document
    raise AssertionError(f"{module} has no DOCUMENTATION")


def requirements(path: str) -> list[Requirement]:
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in (ROOT / path).read_text().splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-r")]


CLOUD_MODULES = [
    name for name in MODULES if "alitrust.ecs.cloud" in documentation(name)["extends_documentation_fragment"]
]


def test_the_action_group_names_every_cloud_module() -> None:
    assert RUNTIME["action_groups"]["all"] == CLOUD_MODULES


def test_every_cloud_module_runs_through_the_action_plugin() -> None:
    actions = {path.stem: path.read_text() for path in (ROOT / "plugins" / "action").glob("*.py")}
    others = [name for name, text in actions.items() if "_cloud_action import ActionModule, preload" not in text]
    assert sorted(others) == ["guest_info", "metadata_credentials"], "these run in instances"
    assert sorted(set(actions) - set(others)) == CLOUD_MODULES
    assert [name for name, text in actions.items() if "\npreload(__name__)\n" not in text] == others


@pytest.mark.parametrize("module", MODULES)
def test_every_module_documents_its_attributes(module: str) -> None:
    fragments = documentation(module)["extends_documentation_fragment"]
    assert any(fragment.startswith("alitrust.ecs.attributes") for fragment in fragments)
    assert ("alitrust.ecs.attributes.info" in fragments) == module.endswith("_info")


@pytest.mark.parametrize("module", MODULES)
def test_every_module_names_the_release_that_brought_it(module: str) -> None:
    released = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text())["releases"]
    assert documentation(module)["version_added"] in {*released, GALAXY["version"]}


@pytest.mark.parametrize("path", ["requirements.txt", "tests/local_cloud/requirements.txt"])
def test_requirements_are_well_formed_and_say_the_oldest_release(path: str) -> None:
    for requirement in requirements(path):
        assert ">=" in {specifier.operator for specifier in requirement.specifier}, requirement


def test_the_execution_environment_points_at_files_that_exist() -> None:
    wanted = yaml.safe_load((ROOT / "meta" / "execution-environment.yml").read_text())["dependencies"]
    assert all((ROOT / name).is_file() for name in wanted.values())


def test_no_sanity_check_is_ignored() -> None:
    assert not list((ROOT / "tests" / "sanity").glob("ignore-*.txt"))


def test_the_collection_ships_the_local_cloud_and_no_development_tools() -> None:
    ignored = set(GALAXY["build_ignore"])
    assert {"dev", "tests/unit", "tests/integration", ".git"} <= ignored
    assert not any(name.startswith("tests/local_cloud") or name == "tests" for name in ignored)
