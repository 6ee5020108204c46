# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AccessKey pairs of RAM users and of the account."""

from __future__ import annotations

import secrets
import string

from local_cloud.framework import ApiError, Call
from local_cloud.services.ram import entities, quotas
from local_cloud.services.ram.common import Record, choice_of, limit_exceeded, missing, pick, ram, required, timestamp

_LETTERS = string.ascii_letters + string.digits


def _owner(call: Call) -> str | None:
    """Whose pairs the call is about: the named user's, else the caller's own (None: the account's)."""
    if "UserName" in call.params:
        return str(entities.find(call, "user")["UserName"])
    if call.identity.kind == "AssumedRoleUser":
        raise ApiError("MissingParameter", 400, 'The input parameter "UserName" is needed when a role calls.')
    return call.identity.user_name


def _pairs(call: Call, owner: str | None, *, lagged: bool = False) -> list[Record]:
    pairs = call.store.find("access_key", where={"AccountId": call.account_id}, lagged=lagged)
    return [pair for pair in pairs if pair["UserName"] == owner]


def _pair(call: Call) -> Record:
    wanted = required(call, "UserAccessKeyId")
    for pair in _pairs(call, _owner(call)):
        if pair["AccessKeyId"] == wanted:
            return pair
    raise missing("User.AccessKey", wanted)


@ram("CreateAccessKey")
def create_access_key(call: Call) -> Record:
    owner = _owner(call)
    if len(_pairs(call, owner)) >= quotas.ACCESS_KEYS_PER_USER:
        raise limit_exceeded("User.AccessKey", quotas.ACCESS_KEYS_PER_USER)
    pair: Record = {
        "AccessKeyId": "LTAI5t" + "".join(secrets.choice(_LETTERS) for _index in range(18)),
        "AccessKeySecret": "".join(secrets.choice(_LETTERS) for _index in range(30)),
        "Status": "Active",
        "CreateDate": timestamp(call.now),
        "AccountId": call.account_id,
        "UserName": owner,
    }
    call.store.put("access_key", pair["AccessKeyId"], pair)
    return {"AccessKey": pick(pair, "AccessKeyId", "AccessKeySecret", "Status", "CreateDate")}


@ram("ListAccessKeys")
def list_access_keys(call: Call) -> Record:
    pairs = _pairs(call, _owner(call), lagged=True)
    return {"AccessKeys": {"AccessKey": [pick(pair, "AccessKeyId", "Status", "CreateDate") for pair in pairs]}}


@ram("UpdateAccessKey")
def update_access_key(call: Call) -> Record:
    status, pair = choice_of(call, "Status", ("Active", "Inactive")), _pair(call)
    call.store.put("access_key", pair["AccessKeyId"], {**pair, "Status": status})
    return {}


@ram("DeleteAccessKey")
def delete_access_key(call: Call) -> Record:
    call.store.delete("access_key", _pair(call)["AccessKeyId"])
    return {}


@ram("GetAccessKeyLastUsed")
def get_access_key_last_used(call: Call) -> Record:
    return {"AccessKeyLastUsed": {"LastUsedDate": _pair(call).get("LastUsedDate", "")}}
