# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances join the trusted server and leave it."""

from __future__ import annotations

from local_cloud.framework import ApiError, Call
from local_cloud.services.trusted_server.common import (
    Record,
    calling_instance,
    get_property,
    milliseconds,
    own_property_uuid,
    required,
    trusted_server,
)
from local_cloud.texts import parse_json

_LONGEST_EXTENSIONS = 4096


@trusted_server("RegisterMessage")
def register_message(call: Call) -> Record:
    """Enrol the calling instance; a repetition updates what it says about itself and keeps its verdict."""
    instance = calling_instance(call)
    property_uuid = own_property_uuid(call, instance)
    if call.get("InstanceId", instance["InstanceId"]) != instance["InstanceId"]:
        raise ApiError("Forbidden.OtherInstance", 403, "The InstanceId is not that of the calling instance.")
    extensions = str(call.get("Extensions", ""))
    if len(extensions) > _LONGEST_EXTENSIONS:
        raise ApiError("InvalidParameter.Extensions", 400, f"At most {_LONGEST_EXTENSIONS} characters are taken.")
    now = milliseconds(call)
    known = call.store.get("trusted_property", property_uuid) or {
        "PropertyUuid": property_uuid,
        "SystemTrustStatus": call.settings["trusted_server.unmeasured_status"],
        "ProgramTrustStatus": call.settings["trusted_server.unmeasured_status"],
        "GmtCreate": now,
        "GmtRecentReport": 0,
    }
    record = {
        **known,
        "PropertyName": str(call.get("PropertyName", "")),
        "PropertyPrivateIp": str(call.get("PropertyPrivateIp", "")),
        "PropertyPublicIp": str(call.get("PropertyPublicIp", "")),
        "PropertyAffiliation": int(call.get("PropertyAffiliation", 0)),
        "Extensions": extensions,
        "GmtModified": now,
        "InstanceId": instance["InstanceId"],
        "RegionId": instance["RegionId"],
        "AccountId": instance["AccountId"],
    }
    call.store.put("trusted_property", property_uuid, record, region=instance["RegionId"])
    return {}


@trusted_server("UnregisterMessage")
def unregister_message(call: Call) -> Record:
    """End enrolments. An instance can end its own, a user those of the account."""
    names = texts(required(call, "Properties"))
    if call.store.get("instance_session", call.identity.access_key_id) is not None:
        own = calling_instance(call)[call.settings["trusted_server.property_uuid"]]
        if names != [own]:
            raise ApiError("Forbidden.OtherInstance", 403, "An instance can unregister itself only.")
    for name in names:
        get_property(call, name)
        for kind in ("trusted_property", "trusted_key", "trusted_challenge"):
            call.store.delete(kind, name)
    return {}


def texts(value: str) -> list[str]:
    """A list that is sent as one text: a JSON array, or separated by commas."""
    if value.lstrip().startswith("["):
        try:
            return [str(item) for item in parse_json(value)]
        except ValueError as error:
            raise ApiError("InvalidParameter", 400, f"{value!r} is not a JSON array.") from error
    return [item.strip() for item in value.split(",") if item.strip()]
