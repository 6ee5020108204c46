# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of measured programs, as Linux IMA keeps it (template ima-ng, SHA-256), and its PCR 10."""

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
_LINE = re.compile(r"10 ([0-9a-f]{64}) ima-ng sha256:([0-9a-f]{64}) ([^\n]+)")


@dataclass(frozen=True)
class Measurement:
    """A file's digest when it was measured."""

    path: str
    digest: bytes

    @property
    def template_digest(self) -> bytes:
        """What is extended into PCR 10."""
        algorithm, name = b"sha256:\0" + self.digest, self.path.encode() + b"\0"
        fields = struct.pack("<I", len(algorithm)) + algorithm + struct.pack("<I", len(name)) + name
        return hashlib.sha256(fields).digest()

    @property
    def line(self) -> str:
        return f"{PCR} {self.template_digest.hex()} ima-ng sha256:{self.digest.hex()} {self.path}\n"


def boot_aggregate(pcrs: t.Mapping[int, bytes]) -> Measurement:
    """The first entry of a boot whose PCRs have these values."""
    return Measurement(BOOT_AGGREGATE, hashlib.sha256(b"".join(pcrs[number] for number in BOOT_PCRS)).digest())


def parse(text: str) -> tuple[Measurement, ...]:
    """:raises Refused: it is no such list"""
    measurements = []
    for number, line in enumerate(text.split("\n")[:-1] if text.endswith("\n") else [*text.split("\n")], 1):
        match = _LINE.fullmatch(line)
        measurement = Measurement(match[3], bytes.fromhex(match[2])) if match else None
        if match is None or measurement is None or measurement.template_digest.hex() != match[1]:
            raise Refused("Malformed", f"line {number} of the list of programs is not one of IMA's")
        measurements.append(measurement)
    return tuple(measurements)


def replay(measurements: t.Iterable[Measurement]) -> bytes:
    """The value that PCR 10 has after these measurements."""
    value = bytes(32)
    for measurement in measurements:
        value = extended(value, measurement.template_digest)
    return value
