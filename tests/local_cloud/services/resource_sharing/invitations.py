# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invitations, as the accounts outside the owner's resource directory get them."""

from __future__ import annotations

import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.resource_sharing import copies
from local_cloud.services.resource_sharing.common import Record, page, required, resource_sharing, save
from local_cloud.settings import define
from local_cloud.store import on_transition

if t.TYPE_CHECKING:
    from local_cloud.store import Store

define(
    "resourcesharing.refused_status",
    "Failed",
    "status of an association whose invitation was rejected or has expired (UNCERTAIN)",
    ("Failed", "Disassociated"),
)

_SHOWN = (
    "CreateTime",
    "ReceiverAccountId",
    "ResourceShareId",
    "ResourceShareInvitationId",
    "ResourceShareName",
    "SenderAccountId",
    "Status",
)


@resource_sharing("ListResourceShareInvitations")
def list_resource_share_invitations(call: Call) -> Record:
    shares, ids = call.get("ResourceShareIds") or (), call.get("ResourceShareInvitationIds") or ()
    found = [
        _shown(one)
        for one in call.store.find("resource_share_invitation", call.region, lagged=True)
        if one["ReceiverAccountId"] == call.account_id
        and (not shares or one["ResourceShareId"] in shares)
        and (not ids or one["ResourceShareInvitationId"] in ids)
    ]
    items, more = page(call, found)
    return {"ResourceShareInvitations": items, **more}


@resource_sharing("AcceptResourceShareInvitation")
def accept_resource_share_invitation(call: Call) -> Record:
    return {"ResourceShareInvitation": _answer(call, "Accepted")}


@resource_sharing("RejectResourceShareInvitation")
def reject_resource_share_invitation(call: Call) -> Record:
    return {"ResourceShareInvitation": _answer(call, "Rejected")}


def _answer(call: Call, status: str) -> Record:
    invitation = call.store.get("resource_share_invitation", required(call, "ResourceShareInvitationId"))
    if invitation is None or invitation["ReceiverAccountId"] != call.account_id:
        raise ApiError(
            "EntityNotExists.ResourceShareInvitation",
            409,
            "The resource share invitation does not exist in the current account.",
        )
    if invitation["Status"] != "Pending":
        code = "Expired" if invitation["Status"] == "Expired" else f"Already{invitation['Status']}"
        raise ApiError(f"InvitationStatus.{code}", 409, f"The resource share invitation is {invitation['Status']}.")
    invitation["Status"] = status
    call.store.unschedule("resource_share_invitation", invitation["ResourceShareInvitationId"])
    save(call, "resource_share_invitation", invitation["ResourceShareInvitationId"], invitation)
    ended = "Associated" if status == "Accepted" else call.settings["resourcesharing.refused_status"]
    _end(call.store, invitation, ended)
    return _shown(invitation)


def _end(store: Store, invitation: Record, status: str) -> None:
    key = f"{invitation['ResourceShareId']}/Target/{invitation['ReceiverAccountId']}"
    one = store.get("resource_share_association", key)
    if one is None or one["AssociationStatus"] != "Associating":
        return
    one["AssociationStatus"] = status
    if status != "Associated":
        one["AssociationStatusMessage"] = f"The invitation is {invitation['Status'].lower()}."
    store.put("resource_share_association", key, one, region=one["RegionId"])
    copies.settle(store, one["ResourceShareId"])


def _shown(invitation: Record) -> Record:
    return {name: invitation[name] for name in _SHOWN}


@on_transition("resource_share_invitation")
def _expire(store: Store, before: Record, after: Record | None) -> None:
    """Nobody answered in time."""
    if after is not None and after["Status"] == "Expired":
        _end(store, after, store.context.settings["resourcesharing.refused_status"])


@on_transition("resource_share")
def _forget(store: Store, before: Record, after: Record | None) -> None:
    """With the record of a share go the invitations to it."""
    if after is None:
        for one in store.find("resource_share_invitation", where={"ResourceShareId": before["ResourceShareId"]}):
            store.delete("resource_share_invitation", one["ResourceShareInvitationId"])
