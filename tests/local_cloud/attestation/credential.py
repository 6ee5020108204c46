# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Challenges that only one TPM can answer (TPM2_MakeCredential), made without a TPM.

Sources: TPM 2.0 Library specification, part 1, annex "Credential Protection" and section "KDFa".
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import struct
import typing as t

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

try:
    from cryptography.hazmat.decrepit.ciphers.modes import CFB
except ImportError:  # cryptography before 47
    from cryptography.hazmat.primitives.ciphers.modes import CFB

from local_cloud.attestation.tpm_structures import Public

#: what tpm2_makecredential writes in front: a magic number and a version
FILE_HEADER = struct.pack(">II", 0xBADCC0DE, 1)
LONGEST_SECRET = 32
_DIGEST_SIZE, _AES_BITS = 32, 128


def derive(key: bytes, label: str, context: bytes, bits: int) -> bytes:
    """KDFa with SHA-256 and an empty second context."""
    derived, counter = b"", 0
    while len(derived) * 8 < bits:
        counter += 1
        text = struct.pack(">I", counter) + label.encode() + b"\0" + context + struct.pack(">I", bits)
        derived += hmac.new(key, text, hashlib.sha256).digest()
    return derived[: bits // 8]


def cfb(key: bytes) -> Cipher[t.Any]:
    """AES-CFB with a zero IV, as credentials are protected: each key protects one credential only."""
    return Cipher(algorithms.AES(key), CFB(bytes(16)))


def make_credential(endorsement_key: Public, name: bytes, secret: bytes, *, seed: bytes | None = None) -> bytes:
    """A challenge: TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET.

    :param name: of the key that has to be in the same TPM as the endorsement key
    :param secret: what the TPM gives back, at most 32 bytes
    :param seed: for tests only
    """
    if len(secret) > LONGEST_SECRET:
        raise ValueError(f"a credential has at most {LONGEST_SECRET} bytes")
    seed = seed or secrets.token_bytes(_DIGEST_SIZE)
    key = t.cast(rsa.RSAPublicKey, endorsement_key.key)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), b"IDENTITY\0")
    encrypted_seed = key.encrypt(seed, oaep)
    encryptor = cfb(derive(seed, "STORAGE", name, _AES_BITS)).encryptor()
    identity = encryptor.update(struct.pack(">H", len(secret)) + secret) + encryptor.finalize()
    integrity = hmac.new(derive(seed, "INTEGRITY", b"", 8 * _DIGEST_SIZE), identity + name, hashlib.sha256).digest()
    blob = struct.pack(">H", len(integrity)) + integrity + identity
    return struct.pack(">H", len(blob)) + blob + struct.pack(">H", len(encrypted_seed)) + encrypted_seed
