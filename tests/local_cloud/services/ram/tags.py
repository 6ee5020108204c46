# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of roles and custom policies."""

from __future__ import annotations

import dataclasses
import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.ram import entities
from local_cloud.services.ram.common import Record, choice_of, has_tags, json_list, limit_exceeded, page, ram, tags_of

_TYPES = ("role", "policy")
#: tags of one resource
_LIMIT = 20


def _records(call: Call, names: list[str], *, lagged: bool = False) -> t.Iterator[tuple[str, Record]]:
    """``(store id, record)`` of each named resource; 404 for one that does not exist."""
    kind = choice_of(call, "ResourceType", _TYPES)
    for name in names:
        key = entities.key(call, name) if kind == "role" else entities.policy_key(call, "Custom", name)
        record = call.store.get(kind, key, lagged=lagged)
        if record is None:
            raise ApiError(f"EntityNotExist.{kind.capitalize()}", 404, f"The {kind} does not exist: {name}.")
        yield key, record


def _names(call: Call) -> list[str]:
    names = [str(name) for name in json_list(call, "ResourceNames")]
    if not 1 <= len(names) <= 50:
        raise ApiError("InvalidParameter.ResourceNames", 400, "Give 1 to 50 ResourceNames.")
    return names


@ram("TagResources")
def tag_resources(call: Call) -> Record:
    new = tags_of(call)
    if not new:
        raise ApiError("MissingParameter", 400, 'The input parameter "Tag" must have at least one tag.')
    for key, record in _records(call, _names(call)):
        tags = {tag["TagKey"]: tag for tag in [*record.get("Tags", []), *new]}
        if len(tags) > _LIMIT:
            raise limit_exceeded("Tag", _LIMIT)
        call.store.put(str(call.params["ResourceType"]), key, {**record, "Tags": list(tags.values())})
    return {}


@ram("UntagResources")
def untag_resources(call: Call) -> Record:
    gone = {str(key) for key in json_list(call, "TagKeys")}
    everything = bool(call.get("All")) and not gone
    for key, record in _records(call, _names(call)):
        tags = [tag for tag in record.get("Tags", []) if not everything and tag["TagKey"] not in gone]
        call.store.put(str(call.params["ResourceType"]), key, {**record, "Tags": tags})
    return {}


@ram("ListTagResources")
def list_tag_resources(call: Call) -> Record:
    kind, wanted = choice_of(call, "ResourceType", _TYPES), tags_of(call)
    if "ResourceNames" in call.params:
        records = [record for _key, record in _records(call, _names(call), lagged=True)]
    else:
        records = entities.all_of(call, kind, lagged=True)
    name = "RoleName" if kind == "role" else "PolicyName"
    found = [
        {"ResourceName": record[name], "ResourceType": kind, **tag}
        for record in records
        if has_tags(record, wanted)
        for tag in record.get("Tags", [])
    ]
    paged = dataclasses.replace(call, params={"MaxItems": call.get("PageSize", 100), "Marker": call.get("NextToken")})
    shown, more = page(paged, found, lambda tag: f"{tag['ResourceName']}\0{tag['TagKey']}", longest=100)
    return {"TagResources": shown, "NextToken": more.get("Marker", "")}
