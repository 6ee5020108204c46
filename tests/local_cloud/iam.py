# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RAM decisions: may this identity do that, and may this principal assume that role.

Rules of the policy language, version 1: an explicit Deny wins, then one Allow is needed; a session's own policy only
narrows what its role may do; an account may do everything in itself.
"""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
import json
import re
import typing as t

from local_cloud.framework import Identity
from local_cloud.store import Store

Decision = t.Literal["Allow", "ExplicitDeny", "ImplicitDeny"]
Document = dict[str, t.Any]
Context = t.Mapping[str, t.Any]


def allowed(
    store: Store,
    identity: Identity,
    ram_action: str,
    resources: t.Sequence[str] = ("*",),
    context: Context | None = None,
) -> bool:
    """Whether the identity may do ``ram_action`` (``ecs:RunInstances``) on every one of ``resources`` (ARNs)."""
    return decide(store, identity, ram_action, resources, context) == "Allow"


def decide(
    store: Store,
    identity: Identity,
    ram_action: str,
    resources: t.Sequence[str] = ("*",),
    context: Context | None = None,
) -> Decision:
    """As :func:`allowed`, but tells a missing permission from a forbidden one."""
    if identity.kind == "Account":
        return "Allow"
    limits = [documents_of(store, identity)]
    if identity.session_policy:
        limits.append([identity.session_policy])
    for resource in resources or ("*",):
        for documents in limits:
            decision = evaluate(documents, ram_action, resource, context or {})
            if decision != "Allow":
                return decision
    return "Allow"


def documents_of(store: Store, identity: Identity) -> list[Document]:
    """The policies in force for a RAM user (own and of the groups) or a role: default versions, parsed."""
    holders: list[dict[str, t.Any] | None]
    if identity.role_name is not None:
        holders = [store.get("role", f"{identity.account_id}/{identity.role_name}")]
    else:
        user = store.get("user", f"{identity.account_id}/{identity.user_name}")
        groups = (user or {}).get("Groups", [])
        holders = [user, *(store.get("group", f"{identity.account_id}/{group}") for group in groups)]
    documents = []
    for holder in holders:
        for attached in (holder or {}).get("Policies", []):
            if attached.get("EffectiveAt", 0.0) > store.clock.timestamp():  # attached, but not in force yet
                continue
            text = _default_document(store, identity.account_id, attached["PolicyType"], attached["PolicyName"])
            if text is not None:
                documents.append(_parsed(text))
    return documents


def _default_document(store: Store, account_id: str, kind: str, name: str) -> str | None:
    policy = store.get("policy", f"System/{name}" if kind == "System" else f"{account_id}/Custom/{name}")
    for version in (policy or {}).get("Versions", []):
        if policy and version["VersionId"] == policy["DefaultVersion"]:
            return str(version["PolicyDocument"])
    return None


@functools.lru_cache(maxsize=512)
def _parsed(text: str) -> Document:
    document = json.loads(text)
    return document if isinstance(document, dict) else {}


def evaluate(documents: t.Iterable[Document], ram_action: str, resource: str, context: Context) -> Decision:
    """Decide by policy documents alone."""
    decision: Decision = "ImplicitDeny"
    for document in documents:
        for statement in _list(document.get("Statement")):
            if _applies(statement, ram_action, resource, context):
                if statement.get("Effect") == "Deny":
                    return "ExplicitDeny"
                decision = "Allow"
    return decision


def may_assume(trust_document: str | Document, principal: str, context: Context | None = None) -> bool:
    """Whether a role's trust policy lets the principal assume it.

    :param principal: a service (``ecs.aliyuncs.com``, ``<account>@ecs.aliyuncs.com``) or an ARN
        (``acs:ram::<account>:root``, ``...:user/<name>``, ``...:role/<name>``). An account that is trusted as ``root``
        or by its bare id stands for all of its users and roles.
    """
    document = _parsed(trust_document) if isinstance(trust_document, str) else trust_document
    granted = False
    for statement in _list(document.get("Statement")):
        actions = [str(action) for action in _list(statement.get("Action"))]
        if not any(_matches(pattern, "sts:AssumeRole", ignore_case=True) for pattern in actions):
            continue
        if not _is_principal(statement.get("Principal"), principal):
            continue
        if not _conditions_hold(statement.get("Condition"), context or {}):
            continue
        if statement.get("Effect") == "Deny":
            return False
        granted = True
    return granted


def _is_principal(trusted: t.Any, principal: str) -> bool:
    if trusted == "*":
        return True
    if not isinstance(trusted, dict):
        return False
    names = [str(name) for kind in ("Service", "RAM", "Federated") for name in _list(trusted.get(kind))]
    account = re.match(r"acs:ram::(\d+):", principal)
    for name in names:
        if name == "*" or name.lower() == principal.lower():
            return True
        if name.startswith("*@") and principal.lower().endswith(name[1:].lower()):  # a service, for whichever account
            return True
        if account and name.lower() in (account[1], f"acs:ram::{account[1]}:root", f"acs:ram::{account[1]}:*"):
            return True
    return False


def _applies(statement: t.Any, ram_action: str, resource: str, context: Context) -> bool:
    if not isinstance(statement, dict):
        return False
    if "NotAction" in statement:
        if any(_matches(pattern, ram_action, ignore_case=True) for pattern in _list(statement["NotAction"])):
            return False
    elif not any(_matches(pattern, ram_action, ignore_case=True) for pattern in _list(statement.get("Action"))):
        return False
    if "NotResource" in statement:
        if any(_matches(pattern, resource) for pattern in _list(statement["NotResource"])):
            return False
    elif not any(_matches(pattern, resource) for pattern in _list(statement.get("Resource"))):
        return False
    return _conditions_hold(statement.get("Condition"), context)


def _list(value: t.Any) -> list[t.Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


@functools.lru_cache(maxsize=4096)
def _pattern(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _matches(pattern: t.Any, value: str, ignore_case: bool = False) -> bool:
    return _pattern(str(pattern), ignore_case).fullmatch(value) is not None


# -- conditions


def _time(value: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _in_network(actual: str, wanted: str) -> bool:
    return ipaddress.ip_address(actual) in ipaddress.ip_network(wanted, strict=False)


_Test = t.Callable[[str, str], bool]
_OPERATORS: dict[str, _Test] = {
    "StringEquals": lambda actual, wanted: actual == wanted,
    "StringEqualsIgnoreCase": lambda actual, wanted: actual.lower() == wanted.lower(),
    "StringLike": lambda actual, wanted: _matches(wanted, actual),
    "NumericEquals": lambda actual, wanted: float(actual) == float(wanted),
    "NumericLessThan": lambda actual, wanted: float(actual) < float(wanted),
    "NumericLessThanEquals": lambda actual, wanted: float(actual) <= float(wanted),
    "NumericGreaterThan": lambda actual, wanted: float(actual) > float(wanted),
    "NumericGreaterThanEquals": lambda actual, wanted: float(actual) >= float(wanted),
    "DateEquals": lambda actual, wanted: _time(actual) == _time(wanted),
    "DateLessThan": lambda actual, wanted: _time(actual) < _time(wanted),
    "DateLessThanEquals": lambda actual, wanted: _time(actual) <= _time(wanted),
    "DateGreaterThan": lambda actual, wanted: _time(actual) > _time(wanted),
    "DateGreaterThanEquals": lambda actual, wanted: _time(actual) >= _time(wanted),
    "Bool": lambda actual, wanted: actual.lower() == wanted.lower(),
    "IpAddress": _in_network,
}
#: operator -> the one it denies
_NEGATIONS = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
}


def _conditions_hold(conditions: t.Any, context: Context) -> bool:
    """All operators and all keys must hold; of the values of a key one is enough (for a negation: none may match)."""
    if not isinstance(conditions, dict):
        return True
    known = {key.lower(): value for key, value in context.items()}
    for operator, keys in conditions.items():
        if not isinstance(keys, dict):
            return False
        positive = _NEGATIONS.get(operator)
        test = _OPERATORS.get(positive or operator)
        for key, wanted in keys.items():
            actual = known.get(str(key).lower())
            if actual is None:
                if positive is None:
                    return False
                continue
            found = test is not None and any(_try(test, a, w) for a in _list(actual) for w in _list(wanted))
            if test is None or found == (positive is not None):
                return False
    return True


def _try(test: _Test, actual: t.Any, wanted: t.Any) -> bool:
    try:
        return test(str(actual), str(wanted))
    except ValueError:  # not a number, a date or an address: doesn't match
        return False
