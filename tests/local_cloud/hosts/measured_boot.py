# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured of an instance, by its host's manager, where the guest can't interfere.

At boot, before systemd runs: the boot chain, that is the files in ``/boot/local-cloud`` of the instance's disk, into
the PCRs 0 to 9, with an event log. From then on, as Linux IMA does: the programs of the trust client, whenever they
appear or change, into PCR 10, with a list. Both logs lie beside the TPM's socket.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import threading
import typing as t
from dataclasses import dataclass
from pathlib import Path

from local_cloud.attestation import event_log, ima
from local_cloud.attestation.event_log import (
    EV_COMPACT_HASH,
    EV_IPL,
    EV_IPL_PARTITION_DATA,
    EV_PLATFORM_CONFIG_FLAGS,
    EV_POST_CODE,
    Event,
    separator,
)
from local_cloud.attestation.tpm2 import Tpm, TpmError

#: how programs of the guest find their TPM
TCTI = "swtpm:path=/run/local-cloud/tpm/tpm"
EVENT_LOG, PROGRAM_LIST = "binary_bios_measurements", "ascii_runtime_measurements_sha256"

BOOT = "boot/local-cloud"
#: file -> PCR and type of the event
CHAIN = {
    "firmware.bin": (0, EV_POST_CODE),
    "platform.conf": (1, EV_PLATFORM_CONFIG_FLAGS),
    "drivers.bin": (2, EV_POST_CODE),
    "drivers.conf": (3, EV_PLATFORM_CONFIG_FLAGS),
    "loader.efi": (4, EV_COMPACT_HASH),
    "partitions.gpt": (5, EV_IPL_PARTITION_DATA),
    "vendor.bin": (6, EV_COMPACT_HASH),
    "secure-boot.conf": (7, EV_PLATFORM_CONFIG_FLAGS),
    "grub.cfg": (8, EV_IPL),
    "cmdline": (8, EV_IPL),
    "vmlinuz": (9, EV_IPL),
    "initrd.img": (9, EV_IPL),
}
#: firmware ends its part of these PCRs with a separator
_SEPARATED = range(8)

#: the trust client's own files
PROGRAMS = (
    "/usr/local/bin/trust-agent",
    "/usr/local/lib/t-trustclient/tpm2.py",
    "/usr/lib/systemd/system/t-trustclient.service",
)
#: how often they are looked at
WATCH_SECONDS = 0.2
#: a file that is being written is measured when it stays as it is, or after so many looks
LONGEST_WAIT = 5
LARGEST_FILE = 64 * 1024 * 1024
_MISSING = b"missing"

Signature = tuple[int, ...]

_log = logging.getLogger("local_cloud.hosts")


def first_contents() -> dict[str, bytes]:
    """What the image of an instance boots from: paths and contents of the files."""
    system = os.uname()
    contents = {
        "platform.conf": "secure boot: on\nTPM: 2.0\n",
        "drivers.conf": "network boot: off\n",
        "partitions.gpt": "1 EFI system\n2 root\n",
        "secure-boot.conf": "PK KEK db dbx of the local cloud\n",
        "grub.cfg": "linux /vmlinuz\ninitrd /initrd.img\n",
        "cmdline": "root=/dev/vda2 ro ima_policy=tcb\n",
        "vmlinuz": f"{system.sysname} {system.release} {system.version}\n",
    }
    return {f"{BOOT}/{name}": contents.get(name, f"{name} of the local cloud\n").encode() for name in CHAIN}


