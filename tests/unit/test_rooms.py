# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rooms of module_utils lie one above the other: what each imports is below it."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

ROOMS = Path(__file__).resolve().parents[2] / "plugins" / "module_utils"


def used(room: Path) -> set[str]:
    """The other rooms that the files of a room import from."""
    found = set()
    for path in room.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 2:
                found |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
    return found - {room.name}


def graph() -> dict[str, set[str]]:
    return {room.name: used(room) for room in ROOMS.iterdir() if (room / "__init__.py").exists()}


def test_no_room_imports_one_above_it() -> None:
    try:
        graphlib.TopologicalSorter(graph()).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"these import each other: {' <- '.join(error.args[1])}")


def test_the_door_and_the_flow_know_no_resource() -> None:
    rooms = graph()
    assert len(rooms) > 10
    assert rooms["_cloud"] == set()
    assert rooms["_core"] == {"_cloud"}
    assert rooms["_assistant"] <= {"_cloud", "_core"}
