# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a quote says what it is claimed to say: who signed it, over which nonce, and which PCR values."""

from __future__ import annotations

import hashlib
import hmac
import typing as t

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from local_cloud.attestation.tpm_structures import ECDSA, RSASSA, Public, Quote, Refused, parse_quote, parse_signature

#: what a report covers: 0 to 9 is the boot chain, 10 the programs
PCRS = tuple(range(11))


def verify_signature(key: Public, signed: bytes, signature: bytes) -> None:
    """:raises Refused: the TPMT_SIGNATURE is not the key's over these bytes"""
    parsed = parse_signature(signature)
    try:
        if parsed.scheme == RSASSA and isinstance(key.key, rsa.RSAPublicKey):
            key.key.verify(parsed.parts[0], signed, padding.PKCS1v15(), hashes.SHA256())
            return
        if parsed.scheme == ECDSA and isinstance(key.key, ec.EllipticCurvePublicKey):
            r, s = (int.from_bytes(part, "big") for part in parsed.parts)
            key.key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
            return
    except InvalidSignature as error:
        raise Refused("InvalidSignature", "the quote is not signed by the attestation key") from error
    raise Refused("InvalidSignature", "the signature is of another kind than the attestation key")


def verify_quote(key: Public, quote: bytes, signature: bytes, extra: bytes, pcrs: t.Mapping[int, bytes]) -> Quote:
    """Verify a TPMS_ATTEST and its TPMT_SIGNATURE.

    :param key: the attestation key
    :param extra: what the quote must have been asked for with (qualifying data)
    :param pcrs: the values that the quote must be over: all of :data:`PCRS`
    :raises Refused: it proves nothing about these values
    """
    parsed = parse_quote(quote)
    if not hmac.compare_digest(parsed.extra, extra):
        raise Refused("InvalidNonce", "the quote is not over the nonce it was asked for, or not over this message")
    if parsed.pcrs != PCRS or tuple(sorted(pcrs)) != PCRS:
        raise Refused("InvalidPcrs", f"the quote must be over the PCRs {PCRS[0]} to {PCRS[-1]}")
    if any(len(value) != 32 for value in pcrs.values()):
        raise Refused("InvalidPcrs", "a PCR value of the SHA-256 bank has 32 bytes")
    if hashlib.sha256(b"".join(pcrs[number] for number in PCRS)).digest() != parsed.pcr_digest:
        raise Refused("InvalidPcrs", "the quote is over other PCR values")
    verify_signature(key, quote, signature)  # last, as it costs most; nothing counts before
    return parsed
