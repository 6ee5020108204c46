# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of secrets: versions, the stages that mark them, and the keys that encrypt them."""

from __future__ import annotations

import typing as t

from local_cloud import iam
from local_cloud.framework import ApiError, Call
from local_cloud.gate import denied
from local_cloud.services.kms import instances
from local_cloud.services.kms.common import Record, get_living_secret, get_secret, invalid, kms, page, save_secret
from local_cloud.services.kms.crypto import open_sealed, seal, usable
from local_cloud.services.kms.keys import new_key
from local_cloud.settings import define
from local_cloud.texts import parse_json

define(
    "kms.secret_version_code",
    "Rejected.ResourceExist",
    "code when a version is to be stored again with another value (UNCERTAIN)",
)

CURRENT, PREVIOUS = "ACSCurrent", "ACSPrevious"
_MOST_VERSIONS = 10
_LONGEST_VALUE = 30720
_LONGEST_VERSION_ID = 64


def _system_key(call: Call) -> Record:
    """What encrypts the secrets of a region that name no key. It is the service's own: no list shows it."""
    id = f"{call.account_id}/{call.region}"
    key = call.store.get("kms_system_key", id)
    if key is None:
        key = new_key(call.account_id, call.region, "SecretsManager", call.clock.text())
        call.store.put("kms_system_key", id, key, region=call.region)
    return key


def _key(call: Call, secret: Record, right: str) -> Record:
    """The key of a secret, which the caller needs a right to where it is one of the account's own."""
    if secret["DKMSInstanceId"]:
        instances.require_connected(call, secret["DKMSInstanceId"])
    key_id = secret["EncryptionKeyId"]
    if not key_id:
        return _system_key(call)
    key = usable(call, key_id)
    call.rights.add(right)
    if not iam.allowed(call.store, call.identity, right, [key["Arn"]]):
        raise denied(call, right)
    return key


def new_version(call: Call, secret: Record, stages: list[str]) -> None:
    """Add the version that a request has the value of. What is over the limit goes: the oldest without a stage."""
    data, kind = str(call.params["SecretData"]), str(call.get("SecretDataType") or "text")
    version_id = str(call.params["VersionId"])
    if not 1 <= len(version_id) <= _LONGEST_VERSION_ID:
        raise invalid("VersionId", f"it must have 1 to {_LONGEST_VERSION_ID} characters.")
    if kind not in ("text", "binary"):
        raise invalid("SecretDataType", "it must be text or binary.")
    if not 1 <= len(data.encode()) <= _LONGEST_VALUE:
        raise invalid("SecretData", f"it must have 1 to {_LONGEST_VALUE} bytes.")
    key = _key(call, secret, "kms:GenerateDataKey")
    blob = seal(key, data.encode(), _context(secret, version_id))["CiphertextBlob"]
    version = {"VersionId": version_id, "CreateTime": call.clock.text(), "SecretDataType": kind, "Sealed": blob}
    secret["Versions"].append({**version, "Stages": []})
    for stage in stages:
        _mark(secret, stage, version_id)
    while len(secret["Versions"]) > _MOST_VERSIONS:
        spare = next((one for one in secret["Versions"] if not one["Stages"]), None)
        if spare is None:
            raise ApiError("Rejected.LimitExceeded", 400, f"A secret has at most {_MOST_VERSIONS} versions.")
        secret["Versions"].remove(spare)
    secret["UpdateTime"] = call.clock.text()


def _context(secret: Record, version_id: str) -> dict[str, str]:
    return {"SecretName": secret["SecretName"], "VersionId": version_id}


def _value(call: Call, secret: Record, version: Record) -> str:
    key = _key(call, secret, "kms:Decrypt")
    return open_sealed(key, version["Sealed"], _context(secret, version["VersionId"])).decode()


def _mark(secret: Record, stage: str, version_id: str) -> None:
    """Move a stage to a version; the one that was current becomes the previous one."""
    holder = _by_stage(secret, stage)
    if holder is not None and holder["VersionId"] != version_id:
        holder["Stages"].remove(stage)
        if stage == CURRENT:
            _mark(secret, PREVIOUS, holder["VersionId"])
    target = _by_id(secret, version_id)
    if stage not in target["Stages"]:
        target["Stages"].append(stage)


