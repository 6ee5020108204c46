# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of resources."""

from __future__ import annotations

import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import (
    Record,
    ecs,
    find_all,
    find_one,
    has_tags,
    page_token,
    request_tags,
    save,
    shown_tags,
)

#: resource type -> kind of record
_KINDS = {
    "instance": "instance",
    "disk": "disk",
    "volume": "disk",
    "snapshot": "snapshot",
    "image": "image",
    "securitygroup": "security_group",
    "eni": "eni",
    "keypair": "key_pair",
    "invocation": "invocation",
}
#: types that the API knows but the local cloud has no resources of
_EMPTY_TYPES = {
    "ddh",
    "ddhcluster",
    "launchtemplate",
    "reservedinstance",
    "snapshotpolicy",
    "elasticityassurance",
    "capacityreservation",
    "command",
    "activation",
    "managedinstance",
}
_ID_KEYS = {
    "instance": "InstanceId",
    "disk": "DiskId",
    "snapshot": "SnapshotId",
    "image": "ImageId",
    "security_group": "SecurityGroupId",
    "eni": "NetworkInterfaceId",
    "key_pair": "KeyPairId",
    "invocation": "InvokeId",
}
_PAGE = 50


def _kind(call: Call) -> str | None:
    """The kind of record the request is about; None for a type without resources here.

    :raises ApiError: no such type.
    """
    wanted = call.params["ResourceType"].lower()
    if wanted in _EMPTY_TYPES:
        return None
    if wanted not in _KINDS:
        raise ApiError("InvalidResourceType.NotFound", 404, "The ResourceType provided does not exist in our records.")
    return _KINDS[wanted]


def _ids(call: Call) -> list[str]:
    ids = list(dict.fromkeys(call.get("ResourceId") or ()))
    if len(ids) > 50:
        raise ApiError("NumberExceed.ResourceIds", 400, "The number of ResourceIds is exceeded: 50 at most.")
    return ids


def _resources(call: Call) -> list[tuple[str, str, Record]]:
    """Kind, id of the record and record of every resource that the request names.

    :raises ApiError: 404 for the first that doesn't exist.
    """
    kind, found = _kind(call), []
    pairs = {pair["KeyPairId"]: pair for pair in find_all(call, "key_pair")} if kind == "key_pair" else {}
    for resource_id in _ids(call):
        record_id = resource_id
        if kind == "key_pair":  # by id; tools that pass the name are understood too (UNCERTAIN)
            name = pairs[resource_id]["KeyPairName"] if resource_id in pairs else resource_id
            record_id = f"{call.account_id}/{call.region}/{name}"
        record = find_one(call, kind, record_id) if kind else None
        if kind is None or record is None:
            raise ApiError("InvalidResourceId.NotFound", 404, "The specified ResourceId is not found in our records.")
        found.append((kind, record_id, record))
    return found


@ecs("TagResources")
def tag_resources(call: Call) -> None:
    if len(call.get("Tag") or ()) > 20:
        raise ApiError("NumberExceed.Tags", 400, "The Tags parameter's number is exceeded: 20 at most.")
    tags = request_tags(call)
    if not tags:
        raise ApiError("MissingParameter.Tag", 404, "The Tag is mandatory.")
    add_tags(call, _resources(call), tags)


def add_tags(call: Call, resources: t.Iterable[tuple[str, str, Record]], tags: list[Record]) -> None:
    """Give records (kind, id, record) tags, in place of those with the same keys.

    :raises ApiError: too many.
    """
    for kind, record_id, record in resources:
        merged = {tag["TagKey"]: tag for tag in [*record.get("Tags", ()), *tags]}
        if len(merged) > call.settings["ecs.tags_per_resource"]:
            raise ApiError("QuotaExceed.Tags", 403, "The maximum number of Tags is exceeded.")
        save(call, kind, record_id, {**record, "Tags": list(merged.values())})


@ecs("UntagResources")
def untag_resources(call: Call) -> None:
    keys, everything = set(call.get("TagKey") or ()), bool(call.get("All"))
    if any(key.lower().startswith("acs:") for key in keys):
        raise ApiError("NoPermission.Tag", 403, "The operator is not permission for the tag.")
    for kind, record_id, record in _resources(call):
        drop_all = everything and not keys
        kept = [] if drop_all else [tag for tag in record.get("Tags", ()) if tag["TagKey"] not in keys]
        save(call, kind, record_id, {**record, "Tags": kept})


@ecs("ListTagResources")
def list_tag_resources(call: Call) -> Record:
    if not call.get("ResourceId") and not call.get("Tag"):
        raise ApiError("MissingParameter.TagOrResourceId", 404, "ResourceId or Tag must be given.")
    kind, ids = _kind(call), _ids(call)
    found: list[Record] = []
    for record in find_all(call, kind, lagged=True) if kind else ():
        names = {record[_ID_KEYS[t.cast(str, kind)]], record.get("KeyPairName") if kind == "key_pair" else None}
        if (not ids or names & set(ids)) and has_tags(call, record):
            shown = {"ResourceId": record[_ID_KEYS[t.cast(str, kind)]], "ResourceType": call.params["ResourceType"]}
            found += [{**shown, **tag} for tag in shown_tags(call, record)]
    page = page_token(call, found, default=_PAGE, most=_PAGE)
    return {"TagResources": {"TagResource": page.items}, **page.about}
