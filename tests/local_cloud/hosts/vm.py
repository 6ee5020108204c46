# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are virtual machines: QEMU, UEFI firmware that measures the boot into a TPM device, and Linux IMA.

They are slower than namespaced hosts by far, and share nothing with the controller's kernel. Everything else is the
same: the region's network, the disks' contents, what ends with the server.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import os
import socket
import struct
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from local_cloud.hosts import CommandResult, HostError, HostOptions, HostSpec, Terminal, vm_image
from local_cloud.hosts.machine import CONNECT_SECONDS, ENVIRONMENT, RUNNER, Host, NamespacedHosts
from local_cloud.hosts.region import in_network
from local_cloud.hosts.tpm import spawn
from local_cloud.hosts.vm_channels import GuestAgent, Monitor
from local_cloud.hosts.vm_disk import FIRMWARE, MachineDisk

QEMU = "qemu-system-x86_64"
MEMORY_MIB = 1024
#: in software emulation on a busy machine
START_SECONDS, STOP_SECONDS = 900.0, 300.0
POLL_SECONDS = 1.0
READY = "/run/local-cloud/ready"

#: a boot sector that has QEMU exit with code 33: mov $16, %al; out %al, $0xf4; hlt
_PROBE = (b"\xb0\x10\xe6\xf4\xf4" + bytes(510))[:510] + struct.pack("<H", 0xAA55)
_PROBE_CODE, _PROBE_SECONDS = 33, 5.0

_log = logging.getLogger("local_cloud.hosts")


@dataclass
class Machine(Host):
    """A virtual machine; the last three are set while it runs."""

    agent: GuestAgent | None = None
    monitor: Monitor | None = None
    tpm_process: subprocess.Popen[bytes] | None = None


class VirtualMachines(NamespacedHosts):
    """Each host is a process of QEMU on the region's network."""

    _mounts = True

    def __init__(self, state_dir: Path, options: HostOptions) -> None:
        options = dataclasses.replace(options, start_timeout=START_SECONDS, stop_timeout=STOP_SECONDS)
        super().__init__(state_dir, options)

    def run_command(
        self, instance_id: str, script: bytes, *, timeout: float, user: str = "root", cwd: str = "/root"
    ) -> CommandResult:
        host = self._machine(instance_id)
        with host.lock:
            agent = host.agent
        if agent is None:
            raise HostError(f"the host of {instance_id} is not running; start it to run commands in it")
        inside = f"/run/local-cloud/command-{uuid.uuid4().hex}"
        environment = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        return agent.run_within(timeout, RUNNER, inside, user, cwd, stdin=script, environment=environment)

    def connect(self, instance_id: str, port: int, target: str = "") -> socket.socket:
        """From the region's network: the guest's agent makes no connections."""
        host = self._machine(instance_id)
        with host.lock:
            if host.process is None or host.spec is None:
                raise HostError(f"the host of {instance_id} is not running; start it to connect to its ports")
            address = host.spec.private_ip
        if target not in ("", address):
            raise HostError(f"a virtual machine's agent reaches its own ports only, not {target}")
        network = f"/proc/{os.getpid()}/task/{self._region.thread_id}/ns/net"
        return in_network(network, lambda: socket.create_connection((address, port), timeout=CONNECT_SECONDS))

    def open_terminal(self, instance_id: str, user: str, command: str = "") -> Terminal:
        raise HostError("a virtual machine gives no terminals, only ports")

    def runs_process(self, instance_id: str, name: str) -> bool:
        agent = self._machine(instance_id).agent
        with contextlib.suppress(HostError):
            looked = ("/bin/sh", "-c", 'grep -qsxF -e "$0" /proc/[0-9]*/comm', name)
            return agent is not None and agent.run(*looked)[0] == 0
        return False

    def _machine(self, instance_id: str) -> Machine:
        host = self._host(instance_id)
        assert isinstance(host, Machine)
        return host

    def _must_be_in_memory(self, disks: Path) -> bool:
        return False

    def _new_host(self, folder: Path) -> Host:
        return Machine(MachineDisk(folder))

    def _prepare(self, host: Host, spec: HostSpec) -> None:
        vm_image.image()  # not on the region's thread, from where no package can be fetched
        self._region.run(host.disk.prepare, spec)

    def _launch(self, host: Host, spec: HostSpec, cgroup: Path) -> None:
        """Start QEMU and wait for sshd."""
        assert isinstance(host, Machine)
        with host.link_lock:
            host.link = self._region.attach_machine(
                address=spec.private_ip, gateway=spec.gateway, mac=spec.mac, guard=host.guard
            )
        command = [*_machine(host, spec), "-accel", accelerator()]
        ends = []
        if host.tpm is not None:
            # So far it was ours, to be provisioned; from now on it is the machine's, whose firmware starts it.
            host.tpm.stop()
            host.tpm = None
            control, theirs = socket.socketpair()
            folder, arguments = host.disk.path / "tpm", ["--ctrl", f"type=unixio,clientfd={theirs.fileno()}"]
            host.tpm_process = spawn(self._region, folder, folder, arguments, theirs)
            theirs.close()
            command += ["-chardev", f"socket,id=tpm,fd={control.fileno()}", "-tpmdev", "emulator,id=tpm,chardev=tpm"]
            command += ["-device", "tpm-tis,tpmdev=tpm"]
            ends.append(control)
        agent, theirs = socket.socketpair()
        command += ["-device", "virtio-serial-pci", "-chardev", f"socket,id=agent,fd={theirs.fileno()}"]
        command += ["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"]
        ends.append(theirs)
        monitor, theirs = socket.socketpair()
        command += ["-chardev", f"socket,id=monitor,fd={theirs.fileno()}", "-mon", "chardev=monitor,mode=control"]
        ends.append(theirs)
        host.agent, host.monitor = GuestAgent(agent), Monitor(monitor)
        host.process = self._region.run(_spawn, command, ends, cgroup, host.disk.init_log_file)
        host.pid = host.process.pid
        for end in ends:
            end.close()
        self._await_ready(host, time.monotonic() + self._options.start_timeout)

    def _is_ready(self, host: Host) -> bool:
        assert isinstance(host, Machine)
        assert host.agent is not None
        if not host.agent.answers(POLL_SECONDS):
            return False
        time.sleep(POLL_SECONDS)
        with contextlib.suppress(HostError):
            return host.agent.run("/usr/bin/test", "-e", READY)[0] == 0
        return False

    def _ask_to_power_off(self, host: Host) -> None:
        assert isinstance(host, Machine)
        if host.agent is not None:
            host.agent.power_off()

    def _wanted_after(self, host: Host, code: int) -> str | None:
        assert isinstance(host, Machine)
        reason = host.monitor.why_ended() if host.monitor is not None else ""
        return {"guest-reset": "running", "guest-shutdown": "stopped"}.get(reason)

    def _unplug(self, host: Host) -> None:
        assert isinstance(host, Machine)
        super()._unplug(host)
        if host.tpm_process is not None:  # QEMU's end has ended it
            with contextlib.suppress(subprocess.TimeoutExpired):
                host.tpm_process.wait(5)
            host.tpm_process.kill()
            host.tpm_process.wait()
        host.agent, host.monitor, host.tpm_process = None, None, None


