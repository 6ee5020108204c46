# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys: creating, reading, describing."""

from __future__ import annotations

import base64
import datetime as dt
import re
import secrets
import typing as t
import uuid

from local_cloud.framework import ApiError, Call
from local_cloud.services.kms import instances
from local_cloud.services.kms.common import Record, get_key, invalid, json_of, kms, page, save
from local_cloud.services.kms.key_policies import check_policy, default_policy

#: symmetric key specs and the bytes of their material
SYMMETRIC = {"Aliyun_AES_256": 32, "Aliyun_AES_192": 24, "Aliyun_AES_128": 16, "Aliyun_SM4": 16}
#: asymmetric key specs and what they can be used for, the default first
ASYMMETRIC = {
    "RSA_2048": ("SIGN/VERIFY", "ENCRYPT/DECRYPT"),
    "RSA_3072": ("SIGN/VERIFY", "ENCRYPT/DECRYPT"),
    "EC_P256": ("SIGN/VERIFY",),
    "EC_P256K": ("SIGN/VERIFY",),
    "EC_SM2": ("SIGN/VERIFY", "ENCRYPT/DECRYPT"),
}
TAG_LIMIT = 20

_METADATA = (
    "KeyId",
    "Arn",
    "KeyState",
    "KeyUsage",
    "KeySpec",
    "Origin",
    "ProtectionLevel",
    "Creator",
    "CreationDate",
    "Description",
    "PrimaryKeyVersion",
    "AutomaticRotation",
    "RotationInterval",
    "LastRotationDate",
    "NextRotationDate",
    "DeleteDate",
    "MaterialExpireTime",
    "DKMSInstanceId",
)
_DAY = 86400
_UNITS = {"d": _DAY, "h": 3600, "m": 60, "s": 1}


def new_key(account_id: str, region_id: str, creator: str, now: str, spec: str = "Aliyun_AES_256") -> Record:
    """A key's record with the service's defaults and, where symmetric, real material."""
    key_id, version_id = str(uuid.uuid4()), str(uuid.uuid4())
    version: Record = {"KeyVersionId": version_id, "CreationDate": now}
    if spec in SYMMETRIC:
        version["Material"] = base64.b64encode(secrets.token_bytes(SYMMETRIC[spec])).decode()
    return {
        "KeyId": key_id,
        "Arn": f"acs:kms:{region_id}:{account_id}:key/{key_id}",
        "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT/DECRYPT" if spec in SYMMETRIC else ASYMMETRIC[spec][0],
        "KeySpec": spec,
        "Origin": "Aliyun_KMS",
        "ProtectionLevel": "SOFTWARE",
        "DKMSInstanceId": "",
        "Creator": creator,
        "CreationDate": now,
        "Description": "",
        "PrimaryKeyVersion": version_id if spec in SYMMETRIC else "",
        "AutomaticRotation": "Disabled",
        "LastRotationDate": now if spec in SYMMETRIC else "",
        "DeletionProtection": "Disabled",
        "DeletionProtectionDescription": "",
        "Versions": [version],
        "Policy": default_policy(account_id),
        "Tags": [],
        "RegionId": region_id,
        "AccountId": account_id,
    }


def metadata(key: Record) -> Record:
    """The members of KeyMetadata; deletion protection is shown by DescribeKey alone."""
    return {name: key[name] for name in _METADATA if name in key}


def is_service_key(key: Record) -> bool:
    """Whether a cloud service made the key for itself: such a key is not the user's to manage."""
    return bool(key["Creator"] != key["AccountId"])


@kms("CreateKey")
def create_key(call: Call) -> Record:
    spec = str(call.get("KeySpec") or "Aliyun_AES_256")
    if spec not in SYMMETRIC and spec not in ASYMMETRIC:
        raise invalid("KeySpec", f"it must be one of {', '.join([*SYMMETRIC, *ASYMMETRIC])}.")
    usages = ("ENCRYPT/DECRYPT",) if spec in SYMMETRIC else ASYMMETRIC[spec]
    changes: Record = {
        "KeyUsage": _one_of(call, "KeyUsage", usages),
        "Origin": _one_of(call, "Origin", ("Aliyun_KMS", "EXTERNAL")),
        "ProtectionLevel": _one_of(call, "ProtectionLevel", ("SOFTWARE", "HSM")),
        "Description": description_of(call),
        "DKMSInstanceId": str(call.get("DKMSInstanceId", "")),
        "Tags": tags_of(json_of(call, "Tags", list)),
    }
    if changes["DKMSInstanceId"]:
        changes["ProtectionLevel"] = instances.for_key(call, changes["DKMSInstanceId"], spec)
    else:
        instances.check_default_keys(call)
    if call.get("Policy"):
        changes["Policy"] = check_policy(str(call.params["Policy"]))
    key = {**new_key(call.account_id, call.region, call.account_id, call.clock.text(), spec), **changes}
    if changes["Origin"] == "EXTERNAL":
        key.update(KeyState="PendingImport", PrimaryKeyVersion="", LastRotationDate="", Versions=[])
    if call.get("EnableAutomaticRotation"):
        key.update(_rotation(call))
    save(call, key)
    return {"KeyMetadata": metadata(key)}


