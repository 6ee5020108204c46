# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States of keys: Enabled, Disabled, PendingImport, PendingDeletion, and deleted."""

from __future__ import annotations

import datetime as dt
import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.kms.common import Record, get_key, invalid, kms, save
from local_cloud.services.kms.keys import is_service_key
from local_cloud.settings import define
from local_cloud.store import on_transition

if t.TYPE_CHECKING:
    from local_cloud.store import Store

define("kms.deletion_protection_code", "Rejected.DeletionProtection", "code when deletion protection is on (UNCERTAIN)")


def _rejected() -> ApiError:
    return ApiError("Rejected.StateModifiedFailed", 409, "The state of the key does not allow this change.")


def _manageable(call: Call) -> Record:
    key = get_key(call, str(call.params["KeyId"]), aliases=False)
    if is_service_key(key):
        raise ApiError("Forbidden.NoPermission", 403, "The key belongs to a cloud service, which alone manages it.")
    return key


@kms("EnableKey")
def enable_key(call: Call) -> Record:
    return _switch(call, "Enabled")


@kms("DisableKey")
def disable_key(call: Call) -> Record:
    return _switch(call, "Disabled")


def _switch(call: Call, state: str) -> Record:
    key = _manageable(call)
    if key["KeyState"] not in ("Enabled", "Disabled"):
        raise _rejected()
    key["KeyState"] = state
    save(call, key)
    return {}


@kms("ScheduleKeyDeletion")
def schedule_key_deletion(call: Call) -> Record:
    days = int(call.params["PendingWindowInDays"])
    if not 7 <= days <= 366:
        raise invalid("PendingWindowInDays", "it must be 7 to 366.")
    key = _manageable(call)
    if key["KeyState"] == "PendingDeletion":
        raise _rejected()
    if key["DeletionProtection"] == "Enabled":
        raise ApiError(call.settings["kms.deletion_protection_code"], 409, "Deletion protection is on for the key.")
    deleted = call.now + dt.timedelta(days=days)
    key.update(KeyState="PendingDeletion", DeleteDate=call.clock.text(deleted))
    save(call, key)
    call.store.schedule("kms_key", key["KeyId"], deleted, None)
    return {}


@kms("CancelKeyDeletion")
def cancel_key_deletion(call: Call) -> Record:
    key = _manageable(call)
    if key["KeyState"] != "PendingDeletion":
        raise _rejected()
    key.update(KeyState="Enabled", DeleteDate="")
    call.store.unschedule("kms_key", key["KeyId"])
    save(call, key)
    return {}


@kms("SetDeletionProtection")
def set_deletion_protection(call: Call) -> Record:
    name = str(call.get("ProtectedResourceArn") or call.get("KeyId") or "")
    key = get_key(call, name, aliases=False)
    key.update(
        DeletionProtection="Enabled" if call.get("EnableDeletionProtection") else "Disabled",
        DeletionProtectionDescription=str(call.get("DeletionProtectionDescription", "")),
    )
    save(call, key)
    return {}


@on_transition("kms_key")
def _delete_aliases(store: Store, before: Record, after: Record | None) -> None:
    """A key that is gone takes its aliases with it."""
    if after is None:
        start = f"{before['AccountId']}/{before['RegionId']}"
        for alias in store.find("kms_alias", region=before["RegionId"], where={"KeyId": before["KeyId"]}):
            store.delete("kms_alias", f"{start}/{alias['AliasName']}")
