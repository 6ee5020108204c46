# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is listed in two places agrees."""

from __future__ import annotations

import ast
import re
import tomllib
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.plugins import loader
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
MODULES = {path.stem: path for path in sorted((ROOT / "plugins" / "modules").glob("*.py"))}
RUNTIME: dict[str, t.Any] = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
GALAXY: dict[str, t.Any] = yaml.safe_load((ROOT / "galaxy.yml").read_text())
#: The folders that have to be enough to run.
FOUR = ("meta", "playbooks", "plugins", "roles")
#: All that a changelog lists as new.
PLUGINS = [
    path
    for kind in ("callback", "connection", "filter", "inventory", "lookup", "modules")
    for path in sorted((ROOT / "plugins" / kind).glob("*.py"))
]


def documentation(module: str, part: str = "DOCUMENTATION") -> dict[str, t.Any]:
    for statement in ast.parse(MODULES[module].read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == part:
            document: dict[str, t.Any] = yaml.safe_load(ast.literal_eval(statement.value))
            return document
    raise AssertionError(f"{module} has no {part}")


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
def test_modules_return_no_facts(module: str) -> None:
    """Only what is named _facts may, and nothing else."""
    assert "ansible_facts" not in documentation(module, "RETURN")


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_plugin_names_the_release_that_brought_it(path: Path) -> None:
    released = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text())["releases"]
    found = re.findall(r"^ *version_added: '?([\d.]+)'?$", path.read_text(), re.MULTILINE)
    assert found, "a changelog lists it under that release"
    assert set(found) <= {*released, GALAXY["version"]}


@pytest.mark.parametrize("path", ["meta/ee-requirements.txt", "tests/local_cloud/requirements.txt"])
def test_requirements_are_well_formed_and_say_the_oldest_release(path: str) -> None:
    for requirement in requirements(path):
        assert ">=" in {specifier.operator for specifier in requirement.specifier}, requirement


def test_the_execution_environment_points_at_files_that_exist() -> None:
    wanted = yaml.safe_load((ROOT / "meta" / "execution-environment.yml").read_text())["dependencies"]
    assert all((ROOT / name).is_file() for name in wanted.values())


@pytest.mark.parametrize("path", sorted((ROOT / "changelogs" / "fragments").glob("*.yml")), ids=lambda path: path.stem)
def test_fragments_are_what_a_changelog_shows(path: Path) -> None:
    """It is reStructuredText, not marked as plugin documentation is; a first release breaks nothing that there was."""
    assert re.findall(r"\b[A-Z]{1,3}\([^()]*\)", path.read_text()) == []
    if not yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text())["releases"]:
        kinds = set(yaml.safe_load(path.read_text()))
        assert kinds.isdisjoint({"breaking_changes", "deprecated_features", "removed_features"})


def test_no_sanity_check_is_ignored() -> None:
    assert not list((ROOT / "tests" / "sanity").glob("ignore-*.txt"))


def test_the_collection_ships_neither_tests_nor_development_tools() -> None:
    assert {".git", "dev", "pyproject.toml", "tests"} <= set(GALAXY["build_ignore"])


def test_the_local_cloud_is_released_with_the_collection() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["version"] == GALAXY["version"]
    lists = project["tool"]["setuptools"]["dynamic"]["dependencies"]["file"]
    assert lists == ["meta/ee-requirements.txt", "tests/local_cloud/requirements.txt"]


def test_pip_and_execution_environments_have_one_list() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == ["-r meta/ee-requirements.txt"]


@pytest.mark.parametrize("room", ["module_utils", "plugin_utils"])
def test_what_is_not_for_others_is_named_private(room: str) -> None:
    public = [path.name for path in (ROOT / "plugins" / room).iterdir() if not path.name.startswith("_")]
    assert public == []


def test_what_is_not_for_others_says_so() -> None:
    for path in (path for room in ("module_utils", "plugin_utils") for path in (ROOT / "plugins" / room).rglob("*.py")):
        said = ast.get_docstring(ast.parse(path.read_text())) or ""
        assert path.name == "__init__.py" or "private" in said.lower(), path


def test_plugins_are_in_folders_that_ansible_or_collections_use() -> None:
    loaders = [one for one in vars(loader).values() if isinstance(one, loader.PluginLoader)]
    known = {one.package.rpartition(".")[2] for one in loaders} | {"plugin_utils"}
    assert {path.name for path in (ROOT / "plugins").iterdir() if path.name != "__pycache__"} <= known


def test_nothing_that_users_run_needs_another_folder() -> None:
    """A collection has to work with these four alone."""
    folders = "|".join(path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in FOUR)
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in FOUR
        for path in (ROOT / folder).rglob("*.y*ml")
        for line in path.read_text().splitlines()
        if re.search(rf"(playbook_dir|role_path)\b.*/({folders})\b", line)
    ]
    assert found == []
