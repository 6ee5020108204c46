# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account in which others work: things of every kind, made by hand through the API, without a tag of ours."""

from __future__ import annotations

import json
import typing as t

from modules import shareable
from modules.harness import Modules

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

REGION, ELSEWHERE = "cn-hangzhou", "cn-shanghai"
ZONES = {REGION: "cn-hangzhou-h", ELSEWHERE: "cn-shanghai-l"}
IMAGE = "aliyun_3_x64_20G_uefi_alibase_20240528.vhd"
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ ops"
OWNER = "alitrust.ecs:owner"

#: Kinds of records that no playbook is about, or that any call makes.
_OF_THE_CLOUD = {
    "account",
    "client_token",
    "instance_session",
    "kms_service",
    "metadata_credentials",
    "sts_session",
}
#: What a record says of others that use the thing, and of when it was looked at.
_PASSING = {"EcsCount", "AvailableInstanceAmount", "AttachmentCount", "LastUsedDate", "AvailableIpAddressCount"}

State = dict[tuple[str, str], dict[str, t.Any]]


class Strangers:
    """What others have in the account.

    :param name: what their things are called
    :ivar vpc: and the other IDs by which a playbook can be told to use a thing
    """

    def __init__(self, cloud: LocalCloud, name: str, *, instance: str) -> None:
        self.cloud = cloud
        self.name = name
        self.modules = Modules(cloud, REGION)
        self.api = self.modules.door()
        cloud.set("resourcesharing.task_seconds", 0.05)
        for step in ("pending", "created_stopped", "starting", "stopping", "releasing", "membership_linger"):
            cloud.set(f"ecs.{step}_seconds", 0.05)
        cloud.set("vpc.pending_seconds", 0.05)
        self._ram()
        self._kms()
        self.vpc, self.vswitch, self.group = self._network(REGION)
        self.instance = self._instance(REGION, instance, self.vswitch, self.group)
        vswitch, group = self._network(ELSEWHERE)[1:]
        self._instance(ELSEWHERE, instance, vswitch, group)
        self._shares()
        cloud.clock_advance(60)
        self.before = self.state()

    def _ram(self) -> None:
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}}
        right = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}
        trusting, rights = (json.dumps({"Version": "1", "Statement": [one]}) for one in (trust, right))
        call = self.api.call
        call("ram", "CreateRole", RoleName=self.name, AssumeRolePolicyDocument=trusting, Description="Ours alone")
        # One with a name of their own, and those that the module makes for a role of this name.
        for policy in (f"{self.name}-read", f"{self.name}-trust-report", f"{self.name}-use"):
            call("ram", "CreatePolicy", PolicyName=policy, PolicyDocument=rights)
            call("ram", "AttachPolicyToRole", PolicyType="Custom", PolicyName=policy, RoleName=self.name)
        call("ram", "AttachPolicyToRole", PolicyType="System", PolicyName="AliyunOSSReadOnlyAccess", RoleName=self.name)
        call("ram", "CreateUser", UserName=f"{self.name}-user")
        call("ram", "CreateGroup", GroupName=f"{self.name}-group")
        call("ram", "AddUserToGroup", UserName=f"{self.name}-user", GroupName=f"{self.name}-group")
        read = {"PolicyType": "Custom", "PolicyName": f"{self.name}-read"}
        call("ram", "AttachPolicyToUser", read, UserName=f"{self.name}-user")
        call("ram", "AttachPolicyToGroup", read, GroupName=f"{self.name}-group")

    def _kms(self) -> None:
        self.api.call("kms", "OpenKmsService")
        self.key = self.api.call("kms", "CreateKey", Description="theirs")["KeyMetadata"]["KeyId"]
        self.api.call("kms", "CreateAlias", AliasName=f"alias/{self.name}", KeyId=self.key)

    def _network(self, region: str) -> tuple[str, str, str]:
        call = self.api.in_region(region).call
        vpc = call("vpc", "CreateVpc", VpcName=self.name, CidrBlock="172.16.0.0/16")["VpcId"]
        self.cloud.clock_advance(10)
        place = {"VpcId": vpc, "ZoneId": ZONES[region]}
        vswitch = call("vpc", "CreateVSwitch", place, VSwitchName=self.name, CidrBlock="172.16.0.0/24")["VSwitchId"]
        self.cloud.clock_advance(10)
        group = ""
        for name in ("quarantine", self.name):
            group = call("ecs", "CreateSecurityGroup", VpcId=vpc, SecurityGroupName=name)["SecurityGroupId"]
            rule = {"IpProtocol": "TCP", "PortRange": "443/443", "SourceCidrIp": "0.0.0.0/0", "Policy": "accept"}
            call("ecs", "AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[rule])
        call("ecs", "ImportKeyPair", KeyPairName=self.name, PublicKeyBody=PUBLIC_KEY)
        return vpc, vswitch, group

    def _instance(self, region: str, name: str, vswitch: str, group: str) -> str:
        """An instance that uses all of it, with a data disk of its own."""
        call = self.api.in_region(region).call
        made = call(
            "ecs",
            "RunInstances",
            ImageId=IMAGE,
            InstanceType="ecs.g7.large",
            InstanceName=name,
            VSwitchId=vswitch,
            SecurityGroupId=group,
            KeyPairName=self.name,
            RamRoleName=self.name,
            SystemDisk={"Category": "cloud_essd"},
            DataDisk=[{"Category": "cloud_essd", "Size": 40, "DiskName": f"{self.name}-data"}],
            Amount=1,
        )
        self.cloud.clock_advance(10)
        return str(made["InstanceIdSets"]["InstanceIdSet"][0])

    def _shares(self) -> None:
        self.image = shareable.image(self.modules, key_id=self.key, accounts=[shareable.PARTNER])
        self.snapshot = shareable.snapshot(self.modules, 1, self.key)
        self.api.call(
            "resourcesharing",
            "CreateResourceShare",
            ResourceShareName=self.name,
            AllowExternalTargets=True,
            Resources=[{"ResourceId": self.snapshot, "ResourceType": "Snapshot"}],
            Targets=[shareable.PARTNER],
        )
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": [f"{shareable.PARTNER}@ecs.aliyuncs.com"]},
        }
        for role in ("AliyunECSShareEncryptImageDefaultRole", "AliyunECSShareEncryptSnapshotDefaultRole"):
            document = json.dumps({"Version": "1", "Statement": [trust]})
            self.api.call("ram", "CreateRole", RoleName=role, AssumeRolePolicyDocument=document)

    # ------------------------------------------------------------------ looking

    def state(self) -> State:
        """Every record of the account as the cloud has it."""
        found: State = {}
        for kind in self.cloud.status()["records"]:
            if kind in _OF_THE_CLOUD:
                continue
            for number, record in enumerate(self.cloud.resources(kind)):
                lasting = {name: value for name, value in record.items() if name not in _PASSING}
                found[(kind, _name(record) or str(number))] = lasting
        return found

    def differences(self) -> dict[str, t.Any]:
        """What of theirs is different now, or gone."""
        now = self.state()
        return {
            f"{kind} {name}": {
                field: (value, now.get((kind, name), {}).get(field, "gone"))
                for field, value in record.items()
                if now.get((kind, name), {}).get(field, "gone") != value
            }
            for (kind, name), record in self.before.items()
            if now.get((kind, name)) != record
        }

    def ours(self) -> list[str]:
        """What is there besides theirs."""
        return sorted(f"{kind} {name}" for kind, name in self.state() if (kind, name) not in self.before)


def _name(record: dict[str, t.Any]) -> str:
    """What tells a record from others of its kind, in its region."""
    ids = ("InstanceId", "DiskId", "SecurityGroupId", "VSwitchId", "VpcId", "ImageId", "SnapshotId", "KeyId")
    names = ("KeyPairName", "RoleName", "PolicyName", "UserName", "GroupName", "AliasName", "ResourceShareId")
    known = [str(record[name]) for name in (*names, *ids) if record.get(name)]
    return " ".join([str(record.get("RegionId") or ""), *known[:3]]).strip()
