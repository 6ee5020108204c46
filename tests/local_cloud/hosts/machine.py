# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaced hosts: how they are started, stopped, entered, and how nothing of them outlives the server."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import ipaddress
import os
import re
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from local_cloud.attestation.tpm2 import TpmError
from local_cloud.hosts import CommandResult, HostError, HostOptions, Hosts, HostSpec, Terminal, checks
from local_cloud.hosts.disk import Disk
from local_cloud.hosts.firewall import Guard
from local_cloud.hosts.measured_boot import MeasuredBoot
from local_cloud.hosts.region import Region, in_network
from local_cloud.hosts.tpm import VirtualTpm

GUEST_INIT = Path(__file__).with_name("guest") / "init.sh"

# What a host may do to the kernel it shares with the controller; as systemd-nspawn, without making device files.
CAPABILITIES = (
    "-all,+audit_control,+audit_write,+chown,+dac_override,+dac_read_search,+fowner,+fsetid,+ipc_owner,+kill,+lease,"
    "+linux_immutable,+net_admin,+net_bind_service,+net_broadcast,+net_raw,+setfcap,+setgid,+setpcap,+setuid,"
    "+sys_admin,+sys_boot,+sys_chroot,+sys_nice,+sys_ptrace,+sys_resource,+sys_tty_config"
)

CONNECT_SECONDS = 10.0

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}

POWER_OFF = signal.SIGRTMIN + 4  # what systemd as process 1 takes as an orderly shutdown

# Waits for the server's end, however it comes (its standard input then ends), and removes what is not bound to a
# process: the folders of the control groups. Killing is the second line: process-death signals have done it before.
GUARDIAN = """
trap '' HUP INT TERM
cat > /dev/null
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    for group in "$0"/*/cgroup.kill; do [ ! -e "$group" ] || echo 1 > "$group"; done
    find "$0" -depth -type d -exec rmdir {} + 2> /dev/null
    [ -d "$0" ] || exit 0
    sleep 0.2
done
"""


# Runs in a host: takes a script on standard input, the file to put it in, the user and the folder to run it in. A
# script that names its interpreter gets it, others get sh; its own standard input is empty.
RUNNER = """
umask 077
trap 'rm -f "$1"' EXIT
cat > "$1" && chown "$2": "$1" && chmod 0700 "$1" && cd "$3" || exit 126
HOME=$(getent passwd "$2" | cut -d: -f6) USER=$2 LOGNAME=$2
export HOME USER LOGNAME
[ "$(head -c 2 "$1")" = '#!' ] || shell=sh
runuser -u "$2" -- $shell "$1" < /dev/null
"""


LOGIN = 'cd; exec "$SHELL" -l "$@"'


@dataclass
class Host:
    """One instance's host. ``process`` is set while it runs; ``lock`` is held while it changes.

    ``link`` (its name in the region, while there is one) and ``guard`` have a lock of their own: rules change while a
    host starts.
    """

    disk: Disk
    lock: threading.RLock = field(default_factory=threading.RLock)
    spec: HostSpec | None = None
    process: subprocess.Popen[bytes] | None = None
    pid: int = -1
    """Process 1 of the host, as the controller numbers it."""
    deleted: bool = False
    tpm: VirtualTpm | None = None
    measured: MeasuredBoot | None = None
    link: str = ""
    guard: Guard | None = None
    link_lock: threading.Lock = field(default_factory=threading.Lock)


def create_hosts(state_dir: Path, options: HostOptions) -> Hosts:
    """See :func:`local_cloud.hosts.create`."""
    if not options.enabled:
        return Hosts("hosts are switched off by a setting")
    reason = checks.why_not() or (checks.why_no_machines() if options.kind == "qemu" else "")
    if reason:
        return Hosts(reason)
    try:
        if options.kind == "qemu":
            from local_cloud.hosts.vm import VirtualMachines

            return VirtualMachines(state_dir, options)
        return NamespacedHosts(state_dir, options)
    except (OSError, HostError, subprocess.SubprocessError) as error:
        return Hosts(f"hosts could not be set up: {error}")


