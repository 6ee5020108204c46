# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of the local cloud: real systemd, real OpenSSH, and nothing left of them afterwards."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hosts.networks import lease

from local_cloud import hosts as local_hosts
from local_cloud.hosts import METADATA_ADDRESS, SERVICE_ADDRESS, HostError, HostOptions, Hosts, HostSpec, checks, disk

if reason := checks.why_not():
    pytest.skip(f"no hosts on this machine: {reason}", allow_module_level=True)

TESTS = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


def key_pair(path: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", path], check=True)
    return path.with_suffix(".pub").read_text().strip()


_network = functools.cache(lease)


def make_spec(number: int, **more: t.Any) -> HostSpec:
    """Instances 1, 2, ... of a vSwitch that only this test process uses."""
    base = f"{_network()}.0"
    values: dict[str, t.Any] = {
        "instance_id": f"i-host{number}",
        "hostname": f"web-{number}",
        "private_ip": f"{base}.{number}",
        "prefix_length": 24,
        "gateway": f"{base}.253",
        "mac": f"00:16:3e:00:00:{number:02x}",
    }
    return HostSpec(**(values | more))


class Machine:
    """What the tests see of one host: its spec and the two ways in."""

    def __init__(self, hosts: Hosts, spec: HostSpec, key: Path, known_hosts: Path) -> None:
        self.hosts, self.spec, self.key, self.known_hosts = hosts, spec, key, known_hosts

    def run(self, script: str) -> str:
        """By Cloud Assistant."""
        result = self.hosts.run_command(self.spec.instance_id, script.encode(), timeout=30)
        assert result.exit_code == 0, result.output.decode()
        return result.output.decode().strip()

    def ssh(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        """By the system's ssh client, which knows the host key that Cloud Assistant read."""
        base = ["-o", "ConnectTimeout=10", "-o", f"UserKnownHostsFile={self.known_hosts}"]
        base += ["-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes", "-i", str(self.key)]
        target = [f"root@{self.spec.private_ip}", command]
        return subprocess.run(
            ["ssh", "-F", "none", *options, *base, *target],
            capture_output=True,
            text=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def learn_host_keys(self) -> None:
        keys = self.run("cat /etc/ssh/ssh_host_*_key.pub").splitlines()
        with self.known_hosts.open("a") as file:
            file.writelines(f"{self.spec.private_ip} {key}\n" for key in keys)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hosts")


@pytest.fixture(scope="module")
def power(folder: Path) -> list[tuple[str, str]]:
    return []


@pytest.fixture(scope="module")
def hosts(folder: Path, power: list[tuple[str, str]]) -> t.Iterator[Hosts]:
    hosts = local_hosts.create(folder / "state", HostOptions(on_power=lambda *event: power.append(event)))
    assert hosts.available, hosts.reason
    yield hosts
    hosts.close()


@pytest.fixture(scope="module")
def authority(folder: Path) -> Path:
    path = folder / "ca.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=local cloud", "-keyout", str(folder / "ca.key"), "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.fixture(scope="module")
def fleet(hosts: Hosts, folder: Path, authority: Path) -> list[Machine]:
    """Three hosts, started at once, with the same key pair."""
    public_key = key_pair(folder / "fleet")
    script = b"#!/bin/bash\nread -r none; echo run-by-$$ >> /root/user-data-runs; echo from user data\n"
    machines = [
        Machine(
            hosts,
            make_spec(
                number,
                public_key=public_key,
                user_data=script,
                ca_certificate=authority,
                names={"bucket.oss.example": SERVICE_ADDRESS},
            ),
            folder / "fleet",
            folder / "known_hosts",
        )
        for number in (1, 2, 3)
    ]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(hosts.start, [machine.spec for machine in machines]))
    for machine in machines:
        machine.learn_host_keys()
    return machines


def test_ssh_reaches_each_host_with_the_key_pair_and_its_own_host_key(fleet: list[Machine]) -> None:
    for machine in fleet:
        seen = machine.ssh("hostname; cat /etc/machine-id; cat /proc/1/comm")
        assert seen.returncode == 0, seen.stderr
        hostname, _machine_id, first_process = seen.stdout.split()
        assert (hostname, first_process) == (machine.spec.hostname, "systemd")
    host_keys = {machine.run("cat /etc/ssh/ssh_host_ed25519_key.pub") for machine in fleet}
    machine_ids = {machine.run("cat /etc/machine-id") for machine in fleet}
    assert len(host_keys) == len(machine_ids) == 3
    assert Path("/etc/machine-id").read_text().strip() not in machine_ids


def test_of_etc_only_what_everybody_may_read_is_shown_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "link").symlink_to("/etc/shadow")  # of a name, not of what it leads to
    (tmp_path / "inner/file").write_text("")
    assert disk.is_public(tmp_path)
    (tmp_path / "inner/file").chmod(0o640)
    assert not disk.is_public(tmp_path)


def test_systemd_is_content(fleet: list[Machine]) -> None:
    assert fleet[0].run("systemctl is-system-running --wait || systemctl --failed") == "running"


def test_a_key_pair_switches_password_login_off(fleet: list[Machine]) -> None:
    refused = fleet[0].ssh("true", "-o", "PubkeyAuthentication=no")
    assert refused.returncode == 255
    assert "Permission denied (publickey)" in refused.stderr


def test_the_machine_below_stays_private(fleet: list[Machine], folder: Path) -> None:
    machine = fleet[0]
    assert machine.run(f"ls -d {folder} /work 2>/dev/null || true") == ""
    assert machine.run("ls /root /home /mnt /opt /srv /usr/local/bin") == textwrap.dedent(
        """\
        /home:

        /mnt:

        /opt:

        /root:
        user-data-runs

        /srv:

        /usr/local/bin:"""
    )
    assert machine.run("tr '\\0' '\\n' < /proc/1/environ | cut -d= -f1 | sort | tr '\\n' ' '") == "PATH container"
    assert machine.run("awk -F: '$3 >= 1000 && $1 != \"nobody\"' /etc/passwd") == ""
    assert machine.run("cut -d: -f2 /etc/shadow | sort -u") == "*"
    for key in Path("/etc/ssh").glob("ssh_host_*.pub"):
        assert key.read_text().split()[1] not in machine.run("cat /etc/ssh/ssh_host_*_key.pub")
    assert machine.hosts.run_command(machine.spec.instance_id, b"echo 1 > /proc/sys/vm/swappiness", timeout=5).exit_code
    assert "/run" in machine.run("cat /proc/mounts")
    assert str(folder) not in Path("/proc/mounts").read_text()


def test_hosts_reach_the_metadata_service_and_names_and_are_told_apart(fleet: list[Machine], hosts: Hosts) -> None:
    seen = []

    def serve(address: str, port: int, ready: threading.Semaphore) -> None:
        with hosts.listen(address, port) as listener:
            ready.release()
            for _machine in fleet:
                connection, client = listener.accept()
                with connection:
                    seen.append((address, client[0]))
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello from the region\n")

    ready = threading.Semaphore(0)
    servers = [threading.Thread(target=serve, args=(a, 80, ready)) for a in (METADATA_ADDRESS, SERVICE_ADDRESS)]
    for server in servers:
        server.start()
        assert ready.acquire(timeout=10)
    fetch = "exec /usr/bin/python3 -c 'import urllib.request as u; print(u.urlopen(\"http://%s/\").read().decode())'"
    for machine in fleet:
        for name in (METADATA_ADDRESS, "bucket.oss.example"):
            assert machine.ssh(fetch % name).stdout.strip() == "hello from the region"
    for server in servers:
        server.join(10)
    addresses = [machine.spec.private_ip for machine in fleet]
    assert [client for address, client in seen if address == METADATA_ADDRESS] == addresses
    assert [client for address, client in seen if address == SERVICE_ADDRESS] == addresses


def test_hosts_reach_each_other(fleet: list[Machine]) -> None:
    connect = f"exec 3<>/dev/tcp/{fleet[1].spec.private_ip}/22; head -c 4 <&3"
    assert fleet[0].run(f"#!/bin/bash\n{connect}") == "SSH-"


def test_the_certificate_authority_is_trusted(fleet: list[Machine], authority: Path) -> None:
    pem = authority.read_text()
    assert fleet[0].run(f"cat > /tmp/ca.pem <<'EOF'\n{pem}EOF\nopenssl verify /tmp/ca.pem") == "/tmp/ca.pem: OK"
    assert pem.strip() in fleet[0].run("cat /etc/ssl/certs/ca-certificates.crt")


def test_user_data_runs_once_with_its_log(fleet: list[Machine]) -> None:
    machine = fleet[1]
    machine.run("systemctl is-system-running --wait")
    first = machine.run("cat /root/user-data-runs")
    assert first.startswith("run-by-")
    assert machine.run("cat /var/log/cloud-init-output.log") == "from user data"
    machine.hosts.reboot(machine.spec.instance_id)
    machine.run("systemctl is-system-running --wait")
    assert machine.run("cat /root/user-data-runs") == first


def test_stopped_is_unreachable_and_started_again_is_the_same_machine(fleet: list[Machine]) -> None:
    machine = fleet[2]
    machine.run("echo kept > /srv/file; echo kept > /usr/share/kept-file")
    before = machine.run("cat /etc/ssh/ssh_host_*_key.pub /etc/machine-id /proc/sys/kernel/random/boot_id")
    machine.hosts.stop(machine.spec.instance_id)
    assert not machine.hosts.is_running(machine.spec.instance_id)
    assert machine.ssh("true").returncode == 255
    with pytest.raises(HostError, match="not running"):
        machine.run("true")
    assert "Stopped" in machine.hosts.console(machine.spec.instance_id)
    machine.hosts.start(machine.spec)
    assert machine.ssh("cat /srv/file /usr/share/kept-file").stdout.split() == ["kept", "kept"]
    after = machine.run("cat /etc/ssh/ssh_host_*_key.pub /etc/machine-id /proc/sys/kernel/random/boot_id")
    assert after.splitlines()[:-1] == before.splitlines()[:-1]
    assert after.splitlines()[-1] != before.splitlines()[-1]


def test_reboot_is_a_new_boot(fleet: list[Machine]) -> None:
    machine = fleet[0]
    before = machine.run("cat /proc/sys/kernel/random/boot_id; echo > /run/marker")
    machine.hosts.reboot(machine.spec.instance_id)
    assert machine.run("cat /proc/sys/kernel/random/boot_id; ls /run/marker 2>/dev/null || true") != before


def test_a_guest_may_reboot_and_power_off_itself(fleet: list[Machine], power: list[tuple[str, str]]) -> None:
    machine = fleet[0]
    name = machine.spec.instance_id
    before = machine.run("cat /proc/sys/kernel/random/boot_id")
    machine.ssh("reboot")
    wait_for(lambda: (name, "running") in power)
    assert machine.run("cat /proc/sys/kernel/random/boot_id") != before
    machine.ssh("poweroff")
    wait_for(lambda: (name, "stopped") in power)
    assert not machine.hosts.is_running(name)
    machine.hosts.start(machine.spec)


def test_commands_return_output_exit_code_and_time_out(fleet: list[Machine]) -> None:
    def run(script: bytes, **more: t.Any) -> local_hosts.CommandResult:
        return fleet[0].hosts.run_command(fleet[0].spec.instance_id, script, **({"timeout": 30} | more))

    assert run(b"echo out; echo err >&2; pwd; exit 7") == local_hosts.CommandResult(7, b"out\nerr\n/root\n")
    assert run(b"#!/usr/bin/python3\nimport os; print(os.getuid(), os.environ['HOME'])").output == b"0 /root\n"
    assert run(b"cat; id -un; pwd", user="nobody", cwd="/tmp").output == b"nobody\n/tmp\n"
    ignoring = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as a server does that was started with nohup
    try:
        assert run(b"grep SigIgn /proc/self/status").output.split()[1] == b"0" * 16
    finally:
        signal.signal(signal.SIGHUP, ignoring)
    assert run(b"true", cwd="/missing").exit_code == 126
    assert run(b"true", user="missing").exit_code != 0
    assert run(b"sleep 60 & echo started").output == b"started\n"
    late = run(b"echo before; sleep 4711; echo after", timeout=2)
    assert (late.timed_out, late.exit_code, late.output) == (True, -1, b"before\n")
    assert run(b"pgrep -f 'sleep 4711' || echo none; ls /run/local-cloud | grep -vx ${0##*/}").output.split() == [
        b"none",
        b"boot_id",
        b"ready",
    ]


def test_a_changed_key_pair_replaces_only_its_own_line(fleet: list[Machine], folder: Path) -> None:
    machine = fleet[2]
    theirs = key_pair(folder / "theirs")
    machine.run(f"echo '{theirs}' >> /root/.ssh/authorized_keys")
    machine.hosts.reboot(machine.spec.instance_id)
    assert machine.run("cat /root/.ssh/authorized_keys").splitlines() == [machine.spec.public_key, theirs]
    machine.hosts.stop(machine.spec.instance_id)
    machine.spec = replace(machine.spec, public_key=key_pair(folder / "second"))
    machine.hosts.start(machine.spec)
    assert machine.run("cat /root/.ssh/authorized_keys").splitlines() == [theirs, machine.spec.public_key]
    assert machine.ssh("true").returncode == 255
    assert machine.ssh("true", "-i", str(folder / "second")).returncode == 0


def test_a_key_the_guest_removed_does_not_come_back(fleet: list[Machine]) -> None:
    machine = fleet[1]
    keys = machine.run("cat /root/.ssh/authorized_keys; : > /root/.ssh/authorized_keys")
    machine.hosts.reboot(machine.spec.instance_id)
    assert machine.run("cat /root/.ssh/authorized_keys") == ""
    machine.run(f"echo '{keys}' > /root/.ssh/authorized_keys")


def test_a_password_lets_in_where_there_is_no_key_pair(hosts: Hosts, folder: Path) -> None:
    machine = Machine(hosts, make_spec(9, password="Correct-Horse-9"), folder / "fleet", folder / "known_hosts")
    hosts.start(machine.spec)
    machine.learn_host_keys()
    assert "Correct" not in repr(machine.spec)
    asker = folder / "askpass"
    for password, expected in {"Correct-Horse-9": 0, "wrong": 255}.items():
        asker.write_text(f"#!/bin/sh\necho {password}\n")
        asker.chmod(0o700)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSH_ASKPASS", str(asker))
            patch.setenv("SSH_ASKPASS_REQUIRE", "force")
            seen = machine.ssh("true", "-o", "NumberOfPasswordPrompts=1", "-o", "PubkeyAuthentication=no")
        assert seen.returncode == expected, seen.stderr
    hosts.delete(machine.spec.instance_id)


def test_ansible_manages_a_host_over_ssh(fleet: list[Machine], folder: Path) -> None:
    machine = fleet[0]
    inventory = folder / "inventory.ini"
    inventory.write_text(
        f"web ansible_host={machine.spec.private_ip} ansible_user=root ansible_ssh_private_key_file={machine.key} "
        f"ansible_python_interpreter=/usr/bin/python3 "
        f"ansible_ssh_common_args='-F none -o UserKnownHostsFile={machine.known_hosts} -o StrictHostKeyChecking=yes'\n"
    )

    def ansible(*arguments: str) -> str:
        command = [str(BIN / "ansible"), "web", "-i", str(inventory), *arguments]
        environment = os.environ | {"ANSIBLE_HOME": str(folder / "ansible"), "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert '"ping": "pong"' in ansible("-m", "ansible.builtin.ping")
    assert '"state": "started"' in ansible("-m", "ansible.builtin.systemd_service", "-a", "name=ssh state=restarted")
    assert '"rebooted": true' in ansible("-m", "ansible.builtin.reboot", "-a", "reboot_timeout=30")


def test_a_local_package_can_be_installed(fleet: list[Machine], folder: Path) -> None:
    package = folder / "probe"
    (package / "DEBIAN").mkdir(parents=True)
    (package / "usr/bin").mkdir(parents=True)
    (package / "usr/bin/probe").write_text("#!/bin/sh\necho installed\n")
    (package / "usr/bin/probe").chmod(0o755)
    (package / "DEBIAN/control").write_text(
        "Package: probe\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\nDescription: probe\n"
    )
    deb = folder / "probe.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", package, deb], check=True, capture_output=True)
    machine = fleet[0]
    command = ["scp", "-q", "-F", "none", "-i", str(machine.key), "-o", f"UserKnownHostsFile={machine.known_hosts}"]
    command += [str(deb), f"root@{machine.spec.private_ip}:/root/probe.deb"]
    copied = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
    assert copied.returncode == 0
    assert machine.run("dpkg -i /root/probe.deb > /dev/null && probe && dpkg-query -W -f '${Status}' probe").endswith(
        "installed\ninstall ok installed"
    )
    assert machine.run("apt-get remove -y probe > /dev/null; command -v probe || echo gone") == "gone"
    assert shutil.which("probe") is None


