# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that an answer is exactly what the official SDK's response model knows: nothing missing, nothing left over."""

from __future__ import annotations

import inspect
import types
import typing as t

#: what Alibaba Cloud documents as absent sometimes; ``[]`` stands for any item
MAY_BE_ABSENT = {
    "RunInstances.OrderId",
    "RunInstances.TradePrice",
    "CreateInstance.OrderId",
    "CreateInstance.TradePrice",
    "AllocateEipAddress.OrderId",
    "CreateDisk.OrderId",  # these orders: of subscriptions only
    "ResizeDisk.OrderId",
    "ModifyDiskSpec.OrderId",
    "ModifyDiskSpec.TaskId",  # of another category only
    "DescribeDdosEventList.DdosEventList.DdosEvent[].DelayTime",  # of several attacks only
    "DescribeDdosEventList.DdosEventList.DdosEvent[].UnBlackholeTime",  # of black holes only
    # of black holes only, and of scrubbing only
    *(f"DescribeDdosThreshold.Thresholds.Threshold[].{name}" for name in ("ElasticBps", "Pps")),
    *(f"DescribeIpDdosThreshold.Threshold.{name}" for name in ("ElasticBps", "Pps")),
    "DescribeInstances.Instances.Instance[].MetadataOptions",  # unless AdditionalAttributes asks for it
    "DescribeKeyPairs.KeyPairs.KeyPair[].PublicKey",  # unless IncludePublicKey
    "DescribeSecurityGroups.TotalCount",  # when paging by token
    "AssumeRole.SourceIdentity",  # unless the request has one
    "GetCallerIdentity.RoleId",  # of a role's session only
    "GetCallerIdentity.UserId",  # of a RAM user only
    "GetRole.Role.LatestDeletionTask",  # of service-linked roles only
    *(f"{action}.Marker" for action in ("ListPolicies", "ListRoles", "ListUsers", "ListGroups", "ListUsersForGroup")),
}

#: what the API sends as another type than the SDK's model says, which takes either
OTHER_TYPES = {"DescribeSecurityGroupAttribute.Permissions.Permission[].Priority": (int, str)}

_TYPES: dict[t.Any, tuple[type, ...]] = {str: (str,), int: (int,), bool: (bool,), float: (float, int), bytes: (str,)}


def problems(models: types.ModuleType, action: str, body: dict[str, t.Any]) -> list[str]:
    """What is wrong with the body of a successful answer, by path; empty when it is complete and exact.

    :param models: the ``models`` of the product's SDK package.
    """
    model = getattr(models, f"{action}ResponseBody")()
    parsed = model.from_map(body)
    written = parsed.to_map()
    found = [f"{path}: left over" for path in _left_over(body, written, action)]
    found += _incomplete(parsed, models, action)
    return [problem for problem in found if problem.removesuffix(": missing") not in MAY_BE_ABSENT]


def _left_over(sent: t.Any, written: t.Any, path: str) -> t.Iterator[str]:
    if isinstance(sent, dict) and isinstance(written, dict):
        for name, value in sent.items():
            if name in written:
                yield from _left_over(value, written[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}"
    elif isinstance(sent, list) and isinstance(written, list) and len(sent) == len(written):
        for mine, theirs in zip(sent, written, strict=True):
            yield from _left_over(mine, theirs, f"{path}[]")
    elif sent != written:
        yield path


def _incomplete(model: t.Any, models: types.ModuleType, path: str) -> list[str]:
    """Attributes of a parsed model that the answer had no value, or one of another type, for."""
    found: list[str] = []
    names = {"main_models": models, "List": list, "Dict": dict, "Any": t.Any}
    hints = t.get_type_hints(vars(type(model))["__init__"], names)
    for attribute, hint in hints.items():
        value = getattr(model, attribute)
        where = f"{path}.{_wire_name(model, attribute)}"
        if value is None:
            found.append(f"{where}: missing")
            continue
        several = t.get_origin(hint) is list
        kind = t.get_args(hint)[0] if several else hint
        for item in value if several else [value]:
            at = f"{where}[]" if several else where
            if inspect.isclass(kind) and hasattr(kind, "to_map"):
                found += _incomplete(item, models, at)
            elif kind in _TYPES and type(item) not in OTHER_TYPES.get(at, _TYPES[kind]):
                found.append(f"{at}: {item!r} is not {kind.__name__}")
    return found


def _wire_name(model: t.Any, attribute: str) -> str:
    """How an attribute is called in JSON: what the model writes more when it is set."""
    blank = type(model)()
    before = blank.to_map()
    for probe in ("x", ["x"], model.__class__(), [model.__class__()]):
        blank = type(model)()
        setattr(blank, attribute, probe)
        try:
            after = blank.to_map()
        except (AttributeError, TypeError):
            continue
        names = [name for name in after if after[name] != before.get(name)]
        if names:
            return t.cast(str, names[0])
    return attribute
