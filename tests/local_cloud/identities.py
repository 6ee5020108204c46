# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts, access keys and temporary sessions.

Records: ``account`` (id: account id), ``access_key`` (id: access key id) with ``AccessKeyId``, ``AccessKeySecret``,
``Status`` (Active or Inactive), ``AccountId``, ``UserName`` (None: of the account itself) and ``CreateDate``, and
``sts_session`` (id: access key id).
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import string
import typing as t

from local_cloud.clock import SECOND_FORMAT, Clock
from local_cloud.framework import Identity
from local_cloud.store import Store

_LETTERS = string.ascii_letters + string.digits


def random_text(length: int) -> str:
    """Letters and digits nobody can guess."""
    return "".join(secrets.choice(_LETTERS) for _index in range(length))


def account_keys(store: Store) -> list[dict[str, t.Any]]:
    """The accounts of the seed with their own key: ``account_id``, ``name``, and its secret."""
    names = {account["AccountId"]: account["Name"] for account in store.find("account")}
    return [
        {
            "account_id": key["AccountId"],
            "name": names.get(key["AccountId"], ""),
            "access_key_id": key["AccessKeyId"],
            "access_key_secret": key["AccessKeySecret"],
        }
        for key in store.find("access_key", where={"UserName": None})
    ]


def issue_session(
    store: Store,
    clock: Clock,
    account_id: str,
    role_name: str,
    session_name: str,
    seconds: int,
    policy: str | dict[str, t.Any] | None = None,
) -> dict[str, t.Any]:
    """Make temporary credentials of a role and return their record.

    The record has ``access_key_id``, ``secret``, ``token``, ``account_id``, ``role_name``, ``role_id``,
    ``session_name``, ``expiration`` (``2026-01-31T12:00:00Z``), ``issued`` and ``session_policy``.
    """
    role = store.get("role", f"{account_id}/{role_name}") or {}
    record = {
        "access_key_id": "STS." + random_text(22),
        "secret": random_text(44),
        "token": "CAIS" + random_text(360),
        "account_id": account_id,
        "role_name": role_name,
        "role_id": role.get("RoleId", ""),
        "session_name": session_name,
        "issued": clock.text(),
        "expiration": clock.text(clock.now() + dt.timedelta(seconds=seconds)),
        "session_policy": json.loads(policy) if isinstance(policy, str) and policy else (policy or None),
    }
    with store.transaction():
        store.put("sts_session", record["access_key_id"], record)
        # an hour of grace, so that a client with an old session is told "expired" and not "unknown key"
        store.schedule("sts_session", record["access_key_id"], clock.now() + dt.timedelta(seconds=seconds + 3600), None)
    return record


class Credential(t.NamedTuple):
    """What the gate needs to check a signature."""

    secret: str
    active: bool
    token: str | None  # of a temporary session
    expires: dt.datetime | None
    identity: Identity


def find_credential(store: Store, access_key_id: str) -> Credential | None:
    """Look up an access key, permanent or temporary; None when there is none."""
    if access_key_id.startswith("STS."):
        session = store.get("sts_session", access_key_id)
        return _of_session(session) if session else None
    key = store.get("access_key", access_key_id)
    if key is None:
        return None
    account_id, user_name = key["AccountId"], key.get("UserName")
    if user_name is None:
        identity = Identity(account_id, "Account", f"acs:ram::{account_id}:root", account_id, access_key_id)
    else:
        user = store.get("user", f"{account_id}/{user_name}") or {}
        identity = Identity(
            account_id,
            "RAMUser",
            f"acs:ram::{account_id}:user/{user_name}",
            str(user.get("UserId", "")),
            access_key_id,
            user_name=user_name,
        )
    return Credential(key["AccessKeySecret"], key.get("Status", "Active") == "Active", None, None, identity)


def _of_session(session: dict[str, t.Any]) -> Credential:
    account_id, role, name = session["account_id"], session["role_name"], session["session_name"]
    return Credential(
        session["secret"],
        True,
        session["token"],
        dt.datetime.strptime(session["expiration"], SECOND_FORMAT).replace(tzinfo=dt.UTC),
        Identity(
            account_id,
            "AssumedRoleUser",
            f"acs:ram::{account_id}:role/{role}/{name}",
            f"{session['role_id']}:{name}",
            session["access_key_id"],
            role_name=role,
            session_name=name,
            session_policy=session["session_policy"],
        ),
    )
