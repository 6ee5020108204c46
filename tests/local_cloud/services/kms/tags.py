# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of keys and secrets, in the older form (one, JSON texts) and the newer (several, numbered parameters)."""

from __future__ import annotations

import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.kms.common import (
    Record,
    get_key,
    get_living_secret,
    get_secret,
    invalid,
    json_of,
    kms,
    save,
    save_secret,
)
from local_cloud.services.kms.keys import TAG_LIMIT, tags_of
from local_cloud.texts import digits

#: rows that ListTagResources shows at once
_ROWS = 200


def _named(call: Call) -> Record:
    """The key or secret of the older form: exactly one of three kinds is named; there are no certificates."""
    given = [name for name in ("KeyId", "SecretName", "CertificateId") if call.get(name)]
    if len(given) != 1:
        raise invalid("KeyId", "give exactly one of KeyId, SecretName and CertificateId.")
    if given == ["CertificateId"]:
        raise ApiError("Forbidden.ResourceNotFound", 404, "The specified resource is not found.")
    if given == ["SecretName"]:
        return get_living_secret(call)
    return get_key(call, str(call.params["KeyId"]), aliases=False)


def _resources(call: Call) -> list[Record]:
    _check_type(call)
    names = [str(name) for name in call.get("ResourceId", [])]
    if len(names) > 50:
        raise invalid("ResourceId", "at most 50 resources are taken.")
    if call.params["ResourceType"] == "secret":
        return [get_secret(call, name) for name in names]
    return [get_key(call, name, aliases=False) for name in names]


def _check_type(call: Call) -> None:
    if call.get("ResourceType") not in ("key", "secret"):
        raise invalid("ResourceType", "it must be key or secret.")


def _set(call: Call, resource: Record, tags: t.Iterable[Record]) -> None:
    merged = {tag["TagKey"]: tag for tag in [*resource["Tags"], *tags]}
    if len(merged) > TAG_LIMIT:
        raise ApiError("Rejected.LimitExceeded", 400, f"At most {TAG_LIMIT} tags are taken.")
    _save(call, {**resource, "Tags": list(merged.values())})


def _unset(call: Call, resource: Record, names: t.Collection[str]) -> None:
    _save(call, {**resource, "Tags": [tag for tag in resource["Tags"] if tag["TagKey"] not in names]})


def _save(call: Call, resource: Record) -> None:
    (save_secret if "SecretName" in resource else save)(call, resource)


@kms("TagResource")
def tag_resource(call: Call) -> Record:
    _set(call, _named(call), tags_of(json_of(call, "Tags", list)))
    return {}


@kms("UntagResource")
def untag_resource(call: Call) -> Record:
    _unset(call, _named(call), [str(name) for name in json_of(call, "TagKeys", list)])
    return {}


@kms("ListResourceTags")
def list_resource_tags(call: Call) -> Record:
    key = get_key(call, str(call.params["KeyId"]), aliases=False, lagged=True)
    return {"Tags": {"Tag": [{"KeyId": key["KeyId"], **tag} for tag in key["Tags"]]}}


@kms("TagResources")
def tag_resources(call: Call) -> Record:
    tags = tags_of(call.get("Tag", []), "Key", "Value")
    for resource in _resources(call):
        _set(call, resource, tags)
    return {}


@kms("UntagResources")
def untag_resources(call: Call) -> Record:
    names = [str(name) for name in call.get("TagKey", [])]
    everything = bool(call.get("All")) and not names
    for resource in _resources(call):
        _unset(call, resource, [tag["TagKey"] for tag in resource["Tags"]] if everything else names)
    return {}


@kms("ListTagResources")
def list_tag_resources(call: Call) -> Record:
    _check_type(call)
    wanted = [(str(tag.get("Key", "")), tag.get("Value")) for tag in call.get("Tag", [])]
    names = [str(name) for name in call.get("ResourceId", [])]
    kind = str(call.params["ResourceType"])
    id_name = "SecretName" if kind == "secret" else "KeyId"
    resources = call.store.find(f"kms_{kind}", region=call.region, where={"AccountId": call.account_id}, lagged=True)
    rows = []
    for resource in resources:
        own = {tag["TagKey"]: tag["TagValue"] for tag in resource["Tags"]}
        if names and resource[id_name] not in names:
            continue
        if all(name in own and value in (None, "", own[name]) for name, value in wanted):
            rows += [{"ResourceId": resource[id_name], "ResourceType": kind, **tag} for tag in resource["Tags"]]
    position = digits(call.get("NextToken") or 0)
    first = len(rows) if position is None else position
    following = str(first + _ROWS) if len(rows) > first + _ROWS else ""
    return {"TagResources": {"TagResource": rows[first : first + _ROWS]}, "NextToken": following}
