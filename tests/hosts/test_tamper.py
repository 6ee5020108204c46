# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tampering with a real host, and with its TPM, logs and agent from inside: the verdict tells, within one interval.

What users see of it by roles and playbooks is in test_assert_trusted.py.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import time
import typing as t
from pathlib import Path

import pytest
from guest import ROLE, create_role
from sdk import TRUSTED_IMAGE, ZONE, Sdk
from wire import Reply, Wire

from local_cloud.control import LocalCloud
from local_cloud.hosts import checks

if reason := checks.why_not() or checks.why_no_tpm():
    pytest.skip(f"no hosts with a TPM on this machine: {reason}", allow_module_level=True)

INTERVAL = 2.0
#: what a busy machine may need on top
SLACK = 15.0
AGENT = "/usr/local/bin/trust-agent"
LOGS = "/run/local-cloud/tpm"
SITE = "http://trustclient-cn-hangzhou.oss-cn-hangzhou-internal.aliyuncs.com/download/linux/script/TrustAgentInstall.sh"
USER_DATA = f"""#!/bin/sh
set -e
python3 -c 'import sys, urllib.request as u; u.urlretrieve(*sys.argv[1:])' {SITE} /tmp/install.sh
sh /tmp/install.sh
"""
#: how programs of the guest speak to its TPM
SPEAK = f"""import sys
sys.path.insert(0, '/usr/local/lib/t-trustclient')
import tpm2
with tpm2.Connection('swtpm:path={LOGS}/tpm') as tpm:
"""


