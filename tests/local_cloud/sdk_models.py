# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the official SDK says requests and answers look like.

Each model is imported when it is first asked for. A package of the SDK imports all that it has with the first, from
more than a thousand files for ECS, which takes as long as all else that a local cloud does to start.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import re
import sys
import threading
import types
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

_ONE_FILE_EACH = re.compile(r"^from \.(\w+) import (\w+)$", re.MULTILINE)
_MAKING = threading.Lock()


@dataclass(frozen=True)
class Field:
    """The type of a parameter."""

    type: t.Literal["string", "integer", "number", "boolean", "list", "object", "map", "json"]
    item: Field | None = None  # of a list
    fields: dict[str, Field] = field(default_factory=dict)  # of an object, by wire name


STRING = Field("string")
_SIMPLE = {str: STRING, int: Field("integer"), float: Field("number"), bool: Field("boolean")}


class _Models(types.ModuleType):
    """C(<package>.models), of which each class is imported when it is first asked for."""

    def __init__(self, name: str, files: dict[str, str]) -> None:
        super().__init__(name)
        self.__files = files

    def __getattr__(self, name: str) -> t.Any:
        if name not in self.__files:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(f"{self.__name__}.{self.__files[name]}"), name)
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.__files})


def models_of(package: str) -> types.ModuleType:
    """The module C(models) of a package of the SDK.

    :raises ImportError: the package is not installed
    """
    name = f"{package}.models"
    with _MAKING:
        if name not in sys.modules:
            parent = importlib.import_module(package)
            spec = importlib.util.find_spec(name)
            index = Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
            files = {one: file for file, one in _ONE_FILE_EACH.findall(index)}
            if spec and files:  # an older package has all in one file
                made = _Models(name, files)
                made.__spec__, made.__file__ = spec, spec.origin
                made.__path__ = list(spec.submodule_search_locations or ())
                sys.modules[name] = made
                parent.models = made  # type: ignore[attr-defined]
    return importlib.import_module(name)


@functools.cache
def request_model(package: str, action: str) -> dict[str, Field] | None:
    """The parameters of an operation by wire name; empty when it takes none, None when the SDK has no such operation.

    Where the SDK sends a structure as JSON text (its "shrink" models) the parameter is a string.
    """
    try:
        module = models_of(package)
    except ImportError:
        return None
    for name in (f"{action}ShrinkRequest", f"{action}Request"):
        if model := getattr(module, name, None):
            return _parameters(model)
    return {} if hasattr(module, f"{action}ResponseBody") else None


def _parameters(model: type) -> dict[str, Field]:
    return {wire_name(model, attribute, hint): _field(hint) for attribute, hint in hints(model).items()}


def _field(hint: t.Any) -> Field:
    if origin := t.get_origin(hint):
        return Field("list", item=_field(t.get_args(hint)[0])) if origin is list else Field("map")
    return Field("object", fields=_parameters(hint)) if is_model(hint) else _SIMPLE.get(hint, STRING)


def hints(model: type) -> dict[str, t.Any]:
    """The type of each attribute of a model."""
    return t.get_type_hints(vars(model)["__init__"], vars(sys.modules[model.__module__]))


def is_model(hint: t.Any) -> bool:
    return inspect.isclass(hint) and hasattr(hint, "to_map")


class _Probe(str):
    """A value by which a field is recognised in what a model writes."""


def wire_name(model: type, attribute: str, hint: t.Any) -> str:
    """How an attribute of a model is named in requests and answers."""
    is_list = t.get_origin(hint) is list
    inner = t.get_args(hint)[0] if is_list else hint
    value = inner() if is_model(inner) else _Probe()
    empty, filled = model(), model()
    setattr(filled, attribute, [value] if is_list else value)
    before, after = empty.to_map(), filled.to_map()
    names = [name for name in after if name not in before or after[name] != before[name]]
    if len(names) != 1:
        raise RuntimeError(f"{model.__name__}.{attribute}: cannot tell its name on the wire ({names})")
    return t.cast(str, names[0])
