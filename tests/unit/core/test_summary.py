# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The line in which a task says what came of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.alitrust.ecs.plugins.module_utils._core import summary
from ansible_collections.alitrust.ecs.plugins.module_utils._core.plan import Plan, Step


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        (0, "nothing to change"),
        (1, "step 1"),
        (3, "step 1; step 2; step 3"),
        (4, "step 1; step 2; step 3; and 1 more step"),
        (120, "step 1; step 2; step 3; and 117 more steps"),
    ],
)
def test_a_change_in_one_line(steps: int, line: str) -> None:
    assert summary.of_plan(Plan({}, {}, tuple(Step(f"step {n}", "do") for n in range(1, steps + 1)))) == line


@pytest.mark.parametrize(
    ("result", "line"),
    [
        ({"key_pairs": [], "key_pair_ids": [1]}, "0 key pairs"),
        ({"ram_policies": [{}]}, "1 RAM policy"),
        ({"kms_keys": [{}, {}]}, "2 KMS keys"),
        ({"accesses": [{}]}, "1 access"),
    ],
)
def test_what_was_read_in_one_line(result: dict[str, object], line: str) -> None:
    assert summary.of_reading(result) == line


def test_every_module_documents_its_summary() -> None:
    modules = sorted((Path(__file__).parents[3] / "plugins" / "modules").glob("*.py"))
    texts = {path.stem: path.read_text().partition('RETURN = r"""')[2].partition('"""')[0] for path in modules}
    assert [name for name, text in texts.items() if "summary" not in yaml.safe_load(text)] == []
