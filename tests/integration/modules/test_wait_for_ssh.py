# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where SSH does not answer, the task says what is likely the reason: soon, and when it gives up."""

from __future__ import annotations

import typing as t

import pytest
from modules.trusted_world import World

from ansible_collections.alitrust.ecs.plugins.module_utils._core import progress
from ansible_collections.alitrust.ecs.plugins.module_utils._instance import reach, ssh

if t.TYPE_CHECKING:
    from modules.harness import Modules

PUBLIC = "47.96.0.1"


@pytest.fixture
def world(modules: Modules, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world in which nothing ever answers, seen from a machine in the VPC."""
    monkeypatch.setattr(reach, "silent", lambda addresses, _port: list(addresses))
    monkeypatch.setattr(reach, "source", lambda _address: "172.16.200.9")
    return World(modules)


def let_in(world: World, cidr: str, **more: t.Any) -> None:
    rule = {"IpProtocol": "tcp", "PortRange": "22/22", "SourceCidrIp": cidr, **more}
    world.api.call("ecs", "AuthorizeSecurityGroup", rule, SecurityGroupId=world.groups[0])


def reason(world: World, *, public: bool = False, **options: t.Any) -> str:
    """What a fleet of one, which is there, is said to lack."""
    world.run(**world.fleet(count=1))
    if public:
        record = {**world.stored()[0], "PublicIpAddress": PUBLIC}
        kept = {"kind": "instance", "id": record["InstanceId"], "data": record, "region": "cn-hangzhou"}
        world.local.preload([kept])
    failed = world.run(fleet="web", wait_for_ssh=True, wait_timeout=1, fails=True, **options)
    assert "last seen: no answer yet from web-001 (" in failed["msg"]
    return str(failed["msg"])


def test_a_rule_that_is_missing_is_named_as_it_would_be_written(world: World) -> None:
    said = reason(world)
    assert "lets TCP port 22 in from 172.16.200.9, the address of this machine" in said
    assert "direction: ingress, protocol: tcp, ports: 22, cidr: 172.16.200.9 (alitrust.ecs.sg_rule)" in said
    let_in(world, "172.16.200.8/29")
    assert "172.16.200.9" not in reason(world).split("no rule")[1:]


def test_a_rule_that_refuses_is_quoted(world: World) -> None:
    let_in(world, "172.16.0.0/12", Policy="drop", Priority="1")
    let_in(world, "0.0.0.0/0", Priority="100")
    said = reason(world)
    assert "ingress drop tcp 22/22 from 172.16.0.0/12 priority 1" in said
    assert "keeps TCP port 22 closed to 172.16.200.9" in said


def test_a_private_address_is_told_apart_where_the_rules_are_right(world: World) -> None:
    let_in(world, "0.0.0.0/0")
    said = reason(world)
    assert f"It is a private address, which answers only within {world.vpc}" in said
    assert "It has no public address" in said
    assert "whether an SSH server listens on port 22" in said
    assert f"Its public address is {PUBLIC} (ssh_address: public)" in reason(world, public=True, ssh_address="private")


def test_the_internet_does_not_see_the_private_address_of_this_machine(world: World) -> None:
    said = reason(world, public=True)
    assert "lets TCP port 22 in from the internet" in said
    assert "cidr: the address by which this machine reaches the internet" in said
    let_in(world, "203.0.113.0/24")
    said = reason(world, public=True)
    assert "in for some only: ingress accept tcp 22/22 from 203.0.113.0/24" in said
    assert "ssh_address: private" in said
    let_in(world, "0.0.0.0/0")
    said = reason(world, public=True)
    assert "private address" not in said
    assert "a network ACL of vsw-" in said


def test_a_public_address_of_this_machine_is_asked_about_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "source", lambda _address: "203.0.113.66")
    let_in(world, "203.0.113.64/32")
    assert "cidr: 203.0.113.66 (" in reason(world, public=True)
    let_in(world, "203.0.113.66/32")
    assert "let TCP port 22 in from 203.0.113.66" in reason(world, public=True)


def test_no_route(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "source", lambda _address: None)
    assert "this machine has no route to it. It is a private address" in reason(world)


def test_an_instance_that_stops_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run(**world.fleet(count=1))

    def stop_and_look(addresses: t.Sequence[str], _port: int) -> list[str]:
        if world.stored()[0]["Status"] == "Running":
            world.api.call("ecs", "StopInstances", InstanceId=[world.stored()[0]["InstanceId"]])
            world.local.clock_advance(10)
        return list(addresses)

    monkeypatch.setattr(reach, "silent", stop_and_look)
    failed = world.run(fleet="web", wait_for_ssh=True, wait_timeout=1, fails=True)
    assert "it is Stopped, so nothing can answer; state: running starts it" in failed["msg"]


def test_what_may_not_be_read_is_said_and_hides_nothing(world: World) -> None:
    world.run(**world.fleet(count=1))
    world.local.fault("error", "ecs:DescribeSecurityGroupAttribute", code="Forbidden.RAM", status=403)
    said = reason(world)
    assert "whether its security groups let SSH in could not be looked up: " in said
    assert "allow ecs:DescribeSecurityGroupAttribute" in said


def test_it_is_said_while_the_task_waits_and_costs_a_fleet_few_calls(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run(**world.fleet(count=3))
    told: list[str] = []
    monkeypatch.setattr(ssh, "SAID_AFTER", 0.0)
    progress.set_sink(told.append)
    world.local.forget_requests()
    try:
        failed = world.run(fleet="web", wait_for_ssh=True, wait_timeout=1, fails=True)
    finally:
        progress.set_sink(None)
    lines = [line for line in told if line.startswith("SSH does not answer yet. web-001 (")]
    said = lines[0]
    assert said.endswith("(alitrust.ecs.sg_rule).")
    assert "web-003" in said
    assert said.removeprefix("SSH does not answer yet. ") in failed["msg"]
    assert world.local.counts()["ecs:DescribeSecurityGroupAttribute"] == len(lines) + 1  # and once at the end


# ---------------------------------------------------------------------- by Session Manager


def test_without_session_manager_nothing_is_made_that_nobody_could_log_in_to(world: World) -> None:
    for check in (True, False):
        wanted = world.fleet(count=1, wait_for_ssh=True, ssh_address="session")
        failed = world.run(**wanted, check=check, fails=True)
        assert "Session Manager is switched off for this account" in failed["msg"]
        assert "alitrust.ecs.session_manager switches it on" in failed["msg"]
    assert world.stored() == []


def test_an_agent_that_is_offline_is_waited_for_and_told_of(world: World) -> None:
    world.local.set("ecs.session_manager_enabled", True)
    failed = world.run(**world.fleet(count=2, wait_for_ssh=True, ssh_address="session", wait_timeout=1), fails=True)
    assert "last seen: no session would reach web-001, web-002" in failed["msg"]
    assert f"The Cloud Assistant agent in {world.stored()[0]['InstanceId']} is offline" in failed["msg"]
    assert len(failed["created_ids"]) == 2
