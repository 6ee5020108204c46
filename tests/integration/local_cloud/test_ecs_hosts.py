# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances with hosts: what happens to the hosts, and that states wait for them. The hosts are stand-ins."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
import typing as t
from pathlib import Path

import pytest
from sdk import PLAIN_IMAGE, REGION, ZONE

from local_cloud.framework import OPERATIONS, ApiError, Call, Identity
from local_cloud.hosts import CommandResult, HostError, Hosts, HostSpec
from local_cloud.hosts.firewall import Guard, Rule
from local_cloud.server import load_services
from local_cloud.services.ecs.lifecycle import HostRunner, settle
from local_cloud.session_manager import agents
from local_cloud.settings import Settings
from local_cloud.store import Store

ACCOUNT = "1234567890123456"


class StandIn(Hosts):
    """Hosts that only note what is asked of them; ``gate`` holds starts back until it is set."""

    available = True

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[str, str]] = []
        self.specs: dict[str, HostSpec] = {}
        self.running: set[str] = set()
        self.guards: dict[str, Guard | None] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.starting = 0
        self.most_starting = 0
        self.broken = False
        self.result = CommandResult(0, b"hello\n")
        self._lock = threading.Lock()

    def start(self, spec: HostSpec) -> None:
        with self._lock:
            self.starting += 1
            self.most_starting = max(self.most_starting, self.starting)
        assert self.gate.wait(10)
        with self._lock:
            self.starting -= 1
            if self.broken:
                raise HostError("no memory for another host")
            self.specs[spec.instance_id] = spec
            self._note("start", spec.instance_id)
            self.running.add(spec.instance_id)

    def stop(self, instance_id: str, force: bool = False) -> None:
        if instance_id in self.running:
            self._note("kill" if force else "stop", instance_id)
        self.running.discard(instance_id)

    def delete(self, instance_id: str) -> None:
        self._note("delete", instance_id)
        self.running.discard(instance_id)

    def protect(self, instance_id: str, guard: Guard | None) -> None:
        if instance_id not in self.guards:
            assert instance_id not in self.running, "the host was up without its guard"
        self.guards[instance_id] = guard

    def is_running(self, instance_id: str) -> bool:
        return instance_id in self.running

    def console(self, instance_id: str) -> str:
        return "booted\n"

    def run_command(
        self, instance_id: str, script: bytes, *, timeout: float, user: str = "root", cwd: str = "/root"
    ) -> CommandResult:
        assert self.gate.wait(10)
        self._note(f"run {script.decode()} for {timeout} as {user} in {cwd}", instance_id)
        return self.result

    def _note(self, what: str, instance_id: str) -> None:
        self.done.append((what, instance_id))


class Region:
    """A store with a network, whose handlers are called directly."""

    def __init__(self, path: Path) -> None:
        load_services()
        self.store = Store(path)
        self.settings = Settings(self.store)
        self.hosts = StandIn()
        self.runner = HostRunner(self.store, self.hosts, names=lambda region: {f"oss.{region}": "100.127.255.253"})
        self.runner.attach()
        owner = {"AccountId": ACCOUNT, "RegionId": REGION, "Status": "Available"}
        self.store.put("vpc", "vpc-1", {**owner, "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/8"}, region=REGION)
        vswitch = {**owner, "VSwitchId": "vsw-1", "VpcId": "vpc-1", "ZoneId": ZONE, "CidrBlock": "10.0.0.0/24"}
        self.store.put("vswitch", "vsw-1", vswitch, region=REGION)
        self.group = self("CreateSecurityGroup", VpcId="vpc-1")["SecurityGroupId"]

    def __call__(self, action: str, **params: t.Any) -> dict[str, t.Any]:
        operation = OPERATIONS["ecs", action]
        identity = Identity(ACCOUNT, "Account", f"acs:ram::{ACCOUNT}:root", ACCOUNT, "key")
        call = Call(
            "ecs",
            action,
            {"RegionId": REGION, **params},
            REGION,
            identity,
            "r",
            self.store,
            self.store.clock,
            self.settings,
        )
        with self.store.transaction():
            answer = operation.handler(call)
        for follow_up in call.after_commit:
            follow_up()
        return answer

    def run(self, **params: t.Any) -> list[str]:
        place = {"ImageId": PLAIN_IMAGE, "InstanceType": "ecs.g7.large", "VSwitchId": "vsw-1"}
        answer = self("RunInstances", **place, SecurityGroupId=self.group, **params)
        self.store.clock.advance(1)
        return t.cast("list[str]", answer["InstanceIdSets"]["InstanceIdSet"])

    def running(self, **params: t.Any) -> list[str]:
        ids = self.run(**params)
        for instance_id in ids:
            self.until(instance_id, "Running")
        return ids

    def record(self, instance_id: str) -> dict[str, t.Any]:
        return self.store.get("instance", instance_id) or {}

    def until(self, instance_id: str, status: str) -> None:
        """Wait until the workers have brought an instance to a status."""
        wait(lambda: self.record(instance_id).get("Status", "gone") == status)


