# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operations of Resource Sharing share.

Records: ``resource_share`` (id: ResourceShareId) has the members that ListResourceShares shows;
``resource_share_association`` (id: ``<share>/<type>/<entity>``) those of ListResourceShareAssociations;
``resource_share_invitation`` (id: ResourceShareInvitationId) those of ListResourceShareInvitations. All have AccountId
(of the owner) and RegionId.
"""

from __future__ import annotations

import datetime as dt
import functools
import typing as t

from local_cloud import directory
from local_cloud.framework import ApiError, Call, Handler, operation
from local_cloud.services.shapes import complete
from local_cloud.settings import define
from local_cloud.texts import digits

Record = dict[str, t.Any]

define("resourcesharing.task_seconds", 0.3, "how long an association, a disassociation or a deletion takes")
define("resourcesharing.invitation_seconds", 7 * 86400.0, "how long an invitation can be accepted")
define("resourcesharing.record_seconds", 48 * 3600.0, "how long records of what has ended are kept")

#: the type of resource that is served; others of the real service are not
SNAPSHOT = "Snapshot"
#: most entities of a kind in one call
AT_ONCE = 5


def resource_sharing(action: str, **options: t.Any) -> t.Callable[[Handler], Handler]:
    """Register a handler; its answer is completed to the SDK's response model."""

    def register(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def served(call: Call) -> Record:
            return complete("resourcesharing", action, handler(call))

        operation("resourcesharing", action, **options)(served)
        return handler

    return register


# -- parameters


def required(call: Call, name: str) -> str:
    """A parameter's value; 400 when it is missing."""
    value = call.get(name)
    if value in (None, ""):
        raise ApiError(f"MissingParameter.{name}", 400, f"You must specify {name}.")
    return str(value)


def owner_of(call: Call) -> t.Literal["Self", "OtherAccounts"]:
    """The mandatory parameter ResourceOwner."""
    value = required(call, "ResourceOwner")
    if value not in ("Self", "OtherAccounts"):
        raise ApiError("InvalidParameter.ResourceOwner", 400, "The ResourceOwner is invalid.")
    return t.cast('t.Literal["Self", "OtherAccounts"]', value)


def few(call: Call, name: str) -> list[t.Any]:
    """The items of a list of at most five, without duplicates."""
    items = list(call.get(name) or ())
    if len(items) > AT_ONCE:
        raise ApiError(f"InvalidParameter.{name}.Length", 400, f"The maximum number of {name} exceeds {AT_ONCE}.")
    if any(items.count(item) > 1 for item in items):
        raise ApiError(f"InvalidParameter.{name}.Duplicate", 400, f"The {name} contains duplicate values.")
    return items


def page(call: Call, records: list[Record]) -> tuple[list[Record], Record]:
    """One page by token, and the answer's NextToken."""
    size = int(call.get("MaxResults") or 20)
    if not 1 <= size <= 100:
        raise ApiError("InvalidParameter.MaxResults", 400, "The MaxResults is invalid.")
    first = digits(call.get("NextToken") or "0")
    if first is None:
        raise ApiError("InvalidParameter.NextToken", 400, "The NextToken is invalid.")
    following = str(first + size) if len(records) > first + size else ""
    return records[first : first + size], {"NextToken": following}


# -- records


def get_share(call: Call) -> Record:
    """The caller's resource share that ResourceShareId names; 404 if there is none."""
    share = call.store.get("resource_share", required(call, "ResourceShareId"))
    if share is None or share["AccountId"] != call.account_id or share["RegionId"] != call.region:
        raise ApiError(
            "EntityNotExists.ResourceShare", 404, "The resource share does not exist in the current account."
        )
    return share


def get_usable_share(call: Call) -> Record:
    """As :func:`get_share`; 409 when it is on its way out."""
    share = get_share(call)
    if share["ResourceShareStatus"] in ("Deleting", "Deleted"):
        raise ApiError(
            "ResourceShareStatusMismatchAction", 409, "The status of the resource share does not allow the operation."
        )
    return share


def save(call: Call, kind: str, id: str, record: Record) -> None:
    """Write a record back."""
    call.store.put(kind, id, record, region=record["RegionId"])


def later(call: Call, kind: str, id: str, changes: Record) -> None:
    """Have a task end."""
    done = call.now + dt.timedelta(seconds=call.settings["resourcesharing.task_seconds"])
    call.store.schedule(kind, id, done, {**changes, "UpdateTime": call.clock.text(done)})


def forget(call: Call, kind: str, id: str) -> None:
    """Have the record of what has ended go in the end."""
    end = call.now + dt.timedelta(seconds=call.settings["resourcesharing.record_seconds"])
    call.store.schedule(kind, id, end, None)


def associations(call: Call, share_id: str, kind: str | None = None, *, lagged: bool = False) -> list[Record]:
    """What belongs, or belonged, to a share."""
    where = {"ResourceShareId": share_id} | ({"AssociationType": kind} if kind else {})
    return call.store.find("resource_share_association", call.region, where=where, lagged=lagged)


def pending_invitation(call: Call, share_id: str, account_id: str) -> Record | None:
    """The invitation that an account has not answered yet."""
    where = {"ResourceShareId": share_id, "ReceiverAccountId": account_id, "Status": "Pending"}
    return next(iter(call.store.find("resource_share_invitation", where=where)), None)


def shown_share(call: Call, share: Record, *, lagged: bool = False) -> Record:
    """A share as answers show it: Pending as long as somebody has not answered."""
    where = {"ResourceShareId": share["ResourceShareId"], "Status": "Pending"}
    waiting = call.store.find("resource_share_invitation", where=where, lagged=lagged)
    status = "Pending" if waiting and share["ResourceShareStatus"] == "Active" else share["ResourceShareStatus"]
    return {
        **{name: share[name] for name in ("AllowExternalTargets", "CreateTime", "UpdateTime")},
        **{name: share[name] for name in ("ResourceShareId", "ResourceShareName", "ResourceShareOwner")},
        "ResourceShareStatus": status,
    }


def is_external(call: Call, target: str) -> bool:
    """Whether a target is outside the caller's resource directory, so that it has to be invited."""
    own = directory.path_of(call.settings, call.account_id)
    if directory.is_part(target):
        return False
    other = directory.path_of(call.settings, target)
    return own is None or other is None or other.split("/")[0] != own.split("/")[0]
