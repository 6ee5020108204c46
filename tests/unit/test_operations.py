# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every row of "What the documents describe, and how to do it here" leads to something that exists and is tested."""

from __future__ import annotations

import ast
import typing as t
from functools import cache
from pathlib import Path

import operations_page
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROWS = operations_page.rows()


@cache
def examples(module: str) -> set[str]:
    for statement in ast.parse((ROOT / "plugins" / "modules" / f"{module}.py").read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "EXAMPLES":
            tasks: list[dict[str, t.Any]] = yaml.safe_load(ast.literal_eval(statement.value))
            return {task["name"] for task in tasks}
    return set()


@cache
def functions_of(path: str) -> set[str]:
    return {node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)}


def leads_somewhere(row: dict[str, str]) -> bool:
    if "module" in row:
        return row["example"] in examples(row["module"])
    if "by_hand" in row:
        return not {"module", "example", "test"} & set(row)
    if "role" in row:
        return (ROOT / "roles" / row["role"] / "tasks" / "main.yml").exists()
    if "playbook" in row:
        return (ROOT / "playbooks" / f"{row['playbook']}.yml").exists()
    return (ROOT / row["file"]).exists()


def test_every_row_names_what_does_the_operation() -> None:
    assert ROWS
    assert [row["operation"] for row in ROWS if not leads_somewhere(row)] == []


def test_every_row_names_a_test_that_exists() -> None:
    missing = []
    for row in [one for one in ROWS if "by_hand" not in one]:
        path, _sep, name = row["test"].partition("::")
        if not (ROOT / path).exists() or name.partition("[")[0] not in functions_of(path):
            missing.append(row["test"])
    assert missing == []


def test_the_page_is_the_one_that_the_rows_make() -> None:
    assert operations_page.PAGE.read_text() == operations_page.page(), "run dev/operations-page"
