# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides and READMEs say in code blocks, and what there is to say it about."""

from __future__ import annotations

import ast
import importlib
import re
import textwrap
import typing as t
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
COLLECTION = "alitrust.ecs."
RST = sorted((ROOT / "docs/docsite/rst").glob("*.rst"))
MARKDOWN = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("roles/*/README.md"),
        *ROOT.glob("examples/**/*.md"),
        *ROOT.glob("tests/*/README.md"),
        *ROOT.glob("extensions/**/README.md"),
    ]
)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str) -> t.Any:
    """The first document of a text."""
    return yaml.load(text, Loader=_LOADER)  # a safe loader, in C where there is one


def blocks(path: Path, language: str) -> list[str]:
    """The code blocks of one language in a page, in the order they are written."""
    text = path.read_text()
    if path.suffix == ".md":
        return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    found = re.findall(rf"^( *)\.\. code-block:: {language}\n\n((?:\1 +[^\n]*\n|\n)+)", text + "\n", re.MULTILINE)
    return [textwrap.dedent(block) for _indent, block in found]


@cache
def options(kind: str, name: str) -> frozenset[str]:
    """The options that the documentation of a plugin names, those of its fragments included.

    :param kind: folder under C(plugins/), for example C(modules)
    """
    folder = ROOT / ("extensions/eda/plugins" if kind == "event_source" else "plugins")
    documentation = document(folder / kind / f"{name}.py")
    found = set(documentation.get("options") or {})
    for name in documentation.get("extends_documentation_fragment", []):
        found |= set(fragment(name))
    return frozenset(found)


@cache
def document(path: Path, part: str = "DOCUMENTATION") -> dict[str, t.Any]:
    """What a plugin says about itself."""
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == part:
            return t.cast("dict[str, t.Any]", load(ast.literal_eval(statement.value)))
    raise LookupError(f"{path} has no {part}")


@cache
def fragment(name: str) -> dict[str, t.Any]:
    """The options that a fragment of documentation says, by name."""
    namespace, collection, file, *part = name.split(".")
    where = (
        "ansible.plugins.doc_fragments"
        if (namespace, collection) == ("ansible", "builtin")
        else f"ansible_collections.{namespace}.{collection}.plugins.doc_fragments"
    )
    holder = importlib.import_module(f"{where}.{file}").ModuleDocFragment
    said = load(getattr(holder, part[0].upper() if part else "DOCUMENTATION"))
    return t.cast("dict[str, t.Any]", said.get("options") or {})


@cache
def role_variables(role: str = "*") -> frozenset[str]:
    """The variables of a role, or of all, by their argument specs."""
    return frozenset(
        name
        for path in ROOT.glob(f"roles/{role}/meta/argument_specs.yml")
        for entry in load(path.read_text())["argument_specs"].values()
        for name in entry["options"]
    )


@cache
def playbook_variables() -> frozenset[str]:
    """The variables that playbooks themselves look at."""
    text = "\n".join(path.read_text() for path in ROOT.glob("playbooks/**/*.yml"))
    return frozenset(re.findall(r"\b([a-z]+(?:_[a-z]+)+) \| default\(", text))
