# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection alitrust.ecs.session: plays on hosts whose group lets nobody in."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import pytest
import yaml
from hosts.session import Behind
from rights.users import Users, compare

from local_cloud.control import ControlError, LocalCloud
from local_cloud.hosts import checks

PROXY = Path(__file__).parents[2] / "plugins" / "plugin_utils" / "_session_proxy.py"
PING: dict[str, t.Any] = {"ansible.builtin.ping": {}}


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Behind]:
    if reason := checks.why_not():
        pytest.skip(f"no hosts on this machine: {reason}")
    folder = tmp_path_factory.mktemp("session")
    # The service's own speed has a test of its own below; here it would make everybody wait.
    with LocalCloud.start(folder / "cloud", hosts="on", ecs__session_speed=4_000_000) as cloud:
        yield Behind(folder, cloud)


@pytest.fixture(autouse=True)
def ended(behind: Behind) -> t.Iterator[None]:
    """When a play is over, so are its sessions, its tunnels, and all that was kept of them."""
    yield
    behind.wait_until(lambda: not behind.cloud.tunnels() and not behind.open_sessions())
    kept = ("alitrust_sessions", "cp")
    behind.wait_until(lambda: not [one for name in kept for one in (behind.folder / ".ansible" / name).glob("*")])


def test_a_play_does_what_it_does_over_ssh_and_shows_no_secret(behind: Behind) -> None:
    seen: list[str] = []

    def look() -> None:
        """Read every command line, and the environment of the tunnels, as long as the play runs."""
        while not done.wait(0.2):
            for process in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    seen.append((process / "cmdline").read_text(errors="replace").replace("\0", " "))
                    if "session_proxy" in seen[-1]:
                        seen.append((process / "environ").read_text(errors="replace"))

    done = threading.Event()
    looking = threading.Thread(target=look)
    looking.start()
    environment = behind.ansible.environment
    hidden = {name: environment.pop(name) for name in list(environment) if name.startswith("ALIBABA_")}
    environment["ANSIBLE_CALLBACKS_ENABLED"] = "alitrust.ecs.ram_policy"
    try:
        run = behind.run(
            [
                {**PING, "vars": {"ansible_pipelining": False}},
                {
                    "ansible.builtin.command": "id -un",
                    "become": True,
                    "become_method": "su",
                    "become_user": "daemon",
                    "become_flags": "-s /bin/sh",
                    "vars": {"ansible_remote_tmp": "/tmp/of-daemon"},
                    "register": "who",
                },
                {"ansible.builtin.assert": {"that": "who.stdout == 'daemon'"}},
                {"ansible.builtin.copy": {"dest": "/root/sent", "content": "{{ 'x\n' * 40000 }}"}},
                {"ansible.builtin.meta": "reset_connection"},
                {"ansible.builtin.fetch": {"src": "/root/sent", "dest": "fetched"}},
                {**PING, "delegate_to": "one"},
            ],
            "-vvvv",
            vars={
                "ansible_pipelining": True,
                "alitrust_region": "cn-hangzhou",
                "alitrust_endpoint_url": hidden["ALIBABA_CLOUD_ENDPOINT_URL"],
                "alitrust_access_key_id": "{{ lookup('file', 'access_key_id') }}",
                "alitrust_access_key_secret": "{{ lookup('file', 'access_key_secret') }}",
            },
        )
    finally:
        del environment["ANSIBLE_CALLBACKS_ENABLED"]
        environment |= hidden
        done.set()
        looking.join()
    assert run.succeeded, run.output[-5000:]
    assert re.search(r'"ecs:EndTerminalSession",\s+"ecs:StartTerminalSession"\s+\]', run.output), "its RAM policy"
    for host in ("one", behind.ids[1]):
        assert (behind.folder / "fetched" / host / "root" / "sent").read_text() == "x\n" * 40000
    assert any("session_proxy" in one for one in seen)
    secret = behind.cloud.access_key_secret
    assert secret not in run.output
    assert not [one for one in seen if secret in one]
    starts = behind.cloud.counts()["ecs:StartTerminalSession"]
    assert starts == 4, "one tunnel for each host, and one more after the reset"


def test_a_tunnel_that_is_cut_breaks_no_more_than_ssh_does(behind: Behind) -> None:
    chance = random.Random(13)
    done = threading.Event()

    def cut() -> None:
        for _time in range(4):
            if done.wait(chance.uniform(1, 4)):
                return
            for tunnel in behind.cloud.tunnels():
                with contextlib.suppress(ControlError):  # it has ended by itself
                    behind.cloud.cut_tunnel(tunnel["SessionId"])

    cutting = threading.Thread(target=cut)
    cutting.start()
    try:
        run = behind.run(
            [{**PING, "until": "result is success", "retries": 20, "delay": 0, "register": "result",
              "ignore_unreachable": True, "loop": [1, 2, 3]}],
            "-e", "ansible_pipelining=true", "-e", "ansible_ssh_retries=5",
        )  # fmt: skip
    finally:
        done.set()
        cutting.join()
    for host in ("one", behind.ids[1]):
        assert run.recap(host)["failed"] == 0, run.output


