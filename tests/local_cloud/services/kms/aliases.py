# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Aliases of keys."""

from __future__ import annotations

import re

from local_cloud.framework import ApiError, Call
from local_cloud.services.kms.common import Record, alias_key, get_alias, get_key, invalid, kms, page


def _name(call: Call) -> str:
    name = str(call.params["AliasName"])
    if not re.fullmatch(r"alias/[A-Za-z0-9/_-]{1,249}", name) or name.startswith("alias/acs"):
        raise invalid("AliasName", "it must start with alias/ (not alias/acs) and have at most 255 characters.")
    return name


def _target(call: Call) -> Record:
    key = get_key(call, str(call.params["KeyId"]), aliases=False)
    if key["KeyState"] == "PendingDeletion":
        raise ApiError("Rejected.StateModifiedFailed", 409, "The key is about to be deleted.")
    return key


@kms("CreateAlias")
def create_alias(call: Call) -> Record:
    name, key = _name(call), _target(call)
    if call.store.get("kms_alias", alias_key(call, name)) is not None:
        raise ApiError("AliasAlreadyExists", 400, f"The alias {name} already exists.")
    alias = {
        "AliasName": name,
        "AliasArn": f"acs:kms:{call.region}:{call.account_id}:{name}",
        "KeyId": key["KeyId"],
        "AccountId": call.account_id,
    }
    call.store.put("kms_alias", alias_key(call, name), alias, region=call.region)
    return {}


@kms("UpdateAlias")
def update_alias(call: Call) -> Record:
    name = _name(call)
    alias, key = get_alias(call, name), _target(call)
    call.store.put("kms_alias", alias_key(call, name), {**alias, "KeyId": key["KeyId"]}, region=call.region)
    return {}


@kms("DeleteAlias")
def delete_alias(call: Call) -> Record:
    name = _name(call)
    get_alias(call, name)
    call.store.delete("kms_alias", alias_key(call, name))
    return {}


def _list(call: Call, key_id: str | None = None) -> Record:
    where = {"AccountId": call.account_id} | ({"KeyId": key_id} if key_id else {})
    shown, more = page(call, call.store.find("kms_alias", region=call.region, where=where, lagged=True), longest=101)
    aliases = [{name: alias[name] for name in ("AliasName", "AliasArn", "KeyId")} for alias in shown]
    return {"Aliases": {"Alias": aliases}, **more}


@kms("ListAliases")
def list_aliases(call: Call) -> Record:
    return _list(call)


@kms("ListAliasesByKeyId")
def list_aliases_by_key_id(call: Call) -> Record:
    return _list(call, get_key(call, str(call.params["KeyId"]), lagged=True)["KeyId"])
