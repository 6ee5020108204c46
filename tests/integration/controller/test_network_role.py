# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role network, and the playbook isolate: what others made stays as it is."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from controller.playbook import Ansible
from modules.harness import Modules
from modules.network import Network

from local_cloud.control import LocalCloud


class Runs:
    """Runs of the role and the playbook."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        self.folder = folder
        self.cloud = cloud
        self.ansible = Ansible(folder, cloud, HOME=str(folder))

    def role(self, *arguments: str, tasks_from: str = "main", **variables: t.Any) -> tuple[t.Any, str]:
        """What the role hands on, None where it fails, and the output."""
        role = {"name": "alitrust.ecs.network", "tasks_from": tasks_from}
        tasks = [
            {"ansible.builtin.include_role": role, "vars": variables},
            {"ansible.builtin.debug": {"msg": "used: {{ network_used | default({}) | to_json }}"}},
        ]
        path = self.folder / "network.yml"
        path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        output = self._run(str(path), *arguments)
        found = re.search(r'"used: (.*)"', output)
        if found is None:
            return None, " ".join(output.split())
        return json.loads(found[1].replace('\\"', '"')), output

    def isolate(self, *arguments: str, **variables: t.Any) -> str:
        """The output of the playbook, in one line."""
        output = self._run("alitrust.ecs.isolate", "-e", json.dumps(variables), *arguments)
        return " ".join(output.split())

    def _run(self, *arguments: str) -> str:
        done = self.ansible.command("ansible-playbook", *arguments)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def writing_calls(self) -> list[str]:
        """Operations other than reading that were called."""
        return [one for one in self.cloud.counts() if ":Describe" not in one]


@pytest.fixture
def runs(tmp_path: Path, fresh_cloud: LocalCloud) -> Runs:
    fresh_cloud.set("vpc.pending_seconds", 0.1)
    return Runs(tmp_path, fresh_cloud)


def strangers_network(cloud: LocalCloud) -> dict[str, t.Any]:
    """A network that somebody made by hand, with a group that lets HTTPS in."""
    api = Modules(cloud).door()
    vpc = api.call("vpc", "CreateVpc", CidrBlock="10.0.0.0/8", VpcName="corp")["VpcId"]
    cloud.clock_advance(10)
    block = {"ZoneId": "cn-hangzhou-h", "CidrBlock": "10.0.0.0/24", "VSwitchName": "corp-h"}
    switch = api.call("vpc", "CreateVSwitch", block, VpcId=vpc)["VSwitchId"]
    group = api.call("ecs", "CreateSecurityGroup", SecurityGroupName="corp-sg", VpcId=vpc)["SecurityGroupId"]
    permission = {"IpProtocol": "tcp", "PortRange": "443/443", "SourceCidrIp": "0.0.0.0/0"}
    api.call("ecs", "AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[permission])
    cloud.clock_advance(10)
    return {"vpc": vpc, "switch": switch, "group": group}


def network_of(cloud: LocalCloud) -> list[t.Any]:
    return [cloud.resources(kind) for kind in ("vpc", "vswitch", "security_group")]


@pytest.mark.parametrize("named", [True, False], ids=["names", "ids"])
def test_a_network_of_others_is_used_as_it_is(runs: Runs, named: bool) -> None:
    there = strangers_network(runs.cloud)
    before = network_of(runs.cloud)
    chosen = (
        {"network_vpc": "corp", "network_vswitch": "corp-h"}
        if named
        else {"network_vpc_id": there["vpc"], "network_vswitch_id": there["switch"]}
    )
    variables: dict[str, t.Any] = {
        **chosen,
        "network_security_group_name": "corp-sg",
        "network_ssh_from": ["192.0.2.0/24"],
    }
    ids = {"vpc_id": there["vpc"], "vswitch_id": there["switch"], "security_group_id": there["group"]}
    for state in ("", "exact", "present"):
        for arguments in (["--check", "--diff"], []):
            used, output = runs.role(*arguments, **variables, network_rules_state=state)
            assert used == ids, output
            assert "changed=0" in output
            assert "Using the existing security group corp-sg; its rules are left alone." in output
    assert network_of(runs.cloud) == before
    for arguments in (["--check"], []):
        _used, output = runs.role(*arguments, tasks_from="absent", **variables)
        assert "changed=0" in output
        assert f"The security group corp-sg ({there['group']}) stays" in output
    assert network_of(runs.cloud) == before

    # A group of our own in their VPC is ours, and goes; the VPC stays.
    own: dict[str, t.Any] = {**variables, "network_security_group_name": "web"}
    for changed in (2, 0):
        used, output = runs.role(**own)
        assert f"changed={changed}" in output, output
        assert used["vpc_id"] == there["vpc"]
    for changed in (1, 0):
        _used, output = runs.role(tasks_from="absent", **own)
        assert f"changed={changed}" in output, output
    assert network_of(runs.cloud) == before

    # Adopted, it is as if we had made it.
    for changed in (2, 0):
        _used, output = runs.role(**variables, network_adopt=True)
        assert f"changed={changed}" in output, output
    (group,) = runs.cloud.resources("security_group")
    assert [rule["PortRange"] for rule in group["Permissions"]] == ["22/22"]
    _used, output = runs.role(tasks_from="absent", **variables)
    assert "changed=1" in output, output


def test_a_network_with_our_name_that_others_made_stays(runs: Runs) -> None:
    there = strangers_network(runs.cloud)
    before = network_of(runs.cloud)
    variables: dict[str, t.Any] = {
        "network_name": "corp",
        "network_cidr_block": "10.0.0.0/8",
        "network_zone_id": "cn-hangzhou-h",
    }
    for arguments in (["--check"], []):
        used, output = runs.role(*arguments, **variables, network_vswitch_cidr_block="10.0.1.0/24")
        assert used is None
        assert f"The VPC corp ({there['vpc']}) has no vSwitch corp (it has: corp-h)" in output
        _used, output = runs.role(*arguments, tasks_from="absent", **variables)
        assert "changed=0" in output
        assert f"The VPC corp ({there['vpc']}) stays" in output
    assert network_of(runs.cloud) == before


def test_a_network_that_others_use_stays(runs: Runs) -> None:
    """In check mode and for real the teardown says the same."""
    variables: dict[str, t.Any] = {"network_name": "web", "network_zone_id": "cn-hangzhou-h"}
    used, _output = runs.role(**variables)
    api = Modules(runs.cloud).door()
    other = api.call("ecs", "CreateSecurityGroup", SecurityGroupName="corp", VpcId=used["vpc_id"])["SecurityGroupId"]
    # Somebody's VPC and group with the same names do not stand in the way.
    vpc = api.call("vpc", "CreateVpc", CidrBlock="10.0.0.0/8", VpcName="web")["VpcId"]
    runs.cloud.clock_advance(10)
    api.call("ecs", "CreateSecurityGroup", SecurityGroupName="web", VpcId=vpc)
    assert "changed=0" in runs.role(**variables)[1]
    said = []
    for arguments in (["--check"], []):
        _used, output = runs.role(*arguments, tasks_from="absent", **variables)
        assert "changed=1" in output, output  # the group
        (line,) = (line for line in output.splitlines() if "The VPC web" in line)
        said.append(line.strip())
    assert said[0] == said[1]
    assert said[0].endswith(f"stays: it is still used by 1 security group (corp {other}).")
    api.call("ecs", "DeleteSecurityGroup", SecurityGroupId=other)
    assert "changed=1" in runs.role(tasks_from="absent", **variables)[1]
    assert [one["VpcId"] for one in runs.cloud.resources("vpc")] == [vpc]


def test_a_network_is_checked_from_nothing(runs: Runs) -> None:
    variables: dict[str, t.Any] = {
        "network_name": "web",
        "network_zone_id": "cn-hangzhou-h",
        "network_ssh_from": ["192.0.2.0/24"],
        "network_rules": [{"service": "https", "cidr": "0.0.0.0/0"}],
        "network_outbound": "deny",
    }
    used, output = runs.role("--check", "--diff", **variables)
    assert {key: value.rsplit("-", 1)[0] for key, value in used.items()} == {
        "vpc_id": "vpc-foretold-web",
        "vswitch_id": "vsw-foretold-web",
        "security_group_id": "sg-foretold-web",
    }
    assert 'ingress accept tcp 22/22 from 192.0.2.0/24 priority 1 "SSH"' in output
    assert "ingress accept tcp 443/443 from 0.0.0.0/0" in output
    assert runs.writing_calls() == []
    assert "changed=3" in output
    assert "changed=3" in runs.role(**variables)[1]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"network_vpc": "nonesuch", "network_vswitch": "x"}, "no VPC is called nonesuch"),
        ({"network_vpc_id": "vpc-nope", "network_vswitch": "x"}, "no VPC is called vpc-nope"),
        (
            {"network_vpc": "corp", "network_vswitch": "x"},
            "no vSwitch is called x; one of each is needed. The VPC has the vSwitches corp-h.",
        ),
        ({"network_vpc": "corp", "network_vswitch_id": "vsw-nope"}, "no vSwitch is called vsw-nope"),
        ({"network_vpc": "corp", "network_vpc_id": "vpc-1", "network_vswitch": "x"}, "belong together"),
        ({"network_vswitch": "corp-h"}, "belong together"),
    ],
)
def test_a_network_that_is_not_there_is_refused(runs: Runs, chosen: dict[str, t.Any], words: str) -> None:
    strangers_network(runs.cloud)
    runs.cloud.forget_requests()
    for arguments in (["--check"], []):
        used, output = runs.role(*arguments, **chosen)
        assert used is None
        assert words in output
    assert runs.writing_calls() == []


def test_isolating_does_not_empty_a_group_of_others(runs: Runs) -> None:
    modules = Modules(runs.cloud)
    network = Network(modules)
    (one,) = network.new_instances(network.new_group("web"))
    theirs = network.new_group("quarantine")
    permission = {"IpProtocol": "tcp", "PortRange": "443/443", "SourceCidrIp": "0.0.0.0/0"}
    network.api.call("ecs", "AuthorizeSecurityGroup", SecurityGroupId=theirs, Permissions=[permission])
    network.new_group("quarantine", vpc=network.new_vpc())  # of a VPC that this is not about
    runs.cloud.forget_requests()
    before = runs.cloud.resources("security_group")
    chosen: dict[str, t.Any] = {"isolate_instance_ids": [one]}
    refused = runs.isolate(**chosen)
    assert "failed=1" in refused
    assert f"The security group quarantine ({theirs}) does not carry the tag" in refused
    assert runs.cloud.resources("security_group") == before
    assert runs.writing_calls() == []

    # From nothing it is planned to the end, and then is what was planned.
    own: dict[str, t.Any] = {**chosen, "isolate_security_group": "cut-off"}
    assert "changed=2" in runs.isolate("--check", **own)
    assert runs.writing_calls() == []
    assert "changed=2" in runs.isolate(**own)
    assert "changed=0" in runs.isolate(**own)
    assert "changed=3" in runs.isolate(**chosen, isolate_adopt=True)
    (group,) = (one for one in network.groups() if one["SecurityGroupId"] == theirs)
    assert [rule for rule in group["Permissions"] if rule["Direction"] == "ingress"] == []
