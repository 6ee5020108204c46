# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of a real boot: OVMF, GRUB and Linux 6.1 wrote them in a virtual machine, with four PCR banks."""

from __future__ import annotations

import base64
import importlib.util
import json
import struct
import sys
import typing as t
from pathlib import Path
from types import ModuleType

import pytest

from local_cloud.attestation import event_log, ima, tpm2
from local_cloud.attestation.tpm_structures import SHA256, Refused
from local_cloud.trust_client import build

RECORDED: dict[str, t.Any] = json.loads(Path(__file__).with_name("uefi.json").read_text(encoding="utf-8"))
LOG = base64.b64decode(RECORDED["events"])
PCRS = {int(number): bytes.fromhex(value) for number, value in RECORDED["pcrs"].items()}
PROGRAMS = "".join(f"{line}\n" for line in RECORDED["programs"])


@pytest.fixture(scope="module")
def agent() -> t.Iterator[ModuleType]:
    """The trust client's agent, as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "tpm2", tpm2)
        spec = importlib.util.spec_from_file_location("trust_agent", build.SOURCES / "trust_agent.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


def test_the_event_log_of_firmware_and_boot_loader_explains_the_pcrs() -> None:
    assert event_log.replay(event_log.parse(LOG)) == PCRS


def test_events_of_firmware_have_names_for_people() -> None:
    texts = {(event.pcr, event.text) for event in event_log.parse(LOG)}
    assert {(7, "variable SecureBoot"), (1, "variable BootOrder"), (5, "partition table"), (0, "separator")} <= texts
    assert (4, "boot application") in texts
    assert any(pcr == 8 and text.startswith("kernel_cmdline: /vmlinuz root=LABEL=root") for pcr, text in texts)
    assert (9, "/initrd.img") in texts
    assert all(text.isprintable() for _pcr, text in texts)


def test_what_firmware_only_tells_is_not_extended() -> None:
    told = struct.pack("<IIIH", 0, event_log.EV_NO_ACTION, 1, SHA256) + bytes(32) + struct.pack("<I", 4) + b"told"
    assert event_log.parse(event_log.write([]) + told) == ()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda log: log[:28] + struct.pack("<I", 2**32 - 1) + log[32:], id="endless header"),
        pytest.param(lambda log: log.replace(b"Spec ID Event03", b"Spec ID Event02"), id="older format"),
        pytest.param(lambda log: log[:56] + struct.pack("<I", 2**31) + log[60:], id="too many algorithms"),
        pytest.param(lambda log: log[:60] + struct.pack("<H", 0x7777) + log[62:], id="another algorithm"),
        pytest.param(lambda log: log[:-1], id="cut off"),
    ],
)
def test_what_is_no_log_is_refused(change: t.Callable[[bytes], bytes]) -> None:
    with pytest.raises(Refused, match="event log"):
        event_log.parse(change(LOG))


def test_the_list_of_an_older_kernel_has_sha1_entries_and_means_the_same(agent: ModuleType) -> None:
    programs = ima.parse(PROGRAMS)
    assert programs[0] == ima.boot_aggregate(PCRS)
    assert programs[1].path == "/usr/lib/systemd/systemd"
    assert ima.parse("".join(item.line for item in programs)) == programs
    assert agent.replayed(PROGRAMS) == ima.replay(programs)


def test_an_entry_that_does_not_fit_its_digest_is_refused() -> None:
    with pytest.raises(Refused, match="line 2"):
        ima.parse(PROGRAMS.replace("systemd/systemd\n", "systemd/other\n"))


def test_a_file_that_was_written_to_while_in_use_counts_as_unknown_content(agent: ModuleType) -> None:
    line = f"10 {'0' * 40} ima-ng sha256:{'0' * 64} /usr/bin/python3.11\n"
    (violation,) = ima.parse(line)
    assert violation.template_digest == b"\xff" * 32
    assert agent.replayed(line) == ima.replay([violation]) == event_log.extended(bytes(32), b"\xff" * 32)