def test_the_sessions_of_a_play_that_is_killed_are_ended(behind: Behind) -> None:
    """At once, not when ControlPersist runs out: the fixture looks that nothing is left."""
    play = subprocess.Popen(
        [Path(sys.executable).parent / "ansible", "-i", behind.inventory, "one", "-m", "raw", "-a", "sleep 600"],
        env=behind.ansible.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    behind.wait_until(lambda: any(one["open"] for one in behind.cloud.tunnels()))
    play.kill()
    play.wait()


WRONG: dict[str, tuple[str, dict[str, str]]] = {
    "agent": ("The Cloud Assistant agent in {two} is offline", {"alitrust_instance_id": "{two}"}),
    "port": ("Nothing listens on this port of the instance", {"ansible_port": "2222"}),
    "unknown": ("There is no instance i-unknown in cn-hangzhou", {"alitrust_instance_id": "i-unknown"}),
    "nameless": ("'nameless' is no ID of an instance. Set the variable", {"alitrust_instance_id": "nameless"}),
    "right": (
        "allow ecs:StartTerminalSession on acs:ecs:cn-hangzhou:*:instance/{one} to",
        {"alitrust_access_key_id": "{nobody}", "alitrust_access_key_secret": "{nobodys}"},
    ),
    "half": ("access_key_id and access_key_secret belong together", {"alitrust_access_key_id": "LTAI"}),
}


def test_what_is_in_the_way_is_said_first(behind: Behind) -> None:
    one, two = behind.ids
    key, secret = behind.nobody()
    values = {"one": one, "two": two, "nobody": key, "nobodys": secret}
    inventory = behind.folder / "wrong.yml"
    inventory.write_text(yaml.safe_dump({"all": {"vars": behind.variables(), "hosts": {
        name: {"alitrust_instance_id": one, **{key: value.format(**values) for key, value in variables.items()}}
        for name, (_words, variables) in WRONG.items()
    }}}))  # fmt: skip

    def said(*arguments: str | Path) -> str:
        done = behind.ansible.command("ansible", *arguments, "-m", "ping", "-f", "6")
        output = done.stdout + done.stderr
        assert "Traceback" not in output
        assert "UNKNOWN port" not in output, "what ssh says of its end of the pipe helps nobody"
        return output

    behind.cloud.agent(two, online=False)
    try:
        output = said("-i", inventory, "all")
    finally:
        behind.cloud.agent(two, online=True)
    for name, (words, _variables) in WRONG.items():
        result = re.search(rf"^{name} \| UNREACHABLE! => (\{{.*?^\}})", output, re.MULTILINE | re.DOTALL)
        assert result, output
        message = json.loads(result[1])["msg"].removeprefix("Task failed: ")
        wanted = words.format(**values)
        assert wanted in message
        if name != "right":
            assert re.sub(r"^i-\w+: ", "", message).startswith(wanted[:20])
    assert secret not in output

    behind.switch(on=False)
    try:
        output = said("-i", behind.inventory, "one")
    finally:
        behind.switch(on=True)
    assert "switched off for this account. The module alitrust.ecs.session_manager switches it on" in output


def test_people_use_it_by_a_configuration_of_ssh(behind: Behind) -> None:
    config = behind.folder / "ssh_config"
    variables = {"fleet_name": "behind", "session_config_file": config, "session_key_file": behind.key}
    arguments = [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
    users = Users(behind.cloud)
    owner = dict(behind.ansible.environment)
    behind.ansible.environment |= users.key("session").environment()
    try:
        for changed in (2, 0):
            written = behind.ansible.command("ansible-playbook", "alitrust.ecs.session", *arguments)
            assert f"changed={changed} " in written.stdout, written.stdout + written.stderr
    finally:
        behind.ansible.environment = owner
    assert users.denied("session") == set()
    compare("session", users.used("session"))
    sent = behind.folder / "by-scp"
    sent.write_bytes(random.Random(1).randbytes(100_000))

    def people(*command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=behind.ansible.environment, capture_output=True, text=True, timeout=120, check=False
        )

    host = "behind-001"
    for command in (
        ("scp", "-F", config, sent, f"{host}:/root/by-scp"),
        ("scp", "-F", config, f"{host}:/root/by-scp", behind.folder / "back"),
        ("ssh", "-F", config, host, "true"),
    ):
        done = people(*command)
        assert done.returncode == 0, done.stderr
    assert (behind.folder / "back").read_bytes() == sent.read_bytes()
    done = people("ssh", "-F", config, "-p", "2222", host, "true")
    assert "alitrust.ecs: Nothing listens on this port of the instance." in done.stderr


def test_what_a_crash_leaves_behind_is_ended_by_the_next_connection(behind: Behind) -> None:
    def tunnel(number: int) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-P", PROXY, behind.ids[number]],
            env=behind.ansible.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.read(4) == b"SSH-"
        return process

    # As a machine dies: the service hears nothing of it, and a session that nobody has ended stays open.
    behind.cloud.set("ecs.session_second_connection", "reconnect")
    crashed, living = tunnel(0), tunnel(1)
    try:
        os.kill(crashed.pid, signal.SIGKILL)
        crashed.wait()
        assert len(behind.open_sessions()) == 2
        third = tunnel(1)
        behind.wait_until(lambda: len(behind.open_sessions()) == 2)
        assert behind.ids[0] not in {one["_Instance"] for one in behind.open_sessions()}
        third.terminate()
        assert third.wait(30) == 0
        assert living.poll() is None, "what is used is left alone"
        assert living.stdin is not None
        living.stdin.close()
        assert living.wait(30) == 0
    finally:
        behind.cloud.set("ecs.session_second_connection", "refuse")
        living.kill()


def test_a_tunnel_keeps_to_the_speed_of_the_service(behind: Behind) -> None:
    """Sent as fast as it may be, with nothing to spare: the service cuts off whoever is faster."""
    behind.cloud.set("ecs.session_speed", 200_000)
    behind.cloud.set("ecs.session_burst_seconds", 0.5)
    try:
        run = behind.run([PING], "-e", "ansible_pipelining=true")
        assert run.succeeded, run.output
    finally:
        behind.cloud.set("ecs.session_speed", 4_000_000)
        behind.cloud.set("ecs.session_burst_seconds", 3.0)