def test_deleted_is_gone(fleet: list[Machine], hosts: Hosts, folder: Path) -> None:
    spec = make_spec(8, public_key=fleet[0].spec.public_key)
    hosts.start(spec)
    hosts.delete(spec.instance_id)
    assert not hosts.is_running(spec.instance_id)
    assert fleet[0].ssh("true", "-o", f"HostName={spec.private_ip}", "-o", "ConnectTimeout=1").returncode == 255
    assert not list(folder.rglob(f"*{spec.instance_id}*"))
    hosts.delete(spec.instance_id)


def test_one_address_is_one_host(fleet: list[Machine], hosts: Hosts, tmp_path: Path) -> None:
    twin = replace(fleet[0].spec, instance_id="i-twin")
    with pytest.raises(HostError, match=r"in use by the host of i-host1"):
        hosts.start(twin)
    second = local_hosts.create(tmp_path)
    with contextlib.closing(second):
        with pytest.raises(HostError, match="another local cloud"):
            second.start(twin)
        # The rest of the second server does not mind the first: its own metadata address, its own hosts.
        with hosts.listen(METADATA_ADDRESS, 80), second.listen(METADATA_ADDRESS, 80):
            second.start(make_spec(7, instance_id="i-other"))
        assert second.is_running("i-other")