class NamespacedHosts(Hosts):
    """Hosts made of namespaces, an overlay over the machine's ``/usr``, systemd and OpenSSH."""

    available = True
    _mounts = False
    """Whether the region's thread mounts file systems of disks."""

    def __init__(self, state_dir: Path, options: HostOptions) -> None:
        super().__init__()
        self._options = options
        self.no_tpm = checks.why_no_tpm() if options.certify else "nobody certifies the TPMs of hosts"
        self._hosts: dict[str, Host] = {}
        self._lock = threading.Lock()
        self._closed = False
        folder = state_dir.resolve() / "hosts"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.ExitStack() as undo:
            self._state_lock = undo.enter_context(open(folder / "lock", "w", encoding="ascii"))
            try:
                fcntl.flock(self._state_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HostError(f"another local cloud is using {state_dir}; stop it or give this one its own") from None
            disks = folder / "disks"
            disks.mkdir(exist_ok=True, mode=0o700)
            in_memory = self._must_be_in_memory(disks)
            name = "lc-" + hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]
            root = checks.cgroup_root()
            assert root is not None  # why_not() said so
            self._cgroup = root / name
            _remove_cgroup(self._cgroup)  # of a server that died together with its guardian
            self._guardian = subprocess.Popen(
                ["sh", "-c", GUARDIAN, str(self._cgroup)], stdin=subprocess.PIPE, start_new_session=True, cwd="/"
            )
            undo.callback(self._dismiss_guardian)
            self._region = Region(name, disks if in_memory else None, mounts=self._mounts)
            undo.pop_all()
        self._disks_inside = disks
        # Disks in memory are mounted only in the view that the region's thread has of the file system.
        self._disks = Path(f"/proc/{os.getpid()}/task/{self._region.thread_id}/root{disks}") if in_memory else disks
        self.disks_persist = not in_memory

    def _must_be_in_memory(self, disks: Path) -> bool:
        """Whether the file system of this folder can't carry the disks.

        :raises HostError: memory can't either
        """
        if not checks.overlay_problem(disks, on_tmpfs=False):
            return False
        if problem := checks.overlay_problem(disks, on_tmpfs=True):
            raise HostError(f"overlayfs does not work here: {problem}")
        return True

    # The region's network

    def listen(self, address: str, port: int) -> socket.socket:
        return self._region.listen(address, port)

    # Power

    def start(self, spec: HostSpec) -> None:
        _check(spec)
        host = self._host(spec.instance_id)
        with host.lock:
            if host.process is not None:
                return
            self._boot(host, spec)

    def stop(self, instance_id: str, force: bool = False) -> None:
        host = self._host(instance_id)
        with host.lock:
            self._shut_down(host, force=force)

    def reboot(self, instance_id: str, force: bool = False) -> None:
        host = self._host(instance_id)
        with host.lock:
            if host.process is None or host.spec is None:
                raise HostError(f"the host of {instance_id} is not running; start it")
            self._shut_down(host, force=force)
            self._boot(host, host.spec)

    def delete(self, instance_id: str) -> None:
        host = self._host(instance_id)
        with host.lock:
            self._shut_down(host, force=True)
            self._region.unroute(instance_id)
            host.disk.delete()
            host.deleted = True
            with self._lock:
                self._hosts.pop(instance_id, None)

    def protect(self, instance_id: str, guard: Guard | None) -> None:
        host = self._host(instance_id)
        with host.link_lock:
            host.guard = guard
            if host.link:
                self._region.protect(host.link, guard)

    def is_running(self, instance_id: str) -> bool:
        with self._lock:
            host = self._hosts.get(instance_id)
        return host is not None and host.process is not None

    def runs_process(self, instance_id: str, name: str) -> bool:
        # By the control group and without the host's lock, which is held while the host starts.
        for folder, _folders, _files in os.walk(self._cgroup / instance_id):
            with contextlib.suppress(OSError):
                pids = Path(folder, "cgroup.procs").read_text(encoding="ascii").split()
                if any(_runs_as(pid, name) for pid in pids):
                    return True
        return False

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            hosts = list(self._hosts.values())
        for host in hosts:
            with host.lock:
                self._shut_down(host, force=True)
        self._region.close()
        _remove_cgroup(self._cgroup)
        self._dismiss_guardian()
        self._state_lock.close()

    # Inside a host

    def run_command(
        self, instance_id: str, script: bytes, *, timeout: float, user: str = "root", cwd: str = "/root"
    ) -> CommandResult:
        host = self._host(instance_id)
        with host.lock:
            if host.process is None:
                raise HostError(f"the host of {instance_id} is not running; start it to run commands in it")
            pid = host.pid
        inside = f"/run/local-cloud/command-{uuid.uuid4().hex}"
        command = [*_entered(pid), "sh", "-c", RUNNER, "sh", inside, user, cwd]
        # Output goes to a file: a daemon left behind by the script must not keep a pipe, and us, waiting.
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=ENVIRONMENT,
                start_new_session=True,
                cwd="/",
            )
            timed_out = False
            try:
                process.communicate(script, timeout=timeout)
            except subprocess.TimeoutExpired:
                timed_out = True
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                Path(f"/proc/{pid}/root{inside}").unlink(missing_ok=True)
            output.seek(0)
            return CommandResult(-1 if timed_out else process.returncode, output.read(), timed_out)

    def connect(self, instance_id: str, port: int, target: str = "") -> socket.socket:
        host = self._host(instance_id)
        with host.lock:
            if host.process is None:
                raise HostError(f"the host of {instance_id} is not running; start it to connect to its ports")
            pid = host.pid
        return in_network(f"/proc/{pid}/ns/net", lambda: _connect(target or "127.0.0.1", port))

    def open_terminal(self, instance_id: str, user: str, command: str = "") -> Terminal:
        host = self._host(instance_id)
        with host.lock:
            if host.process is None:
                raise HostError(f"the host of {instance_id} is not running; start it to open a terminal in it")
            pid = host.pid
        users = Path(f"/proc/{pid}/root/etc/passwd").read_text(encoding="utf-8").splitlines()
        entry = next((line.split(":") for line in users if line.startswith(f"{user}:")), None)
        if entry is None:
            raise HostError(f"the host of {instance_id} has no user {user}")
        # Not runuser: it stays in between, and lets no hang-up through.
        inside = ["setsid", "--ctty", "--wait", "setpriv", f"--reuid={entry[2]}", f"--regid={entry[3]}"]
        inside += ["--init-groups", "--reset-env", "sh", "-c", LOGIN, "sh"]
        master, slave = os.openpty()
        try:
            process = subprocess.Popen(
                [*_entered(pid), *inside, *(["-c", command] if command else [])],
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env={**ENVIRONMENT, "TERM": "xterm-256color"},
                start_new_session=True,
                cwd="/",
            )
        except BaseException:
            os.close(master)
            raise
        finally:
            os.close(slave)
        return Terminal(master, process)

    def console(self, instance_id: str) -> str:
        host = self._host(instance_id)
        return host.disk.init_log() + host.disk.journal()

    # How it is done

    def _host(self, instance_id: str) -> Host:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", instance_id):
            raise HostError(f"{instance_id!r} cannot be the name of a host; expected letters, digits and hyphens")
        with self._lock:
            if self._closed:
                raise HostError("the local cloud is shutting down")
            return self._hosts.setdefault(instance_id, self._new_host(self._disks / instance_id))

    def _new_host(self, folder: Path) -> Host:
        return Host(Disk(folder))

    def _boot(self, host: Host, spec: HostSpec) -> None:
        """Start the host and wait for sshd; on any failure nothing runs."""
        if host.deleted or self._closed:
            raise HostError(f"the host of {spec.instance_id} was deleted, or the local cloud is shutting down")
        self._region.route(spec.instance_id, spec.private_ip)
        cgroup = self._cgroup / spec.instance_id
        try:
            self._prepare(host, spec)
            _remove_cgroup(cgroup)
            cgroup.mkdir(parents=True)
            host.spec = spec
            if spec.vtpm and not self.no_tpm and self._options.certify is not None:
                host.tpm = VirtualTpm.start(
                    self._region, host.disk.path / "tpm", self._disks_inside / spec.instance_id / "tpm"
                )
                host.tpm.provision(spec.instance_id, self._options.certify)
            self._launch(host, spec, cgroup)
        except BaseException as error:
            self._shut_down(host, force=True)
            if isinstance(error, (OSError, TpmError)):
                raise HostError(f"the host of {spec.instance_id} could not be started: {error}") from error
            raise
        threading.Thread(
            target=self._watch, args=(host, host.process), name=f"watch-{spec.instance_id}", daemon=True
        ).start()

    def _prepare(self, host: Host, spec: HostSpec) -> None:
        host.disk.prepare(spec)

    def _launch(self, host: Host, spec: HostSpec, cgroup: Path) -> None:
        """Start systemd and wait for sshd."""
        if host.tpm is not None:
            host.tpm.open()
        process = host.process = self._region.run(self._spawn, host, spec, cgroup)
        deadline = time.monotonic() + self._options.start_timeout
        self._await_built(host, deadline)
        host.pid = _child(process.pid)
        if host.tpm is not None:
            # Before anything of the guest runs: process 1 still waits to hand over to systemd.
            host.measured = MeasuredBoot(host.tpm.tpm, host.tpm.door)
            host.measured.measure(Path(f"/proc/{host.pid}/root{self._disks_inside / spec.instance_id / 'root'}"))
        with host.link_lock:
            host.link = self._region.attach(
                host.pid, address=spec.private_ip, gateway=spec.gateway, mac=spec.mac, guard=host.guard
            )
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.close()
        if host.measured is not None:
            host.measured.watch(Path(f"/proc/{host.pid}/root"))
        self._await_ready(host, deadline)

    def _spawn(self, host: Host, spec: HostSpec, cgroup: Path) -> subprocess.Popen[bytes]:
        """Runs on the region's thread, whose end kills what it started."""
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOST_DISK": str(self._disks_inside / spec.instance_id),
            "HOST_OVERLAYS": " ".join(host.disk.overlays()),
            "HOST_NAME": spec.hostname,
            "HOST_ADDRESS": f"{spec.private_ip}/{spec.prefix_length}",
            "HOST_GATEWAY": spec.gateway,
            "HOST_BOOT_ID": str(uuid.uuid4()),
            "HOST_CAPABILITIES": CAPABILITIES,
        }
        command = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"']
        command += [str(cgroup), "unshare", "--fork", "--kill-child", "--pid", "--mount", "--uts", "--net", "--ipc"]
        command += ["--cgroup", "--propagation", "private", "sh", str(GUEST_INIT)]
        with open(host.disk.init_log_file, "ab") as console:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=console,
                env=environment,
                start_new_session=True,
                cwd="/",
            )

    def _await_built(self, host: Host, deadline: float) -> None:
        process = host.process
        assert process is not None
        assert process.stdout is not None
        with process.stdout as pipe:
            readable, _w, _x = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
            if not readable or pipe.readline() != b"built\n":
                raise self._start_error(host, "its root file system could not be built")

    def _await_ready(self, host: Host, deadline: float) -> None:
        assert host.process is not None
        while not self._is_ready(host):
            if host.process.poll() is not None:
                raise self._start_error(host, "systemd ended while it started")
            if self._closed:
                raise HostError("the local cloud is shutting down")
            if time.monotonic() > deadline:
                raise self._start_error(host, f"sshd was not up after {self._options.start_timeout:g} seconds")
            time.sleep(0.02)

    def _is_ready(self, host: Host) -> bool:
        return os.path.exists(f"/proc/{host.pid}/root/run/local-cloud/ready")

    def _start_error(self, host: Host, what: str) -> HostError:
        assert host.spec is not None
        said = [line for log in (host.disk.init_log(), host.disk.journal()) for line in log.strip().splitlines()[-3:]]
        reasons = [what, *filter(None, [checks.crowded()])]
        return HostError(
            f"the host of {host.spec.instance_id} did not start: {'. '.join(reasons)}. It said: {' | '.join(said)}"
        )

    def _shut_down(self, host: Host, *, force: bool) -> None:
        """Stop the host if it runs; afterwards none of its processes, mounts and control groups are left."""
        process, host.process = host.process, None
        if process is None:
            self._unplug(host)
            return
        assert host.spec is not None
        if not force and host.pid > 0:
            self._ask_to_power_off(host)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self._options.stop_timeout)
        self._bury(host, process)

    def _ask_to_power_off(self, host: Host) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(host.pid, POWER_OFF)

    def _bury(self, host: Host, process: subprocess.Popen[bytes]) -> None:
        assert host.spec is not None
        _remove_cgroup(self._cgroup / host.spec.instance_id)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
        host.pid = -1
        self._unplug(host)

    def _unplug(self, host: Host) -> None:
        """Leave the network, and end the TPM, which is reset by the next start."""
        with host.link_lock:
            link, host.link = host.link, ""
            if link:
                self._region.detach(link)
        if host.measured is not None:
            host.measured.stop()
        if host.tpm is not None:
            host.tpm.stop()
        host.measured = host.tpm = None

    def _watch(self, host: Host, process: subprocess.Popen[bytes]) -> None:
        """Follow what the guest does to itself: ``reboot`` brings it back, ``poweroff`` leaves it stopped."""
        code = process.wait()
        with host.lock:
            if host.process is not process or self._closed:
                return
            host.process = None
            wanted = self._wanted_after(host, code)
            self._bury(host, process)
            assert host.spec is not None
            if wanted is None:
                return  # killed from outside: the server is ending
            state = "stopped"
            if wanted == "running":
                with contextlib.suppress(HostError):
                    self._boot(host, host.spec)
                    state = "running"
        if self._options.on_power is not None:
            self._options.on_power(host.spec.instance_id, state)

    def _wanted_after(self, host: Host, code: int) -> str | None:
        """What the guest wants to be after its process ended so: running (it rebooted), stopped, or None: not asked."""
        return {-signal.SIGHUP: "running", -signal.SIGINT: "stopped"}.get(code)

    def _dismiss_guardian(self) -> None:
        assert self._guardian.stdin is not None
        self._guardian.stdin.close()
        self._guardian.wait()


