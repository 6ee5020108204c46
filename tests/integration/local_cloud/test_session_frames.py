# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of Session Manager, byte by byte, and the pace."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunnel import frame

from local_cloud.session_manager import frames
from local_cloud.session_manager.frames import FrameError, Message
from local_cloud.session_manager.pace import Allowance, Pace

# fmt: off
VECTORS = {
    # type       version  ids   created                          sequence                         length       payload
    "00000000" "312e3031" "2020" "e803000000000000" "0000000000000000" "03000000" "616263": Message(0, 0, 1000, b"abc"),
    "01000000" "312e3031" "2020" "0068e5cf8b010000" "0201000000000000" "00000000":
        Message(1, 258, 1_700_000_000_000, b""),
    "03000000" "312e3031" "2020" "0100000000000000" "ffffffffffffffff" "01000000" "31": Message(3, 2**64 - 1, 1, b"1"),
    "05000000" "312e3031" "2020" "0100000000000000" "0000000000000000" "05000000" "0700030d40":
        Message(5, 0, 1, frames.speed(200_000)),
    "05000000" "312e3031" "2020" "0100000000000000" "0100000000000000" "05000000" "0545786974":
        Message(5, 1, 1, frames.closed("Exit")),
}
# fmt: on


@pytest.mark.parametrize(("text", "message"), VECTORS.items())
def test_messages_are_what_the_table_says(text: str, message: Message) -> None:
    assert message.encode().hex() == text
    assert frames.decode(bytes.fromhex(text)) == message


def test_the_length_in_the_header_is_not_believed() -> None:
    message = bytearray(frame(0, 0, b"abc"))
    message[26] = 200
    assert frames.decode(bytes(message)).payload == b"abc"


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (b"", "30 bytes, this frame 0"),
        (frame(0, 0, b"")[:29], "this frame 29"),
        (frame(0, 0, b"", version=b"10.1"), "schema version"),
        (frame(4, 0, b""), "no type 4"),
        (frame(2**24, 0, b""), "no type 16777216"),  # a big-endian 1
        (frame(0, 0, b"", created=0), "creation is 0"),
        (frame(0, 0, b"", ids=b"s "), "must be blank"),
        (frame(0, 0, b"", ids=b" i"), "must be blank"),
    ],
)
def test_what_is_no_message(message: bytes, problem: str) -> None:
    with pytest.raises(FrameError, match=problem):
        frames.decode(message)


def test_blank_is_a_space_or_zero_and_need_not_be() -> None:
    assert frames.decode(frame(0, 0, b"x", ids=b"\0\0")).payload == b"x"
    assert frames.decode(frame(0, 0, b"x", ids=b"si"), blank_ids=False).payload == b"x"


@given(st.one_of(st.binary(max_size=80), st.binary(max_size=40).map(lambda rest: frame(0, 0, b"")[:10] + rest)))
def test_the_parser_takes_anything_or_says_no(data: bytes) -> None:
    with contextlib.suppress(FrameError):
        message = frames.decode(data)
        assert message.payload == data[30:]
        assert message.encode()[10:26] == data[10:26]


@given(st.sampled_from([0, 1, 2, 3, 5]), st.integers(0, 2**64 - 1), st.integers(1, 2**64 - 1), st.binary(max_size=2048))
def test_messages_survive_the_way(kind: int, sequence: int, created: int, payload: bytes) -> None:
    assert Message(kind, sequence, created, payload).encode() == frame(kind, sequence, payload, created=created)
    assert frames.decode(frame(kind, sequence, payload, created=created)) == Message(kind, sequence, created, payload)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_one_packet_in_83_ms_is_within_the_limit_for_ever() -> None:
    clock = Clock()
    allowance = Allowance(200_000, 0.1, clock)
    for _packet in range(10_000):
        assert allowance.take(2048)
        clock.now += 0.083


def test_who_is_faster_exceeds_it_once_the_burst_is_used_up() -> None:
    clock = Clock()
    allowance = Allowance(200_000, 1.0, clock)
    packets = 0
    while allowance.take(2048):
        packets += 1
        clock.now += 0.041
    assert 22 <= packets <= 26  # twice as fast: a second's worth ahead after two seconds
    clock.now += 3600
    assert [allowance.take(2048) for _packet in range(13)] == [True] * 12 + [False]  # rest earns one burst, no more


def test_a_time_without_reading_does_not_count_against_the_sender() -> None:
    clock = Clock()
    allowance = Allowance(200_000, 0.1, clock)
    clock.now += 10
    allowance.pardon(10)
    assert all(allowance.take(2048) for _packet in range(122))  # what ten seconds carry, at once
    assert not allowance.take(3000)


@given(st.lists(st.tuples(st.integers(1, 2048), st.floats(0, 0.2)), min_size=1, max_size=60))
def test_who_keeps_the_pace_stays_within_the_limit(packets: list[tuple[int, float]]) -> None:
    clock = Clock()
    pace, allowance = Pace(200_000, clock), Allowance(200_000, 0.1, clock)
    for size, pause in packets:
        clock.now += pause
        clock.now += pace.wait(size)
        assert allowance.take(size)
