# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom policies, and reading the system's."""

from __future__ import annotations

from local_cloud.framework import Call
from local_cloud.services.ram import entities, quotas
from local_cloud.services.ram.common import (
    Record,
    choice_of,
    delete_conflict,
    exists,
    has_tags,
    limit_exceeded,
    name_of,
    page,
    pick,
    ram,
    required,
    tags_of,
    text_of,
    timestamp,
)
from local_cloud.services.ram.documents import check_policy
from local_cloud.services.ram.policy_versions import version_view
from local_cloud.settings import define

define(
    "ram.delete_policy_of_role_code",
    "Policy.Role",
    "what follows DeleteConflict. when a policy that roles have is deleted",
    ("Policy.Role", "Role.Policy"),
)

_CREATED = ("PolicyName", "PolicyType", "DefaultVersion", "Description", "CreateDate")


@ram("CreatePolicy")
def create_policy(call: Call) -> Record:
    name, document = name_of(call, "PolicyName"), required(call, "PolicyDocument")
    description, tags = text_of(call, "Description"), tags_of(call)
    check_policy(document)
    key = entities.policy_key(call, "Custom", name)
    if call.store.get("policy", key) is not None:
        raise exists("Policy", name)
    if len(entities.all_of(call, "policy")) >= quotas.POLICIES:
        raise limit_exceeded("Policy", quotas.POLICIES)
    now = timestamp(call.now)
    record = {
        "PolicyName": name,
        "PolicyType": "Custom",
        "Description": description,
        "DefaultVersion": "v1",
        "CreateDate": now,
        "UpdateDate": now,
        "Versions": [{"VersionId": "v1", "PolicyDocument": document, "CreateDate": now}],
        "LastVersion": 1,
        "Tags": tags,
        "AccountId": call.account_id,
    }
    call.store.put("policy", key, record)
    return {"Policy": pick(record, *_CREATED)}


@ram("GetPolicy")
def get_policy(call: Call) -> Record:
    record = entities.find_policy(call, lagged=True)
    version = next(item for item in record["Versions"] if item["VersionId"] == record["DefaultVersion"])
    policy = pick(record, *_CREATED, "UpdateDate")
    policy["AttachmentCount"] = sum(1 for _index in entities.attached_to(call, record, lagged=True))
    policy["PolicyDocument"] = version["PolicyDocument"]
    return {"Policy": policy, "DefaultPolicyVersion": version_view(record, version)}


@ram("ListPolicies")
def list_policies(call: Call) -> Record:
    wanted = call.get("PolicyType")
    if wanted is not None:
        choice_of(call, "PolicyType", ("System", "Custom"))
    tags = tags_of(call)
    records = [
        *entities.all_of(call, "policy", lagged=True),
        *call.store.find("policy", where={"PolicyType": "System"}, lagged=True),
    ]
    records = [item for item in records if wanted in (None, item["PolicyType"]) and has_tags(item, tags)]
    shown, more = page(call, records, lambda item: f"{item['PolicyType']}/{item['PolicyName']}")
    counts: dict[tuple[str, str], int] = {}
    for kind in entities.KINDS:
        for entity in entities.all_of(call, kind, lagged=True):
            for attachment in entity.get("Policies", []):
                which = attachment["PolicyType"], attachment["PolicyName"]
                counts[which] = counts.get(which, 0) + 1
    policies = []
    for record in shown:
        policy = pick(record, *_CREATED, "UpdateDate")
        policy["AttachmentCount"] = counts.get((record["PolicyType"], record["PolicyName"]), 0)
        policy["Tags"] = {"Tag": record.get("Tags", [])}
        policies.append(policy)
    return {"Policies": {"Policy": policies}, **more}


@ram("UpdatePolicyDescription")
def update_policy_description(call: Call) -> Record:
    name = name_of(call, "PolicyName")
    required(call, "NewDescription")
    record = entities.get_policy(call, "Custom", name)
    record.update(Description=text_of(call, "NewDescription"), UpdateDate=timestamp(call.now))
    call.store.put("policy", entities.policy_key(call, "Custom", name), record)
    return {"Policy": pick(record, *_CREATED, "UpdateDate")}


@ram("DeletePolicy")
def delete_policy(call: Call) -> Record:
    name = name_of(call, "PolicyName")
    record = entities.get_policy(call, "Custom", name)
    for kind, entity, _attachment in entities.attached_to(call, record):
        parameter, word = entities.KINDS[kind]
        code = call.settings["ram.delete_policy_of_role_code"] if kind == "role" else f"Policy.{word}"
        raise delete_conflict(code, f"The policy is attached to the {kind} {entity[parameter]}: detach it first.")
    if len(record["Versions"]) > 1 and not call.get("CascadingDelete"):
        raise delete_conflict("Policy.Version", "The policy has versions besides the default one: delete them first.")
    call.store.delete("policy", entities.policy_key(call, "Custom", name))
    return {}
