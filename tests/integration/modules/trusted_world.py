# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of trusted_instance start from."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import Connection

if t.TYPE_CHECKING:
    from modules.harness import Modules, Result

OWNER = "alitrust.ecs:owner"
IMAGE = "aliyun_3_x64_20G_uefi_alibase_20240528.vhd"
TRUST = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}}],
}


class World:
    """An account in which trusted instances can be created: KMS, a VPC, a vSwitch, groups, roles, a key pair."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self.local = modules.cloud
        for name, value in {"pending": 0.05, "created_stopped": 0.05, "starting": 0.05, "stopping": 0.05}.items():
            self.local.set(f"ecs.{name}_seconds", value)
        self.local.set("ecs.releasing_seconds", 0.05)
        self.api = Cloud(
            Connection(
                region="cn-hangzhou",
                endpoint_url=self.local.endpoint,
                access_key_id=self.local.access_key_id,
                access_key_secret=self.local.access_key_secret,
            )
        )
        self.api.call("kms", "OpenKmsService")
        self.vpc = self.api.call("vpc", "CreateVpc", CidrBlock="172.16.0.0/12")["VpcId"]
        self.local.clock_advance(10)
        self.vswitch = self.new_vswitch("cn-hangzhou-h", "172.16.0.0/20")
        self.groups = [self.new_group(), self.new_group()]
        self.api.call("ram", "CreateRole", RoleName="web", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.api.call("ram", "CreateRole", RoleName="other", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.api.call("ecs", "CreateKeyPair", KeyPairName="web")
        self.local.clock_advance(60)
        self.local.forget_requests()
        self.options: dict[str, t.Any] = {
            "instance_type": "ecs.g7t.large",
            "image_id": IMAGE,
            "vswitch_id": self.vswitch,
            "security_group_ids": self.groups[:1],
        }

    def new_vswitch(self, zone: str, cidr: str) -> str:
        found = self.api.call("vpc", "CreateVSwitch", VpcId=self.vpc, ZoneId=zone, CidrBlock=cidr)["VSwitchId"]
        self.local.clock_advance(10)
        return str(found)

    def new_group(self, **params: t.Any) -> str:
        return str(self.api.call("ecs", "CreateSecurityGroup", {"VpcId": self.vpc, **params})["SecurityGroupId"])

    def foreign(self, name: str, **params: t.Any) -> str:
        """An instance that somebody else made, by other means."""
        wanted = {
            "ImageId": IMAGE,
            "InstanceType": "ecs.g7t.large",
            "VSwitchId": self.vswitch,
            "SecurityGroupIds": self.groups[:1],
            "SystemDisk": {"Category": "cloud_essd"},
            "InstanceName": name,
            **params,
        }
        (made,) = self.api.call("ecs", "RunInstances", wanted)["InstanceIdSets"]["InstanceIdSet"]
        self.local.clock_advance(10)
        return str(made)

    def fleet(self, name: str = "web-[1,3]", count: int = 3, **more: t.Any) -> dict[str, t.Any]:
        return {**self.options, "name": name, "count": count, **more}

    def run(self, **options: t.Any) -> Result:
        return self.modules.run("trusted_instance", **options)

    def twice(self, **options: t.Any) -> Result:
        return self.modules.twice("trusted_instance", **options)

    def stored(self) -> list[dict[str, t.Any]]:
        """The instances that the cloud has."""
        found = [one for one in self.local.resources("instance") if not one.get("_Releasing")]
        return sorted(found, key=lambda one: str(one["InstanceName"]))

    def names(self) -> list[str]:
        return [one["InstanceName"] for one in self.stored()]
