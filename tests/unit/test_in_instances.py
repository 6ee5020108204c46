# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that run in instances keep to what an old Python there has."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
PREFIX = "ansible_collections.alitrust.ecs.plugins."
OURS = {"ansible", "ansible_collections", ""}
COMMON = {"_cloud", "_cloud/errors", "_cloud/hidden", "_cloud/in_instance", "_cloud/texts"}
#: What each of them brings along, besides itself.
BROUGHT = {
    "metadata_credentials": {*COMMON, "_cloud/answers", "_ram", "_ram/metadata"},
    "authorized_keys": {
        *(*COMMON, "_ssh"),
        *(f"_ssh/{name}" for name in ("authorized_keys", "entry", "host", "key", "lines", "listed", "module")),
        *(f"_ssh/{name}" for name in ("patterns", "rights", "sshd")),
    },
}
BROUGHT["authorized_keys_info"] = BROUGHT["authorized_keys"]
BROUGHT["guest_info"] = {
    *(*BROUGHT["authorized_keys"], "_guest"),
    *(f"_guest/{name}" for name in ("facts", "local_facts", "packages", "sshd", "state")),
}
BROUGHT["trust_client"] = {
    *(*COMMON, "_guest", "_ssh", "_ssh/key", "_ssh/module"),
    *(f"_guest/{name}" for name in ("packages", "trust_client", "web")),
}


def path_of(name: str) -> Path:
    path = PLUGINS / name
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imported(path: Path) -> list[str]:
    """The files of the collection that a file imports, from C(plugins) on."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            base = ".".join(path.relative_to(PLUGINS).parts[: -node.level])
            module = f"{base}.{node.module}" if node.module else base
        elif str(node.module).startswith(PREFIX):
            module = str(node.module).removeprefix(PREFIX)
        else:
            continue
        folder = module.replace(".", "/")
        if (PLUGINS / folder).is_dir():
            found += [folder, *(f"{folder}/{alias.name}" for alias in node.names)]
        else:
            found += [folder.rpartition("/")[0], folder]
    return found


def reached(module: str) -> set[str]:
    found: set[str] = set()
    ahead = [f"modules/{module}"]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += imported(path_of(name))
    return found - {f"modules/{module}"}


@pytest.mark.parametrize("module", BROUGHT)
def test_nothing_else_of_the_collection_comes_along(module: str) -> None:
    assert reached(module) == {f"module_utils/{name}" for name in BROUGHT[module]}


FILES = sorted(
    {name for module in BROUGHT for name in {f"modules/{module}", *reached(module)}}
    | {"module_utils/_guest/sources", "plugin_utils/_guest_plain"}
)


@pytest.mark.parametrize("name", FILES)
def test_what_runs_in_an_instance_is_python_3_8_and_its_standard_library(name: str) -> None:
    tree = ast.parse(path_of(name).read_text(), feature_version=(3, 8))
    brought = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            brought |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            brought.add("" if node.level else str(node.module).partition(".")[0])
    assert brought <= OURS | sys.stdlib_module_names
    assert "__future__" in brought or not tree.body, "else annotations are evaluated"


@pytest.mark.parametrize("name", FILES)
def test_no_newer_function_is_called(name: str) -> None:
    """What Python 3.9 and 3.10 brought and is written easily."""
    newer = {"removeprefix", "removesuffix", "pairwise", "is_relative_to", "readlink", "zip(strict)"}
    used = set()
    for node in ast.walk(ast.parse(path_of(name).read_text())):
        if isinstance(node, ast.Attribute):
            used.add(node.attr)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "zip":
            used |= {f"zip({keyword.arg})" for keyword in node.keywords}
    assert used.isdisjoint(newer)
