# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image that virtual machines of the local cloud boot from: Debian, started by UEFI and GRUB, measured by IMA.

It is built once, from Debian's packages and the files below ``guest/machine``, and kept in the cache. Layout: a GPT
with an EFI system partition (only GRUB) and an ext4 root file system.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from local_cloud.hosts import HostError

GUEST = Path(__file__).with_name("guest")
OVERLAY = GUEST / "machine"

SUITE = "bookworm"
PACKAGES = (
    "ca-certificates", "dbus", "grub-efi-amd64-signed", "initramfs-tools", "iproute2", "kmod",
    "linux-image-cloud-amd64", "openssh-server", "openssl", "procps", "python3", "qemu-guest-agent", "sudo", "systemd",
    "systemd-sysv", "tpm2-tools", "udev", "zstd",
)  # fmt: skip
ENABLED = (
    "cloud-final.service", "measure-image.service", "qemu-guest-agent.service", "ssh.service",
    "systemd-networkd.service",
)  # fmt: skip
#: would change the machine, or cost time, at moments of their own
MASKED = (
    "apt-daily-upgrade.timer", "apt-daily.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service",
    "fstrim.timer", "serial-getty@ttyS0.service", "systemd-timesyncd.service",
)  # fmt: skip
EXCLUDED = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*")

MIB = 1024 * 1024
ESP_START, ESP_SIZE = 1 * MIB, 16 * MIB
ROOT_START, ROOT_SIZE = ESP_START + ESP_SIZE, 1024 * MIB
#: GRUB 2.06 can't read file systems with these
EXT4_FEATURES = "^metadata_csum_seed,^orphan_file"
#: on the EFI system partition; all else is on the root file system
FIRST_GRUB_CFG = "search --label root --set=root\nconfigfile /boot/grub/grub.cfg\n"


def image() -> Path:
    """The image, which is built if this is its first use (some minutes, 1 GiB of disk; needs Debian's packages).

    :raises HostError: it can't be built
    """
    folder = _cache()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"machine-{_recipe()}.img"
    with open(folder / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _build(path)
    return path


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("ALITRUST_CACHE") or Path(base) / "alitrust-ecs").absolute() / "machines"


def _recipe() -> str:
    """What the image is made of, as a name."""
    files = [Path(__file__), *_unit_files(), *sorted(path for path in OVERLAY.rglob("*") if path.is_file())]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(GUEST.parent)} {file.stat().st_mode & 0o111:o}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _unit_files() -> list[Path]:
    return [GUEST / "ssh.service", GUEST / "cloud-final.service"]


def _build(path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="build-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        stage, root, disk = folder / "stage", folder / "root", folder / "disk.img"
        _stage(stage)
        _run(
            *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}"),
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED),
            '--aptopt=APT::Install-Recommends "false"',
            # Before the packages, so that the initramfs is made as it says there.
            f'--setup-hook=cp -a {stage}/. "$1"',
            *(SUITE, str(root)),
        )
        _run("systemctl", f"--root={root}", "enable", *ENABLED)
        _run("systemctl", f"--root={root}", "mask", *MASKED)
        (root / "etc/resolv.conf").write_text("# instances have no name server, see /etc/hosts\n")
        (root / "etc/apt/sources.list").write_text("# no package source: install local .deb files\n")
        for name in ("etc/hostname", "etc/machine-id", "var/lib/dbus/machine-id"):
            (root / name).unlink(missing_ok=True)  # each instance has its own
        for name in ("ssh_host_ecdsa_key", "ssh_host_ed25519_key", "ssh_host_rsa_key"):
            for key in (root / "etc/ssh").glob(f"{name}*"):
                key.unlink()
        _assemble(root, disk)
        disk.rename(path)
    for former in path.parent.glob("machine-*.img"):
        if former != path:
            former.unlink()


def _stage(stage: Path) -> None:
    """Copy our files with the modes that they shall have, whatever the checkout's are."""
    units = {f"etc/systemd/system/{path.name}": path for path in _unit_files()}
    files = {str(path.relative_to(OVERLAY)): path for path in OVERLAY.rglob("*") if path.is_file()}
    for name, source in {**files, **units}.items():
        target = stage / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
    for directory in (stage, *(path for path in stage.rglob("*") if path.is_dir())):
        directory.chmod(0o755)


def _assemble(root: Path, disk: Path) -> None:
    """Partitions, boot loader and root file system."""
    with disk.open("wb") as file:
        file.truncate(ROOT_START + ROOT_SIZE + MIB)
    sectors = [number // 512 for number in (ESP_START, ESP_SIZE, ROOT_START, ROOT_SIZE)]
    table = "label: gpt\nstart={}, size={}, type=U\nstart={}, size={}, type=L\n".format(*sectors)
    _run("sfdisk", "--quiet", str(disk), stdin=table)
    esp = f"{disk}@@{ESP_START}"
    _run("mformat", "-i", esp, "-T", str(ESP_SIZE // 512), "-h", "16", "-s", "63", "::")
    _run("mmd", "-i", esp, "::/EFI", "::/EFI/BOOT", "::/EFI/debian")
    loader = root / "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"
    _run("mcopy", "-i", esp, str(loader), "::/EFI/BOOT/BOOTX64.EFI")
    first = disk.with_name("grub.cfg")
    first.write_text(FIRST_GRUB_CFG)
    _run("mcopy", "-i", esp, str(first), "::/EFI/debian/grub.cfg")
    options = ["-L", "root", "-O", EXT4_FEATURES, "-E", f"offset={ROOT_START}", "-d", str(root)]
    _run("mke2fs", "-q", "-t", "ext4", *options, str(disk), f"{ROOT_SIZE // 1024}k")


def _run(*command: str, stdin: str = "") -> None:
    done = subprocess.run(
        command, input=stdin, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode != 0:
        said = " | ".join(done.stdout.strip().splitlines()[-5:])
        raise HostError(f"the image of virtual machines could not be built: {command[0]} failed: {said}")
