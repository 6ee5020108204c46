# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence: keys of the TPM, reports with measurements, and what follows from them.

An instance proves its TPM's endorsement key with every report: the nonce of its quote is the answer to a challenge
that only that TPM can open, and only for the attestation key that the instance enrolled. What is not proven is refused
and changes nothing, so that the instance becomes unmeasured when its last good report is too old.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import datetime as dt
import hashlib
import hmac
import secrets
import typing as t

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from local_cloud.attestation import certificates, message, verdict
from local_cloud.attestation.credential import make_credential
from local_cloud.attestation.tpm_structures import Public, Refused, parse_attestation_key, parse_endorsement_key
from local_cloud.framework import ApiError, Call
from local_cloud.services.trusted_server.baselines import set_baseline
from local_cloud.services.trusted_server.common import (
    Record,
    calling_instance,
    get_property,
    milliseconds,
    own_property_uuid,
    required,
    trusted_server,
)
from local_cloud.services.trusted_server.events import note_deviations

#: longest message, in characters
LONGEST_MESSAGE = 4 * 1024 * 1024
#: what must have been measured before anything is said about programs
REQUIRED_PROGRAMS = ("/usr/local/bin/trust-agent",)
_TRUSTED = 1
_CODES = {"trusted": "TrustedStatus", "untrusted": "UntrustedStatus", "unmeasured": "UnmeasuredStatus"}


@contextlib.contextmanager
def refusing() -> t.Iterator[None]:
    """Answer what proves nothing with 400 and what is wrong with it."""
    try:
        yield
    except Refused as error:
        raise ApiError(error.code, 400, f"The evidence is refused: {error}.") from error


# -- keys


@trusted_server("GenerateNonce")
def generate_nonce(call: Call) -> Record:
    """A challenge for the calling instance's TPM. A newer one takes the place of an older one."""
    instance = calling_instance(call)
    property_uuid = own_property_uuid(call, instance)
    endorsement_key = _endorsement_key(call, instance, "EkPub")
    name = _decoded(call, "AikName")
    if len(name) != 34 or name[:2] != b"\x00\x0b":
        raise ApiError("InvalidParameter.AikName", 400, "The AikName must be the TPM name of a key, with SHA-256.")
    secret = secrets.token_bytes(32)
    challenge = {
        "AikName": name.hex(),
        "EkName": endorsement_key.name.hex(),
        "Secret": secret.hex(),
        "AccountId": instance["AccountId"],
    }
    call.store.delete("trusted_challenge", property_uuid)
    call.store.put("trusted_challenge", property_uuid, challenge)
    expiry = call.now + dt.timedelta(seconds=call.settings["trusted_server.challenge_seconds"])
    call.store.schedule("trusted_challenge", property_uuid, expiry, None)
    return {"data": {"CredentialBlob": _encoded(make_credential(endorsement_key, name, secret))}}


@trusted_server("GenerateAikcert")
def generate_aikcert(call: Call) -> Record:
    """Certify the attestation key of an instance that has answered the challenge for it."""
    instance = calling_instance(call)
    property_uuid = own_property_uuid(call, instance)
    endorsement_key = _endorsement_key(call, instance, "EkPub")
    secret = _take_challenge(call, property_uuid, _decoded(call, "AikName"), endorsement_key.name)
    with refusing():
        if not hmac.compare_digest(hashlib.sha256(secret).digest(), _decoded(call, "NonceDigest")):
            raise Refused("InvalidNonceDigest", "the NonceDigest does not answer the challenge")
        key = parse_attestation_key(_decoded(call, "AikPub"))
        if key.name != _decoded(call, "AikName"):
            raise Refused("InvalidAikPub", "the AikPub is not the key of the AikName")
    _pin(call, property_uuid, instance, endorsement_key, key)
    return {
        "data": dict(
            zip(
                ("keyCredentialBlob", "dataCredentialBlob"),
                _certified(call, instance, endorsement_key, key),
                strict=True,
            )
        )
    }


