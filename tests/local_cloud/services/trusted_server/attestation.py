# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence: keys of the TPM, messages with measurements, and what follows from them.

Evidence is not verified here yet, so nothing counts as trusted: challenges can't be answered, certificates are refused,
and a message only tells that the instance is alive. What fails, fails closed.
"""

from __future__ import annotations

import base64
import secrets

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

#: longest message, in characters
LONGEST_MESSAGE = 4 * 1024 * 1024
_UNMEASURED = "UnmeasuredStatus"


def unmeasured(call: Call) -> Record:
    """The verdict on what nobody has verified. It is never 1, the status of a trusted system."""
    return {"code": _UNMEASURED, "status": int(call.settings["trusted_server.unmeasured_status"])}


@trusted_server("GenerateNonce")
def generate_nonce(call: Call) -> Record:
    own_property_uuid(call, calling_instance(call))
    for name in ("AikName", "EkCert", "EkPub"):
        required(call, name)
    return {"data": {"CredentialBlob": base64.b64encode(secrets.token_bytes(64)).decode()}}


@trusted_server("GenerateAikcert")
def generate_aikcert(call: Call) -> Record:
    own_property_uuid(call, calling_instance(call))
    for name in ("AikName", "AikPub", "EkCert", "EkPub", "NonceDigest"):
        required(call, name)
    raise ApiError("InvalidNonceDigest", 400, "The NonceDigest does not answer the challenge.")


@trusted_server("ProduceAikcert")
def produce_aikcert(call: Call) -> Record:
    calling_instance(call)
    for name in ("AikName", "EkCert", "EkPubKey"):
        required(call, name)
    raise ApiError("InvalidEkCert", 400, "The EkCert could not be verified.")


@trusted_server("PutMessage")
def put_message(call: Call) -> Record:
    instance = calling_instance(call)
    property_uuid = own_property_uuid(call, instance)
    message = _message(call)
    record = get_property(call, property_uuid)
    verdict = unmeasured(call)
    record.update(
        LastMessage=message,
        SystemTrustStatus=verdict["status"],
        GmtRecentReport=milliseconds(call),
        GmtModified=milliseconds(call),
    )
    call.store.put("trusted_property", property_uuid, record, region=record["RegionId"])
    return {
        "data": {
            "systemVerificationResult": verdict,
            "programVerificationResult": verdict,
            "kmoduleVerificationResult": verdict,
            "policyProcResult": {"code": _UNMEASURED, "procData": ""},
            "nextClientIMAIndex": 0,
        }
    }


@trusted_server("VerifyMessage")
def verify_message(call: Call) -> Record:
    calling_instance(call)
    _message(call)
    verdict = unmeasured(call)
    result = {"Code": verdict["code"], "Status": verdict["status"], "Untrusted": [], "TcbObsolete": []}
    return {"Data": {"PcrVerificationResult": result, "ImaVerificationResult": result}}


def _message(call: Call) -> str:
    message = required(call, "FileData")
    if len(message) > LONGEST_MESSAGE:
        raise ApiError("InvalidParameter.FileData", 400, f"A message has at most {LONGEST_MESSAGE} characters.")
    return message
