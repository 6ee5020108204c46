# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check what an execution environment needs of the collection; the working folder is a copy of it.

ansible-builder reads the requirements and lays a build context out, which needs no container engine. All plugins are
then imported in a virtual environment that has these requirements and nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import environment
import yaml
from packaging.requirements import Requirement

COLLECTION = Path.cwd()
EXAMPLE = COLLECTION / "examples" / "execution-environment" / "execution-environment.yml"
#: Run by the interpreter of that environment, with the names of the modules to import and of the required packages. The
#: last line of its output is what else the collection can use of the SDK.
IMPORT = """
import importlib, json, sys, traceback
failed = 0
modules, required = json.load(sys.stdin)
for name in modules:
    try:
        importlib.import_module(name)
    except Exception:
        failed += 1
        print(f"{name} can't be imported:")
        traceback.print_exc(limit=-2, file=sys.stdout)
# Modules import the SDK where it may be missing, and say so when they run.
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import sdk
for product, (_module, package) in sdk.PACKAGES.items():
    if package in required:
        sdk.product_client_class(product)
print(json.dumps(sorted({package for _module, package in sdk.PACKAGES.values()} - set(required))))
sys.exit(failed)
"""


def lines_of(name: str) -> list[str]:
    lines = [line.strip() for line in (COLLECTION / name).read_text().splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def check_introspection() -> None:
    """ansible-builder finds each requirement, and pip and bindep could read it."""
    root = COLLECTION.parents[2]
    command = ("ansible-builder", "introspect", "--sanitize", str(root))
    found = yaml.safe_load(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    wanted = [Requirement(line) for line in lines_of("meta/ee-requirements.txt")]
    python = {one.name: one for one in (Requirement(line.split("  # ")[0]) for line in found["python"])}
    missing = [str(one) for one in wanted if one.name not in python or python[one.name].specifier != one.specifier]
    assert not missing, f"ansible-builder does not find {missing} among {sorted(python)}"
    system = [line.split("  # ")[0].strip() for line in found["system"]]
    assert set(lines_of("meta/ee-bindep.txt")) <= set(system), system


def check_example(further: set[str]) -> None:
    """The example definition gives a build context that installs the collection and what it names itself.

    :param further: packages that the collection can use and does not require, all of which belong into the example
    """
    with tempfile.TemporaryDirectory() as folder:
        command = (
            "ansible-builder",
            "create",
            "--file",
            str(EXAMPLE),
            "--context",
            folder,
            "--output-filename",
            "Containerfile",
        )
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        context = Path(folder)
        galaxy = yaml.safe_load((context / "_build" / "requirements.yml").read_text())
        assert [one["name"] for one in galaxy["collections"]] == ["alitrust.ecs"]
        lines = (context / "_build" / "requirements.txt").read_text().splitlines()
        named = {Requirement(line).name for line in lines}
        assert named == further, f"{EXAMPLE.name} names {sorted(named)} of Python, expected {sorted(further)}"
        untested = set(lines) - set(lines_of("tests/local_cloud/requirements.txt"))
        assert not untested, f"the tests use other versions than {sorted(untested)}"
        assert "ansible-core>=2.19" in (context / "Containerfile").read_text()


def check_imports() -> tuple[int, set[str]]:
    """Every plugin can be imported with the requirements alone.

    :returns: how many there are, and the packages that they can use beyond the requirements
    """
    python = environment.venv("imports") / "bin" / "python"
    names = [
        ".".join(("ansible_collections.alitrust.ecs", *path.relative_to(COLLECTION).with_suffix("").parts))
        for path in sorted(COLLECTION.glob("plugins/**/*.py"))
        if path.stem != "__init__"
    ]
    required = [Requirement(line).name for line in lines_of("meta/ee-requirements.txt")]
    done = subprocess.run(
        [python, "-c", IMPORT],
        input=json.dumps([names, required]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=COLLECTION.parents[2],
    )
    return len(names), set(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    check_introspection()
    count, further = check_imports()
    check_example(further)
    print(f"{count} plugins imported with nothing but the requirements")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"error: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {error}\n{error.stdout or ''}{error.stderr or ''}")
