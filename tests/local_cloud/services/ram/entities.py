# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where RAM's entities are in the store: roles, users, groups and policies of the caller's account."""

from __future__ import annotations

import typing as t

from local_cloud.services.ram.common import Record, choice_of, missing, name_of

if t.TYPE_CHECKING:
    from local_cloud.framework import Call

#: kind of record -> (name of the API's parameter, the word in error codes)
KINDS = {"role": ("RoleName", "Role"), "user": ("UserName", "User"), "group": ("GroupName", "Group")}


def key(call: Call, name: str) -> str:
    """The store's id of a role, user or group of the caller's account."""
    return f"{call.account_id}/{name}"


def find(call: Call, kind: str, *, lagged: bool = False) -> Record:
    """The role, user or group that the call names; 404 if there is none."""
    parameter, word = KINDS[kind]
    name = name_of(call, parameter)
    record = call.store.get(kind, key(call, name), lagged=lagged)
    if record is None:
        raise missing(word, name)
    return record


def save(call: Call, kind: str, record: Record) -> None:
    """Write a role, user or group back."""
    call.store.put(kind, key(call, record[KINDS[kind][0]]), record)


def all_of(call: Call, kind: str, *, lagged: bool = False) -> list[Record]:
    """Every entity of a kind in the caller's account."""
    return call.store.find(kind, where={"AccountId": call.account_id}, lagged=lagged)


def policy_key(call: Call, policy_type: str, name: str) -> str:
    """The store's id of a policy."""
    return f"System/{name}" if policy_type == "System" else f"{call.account_id}/Custom/{name}"


def get_policy(call: Call, policy_type: str, name: str, *, lagged: bool = False) -> Record:
    """A policy by type and name; 404 if there is none."""
    record = call.store.get("policy", policy_key(call, policy_type, name), lagged=lagged)
    if record is None:
        raise missing("Policy", name)
    return record


def find_policy(call: Call, *, lagged: bool = False) -> Record:
    """The policy that the parameters PolicyType and PolicyName name; 404 if there is none."""
    policy_type = choice_of(call, "PolicyType", ("System", "Custom"))
    return get_policy(call, policy_type, name_of(call, "PolicyName"), lagged=lagged)


def attached_to(call: Call, policy: Record, *, lagged: bool = False) -> t.Iterator[tuple[str, Record, Record]]:
    """Who a policy is attached to: ``(kind, entity, attachment)``."""
    for kind in KINDS:
        for entity in all_of(call, kind, lagged=lagged):
            for attachment in entity.get("Policies", []):
                if is_of(attachment, policy):
                    yield kind, entity, attachment


def is_of(attachment: Record, policy: Record) -> bool:
    """Whether an attachment is of a policy."""
    return (attachment["PolicyType"], attachment["PolicyName"]) == (policy["PolicyType"], policy["PolicyName"])
