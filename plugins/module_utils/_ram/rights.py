# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody may do, read from policy documents. Pure. Private."""

from __future__ import annotations

import re
import typing as t

from .documents import Document, as_list

#: What the trust client does (the documented minimum).
TRUST_CLIENT = tuple(
    f"yundun-systrust:{name}" for name in ("GenerateNonce", "GenerateAikcert", "RegisterMessage", "PutMessage")
)
#: What makes use of a key, beside looking at it.
KEY_USES = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")
_SAFE_WIDE = ("yundun-systrust",)


def statements(document: Document) -> list[dict[str, t.Any]]:
    """Statements in one form: C(effect), C(actions), C(not_actions), C(resources), C(conditional), C(condition)."""
    found = []
    for item in as_list(document.get("Statement")):
        if not isinstance(item, dict):
            continue
        found.append(
            {
                "effect": str(item.get("Effect") or "Allow"),
                "actions": [str(one) for one in as_list(item.get("Action"))],
                "not_actions": [str(one) for one in as_list(item.get("NotAction"))],
                "resources": [str(one) for one in as_list(item.get("Resource"))],
                "conditional": bool(item.get("Condition")),
                "condition": item.get("Condition") or {},
            }
        )
    return found


def allows(found: t.Iterable[dict[str, t.Any]], action: str, resource: str = "*") -> bool:
    """Whether an action is allowed on a resource, unconditional statements alone counting as denial."""
    allowed = False
    for item in found:
        if not is_about(item, action) or not any(_matches(pattern, resource) for pattern in item["resources"] or ["*"]):
            continue
        if item["effect"].lower() == "deny":
            if not item["conditional"]:
                return False
        else:
            allowed = True
    return allowed


def is_about(statement: t.Mapping[str, t.Any], action: str) -> bool:
    """Whether a statement names an action, or leaves it out of those that it is not about."""
    if any(_matches(pattern, action, fold=True) for pattern in statement["actions"]):
        return True
    others = statement["not_actions"]
    return bool(others) and not any(_matches(pattern, action, fold=True) for pattern in others)


def limits(found: t.Iterable[dict[str, t.Any]], action: str) -> list[dict[str, t.Any]]:
    """What statements allow an action on: C(resources) and C(conditions), the latter a line each. Nothing where a
    denial takes all of it away."""
    statements_of_it = [one for one in found if is_about(one, action)]
    if any(one["resources"] == ["*"] and not one["conditional"] for one in _of(statements_of_it, deny=True)):
        return []
    return [_limit(one) for one in _of(statements_of_it, deny=False)]


def denials(found: t.Iterable[dict[str, t.Any]], action: str) -> list[dict[str, t.Any]]:
    """What statements deny an action on, in the same form."""
    return [_limit(one) for one in _of([one for one in found if is_about(one, action)], deny=True)]


def _of(found: t.Iterable[dict[str, t.Any]], *, deny: bool) -> list[dict[str, t.Any]]:
    return [one for one in found if (one["effect"].lower() == "deny") == deny]


def _limit(one: dict[str, t.Any]) -> dict[str, t.Any]:
    resources = one["resources"] or ["*"]
    conditions = [
        f"{operator} {key} is {' or '.join(str(value) for value in as_list(values))}"
        for operator, by_key in sorted(one["condition"].items())
        for key, values in sorted((by_key if isinstance(by_key, dict) else {}).items())
    ]
    return {"resources": ["*"] if "*" in resources else resources, "conditions": conditions}


def too_wide(found: t.Iterable[dict[str, t.Any]]) -> list[str]:
    """Grants of everything, or of a whole service, on all resources."""
    wide = set()
    for item in found:
        if item["effect"].lower() == "deny" or item["conditional"] or "*" not in item["resources"]:
            continue
        if item["not_actions"]:
            wide.add(f"all but {', '.join(item['not_actions'])}")
        for action in item["actions"]:
            service, _colon, rest = action.partition(":")
            if action == "*" or (rest == "*" and service not in _SAFE_WIDE):
                wide.add(action)
    return sorted(wide)


def summary(found: t.Iterable[dict[str, t.Any]]) -> list[str]:
    """One line a service, for example C(kms: Decrypt, Encrypt)."""
    by_service: dict[str, set[str]] = {}
    for item in found:
        if item["effect"].lower() == "deny":
            continue
        for action in item["actions"]:
            service, _colon, rest = action.partition(":")
            by_service.setdefault(service, set()).add(rest or "everything")
        if item["not_actions"]:
            by_service.setdefault("*", set()).add(f"all but {', '.join(item['not_actions'])}")
    return [
        f"{'all services' if name == '*' else name}: {', '.join(sorted(by_service[name]))}"
        for name in sorted(by_service)
    ]


def _matches(pattern: str, value: str, *, fold: bool = False) -> bool:
    """Whether a value fits a pattern of the policy language, where * stands for anything and ? for one character."""
    expression = "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch(expression, value, re.IGNORECASE | re.DOTALL if fold else re.DOTALL) is not None
