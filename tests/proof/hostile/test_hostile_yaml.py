# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What YAML makes of what people write, see C(yaml_surprises.yml): refused in words, or what was meant."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from modules.network import Network
from proof.hostile.judging import attempt, refused

if t.TYPE_CHECKING:
    from modules.harness import Modules
    from proof.conftest import Figure

TABLE: dict[str, dict[str, t.Any]] = yaml.safe_load(Path(__file__).with_name("yaml_surprises.yml").read_text())


def options_of(text: str) -> dict[str, t.Any]:
    """As Ansible hands them to a module: dates as texts."""
    return t.cast("dict[str, t.Any]", json.loads(json.dumps(yaml.safe_load(text), default=str)))


def at(result: dict[str, t.Any], place: str) -> t.Any:
    found: t.Any = result
    for name in place.split("."):
        found = found[name]
    return found


@pytest.mark.parametrize("module", TABLE)
def test_what_yaml_makes_of_a_value_is_told_or_meant(modules: Modules, module: str, figure: Figure) -> None:
    base, rows = TABLE[module]["base"], TABLE[module]["rows"]
    modules.cloud.set("vpc.pending_seconds", 0)
    if module == "sg_rule":
        base["security_group_id"] = Network(modules).new_own_group("web")
    for row in rows:
        options = {**base, **options_of(row["yaml"])}
        try:
            if "at" in row:
                result = attempt(modules, module, **options)
                assert at(result, row["at"]) == row["value"], result
            elif row["message"]:
                refused(modules, module, row["message"], **options)
            else:
                attempt(modules, module, check=True, **options)
        except Exception as exc:
            raise AssertionError(f"{row['yaml']}: {type(exc).__name__}: {exc}") from exc
    figure("surprises of YAML", len(rows))
