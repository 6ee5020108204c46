# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot's event log, in the crypto-agile format of the TCG PC Client Platform Firmware Profile.

A log may have digests of several algorithms for each event, as firmware writes them; only those of SHA-256 are used.
"""

from __future__ import annotations

import hashlib
import struct
import typing as t
from dataclasses import dataclass

from local_cloud.attestation.tpm_structures import SHA256, Reader

EV_POST_CODE, EV_NO_ACTION, EV_SEPARATOR = 0x1, 0x3, 0x4
EV_S_CRTM_VERSION = 0x8
EV_PLATFORM_CONFIG_FLAGS, EV_COMPACT_HASH, EV_IPL, EV_IPL_PARTITION_DATA = 0xA, 0xC, 0xD, 0xE
EV_EFI_VARIABLES = (0x80000001, 0x80000002, 0x8000000C, 0x800000E0)
#: events of UEFI firmware whose data are structures, for people
_MEANINGS = {
    EV_SEPARATOR: "separator",
    EV_S_CRTM_VERSION: "firmware version",
    0x80000003: "boot application",
    0x80000004: "boot driver",
    0x80000005: "runtime driver",
    0x80000006: "partition table",
    0x80000008: "firmware volume",
    0x80000009: "hardware tables",
    0x8000000A: "firmware volume",
    0x8000000B: "hardware tables",
}
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
        if self.kind in _MEANINGS:
            return _MEANINGS[self.kind]
        if self.kind in EV_EFI_VARIABLES:  # UEFI_VARIABLE_DATA: GUID, two sizes, name, value
            size = 2 * int.from_bytes(self.data[16:24], "little")
            return f"variable {_printable(self.data[32 : 32 + size].decode('utf-16-le', 'replace'))}"
        return _printable(self.data.rstrip(b"\0").decode("utf-8", "replace"))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


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
    sizes = _parse_header(reader)
    events = []
    while reader.left:
        pcr, kind, count = (reader.number(4, "little") for _part in range(3))
        if pcr not in BOOT_PCRS or count != len(sizes):
            raise reader.wrong("has an event that is not of a boot PCR, or lacks digests")
        digests = {}
        for _number in range(count):
            algorithm = reader.number(2, "little")
            if algorithm not in sizes or algorithm in digests:
                raise reader.wrong("has an event with other digests than its header says")
            digests[algorithm] = reader.take(sizes[algorithm])
        digest = digests[SHA256]
        data = reader.take(reader.number(4, "little"))
        if kind == EV_NO_ACTION:  # it only tells something: nothing was extended
            continue
        if kind == EV_SEPARATOR and digest != hashlib.sha256(data).digest():
            raise reader.wrong("has a separator with a wrong digest")
        events.append(Event(pcr, kind, digest, data))
    return tuple(events)


def _parse_header(reader: Reader) -> dict[int, int]:
    """The log's algorithms and the sizes of their digests (TCG_EfiSpecIDEvent)."""
    if reader.take(28) != struct.pack("<II20s", 0, EV_NO_ACTION, bytes(20)):
        raise reader.wrong("does not begin with a header")
    header = Reader(reader.take(reader.number(4, "little")), "event log's header")
    if header.take(16) != b"Spec ID Event03\0":
        raise reader.wrong("is not in the crypto-agile format")
    header.take(8)  # platform class and versions
    count = header.number(4, "little")
    sizes = {header.number(2, "little"): header.number(2, "little") for _number in range(min(count, 16))}
    header.take(header.number(1))  # the vendor's own
    header.done()
    if len(sizes) != count or sizes.get(SHA256) != 32 or not all(sizes.values()):
        raise reader.wrong("has no SHA-256 digests, or an impossible list of algorithms")
    return sizes


def extended(value: bytes, digest: bytes) -> bytes:
    """A PCR's value after an extend."""
    return hashlib.sha256(value + digest).digest()


def replay(events: t.Iterable[Event]) -> dict[int, bytes]:
    """The values that the boot PCRs have after these events."""
    values = dict.fromkeys(BOOT_PCRS, bytes(32))
    for event in events:
        values[event.pcr] = extended(values[event.pcr], event.digest)
    return values
