# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of Session Manager on the caller's side: one binary WebSocket frame each, integers little-endian."""

from __future__ import annotations

import struct
from dataclasses import dataclass

INPUT, OUTPUT, SIZE, CLOSE, STATUS = 0, 1, 2, 3, 5

#: first byte of a status message
AGENT_FAILED, NOTHING_TO_DO, CLOSED, SPEED = 2, 3, 5, 7

VERSION = b"1.01"
PAYLOAD_LONGEST = 2048
#: bit/s, until a status message says otherwise
SPEED_DEFAULT = 200_000

_HEADER = struct.Struct("<I4sccQQI")
#: the session's and the instance's id are known to the service, so that callers leave these bytes blank
_BLANK = b" "
_BLANKS = (b" ", b"\0")


class FrameError(Exception):
    """A frame that is no message of this protocol; says why."""


@dataclass(frozen=True)
class Message:
    """One message. ``created`` is in milliseconds since 1970."""

    type: int
    sequence: int
    created: int
    payload: bytes = b""

    def encode(self) -> bytes:
        header = (self.type, VERSION, _BLANK, _BLANK, self.created, self.sequence, len(self.payload))
        return _HEADER.pack(*header) + self.payload


def decode(frame: bytes, *, blank_ids: bool = True) -> Message:
    """The message in a frame.

    The length in the header is not looked at: the rest of the frame is the payload.

    :param blank_ids: whether the bytes of session and instance must be blank.
    :raises FrameError: it is none.
    """
    if len(frame) < _HEADER.size:
        raise FrameError(f"the header has {_HEADER.size} bytes, this frame {len(frame)}")
    kind, version, session, instance, created, sequence, _length = _HEADER.unpack_from(frame)
    if version != VERSION:
        raise FrameError(f"the schema version is {version!r}, not {VERSION!r}")
    if kind not in (INPUT, OUTPUT, SIZE, CLOSE, STATUS):
        raise FrameError(f"there is no type {kind}")
    if blank_ids and (session not in _BLANKS or instance not in _BLANKS):
        raise FrameError("the session id and the instance id must be blank")
    if created == 0:
        raise FrameError("the time of creation is 0")
    return Message(kind, sequence, created, frame[_HEADER.size :])


def closed(reason: str) -> bytes:
    """Payload of the status that ends a session."""
    return bytes([CLOSED]) + reason.encode("ascii")


def speed(bits_per_second: int) -> bytes:
    """Payload of the status that sets the speed; 0 leaves it."""
    return bytes([SPEED]) + struct.pack(">I", bits_per_second)
