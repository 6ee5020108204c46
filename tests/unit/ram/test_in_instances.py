# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that runs in instances keeps to what an old Python there has."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
FILES = (
    *("modules/metadata_credentials.py", "module_utils/_ram/__init__.py", "module_utils/_ram/metadata.py"),
    *("module_utils/_cloud/__init__.py", "module_utils/_cloud/errors.py"),
)
OURS = {"ansible", "ansible_collections", ""}


@pytest.mark.parametrize("name", FILES)
def test_what_runs_in_an_instance_is_python_3_8_and_its_standard_library(name: str) -> None:
    tree = ast.parse((PLUGINS / name).read_text(), feature_version=(3, 8))
    brought = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            brought |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            brought.add("" if node.level else str(node.module).partition(".")[0])
    assert brought <= OURS | sys.stdlib_module_names
    assert "__future__" in brought or not tree.body, "else annotations are evaluated"


def test_nothing_else_of_the_collection_comes_along() -> None:
    reached = set()
    for name in FILES:
        for node in ast.walk(ast.parse((PLUGINS / name).read_text())):
            if isinstance(node, ast.ImportFrom) and (node.level or "alitrust" in str(node.module)):
                reached.add(str(node.module).rpartition(".")[2])
    assert reached == {"errors", "metadata"}