def _one_of(call: Call, parameter: str, choices: tuple[str, ...]) -> str:
    value = str(call.get(parameter) or choices[0])
    if value not in choices:
        raise invalid(parameter, f"it must be one of {', '.join(choices)}.")
    return value


def _rotation(call: Call) -> Record:
    seconds = _rotation_seconds(call)
    following = call.clock.text(call.now + dt.timedelta(seconds=seconds))
    return {"AutomaticRotation": "Enabled", "RotationInterval": f"{seconds}s", "NextRotationDate": following}


def _rotation_seconds(call: Call) -> int:
    match = re.fullmatch(r"(\d+)([dhms])", str(call.get("RotationInterval", "")))
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 7 * _DAY <= seconds <= 365 * _DAY:
        raise invalid("RotationInterval", "it must be 7 to 365 days, such as 365d or 604800s.")
    return seconds


def description_of(call: Call) -> str:
    """The parameter Description: 0 to 8192 characters."""
    text = str(call.get("Description", ""))
    if len(text) > 8192:
        raise invalid("Description", "it must have at most 8192 characters.")
    return text


def tags_of(items: t.Iterable[t.Any], key_name: str = "TagKey", value_name: str = "TagValue") -> list[Record]:
    """Tags ``{TagKey, TagValue}``, checked."""
    tags: dict[str, str] = {}
    for item in items:
        given = item if isinstance(item, dict) else {}
        key, value = str(given.get(key_name, "")), str(given.get(value_name, ""))
        if not re.fullmatch(r"[\w/\\.+=:@ -]{1,128}", key) or key.startswith(("aliyun", "acs:")) or len(value) > 128:
            raise invalid("Tags", f"{key!r} is not a tag that can be set.")
        tags[key] = value
    if len(tags) > TAG_LIMIT:
        raise ApiError("Rejected.LimitExceeded", 400, f"A key takes at most {TAG_LIMIT} tags.")
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


@kms("DescribeKey")
def describe_key(call: Call) -> Record:
    key = get_key(call, str(call.params["KeyId"]), lagged=True)
    protection = {name: key[name] for name in ("DeletionProtection", "DeletionProtectionDescription")}
    return {"KeyMetadata": {**metadata(key), **protection}}


@kms("ListKeys")
def list_keys(call: Call) -> Record:
    records = call.store.find("kms_key", region=call.region, where={"AccountId": call.account_id}, lagged=True)
    filters = json_of(call, "Filters", list)
    if len(filters) > 10:
        raise invalid("Filters", "at most 10 filters are taken.")
    for wanted in filters:
        name = str(wanted.get("Key", "")) if isinstance(wanted, dict) else ""
        if name not in ("KeyState", "KeySpec", "KeyUsage", "ProtectionLevel", "CreatorType", "DKMSInstanceId"):
            raise invalid("Filters", f"{name!r} is not a property of keys to filter by.")
        values = wanted.get("Values") or []
        records = [record for record in records if not values or _property(record, name) in values]
    shown, more = page(call, records)
    return {"Keys": {"Key": [{"KeyId": key["KeyId"], "KeyArn": key["Arn"]} for key in shown]}, **more}


def _property(key: Record, name: str) -> t.Any:
    if name == "CreatorType":
        return "Service" if is_service_key(key) else "User"
    return key.get(name, "")


@kms("UpdateRotationPolicy")
def update_rotation_policy(call: Call) -> Record:
    key = get_key(call, str(call.params["KeyId"]), aliases=False)
    enable = call.get("EnableAutomaticRotation")
    if enable is None:
        raise ApiError("MissingParameter", 400, 'The parameter "EnableAutomaticRotation" is needed.')
    if is_service_key(key):
        raise ApiError("Forbidden.NoPermission", 403, "The key belongs to a cloud service, which alone manages it.")
    in_hardware = key["ProtectionLevel"] == "HSM" and key.get("DKMSInstanceId")
    if key["KeySpec"] not in SYMMETRIC or key["Origin"] != "Aliyun_KMS" or in_hardware:
        raise ApiError("Rejected.UnsupportedOperation", 400, "The key can't be rotated.")
    if key["KeyState"] not in ("Enabled", "Disabled"):
        raise ApiError("Rejected.StateModifiedFailed", 409, "The state of the key does not allow this change.")
    key.update(AutomaticRotation="Disabled", RotationInterval="", NextRotationDate="")
    if enable:
        key.update(_rotation(call))
    save(call, key)
    return {}


@kms("UpdateKeyDescription")
def update_key_description(call: Call) -> Record:
    key = get_key(call, str(call.params["KeyId"]), aliases=False)
    key["Description"] = description_of(call)
    save(call, key)
    return {}