def _entered(pid: int) -> list[str]:
    """What begins a command that is to run in the host with this process 1, and end with the thread that starts it.

    It ignores no signal, such as the hang-up that a server ignores which was started with nohup.
    """
    within = ["nsenter", "--target", str(pid), "--all", "--", "setpriv", f"--bounding-set={CAPABILITIES}"]
    return ["env", "--default-signal", "setpriv", "--pdeathsig", "KILL", *within]


def _connect(address: str, port: int) -> socket.socket:
    return socket.create_connection((address, port), timeout=CONNECT_SECONDS)


def _check(spec: HostSpec) -> None:
    try:
        ipaddress.IPv4Interface(f"{spec.private_ip}/{spec.prefix_length}")
        ipaddress.IPv4Address(spec.gateway)
    except ValueError as error:
        raise HostError(f"the network of {spec.instance_id} is not usable: {error}") from None
    if not re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", spec.mac, re.IGNORECASE):
        raise HostError(f"the MAC address {spec.mac!r} of {spec.instance_id} is not of the form 00:16:3e:xx:xx:xx")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?", spec.hostname):
        raise HostError(f"{spec.hostname!r} cannot be a host name; expected up to 64 letters, digits, dots and hyphens")


def _runs_as(pid: str, name: str) -> bool:
    """Whether a process has this name, and is no zombie."""
    with contextlib.suppress(OSError):
        number_and_name, _end, rest = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(") ")
        return number_and_name.partition(" (")[2] == name and not rest.startswith("Z")
    return False


def _child(pid: int) -> int:
    """The only child of a process."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    if len(children) != 1:
        raise HostError(f"expected one child of process {pid}, found {len(children)}")
    return int(children[0])


def _remove_cgroup(group: Path, timeout: float = 10.0) -> None:
    """Kill what lives in the control group and remove its folders."""
    deadline = time.monotonic() + timeout
    while group.exists():
        with contextlib.suppress(OSError):
            (group / "cgroup.kill").write_text("1")
        for folder, _folders, _files in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        if time.monotonic() > deadline:
            raise HostError(f"processes in {group} could not be killed; kill them and remove the folder")
        if group.exists():
            time.sleep(0.01)
