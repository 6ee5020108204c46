# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every way to assume a role shares: the role, the session's parameters, the answer."""

from __future__ import annotations

import json
import re
import typing as t

from local_cloud import identities
from local_cloud.framework import ApiError, Call
from local_cloud.services.ram.documents import check_policy

Record = dict[str, t.Any]

_ROLE_ARN = re.compile(r"acs:ram::(?P<account>\d+):role/(?P<name>[^/]+)", re.IGNORECASE)
_LONGEST_POLICY = 2048


class Session(t.NamedTuple):
    """What is asked for, checked."""

    role: Record
    name: str
    seconds: int
    policy: dict[str, t.Any] | None


def requested(call: Call) -> Session:
    """Read and check RoleArn, RoleSessionName, DurationSeconds and Policy.

    :raises ApiError: 400 InvalidParameter.*, 404 EntityNotExist.Role
    """
    role = _role(call, str(call.get("RoleArn", "")))
    name = str(call.get("RoleSessionName", ""))
    if not re.fullmatch(r"[A-Za-z0-9.@\-_]{2,64}", name):
        raise ApiError(
            "InvalidParameter.RoleSessionName",
            400,
            "The parameter RoleSessionName must have 2 to 64 letters, digits and characters of . @ - _",
        )
    longest = int(role["MaxSessionDuration"])
    if call.identity.kind == "AssumedRoleUser":  # a chain of roles gets an hour at most
        longest = min(longest, 3600)
    seconds = int(call.get("DurationSeconds", 3600))
    if not 900 <= seconds <= longest:
        raise ApiError(
            "InvalidParameter.DurationSeconds", 400, f"The parameter DurationSeconds must be 900 to {longest}."
        )
    return Session(role, name, seconds, _policy(str(call.get("Policy", ""))))


def _role(call: Call, arn: str) -> Record:
    match = _ROLE_ARN.fullmatch(arn)
    if not match:
        raise ApiError("InvalidParameter.RoleArn", 400, f"The parameter RoleArn is not the ARN of a role: {arn!r}.")
    role = call.store.get("role", f"{match['account']}/{match['name']}")
    if role is None:  # ARNs show names in lower case, and are compared so
        for candidate in call.store.find("role", where={"AccountId": match["account"]}):
            if candidate["RoleName"].lower() == match["name"].lower():
                role = candidate
    if role is None or role.get("VisibleAt", 0.0) > call.now.timestamp():
        raise ApiError("EntityNotExist.Role", 404, "The specified Role not exists.")
    return role


def _policy(text: str) -> dict[str, t.Any] | None:
    if not text:
        return None
    if len(text) > _LONGEST_POLICY:
        raise ApiError(
            "InvalidParameter.PolicySize", 400, f"The parameter Policy must have at most {_LONGEST_POLICY} characters."
        )
    try:
        check_policy(text)
    except ApiError as error:
        raise ApiError("InvalidParameter.PolicyGrammar", 400, error.message) from error
    return t.cast("dict[str, t.Any]", json.loads(text))


def issue(call: Call, session: Session) -> Record:
    """Make the credentials and the answer."""
    role = session.role
    issued = identities.issue_session(
        call.store,
        call.clock,
        role["AccountId"],
        role["RoleName"],
        session.name,
        session.seconds,
        session.policy,
    )
    return {
        "AssumedRoleUser": {
            "Arn": f"{role['Arn']}/{session.name}",
            "AssumedRoleId": f"{role['RoleId']}:{session.name}",
        },
        "Credentials": {
            "AccessKeyId": issued["access_key_id"],
            "AccessKeySecret": issued["secret"],
            "SecurityToken": issued["token"],
            "Expiration": issued["expiration"],
        },
    }