def test_an_address_of_the_machines_own_network_is_refused(hosts: Hosts) -> None:
    routes = subprocess.run(
        ["ip", "-4", "-o", "addr", "show", "scope", "global"], capture_output=True, text=True, check=True
    )
    own = [line.split()[3].split("/")[0] for line in routes.stdout.splitlines() if "lc-" not in line]
    if not own:
        pytest.skip("this machine has no network of its own")
    with pytest.raises(HostError, match="which this machine reaches by"):
        hosts.start(make_spec(6, private_ip=own[0]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"private_ip": "10.0.0.256"}, "network of i-host5 is not usable"),
        ({"gateway": "here"}, "network of i-host5 is not usable"),
        ({"mac": "00:16"}, "MAC address '00:16'"),
        ({"hostname": "a b"}, "'a b' cannot be a host name"),
        ({"instance_id": "../i"}, "cannot be the name of a host"),
    ],
)
def test_bad_specs_are_explained(hosts: Hosts, wrong: dict[str, str], message: str) -> None:
    with pytest.raises(HostError, match=message):
        hosts.start(make_spec(5, **wrong))


def test_a_state_directory_has_one_server(hosts: Hosts, folder: Path) -> None:
    second = local_hosts.create(folder / "state")
    assert not second.available
    assert "another local cloud is using" in second.reason