class MeasuredBoot:
    """The measurements of one boot of one instance.

    :param tpm: the instance's TPM, just reset
    :param door: the folder in which the guest finds the logs
    """

    def __init__(self, tpm: Tpm, door: Path) -> None:
        self._tpm, self._door = tpm, door
        self._programs: list[ima.Measurement] = []
        self._seen: dict[str, Signature] = {}  # what a measured program's file looked like
        self._changing: dict[str, Signature] = {}
        self._waited = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def measure(self, root: Path) -> None:
        """Measure the boot chain below ``root``, the guest's root directory, and the programs that are there.

        :raises TpmError: the TPM does not do what it should
        """
        events = []
        for name, (pcr, kind) in CHAIN.items():
            path = f"{BOOT}/{name}"
            found = look(root, path)
            content = found.read() if found else _MISSING
            label = f"/{path}" if found else f"/{path} (missing)"
            events.append(Event(pcr, kind, hashlib.sha256(content).digest(), label.encode() + b"\0"))
        events += [separator(pcr) for pcr in _SEPARATED]
        for event in events:
            self._tpm.extend(event.pcr, event.digest)
        self._write(EVENT_LOG, event_log.write(events))
        self._add(ima.boot_aggregate(event_log.replay(events)))
        self._measure(self._changed(root))

    def watch(self, root: Path) -> None:
        """From now on measure programs below ``root`` when they change."""
        self._thread = threading.Thread(target=self._watch, args=(root,), name="measure", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self, root: Path) -> None:
        while not self._stop.wait(WATCH_SECONDS):
            try:
                changed = self._changed(root)
                if changed and self._settled({path: file.signature for path, file in changed.items()}):
                    self._measure(changed)
            except (OSError, TpmError) as error:
                if not self._stop.is_set() and root.exists():
                    _log.warning("a program could not be measured: %s", error)

    def _changed(self, root: Path) -> dict[str, File]:
        """The programs that are not as they were when they were measured; none before all of them are installed."""
        found = {path: look(root, path) for path in PROGRAMS}
        if not self._seen and None in found.values():
            return {}
        return {path: file for path, file in found.items() if file and self._seen.get(path) != file.signature}

    def _settled(self, changed: dict[str, Signature]) -> bool:
        """Whether files have been like this for a while, or have been changing for too long to wait any more."""
        if changed != self._changing and self._waited < LONGEST_WAIT:
            self._changing, self._waited = changed, self._waited + 1
            return False
        self._changing, self._waited = {}, 0
        return True

    def _measure(self, files: dict[str, File]) -> None:
        for path, file in files.items():
            digest = hashlib.sha256(file.read()).digest()
            self._add(ima.Measurement(path, digest))
            self._seen[path] = file.signature

    def _add(self, measurement: ima.Measurement) -> None:
        """Extend first: a list that lacks something is noticed, a measurement that lacks is not."""
        last = {item.path: item for item in self._programs}
        if last.get(measurement.path) == measurement:
            return
        self._tpm.extend(ima.PCR, measurement.template_digest)
        self._programs.append(measurement)
        self._write(PROGRAM_LIST, "".join(item.line for item in self._programs).encode())

    def _write(self, name: str, content: bytes) -> None:
        """Replace a file of the door, which is the guest's to spoil: then the logs don't explain the PCRs."""
        folder = os.open(self._door, os.O_DIRECTORY | os.O_NOFOLLOW)
        temporary = f".{name}.new"
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with open(os.open(temporary, flags, 0o440, dir_fd=folder), "wb") as file:
                file.write(content)
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError as error:
            _log.warning("the measurement log %s could not be written: %s", name, error)
        finally:
            os.close(folder)


@dataclass(frozen=True)
class File:
    """A guest's file: what it looks like, and a way to read it."""

    signature: Signature
    read: t.Callable[[], bytes]


def look(root: Path, path: str) -> File | None:
    """A file of the guest whose root directory is ``root``; None where there is none.

    Links are not followed: seen from here they lead elsewhere. What is a link, or nothing to read, counts as that.
    """
    try:
        with _folder_of(root, path) as (folder, name):
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None
    signature = (status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return File(signature, lambda: _read(root, path, status))


@contextlib.contextmanager
def _folder_of(root: Path, path: str) -> t.Iterator[tuple[int, str]]:
    """A descriptor of the folder that a file is in, and the file's name in it."""
    *folders, name = path.strip("/").split("/")
    with contextlib.ExitStack() as stack:
        here = os.open(root, os.O_DIRECTORY)
        stack.callback(os.close, here)
        for folder in folders:
            here = os.open(folder, os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            stack.callback(os.close, here)
        yield here, name


def _read(root: Path, path: str, status: os.stat_result) -> bytes:
    with _folder_of(root, path) as (folder, name):
        if stat.S_ISLNK(status.st_mode):
            return b"link to " + os.fsencode(os.readlink(name, dir_fd=folder))
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_FILE:
            return f"mode {status.st_mode:o}, {status.st_size} bytes".encode()
        with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder), "rb") as file:
            return file.read(LARGEST_FILE)
