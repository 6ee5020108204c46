# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the official SDK says a request looks like.

Its model classes are read as source, one file an operation: importing the ECS package runs over a thousand modules.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
import threading
import typing as t
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Field:
    """The type of a parameter."""

    type: t.Literal["string", "integer", "number", "boolean", "list", "object", "map", "json"]
    item: Field | None = None  # of a list
    fields: dict[str, Field] = field(default_factory=dict)  # of an object, by wire name


STRING = Field("string")
#: Python 3.11 counts the depth of all trees that it makes at once together, and then takes one for damaged (gh-106905)
_PARSING = threading.Lock()
_SIMPLE = {"str": STRING, "int": Field("integer"), "float": Field("number"), "bool": Field("boolean")}


@functools.cache
def request_model(package: str, action: str) -> dict[str, Field] | None:
    """The parameters of an operation by wire name; empty when it takes none, None when the SDK has no such operation.

    Where the SDK sends a structure as JSON text (its "shrink" models) the parameter is a string.
    """
    models = _Models.of(package)
    if models is None:
        return None
    for name in (f"{action}ShrinkRequest", f"{action}Request"):
        found = models.fields(name)
        if found is not None:
            return found
    return {} if models.has(f"{action}ResponseBody") else None


class _Models:
    """The model classes of one SDK package."""

    def __init__(self, folder: Path) -> None:
        single = folder / "models.py"
        self._files: dict[str, Path] = {}
        self._classes: dict[str, ast.ClassDef] = {}
        if single.exists():
            self._read(single)
        else:
            index = (folder / "models" / "__init__.py").read_text(encoding="utf-8")
            for module, name in re.findall(r"^from \.(\w+) import (\w+)$", index, re.MULTILINE):
                self._files[name] = folder / "models" / f"{module}.py"

    @staticmethod
    @functools.cache
    def of(package: str) -> _Models | None:
        """The models of a package, None when that is not installed."""
        spec = importlib.util.find_spec(package)
        return _Models(Path(spec.origin).parent) if spec and spec.origin else None

    def has(self, name: str) -> bool:
        return name in self._files or name in self._classes

    def fields(self, name: str) -> dict[str, Field] | None:
        node = self._class(name)
        if node is None:
            return None
        methods = {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}
        wire_names = dict(_wire_names(methods["to_map"]))
        return {
            wire_names[argument.arg]: self._field(argument.annotation)
            for argument in methods["__init__"].args.args[1:]
            if argument.arg in wire_names
        }

    def _read(self, path: Path) -> None:
        source = path.read_text(encoding="utf-8")
        with _PARSING:
            tree = ast.parse(source)
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                self._classes[node.name] = node

    def _class(self, name: str) -> ast.ClassDef | None:
        if name not in self._classes and name in self._files:
            self._read(self._files[name])
        return self._classes.get(name)

    def _field(self, annotation: ast.expr | None) -> Field:
        if isinstance(annotation, ast.Subscript):
            outer = ast.unparse(annotation.value)
            if outer in ("List", "list"):
                return Field("list", item=self._field(annotation.slice))
            return Field("map")
        name = ast.unparse(annotation).rpartition(".")[2] if annotation else "str"
        if name in _SIMPLE:
            return _SIMPLE[name]
        nested = self.fields(name)
        return STRING if nested is None else Field("object", fields=nested)


def _wire_names(to_map: ast.FunctionDef) -> t.Iterator[tuple[str, str]]:
    """Attribute and wire name, from each ``if self.x is not None: result['X'] = ...`` of a to_map method."""
    for node in ast.walk(to_map):
        if not isinstance(node, ast.If):
            continue
        attribute = next(
            (
                part.attr
                for part in ast.walk(node.test)
                if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self"
            ),
            None,
        )
        written = next(
            (
                part.slice.value
                for statement in node.body
                for part in ast.walk(statement)
                if isinstance(part, ast.Subscript)
                and isinstance(part.value, ast.Name)
                and part.value.id == "result"
                and isinstance(part.slice, ast.Constant)
            ),
            None,
        )
        if attribute and isinstance(written, str):
            yield attribute, written
