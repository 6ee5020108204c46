# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The messages of Session Manager on the caller's side, as bytes. Pure, and private to this collection.

One message is one binary WebSocket frame. Source: the behaviour of Alibaba Cloud's public agent and client.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum


class Kind(IntEnum):
    """What a message is about."""

    INPUT = 0
    OUTPUT = 1
    SIZE = 2
    CLOSE = 3
    STATUS = 5


class State(IntEnum):
    """What a status says, its first byte."""

    AGENT_FAILED = 2
    NOTHING_TO_DO = 3
    CLOSED = 5
    SPEED = 7


#: Bytes of data that one message may have.
LONGEST_PAYLOAD = 2048
VERSION = b"1.01"
#: The payload of a message that closes a session.
CLOSING = b"1"
#: The caller leaves the IDs of session and instance to the service.
_BLANK = b" "
_HEADER = struct.Struct("<I4sccQQI")
#: Bytes in front of the payload.
HEADER_SIZE = _HEADER.size


class FrameError(ValueError):
    """A frame that is no message."""


@dataclass(frozen=True)
class Message:
    """One message.

    :ivar kind: a L{Kind}, or another number that a newer service may send
    :ivar sequence: number from 0, in each direction
    :ivar created: milliseconds since 1970
    """

    kind: int
    sequence: int
    created: int
    payload: bytes = b""

    def encode(self) -> bytes:
        """The frame.

        :raises FrameError: it would be none: too long, or without a time
        """
        if self.created <= 0:
            raise FrameError("a message needs the time at which it was made")
        if len(self.payload) > LONGEST_PAYLOAD:
            raise FrameError(f"a payload has at most {LONGEST_PAYLOAD} bytes, not {len(self.payload)}")
        head = _HEADER.pack(self.kind, VERSION, _BLANK, _BLANK, self.created, self.sequence, len(self.payload))
        return head + self.payload


def decode(frame: bytes | str) -> Message:
    """The message in a frame. The rest of the frame is its payload, whatever length the header tells.

    :raises FrameError: it is none
    """
    if isinstance(frame, str):
        raise FrameError("text came where a message in binary form was due")
    if len(frame) < HEADER_SIZE:
        raise FrameError(f"{len(frame)} bytes came, which are fewer than the {HEADER_SIZE} that a message begins with")
    kind, version, _session, _instance, created, sequence, _length = _HEADER.unpack_from(frame)
    if version != VERSION:
        raise FrameError(f"a message of version {version.decode('latin-1')!r} came, and this speaks 1.01")
    if not created:
        raise FrameError("a message without a time came")
    return Message(kind, sequence, created, frame[HEADER_SIZE:])


@dataclass(frozen=True)
class Status:
    """What a status message says.

    :ivar reason: why the session is over, for C(CLOSED)
    :ivar speed: bit/s that may be sent from now on, for C(SPEED); None where it stays as it is
    """

    state: int | None
    reason: str = ""
    speed: int | None = None


def status(payload: bytes) -> Status:
    """The content of a status message; one without content says nothing."""
    if not payload:
        return Status(None)
    state, rest = payload[0], payload[1:]
    if state == State.CLOSED:
        return Status(state, reason=rest.decode("ascii", "replace").strip("\0 \r\n"))
    if state == State.SPEED:
        return Status(state, speed=int.from_bytes(rest, "big") or None)
    return Status(state)
