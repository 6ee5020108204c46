# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to a resource share: resources and targets, each with the state of its task."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import string
import typing as t

from local_cloud import directory
from local_cloud.framework import ApiError, Call
from local_cloud.services.resource_sharing import copies
from local_cloud.services.resource_sharing.common import (
    SNAPSHOT,
    Record,
    associations,
    few,
    forget,
    get_usable_share,
    is_external,
    later,
    owner_of,
    page,
    pending_invitation,
    required,
    resource_sharing,
    save,
)
from local_cloud.settings import define
from local_cloud.store import on_transition

if t.TYPE_CHECKING:
    from local_cloud.store import Store

define("resourcesharing.targets_per_snapshot", 64, "accounts that a snapshot can be shared with")
define(
    "resourcesharing.unshareable_code",
    "InvalidParameter.Resources",
    "code for a snapshot that is encrypted with the service key, or is somebody else's (UNCERTAIN)",
)

_LETTERS = string.ascii_letters + string.digits
_SHOWN = (
    "AssociationStatus",
    "AssociationStatusMessage",
    "AssociationType",
    "CreateTime",
    "EntityId",
    "EntityType",
    "ResourceArn",
    "ResourceShareId",
    "ResourceShareName",
    "UpdateTime",
)


def key_of(one: Record) -> str:
    """The store's id of an association."""
    return f"{one['ResourceShareId']}/{one['AssociationType']}/{one['EntityId']}"


# -- adding


def add(call: Call, share: Record) -> list[Record]:
    """Associate what the call's Resources and Targets name; returns the associations."""
    resources, targets = few(call, "Resources"), [str(target) for target in few(call, "Targets")]
    for item in resources:
        _check_resource(call, item)
    for target in targets:
        _check_target(call, share, target)
    return [
        *(_associate(call, share, "Resource", str(item["ResourceId"])) for item in resources),
        *(_associate(call, share, "Target", target) for target in targets),
    ]


def _check_resource(call: Call, item: Record) -> None:
    if item.get("ResourceType") != SNAPSHOT:
        raise ApiError("InvalidParameter.ResourceType", 400, "The ResourceType is invalid.")
    snapshot = call.store.get("snapshot", str(item.get("ResourceId") or ""))
    if snapshot is None or snapshot["AccountId"] != call.account_id or snapshot["RegionId"] != call.region:
        raise ApiError("InvalidParameter.Resources", 400, "The Resources is invalid.")
    service = call.store.get("kms_alias", f"{call.account_id}/{call.region}/alias/acs/ecs") or {}
    by_service_key = snapshot["Encrypted"] and snapshot["KMSKeyId"] in ("", service.get("KeyId"))
    if by_service_key or snapshot.get("_SharedFrom"):
        raise ApiError(call.settings["resourcesharing.unshareable_code"], 400, "The resource can't be shared.")


def _check_target(call: Call, share: Record, target: str) -> None:
    own = directory.path_of(call.settings, call.account_id)
    if directory.is_part(target):
        if own is None:
            raise ApiError("AccountNotInResourceDirectory", 409, "The account is not in a resource directory.")
        root = own.split("/")[0]
        if call.store.get("resource_sharing", root) is None:
            raise ApiError(
                "NotEnableSharingWithResourceDirectory", 409, "Sharing with the Resource Directory is not enabled."
            )
        if target != root and not directory.members(call.settings, target):
            raise ApiError("InvalidTarget", 400, "The shared target does not exist in the resource directory.")
    elif not re.fullmatch(r"[0-9]{8,20}", target) or target == call.account_id:
        raise ApiError("InvalidParameter.Targets", 400, "The Targets is invalid.")
    elif is_external(call, target) and not share["AllowExternalTargets"]:
        raise ApiError("InvalidTarget", 400, "The shared target does not exist in the resource directory.")