@trusted_server("ProduceAikcert")
def produce_aikcert(call: Call) -> Record:
    """The newer agents' way: only the TPM of the endorsement key can open the certificate that it is answered with."""
    instance = calling_instance(call)
    property_uuid = str(instance[call.settings["trusted_server.property_uuid"]])
    endorsement_key = _endorsement_key(call, instance, "EkPubKey")
    with refusing():
        key = parse_attestation_key(_decoded(call, "CertRequest"))
        if key.name != _decoded(call, "AikName"):
            raise Refused("InvalidAikPub", "the CertRequest is not the key of the AikName")
    _pin(call, property_uuid, instance, endorsement_key, key)
    return {
        "Data": dict(
            zip(
                ("KeyCredentialBlob", "DataCredentialBlob"),
                _certified(call, instance, endorsement_key, key),
                strict=True,
            )
        )
    }


def _endorsement_key(call: Call, instance: Record, parameter: str) -> Public:
    """The endorsement key that the caller shows, which the authority must have certified for this instance."""
    with refusing():
        key = parse_endorsement_key(_decoded(call, parameter))
        _check_certificate(call, _decoded(call, "EkCert"), key, certificates.ENDORSEMENT_KEY, instance)
    return key


def _check_certificate(call: Call, der: bytes, key: Public, purpose: t.Any, instance: Record) -> None:
    authority: Certificate = call.store.context.authority.certificate
    certificates.check(der, authority, purpose, key=key.key, owner=instance["InstanceId"], now=call.now)


def _pin(call: Call, property_uuid: str, instance: Record, endorsement_key: Public, key: Public) -> None:
    """Remember an instance's keys. Its attestation key may change, its TPM may not."""
    known = call.store.get("trusted_key", property_uuid)
    if known is not None and known["EkName"] != endorsement_key.name.hex():
        raise ApiError(
            "Forbidden.OtherEk",
            403,
            "The instance is enrolled with another endorsement key. If its TPM was replaced on purpose, end its "
            "enrolment with UnregisterMessage first.",
        )
    record = {
        "EkName": endorsement_key.name.hex(),
        "AikPub": key.raw.hex(),
        "InstanceId": instance["InstanceId"],
        "AccountId": instance["AccountId"],
    }
    call.store.put("trusted_key", property_uuid, record)


def _certified(call: Call, instance: Record, endorsement_key: Public, key: Public) -> tuple[str, str]:
    """The attestation key's certificate, and the key to it that only the endorsement key's TPM can open."""
    issuer: certificates.Issuer = call.store.context.authority
    certificate = issuer.issue(instance["InstanceId"], key.key, certificates.ATTESTATION_KEY)
    secret, start = secrets.token_bytes(32), secrets.token_bytes(16)
    padder = padding.PKCS7(128).padder()
    padded = padder.update(certificate.public_bytes(Encoding.DER)) + padder.finalize()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(start)).encryptor()
    data = start + encryptor.update(padded) + encryptor.finalize()
    return _encoded(make_credential(endorsement_key, key.name, secret)), _encoded(data)


def _take_challenge(call: Call, property_uuid: str, aik_name: bytes, ek_name: bytes) -> bytes:
    """The secret of the instance's challenge, which thereby ends.

    :raises ApiError: there is none, or it is for other keys
    """
    challenge = call.store.get("trusted_challenge", property_uuid)
    if challenge is None:
        raise ApiError(
            "InvalidNonce.NotFound", 400, "There is no challenge to answer: it expired, was answered, or never was."
        )
    if (challenge["AikName"], challenge["EkName"]) != (aik_name.hex(), ek_name.hex()):
        raise ApiError("InvalidNonce.OtherKey", 400, "The challenge that was given last is for another key.")
    call.store.delete("trusted_challenge", property_uuid)
    return bytes.fromhex(challenge["Secret"])


# -- reports


