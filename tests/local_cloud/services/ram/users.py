# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RAM users."""

from __future__ import annotations

import re

from local_cloud.framework import ApiError, Call
from local_cloud.services.ram import entities, quotas
from local_cloud.services.ram.common import (
    Record,
    delete_conflict,
    exists,
    limit_exceeded,
    name_of,
    numeric_id,
    page,
    pick,
    ram,
    text_of,
    timestamp,
)

_CREATED = ("UserId", "UserName", "DisplayName", "Comments", "Email", "MobilePhone", "CreateDate")
_FORMS = {"Email": r"[^@\s]+@[^@\s]+\.[^@\s]+", "MobilePhone": r"\d{1,3}-\d{4,20}"}


def _profile(call: Call, prefix: str = "") -> Record:
    """The members that a call sets, checked."""
    found = {name: text_of(call, prefix + name) for name in ("DisplayName", "Comments") if prefix + name in call.params}
    for name, form in _FORMS.items():
        if prefix + name in call.params:
            found[name] = str(call.params[prefix + name])
            if found[name] and not re.fullmatch(form, found[name]):
                raise ApiError(f"InvalidParameter.{prefix}{name}.Format", 400, f"{found[name]!r} is not a {name}.")
    return found


@ram("CreateUser")
def create_user(call: Call) -> Record:
    name, profile = name_of(call, "UserName"), _profile(call)
    if call.store.get("user", entities.key(call, name)) is not None:
        raise exists("User", name)
    if len(entities.all_of(call, "user")) >= quotas.USERS:
        raise limit_exceeded("User", quotas.USERS)
    now = timestamp(call.now)
    user = {
        "UserId": numeric_id(),
        "UserName": name,
        "DisplayName": name,
        "Comments": "",
        "Email": "",
        "MobilePhone": "",
        **profile,
        "CreateDate": now,
        "UpdateDate": now,
        "LastLoginDate": "",
        "Policies": [],
        "Groups": [],
        "JoinDates": {},
        "AccountId": call.account_id,
        "Arn": f"acs:ram::{call.account_id}:user/{name}",
    }
    entities.save(call, "user", user)
    return {"User": pick(user, *_CREATED)}


@ram("GetUser")
def get_user(call: Call) -> Record:
    return {"User": pick(entities.find(call, "user", lagged=True), *_CREATED, "UpdateDate", "LastLoginDate")}


@ram("ListUsers")
def list_users(call: Call) -> Record:
    shown, more = page(call, entities.all_of(call, "user", lagged=True), lambda user: str(user["UserName"]))
    return {"Users": {"User": [pick(user, *_CREATED, "UpdateDate") for user in shown]}, **more}


@ram("UpdateUser")
def update_user(call: Call) -> Record:
    user, profile = entities.find(call, "user"), _profile(call, "New")
    old = user["UserName"]
    if "NewUserName" in call.params and call.params["NewUserName"] != old:
        new = name_of(call, "NewUserName")
        if call.store.get("user", entities.key(call, new)) is not None:
            raise exists("User", new)
        call.store.delete("user", entities.key(call, old))
        user.update(UserName=new, Arn=f"acs:ram::{call.account_id}:user/{new}")
        for access_key in _access_keys(call, old):
            call.store.put("access_key", access_key["AccessKeyId"], {**access_key, "UserName": new})
    user.update(profile, UpdateDate=timestamp(call.now))
    entities.save(call, "user", user)
    return {"User": pick(user, *_CREATED, "UpdateDate")}


@ram("DeleteUser")
def delete_user(call: Call) -> Record:
    user = entities.find(call, "user")
    blocks = {
        "Policy": user["Policies"],
        "Group": user["Groups"],
        "LoginProfile": user.get("LoginProfile"),
        "AccessKey": _access_keys(call, user["UserName"]),
    }
    for what, found in blocks.items():
        if found:
            raise delete_conflict(f"User.{what}", f"The user still has something of the kind {what}: remove it first.")
    call.store.delete("user", entities.key(call, user["UserName"]))
    return {}


def _access_keys(call: Call, user_name: str) -> list[Record]:
    return call.store.find("access_key", where={"AccountId": call.account_id, "UserName": user_name})