class Host:
    """A trusted instance with the trust client, its host, and what the trusted server says about it."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud, self.sdk = cloud, Sdk(cloud)
        self.owner = Wire(cloud.address, cloud.access_key_id, cloud.access_key_secret, method="POST", form=True)
        self.sdk("OpenKmsService", product="kms")
        create_role(self.sdk, "AliyunECSInstanceForYundunSysTrustRolePolicy")
        # several local clouds on one machine must not share addresses
        network = f"172.20.{os.getpid() % 256}.0/24"
        vpc = self.sdk("CreateVpc", product="vpc", CidrBlock="172.20.0.0/16")["VpcId"]
        cloud.clock_advance(2)
        vswitch = self.sdk("CreateVSwitch", product="vpc", VpcId=vpc, ZoneId=ZONE, CidrBlock=network)["VSwitchId"]
        cloud.clock_advance(2)
        self.place: dict[str, t.Any] = {
            "SecurityGroupId": self.sdk("CreateSecurityGroup", VpcId=vpc)["SecurityGroupId"],
            "VSwitchId": vswitch,
            "ImageId": TRUSTED_IMAGE,
            "SystemDisk": {"Category": "cloud_essd"},
            "RamRoleName": ROLE,
            "UserData": base64.b64encode(USER_DATA.encode()).decode(),
        }
        mode = {"TrustedSystemMode": "vTPM"}
        self.id = self.start(InstanceType="ecs.g7t.large", SecurityOptions=mode)
        self.uuid = self.record(self.id)["SerialNumber"]

    def start(self, **params: t.Any) -> str:
        instance_id: str = self.sdk("RunInstances", **self.place, **params)["InstanceIdSets"]["InstanceIdSet"][0]
        self.await_running(instance_id)
        return instance_id

    def record(self, instance_id: str) -> dict[str, t.Any]:
        return next(one for one in self.cloud.resources("instance") if one["InstanceId"] == instance_id)

    def await_running(self, instance_id: str) -> None:
        wait_for(lambda: self.sdk.status(instance_id) == "Running", "the instance is Running", 60)

    def run(self, script: str, instance_id: str = "") -> str:
        """Run a script on the host as its root; it must succeed."""
        content = base64.b64encode(script.encode()).decode()
        command: dict[str, t.Any] = {"Type": "RunShellScript", "CommandContent": content, "Timeout": 30}
        command["ContentEncoding"] = "Base64"
        invoke_id = self.sdk("RunCommand", InstanceId=[instance_id or self.id], **command)["InvokeId"]
        found: dict[str, t.Any] = {}

        def ended() -> bool:
            answer = self.sdk("DescribeInvocationResults", InvokeId=invoke_id)["Invocation"]["InvocationResults"]
            found.update(answer["InvocationResult"][0])
            return bool(found["InvocationStatus"] != "Running")

        wait_for(ended, "the command has ended", 40)
        output = base64.b64decode(found["Output"]).decode()
        assert found["ExitCode"] == 0, output
        return output.strip()

    def speak(self, *lines: str) -> str:
        """Have the guest speak to its TPM in Python."""
        code = SPEAK + "".join(f"    {line}\n" for line in lines)
        return self.run(f"#!/bin/sh\nexec /usr/bin/python3 - <<'END'\n{code}\nEND\n")

    def reboot(self) -> None:
        before = self.run("cat /proc/sys/kernel/random/boot_id")
        self.sdk("RebootInstance", InstanceId=self.id)
        self.await_running(self.id)
        assert self.run("cat /proc/sys/kernel/random/boot_id") != before

    # -- the trusted server

    def ask(self, action: str, **params: str) -> Reply:
        return self.owner.rpc("trusted-server", action, Format="JSON", **params)

    def shown(self, property_uuid: str = "") -> dict[str, t.Any]:
        return self.ask("DescribeInstance", PropertyUuid=property_uuid or self.uuid).json

    def reports(self) -> int:
        return self.cloud.counts().get("trusted-server:PutMessage", 0)

    def await_verdict(self, system: int, program: int, seconds: float = INTERVAL) -> dict[str, t.Any]:
        """Wait for these statuses; ``seconds`` is how long that may take on a machine that is not busy."""
        shown: dict[str, t.Any] = {}

        def reached() -> bool:
            shown.update(self.shown())
            return (shown.get("SystemTrustStatus"), shown.get("ProgramTrustStatus")) == (system, program)

        wait_for(reached, f"the verdict is {system}, {program}", seconds + SLACK, lambda: f"{shown} {self.log()}")
        return shown

    def await_trusted(self) -> None:
        self.await_verdict(1, 1)

    def log(self) -> str:
        return self.run("tail -n 5 /var/log/trust-agent /var/log/cloud-init-output.log")

    def events(self) -> list[dict[str, t.Any]]:
        """Open findings."""
        found = self.ask("DescribeEvents", PropertyUuid=self.uuid, EventStatus="0").json["Items"]
        return t.cast("list[dict[str, t.Any]]", found)

    def handle(self, action: str, *events: dict[str, t.Any]) -> str | None:
        names = json.dumps([event["EventUuid"] for event in events])
        return self.ask(action, EventUuids=names).code


def wait_for(
    condition: t.Callable[[], bool], what: str, seconds: float, told: t.Callable[[], str] = lambda: ""
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not in {seconds:g} s: {what}. {told()}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Host]:
    with LocalCloud.start(
        tmp_path_factory.mktemp("tamper"),
        hosts="on",
        trust_client__first_report_seconds=1,
        trust_client__report_interval_seconds=INTERVAL,
    ) as cloud:
        yield Host(cloud)


@pytest.fixture
def host(started: Host) -> Host:
    """The host, trusted, without open findings."""
    started.await_verdict(1, 1, 30)
    open_events = started.events()
    if open_events:
        started.handle("IgnoreEvents", *open_events)
    return started


def test_first_boot_is_trusted_and_so_is_the_next(host: Host) -> None:
    before = host.speak("print(tpm.read_pcrs(range(11)), tpm.read_public(tpm2.EK_HANDLE))")
    host.reboot()
    host.await_trusted()
    assert host.speak("print(tpm.read_pcrs(range(11)), tpm.read_public(tpm2.EK_HANDLE))") == before
    assert "system trust status: 1" in host.run("tail -n 3 /var/log/trust-agent")


def test_tpm2_tools_of_the_guest_find_its_tpm_and_log(host: Host) -> None:
    if not checks.installed("tpm2_pcrread"):
        pytest.skip("tpm2-tools are not installed; run dev/host-packages")
    shell = "set -a; . /etc/environment; "
    real = host.run(f"{shell} tpm2_pcrread sha256:0,1,2,3,4,5,6,7,8,9").lower().split("0x")[1:]
    replayed = host.run(f"tpm2_eventlog {LOGS}/binary_bios_measurements").partition("pcrs:")[2].lower().split("0x")[1:]
    assert [value[:64] for value in real] == [value[:64] for value in replayed]
    assert "TPM2TOOLS_TCTI" in host.run("systemctl show-environment")


def test_extended_pcr_is_seen_and_goes_with_the_boot_only(host: Host) -> None:
    host.speak("tpm.extend(8, bytes(32))")
    before = host.reports()
    shown = host.await_verdict(2, 1)
    assert "PCR 8" in shown["SystemTrustDetail"]
    assert host.reports() - before <= 2
    (event,) = host.events()
    assert host.handle("TrustEvents", event) == "EventNotTrustable"
    host.reboot()
    host.await_trusted()


def test_changed_boot_chain_is_seen_after_the_boot_until_it_is_accepted(host: Host) -> None:
    host.run("echo 'root=/dev/vda2 rw init=/bin/sh' > /boot/local-cloud/cmdline; rm /boot/local-cloud/drivers.bin")
    host.reboot()
    shown = host.await_verdict(2, 1)
    assert "changed: /boot/local-cloud/cmdline" in shown["SystemTrustDetail"]
    events = {event["Suspect"].partition(":")[0]: event for event in host.events()}
    assert sorted(events) == ["PCR 2", "PCR 8"]
    assert "drivers.bin (missing)" in events["PCR 2"]["Suspect"]
    assert host.handle("TrustEvents", events["PCR 8"]) is None
    count = host.reports()
    wait_for(lambda: host.reports() > count + 1, "two more reports", 3 * INTERVAL + SLACK)
    assert host.shown()["SystemTrustStatus"] == 2, "the other change was not accepted"
    host.handle("TrustEvents", events["PCR 2"])
    host.await_trusted()


def test_replaced_agent_is_seen_until_the_genuine_one_has_booted(host: Host) -> None:
    host.run(f"cp -p {AGENT} /root/agent; sed -i 's/PCRS = .*/PCRS = tuple(range(11))  # mine/' {AGENT}")
    host.run("systemctl restart t-trustclient")
    shown = host.await_verdict(1, 2)
    assert AGENT in shown["ProgramTrustDetail"]
    host.run(f"mv /root/agent {AGENT}; systemctl restart t-trustclient")
    count = host.reports()
    wait_for(lambda: host.reports() > count + 1, "two more reports", 3 * INTERVAL + SLACK)
    assert host.shown()["ProgramTrustStatus"] == 2, "it has run"
    host.reboot()
    host.await_trusted()


def test_agent_that_hides_its_replacement_does_not_explain_pcr_10(host: Host) -> None:
    host.run(f"cp {LOGS}/ascii_runtime_measurements_sha256 /root/list; cp -p {AGENT} /root/agent")
    lie = "s#^PROGRAM_LISTS = .*#PROGRAM_LISTS = ('/root/list',); UNUSED = (#"
    host.run(f'sed -i "{lie}" {AGENT}; systemctl restart t-trustclient')
    shown = host.await_verdict(1, 2)
    assert "PCR 10" in shown["ProgramTrustDetail"]
    host.run(f"mv /root/agent {AGENT}")
    host.reboot()
    host.await_trusted()


def test_stopped_agent_makes_it_unmeasured(host: Host) -> None:
    host.run("systemctl stop t-trustclient")
    shown = host.await_verdict(4, 4, 2 * INTERVAL)
    assert shown["SystemTrustDetail"] == "no report for too long"
    host.run("systemctl start t-trustclient")
    host.await_trusted()


def test_detached_role_makes_it_unmeasured(host: Host) -> None:
    ids = json.dumps([host.id])
    host.sdk("DetachInstanceRamRole", InstanceIds=ids, RamRoleName=ROLE)
    host.await_verdict(4, 4, 2 * INTERVAL)
    assert "no RAM role is attached" in host.log()
    host.sdk("AttachInstanceRamRole", InstanceIds=ids, RamRoleName=ROLE)
    host.await_trusted()


def test_blocked_trusted_server_makes_it_unmeasured(host: Host) -> None:
    """By a rule of its security group, which no root of the instance gets around."""
    rule = {"IpProtocol": "tcp", "PortRange": "443/443", "DestCidrIp": "0.0.0.0/0", "Policy": "drop"}
    call: dict[str, t.Any] = {"SecurityGroupId": host.place["SecurityGroupId"], "Permissions": [rule]}
    host.sdk("AuthorizeSecurityGroupEgress", **call)
    host.await_verdict(4, 4, 2 * INTERVAL)
    host.sdk("RevokeSecurityGroupEgress", **call)
    host.run("systemctl restart t-trustclient")  # rather than wait for its next try
    host.await_trusted()


def test_guest_can_neither_reset_its_tpm_nor_reach_its_state(host: Host) -> None:
    before = host.speak("tpm.extend(9, bytes(32)); print(tpm.read_pcrs([9]))")
    code = "import socket, struct; c = socket.socket(socket.AF_UNIX); c.connect('{}/tpm.ctrl')\n"
    for command in (2, 3, 14):  # initialise, shut down, stop
        code += f"c = socket.socket(socket.AF_UNIX); c.connect('{LOGS}/tpm.ctrl')\n"
        code += f"c.sendall(struct.pack('>II', {command}, 0)); assert c.recv(4) == b'\\0\\0\\0\\1'\n"
    host.run(f"exec /usr/bin/python3 - <<'END'\n{code.format(LOGS)}\nEND\n")
    for call in ("tpm.command(0x144, parameters=b'\\0\\0')", "tpm.write_certificate(b'mine')"):  # start up; as platform
        host.speak("try:", f"    {call}", "except tpm2.TpmError:", "    pass", "else:", "    raise SystemExit('done')")
    assert host.speak("print(tpm.read_pcrs([9]))") == before
    assert host.run(f"find / -xdev -name 'tpm2-00.permall' 2>/dev/null; ls {LOGS}") == "\n".join(
        ["ascii_runtime_measurements_sha256", "binary_bios_measurements", "tpm", "tpm.ctrl"]
    )
    host.reboot()
    host.await_trusted()


def test_spoilt_logs_harm_nothing_but_the_verdict(host: Host, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    names = ("ascii_runtime_measurements_sha256", ".ascii_runtime_measurements_sha256.new")
    host.run("".join(f"rm -f {LOGS}/{name}; ln -s {victim} {LOGS}/{name}; " for name in names))
    host.run(f"cp -p {AGENT} /root/agent; echo '# more' >> {AGENT}")
    host.await_verdict(1, 2)
    assert victim.read_text() == "untouched"
    host.run(f"rm {LOGS}/binary_bios_measurements; mv /root/agent {AGENT}")
    host.await_verdict(4, 4, 2 * INTERVAL)
    host.reboot()
    host.await_trusted()


def test_instance_without_vtpm_is_never_trusted(host: Host) -> None:
    other = host.start(InstanceType="ecs.g7.large")
    uuid = host.record(other)["SerialNumber"]
    wait_for(lambda: "PropertyUuid" in host.shown(uuid), "it is enrolled", 20 + SLACK)
    assert host.shown(uuid)["SystemTrustStatus"] == 4
    wait_for(lambda: "no TPM" in host.run("cat /var/log/trust-agent", other), "its agent says why", SLACK)
    host.sdk("DeleteInstance", InstanceId=other, Force=True)


def test_tpm_ends_with_a_killed_server_and_goes_on_with_the_next(host: Host) -> None:
    state = os.fsencode(host.cloud.state_dir)
    assert any(b"swtpm" in line and state in line for line in command_lines())
    host.cloud.kill()
    wait_for(lambda: not any(b"swtpm" in line and state in line for line in command_lines()), "no TPM is left", 10)
    host.cloud.restart(hosts="on")
    host.await_running(host.id)
    host.await_verdict(1, 1, 30)


def command_lines() -> t.Iterator[bytes]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield file.read_bytes()
