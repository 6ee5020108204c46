# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies attached to users, groups and roles."""

from __future__ import annotations

import typing as t

from local_cloud.framework import Call
from local_cloud.services.ram import entities, quotas
from local_cloud.services.ram.common import Record, exists, limit_exceeded, missing, pick, ram, timestamp
from local_cloud.settings import define

define("ram.policy_effective_after", 0.0, "seconds until an attached policy counts in decisions")


def _attach(call: Call, kind: str) -> Record:
    word = entities.KINDS[kind][1]
    policy, entity = entities.find_policy(call), entities.find(call, kind)
    name = policy["PolicyName"]
    if any(entities.is_of(item, policy) for item in entity["Policies"]):
        raise exists(f"{word}.Policy", name)
    limit = quotas.ATTACHMENTS[kind][policy["PolicyType"]]
    if sum(item["PolicyType"] == policy["PolicyType"] for item in entity["Policies"]) >= limit:
        raise limit_exceeded(f"{word}.Policy", limit)
    delay = call.settings["ram.policy_effective_after"]
    attachment = {**pick(policy, "PolicyType", "PolicyName"), "AttachDate": timestamp(call.now)}
    if delay:
        attachment["EffectiveAt"] = call.now.timestamp() + delay
    entity["Policies"].append(attachment)
    entities.save(call, kind, entity)
    return {}


def _detach(call: Call, kind: str) -> Record:
    word = entities.KINDS[kind][1]
    policy, entity = entities.find_policy(call), entities.find(call, kind)
    left = [item for item in entity["Policies"] if not entities.is_of(item, policy)]
    if len(left) == len(entity["Policies"]):
        raise missing(f"{word}.Policy", policy["PolicyName"])
    entity.update(Policies=left, DetachedAt=call.now.timestamp())
    entities.save(call, kind, entity)
    return {}


def _list(call: Call, kind: str) -> Record:
    policies = []
    for attachment in entities.find(call, kind, lagged=True)["Policies"]:
        policy = entities.get_policy(call, attachment["PolicyType"], attachment["PolicyName"], lagged=True)
        shown = pick(policy, "PolicyName", "PolicyType", "DefaultVersion", "Description")
        policies.append({**shown, "AttachDate": attachment["AttachDate"]})
    return {"Policies": {"Policy": policies}}


def _register(kind: str, word: str) -> None:
    handlers: dict[str, t.Callable[[Call, str], Record]] = {
        f"AttachPolicyTo{word}": _attach,
        f"DetachPolicyFrom{word}": _detach,
        f"ListPoliciesFor{word}": _list,
    }
    for action, handler in handlers.items():
        ram(action)(lambda call, handler=handler: handler(call, kind))  # type: ignore[misc]


for _kind, (_parameter, _word) in entities.KINDS.items():
    _register(_kind, _word)


@ram("ListEntitiesForPolicy")
def list_entities_for_policy(call: Call) -> Record:
    members = {
        "role": ("RoleId", "RoleName", "Arn", "Description"),
        "user": ("UserId", "UserName", "DisplayName"),
        "group": ("GroupName", "Comments"),
    }
    policy = entities.find_policy(call, lagged=True)
    found: dict[str, list[Record]] = {kind: [] for kind in members}
    for kind, entity, attachment in entities.attached_to(call, policy, lagged=True):
        found[kind].append({**pick(entity, *members[kind]), "AttachDate": attachment["AttachDate"]})
    return {
        "Users": {"User": found["user"]},
        "Groups": {"Group": found["group"]},
        "Roles": {"Role": found["role"]},
    }
