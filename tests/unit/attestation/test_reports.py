# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifying reports, with vectors of tpm2_quote: a valid one is taken, and nothing of it can be changed.

The vectors are made by tests/integration/local_cloud/make_vectors.py.
"""

from __future__ import annotations

import base64
import contextlib
import json
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_cloud.attestation import event_log, ima, message, verdict
from local_cloud.attestation.quote import PCRS, verify_quote
from local_cloud.attestation.tpm_structures import (
    Public,
    Refused,
    parse_attestation_key,
    parse_endorsement_key,
    parse_public,
    parse_quote,
    parse_signature,
)

VECTORS: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
KINDS = sorted(VECTORS)


def parts(kind: str) -> tuple[message.Report, Public, bytes]:
    """A report with the key that signed it and the challenge's secret."""
    vector = VECTORS[kind]
    key = parse_attestation_key(bytes.fromhex(vector["aik"]))
    return message.unpack(vector["message"]), key, bytes.fromhex(vector["secret"])


@pytest.mark.parametrize("kind", KINDS)
def test_quote_of_tpm2_quote_is_verified(kind: str) -> None:
    report, key, secret = parts(kind)
    evidence = message.verify(report, key, secret)
    assert evidence.quote.pcrs == PCRS
    assert event_log.replay(evidence.events) == {number: evidence.pcrs[number] for number in event_log.BOOT_PCRS}
    assert ima.replay(evidence.programs) == evidence.pcrs[10]
    judgement = verdict.judge(evidence, {}, ["/usr/local/bin/trust-agent"])
    assert judgement.deviations == ()
    assert judgement.program_measured


def test_each_single_bit_change_of_a_report_is_refused() -> None:
    report, key, secret = parts("ecc")
    valid = base64.b64decode(VECTORS["ecc"]["message"])
    for at in range(8 * len(valid)):
        changed = bytearray(valid)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises(Refused):
            message.verify(message.unpack(base64.b64encode(changed).decode()), key, secret)
    message.verify(report, key, secret)


@given(kind=st.sampled_from(KINDS), data=st.data())
def test_each_single_bit_change_of_the_sent_text_is_refused(kind: str, data: st.DataObject) -> None:
    _report, key, secret = parts(kind)
    text = bytearray(VECTORS[kind]["message"].encode())
    at = data.draw(st.integers(0, 8 * len(text) - 1))
    text[at // 8] ^= 1 << at % 8
    with pytest.raises(Refused):
        message.verify(message.unpack(text.decode("latin-1")), key, secret)


@pytest.mark.parametrize("kind", KINDS)
def test_each_single_bit_change_of_quote_signature_nonce_and_values_is_refused(kind: str) -> None:
    report, key, secret = parts(kind)
    pcrs = message.verify(report, key, secret).pcrs
    valid = [report.quote, report.signature, message.nonce(secret, report.body), *pcrs.values()]
    for which, original in enumerate(valid):
        for at in range(8 * len(original)):
            changed = list(valid)
            flipped = bytearray(original)
            flipped[at // 8] ^= 1 << at % 8
            changed[which] = bytes(flipped)
            with pytest.raises(Refused):
                verify_quote(key, changed[0], changed[1], changed[2], dict(zip(pcrs, changed[3:], strict=True)))


@pytest.mark.parametrize("kind", KINDS)
def test_report_of_another_key_or_challenge_is_refused(kind: str) -> None:
    report, key, secret = parts(kind)
    other = next(name for name in KINDS if name != kind)
    with pytest.raises(Refused, match="not over the nonce"):
        message.verify(report, key, bytes(32))
    with pytest.raises(Refused, match="another kind"):
        message.verify(report, parts(other)[1], secret)
    assert len(secret) == 32


STRUCTURES: dict[str, tuple[t.Callable[[bytes], t.Any], bytes]] = {
    **{f"{kind} quote": (parse_quote, parts(kind)[0].quote) for kind in KINDS},
    **{f"{kind} signature": (parse_signature, parts(kind)[0].signature) for kind in KINDS},
    **{f"{kind} key": (parse_public, parts(kind)[1].raw) for kind in KINDS},
    "event log": (event_log.parse, bytes.fromhex(parts("rsa")[0].members["events"])),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_structure_that_is_cut_off_or_too_long_is_refused(name: str) -> None:
    parse, data = STRUCTURES[name]
    parse(data)
    # an event log that ends with a whole event is a log; that it is shorter shows in the PCRs
    whole = {len(event_log.write(event_log.parse(data)[:n])) for n in range(100)} if name == "event log" else set()
    for size in set(range(len(data))) - whole:
        with pytest.raises(Refused):
            parse(data[:size])
    with pytest.raises(Refused):
        parse(data + b"\0")


@given(data=st.binary(max_size=200), name=st.sampled_from(sorted(STRUCTURES)))
def test_any_bytes_are_a_structure_or_refused(data: bytes, name: str) -> None:
    parse, valid = STRUCTURES[name]
    for candidate in (data, valid[: len(data)] + data):
        with contextlib.suppress(Refused):
            parse(candidate)


@given(st.text(max_size=300))
def test_any_text_is_a_report_or_refused(text: str) -> None:
    with pytest.raises(Refused):
        message.unpack(text)
    with pytest.raises(Refused):
        message.unpack(base64.b64encode(text.encode()).decode())


def test_attestation_key_is_no_endorsement_key() -> None:
    for kind in KINDS:
        with pytest.raises(Refused, match="not of the kind"):
            parse_endorsement_key(parts(kind)[1].raw)


def test_quote_that_covers_other_pcrs_is_refused() -> None:
    report, key, secret = parts("ecc")
    pcrs = message.verify(report, key, secret).pcrs
    fewer = {number: value for number, value in pcrs.items() if number != 7}
    with pytest.raises(Refused, match="PCRs 0 to 10"):
        verify_quote(key, report.quote, report.signature, message.nonce(secret, report.body), fewer)