def test_a_host_that_cannot_start_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    spec = make_spec(4)
    with contextlib.closing(local_hosts.create(tmp_path)) as hosts:
        hosts.start(spec)
        hosts.run_command(spec.instance_id, b"echo nonsense > /etc/ssh/sshd_config", timeout=5)
    with contextlib.closing(local_hosts.create(tmp_path, HostOptions(start_timeout=5))) as hosts:
        with pytest.raises(HostError, match=r"sshd was not up after 5 seconds.*Failed to start.*OpenSSH"):
            hosts.start(spec)
        assert not hosts.is_running(spec.instance_id)
        assert not list(cgroup(tmp_path).glob(spec.instance_id))


def test_a_host_that_finds_no_room_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = checks.room()
    assert before < int(checks.INOTIFY_LIMIT.read_text()) // checks.INOTIFY_OF_A_HOST, "nothing is counted"
    monkeypatch.setattr(checks, "room", lambda: 0)
    said = r"no room for more hosts .*sysctl -w fs\.inotify\.max_user_instances=1024"
    options = HostOptions(start_timeout=0.01)
    with contextlib.closing(local_hosts.create(tmp_path, options)) as hosts, pytest.raises(HostError, match=said):
        hosts.start(make_spec(4))


def test_disks_are_in_memory_where_the_file_system_cannot_carry_them(tmp_path: Path) -> None:
    for name in ("lower", "upper", "work", "state"):
        (tmp_path / name).mkdir()
    options = f"lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", tmp_path / "state"], check=True)
    try:
        with contextlib.closing(local_hosts.create(tmp_path / "state")) as hosts:
            assert hosts.available, hosts.reason
            assert not hosts.disks_persist
            spec = make_spec(12, instance_id="i-memory")
            hosts.start(spec)
            hosts.run_command("i-memory", b"echo kept > /root/file", timeout=5)
            hosts.reboot("i-memory")
            assert hosts.run_command("i-memory", b"cat /root/file", timeout=5).output == b"kept\n"
            hosts.delete("i-memory")
            assert not hosts.is_running("i-memory")
    finally:
        subprocess.run(["umount", tmp_path / "state"], check=True)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("os.geteuid", lambda: 1000, r"hosts need root"),
        (
            "shutil.which",
            lambda program: None if "sshd" in program else program,
            r"package\(s\) openssh-server; apt-get install openssh-server",
        ),
        ("local_cloud.hosts.checks.cgroup_root", lambda: None, r"cgroup v2"),
        ("local_cloud.hosts.checks.overlay_problem", lambda *_a, **_k: "no overlay", r"overlayfs does not work here"),
    ],
)
def test_a_machine_without_what_hosts_need_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: t.Any, message: str
) -> None:
    monkeypatch.setattr(name, value)
    hosts = local_hosts.create(tmp_path)
    assert not hosts.available
    assert re.search(message, hosts.reason)
    with pytest.raises(HostError, match=message):
        hosts.start(make_spec(1))
    hosts.close()


