# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grammar of RAM policy documents and trust policies."""

from __future__ import annotations

import re
import typing as t

from local_cloud.framework import ApiError
from local_cloud.texts import parse_json

#: longest policy document, in characters
LONGEST = 6144

_PRINCIPALS = {
    "RAM": r"\*|acs:ram::(\d+|\*):(root|\*|user/[^/]+|role/[^/]+)",
    "Service": r"(\d+@|\*@)?[a-z0-9-]+(\.[a-z0-9-]+)*\.aliyuncs\.com",
    "Federated": r"acs:ram::\d+:(saml|oidc)-provider/.+",
}


def check_policy(text: str) -> None:
    """Check a policy document.

    :raises ApiError: InvalidParameter.PolicyDocument.Length or MalformedPolicyDocument
    """
    if not 1 <= len(text) <= LONGEST:
        raise ApiError(
            "InvalidParameter.PolicyDocument.Length", 400, f"A policy document must have 1 to {LONGEST} characters."
        )
    for statement in _statements(text):
        if "Principal" in statement:
            raise _malformed("a policy's statement has no Principal")
        _one_of(statement, "Action", "NotAction")
        _one_of(statement, "Resource", "NotResource")


def check_trust(text: str) -> None:
    """Check a role's trust policy.

    :raises ApiError: MalformedPolicyDocument
    """
    for statement in _statements(text):
        if "Resource" in statement or "NotResource" in statement:
            raise _malformed("a trust policy's statement has no Resource")
        _one_of(statement, "Action")
        for action in _texts(statement["Action"]):
            if not action.lower().startswith("sts:") and action != "*":
                raise _malformed("a trust policy's actions are those of STS")
        principal = statement.get("Principal")
        if not isinstance(principal, dict) or not principal:
            raise _malformed("Principal must name RAM, Service or Federated")
        for kind, values in principal.items():
            if kind not in _PRINCIPALS:
                raise _malformed("Principal must name RAM, Service or Federated")
            for value in _texts(values):
                if not re.fullmatch(_PRINCIPALS[kind], value):
                    raise _malformed(f"the principal {value} is not valid")


def _statements(text: str) -> list[dict[str, t.Any]]:
    try:
        document = parse_json(text)
    except ValueError as error:
        raise _malformed("it is not JSON") from error
    if not isinstance(document, dict) or document.get("Version") != "1" or set(document) - {"Version", "Statement"}:
        raise _malformed('it must have "Version": "1" and "Statement"')
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise _malformed("Statement must be a list that is not empty")
    known = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "Condition"}
    for statement in statements:
        if not isinstance(statement, dict) or set(statement) - known:
            raise _malformed("a statement has an unknown member")
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise _malformed("Effect must be Allow or Deny")
        condition = statement.get("Condition", {})
        if not isinstance(condition, dict) or not all(isinstance(value, dict) for value in condition.values()):
            raise _malformed("Condition must map operators to keys")
    return statements


def _one_of(statement: dict[str, t.Any], *names: str) -> None:
    given = [name for name in names if name in statement]
    if len(given) != 1:
        raise _malformed(f"a statement must have {' or '.join(names)}")
    for value in _texts(statement[given[0]]):
        if given[0].endswith("Action") and value != "*" and not re.fullmatch(r"[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+", value):
            raise _malformed(f"the action {value} is not valid")
        if given[0].endswith("Resource") and value != "*" and not value.startswith("acs:"):
            raise _malformed(f"the resource {value} is not valid")


def _texts(value: t.Any) -> list[str]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(item, str) and item for item in values):
        raise _malformed("a text or a list of texts was expected")
    return values


def _malformed(why: str) -> ApiError:
    return ApiError("MalformedPolicyDocument", 400, f"The policy document is not valid: {why}.")
