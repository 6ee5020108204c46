# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Console passwords of RAM users. Nobody logs on to the local cloud: only a salted hash is kept."""

from __future__ import annotations

import hashlib
import re
import secrets

from local_cloud.framework import ApiError, Call
from local_cloud.services.ram import entities
from local_cloud.services.ram.common import Record, exists, missing, ram, required, timestamp
from local_cloud.services.ram.security import password_policy

#: whatever the password policy says, passwords have characters of at least this many kinds
_KINDS_OF_CHARACTERS = 3
#: kind of characters that a password policy can require -> one of them
_KINDS = {
    "RequireLowercaseCharacters": r"[a-z]",
    "RequireUppercaseCharacters": r"[A-Z]",
    "RequireNumbers": r"\d",
    "RequireSymbols": r"[^A-Za-z0-9]",
}


def _hash(call: Call) -> str:
    password, policy = required(call, "Password"), password_policy(call)
    kinds = {name: bool(re.search(kind, password)) for name, kind in _KINDS.items()}
    wanted = [name for name in kinds if policy[name]]
    if (
        not policy["MinimumPasswordLength"] <= len(password) <= 32
        or sum(kinds.values()) < _KINDS_OF_CHARACTERS
        or not all(kinds[name] for name in wanted)
    ):
        raise ApiError("InvalidPassword", 400, "The password does not meet the password policy.")
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1).hex()}"


def _view(user: Record) -> Record:
    profile = {name: value for name, value in user["LoginProfile"].items() if name != "Hash"}
    return {"LoginProfile": {"UserName": user["UserName"], **profile}}


def _with_profile(call: Call, *, lagged: bool = False) -> Record:
    user = entities.find(call, "user", lagged=lagged)
    if not user.get("LoginProfile"):
        raise missing("User.LoginProfile", user["UserName"])
    return user


@ram("CreateLoginProfile")
def create_login_profile(call: Call) -> Record:
    user = entities.find(call, "user")
    if user.get("LoginProfile"):
        raise exists("User.LoginProfile", user["UserName"])
    user["LoginProfile"] = {
        "Hash": _hash(call),
        "PasswordResetRequired": bool(call.get("PasswordResetRequired", False)),
        "MFABindRequired": bool(call.get("MFABindRequired", False)),
        "CreateDate": timestamp(call.now),
    }
    entities.save(call, "user", user)
    return _view(user)


@ram("GetLoginProfile")
def get_login_profile(call: Call) -> Record:
    return _view(_with_profile(call, lagged=True))


@ram("UpdateLoginProfile")
def update_login_profile(call: Call) -> Record:
    user = _with_profile(call)
    for name in ("PasswordResetRequired", "MFABindRequired"):
        if name in call.params:
            user["LoginProfile"][name] = bool(call.params[name])
    if "Password" in call.params:
        user["LoginProfile"]["Hash"] = _hash(call)
    entities.save(call, "user", user)
    return {}


@ram("DeleteLoginProfile")
def delete_login_profile(call: Call) -> Record:
    user = _with_profile(call)
    del user["LoginProfile"]
    entities.save(call, "user", user)
    return {}