SERVER = """
import signal, sys
from pathlib import Path
from test_hosts import make_spec
from local_cloud import hosts
server = hosts.create(Path(sys.argv[1]))
assert server.available, server.reason
keep = server.listen(hosts.METADATA_ADDRESS, 80)
for number in (1, 2):
    base = make_spec(number)
    server.start(base)
print("running", flush=True)
if sys.argv[2] == "exit":
    sys.exit()
if sys.argv[2] == "close":
    server.close()
    print("closed", flush=True)
signal.pause()
"""


@pytest.mark.parametrize("end", ["kill", "exit", "close"])
def test_nothing_remains_of_a_server_however_it_ends(tmp_path: Path, end: str) -> None:
    def spaces(*tasks: Path) -> set[str]:
        """The namespaces that exist because of these processes and threads, or of any."""
        found = set()
        for task in tasks or [*Path("/proc").glob("[0-9]*/ns"), *Path("/proc").glob("[0-9]*/task/[0-9]*/ns")]:
            for kind in ("net", "mnt", "pid", "uts", "ipc", "cgroup"):
                with contextlib.suppress(OSError):
                    found.add(os.readlink(task / kind))
        return found

    path = os.pathsep.join([str(TESTS), str(TESTS / "hosts")])
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, tmp_path, end],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
        start_new_session=True,
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == "running\n"
        group = cgroup(tmp_path)
        if end == "close":
            assert server.stdout.readline() == "closed\n"
        processes: set[int] = set()
        their_spaces: set[str] = set()
        if end == "kill":
            processes = {int(pid) for file in group.rglob("cgroup.procs") for pid in file.read_text().split()}
            threads = Path(f"/proc/{server.pid}/task").glob("*/ns")
            their_spaces = spaces(*threads, *(Path(f"/proc/{pid}/ns") for pid in processes)) - spaces(
                Path("/proc/self/ns")
            )
            assert len(processes) > 10
            assert len(their_spaces) >= 1 + 2 * 6
            assert group.name in os.listdir("/sys/class/net")
            server.send_signal(signal.SIGKILL)
        if end != "close":
            server.wait(30)
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in processes))
        wait_for(lambda: not spaces() & their_spaces)
        wait_for(lambda: not group.exists())
        wait_for(lambda: group.name not in os.listdir("/sys/class/net"))
        assert str(tmp_path) not in Path("/proc/mounts").read_text()
        wait_for(lambda: group.name.encode() not in command_lines())
    finally:
        server.kill()
        server.wait()
    if end == "kill":
        # The disks are still there: the next server goes on with the same machines.
        with contextlib.closing(local_hosts.create(tmp_path)) as again:
            assert again.available, again.reason
            again.start(make_spec(11, instance_id="i-host1"))
            assert "Startup finished" in again.console("i-host1")


def cgroup(state: Path) -> Path:
    """The control group folder of the server with this state."""
    root = checks.cgroup_root()
    assert root is not None
    return root / ("lc-" + hashlib.sha256(os.fsencode(state.resolve() / "hosts")).hexdigest()[:8])


def command_lines() -> bytes:
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(file.read_bytes())
    return b"\n".join(lines)


def wait_for(condition: t.Callable[[], bool], timeout: float = 15.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
