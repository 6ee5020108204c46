# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account with something of every service in it, made by signed requests."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

from wire import Wire

from local_cloud.control import LocalCloud

REGION = "cn-hangzhou"
ZONE = "cn-hangzhou-h"
POLICY = json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}]})
TRUST = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": ["ecs.aliyuncs.com"], "RAM": ["acs:ram::1234567890123456:root"]},
            }
        ],
    }
)


def caller(cloud: LocalCloud) -> Wire:
    """The main account; its parameters go in the body, because they may be long."""
    return Wire(cloud.address, cloud.access_key_id, cloud.access_key_secret, form=True, timeout=60)


@dataclass
class Account:
    """What :func:`furnish` has made; C(answers) are all answers to it."""

    account_id: str
    vpc_id: str = ""
    vswitch_id: str = ""
    group_id: str = ""
    key_id: str = ""
    answers: list[dict[str, t.Any]] = field(default_factory=list)

    def place(self) -> dict[str, str]:
        """Parameters for RunInstances of a trusted instance."""
        return {
            "RegionId": REGION,
            "ImageId": "aliyun_3_x64_20G_uefi_alibase_20240528.vhd",
            "InstanceType": "ecs.g7t.large",
            "VSwitchId": self.vswitch_id,
            "SecurityGroupId": self.group_id,
            "RamRoleName": "reporter",
            "SystemDisk.Category": "cloud_essd",
            "SecurityOptions.TrustedSystemMode": "vTPM",
        }


def furnish(cloud: LocalCloud) -> Account:
    """Make something of every kind that calls can be about.

    :raises AssertionError: a call is refused
    """
    wire, account = caller(cloud), Account(cloud.account_id)

    def call(product: str, action: str, **params: str) -> dict[str, t.Any]:
        reply = wire.v3(product, action, **params)
        assert reply.status == 200, f"{action}: {reply.body!r}"
        account.answers.append(reply.json)
        return reply.json

    cloud.set("sts.account_may_assume", True)
    here = {"RegionId": REGION}
    call("kms", "OpenKmsService")
    account.key_id = call("kms", "CreateKey", **here)["KeyMetadata"]["KeyId"]
    call("kms", "CreateAlias", **here, KeyId=account.key_id, AliasName="alias/first")
    call("kms", "CreateSecret", **here, SecretName="first", SecretData="value", VersionId="1")
    call("ram", "CreateRole", RoleName="reporter", AssumeRolePolicyDocument=TRUST)
    call("ram", "CreatePolicy", PolicyName="first", PolicyDocument=POLICY)
    call("ram", "AttachPolicyToRole", RoleName="reporter", PolicyName="first", PolicyType="Custom")
    call("ram", "CreateUser", UserName="first")
    call("ram", "CreateGroup", GroupName="first")
    account.vpc_id = call("vpc", "CreateVpc", **here, CidrBlock="10.0.0.0/16")["VpcId"]
    cloud.clock_advance(2)
    vswitch = call("vpc", "CreateVSwitch", **here, VpcId=account.vpc_id, ZoneId=ZONE, CidrBlock="10.0.0.0/20")
    account.vswitch_id = vswitch["VSwitchId"]
    cloud.clock_advance(2)
    account.group_id = call("ecs", "CreateSecurityGroup", **here, VpcId=account.vpc_id)["SecurityGroupId"]
    call("ecs", "CreateKeyPair", **here, KeyPairName="first")
    call("ecs", "RunInstances", **account.place(), Amount="2", InstanceName="first")
    call("ecs", "CreateDisk", **here, ZoneId=ZONE, DiskCategory="cloud_essd", Size="40", DiskName="first")
    eip = call("vpc", "AllocateEipAddress", **here)["AllocationId"]
    guarded = {"DdosRegionId": REGION, "InstanceType": "eip", "InstanceId": eip, "Bps": "100", "Pps": "20000"}
    call("antiddos-public", "ModifyDefenseThreshold", **guarded)
    cloud.clock_advance(60)
    described = call("ecs", "DescribeInstances", **here)["Instances"]["Instance"][0]
    disk = call("ecs", "DescribeDisks", **here, InstanceId=described["InstanceId"])["Disks"]["Disk"][0]
    snapshot = call("ecs", "CreateSnapshot", **here, DiskId=disk["DiskId"])["SnapshotId"]
    cloud.clock_advance(60)
    call("ecs", "CreateImage", **here, InstanceId=described["InstanceId"], ImageName="first")
    call("ecs", "CreateNetworkInterface", **here, VSwitchId=account.vswitch_id, SecurityGroupId=account.group_id)
    call("ecs", "ModifyCloudAssistantSettings", **here, SettingType="SessionManagerConfig", **_SESSIONS)
    call("ecs", "CreatePrefixList", **here, PrefixListName="first", AddressFamily="IPv4", MaxEntries="10")
    call("resourcesharing", "CreateResourceShare", **here, ResourceShareName="first", **_shared(snapshot))
    call("sts", "AssumeRole", RoleArn=f"acs:ram::{cloud.account_id}:role/reporter", RoleSessionName="first")
    cloud.clock_advance(60)
    return account


_SESSIONS = {"SessionManagerConfig": json.dumps({"SessionManagerEnabled": True})}


def _shared(snapshot_id: str) -> dict[str, str]:
    return {"Resources.1.ResourceType": "Snapshot", "Resources.1.ResourceId": snapshot_id}