def _associate(call: Call, share: Record, kind: str, entity: str) -> Record:
    now = call.clock.text()
    one: Record = {
        "ResourceShareId": share["ResourceShareId"],
        "ResourceShareName": share["ResourceShareName"],
        "AssociationType": kind,
        "EntityId": entity,
        "EntityType": SNAPSHOT if kind == "Resource" else _kind_of_target(entity),
        "AssociationStatus": "Associating",
        "AssociationStatusMessage": "",
        "ResourceArn": f"acs:ecs:{call.region}:{call.account_id}:snapshot/{entity}" if kind == "Resource" else "",
        "External": kind == "Target" and is_external(call, entity),
        "CreateTime": now,
        "UpdateTime": now,
        "AccountId": call.account_id,
        "RegionId": call.region,
    }
    held = call.store.get("resource_share_association", key_of(one))
    if held is not None and held["AssociationStatus"] == "Disassociating":
        raise ApiError(
            "AssociateConflict", 409, "You cannot perform the operation while disassociation is being performed."
        )
    if held is not None and held["AssociationStatus"] in ("Associating", "Associated"):
        return held
    call.store.unschedule("resource_share_association", key_of(one))
    save(call, "resource_share_association", key_of(one), one)
    if one["External"]:
        _invite(call, one)
    else:
        later(call, "resource_share_association", key_of(one), _outcome(call, one))
    return one


def _kind_of_target(target: str) -> str:
    return {"rd": "ResourceDirectory", "r": "Folder", "fd": "Folder"}.get(target.partition("-")[0], "Account")


def _outcome(call: Call, one: Record) -> Record:
    """How the task of an association ends."""
    if one["AssociationType"] == "Target":
        held = associations(call, one["ResourceShareId"], "Target")
        accounts = [other for other in held if other["AssociationStatus"] in ("Associating", "Associated")]
        if len(accounts) > call.settings["resourcesharing.targets_per_snapshot"]:
            return {"AssociationStatus": "Failed", "AssociationStatusMessage": "LimitExceeded"}
    return {"AssociationStatus": "Associated"}


def _invite(call: Call, one: Record) -> None:
    invitation_id = "i-" + "".join(secrets.choice(_LETTERS) for _number in range(16))
    invitation = {
        "ResourceShareInvitationId": invitation_id,
        "ResourceShareId": one["ResourceShareId"],
        "ResourceShareName": one["ResourceShareName"],
        "SenderAccountId": call.account_id,
        "ReceiverAccountId": one["EntityId"],
        "Status": "Pending",
        "CreateTime": call.clock.text(),
        "AccountId": call.account_id,
        "RegionId": call.region,
    }
    save(call, "resource_share_invitation", invitation_id, invitation)
    end = call.now + dt.timedelta(seconds=call.settings["resourcesharing.invitation_seconds"])
    call.store.schedule("resource_share_invitation", invitation_id, end, {"Status": "Expired"})


# -- taking away


def take_away(call: Call, one: Record) -> Record:
    """Begin to disassociate a resource or target; an invitation that is not answered yet is cancelled."""
    invitation = pending_invitation(call, one["ResourceShareId"], one["EntityId"])
    if one["AssociationStatus"] == "Associating" and invitation is None:
        raise ApiError(
            "DisassociateConflict", 409, "You cannot perform the operation while association is already in progress."
        )
    if invitation is not None:
        call.store.unschedule("resource_share_invitation", invitation["ResourceShareInvitationId"])
        invitation["Status"] = "Cancelled"
        save(call, "resource_share_invitation", invitation["ResourceShareInvitationId"], invitation)
    one = {**one, "AssociationStatus": "Disassociating", "UpdateTime": call.clock.text()}
    save(call, "resource_share_association", key_of(one), one)
    later(call, "resource_share_association", key_of(one), {"AssociationStatus": "Disassociated"})
    forget(call, "resource_share_association", key_of(one))
    return one


# -- operations


@resource_sharing("AssociateResourceShare")
def associate_resource_share(call: Call) -> Record:
    share = get_usable_share(call)
    _need_something(call)
    return {"ResourceShareAssociations": [_brief(one) for one in add(call, share)]}


@resource_sharing("DisassociateResourceShare")
def disassociate_resource_share(call: Call) -> Record:
    share_id = required(call, "ResourceShareId")
    if call.get("ResourceOwner") == "OtherAccounts":
        return {"ResourceShareAssociations": [_brief(_leave(call, share_id))]}
    get_usable_share(call)
    _need_something(call)
    wanted = [("Resource", str(item.get("ResourceId"))) for item in few(call, "Resources")]
    wanted += [("Target", str(target)) for target in few(call, "Targets")]
    done = []
    for kind, entity in wanted:
        one = call.store.get("resource_share_association", f"{share_id}/{kind}/{entity}")
        if one is None or one["AssociationStatus"] not in ("Associating", "Associated"):
            raise ApiError("DisassociateInvalid", 400, "You can not disassociate unassociated resource or target.")
        done.append(_brief(take_away(call, one)))
    return {"ResourceShareAssociations": done}


