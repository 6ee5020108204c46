# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of policies."""

from __future__ import annotations

from local_cloud.framework import Call
from local_cloud.services.ram import entities, quotas
from local_cloud.services.ram.common import (
    Record,
    choice_of,
    delete_conflict,
    limit_exceeded,
    missing,
    name_of,
    ram,
    required,
    timestamp,
)
from local_cloud.services.ram.documents import check_policy

_ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"


def version_view(policy: Record, version: Record) -> Record:
    """A version as the API shows it."""
    return {**version, "IsDefaultVersion": version["VersionId"] == policy["DefaultVersion"]}


def _custom(call: Call) -> Record:
    """The custom policy that the call names: system policies have versions that only Alibaba Cloud changes."""
    return entities.get_policy(call, "Custom", name_of(call, "PolicyName"))


def _version(call: Call, policy: Record) -> Record:
    wanted = required(call, "VersionId")
    for version in policy["Versions"]:
        if version["VersionId"] == wanted:
            return dict(version)
    raise missing("Policy.Version", wanted)


def _save(call: Call, policy: Record) -> None:
    policy["UpdateDate"] = timestamp(call.now)
    call.store.put("policy", entities.policy_key(call, "Custom", policy["PolicyName"]), policy)


@ram("CreatePolicyVersion")
def create_policy_version(call: Call) -> Record:
    document = required(call, "PolicyDocument")
    rotate = "RotateStrategy" in call.params and choice_of(call, "RotateStrategy", ("None", _ROTATE)) == _ROTATE
    policy = _custom(call)
    check_policy(document)
    if len(policy["Versions"]) >= quotas.VERSIONS_PER_POLICY:
        if not rotate:
            raise limit_exceeded("Policy.Version", quotas.VERSIONS_PER_POLICY)
        oldest = next(item for item in policy["Versions"] if item["VersionId"] != policy["DefaultVersion"])
        policy["Versions"].remove(oldest)
    policy["LastVersion"] += 1
    version = {
        "VersionId": f"v{policy['LastVersion']}",
        "PolicyDocument": document,
        "CreateDate": timestamp(call.now),
    }
    policy["Versions"].append(version)
    if call.get("SetAsDefault"):
        policy["DefaultVersion"] = version["VersionId"]
    _save(call, policy)
    return {"PolicyVersion": version_view(policy, version)}


@ram("GetPolicyVersion")
def get_policy_version(call: Call) -> Record:
    policy = entities.find_policy(call, lagged=True)
    return {"PolicyVersion": version_view(policy, _version(call, policy))}


@ram("ListPolicyVersions")
def list_policy_versions(call: Call) -> Record:
    policy = entities.find_policy(call, lagged=True)
    return {"PolicyVersions": {"PolicyVersion": [version_view(policy, item) for item in policy["Versions"]]}}


@ram("SetDefaultPolicyVersion")
def set_default_policy_version(call: Call) -> Record:
    policy = _custom(call)
    policy["DefaultVersion"] = _version(call, policy)["VersionId"]
    _save(call, policy)
    return {}


@ram("DeletePolicyVersion")
def delete_policy_version(call: Call) -> Record:
    policy = _custom(call)
    version = _version(call, policy)
    if version["VersionId"] == policy["DefaultVersion"]:
        raise delete_conflict("Policy.Version.Default", "The default version of a policy cannot be deleted.")
    policy["Versions"].remove(version)
    _save(call, policy)
    return {}
