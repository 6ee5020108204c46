# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the guide for Terraform, as they are written, on an account with what Terraform makes."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import guides
import jq
from controller.playbook import Ansible
from modules.harness import Modules

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

GUIDE = guides.ROOT / "docs/docsite/rst/guide_terraform.rst"
#: What C(terraform output -json) prints.
OUTPUT = Path(__file__).with_name("terraform_output.json").read_text()
TRUST = {
    "Version": "1",
    "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["ecs.aliyuncs.com"]}}],
}
#: Records of the local cloud that Terraform has in its state.
MANAGED = ("vpc", "vswitch", "security_group", "role", "policy", "key_pair")


def written(name: str) -> str:
    """The file of this name in the guide."""
    (block,) = [one for one in guides.blocks(GUIDE, "yaml") if one.startswith(f"# {name}\n")]
    return block


def outputs_of(cloud: LocalCloud) -> str:
    """Make what the guide's configuration makes, by the calls that the provider makes; returns its outputs."""
    call = Modules(cloud).door().call
    vpc = call("vpc", "CreateVpc", VpcName="corp", CidrBlock="10.0.0.0/16")["VpcId"]
    cloud.clock_advance(10)
    where = {"VpcId": vpc, "ZoneId": "cn-hangzhou-h", "CidrBlock": "10.0.0.0/20", "VSwitchName": "corp-h"}
    vswitch = call("vpc", "CreateVSwitch", where)["VSwitchId"]
    cloud.clock_advance(10)
    tags = [{"Key": "managed-by", "Value": "terraform"}]
    group = call("ecs", "CreateSecurityGroup", SecurityGroupName="web", VpcId=vpc, Tag=tags)["SecurityGroupId"]
    rule = {"IpProtocol": "tcp", "PortRange": "443/443", "SourceCidrIp": "10.0.0.0/8"}
    call("ecs", "AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[rule])
    call("ram", "CreateRole", RoleName="corp-web", AssumeRolePolicyDocument=json.dumps(TRUST))
    policy = {"PolicyType": "System", "PolicyName": "AliyunECSInstanceForYundunSysTrustRolePolicy"}
    call("ram", "AttachPolicyToRole", policy, RoleName="corp-web")
    call("ecs", "CreateKeyPair", KeyPairName="ops")
    real = {"vpc-bp1aevy8sofi8mh1q0000": vpc, "vsw-bp1s5fnvk4gn2tws0000": vswitch}
    return re.sub("|".join(real), lambda found: str(real[found[0]]), OUTPUT)


def managed(cloud: LocalCloud) -> dict[str, t.Any]:
    return {kind: cloud.resources(kind) for kind in MANAGED}


def test_the_play_uses_what_terraform_made_and_leaves_it_as_it_is(tmp_path: Path, fresh_cloud: LocalCloud) -> None:
    (tmp_path / "terraform.json").write_text(outputs_of(fresh_cloud))
    for name in ("pending", "created_stopped", "starting"):
        fresh_cloud.set(f"ecs.{name}_seconds", 0.05)
    before = managed(fresh_cloud)
    assert all(before[kind] for kind in MANAGED if kind != "policy")
    for name in ("site.yml", "everything.alitrust.yml"):
        (tmp_path / name).write_text(written(name))
    ansible = Ansible(tmp_path, fresh_cloud, HOME=str(tmp_path))
    # No instance of this account has a host that could be reached.
    done = ansible.command("ansible-playbook", "site.yml", "-e", '{"fleet_reach": false}')
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Using the existing key pair ops; it is left as it is." in done.stderr
    assert managed(fresh_cloud) == before, "Terraform has nothing to plan"
    outputs = json.loads((tmp_path / "terraform.json").read_text())
    made = fresh_cloud.resources("instance")
    assert len(made) == 2
    assert {one["VSwitchId"] for one in made} == {outputs["vswitch_id"]["value"]}

    Modules(fresh_cloud).door().call(
        "ecs",
        "RunInstances",
        InstanceName="bastion",
        ImageId=made[0]["ImageId"],
        InstanceType=made[0]["InstanceType"],
        VSwitchId=made[0]["VSwitchId"],
        SecurityGroupId=made[0]["SecurityGroupIds"][0],
        SystemDisk={"Category": "cloud_essd"},
        Tag=[{"Key": "managed-by", "Value": "terraform"}],
    )
    fresh_cloud.clock_advance(60)
    listed = ansible.command("ansible-inventory", "-i", "everything.alitrust.yml", "--list")
    groups = json.loads(listed.stdout)
    assert groups["made_by_terraform"]["hosts"] == ["bastion"]
    assert sorted(groups["made_by_alitrust"]["hosts"]) == sorted(one["InstanceName"] for one in made)
    assert "trust_unmeasured" in groups


def test_the_filter_makes_variables_of_outputs() -> None:
    (expression,) = {one for block in guides.blocks(GUIDE, "console") for one in re.findall(r"jq '([^']+)'", block)}
    assert jq.compile(expression).input_text(OUTPUT).first() == {
        name: one["value"] for name, one in json.loads(OUTPUT).items()
    }