def _leave(call: Call, share_id: str) -> Record:
    """A target outside the directory leaves by itself."""
    one = call.store.get("resource_share_association", f"{share_id}/Target/{call.account_id}")
    if one is None or one["AssociationStatus"] != "Associated":
        raise ApiError(
            "EntityNotExists.ResourceShare", 404, "The resource share does not exist in the current account."
        )
    if not one["External"]:
        raise ApiError("LeavingFailed.Account", 409, "The account was added by the resource directory.")
    return take_away(call, one)


def _need_something(call: Call) -> None:
    if not call.get("Resources") and not call.get("Targets"):
        raise ApiError("ResourceAndTargetBothEmpty", 400, "Either a resource or a shared target must be specified.")


@resource_sharing("ListResourceShareAssociations")
def list_resource_share_associations(call: Call) -> Record:
    kind = required(call, "AssociationType")
    if kind not in ("Resource", "Target"):
        raise ApiError("InvalidParameter.AssociationType", 400, "The AssociationType is invalid.")
    if (kind == "Target" and call.get("ResourceId")) or (kind == "Resource" and call.get("Target")):
        raise ApiError(
            "ConflictedAssociationType", 400, "The specified ResourceId or Target conflicts with AssociationType."
        )
    entity = call.get("ResourceId") or call.get("Target")
    ids = [str(share_id) for share_id in call.get("ResourceShareIds") or ()]
    where = {"AccountId": call.account_id, "AssociationType": kind}
    found = [
        one
        for one in call.store.find("resource_share_association", call.region, where=where, lagged=True)
        if (not ids or one["ResourceShareId"] in ids)
        and entity in (None, "", one["EntityId"])
        and call.get("AssociationStatus") in (None, "", one["AssociationStatus"])
    ]
    items, more = page(call, found)
    return {"ResourceShareAssociations": [_full(one) for one in items], **more}


@resource_sharing("ListSharedResources")
def list_shared_resources(call: Call) -> Record:
    mine = owner_of(call) == "Self"
    found = []
    for one in call.store.find("resource_share_association", call.region, where={"AssociationType": "Resource"}):
        targets = set(copies.accounts_of(call.store, call.settings, one["ResourceShareId"]))
        other = call.get("Target")
        fits = one["AccountId"] == call.account_id if mine else call.account_id in targets
        if not fits or one["AssociationStatus"] != "Associated":
            continue
        if other and other not in (targets if mine else {one["AccountId"]}):
            continue
        if call.get("ResourceShareIds") and one["ResourceShareId"] not in call.params["ResourceShareIds"]:
            continue
        shown = {name: one[name] for name in ("CreateTime", "UpdateTime", "ResourceShareId", "ResourceArn")}
        status = {} if mine else {"ResourceStatus": "Available"}
        found.append({**shown, **status, "ResourceId": one["EntityId"], "ResourceType": one["EntityType"]})
    wanted, kind = call.get("ResourceIds") or (), call.get("ResourceType")
    found = [item for item in found if item["ResourceType"] in (kind or SNAPSHOT,)]
    items, more = page(call, [item for item in found if not wanted or item["ResourceId"] in wanted])
    return {"SharedResources": items, **more}


def _brief(one: Record) -> Record:
    return {name: one[name] for name in _SHOWN}


def _full(one: Record) -> Record:
    failed = []
    if one["AssociationStatus"] == "Failed":
        reason = one["AssociationStatusMessage"]
        detail = {"FailureReason": reason, "FailureDescription": reason, "OperationType": "Associate"}
        failed.append({"EntityId": one["EntityId"], "EntityType": one["EntityType"], **detail})
    return {**_brief(one), "External": one["External"], "AssociationFailedDetails": failed}


@on_transition("resource_share_association")
def _share_or_unshare(store: Store, before: Record, after: Record | None) -> None:
    copies.settle(store, before["ResourceShareId"])
