# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of measured programs, as Linux IMA keeps it (template ima-ng, files by SHA-256), and its PCR 10.

Each entry has a digest of its own: SHA-256, or SHA-1 in the only list that kernels before 6.10 have. Into the SHA-256
bank of the TPM the SHA-256 digest is extended in any case.
"""

from __future__ import annotations

import hashlib
import re
import struct
import typing as t
from dataclasses import dataclass

from local_cloud.attestation.event_log import BOOT_PCRS, extended
from local_cloud.attestation.tpm_structures import Refused

PCR = 10
#: the first entry: a digest of the boot PCRs
BOOT_AGGREGATE = "boot_aggregate"
_LINE = re.compile(r"10 ([0-9a-f]{40}|[0-9a-f]{64}) ima-ng sha256:([0-9a-f]{64}) ([^\n]+)")


#: the digest of a file that was written to while it was in use, so that nobody knows what was used
VIOLATION = bytes(32)


@dataclass(frozen=True)
class Measurement:
    """A file's digest when it was measured."""

    path: str
    digest: bytes

    @property
    def template_digest(self) -> bytes:
        """What is extended into PCR 10."""
        return b"\xff" * 32 if self.digest == VIOLATION else hashlib.sha256(self._fields).digest()

    @property
    def entry_digests(self) -> tuple[str, ...]:
        """What the list may have for this entry, in hexadecimal."""
        if self.digest == VIOLATION:
            return ("0" * 64, "0" * 40)
        return (self.template_digest.hex(), hashlib.sha1(self._fields, usedforsecurity=False).hexdigest())

    @property
    def _fields(self) -> bytes:
        algorithm, name = b"sha256:\0" + self.digest, self.path.encode() + b"\0"
        return struct.pack("<I", len(algorithm)) + algorithm + struct.pack("<I", len(name)) + name

    @property
    def line(self) -> str:
        return f"{PCR} {self.entry_digests[0]} ima-ng sha256:{self.digest.hex()} {self.path}\n"


def boot_aggregate(pcrs: t.Mapping[int, bytes]) -> Measurement:
    """The first entry of a boot whose PCRs have these values."""
    return Measurement(BOOT_AGGREGATE, hashlib.sha256(b"".join(pcrs[number] for number in BOOT_PCRS)).digest())


def parse(text: str) -> tuple[Measurement, ...]:
    """:raises Refused: it is no such list"""
    measurements = []
    for number, line in enumerate(text.split("\n")[:-1] if text.endswith("\n") else [*text.split("\n")], 1):
        match = _LINE.fullmatch(line)
        measurement = Measurement(match[3], bytes.fromhex(match[2])) if match else None
        if match is None or measurement is None or match[1] not in measurement.entry_digests:
            raise Refused("Malformed", f"line {number} of the list of programs is not one of IMA's")
        measurements.append(measurement)
    return tuple(measurements)


def replay(measurements: t.Iterable[Measurement]) -> bytes:
    """The value that PCR 10 has after these measurements."""
    value = bytes(32)
    for measurement in measurements:
        value = extended(value, measurement.template_digest)
    return value
