# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of Cloud Assistant: of an account, in all regions. Only Session Manager's switch does something here."""

from __future__ import annotations

import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services import json_text
from local_cloud.services.ecs.common import Record, ecs, invalid, missing
from local_cloud.settings import define

define(
    "ecs.session_manager_enabled",
    False,
    "whether Session Manager is on in an account that never switched it (UNCERTAIN)",
)

_KIND = "assistant_settings"
_DELIVERIES = ("SessionManagerDelivery", "InvocationDelivery")
_TYPES = (*_DELIVERIES, "AgentUpgradeConfig", "SessionManagerConfig")
#: what a configuration may say, with the type of each value
_FIELDS: dict[str, dict[str, type]] = {
    "SessionManagerConfig": {"SessionManagerEnabled": bool},
    "AgentUpgradeConfig": {
        "AllowedUpgradeWindow": list,
        "BootstrapUpgrade": bool,
        "DisableUpgrade": bool,
        "Enabled": bool,
        "TimeZone": str,
    },
    "OssDeliveryConfig": {
        "BucketName": str,
        "Enabled": bool,
        "EncryptionAlgorithm": str,
        "EncryptionKeyId": str,
        "EncryptionType": str,
        "Prefix": str,
    },
    "SlsDeliveryConfig": {"Enabled": bool, "LogstoreName": str, "ProjectName": str},
}


def session_manager_enabled(call: Call) -> bool:
    """The account's switch."""
    return bool(_stored(call)["SessionManagerConfig"]["SessionManagerEnabled"])


def _stored(call: Call) -> Record:
    switch = {"SessionManagerEnabled": call.settings["ecs.session_manager_enabled"]}
    return {"SessionManagerConfig": switch, **(call.store.get(_KIND, call.account_id) or {})}


@ecs("DescribeCloudAssistantSettings")
def describe_cloud_assistant_settings(call: Call) -> Record:
    wanted = set(call.params["SettingType"])
    if unknown := sorted(wanted - set(_TYPES)):
        raise invalid("SettingType", f"Expected {', '.join(_TYPES)}, not {', '.join(unknown)}.")
    stored = _stored(call)
    shown: Record = {}
    if "SessionManagerConfig" in wanted:
        shown["SessionManagerConfig"] = stored["SessionManagerConfig"]
    if "AgentUpgradeConfig" in wanted:
        config = dict(stored.get("AgentUpgradeConfig") or {})
        windows = config.pop("AllowedUpgradeWindow", [])
        shown["AgentUpgradeConfig"] = {**config, "AllowedUpgradeWindows": {"AllowedUpgradeWindow": windows}}
    for kind in ("OssDeliveryConfig", "SlsDeliveryConfig"):
        configs = stored.get(kind) or {}
        listed = [{**configs[one], "DeliveryType": one} for one in _DELIVERIES if one in wanted and one in configs]
        shown[f"{kind}s"] = {kind: listed}
    return shown


@ecs("ModifyCloudAssistantSettings")
def modify_cloud_assistant_settings(call: Call) -> Record:
    setting = call.params["SettingType"]
    if setting not in _TYPES:
        raise invalid("SettingType", f"Expected one of {', '.join(_TYPES)}.")
    names = ("OssDeliveryConfig", "SlsDeliveryConfig") if setting in _DELIVERIES else (setting,)
    given = {name: _config(call, name) for name in names if call.get(name)}
    if not given:
        raise missing(names[0])
    stored = call.store.get(_KIND, call.account_id) or {}
    for name, config in given.items():
        if setting in _DELIVERIES:
            former = stored.setdefault(name, {})
            former[setting] = {**former.get(setting, {}), **config}
        else:
            stored[name] = {**stored.get(name, {}), **config}
    call.store.put(_KIND, call.account_id, stored)
    return {}


def _config(call: Call, name: str) -> Record:
    """A configuration, which travels as JSON text.

    :raises ApiError: it isn't one, or says something that isn't known, or nothing.
    """
    fields = _FIELDS[name]
    try:
        config: t.Any = json_text.loads(call, call.params[name])
    except ValueError:
        config = None
    if not isinstance(config, dict) or not config or set(config) - set(fields):
        raise invalid(name, f"Expected a JSON object with {', '.join(fields)}.")
    for key, value in config.items():
        if fields[key] is bool and str(value).lower() in ("true", "false"):
            config[key] = str(value).lower() == "true"
        elif not isinstance(value, fields[key]):
            raise ApiError("InvalidParameter", 400, f'The specified parameter "{name}.{key}" is not valid.')
    return config
