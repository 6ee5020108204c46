# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the TPM 2.0 structures that are sent as evidence; strictly: what is not exactly as it must be is refused.

Names are those of the TPM 2.0 Library specification, part 2.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, rsa

RSA, ECC = 0x0001, 0x0023
SHA256 = 0x000B
AES, CFB = 0x0006, 0x0043
NULL, RSASSA, ECDSA = 0x0010, 0x0014, 0x0018
NIST_P256 = 0x0003
GENERATED = 0xFF544347  # "\xffTCG": only the TPM itself makes a signed structure that begins so
ATTEST_QUOTE = 0x8018

FIXED_TPM, FIXED_PARENT, SENSITIVE_DATA_ORIGIN = 1 << 1, 1 << 4, 1 << 5
ADMIN_WITH_POLICY, RESTRICTED, DECRYPT, SIGN = 1 << 7, 1 << 16, 1 << 17, 1 << 18

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


class Refused(Exception):
    """Evidence that proves nothing; says why. ``code`` names the part that is wrong."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Reader:
    """Takes a structure apart; ends with :meth:`done`."""

    def __init__(self, data: bytes, what: str) -> None:
        self._data, self._at, self._what = data, 0, what

    def take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise self.wrong("is cut off")
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, size: int, order: str = "big") -> int:
        return int.from_bytes(self.take(size), "little" if order == "little" else "big")

    def sized(self) -> bytes:
        """A TPM2B."""
        return self.take(self.number(2))

    def expect(self, size: int, *allowed: int) -> int:
        value = self.number(size)
        if value not in allowed:
            expected = " or ".join(hex(item) for item in allowed)
            raise self.wrong(f"has {value:#x} at offset {self._at - size} where {expected} must be")
        return value

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def done(self) -> None:
        if self.left:
            raise self.wrong("has bytes after its end")

    def wrong(self, how: str) -> Refused:
        return Refused("Malformed", f"the {self._what} {how}")


@dataclass(frozen=True)
class Public:
    """A TPMT_PUBLIC."""

    raw: bytes
    kind: int
    attributes: int
    key: PublicKey

    @property
    def name(self) -> bytes:
        """What the TPM calls the key: the algorithm and the digest of its public area."""
        return struct.pack(">H", SHA256) + hashlib.sha256(self.raw).digest()


def parse_public(data: bytes, what: str = "public area") -> Public:
    """An RSA 2048 or ECC P-256 key with name algorithm SHA-256.

    :raises Refused: anything else
    """
    reader = Reader(data, what)
    kind = reader.expect(2, RSA, ECC)
    reader.expect(2, SHA256)
    attributes = reader.number(4)
    reader.sized()  # the policy
    if reader.expect(2, AES, NULL) == AES:
        reader.expect(2, 128)
        reader.expect(2, CFB)
    if reader.expect(2, NULL, RSASSA, ECDSA) != NULL:
        reader.expect(2, SHA256)
    if kind == RSA:
        reader.expect(2, 2048)
        exponent = reader.number(4) or 65537
        modulus = int.from_bytes(reader.sized(), "big")
        reader.done()
        try:
            return Public(data, kind, attributes, rsa.RSAPublicNumbers(exponent, modulus).public_key())
        except ValueError as error:
            raise reader.wrong(f"is no key: {error}") from error
    reader.expect(2, NIST_P256)
    reader.expect(2, NULL)
    x, y = (int.from_bytes(reader.sized(), "big") for _part in range(2))
    reader.done()
    try:
        return Public(data, kind, attributes, ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key())
    except ValueError as error:
        raise reader.wrong(f"is no key: {error}") from error


def require(public: Public, what: str, *, on: int, off: int) -> Public:
    """Check a key's attributes.

    :raises Refused: one that must be on is off, or the other way round
    """
    if public.attributes & on != on or public.attributes & off:
        raise Refused("Malformed", f"the {what} is not of the kind it must be (attributes {public.attributes:#010x})")
    return public


def parse_endorsement_key(data: bytes) -> Public:
    """An endorsement key: it only decrypts, and never leaves its TPM."""
    on = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | ADMIN_WITH_POLICY | RESTRICTED | DECRYPT
    public = require(parse_public(data, "endorsement key"), "endorsement key", on=on, off=SIGN)
    if public.kind != RSA:
        raise Refused("Malformed", "the endorsement key is not an RSA key")
    return public


def parse_attestation_key(data: bytes) -> Public:
    """An attestation key: it only signs what its TPM made, and never leaves it."""
    on = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | RESTRICTED | SIGN
    return require(parse_public(data, "attestation key"), "attestation key", on=on, off=DECRYPT)


@dataclass(frozen=True)
class Quote:
    """A TPMS_ATTEST of a quote over PCRs of the SHA-256 bank."""

    signer: bytes
    extra: bytes
    clock: int
    reset_count: int
    restart_count: int
    pcrs: tuple[int, ...]
    pcr_digest: bytes


def parse_quote(data: bytes) -> Quote:
    """:raises Refused: it is anything else than a quote that a TPM made"""
    reader = Reader(data, "quote")
    reader.expect(4, GENERATED)
    reader.expect(2, ATTEST_QUOTE)
    signer, extra = reader.sized(), reader.sized()
    clock, reset_count, restart_count = reader.number(8), reader.number(4), reader.number(4)
    reader.expect(1, 0, 1)
    reader.take(8)  # the firmware's version
    reader.expect(4, 1)
    reader.expect(2, SHA256)
    bits = int.from_bytes(reader.take(reader.expect(1, 3)), "little")
    digest = reader.sized()
    reader.done()
    pcrs = tuple(number for number in range(24) if bits >> number & 1)
    return Quote(signer, extra, clock, reset_count, restart_count, pcrs, digest)


@dataclass(frozen=True)
class Signature:
    """A TPMT_SIGNATURE with SHA-256; for ECDSA two numbers, for RSA one."""

    scheme: int
    parts: tuple[bytes, ...]


def parse_signature(data: bytes) -> Signature:
    """:raises Refused: not RSASSA or ECDSA with SHA-256"""
    reader = Reader(data, "signature")
    scheme = reader.expect(2, RSASSA, ECDSA)
    reader.expect(2, SHA256)
    parts = tuple(reader.sized() for _part in range(1 if scheme == RSASSA else 2))
    reader.done()
    return Signature(scheme, parts)
