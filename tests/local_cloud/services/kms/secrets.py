# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets: creating, describing, listing, deleting in two ways, restoring.

Records: ``kms_secret`` (id: account/region/name) has the members of DescribeSecret, RegionId, AccountId, Tags, and
``Versions``, a list of ``{VersionId, CreateTime, SecretDataType, Sealed, Stages}``, newest last. Values are kept as
ciphertext only, by the secret's key or, where it has none, by one that the service keeps for the region.
"""

from __future__ import annotations

import datetime as dt
import re
import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.kms import instances
from local_cloud.services.kms.common import (
    Record,
    get_key,
    get_living_secret,
    get_secret,
    in_delete_window,
    invalid,
    json_of,
    kms,
    page,
    save_secret,
    secret_id,
)
from local_cloud.services.kms.keys import SYMMETRIC, tags_of
from local_cloud.services.kms.secret_values import CURRENT, new_version
from local_cloud.settings import define
from local_cloud.texts import digits

define(
    "kms.secrets_need_instance",
    False,
    "whether secrets are created in a KMS instance only, as KMS 3.0 may want for new accounts (UNCERTAIN)",
)
define("kms.secret_without_instance_code", "Rejected.UnsupportedOperation", "code when they are not (UNCERTAIN)")
define(
    "kms.secret_description_clears",
    False,
    "whether UpdateSecret takes an empty Description for one, not for none given (UNCERTAIN)",
)
define(
    "kms.secret_force_in_window",
    True,
    "whether DeleteSecret deletes at once what is already scheduled for deletion (UNCERTAIN)",
)

_NAME = re.compile(r"[A-Za-z0-9_/+=.@-]{1,192}")
_QUOTA = 1000
_FILTERS = ("SecretName", "Description", "TagKey", "TagValue", "DKMSInstanceId", "SecretType", "Creator")
_DESCRIBED = (
    "Arn",
    "SecretName",
    "EncryptionKeyId",
    "Description",
    "CreateTime",
    "UpdateTime",
    "PlannedDeleteTime",
    "SecretType",
    "DKMSInstanceId",
)


@kms("CreateSecret")
def create_secret(call: Call) -> Record:
    name = name_of(call)
    if call.get("SecretType") not in (None, "", "Generic"):
        raise invalid("SecretType", "the local cloud has no databases, users or instances to rotate secrets of.")
    there = call.store.get("kms_secret", secret_id(call, name))
    if there is not None:
        exists = ApiError("Rejected.ResourceExist", 409, "The resource already exists.")
        raise in_delete_window() if there["PlannedDeleteTime"] else exists
    instance = _instance(call)
    secret: Record = {
        "Arn": f"acs:kms:{call.region}:{call.account_id}:secret/{name}",
        "SecretName": name,
        "EncryptionKeyId": _encryption_key(call, instance),
        "Description": str(call.get("Description", "")),
        "CreateTime": call.clock.text(),
        "UpdateTime": call.clock.text(),
        "PlannedDeleteTime": "",
        "SecretType": "Generic",
        "DKMSInstanceId": instance,
        "Creator": call.account_id,
        "Tags": tags_of(json_of(call, "Tags", list)),
        "Versions": [],
        "RegionId": call.region,
        "AccountId": call.account_id,
    }
    if len(call.store.find("kms_secret", region=call.region, where={"AccountId": call.account_id})) >= _QUOTA:
        raise ApiError("Rejected.LimitExceeded", 400, "The secret quota is exceeded.")
    new_version(call, secret, [CURRENT])
    save_secret(call, secret)
    return {
        **{name: secret[name] for name in ("Arn", "SecretName", "SecretType", "DKMSInstanceId")},
        "VersionId": secret["Versions"][0]["VersionId"],
    }


def name_of(call: Call) -> str:
    """The name of a new secret, checked."""
    name = str(call.params["SecretName"])
    if not _NAME.fullmatch(name) or name.startswith("acs/"):
        raise invalid("SecretName", "1 to 192 letters, digits and _/+=.@-, not beginning with acs/.")
    return name


def _instance(call: Call) -> str:
    instance = str(call.get("DKMSInstanceId") or "")
    if not instance and call.settings["kms.secrets_need_instance"]:
        message = "The operation is not supported without a KMS instance."
        raise ApiError(call.settings["kms.secret_without_instance_code"], 400, message)
    if instance:
        instances.with_room(call, instance, "secret")
    return instance


def _encryption_key(call: Call, instance: str) -> str:
    name = str(call.get("EncryptionKeyId") or "")
    if not name:
        return ""
    key = get_key(call, name)
    if key["KeySpec"] not in SYMMETRIC or key.get("DKMSInstanceId", "") != instance:
        raise invalid("EncryptionKeyId", "it must be a symmetric key of the same KMS instance.")
    return str(key["KeyId"])


@kms("DescribeSecret")
def describe_secret(call: Call) -> Record:
    secret = get_secret(call, str(call.params["SecretName"]), lagged=True)
    shown = {name: secret[name] for name in _DESCRIBED}
    return {**shown, "Tags": {"Tag": secret["Tags"]}} if _true(call, "FetchTags") else shown


def _true(call: Call, parameter: str) -> bool:
    return str(call.get(parameter, "")).lower() == "true"


@kms("ListSecrets")
def list_secrets(call: Call) -> Record:
    secrets = call.store.find("kms_secret", region=call.region, where={"AccountId": call.account_id}, lagged=True)
    for wanted in json_of(call, "Filters", list):
        name = str(wanted.get("Key", "")) if isinstance(wanted, dict) else ""
        values = (wanted.get("Values") or []) if isinstance(wanted, dict) else []
        if name not in _FILTERS or len(values) > 10:
            raise invalid("Filters", f"{name!r} is not a property of secrets to filter by, with up to 10 values.")
        secrets = [one for one in secrets if not values or set(values) & _properties(one, name)]
    shown, more = page(call, secrets)
    return {"SecretList": {"Secret": [_listed(call, secret) for secret in shown]}, **more}


def _properties(secret: Record, name: str) -> set[str]:
    if name in ("TagKey", "TagValue"):
        return {tag[name] for tag in secret["Tags"]}
    return {secret[name]}


def _listed(call: Call, secret: Record) -> Record:
    names = ("SecretName", "CreateTime", "UpdateTime", "PlannedDeleteTime", "SecretType")
    shown = {name: secret[name] for name in names}
    return {**shown, "Tags": {"Tag": secret["Tags"]}} if _true(call, "FetchTags") else shown


@kms("UpdateSecret")
def update_secret(call: Call) -> Record:
    secret = get_living_secret(call)
    description = str(call.get("Description") or "")
    if description or call.settings["kms.secret_description_clears"]:
        secret["Description"] = description
    save_secret(call, {**secret, "UpdateTime": call.clock.text()})
    return {"SecretName": secret["SecretName"]}


@kms("DeleteSecret")
def delete_secret(call: Call) -> Record:
    secret = get_secret(call, str(call.params["SecretName"]))
    force = _true(call, "ForceDeleteWithoutRecovery")
    if secret["PlannedDeleteTime"] and not (force and call.settings["kms.secret_force_in_window"]):
        raise in_delete_window()
    if force:
        call.store.delete("kms_secret", secret_id(call, secret["SecretName"]))
        return {"SecretName": secret["SecretName"], "PlannedDeleteTime": call.clock.text()}
    planned = call.now + dt.timedelta(days=_window(call))
    save_secret(call, {**secret, "PlannedDeleteTime": call.clock.text(planned)})
    call.store.schedule("kms_secret", secret_id(call, secret["SecretName"]), planned, None)
    return {"SecretName": secret["SecretName"], "PlannedDeleteTime": call.clock.text(planned)}


def _window(call: Call) -> int:
    days = digits(call.get("RecoveryWindowInDays") or "30")
    if days is None or not 7 <= days <= 30:
        raise invalid("RecoveryWindowInDays", "it must be 7 to 30.")
    return days


@kms("RestoreSecret")
def restore_secret(call: Call) -> Record:
    secret = get_secret(call, str(call.params["SecretName"]))
    if not secret["PlannedDeleteTime"]:
        raise ApiError("Rejected.ResourceInUse", 409, "restore normal secret")
    call.store.unschedule("kms_secret", secret_id(call, secret["SecretName"]))
    save_secret(call, {**secret, "PlannedDeleteTime": ""})
    return {"SecretName": secret["SecretName"]}


@kms("RotateSecret")
def rotate_secret(call: Call) -> t.NoReturn:
    """A generic secret is rotated by PutSecretValue."""
    get_living_secret(call)
    raise ApiError("Rejected.UnsupportedOperation", 400, "The operation is not supported for generic secrets.")
