# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies of keys."""

from __future__ import annotations

import json

from local_cloud.framework import Call
from local_cloud.services.kms.common import Record, get_key, invalid, kms, save
from local_cloud.texts import parse_json

_LONGEST = 32768
_NAME = "default"


def default_policy(account_id: str) -> str:
    """What a key has when no policy is given: the account decides through RAM."""
    statement = {
        "Sid": "kms default key policy",
        "Effect": "Allow",
        "Action": ["kms:*"],
        "Principal": {"RAM": [f"acs:ram::{account_id}:*"]},
        "Resource": ["*"],
    }
    return json.dumps({"Version": "1", "Statement": [statement]})


def check_policy(text: str) -> str:
    """The text of a key policy.

    :raises ApiError: 400 InvalidParameter
    """
    try:
        document = parse_json(text)
    except ValueError as error:
        raise invalid("Policy", "it is not JSON.") from error
    statements = document.get("Statement") if isinstance(document, dict) else None
    if not isinstance(statements, list) or not statements or document.get("Version") != "1" or len(text) > _LONGEST:
        raise invalid("Policy", f'it must have "Version": "1", a Statement list and at most {_LONGEST} characters.')
    for statement in statements:
        if not isinstance(statement, dict) or {"Effect", "Principal", "Action", "Resource"} - set(statement):
            raise invalid("Policy", "a statement must have Effect, Principal, Action and Resource.")
    return text


def _check_name(call: Call) -> None:
    if call.get("PolicyName", _NAME) != _NAME:
        raise invalid("PolicyName", f"the only policy of a key is called {_NAME}.")


@kms("GetKeyPolicy")
def get_key_policy(call: Call) -> Record:
    _check_name(call)
    return {"Policy": get_key(call, str(call.params["KeyId"]), aliases=False, lagged=True)["Policy"]}


@kms("SetKeyPolicy")
def set_key_policy(call: Call) -> Record:
    _check_name(call)
    key = get_key(call, str(call.params["KeyId"]), aliases=False)
    key["Policy"] = check_policy(str(call.params["Policy"]))
    save(call, key)
    return {}
