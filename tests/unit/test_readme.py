# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README names everything there is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def first_cells(heading: str) -> set[str]:
    """Code words in the first column of the table under this heading row."""
    table = README.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    return {name for row in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


def test_every_module_is_listed() -> None:
    modules = {path.stem for path in (ROOT / "plugins/modules").glob("*.py")} - {"__init__"}
    assert first_cells("module") == modules


@pytest.mark.parametrize("kind", ["lookup", "callback"])
def test_every_plugin_is_listed(kind: str) -> None:
    assert first_cells(kind) == {path.stem for path in (ROOT / "plugins" / kind).glob("*.py")}


def test_every_role_is_listed() -> None:
    assert first_cells("role") == {path.parent.name for path in (ROOT / "roles").glob("*/tasks")}


def test_every_playbook_is_listed() -> None:
    books = {f"alitrust.ecs.{path.stem}" for path in (ROOT / "playbooks").glob("*.yml")}
    assert first_cells("playbook") == books


def test_the_headings_are_those_of_the_official_template() -> None:
    wanted = [
        "Using this collection",
        "Included content",
        "Tested with Ansible",
        "External requirements",
        "Code of Conduct",
        "Communication",
        "Contributing to this collection",
        "Release notes",
        "More information",
        "Licensing",
    ]
    assert [heading for heading in re.findall(r"^## (.+)$", README, re.MULTILINE) if heading in wanted] == wanted