@functools.cache
def accelerator() -> str:
    """``kvm`` where it works, else ``tcg``: a device file does not mean that anything boots."""
    with tempfile.NamedTemporaryFile(suffix=".img") as disk:
        disk.write(_PROBE)
        disk.flush()
        command = [QEMU, "-accel", "kvm", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        command += ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
        command += ["-drive", f"file={disk.name},format=raw,if=ide,readonly=on"]
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                command, check=False, timeout=_PROBE_SECONDS, stdin=subprocess.DEVNULL, capture_output=True
            )
            if done.returncode == _PROBE_CODE:
                return "kvm"
    _log.warning("KVM does not boot here; virtual machines run in software emulation")
    return "tcg"


def _machine(host: Machine, spec: HostSpec) -> list[str]:
    """The hardware."""
    assert isinstance(host.disk, MachineDisk)
    return [
        *(QEMU, "-name", spec.instance_id, "-machine", "q35", "-cpu", "max", "-smp", "1", "-m", str(MEMORY_MIB)),
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={FIRMWARE}"),
        *("-drive", f"if=pflash,format=raw,unit=1,file={host.disk.firmware_variables}"),
        *("-drive", f"if=none,id=disk,format=raw,file={host.disk.file}"),
        *("-device", "virtio-blk-pci,drive=disk,bootindex=1"),
        *("-netdev", f"tap,id=net,ifname={host.link},script=no,downscript=no"),
        *("-device", f"virtio-net-pci,netdev=net,mac={spec.mac},romfile="),
        *("-device", "virtio-rng-pci"),
        *("-chardev", f"file,id=console,path={host.disk.init_log_file},append=on", "-serial", "chardev:console"),
    ]


def _spawn(command: list[str], ends: list[socket.socket], cgroup: Path, log: Path) -> subprocess.Popen[bytes]:
    """Runs on the region's thread, whose end kills what it started."""
    start = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(cgroup)]
    with log.open("ab") as console:
        return subprocess.Popen(
            [*start, *command],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            pass_fds=[end.fileno() for end in ends],
            start_new_session=True,
            cwd="/",
        )
