# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of Session Manager, byte by byte."""

from __future__ import annotations

import pytest
from ansible_collections.alitrust.ecs.plugins.module_utils._assistant import frames
from ansible_collections.alitrust.ecs.plugins.module_utils._assistant.frames import FrameError, Kind, Message, State
from hypothesis import given
from hypothesis import strategies as st

#: Written by hand from the table of the protocol: type, version, blank ids, created, sequence, length, payload.
VECTORS = {
    "input": (
        Message(Kind.INPUT, 0, 1_700_000_000_000, b"SSH-2.0-x\r\n"),
        "00000000 312e3031 20 20 0068e5cf8b010000 0000000000000000 0b000000 5353482d322e302d780d0a",
    ),
    "output, later": (
        Message(Kind.OUTPUT, 258, 1_700_000_000_001, b"\x00\xff"),
        "01000000 312e3031 20 20 0168e5cf8b010000 0201000000000000 02000000 00ff",
    ),
    "a sign of life": (
        Message(Kind.INPUT, 1, 1, b""),
        "00000000 312e3031 20 20 0100000000000000 0100000000000000 00000000",
    ),
    "close": (
        Message(Kind.CLOSE, 2, 1_700_000_000_000, b"1"),
        "03000000 312e3031 20 20 0068e5cf8b010000 0200000000000000 01000000 31",
    ),
    "status": (
        Message(Kind.STATUS, 0, 1_700_000_000_000, b"\x05Ok"),
        "05000000 312e3031 20 20 0068e5cf8b010000 0000000000000000 03000000 054f6b",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_message_has_the_bytes_of_the_table(name: str) -> None:
    message, text = VECTORS[name]
    frame = bytes.fromhex(text)
    assert message.encode() == frame
    assert frames.decode(frame) == message


MESSAGES = st.builds(
    Message,
    st.sampled_from(Kind),
    st.integers(0, 2**64 - 1),
    st.integers(1, 2**64 - 1),
    st.binary(max_size=frames.LONGEST_PAYLOAD),
)


@given(MESSAGES)
def test_what_is_encoded_is_decoded(message: Message) -> None:
    assert frames.decode(message.encode()) == message


@given(st.binary() | st.text())
def test_anything_is_a_message_or_an_error_of_its_own(frame: bytes | str) -> None:
    try:
        message = frames.decode(frame)
    except FrameError:
        return
    frames.status(message.payload)


@given(MESSAGES, st.integers(0, 29), st.integers(0, 255))
def test_a_message_with_a_wrong_byte_does_no_harm(message: Message, place: int, byte: int) -> None:
    frame = bytearray(message.encode())
    frame[place] = byte
    try:
        assert frames.decode(bytes(frame)).payload == message.payload
    except FrameError:
        assert 4 <= place < 8 or 10 <= place < 18


@pytest.mark.parametrize(
    ("frame", "complaint"),
    [
        ("text", "text came"),
        (b"", "0 bytes came"),
        (bytes.fromhex(VECTORS["a sign of life"][1])[:29], "29 bytes came, which are fewer than the 30"),
        (bytes.fromhex(VECTORS["close"][1].replace("312e3031", "322e3030")), "version '2.00'"),
        (bytes.fromhex(VECTORS["a sign of life"][1].replace("0100000000000000 01", "0000000000000000 01")), "time"),
    ],
)
def test_what_is_no_message_is_said(frame: bytes | str, complaint: str) -> None:
    with pytest.raises(FrameError, match=complaint):
        frames.decode(frame)


@pytest.mark.parametrize("wrong", [Message(0, 0, 0), Message(0, 0, 1, b"x" * 2049)])
def test_what_the_service_would_refuse_is_not_made(wrong: Message) -> None:
    with pytest.raises(FrameError):
        wrong.encode()


@pytest.mark.parametrize(
    ("payload", "state", "reason", "speed"),
    [
        (b"", None, "", None),
        (b"\x02", State.AGENT_FAILED, "", None),
        (b"\x03", State.NOTHING_TO_DO, "", None),
        (b"\x05FlowExceedLimit", State.CLOSED, "FlowExceedLimit", None),
        (b"\x05\xff", State.CLOSED, "\ufffd", None),
        (b"\x07\x00\x06\x1a\x80", State.SPEED, "", 400_000),
        (b"\x07\x00\x00\x00\x00", State.SPEED, "", None),
        (b"\x07", State.SPEED, "", None),
        (b"\x63", 99, "", None),
    ],
)
def test_what_a_status_says(payload: bytes, state: int | None, reason: str, speed: int | None) -> None:
    assert frames.status(payload) == frames.Status(state, reason, speed)
