# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk of an instance that is a virtual machine: a copy of the image, and the variables of its firmware."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
import typing as t
from pathlib import Path

from local_cloud.hosts import HostSpec, vm_image
from local_cloud.hosts.disk import Disk, make_directory, run, write

FIRMWARE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
FIRMWARE_VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")

#: the gateway need not be in the vSwitch's network
NETWORK = """[Match]
Name=eth0

[Network]
Address={address}
LinkLocalAddressing=no
IPv6AcceptRA=no

[Route]
Gateway={gateway}
GatewayOnLink=yes
"""


class MachineDisk(Disk):
    """While the machine is off its root file system is mounted, to write what an image can't have."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.file = path / "disk.img"
        self.firmware_variables = path / "firmware.fd"

    def prepare(self, spec: HostSpec) -> None:
        """As for other disks; on the region's thread, whose end also ends a mount."""
        try:
            if self.exists:
                self._mount()
            super().prepare(spec)
            network = {"address": f"{spec.private_ip}/{spec.prefix_length}", "gateway": spec.gateway}
            write(self._own("etc/systemd/network/eth0.network"), NETWORK.format(**network))
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):
                subprocess.run(["umount", str(self.root)], check=True, stderr=subprocess.DEVNULL)

    def journal(self) -> str:
        """Nothing: it is on the disk, and what matters of it is on the console."""
        return ""

    def _mount(self) -> None:
        run("mount", "-o", f"loop,offset={vm_image.ROOT_START}", str(self.file), str(self.root))

    def _make(self) -> None:
        make_directory(self.root)
        run("cp", "--sparse=always", str(vm_image.image()), str(self.file))
        shutil.copyfile(FIRMWARE_VARIABLES, self.firmware_variables)
        self._mount()
        write(self._own("etc/machine-id"), secrets.token_hex(16) + "\n", 0o444)
        for name in ("scripts", "sem"):
            make_directory(self._own(f"var/lib/cloud/instance/{name}"))
        make_directory(self._own("root/.ssh"), 0o700)
        self.make_sshd()

    def _write_boot_chain(self, record: dict[str, t.Any]) -> None:
        """It has a real one."""

    def _name_tpm(self) -> None:
        """It has a device."""
