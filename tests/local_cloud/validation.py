# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the parameters of a request: against the SDK's request model, and against the documented limits.

The limits are facts taken from the machine-readable API descriptions by dev/make-limits (``data/limits/``);
those of Anti-DDoS Basic, which has none, are written by hand from its SDK's texts.
"""

from __future__ import annotations

import functools
import json
import math
import re
import typing as t
from pathlib import Path

import yaml

from local_cloud.framework import ApiError, Parameters
from local_cloud.products import Product
from local_cloud.sdk_models import STRING, Field, request_model
from local_cloud.settings import Settings, define
from local_cloud.texts import digits

define(
    "unknown_parameters",
    "refuse",
    "a parameter that the operation doesn't have: refuse (finds mistakes) or ignore (as the real gateway)",
    choices=("refuse", "ignore"),
)

#: parameters any operation takes: the protocol's own, and who is acted for
_COMMON = """
    Action Version Format AccessKeyId SecurityToken Timestamp TimeStamp SourceIp SecureTransport
    Signature SignatureMethod SignatureVersion SignatureNonce SignatureType
    RegionId AcceptLanguage OwnerId OwnerAccount ResourceOwnerId ResourceOwnerAccount
"""
COMMON = frozenset(_COMMON.split())
#: of these, what a handler may want to see
_VISIBLE = {"RegionId", "AcceptLanguage", "OwnerId", "OwnerAccount", "ResourceOwnerId", "ResourceOwnerAccount"}

_LIMITS = Path(__file__).parent / "data" / "limits"
_MAX_INDEX = 1000
#: of a 64-bit integer
_LEAST, _MOST = -(2**63), 2**63 - 1
#: names within a name: the deepest parameter has four
_MAX_PARTS = 16

#: Alibaba Cloud would have ignored it, so whoever runs into it should know how to go on
_STRICT = "(the local cloud's setting unknown_parameters=ignore lets it pass)"

Limit = dict[str, t.Any]


@functools.cache
def limits_of(product: str) -> dict[str, dict[str, Limit]]:
    """Limits by operation and parameter (``DataDisk.Size``: of each item); empty for a product without description."""
    path = _LIMITS / f"{product}.json"
    if not path.exists():
        return {}
    limits: dict[str, dict[str, Limit]] = json.loads(path.read_text(encoding="utf-8"))
    codes = _codes().get(product, {})
    for action, parameters in limits.items():
        for name, limit in parameters.items():
            code = codes.get(f"{action}.{name}") or codes.get(name) or codes.get("*")
            if code:
                limit["code"] = code
    return limits


@functools.cache
def _codes() -> dict[str, dict[str, str]]:
    codes: dict[str, dict[str, str]] = yaml.safe_load((_LIMITS / "codes.yml").read_text(encoding="utf-8"))
    return codes


@functools.cache
def fields_of(product: Product, action: str) -> dict[str, Field]:
    """The parameters of an operation, as the SDK has them.

    Where the SDK sends JSON text, the numbered form of other clients is taken as well.
    """
    fields = dict(request_model(product.package, action) or {})
    for name, limit in limits_of(product.name).get(action, {}).items():
        if limit["type"] == "Json" and fields.get(name) == STRING:
            fields[name] = Field("json")
    return fields


def check(product: Product, action: str, flat: t.Mapping[str, str], settings: Settings) -> Parameters:
    """Return the parameters nested and typed.

    :raises ApiError: MissingParameter, or InvalidParameter which names the parameter and what is wrong with it.
    """
    fields = fields_of(product, action)
    refuse = settings["unknown_parameters"] == "refuse"
    tree: dict[str, t.Any] = {}
    for name, value in flat.items():
        if name in fields or name not in COMMON:
            _insert(tree, name, value)
    parameters = Parameters()
    for name, value in tree.items():
        if name not in fields:
            if refuse:
                raise _invalid(name, f"{action} has no such parameter {_STRICT}")
            continue
        typed = _typed(fields[name], value, name, refuse)
        if typed is not None:
            parameters[name] = typed
    for name in _VISIBLE - fields.keys():
        if flat.get(name):
            parameters[name] = flat[name]
    _check_limits(limits_of(product.name).get(action, {}), parameters)
    return parameters


def _insert(tree: dict[str, t.Any], name: str, value: str) -> None:
    *parents, last = name.split(".")
    if len(parents) >= _MAX_PARTS:
        raise _invalid(f"{name[:100]}...", f"it has more than {_MAX_PARTS} parts")
    for part in parents:
        inner = tree.setdefault(part, {})
        if not isinstance(inner, dict):
            raise _invalid(name, f"{part} is given as a value and as a structure")
        tree = inner
    if isinstance(tree.get(last), dict):
        raise _invalid(name, "it is given as a value and as a structure")
    tree[last] = value


def _typed(field: Field, value: t.Any, path: str, refuse: bool) -> t.Any:
    """Convert a value of the tree; None when it is as good as absent."""
    if field.type == "json":
        return value if isinstance(value, str) else _typed_list(Field("list", item=Field("map")), value, path, refuse)
    if field.type == "list":
        return _typed_list(field, value, path, refuse)
    if field.type in ("object", "map"):
        if not isinstance(value, dict):
            raise _invalid(path, "expected a structure: " + ", ".join(f"{path}.{name}" for name in field.fields))
        return value if field.type == "map" else _typed_object(field, value, path, refuse)
    if isinstance(value, dict):
        raise _invalid(f"{path}.{next(iter(value))}", f"{path} is a single value")
    if field.type == "string":
        return value
    return _scalar(field, value, path) if value != "" else None


def _scalar(field: Field, value: str, path: str) -> t.Any:
    if field.type == "boolean":
        if value.lower() not in ("true", "false"):
            raise _invalid(path, f"expected true or false, not {value!r}")
        return value.lower() == "true"
    if field.type == "integer":
        if not re.fullmatch(r"[+-]?[0-9]{1,19}", value) or not _LEAST <= int(value) <= _MOST:
            raise _invalid(path, f"expected an integer, not {value!r}")
        return int(value)
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", value) or not math.isfinite(float(value)):
        raise _invalid(path, f"expected a number, not {value!r}")
    return float(value)


def _typed_list(field: Field, value: t.Any, path: str, refuse: bool) -> list[t.Any]:
    if not isinstance(value, dict):
        raise _invalid(path, f"expected a list: {path}.1, {path}.2, ...")
    for index in value:
        if not 1 <= (digits(index) or 0) <= _MAX_INDEX or index.startswith("0"):
            raise _invalid(f"{path}.{index}", f"items are numbered from 1 to {_MAX_INDEX}")
    item = field.item or STRING
    typed = (_typed(item, value[index], f"{path}.{index}", refuse) for index in sorted(value, key=int))
    return [entry for entry in typed if entry is not None]


def _typed_object(field: Field, value: dict[str, t.Any], path: str, refuse: bool) -> Parameters:
    typed = Parameters()
    for name, inner in value.items():
        known = name if name in field.fields else name[:1].upper() + name[1:]  # older clients send Tag.1.key
        if known not in field.fields:
            if refuse:
                known_names = ", ".join(f"{path}.{n}" for n in field.fields)
                raise _invalid(f"{path}.{name}", f"there is {known_names} {_STRICT}")
            continue
        entry = _typed(field.fields[known], inner, f"{path}.{name}", refuse)
        if entry is not None:
            typed[known] = entry
    return typed


def _check_limits(limits: dict[str, Limit], parameters: dict[str, t.Any]) -> None:
    for path, limit in limits.items():
        values = list(_values(parameters, path.split("."), ""))
        if limit.get("required"):
            where, absent = _missing(parameters, path.split("."), path)
            if absent:
                raise ApiError(
                    "MissingParameter",
                    400,
                    f'The input parameter "{where}" that is mandatory for processing this request is not supplied.',
                )
        for where, value in values:
            problem = _problem(limit, value)
            if problem:
                code, _mark, status = limit.get("code", "").partition(" ")
                raise _invalid(where, problem, code.format(name=path.rpartition(".")[2]), int(status or 400))


def _missing(parameters: t.Any, path: list[str], full: str) -> tuple[str, bool]:
    """Whether a mandatory parameter is absent; inside a structure it is mandatory only when that is given."""
    if not isinstance(parameters, dict):  # a structure sent as JSON text, which its handler reads
        return full, False
    if len(path) == 1:
        return full, parameters.get(path[0]) in (None, "", [])
    holder = parameters.get(path[0])
    for number, item in enumerate(holder if isinstance(holder, list) else [holder] if holder else [], 1):
        where = f"{path[0]}.{number}" if isinstance(holder, list) else path[0]
        rest, absent = _missing(item, path[1:], ".".join(path[1:]))
        if absent:
            return f"{where}.{rest}", True
    return full, False


def _values(parameters: t.Any, path: list[str], prefix: str) -> t.Iterator[tuple[str, t.Any]]:
    if not path:
        yield prefix.rstrip("."), parameters
        return
    value = parameters.get(path[0]) if isinstance(parameters, dict) else None
    if value in (None, ""):
        return
    if isinstance(value, list) and len(path) > 1:
        for number, item in enumerate(value, 1):
            yield from _values(item, path[1:], f"{prefix}{path[0]}.{number}.")
    else:
        yield from _values(value, path[1:], f"{prefix}{path[0]}.")


def _problem(limit: Limit, value: t.Any) -> str | None:
    if isinstance(value, list):
        if len(value) > limit.get("max_items", len(value)):
            return f"it takes {limit['max_items']} items at most, not {len(value)}"
        return next((problem for item in value if (problem := _problem(limit, item))), None)
    if isinstance(value, str):
        size = len(value)
        if not limit.get("min_length", size) <= size <= limit.get("max_length", size):
            return f"its length must be {_range(limit.get('min_length'), limit.get('max_length'))}, not {size}"
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and not limit.get("min", value) <= value <= limit.get("max", value):
        return f"it must be {_range(limit.get('min'), limit.get('max'))}, not {value}"
    choices = limit.get("enum")
    if choices and isinstance(value, str) and value.lower() not in (str(choice).lower() for choice in choices):
        return f"it must be one of {', '.join(map(str, choices))}, not {value!r}"
    return None


def _range(low: int | None, high: int | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"


def _invalid(name: str, problem: str, code: str | None = None, status: int = 400) -> ApiError:
    return ApiError(code or "InvalidParameter", status, f'The specified parameter "{name}" is not valid: {problem}.')
