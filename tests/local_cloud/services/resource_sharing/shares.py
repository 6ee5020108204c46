# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource shares: created, listed, changed, deleted; and sharing within the resource directory."""

from __future__ import annotations

import dataclasses
import re
import secrets
import string

from local_cloud import directory
from local_cloud.framework import ApiError, Call, Parameters
from local_cloud.services.resource_sharing.associations import add, take_away
from local_cloud.services.resource_sharing.common import (
    Record,
    associations,
    forget,
    get_usable_share,
    later,
    owner_of,
    page,
    pending_invitation,
    required,
    resource_sharing,
    save,
    shown_share,
)

_LETTERS = string.ascii_letters + string.digits


def _name(call: Call) -> str:
    name = required(call, "ResourceShareName")
    if len(name) > 50:
        raise ApiError(
            "InvalidParameter.ResourceShareName.Length", 400, "The maximum length of ResourceShareName exceeds 50."
        )
    if not re.fullmatch(r"[\w.-]+", name):
        raise ApiError("InvalidParameter.ResourceShareName", 400, "The ResourceShareName is invalid.")
    return name


@resource_sharing("CreateResourceShare")
def create_resource_share(call: Call) -> Record:
    now = call.clock.text()
    share: Record = {
        "ResourceShareId": "rs-" + "".join(secrets.choice(_LETTERS) for _number in range(12)),
        "ResourceShareName": _name(call),
        "ResourceShareOwner": call.account_id,
        "ResourceShareStatus": "Active",
        "AllowExternalTargets": bool(call.get("AllowExternalTargets")),
        "ResourceGroupId": str(call.get("ResourceGroupId") or "rg-acfmvoh45qhl3ji"),
        "Tags": [{"Key": tag.get("Key", ""), "Value": tag.get("Value", "")} for tag in call.get("Tag") or ()],
        "CreateTime": now,
        "UpdateTime": now,
        "AccountId": call.account_id,
        "RegionId": call.region,
    }
    save(call, "resource_share", share["ResourceShareId"], share)
    add(call, share)
    return {"ResourceShare": shown_share(call, share)}


@resource_sharing("ListResourceShares")
def list_resource_shares(call: Call) -> Record:
    found = call.store.find("resource_share", call.region, lagged=True)
    if owner_of(call) == "Self":
        found = [share for share in found if share["AccountId"] == call.account_id]
    else:
        joined = {
            one["ResourceShareId"]
            for one in call.store.find("resource_share_association", call.region, lagged=True)
            if one["AssociationType"] == "Target"
            and one["AssociationStatus"] == "Associated"
            and call.account_id in (one["EntityId"], *directory.members(call.settings, one["EntityId"]))
        }
        found = [share for share in found if share["ResourceShareId"] in joined]
    ids, tags = call.get("ResourceShareIds") or (), call.get("Tag") or ()
    shown = []
    for share in found:
        view = {**shown_share(call, share, lagged=True), "ResourceGroupId": share["ResourceGroupId"]}
        if (
            (not ids or share["ResourceShareId"] in ids)
            and call.get("ResourceShareName") in (None, "", share["ResourceShareName"])
            and call.get("ResourceShareStatus") in (None, "", view["ResourceShareStatus"])
            and all({"Key": tag.get("Key", ""), "Value": tag.get("Value", "")} in share["Tags"] for tag in tags)
        ):
            shown.append({**view, "Tags": share["Tags"]})
    items, more = page(call, shown)
    return {"ResourceShares": items, **more}


@resource_sharing("UpdateResourceShare")
def update_resource_share(call: Call) -> Record:
    share = get_usable_share(call)
    if call.get("ResourceShareName"):
        share["ResourceShareName"] = _name(call)
    if call.get("AllowExternalTargets") is not None:
        share["AllowExternalTargets"] = bool(call.params["AllowExternalTargets"])
    share["UpdateTime"] = call.clock.text()
    save(call, "resource_share", share["ResourceShareId"], share)
    return {"ResourceShare": shown_share(call, share)}


@resource_sharing("TagResources")
def tag_resources(call: Call) -> Record:
    if required(call, "ResourceType") != "ResourceShare":
        raise ApiError("InvalidParameter.ResourceType", 400, "The ResourceType is invalid.")
    new = {tag.get("Key", ""): tag.get("Value", "") for tag in call.get("Tag") or ()}
    for share_id in call.get("ResourceId") or ():
        share = get_usable_share(
            dataclasses.replace(call, params=Parameters({**call.params, "ResourceShareId": share_id}))
        )
        labels = {**{tag["Key"]: tag["Value"] for tag in share["Tags"]}, **new}
        share["Tags"] = [{"Key": key, "Value": value} for key, value in labels.items()]
        save(call, "resource_share", share_id, share)
    return {}


@resource_sharing("DeleteResourceShare")
def delete_resource_share(call: Call) -> Record:
    share = get_usable_share(call)
    share_id = share["ResourceShareId"]
    held = associations(call, share_id)
    for one in held:
        waiting = one["AssociationStatus"] in ("Associating", "Disassociating")
        if waiting and not pending_invitation(call, share_id, one["EntityId"]):
            raise ApiError(
                "DeleteResourceShareConflict",
                409,
                "You cannot delete a resource share while there are unfinished tasks.",
            )
    for one in held:
        if one["AssociationStatus"] in ("Associating", "Associated"):
            take_away(call, one)
    share.update({"ResourceShareStatus": "Deleting", "UpdateTime": call.clock.text()})
    save(call, "resource_share", share_id, share)
    later(call, "resource_share", share_id, {"ResourceShareStatus": "Deleted"})
    forget(call, "resource_share", share_id)
    return {}


@resource_sharing("EnableSharingWithResourceDirectory")
def enable_sharing(call: Call) -> Record:
    path = directory.path_of(call.settings, call.account_id)
    if path is None:
        raise ApiError(
            "AccountNotInResourceDirectory", 409, "The account is not a master or a member of a resource directory."
        )
    call.store.put("resource_sharing", path.split("/")[0], {"Enabled": True})
    return {}


@resource_sharing("CheckSharingWithResourceDirectoryStatus", writes=False)
def check_sharing(call: Call) -> Record:
    path = directory.path_of(call.settings, call.account_id) or ""
    return {"EnableSharingWithRd": call.store.get("resource_sharing", path.split("/")[0]) is not None}
