# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the network and of key pairs start from."""

from __future__ import annotations

import typing as t

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import Connection

if t.TYPE_CHECKING:
    from modules.harness import Modules

IMAGE = "aliyun_3_x64_20G_uefi_alibase_20240528.vhd"


class Network:
    """A VPC with a vSwitch, made by other means than the modules under test."""

    def __init__(self, modules: Modules, zone: str = "cn-hangzhou-h") -> None:
        self.local = modules.cloud
        for name in ("pending", "created_stopped", "starting", "stopping", "releasing", "membership_linger"):
            self.local.set(f"ecs.{name}_seconds", 0.05)
        self.api = Cloud(
            Connection(
                region=modules.region,
                endpoint_url=self.local.endpoint,
                access_key_id=self.local.access_key_id,
                access_key_secret=self.local.access_key_secret,
            )
        )
        self.vpc = self.new_vpc()
        switch = self.api.call("vpc", "CreateVSwitch", VpcId=self.vpc, ZoneId=zone, CidrBlock="172.16.0.0/20")
        self.vswitch = str(switch["VSwitchId"])
        self.local.clock_advance(10)
        self.local.forget_requests()

    def new_vpc(self) -> str:
        vpc = self.api.call("vpc", "CreateVpc", CidrBlock="172.16.0.0/12")["VpcId"]
        self.local.clock_advance(10)
        return str(vpc)

    def new_group(self, name: str = "", vpc: str = "", **params: t.Any) -> str:
        wanted = {"VpcId": vpc or self.vpc, "SecurityGroupName": name or None, **params}
        return str(self.api.call("ecs", "CreateSecurityGroup", wanted)["SecurityGroupId"])

    def new_own_group(self, name: str, **params: t.Any) -> str:
        """A group that carries the tag of this collection."""
        return self.new_group(name, Tag=[{"Key": "alitrust.ecs:owner", "Value": name}], **params)

    def new_instances(self, group: str, count: int = 1, **params: t.Any) -> list[str]:
        """Running instances in a group."""
        made = self.api.call(
            "ecs",
            "RunInstances",
            {
                "ImageId": IMAGE,
                "InstanceType": "ecs.g7.large",
                "VSwitchId": self.vswitch,
                "SecurityGroupId": group,
                "SystemDisk": {"Category": "cloud_essd"},
                "Amount": count,
                **params,
            },
        )
        self.local.clock_advance(10)
        return list(made["InstanceIdSets"]["InstanceIdSet"])

    def groups(self) -> list[dict[str, t.Any]]:
        """The security groups that the cloud has."""
        return self.local.resources("security_group")

    def rules(self, group: str) -> list[dict[str, t.Any]]:
        """The rules that the cloud has."""
        (found,) = (one for one in self.groups() if one["SecurityGroupId"] == group)
        return list(found["Permissions"])
