# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of RAM users.

A membership is kept in the user's record: the names in ``Groups``, and ``JoinDates`` by name.
"""

from __future__ import annotations

from local_cloud.framework import Call
from local_cloud.services.ram import entities, quotas
from local_cloud.services.ram.common import (
    Record,
    delete_conflict,
    exists,
    limit_exceeded,
    missing,
    name_of,
    numeric_id,
    page,
    pick,
    ram,
    text_of,
    timestamp,
)

_CREATED = ("GroupId", "GroupName", "Comments", "CreateDate")


def _members(call: Call, group_name: str, *, lagged: bool = False) -> list[Record]:
    """The group's users."""
    return [user for user in entities.all_of(call, "user", lagged=lagged) if group_name in user["Groups"]]


def _rename(user: Record, old: str, new: str | None) -> None:
    """Give one of a user's memberships another name, or end it."""
    user["Groups"] = [new if name == old else name for name in user["Groups"] if name != old or new]
    joined = user["JoinDates"].pop(old)
    if new:
        user["JoinDates"][new] = joined


@ram("CreateGroup")
def create_group(call: Call) -> Record:
    name, comments = name_of(call, "GroupName"), text_of(call, "Comments")
    if call.store.get("group", entities.key(call, name)) is not None:
        raise exists("Group", name)
    if len(entities.all_of(call, "group")) >= quotas.GROUPS:
        raise limit_exceeded("Group", quotas.GROUPS)
    now = timestamp(call.now)
    group = {
        "GroupId": f"g-{numeric_id()}",
        "GroupName": name,
        "Comments": comments,
        "CreateDate": now,
        "UpdateDate": now,
        "Policies": [],
        "AccountId": call.account_id,
    }
    entities.save(call, "group", group)
    return {"Group": pick(group, *_CREATED)}


@ram("GetGroup")
def get_group(call: Call) -> Record:
    return {"Group": pick(entities.find(call, "group", lagged=True), *_CREATED, "UpdateDate")}


@ram("ListGroups")
def list_groups(call: Call) -> Record:
    groups = entities.all_of(call, "group", lagged=True)
    shown, more = page(call, groups, lambda group: str(group["GroupName"]), longest=100)
    return {"Groups": {"Group": [pick(group, *_CREATED, "UpdateDate") for group in shown]}, **more}


@ram("UpdateGroup")
def update_group(call: Call) -> Record:
    group = entities.find(call, "group")
    old = group["GroupName"]
    if "NewComments" in call.params:
        group["Comments"] = text_of(call, "NewComments")
    if "NewGroupName" in call.params and call.params["NewGroupName"] != old:
        new = name_of(call, "NewGroupName")
        if call.store.get("group", entities.key(call, new)) is not None:
            raise exists("Group", new)
        for user in _members(call, old):
            _rename(user, old, new)
            entities.save(call, "user", user)
        call.store.delete("group", entities.key(call, old))
        group["GroupName"] = new
    group["UpdateDate"] = timestamp(call.now)
    entities.save(call, "group", group)
    return {"Group": pick(group, *_CREATED, "UpdateDate")}


@ram("DeleteGroup")
def delete_group(call: Call) -> Record:
    group = entities.find(call, "group")
    if group["Policies"]:
        raise delete_conflict("Group.Policy", "Policies are attached to the group: detach them first.")
    if _members(call, group["GroupName"]):
        raise delete_conflict("Group.User", "The group has users: remove them first.")
    call.store.delete("group", entities.key(call, group["GroupName"]))
    return {}


@ram("AddUserToGroup")
def add_user_to_group(call: Call) -> Record:
    group, user = entities.find(call, "group"), entities.find(call, "user")
    name = group["GroupName"]
    if name in user["Groups"]:
        raise exists("User.Group", name)
    if len(user["Groups"]) >= quotas.GROUPS_PER_USER:
        raise limit_exceeded("User.Group", quotas.GROUPS_PER_USER)
    user["Groups"].append(name)
    user["JoinDates"][name] = timestamp(call.now)
    entities.save(call, "user", user)
    return {}


@ram("RemoveUserFromGroup")
def remove_user_from_group(call: Call) -> Record:
    group, user = entities.find(call, "group"), entities.find(call, "user")
    if group["GroupName"] not in user["Groups"]:
        raise missing("User.Group", group["GroupName"])
    _rename(user, group["GroupName"], None)
    entities.save(call, "user", user)
    return {}


@ram("ListGroupsForUser")
def list_groups_for_user(call: Call) -> Record:
    user = entities.find(call, "user", lagged=True)
    groups = []
    for name in user["Groups"]:
        group = call.store.get("group", entities.key(call, name), lagged=True)
        if group is not None:
            groups.append({**pick(group, "GroupId", "GroupName", "Comments"), "JoinDate": user["JoinDates"][name]})
    return {"Groups": {"Group": groups}}


@ram("ListUsersForGroup")
def list_users_for_group(call: Call) -> Record:
    group = entities.find(call, "group", lagged=True)
    name = group["GroupName"]
    users = [
        {**pick(user, "UserName", "DisplayName"), "JoinDate": user["JoinDates"][name]}
        for user in _members(call, name, lagged=True)
    ]
    shown, more = page(call, users, lambda user: str(user["UserName"]))
    return {"Users": {"User": shown}, **more}
