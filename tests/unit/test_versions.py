# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the docs say of versions is what is declared, and what the checks run on."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path

import yaml
from packaging.requirements import Requirement

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import sdk

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "docsite" / "rst" / "requirements.rst").read_text()
LIST = ROOT / "meta" / "ee-requirements.txt"


def rows(table: int) -> list[list[str]]:
    """The cells of a table of the page, without its header."""
    text = PAGE.split(".. list-table::")[table + 1]
    found = [
        re.findall(r"^ *(?:\* )?- (.+)$", row, re.MULTILINE) for row in re.split(r"^ +(?=\* - )", text, flags=re.M)
    ]
    return [cells for cells in found if cells][1:]


def requirements(path: Path) -> dict[str, Requirement]:
    lines = (line.strip() for line in path.read_text().splitlines())
    parsed = (Requirement(line.partition(" #")[0]) for line in lines if line and not line.startswith(("#", "-")))
    return {one.name: one for one in parsed}


def lower(requirement: Requirement) -> str:
    return next(one.version for one in requirement.specifier if one.operator in (">=", "==", "~="))


def runner(name: str) -> t.Any:
    """A constant of dev/lib/run.py."""
    for statement in ast.parse((ROOT / "dev" / "lib" / "run.py").read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            return ast.literal_eval(statement.value)
    raise AssertionError(f"dev/lib/run.py has no {name}")


def cores(python: str) -> str:
    """The ansible-core that the environments of dev/requirements/runtime.txt have on a Python version."""
    lines = [
        line
        for line in (ROOT / "dev/requirements/runtime.txt").read_text().splitlines()
        if line.startswith("ansible-core")
    ]
    [found] = [
        one
        for one in map(Requirement, lines)
        if one.marker and one.marker.evaluate({"python_version": python, "python_full_version": f"{python}.0"})
    ]
    return re.sub(r"^(\d+\.\d+).*", r"\1", lower(found))


def test_the_checks_run_on_what_the_page_says() -> None:
    said = {core: pythons.split(", ") for core, pythons, *_rest in rows(0)}
    for python in (*runner("VERSIONS"), runner("COMING")):
        assert python in said[cores(python)]
    oldest = lower(requirements(ROOT / "dev/requirements/oldest.txt")["ansible-core"])
    assert runner("VERSIONS")[0] in said[".".join(oldest.split(".")[:2])]
    following = lower(requirements(ROOT / "dev/requirements/next.txt")["ansible-core"])
    assert runner("VERSIONS")[-1] in said[".".join(following.split(".")[:2])]


def test_the_oldest_core_is_the_one_that_is_declared() -> None:
    floor = rows(0)[0][0]
    assert yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"] == f">={floor}.0"
    for role in (ROOT / "roles").glob("*/meta/main.yml"):
        assert yaml.safe_load(role.read_text())["galaxy_info"]["min_ansible_version"] == f"{floor}.0", role
    assert PAGE.count(f"ansible-core {floor} or newer") == 1
    assert lower(requirements(ROOT / "dev/requirements/oldest.txt")["ansible-core"]) == f"{floor}.0"


def test_the_oldest_sdk_is_declared_refused_below_and_tested() -> None:
    declared = {name: lower(one) for name, one in requirements(LIST).items() if name.startswith("alibabacloud-")}
    assert declared == {package.strip("`"): version for package, version in rows(1)}
    assert declared == {name: ".".join(map(str, numbers)) for name, numbers in sdk.OLDEST.items()}
    tested = {name: str(one.specifier) for name, one in requirements(ROOT / "dev/requirements/oldest.txt").items()}
    assert {name: tested[name] for name in declared} == {name: f"=={version}" for name, version in declared.items()}
