# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud Assistant in a real host: sessions to its sshd, files sent to it, a key for a short time."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import random
import shlex
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from hosts.fleet import key_pair
from sdk import Sdk
from tunnel import CLOSE, OUTPUT, SIZE, STATUS, Forward, Tunnel, opened

from local_cloud.control import LocalCloud
from local_cloud.hosts import checks

if reason := checks.why_not():
    pytest.skip(f"no hosts on this machine: {reason}", allow_module_level=True)

#: sessions at their real speed would make slow tests
SPEED = 20_000_000


class Instance:
    """One instance, reached by API and by sessions only."""

    def __init__(self, sdk: Sdk, folder: Path) -> None:
        self.sdk, self.cloud, self.folder = sdk, sdk.cloud, folder
        self.key = folder / "key"
        sdk("ImportKeyPair", KeyPairName="mine", PublicKeyBody=key_pair(self.key))
        (self.id,) = sdk("RunInstances", **sdk.place(), KeyPairName="mine")["InstanceIdSets"]["InstanceIdSet"]
        until(lambda: sdk.status(self.id) == "Running")

    def start(self, **params: t.Any) -> dict[str, t.Any]:
        return self.sdk("StartTerminalSession", InstanceId=[self.id], **{"PortNumber": 22, **params})

    def run(self, script: str) -> str:
        """Run a script by Cloud Assistant."""
        sent = self.sdk("RunCommand", Type="RunShellScript", CommandContent=script, InstanceId=[self.id])
        until(lambda: self.result(sent["InvokeId"])["InvocationStatus"] != "Running")
        result = self.result(sent["InvokeId"])
        output = base64.b64decode(result["Output"]).decode()
        assert result["InvocationStatus"] == "Success", output
        return output.strip()

    def result(self, invoke_id: str) -> dict[str, t.Any]:
        found = self.sdk("DescribeInvocationResults", InvokeId=invoke_id)["Invocation"]["InvocationResults"]
        return t.cast("dict[str, t.Any]", found["InvocationResult"][0])

    @contextlib.contextmanager
    def forward(self, **params: t.Any) -> t.Iterator[Forward]:
        forward = Forward(lambda: self.start(**params), SPEED)
        try:
            yield forward
        finally:
            forward.close()

    def ssh(self, forward: Forward, command: str, key: Path | None = None) -> subprocess.Popen[bytes]:
        """The system's ssh client, in which a session is a port of this machine."""
        options = ["-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"]
        options += ["-o", "IdentitiesOnly=yes", "-i", str(key or self.key), "-p", str(forward.port)]
        return subprocess.Popen(
            ["ssh", "-F", "none", *options, "root@127.0.0.1", command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def connection(self, session_id: str) -> dict[str, t.Any]:
        (session,) = self.sdk("DescribeTerminalSessions", SessionId=session_id)["Sessions"]["Session"]
        return t.cast("dict[str, t.Any]", session["Connections"]["Connection"][0])

    def until_disconnected(self, session_id: str) -> None:
        until(lambda: self.connection(session_id)["Status"] == "Disconnected")


def until(condition: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in a minute"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Instance]:
    folder = tmp_path_factory.mktemp("sessions")
    settings: dict[str, t.Any] = {"ecs__session_manager_enabled": True, "ecs__session_speed": SPEED}
    settings["ecs__session_connect_seconds"] = 0.0
    with LocalCloud.start(folder / "cloud", hosts="on", **settings) as cloud:
        yield Instance(Sdk(cloud), folder)


def test_ssh_goes_through_a_session_both_ways(instance: Instance) -> None:
    data = random.Random(1).randbytes(300_000)
    with instance.forward() as forward:
        ssh = instance.ssh(forward, "hostname; sha256sum; head -c 300000 /dev/zero | tr '\\0' x")
        out, error = ssh.communicate(data, timeout=120)
    assert ssh.returncode == 0, error
    hostname, digest, rest = out.split(b"\n", 2)
    assert hostname.decode() == instance.run("hostname")
    assert digest.split()[0].decode() == hashlib.sha256(data).hexdigest()
    assert rest == b"x" * 300_000
    instance.until_disconnected(forward.sessions[0])
    assert instance.connection(forward.sessions[0])["ClosedReason"] == "Ok"


def test_the_agent_connects_from_inside_the_instance(instance: Instance) -> None:
    instance.run(
        "systemd-run --unit=inside python3 -m http.server --bind 127.0.0.1 8000 >/dev/null;"
        " for n in $(seq 100); do ss -tln | grep -q 127.0.0.1:8000 && break; sleep 0.1; done"
    )
    own = instance.sdk.instance(instance.id)["VpcAttributes"]["PrivateIpAddress"]["IpAddress"][0]
    for params, answers in (
        ({"PortNumber": 8000}, True),  # this machine has nothing at this port of its own loopback interface
        ({"PortNumber": 8000, "TargetServer": own}, False),  # where nobody listens
        ({"PortNumber": 22, "TargetServer": own}, True),
        ({"PortNumber": 80, "TargetServer": "100.100.100.200"}, True),  # another machine, as the instance sees it
        ({"PortNumber": 9}, False),
    ):
        with opened(instance.start(**params)["WebSocketUrl"]) as tunnel:
            assert tunnel.receive().payload[0] == 7
            if not answers:
                assert tunnel.ended() == b"\x05Open_port_failed"
                continue
            until(lambda: any(one["open"] for one in instance.cloud.tunnels()))
            tunnel.send(b"GET / HTTP/1.0\r\n\r\n")
            assert tunnel.receive().payload[:4] in (b"HTTP", b"SSH-")


def test_a_session_without_port_is_a_terminal(instance: Instance) -> None:
    instance.run("useradd --create-home --shell /bin/bash ann")

    def shell(**params: t.Any) -> contextlib.AbstractContextManager[Tunnel]:
        return opened(instance.sdk("StartTerminalSession", InstanceId=[instance.id], **params)["WebSocketUrl"])

    def shown(tunnel: Tunnel, text: bytes) -> None:
        seen = b""
        while text not in seen:
            message = tunnel.receive()
            assert message.payload[0] == 7 or message.type == OUTPUT, seen
            seen += message.payload if message.type == OUTPUT else b""

    with shell(Username="ann") as tunnel:
        shown(tunnel, b"$ ")
        tunnel.send(b'{"rows": 33, "cols": 99}', SIZE)
        tunnel.send(b"id -un; tty; stty size; echo en''d\n")
        shown(tunnel, b"ann\r\n")
        shown(tunnel, b"33 99\r\n")
        tunnel.send(b"sleep 1000\n")
        until(lambda: instance.run("pgrep -c -f 'sleep 100[0]' || true") == "1")
        tunnel.send(b"1", CLOSE)
        assert tunnel.ended() == b"\x05Exit"
    until(lambda: instance.run("pgrep -c -f 'sleep 100[0]' || true") == "0")
    with shell(CommandLine="echo $HOME; exit 3") as tunnel:
        shown(tunnel, b"/root\r\n")
        assert tunnel.ended() == b"\x05Exit"
    with shell(Username="nobody-here") as tunnel:
        assert tunnel.ended() == b"\x05OpenPtyFailed"


def test_a_tunnel_that_is_cut_ends_ssh_and_leaves_nothing(instance: Instance) -> None:
    pick = random.Random(2)
    for _attempt in range(4):
        with instance.forward() as forward:
            ssh = instance.ssh(forward, "while :; do echo still here; sleep 0.01; done")
            assert ssh.stdout is not None
            ssh.stdout.read(pick.randrange(10, 3000))
            instance.cloud.cut_tunnel(forward.sessions[0])
            assert ssh.wait(60) == 255
            ssh.communicate()
        instance.until_disconnected(forward.sessions[0])
    until(lambda: instance.cloud.tunnels() == [])
    until(lambda: instance.run("pgrep -c -f 'still [h]ere' || true") == "0")


def test_files_are_sent(instance: Instance) -> None:
    def send(name: str, content: bytes = b"text\n", **params: t.Any) -> tuple[str, str]:
        text = base64.b64encode(content).decode()
        file = {"Name": name, "TargetDir": "/srv/new folder", "Content": text, "ContentType": "Base64"}
        sent = instance.sdk("SendFile", InstanceId=[instance.id], **{**file, **params})["InvokeId"]

        def result() -> dict[str, t.Any]:
            (task,) = instance.sdk("DescribeSendFileResults", InvokeId=sent)["Invocations"]["Invocation"]
            return t.cast("dict[str, t.Any]", task["InvokeInstances"]["InvokeInstance"][0])

        until(lambda: result()["InvocationStatus"] != "Running")
        return result()["InvocationStatus"], result()["ErrorCode"]

    largest = random.Random(3).randbytes(24 * 1024)
    assert send("a 'file'") == ("Success", "")
    assert send("a 'file'", b"new\n") == ("Failed", "FileAlreadyExists")
    path = shlex.quote("/srv/new folder/a 'file'")
    assert instance.run(f"stat -c %a:%U:%G {path}; cat {path}") == "644:root:root\ntext"
    mode: dict[str, t.Any] = {"Overwrite": True, "FileMode": "0600", "FileOwner": "daemon", "FileGroup": "mail"}
    assert send("a 'file'", largest, **mode) == ("Success", "")
    digest = hashlib.sha256(largest).hexdigest()
    assert instance.run(f"stat -c %a:%U:%G {path}; sha256sum < {path}") == f"600:daemon:mail\n{digest}  -"
    problems: tuple[tuple[str, dict[str, t.Any]], ...] = (
        ("UserGroupNotExists", {"FileOwner": "nobody-here"}),
        ("UserGroupNotExists", {"FileGroup": "nobody-here"}),
        ("FileAuthorityInvalid", {"FileMode": "rw"}),
        ("FilePathInvalid", {"TargetDir": "/etc/hostname/x"}),
        ("FilePathInvalid", {"TargetDir": "relative"}),
        ("FileNameInvalid", {"TargetDir": "/", "name": "etc"}),
        ("FileNameInvalid", {"name": "../x"}),
    )
    for problem, params in problems:
        assert send(params.pop("name", "other"), **params) == ("Failed", problem), params
    assert instance.run("ls -A '/srv/new folder'") == "a 'file'"


def test_a_key_is_let_in_for_a_short_time(instance: Instance) -> None:
    def place(seconds: float, name: str) -> Path:
        instance.cloud.set("ecs.temporary_key_seconds", seconds)
        parameters = {"username": "root", "sshPublicKey": key_pair(instance.folder / name)}
        command: dict[str, t.Any] = {
            "CommandId": "cmd-ACS-ECS-SendSshPublicKey-linux.sh",
            "Parameters": parameters,
        }
        sent = instance.sdk("InvokeCommand", InstanceId=[instance.id], **command)["InvokeId"]
        until(lambda: instance.result(sent)["InvocationStatus"] == "Success")
        return instance.folder / name

    good, late = place(600, "good"), place(0, "late")
    time.sleep(1.1)  # sshd lets a key in until its last second is over
    with instance.forward() as forward:
        assert instance.ssh(forward, "true", good).wait(60) == 0
        assert instance.ssh(forward, "true", late).wait(60) == 255


def test_an_instance_that_stops_ends_its_sessions(instance: Instance) -> None:
    session = instance.start()
    with opened(session["WebSocketUrl"]) as tunnel:
        while tunnel.receive().type == STATUS:
            pass
        instance.sdk("StopInstance", InstanceId=instance.id)
        assert tunnel.ended() == b"\x02"
    assert instance.connection(session["SessionId"])["Status"] == "Disconnected"
    assert instance.sdk.refused("StartTerminalSession", InstanceId=[instance.id], PortNumber=22) == (
        403,
        "InvalidInstance.NotRunning",
    )
