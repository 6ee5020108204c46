# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials for a TPM, and what evidence means."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from local_cloud.attestation import event_log, ima, message, verdict
from local_cloud.attestation.credential import derive, make_credential
from local_cloud.attestation.event_log import EV_IPL, Event
from local_cloud.attestation.quote import PCRS
from local_cloud.attestation.tpm_structures import Public, Quote

AGENT = "/usr/local/bin/trust-agent"


def machine(loader: bytes = b"1", programs: tuple[bytes, ...] = (b"1",), extra: int | None = None) -> message.Evidence:
    """What a boot with this loader and these contents of the agent proves; ``extra`` is a PCR that no log explains."""
    events = [Event(4, EV_IPL, hashlib.sha256(loader).digest(), b"loader"), event_log.separator(4)]
    pcrs = event_log.replay(events)
    measured = [ima.boot_aggregate(pcrs), *(ima.Measurement(AGENT, hashlib.sha256(one).digest()) for one in programs)]
    pcrs[10] = ima.replay(measured)
    if extra is not None:
        pcrs[extra] = event_log.extended(pcrs[extra], bytes(32))
    quote = Quote(signer=b"", extra=b"", clock=0, reset_count=0, restart_count=0, pcrs=PCRS, pcr_digest=b"")
    return message.Evidence(quote, pcrs, tuple(events), tuple(measured))


def baseline() -> verdict.Baseline:
    return verdict.judge(machine(), {}, [AGENT]).baseline


def suspects(evidence: message.Evidence, known: verdict.Baseline) -> list[str]:
    return [deviation.suspect for deviation in verdict.judge(evidence, known, [AGENT]).deviations]


def test_what_the_logs_explain_becomes_the_baseline() -> None:
    known = baseline()
    assert sorted(known) == ["events", "pcrs", "programs"]
    assert suspects(machine(), known) == []


@pytest.mark.parametrize("pcr", [*range(11)])
def test_what_no_log_explains_makes_no_baseline_and_is_seen(pcr: int) -> None:
    evidence = machine(extra=pcr)
    assert f"PCR {pcr}" in suspects(evidence, baseline())
    fresh = verdict.judge(evidence, {}, [AGENT])
    assert fresh.deviations
    assert "programs" not in fresh.baseline
    assert ("pcrs" in fresh.baseline) == (pcr == 10)
    assert all(deviation.accept is None for deviation in fresh.deviations)


def test_baseline_moves_by_what_is_accepted_only() -> None:
    known = baseline()
    changed = machine(loader=b"2", programs=(b"1", b"2"))
    loader, agent = verdict.judge(changed, known, [AGENT]).deviations
    assert loader.accept is not None
    assert agent.accept is not None
    moved = verdict.accept(known, loader.accept, verdict.latest(changed))
    assert moved["programs"] == known["programs"]
    assert {pcr for pcr in moved["pcrs"] if moved["pcrs"][pcr] != known["pcrs"][pcr]} == {"4"}
    assert suspects(changed, moved) == [AGENT]
    both = verdict.accept(moved, agent.accept, verdict.latest(changed))
    assert suspects(changed, both) == []
    assert known == baseline(), "accepting makes a new baseline"


def test_program_that_ran_in_between_can_be_accepted_as_that() -> None:
    known, seen = baseline(), machine(programs=(b"1", b"x", b"1"))
    (deviation,) = verdict.judge(seen, known, [AGENT]).deviations
    assert deviation.accept is not None
    moved = verdict.accept(known, deviation.accept, verdict.latest(seen))
    assert suspects(seen, moved) == []
    assert suspects(machine(programs=(b"1", b"x")), moved) == [AGENT]


def test_list_of_programs_must_belong_to_this_boot() -> None:
    other = machine(loader=b"2")
    mixed = dataclasses.replace(machine(), programs=other.programs, pcrs={**machine().pcrs, 10: other.pcrs[10]})
    assert suspects(mixed, baseline()) == [ima.BOOT_AGGREGATE]
    empty = dataclasses.replace(machine(), programs=(), pcrs={**machine().pcrs, 10: bytes(32)})
    assert ima.BOOT_AGGREGATE in suspects(empty, baseline())


def test_firmware_and_what_nobody_explains_are_gravest() -> None:
    levels = {
        item.suspect: item.level for item in verdict.judge(machine(b"2", extra=0), baseline(), [AGENT]).deviations
    }
    assert levels["PCR 0"] == 3
    assert levels["PCR 4: loader"] == 2


def test_key_derivation_follows_its_formula() -> None:
    # HMAC(key, counter || label || 0 || context || bits), cut to size
    key, text = b"k" * 32, b"\0\0\0\1STORAGE\0name\0\0\0\x80"
    assert derive(key, "STORAGE", b"name", 128) == hmac.new(key, text, hashlib.sha256).digest()[:16]


def test_secret_that_is_too_long_for_a_credential_is_refused() -> None:
    key = Public(b"", 1, 0, rsa.generate_private_key(65537, 2048).public_key())
    with pytest.raises(ValueError, match="at most 32 bytes"):
        make_credential(key, b"", bytes(33))