def _by_stage(secret: Record, stage: str) -> Record | None:
    return next((one for one in secret["Versions"] if stage in one["Stages"]), None)


def _by_id(secret: Record, version_id: str) -> Record:
    for one in secret["Versions"]:
        if one["VersionId"] == version_id:
            return t.cast("Record", one)
    raise ApiError("Forbidden.ResourceNotFound", 404, "The specified version of the secret is not found.")


@kms("PutSecretValue")
def put_secret_value(call: Call) -> Record:
    secret, version_id = get_living_secret(call), str(call.params["VersionId"])
    there = next((one for one in secret["Versions"] if one["VersionId"] == version_id), None)
    if there is None:
        new_version(call, secret, _stages(call))
        save_secret(call, secret)
        there = _by_id(secret, version_id)
    elif _value(call, secret, there) != str(call.params["SecretData"]):
        raise ApiError(call.settings["kms.secret_version_code"], 409, "The version exists with another value.")
    return {
        "SecretName": secret["SecretName"],
        "VersionId": version_id,
        "VersionStages": {"VersionStage": there["Stages"]},
    }


def _stages(call: Call) -> list[str]:
    """JSON text of a list, or of an object with one, as the documents show it."""
    text = call.get("VersionStages")
    if not text:
        return [CURRENT]
    try:
        given = parse_json(str(text))
    except ValueError as error:
        raise invalid("VersionStages", "it is not JSON.") from error
    stages = given.get("VersionStage") if isinstance(given, dict) else given
    if not isinstance(stages, list) or not stages or not all(isinstance(one, str) and one for one in stages):
        raise invalid("VersionStages", "it must be a JSON array of names.")
    return list(dict.fromkeys(stages))


@kms("GetSecretValue")
def get_secret_value(call: Call) -> Record:
    secret = get_living_secret(call, lagged=True)
    wanted, stage = str(call.get("VersionId") or ""), str(call.get("VersionStage") or "")
    version = _by_id(secret, wanted) if wanted else _by_stage(secret, stage or CURRENT)
    if version is None or (wanted and stage and stage not in version["Stages"]):
        raise ApiError("Forbidden.ResourceNotFound", 404, "No version of the secret has the specified stage.")
    return {
        "SecretName": secret["SecretName"],
        "SecretType": secret["SecretType"],
        "SecretData": _value(call, secret, version),
        "SecretDataType": version["SecretDataType"],
        "VersionId": version["VersionId"],
        "VersionStages": {"VersionStage": version["Stages"]},
        "CreateTime": secret["CreateTime"],
    }


@kms("ListSecretVersionIds")
def list_secret_version_ids(call: Call) -> Record:
    secret = get_secret(call, str(call.params["SecretName"]), lagged=True)
    everything = str(call.get("IncludeDeprecated", "")).lower() == "true"
    versions = [one for one in secret["Versions"][::-1] if everything or one["Stages"]]
    shown, more = page(call, versions)
    rows = [
        {
            "VersionId": one["VersionId"],
            "CreateTime": one["CreateTime"],
            "VersionStages": {"VersionStage": one["Stages"]},
        }
        for one in shown
    ]
    return {"SecretName": secret["SecretName"], "VersionIds": {"VersionId": rows}, **more}


@kms("UpdateSecretVersionStage")
def update_secret_version_stage(call: Call) -> Record:
    secret, stage = get_living_secret(call), str(call.params["VersionStage"])
    source, target = str(call.get("RemoveFromVersion") or ""), str(call.get("MoveToVersion") or "")
    if not target and (not source or stage in (CURRENT, PREVIOUS)):
        raise invalid("MoveToVersion", "give MoveToVersion, or RemoveFromVersion for a stage of your own.")
    if source and stage not in _by_id(secret, source)["Stages"]:
        raise invalid("RemoveFromVersion", "that version does not have the stage.")
    if target:
        _mark(secret, stage, _by_id(secret, target)["VersionId"])
    else:
        _by_id(secret, source)["Stages"].remove(stage)
    save_secret(call, secret)
    return {"SecretName": secret["SecretName"]}