@trusted_server("PutMessage")
def put_message(call: Call) -> Record:
    """Verify a report and judge what it proves."""
    instance = calling_instance(call)
    property_uuid = own_property_uuid(call, instance)
    record = get_property(call, property_uuid)
    evidence = _evidence(call, instance, property_uuid)
    baseline = record.get("_Baseline") or {}
    judgement = verdict.judge(evidence, baseline, REQUIRED_PROGRAMS)
    now = milliseconds(call)
    system = _status(call, judgement.of("system"), measured="pcrs" in judgement.baseline)
    program = _status(call, judgement.of("program"), measured=judgement.program_measured)
    record.update(
        SystemTrustStatus=system["status"],
        SystemTrustDetail=_detail(judgement.of("system")),
        SystemExceptionNum=len(judgement.of("system")),
        ProgramTrustStatus=program["status"],
        ProgramTrustDetail=_detail(judgement.of("program")),
        ProgramExceptionNum=len(judgement.of("program")),
        GmtRecentReport=now,
        GmtModified=now,
        _Programs=verdict.latest(evidence),
    )
    set_baseline(call, record, judgement.baseline)
    call.store.put("trusted_property", property_uuid, record, region=record["RegionId"])
    note_deviations(call, record, judgement.deviations)
    return {
        "data": {
            "systemVerificationResult": system,
            "programVerificationResult": program,
            "kmoduleVerificationResult": _status(call, [], measured=False),
            "policyProcResult": {"code": "NoPolicy", "procData": ""},
            "nextClientIMAIndex": len(evidence.programs),
        }
    }


@trusted_server("VerifyMessage")
def verify_message(call: Call) -> Record:
    """Verify and judge a report without taking it: the challenge is used up, verdict and baseline stay."""
    instance = calling_instance(call)
    property_uuid = str(instance[call.settings["trusted_server.property_uuid"]])
    evidence = _evidence(call, instance, property_uuid)
    baseline = (call.store.get("trusted_property", property_uuid) or {}).get("_Baseline") or {}
    judgement = verdict.judge(evidence, baseline, REQUIRED_PROGRAMS)
    results = {
        "PcrVerificationResult": (judgement.of("system"), "pcrs" in baseline),
        "ImaVerificationResult": (judgement.of("program"), judgement.program_measured and "programs" in baseline),
    }
    return {"Data": {name: _result(call, *found) for name, found in results.items()}}


def _result(call: Call, deviations: t.Sequence[verdict.Deviation], measured: bool) -> Record:
    status = _status(call, deviations, measured=measured)
    untrusted = [deviation.suspect for deviation in deviations]
    return {"Code": status["code"], "Status": status["status"], "Untrusted": untrusted, "TcbObsolete": []}


def _evidence(call: Call, instance: Record, property_uuid: str) -> message.Evidence:
    """What the parameter FileData proves about the calling instance."""
    data = required(call, "FileData")
    if len(data) > LONGEST_MESSAGE:
        raise ApiError("InvalidParameter.FileData", 400, f"A message has at most {LONGEST_MESSAGE} characters.")
    keys = call.store.get("trusted_key", property_uuid)
    if keys is None:
        raise ApiError("InvalidAik.NotFound", 400, "The instance has no attestation key: GenerateAikcert comes first.")
    with refusing():
        report = message.unpack(data)
        key = parse_attestation_key(bytes.fromhex(keys["AikPub"]))
        if report.members["property"] != property_uuid:
            raise Refused("InvalidMessage", "it is the report of another instance")
        _check_certificate(call, report.certificate, key, certificates.ATTESTATION_KEY, instance)
        secret = _take_challenge(call, property_uuid, key.name, bytes.fromhex(keys["EkName"]))
        return message.verify(report, key, secret)


def _status(call: Call, deviations: t.Sequence[verdict.Deviation], *, measured: bool) -> Record:
    if deviations:
        return {"code": _CODES["untrusted"], "status": call.settings["trusted_server.untrusted_status"]}
    if not measured:
        return {"code": _CODES["unmeasured"], "status": call.settings["trusted_server.unmeasured_status"]}
    return {"code": _CODES["trusted"], "status": _TRUSTED}


def _detail(deviations: t.Sequence[verdict.Deviation]) -> str:
    return "; ".join(deviation.detail for deviation in deviations)


# -- how bytes are sent: Base64


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(call: Call, name: str) -> bytes:
    try:
        return base64.b64decode(required(call, name), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApiError(f"InvalidParameter.{name}", 400, f"The parameter {name} is not Base64.") from error
