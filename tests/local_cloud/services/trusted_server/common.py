# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operations of the trusted server share.

Records: ``trusted_property`` (id: PropertyUuid) has the members that DescribeInstance shows, InstanceId, RegionId,
AccountId, and what is hidden: ``_Baseline``, ``_Boot`` and ``_Programs`` (of the last report). ``trusted_key`` (id:
PropertyUuid) has the keys that an instance proved to have, ``trusted_challenge`` (id: PropertyUuid) the one challenge
that it can answer, once. ``trust_event`` (id: EventUuid) has the members of DescribeEvents' Items, AccountId and
``_Accept``, by which the baseline moves. Times are milliseconds since 1970.
"""

from __future__ import annotations

import functools
import typing as t

from local_cloud.framework import ApiError, Call, Handler, operation
from local_cloud.services.shapes import complete
from local_cloud.settings import define

Record = dict[str, t.Any]

define(
    "trusted_server.property_uuid",
    "SerialNumber",
    "which of an instance's members is its PropertyUuid (UNCERTAIN)",
    ("SerialNumber", "InstanceId"),
)
#: every choice but 1, which means trusted: only verified evidence may lead to that
define(
    "trusted_server.unmeasured_status", 4, "SystemTrustStatus of an instance without evidence (UNCERTAIN)", (0, 2, 3, 4)
)
define("trusted_server.untrusted_status", 2, "SystemTrustStatus of an instance with findings (UNCERTAIN)", (0, 2, 3))
define(
    "trusted_server.silent_seconds",
    0.0,
    "an instance that was silent for longer is offline and unmeasured; 0: two report intervals (UNCERTAIN)",
)
define("trusted_server.challenge_seconds", 300, "how long a challenge can be answered (UNCERTAIN)")


def trusted_server(action: str) -> t.Callable[[Handler], Handler]:
    """Register a handler; its answer is completed to the SDK's response model."""

    def register(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def served(call: Call) -> Record:
            return complete("trusted-server", action, handler(call))

        operation("trusted-server", action)(served)
        return handler

    return register


def required(call: Call, name: str) -> str:
    """A parameter's value; 400 when it is missing. Nothing describes which parameters are mandatory."""
    value = call.get(name)
    if value is None or value == "":
        raise ApiError(
            "MissingParameter",
            400,
            f'The input parameter "{name}" that is mandatory for processing this request is not supplied.',
        )
    return str(value)


def is_silent(call: Call, record: Record) -> bool:
    """Whether an instance has not reported for so long that its last report says nothing any more."""
    longest = float(call.settings["trusted_server.silent_seconds"])
    if not longest:
        longest = 2 * float(call.settings.get("trust_client.report_interval_seconds", 1800.0))
    return milliseconds(call) - int(record["GmtRecentReport"]) > 1000 * longest


def milliseconds(call: Call) -> int:
    """Now."""
    return int(call.clock.timestamp() * 1000)


def calling_instance(call: Call) -> Record:
    """The instance that calls with the credentials its metadata service gave it.

    :raises ApiError: 403 for anybody else, whatever their permissions
    """
    session = call.store.get("instance_session", call.identity.access_key_id)
    instance = call.store.get("instance", session["InstanceId"]) if session else None
    if instance is None or instance.get("_RamRoleName") != call.identity.role_name:
        raise ApiError(
            "Forbidden.NotInstance",
            403,
            "Only an instance may do this for itself, with the credentials of its RAM role from the instance metadata.",
        )
    return instance


def own_property_uuid(call: Call, instance: Record) -> str:
    """The parameter PropertyUuid, which must be the calling instance's.

    :raises ApiError: 403 for that of another instance
    """
    wanted = required(call, "PropertyUuid")
    if wanted != instance[call.settings["trusted_server.property_uuid"]]:
        raise ApiError("Forbidden.OtherInstance", 403, "The PropertyUuid is not that of the calling instance.")
    return wanted


def get_property(call: Call, property_uuid: str, *, lagged: bool = False) -> Record:
    """An enrolled instance of the caller's account; 404 if there is none."""
    record = call.store.get("trusted_property", property_uuid, lagged=lagged)
    if record is None or record["AccountId"] != call.account_id:
        raise ApiError("InvalidPropertyUuid.NotFound", 404, "No instance is enrolled with the specified PropertyUuid.")
    return record
