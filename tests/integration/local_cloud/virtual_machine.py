# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TPM of swtpm without a host around it, as the hosts of the local cloud use it; needs no root."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

from local_cloud.attestation import certificates
from local_cloud.ca import Authority
from local_cloud.hosts import checks, measured_boot
from local_cloud.hosts.measured_boot import MeasuredBoot
from local_cloud.hosts.tpm import SOCKET, VirtualTpm

INSTANCE = "i-vector"


def why_not() -> str:
    """Why this machine can't have one, empty when it can."""
    missing = checks.why_no_tpm()
    return missing or ("" if checks.installed("tpm2_quote") else "tpm2-tools are not installed; run dev/host-packages")


class Region:
    """What stands for the thread of a server's network."""

    @staticmethod
    def run(function: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
        return function(*arguments)


@contextlib.contextmanager
def machine(folder: Path) -> t.Iterator[VirtualTpm]:
    """A TPM that has just been reset, with an endorsement key for :data:`INSTANCE`. Its state stays in the folder."""
    tpm = VirtualTpm.start(t.cast("t.Any", Region), folder / "tpm", folder / "tpm")
    try:
        authority = Authority(folder / "ca")
        tpm.provision(INSTANCE, lambda name, public: certificates.certify(authority, name, public))
        tpm.open()
        yield tpm
    finally:
        tpm.stop()


def boot(tpm: VirtualTpm, root: Path) -> MeasuredBoot:
    """Measure a disk with a boot chain and the trust client's programs, which are made."""
    programs = {path.lstrip("/"): f"{path} 1\n".encode() for path in measured_boot.PROGRAMS}
    for name, content in {**measured_boot.first_contents(), **programs}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(content)
    measured = MeasuredBoot(tpm.tpm, tpm.door)
    measured.measure(root)
    return measured


def connect(tpm: VirtualTpm, name: str) -> socket.socket:
    """A connection to a socket of the door."""
    with tempfile.TemporaryDirectory(prefix="tpm-") as short:  # paths of sockets must be short
        os.symlink(tpm.door, f"{short}/door")
        client = socket.socket(socket.AF_UNIX)
        client.connect(f"{short}/door/{name}")
        return client


def wait_for(condition: t.Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def tool(tpm: VirtualTpm, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program of tpm2-tools as a guest would, in a folder of its own for what it writes."""
    # The path of a socket is short: tpm2-tools get a link in /tmp.
    with tempfile.TemporaryDirectory(prefix="tpm-") as short:
        os.symlink(tpm.door, f"{short}/door")
        environment = {"PATH": os.environ["PATH"], "TPM2TOOLS_TCTI": f"swtpm:path={short}/door/{SOCKET}"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    for handle in tpm.tpm.handles(0x80000000):  # without a resource manager, keys stay loaded
        tpm.tpm.flush(handle)
    assert not check or done.returncode == 0, done.stderr
    return done
