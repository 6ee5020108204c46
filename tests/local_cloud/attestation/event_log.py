# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot's event log, in the crypto-agile format of the TCG PC Client Platform Firmware Profile (SHA-256 only)."""

from __future__ import annotations

import hashlib
import struct
import typing as t
from dataclasses import dataclass

from local_cloud.attestation.tpm_structures import SHA256, Reader

EV_POST_CODE, EV_NO_ACTION, EV_SEPARATOR = 0x1, 0x3, 0x4
EV_PLATFORM_CONFIG_FLAGS, EV_COMPACT_HASH, EV_IPL, EV_IPL_PARTITION_DATA = 0xA, 0xC, 0xD, 0xE
#: the PCRs of a boot chain
BOOT_PCRS = tuple(range(10))
SEPARATOR = bytes(4)

_HEADER_DATA = b"Spec ID Event03\0" + struct.pack("<IBBBBIHHB", 0, 0, 2, 0, 2, 1, SHA256, 32, 0)
HEADER = struct.pack("<II20sI", 0, EV_NO_ACTION, bytes(20), len(_HEADER_DATA)) + _HEADER_DATA


@dataclass(frozen=True)
class Event:
    """One measurement: ``digest`` was extended into ``pcr``; ``data`` says what it is of."""

    pcr: int
    kind: int
    digest: bytes
    data: bytes

    @property
    def text(self) -> str:
        """``data`` for people."""
        if self.kind == EV_SEPARATOR:
            return "separator"
        return "".join(
            char if char.isprintable() else "?" for char in self.data.rstrip(b"\0").decode("utf-8", "replace")
        )


def separator(pcr: int) -> Event:
    """The mark that ends what firmware measures into a PCR."""
    return Event(pcr, EV_SEPARATOR, hashlib.sha256(SEPARATOR).digest(), SEPARATOR)


def write(events: t.Iterable[Event]) -> bytes:
    """The log of the events."""
    log = HEADER
    for event in events:
        log += struct.pack("<IIIH", event.pcr, event.kind, 1, SHA256) + event.digest
        log += struct.pack("<I", len(event.data)) + event.data
    return log


def parse(log: bytes) -> tuple[Event, ...]:
    """:raises Refused: it is no such log"""
    reader = Reader(log, "event log")
    if reader.take(len(HEADER)) != HEADER:
        raise reader.wrong("does not begin with the header of a SHA-256 log")
    events = []
    while reader.left:
        pcr, kind, count = (reader.number(4, "little") for _part in range(3))
        if pcr not in BOOT_PCRS or kind == EV_NO_ACTION or count != 1 or reader.number(2, "little") != SHA256:
            raise reader.wrong("has an event that is not one SHA-256 digest of a boot PCR")
        digest = reader.take(32)
        data = reader.take(reader.number(4, "little"))
        if kind == EV_SEPARATOR and digest != hashlib.sha256(data).digest():
            raise reader.wrong("has a separator with a wrong digest")
        events.append(Event(pcr, kind, digest, data))
    return tuple(events)


def extended(value: bytes, digest: bytes) -> bytes:
    """A PCR's value after an extend."""
    return hashlib.sha256(value + digest).digest()


def replay(events: t.Iterable[Event]) -> dict[int, bytes]:
    """The values that the boot PCRs have after these events."""
    values = dict.fromkeys(BOOT_PCRS, bytes(32))
    for event in events:
        values[event.pcr] = extended(values[event.pcr], event.digest)
    return values
