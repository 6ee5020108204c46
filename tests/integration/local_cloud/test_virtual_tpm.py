# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TPMs of hosts, without hosts: swtpm and tpm2-tools against what the local cloud makes and verifies itself."""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path

import make_vectors
import pytest
import virtual_machine
from cryptography import x509

from local_cloud.attestation import event_log, ima, message, tpm2, verdict
from local_cloud.attestation.tpm_structures import Refused, parse_attestation_key
from local_cloud.hosts.measured_boot import BOOT, CHAIN, EVENT_LOG, PROGRAM_LIST, PROGRAMS, MeasuredBoot, look

pytestmark = pytest.mark.skipif(bool(virtual_machine.why_not()), reason=virtual_machine.why_not())


def test_real_tpm_tools_and_verifier_agree() -> None:
    for made in make_vectors.vectors().values():  # tpm2_activatecredential opens our challenge on the way
        key, secret = parse_attestation_key(bytes.fromhex(made["aik"])), bytes.fromhex(made["secret"])
        evidence = message.verify(message.unpack(made["message"]), key, secret)
        assert verdict.judge(evidence, {}, PROGRAMS).deviations == ()
        with pytest.raises(Refused):
            message.verify(message.unpack(made["message"]), key, bytes(32))


def test_boot_begins_with_cleared_pcrs_and_the_same_keys(tmp_path: Path) -> None:
    seen = []
    for _boot in range(2):
        with virtual_machine.machine(tmp_path) as machine:
            assert set(machine.tpm.read_pcrs(range(11)).values()) == {bytes(32)}
            virtual_machine.boot(machine, tmp_path / "root")
            values = machine.tpm.read_pcrs(range(11))
            keys = [machine.tpm.key_at(tpm2.EK_HANDLE, b""), machine.tpm.key_at(tpm2.AIK_HANDLE, tpm2.AIK_TEMPLATE)]
            seen.append((values, keys, machine.tpm.read_certificate()))
    assert seen[0] == seen[1]
    certificate = x509.load_der_x509_certificate(seen[0][2])
    assert certificate.subject.rfc4514_string() == f"CN={virtual_machine.INSTANCE}"


def test_logs_replay_to_the_pcrs(tmp_path: Path) -> None:
    with virtual_machine.machine(tmp_path) as machine:
        virtual_machine.boot(machine, tmp_path / "root")
        values = machine.tpm.read_pcrs(range(11))
        events = event_log.parse((machine.door / EVENT_LOG).read_bytes())
        programs = ima.parse((machine.door / PROGRAM_LIST).read_text())
    assert {**event_log.replay(events), 10: ima.replay(programs)} == values
    assert [item.path for item in programs] == [ima.BOOT_AGGREGATE, *PROGRAMS]
    assert {event.text for event in events if event.pcr == 8} >= {f"/{BOOT}/cmdline", f"/{BOOT}/grub.cfg"}


def test_each_file_of_the_boot_chain_counts(tmp_path: Path) -> None:
    def measured() -> dict[int, bytes]:
        with virtual_machine.machine(tmp_path) as machine:
            virtual_machine.boot(machine, tmp_path / "root")
            return machine.tpm.read_pcrs(range(10))

    before = measured()
    for name, (pcr, _kind) in CHAIN.items():
        file = tmp_path / "root" / BOOT / name
        file.write_bytes(file.read_bytes() + b"!")
        after = measured()
        assert [number for number in before if after[number] != before[number]] == [pcr]
        before = after


def test_guest_gets_one_harmless_command_of_the_control_channel(tmp_path: Path) -> None:
    with virtual_machine.machine(tmp_path) as machine:
        control = virtual_machine.connect(machine, "tpm.ctrl")
        with control:
            control.sendall(struct.pack(">II", 2, 0))  # would reset the TPM
            assert control.recv(4) == b"\0\0\0\1"
        with pytest.raises(tpm2.TpmError, match="0x185"):  # the platform is closed
            machine.tpm.write_certificate(b"mine")


def test_program_is_measured_when_it_changes_and_settles(tmp_path: Path) -> None:
    with virtual_machine.machine(tmp_path) as machine:
        measured = virtual_machine.boot(machine, tmp_path / "root")
        measured.watch(tmp_path / "root")
        try:
            agent = tmp_path / "root" / PROGRAMS[0].lstrip("/")
            agent.write_bytes(b"evil")
            virtual_machine.wait_for(lambda: _last_digest(machine.door) == hashlib.sha256(b"evil").digest())
        finally:
            measured.stop()
        programs = ima.parse((machine.door / PROGRAM_LIST).read_text())
        assert ima.replay(programs) == machine.tpm.read_pcrs([10])[10]


def _last_digest(door: Path) -> bytes:
    """Of the program that was measured last."""
    return ima.parse((door / PROGRAM_LIST).read_text())[-1].digest


def test_nothing_is_measured_before_the_trust_client_is_whole(tmp_path: Path) -> None:
    with virtual_machine.machine(tmp_path) as machine:
        root = tmp_path / "bare"
        (root / "usr/local/bin").mkdir(parents=True)
        (root / "usr/local/bin/trust-agent").write_text("agent")
        MeasuredBoot(machine.tpm, machine.door).measure(root)
        assert [item.path for item in ima.parse((machine.door / PROGRAM_LIST).read_text())] == [ima.BOOT_AGGREGATE]


def test_links_of_a_guest_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the controller")
    (tmp_path / "root/folder").mkdir(parents=True)
    (tmp_path / "root/file").symlink_to(tmp_path / "secret")
    (tmp_path / "root/way").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "root/folder/pipe")
    file, pipe = look(tmp_path / "root", "/file"), look(tmp_path / "root", "/folder/pipe")
    assert file is not None
    assert file.read() == f"link to {tmp_path / 'secret'}".encode()
    assert pipe is not None
    assert pipe.read().startswith(b"mode ")
    assert look(tmp_path / "root", "/way/secret") is None
    assert look(tmp_path / "root", "/nothing") is None