def wait(condition: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in 10 seconds"
        time.sleep(0.005)


@pytest.fixture
def region(tmp_path: Path) -> t.Iterator[Region]:
    region = Region(tmp_path / "state.sqlite3")
    yield region
    region.hosts.gate.set()
    region.runner.close()
    region.store.close()


def test_an_instance_is_running_only_when_its_host_is_up(region: Region) -> None:
    region.hosts.gate.clear()
    (instance_id,) = region.run()
    region.store.clock.advance(3600)
    wait(lambda: region.hosts.starting == 1)
    assert region.record(instance_id)["Status"] == "Starting"
    region.hosts.gate.set()
    region.until(instance_id, "Running")
    assert region.record(instance_id)["StartTime"]


def test_a_host_gets_what_its_instance_says(region: Region) -> None:
    pair = region("CreateKeyPair", KeyPairName="mine")
    data = base64.b64encode(b"#!/bin/sh\ntouch /there\n").decode()
    (instance_id,) = region.running(
        KeyPairName=pair["KeyPairName"], UserData=data, HostName="web", Password="Secret-12"
    )
    spec = region.hosts.specs[instance_id]
    assert (spec.hostname, spec.private_ip, spec.prefix_length, spec.gateway) == ("web", "10.0.0.1", 24, "10.0.0.253")
    assert spec.public_key is not None
    assert spec.public_key.startswith("ssh-rsa ")
    assert (spec.user_data, spec.password) == (b"#!/bin/sh\ntouch /there\n", "Secret-12")
    assert spec.names == {"oss.cn-hangzhou": "100.127.255.253"}
    assert region("GetInstanceConsoleOutput", InstanceId=instance_id)["ConsoleOutput"] == "Ym9vdGVkCg=="


def test_hosts_stop_start_reboot_and_go_with_their_instance(region: Region) -> None:
    (instance_id,) = region.running()
    region("StopInstance", InstanceId=instance_id)
    region.until(instance_id, "Stopped")
    assert not region.hosts.running
    region("StartInstance", InstanceId=instance_id)
    region.until(instance_id, "Running")
    region("RebootInstance", InstanceId=instance_id, ForceStop=True)
    region.until(instance_id, "Running")
    region("DeleteInstance", InstanceId=instance_id, Force=True)
    wait(lambda: ("delete", instance_id) in region.hosts.done)
    region.store.clock.advance(2)
    assert region.record(instance_id) == {}
    steps = [what for what, _rest in region.hosts.done]
    assert steps[:6] == ["start", "stop", "start", "kill", "start", "delete"]


def test_a_key_pair_reaches_the_host_with_the_next_boot(region: Region) -> None:
    (instance_id,) = region.running()
    assert region.hosts.specs[instance_id].public_key is None
    region("CreateKeyPair", KeyPairName="mine")
    region("AttachKeyPair", InstanceIds=f'["{instance_id}"]', KeyPairName="mine")
    assert region.hosts.specs[instance_id].public_key is None
    region("RebootInstance", InstanceId=instance_id)
    wait(lambda: region.hosts.specs[instance_id].public_key is not None)


def test_only_a_few_hosts_start_at_a_time(region: Region) -> None:
    region.hosts.gate.clear()
    ids = region.run(Amount=10)
    wait(lambda: region.hosts.starting == 3)
    region.hosts.gate.set()
    for instance_id in ids:
        region.until(instance_id, "Running")
    assert region.hosts.most_starting == 3


def test_a_host_that_can_t_start_leaves_its_instance_stopped(region: Region) -> None:
    region.hosts.broken = True
    (instance_id,) = region.run()
    wait(lambda: region.hosts.starting == 0 and region.record(instance_id)["Status"] == "Stopped")
    region.hosts.broken = False
    region("StartInstance", InstanceId=instance_id)
    region.until(instance_id, "Running")


def test_deleting_while_a_host_starts_leaves_no_host(region: Region) -> None:
    (instance_id,) = region.running()
    region.hosts.gate.clear()
    region("RebootInstance", InstanceId=instance_id)
    wait(lambda: region.hosts.starting == 1)
    region.store.put("instance", instance_id, {**region.record(instance_id), "Status": "Stopped"}, region=REGION)
    region("DeleteInstance", InstanceId=instance_id)
    region.store.clock.advance(2)
    region.hosts.gate.set()
    wait(lambda: region.hosts.done[-1] == ("delete", instance_id))
    assert not region.hosts.running


def test_after_a_crash_running_instances_get_their_hosts_back(region: Region) -> None:
    up, down = region.running(Amount=2)
    region("StopInstance", InstanceId=down)
    region.until(down, "Stopped")
    region.runner.close()
    region.hosts.running.clear()
    region.hosts.done.clear()
    region.runner = HostRunner(region.store, region.hosts)
    region.runner.attach()
    wait(lambda: region.hosts.running == {up})
    assert region.hosts.done == [("start", up)]


def test_a_server_without_hosts_ends_what_waited_for_one(region: Region) -> None:
    region.hosts.gate.clear()
    (instance_id,) = region.run()
    wait(lambda: region.hosts.starting == 1)
    settle(region.store)
    assert region.record(instance_id)["Status"] == "Running"


def test_an_emptied_state_has_no_hosts(region: Region) -> None:
    ids = region.running(Amount=2)
    region.store.clear()
    region.runner.sweep()
    wait(lambda: not region.hosts.running)
    assert {("delete", instance_id) for instance_id in ids} <= set(region.hosts.done)


def test_an_instance_that_switches_itself_off_is_stopped(region: Region) -> None:
    (instance_id,) = region.running()
    region.hosts.running.clear()
    region.runner.powered(instance_id, "stopped")
    assert region.record(instance_id)["Status"] == "Stopped"


# -- Cloud Assistant


def result(region: Region, invoke_id: str) -> dict[str, t.Any]:
    results = region("DescribeInvocationResults", InvokeId=invoke_id)["Invocation"]["InvocationResults"]
    return t.cast("dict[str, t.Any]", results["InvocationResult"][0])


def test_a_command_runs_in_the_host_and_its_result_can_be_read(region: Region) -> None:
    (instance_id,) = region.running()
    region.hosts.gate.clear()
    content = base64.b64encode(b"cat {{ file }}").decode()
    invoke_id = region(
        "RunCommand",
        Type="RunShellScript",
        CommandContent=content,
        ContentEncoding="Base64",
        InstanceId=[instance_id],
        EnableParameter=True,
        Parameters={"file": "/etc/hostname"},
        Timeout=30,
    )["InvokeId"]
    assert result(region, invoke_id)["InvocationStatus"] == "Running"
    region.hosts.gate.set()
    wait(lambda: result(region, invoke_id)["InvocationStatus"] != "Running")
    shown = result(region, invoke_id)
    assert region.hosts.done[-1] == ("run cat /etc/hostname for 30 as root in /root", instance_id)
    assert (shown["InvocationStatus"], shown["InvokeRecordStatus"], shown["ExitCode"]) == ("Success", "Finished", 0)
    assert base64.b64decode(shown["Output"]) == b"hello\n"
    status = region("DescribeCloudAssistantStatus", InstanceId=[instance_id])["InstanceCloudAssistantStatusSet"]
    assert status["InstanceCloudAssistantStatus"][0]["CloudAssistantStatus"] == "true"


@pytest.mark.parametrize(
    ("ended", "status", "code"),
    [
        (CommandResult(3, b""), "Failed", "ExitCodeNonzero"),
        (CommandResult(-1, b"", timed_out=True), "Timeout", "ExecutionTimeout"),
    ],
)
def test_a_command_that_fails_says_how(region: Region, ended: CommandResult, status: str, code: str) -> None:
    (instance_id,) = region.running()
    region.hosts.result = ended
    invoke_id = region("RunCommand", Type="RunShellScript", CommandContent="false", InstanceId=[instance_id])[
        "InvokeId"
    ]
    wait(lambda: result(region, invoke_id)["InvocationStatus"] != "Running")
    assert (result(region, invoke_id)["InvocationStatus"], result(region, invoke_id)["ErrorCode"]) == (status, code)


def test_what_an_offline_agent_is_sent_fails(region: Region) -> None:
    (instance_id,) = region.running()
    agents.switch(region.store, instance_id, online=False)
    invoke_id = region("RunCommand", Type="RunShellScript", CommandContent="x", InstanceId=[instance_id])["InvokeId"]
    assert result(region, invoke_id)["ErrorCode"] == "ClientNotRunning"
    agents.switch(region.store, instance_id, online=True)
    invoke_id = region("RunCommand", Type="RunShellScript", CommandContent="x", InstanceId=[instance_id])["InvokeId"]
    wait(lambda: result(region, invoke_id)["InvocationStatus"] == "Success")


@pytest.mark.parametrize(
    ("ended", "status", "code"),
    [
        (CommandResult(0, b""), "Success", ""),
        (CommandResult(72, b"it exists\n"), "Failed", "FileAlreadyExists"),
        (CommandResult(1, b""), "Failed", "ExecutionException"),
        (CommandResult(-1, b"", timed_out=True), "Timeout", "ExecutionTimeout"),
    ],
)
def test_a_file_is_written_by_a_command(region: Region, ended: CommandResult, status: str, code: str) -> None:
    (instance_id,) = region.running()
    region.hosts.result = ended
    file = {"Name": "it's", "TargetDir": "/srv", "Content": "text", "Timeout": 1}
    invoke_id = region("SendFile", InstanceId=[instance_id], **file)["InvokeId"]

    def task() -> dict[str, t.Any]:
        (found,) = region("DescribeSendFileResults", InvokeId=invoke_id)["Invocations"]["Invocation"]
        return t.cast("dict[str, t.Any]", found)

    wait(lambda: task()["InvocationStatus"] != "Running")
    (shown,) = task()["InvokeInstances"]["InvokeInstance"]
    assert (shown["InvocationStatus"], shown["ErrorCode"]) == (status, code)
    command, _instance = region.hosts.done[-1]
    assert "/srv 'it'\"'\"'s' false 0644 root root" in command
    assert "for 10 as root" in command  # a shorter timeout is adjusted


def test_a_public_command_places_a_key(region: Region) -> None:
    (instance_id,) = region.running()
    command = {"CommandId": "cmd-ACS-ECS-SendSshPublicKey-linux.sh", "InstanceId": [instance_id]}
    key = {"username": "ann", "sshPublicKey": "ssh-ed25519 AAAAC3 her laptop"}
    invoke_id = region("InvokeCommand", **command, Parameters=json.dumps(key))["InvokeId"]
    wait(lambda: result(region, invoke_id)["InvocationStatus"] == "Success")
    assert result(region, invoke_id)["CommandId"] == command["CommandId"]
    assert re.search(r'expiry-time="\d{14}Z" ssh-ed25519 AAAAC3 her laptop', region.hosts.done[-1][0])
    for wrong in ({}, {**key, "username": "a b"}, {**key, "sshPublicKey": "x"}, {**key, "more": "x"}):
        with pytest.raises(ApiError, match="InvalidParameter"):
            region("InvokeCommand", **command, Parameters=json.dumps(wrong))
    with pytest.raises(ApiError, match=r"InvalidCmdId\.NotFound"):
        region("InvokeCommand", **{**command, "CommandId": "c-none"})
    region.settings.set("ecs.instance_connect_installed", False)
    region("InvokeCommand", **command, Parameters=json.dumps(key))
    wait(lambda: "is not installed" in region.hosts.done[-1][0])


def test_long_output_is_cut(region: Region) -> None:
    (instance_id,) = region.running()
    region.hosts.result = CommandResult(0, b"x" * 30000)
    invoke_id = region("RunCommand", Type="RunShellScript", CommandContent="x", InstanceId=[instance_id])["InvokeId"]
    wait(lambda: result(region, invoke_id)["InvocationStatus"] == "Success")
    assert (len(base64.b64decode(result(region, invoke_id)["Output"])), result(region, invoke_id)["Dropped"]) == (
        24 * 1024,
        30000 - 24 * 1024,
    )


def test_packets_are_filtered_by_what_was_called_last(region: Region) -> None:
    """Each way to change what an instance's groups let in, without a call to the instance itself."""
    (instance_id,) = region.running()
    guard = region.hosts.guards[instance_id]
    assert guard == Guard(advanced=False, inner=("10.0.0.1",), spared=("100.100.100.200/32",))
    group, other = region.group, region("CreateSecurityGroup", VpcId="vpc-1")["SecurityGroupId"]
    entries = [{"Cidr": "192.0.2.0/24"}]
    prefix_list = region("CreatePrefixList", PrefixListName="nets", AddressFamily="IPv4", MaxEntries=2, Entry=entries)
    prefix_list_id = prefix_list["PrefixListId"]
    ssh = {"IpProtocol": "TCP", "PortRange": "22/22"}

    def seen(change: t.Callable[[Guard], bool]) -> None:
        def is_so() -> bool:
            guard = region.hosts.guards[instance_id]
            return guard is not None and change(guard)

        wait(is_so)

    region("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[{**ssh, "SourceGroupId": other}])
    seen(lambda guard: guard.rules == (Rule("ingress", "TCP", True, 1, (), (22, 22)),))
    # Somebody joins the peer group, and leaves it.
    (peer,) = region.running()
    region("JoinSecurityGroup", SecurityGroupId=other, InstanceId=peer)
    seen(lambda guard: guard.rules[0].peers == ("10.0.0.2",) and guard.inner == ("10.0.0.1", "10.0.0.2"))
    # Its address changes.
    region("StopInstance", InstanceId=peer)
    region.until(peer, "Stopped")
    region("ModifyInstanceVpcAttribute", InstanceId=peer, VSwitchId="vsw-1", PrivateIpAddress="10.0.0.77")
    seen(lambda guard: guard.rules[0].peers == ("10.0.0.77",))
    region("LeaveSecurityGroup", SecurityGroupId=other, InstanceId=peer)
    seen(lambda guard: guard.rules[0].peers == ())
    # A secondary interface is a member as any other.
    eni = region("CreateNetworkInterface", VSwitchId="vsw-1", SecurityGroupId=other, PrimaryIpAddress="10.0.0.88")
    seen(lambda guard: guard.rules[0].peers == ("10.0.0.88",))
    region.store.clock.advance(1)
    region("DeleteNetworkInterface", NetworkInterfaceId=eni["NetworkInterfaceId"])
    region.store.clock.advance(1)
    seen(lambda guard: guard.rules[0].peers == ())
    # A prefix list, and what is in it.
    peer_list = {**ssh, "SourcePrefixListId": prefix_list_id, "Policy": "drop", "Priority": "7"}
    region("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[peer_list])
    seen(lambda guard: guard.rules[1:] == (Rule("ingress", "TCP", False, 7, ("192.0.2.0/24",), (22, 22)),))
    record = region.store.get("prefix_list", prefix_list_id) or {}
    region.store.put("prefix_list", prefix_list_id, {**record, "_Entries": []}, region=REGION)
    seen(lambda guard: guard.rules[1].peers == ())
    # The other direction, with both ends and ports.
    narrow = {"IpProtocol": "UDP", "PortRange": "53/54", "SourcePortRange": "1024/2048"}
    ends = {"DestCidrIp": "100.64.0.0/10", "SourceCidrIp": "10.0.0.1/32"}
    region("AuthorizeSecurityGroupEgress", SecurityGroupId=group, Permissions=[{**narrow, **ends}])
    wanted = Rule("egress", "UDP", True, 1, ("100.64.0.0/10",), (53, 54), (1024, 2048), ("10.0.0.1/32",))
    seen(lambda guard: guard.rules[2:] == (wanted,))
    region("RevokeSecurityGroupEgress", SecurityGroupId=group, Permissions=[{**narrow, **ends}])
    seen(lambda guard: len(guard.rules) == 2)
    rule_id = (region.store.get("security_group", group) or {})["Permissions"][1]["SecurityGroupRuleId"]
    region("ModifySecurityGroupRule", SecurityGroupId=group, SecurityGroupRuleId=rule_id, Policy="accept")
    seen(lambda guard: guard.rules[1].accept)
    region("ModifySecurityGroupPolicy", SecurityGroupId=group, InnerAccessPolicy="Drop")
    seen(lambda guard: guard.inner == ())
    # Other groups, of the other type.
    advanced = region("CreateSecurityGroup", VpcId="vpc-1", SecurityGroupType="enterprise")["SecurityGroupId"]
    region("ModifyInstanceAttribute", InstanceId=instance_id, SecurityGroupIds=[advanced])
    seen(lambda guard: guard == Guard(advanced=True, spared=guard.spared))
    # The settings.
    region.settings.set("hosts.firewall_spares", "")
    seen(lambda guard: guard.spared == ())
    region.settings.set("hosts.firewall", False)
    wait(lambda: region.hosts.guards[instance_id] is None)
