# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cryptographic use of keys: AES-GCM with the key's material, bound to key, version and encryption context."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from local_cloud.framework import ApiError, Call
from local_cloud.services.kms import instances
from local_cloud.services.kms.common import MAGIC, Record, get_key, invalid, json_of, kms
from local_cloud.services.kms.keys import SYMMETRIC
from local_cloud.settings import define

define(
    "kms.ciphertext_code",
    "Forbidden.CiphertextBlob",
    "code for a blob or an encryption context that doesn't fit (UNCERTAIN)",
    ("Forbidden.CiphertextBlob", "InvalidParameter"),
)

_NONCE = 12
_LONGEST_PLAINTEXT = 6144
_SPECS = {"AES_256": 32, "AES_128": 16}

_STATES = {"Disabled": "Rejected.Disabled", "PendingDeletion": "Rejected.PendingDeletion"}


def usable(call: Call, name: str) -> Record:
    """A key that can encrypt now."""
    key = get_key(call, name)
    if key["KeyState"] != "Enabled":
        code = _STATES.get(key["KeyState"], "Rejected.PendingImport")
        raise ApiError(code, 409, f"The key is {key['KeyState']}: it can't be used.")
    if key["KeySpec"] not in SYMMETRIC:
        raise ApiError("Rejected.UnsupportedOperation", 400, "The operation needs a symmetric key.")
    if key.get("DKMSInstanceId"):
        instances.require_connected(call, key["DKMSInstanceId"])
    return key


def _context(call: Call, parameter: str = "EncryptionContext") -> dict[str, str]:
    context = json_of(call, parameter, dict)
    if not all(isinstance(value, str) for value in context.values()):
        raise invalid(parameter, "its values must be texts.")
    return {str(name): value for name, value in context.items()}


def _bound(key_id: str, version_id: str, context: dict[str, str]) -> bytes:
    return json.dumps([key_id, version_id, context], sort_keys=True).encode()


def seal(key: Record, plaintext: bytes, context: dict[str, str]) -> Record:
    """What Encrypt answers: ``{CiphertextBlob, KeyId, KeyVersionId}``."""
    version = key["Versions"][-1]
    nonce = secrets.token_bytes(_NONCE)
    bound = _bound(key["KeyId"], version["KeyVersionId"], context)
    sealed = AESGCM(base64.b64decode(version["Material"])).encrypt(nonce, plaintext, bound)
    header = MAGIC + uuid.UUID(key["KeyId"]).bytes + uuid.UUID(version["KeyVersionId"]).bytes
    return {
        "CiphertextBlob": base64.b64encode(header + nonce + sealed).decode(),
        "KeyId": key["KeyId"],
        "KeyVersionId": version["KeyVersionId"],
    }


def open_sealed(key: Record, blob: str, context: dict[str, str]) -> bytes:
    """What L{seal} has encrypted with this key and context.

    :raises InvalidTag: it is something else
    """
    raw = base64.b64decode(blob)
    start = len(MAGIC) + 32
    version_id = str(uuid.UUID(bytes=raw[len(MAGIC) + 16 : start]))
    version = next(item for item in key["Versions"] if item["KeyVersionId"] == version_id)
    nonce, sealed = raw[start : start + _NONCE], raw[start + _NONCE :]
    cipher = AESGCM(base64.b64decode(version["Material"]))
    return cipher.decrypt(nonce, sealed, _bound(key["KeyId"], version_id, context))


def _unseal(call: Call, blob: str, context: dict[str, str]) -> tuple[Record, Record, bytes]:
    """``(key, version, plaintext)`` of a blob."""
    wrong = ApiError(call.settings["kms.ciphertext_code"], 400, "The ciphertext or its encryption context is wrong.")
    try:
        raw = base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError) as error:
        raise wrong from error
    start = len(MAGIC) + 32
    if not raw.startswith(MAGIC) or len(raw) < start + _NONCE:
        raise wrong
    key_id, version_id = (str(uuid.UUID(bytes=raw[at : at + 16])) for at in (len(MAGIC), len(MAGIC) + 16))
    key = usable(call, key_id)
    version = next((item for item in key["Versions"] if item["KeyVersionId"] == version_id), None)
    if version is None:
        raise wrong
    try:
        return key, version, open_sealed(key, blob, context)
    except InvalidTag as error:
        raise wrong from error


def _no_recipient(call: Call) -> None:
    if call.get("Recipient"):
        raise invalid("Recipient", "the local cloud has no enclaves that could attest themselves.")


def _dry_run(call: Call) -> None:
    if str(call.get("DryRun", "")).lower() == "true":
        raise ApiError("DryRunOperation", 400, "Request validation has been passed with DryRun flag set.")


@kms("Encrypt")
def encrypt(call: Call) -> Record:
    key, context = usable(call, str(call.params["KeyId"])), _context(call)
    try:
        plaintext = base64.b64decode(str(call.params["Plaintext"]), validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid("Plaintext", "it is not Base64.") from error
    if len(plaintext) > _LONGEST_PLAINTEXT:
        raise invalid("Plaintext", f"it must have at most {_LONGEST_PLAINTEXT} bytes.")
    _dry_run(call)
    return seal(key, plaintext, context)


@kms("Decrypt")
def decrypt(call: Call) -> Record:
    _no_recipient(call)
    key, version, plaintext = _unseal(call, str(call.params["CiphertextBlob"]), _context(call))
    _dry_run(call)
    return {
        "Plaintext": base64.b64encode(plaintext).decode(),
        "KeyId": key["KeyId"],
        "KeyVersionId": version["KeyVersionId"],
    }


@kms("ReEncrypt")
def re_encrypt(call: Call) -> Record:
    context = _context(call, "SourceEncryptionContext")
    _key, _version, plaintext = _unseal(call, str(call.params["CiphertextBlob"]), context)
    target = usable(call, str(call.params["DestinationKeyId"]))
    _dry_run(call)
    return seal(target, plaintext, _context(call, "DestinationEncryptionContext"))


def _data_key(call: Call) -> tuple[bytes, Record]:
    key, context = usable(call, str(call.params["KeyId"])), _context(call)
    spec = str(call.get("KeySpec") or "AES_256")
    if spec not in _SPECS:
        raise invalid("KeySpec", f"it must be one of {', '.join(_SPECS)}.")
    length = int(call.get("NumberOfBytes", _SPECS[spec]))
    if not 1 <= length <= 1024:
        raise invalid("NumberOfBytes", "it must be 1 to 1024.")
    _dry_run(call)
    plaintext = secrets.token_bytes(length)
    return plaintext, seal(key, plaintext, context)


@kms("GenerateDataKey")
def generate_data_key(call: Call) -> Record:
    _no_recipient(call)
    plaintext, sealed = _data_key(call)
    return {**sealed, "Plaintext": base64.b64encode(plaintext).decode()}


@kms("GenerateDataKeyWithoutPlaintext")
def generate_data_key_without_plaintext(call: Call) -> Record:
    return _data_key(call)[1]
