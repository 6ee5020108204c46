# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this machine can have hosts, and how; every answer comes from trying."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAMS = {
    "/usr/sbin/sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "/lib/systemd/systemd": "systemd",
    "ip": "iproute2",
    "nft": "nftables",
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "nsenter": "util-linux",
    "mount": "mount",
    "openssl": "openssl",
    "/usr/bin/python3": "python3",
}


TPM_PROGRAMS = {"swtpm": "swtpm"}


#: of virtual machines, and of the image that they boot from
MACHINE_PROGRAMS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "/usr/share/OVMF/OVMF_CODE_4M.fd": "ovmf",
    "mmdebstrap": "mmdebstrap",
    "mcopy": "mtools",
    "sfdisk": "fdisk",
    "mke2fs": "e2fsprogs",
}


def installed(program: str) -> bool:
    return Path(program).is_file() if program.endswith(".fd") else shutil.which(program) is not None


def why_no_machines() -> str:
    """One sentence that says why hosts can't be virtual machines here; empty when they can."""
    programs = {**MACHINE_PROGRAMS, **TPM_PROGRAMS}
    missing = sorted({package for program, package in programs.items() if not installed(program)})
    if missing:
        return f"virtual machines need the package(s) {', '.join(missing)}; apt-get install {' '.join(missing)}"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "virtual machines need /dev/net/tun; load the kernel module tun"
    if not list(Path("/dev").glob("loop[0-9]*")):
        return "virtual machines need a loop device, to write to their disks; load the kernel module loop"
    return ""


def why_no_tpm() -> str:
    """One sentence that says why hosts can have no TPM on this machine; empty when they can."""
    missing = sorted({package for program, package in TPM_PROGRAMS.items() if not installed(program)})
    if missing:
        return f"hosts have no TPM without the package(s) {', '.join(missing)}; apt-get install {' '.join(missing)}"
    return ""


def cgroup_root() -> Path | None:
    """Where cgroup v2 is mounted and can be written."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _dash, rest = line.partition(" - ")
        if rest.split()[0] == "cgroup2" and os.access(mount := fields.split()[4], os.W_OK):
            return Path(mount)
    return None


def why_not() -> str:
    """One sentence that says why this machine can have no hosts; empty when it can."""
    if not sys.platform.startswith("linux"):
        return "hosts need Linux; the API of the local cloud works without them"
    if os.geteuid() != 0:
        return "hosts need root; run the local cloud as root to get them"
    missing = sorted({package for program, package in PROGRAMS.items() if not installed(program)})
    if missing:
        return f"hosts need the package(s) {', '.join(missing)}; apt-get install {' '.join(missing)}"
    if cgroup_root() is None:
        return "hosts need a writable cgroup v2 file system; mount one: mount -t cgroup2 none /sys/fs/cgroup"
    spaces = _try("unshare", "--fork", "--pid", "--mount", "--uts", "--net", "--ipc", "--cgroup", "true")
    if spaces:
        return f"hosts need to create namespaces, which this machine refuses ({spaces}); use a privileged container"
    # It brings the kernel's modules along where they are not loaded yet.
    problem = _try("unshare", "--net", "nft", "table inet probe { chain probe { ct state new drop; }; }")
    if problem:
        return f"hosts need the kernel's nf_tables and nf_conntrack for security groups ({problem}); load these modules"
    return ""


#: What of fs.inotify.max_user_instances root takes in a host, by its systemd and what that starts.
INOTIFY_OF_A_HOST = 9
INOTIFY_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")


def room() -> int:
    """How many more hosts this machine carries at the moment, by its limit of inotify instances."""
    used = 0
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):  # it has just ended
            used += os.readlink(link) == "anon_inode:inotify" and link.parent.stat().st_uid == 0
    return max(int(INOTIFY_LIMIT.read_text()) - used, 0) // INOTIFY_OF_A_HOST


def crowded() -> str:
    """One sentence where there is hardly room for another host, which explains one that does not start; else empty."""
    if room() > 1:  # what the failed one had is free again
        return ""
    limit = INOTIFY_LIMIT.read_text().strip()
    return (
        f"this machine has no room for more hosts by its limit of inotify instances ({limit}, {INOTIFY_OF_A_HOST} for "
        "each); raise it, for example: sysctl -w fs.inotify.max_user_instances=1024"
    )


def overlay_problem(folder: Path, *, on_tmpfs: bool) -> str:
    """Why a disk in ``folder``, or on a tmpfs there, cannot carry an overlay; empty when it can."""
    if set(",:\\ \n") & set(str(folder)):
        return f"the path {folder} contains a character that overlays cannot have"
    with tempfile.TemporaryDirectory(dir=folder, prefix="probe-") as probe:
        script = (
            "set -e; cd $0; {tmpfs} mkdir upper work root; "
            "mount -t overlay -o lowerdir=/usr,upperdir=upper,workdir=work overlay root; "
            "touch root/bin; rm root/bin/env; ! test -e root/bin/env"
        ).format(tmpfs="mount -t tmpfs tmpfs .; cd $0;" if on_tmpfs else "")
        return _try("unshare", "--mount", "--propagation", "private", "sh", "-c", script, probe)


def _try(*command: str) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
