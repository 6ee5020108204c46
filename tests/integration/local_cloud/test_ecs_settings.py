# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents leave open can be set the other way."""

from __future__ import annotations

import json
import typing as t

from sdk import Sdk

TRUST = json.dumps(
    {
        "Version": "1",
        "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["ecs.aliyuncs.com"]}}],
    }
)


def test_a_passed_dry_run_of_a_batch_may_have_another_status(sdk: Sdk) -> None:
    ids = sdk.run()
    assert sdk.refused("StopInstances", InstanceId=ids, DryRun=True) == (400, "DRYRUN.SUCCESS")
    sdk.cloud.set("ecs.dry_run_status", 403)
    assert sdk.refused("StopInstances", InstanceId=ids, DryRun=True) == (403, "DRYRUN.SUCCESS")


def test_instances_without_a_role_may_be_left_out(sdk: Sdk) -> None:
    ids = json.dumps(sdk.run())
    assert sdk("DescribeInstanceRamRole", InstanceIds=ids)["TotalCount"] == 1
    sdk.cloud.set("ecs.ram_role.list_without_role", False)
    assert sdk("DescribeInstanceRamRole", InstanceIds=ids)["TotalCount"] == 0


def test_the_name_of_a_group_may_be_found_inside_others(sdk: Sdk) -> None:
    vpc_id, _vswitch_id = sdk.network()
    for name in ("web", "web-two"):
        sdk("CreateSecurityGroup", VpcId=vpc_id, SecurityGroupName=name)

    def found() -> int:
        return len(sdk("DescribeSecurityGroups", SecurityGroupName="web")["SecurityGroups"]["SecurityGroup"])

    assert found() == 1
    sdk.cloud.set("ecs.group_name_filter", "contains")
    assert found() == 2


def test_members_of_an_advanced_group_may_reach_each_other(sdk: Sdk) -> None:
    vpc_id, _vswitch_id = sdk.network()
    sdk.cloud.set("ecs.advanced_group_policy", "Accept")
    group = sdk("CreateSecurityGroup", VpcId=vpc_id, SecurityGroupType="enterprise")["SecurityGroupId"]
    assert sdk("DescribeSecurityGroupAttribute", SecurityGroupId=group)["InnerAccessPolicy"] == "Accept"


def test_deleting_an_unknown_key_pair_may_be_refused(sdk: Sdk) -> None:
    assert sdk("DeleteKeyPairs", KeyPairNames='["nobody"]')
    sdk.cloud.set("ecs.key_pair_delete_unknown", "InvalidKeyPair.NotFound")
    assert sdk.refused("DeleteKeyPairs", KeyPairNames='["nobody"]') == (404, "InvalidKeyPair.NotFound")


def test_a_role_of_instances_may_stay(sdk: Sdk) -> None:
    sdk("CreateRole", product="ram", RoleName="one", AssumeRolePolicyDocument=TRUST)
    sdk.run({**sdk.place(), "RamRoleName": "one"})
    sdk.cloud.set("ram.delete_role_of_instances", False)
    assert sdk.refused("DeleteRole", product="ram", RoleName="one") == (409, "DeleteConflict.Role.Instance")
    sdk.cloud.set("ram.delete_role_of_instances", True)
    assert sdk("DeleteRole", product="ram", RoleName="one")


def test_the_priority_of_a_rule_may_be_text(sdk: Sdk) -> None:
    vpc_id, _vswitch_id = sdk.network()
    group = sdk("CreateSecurityGroup", VpcId=vpc_id)["SecurityGroupId"]
    rule = {"IpProtocol": "TCP", "PortRange": "22/22", "SourceCidrIp": "10.0.0.0/8"}
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[rule])

    def priority() -> object:
        body = sdk("DescribeSecurityGroupAttribute", SecurityGroupId=group)
        return body["Permissions"]["Permission"][0]["Priority"]

    assert priority() == 1
    sdk.cloud.set("ecs.priority_type", "text")
    assert priority() == "1"


def test_an_instance_may_be_started_while_it_is_being_made(sdk: Sdk) -> None:
    place = sdk.place()
    sdk.cloud.set("ecs.start_while_pending", "accept")
    instance_id = sdk("CreateInstance", **place)["InstanceId"]
    sdk("StartInstance", InstanceId=instance_id)
    assert sdk.status(instance_id) == "Pending"
    assert sdk.refused("StartInstance", InstanceId=instance_id) == (403, "IncorrectInstanceStatus")
    sdk.cloud.clock_advance(5)
    assert sdk.status(instance_id) == "Running"
    (other,) = sdk("RunInstances", **place)["InstanceIdSets"]["InstanceIdSet"]
    assert sdk.refused("StartInstance", InstanceId=other) == (403, "IncorrectInstanceStatus")


def test_host_bits_may_be_dropped_instead_of_refused(sdk: Sdk) -> None:
    entry: dict[str, t.Any] = {"PrefixListName": "net", "AddressFamily": "IPv4", "MaxEntries": 1}
    entry["Entry"] = [{"Cidr": "10.1.1.1/8"}]
    assert sdk.refused("CreateVpc", CidrBlock="10.1.1.1/16") == (400, "InvalidCidrBlock")
    assert sdk.refused("CreatePrefixList", **entry) == (400, "InvalidParameter")
    sdk.cloud.set("vpc.cidr_host_bits", "normalise")
    sdk.cloud.set("ecs.cidr_host_bits", "normalise")
    vpc_id = sdk("CreateVpc", CidrBlock="10.1.1.1/16")["VpcId"]
    assert sdk("DescribeVpcs", VpcId=vpc_id)["Vpcs"]["Vpc"][0]["CidrBlock"] == "10.1.0.0/16"
    list_id = sdk("CreatePrefixList", **entry)["PrefixListId"]
    (shown,) = sdk("DescribePrefixListAttributes", PrefixListId=list_id)["Entries"]["Entry"]
    assert shown["Cidr"] == "10.0.0.0/8"


def test_the_internet_side_may_be_refused_in_a_vpc(sdk: Sdk) -> None:
    vpc_id, _vswitch_id = sdk.network()
    group = sdk("CreateSecurityGroup", VpcId=vpc_id)["SecurityGroupId"]
    rule = {"IpProtocol": "TCP", "PortRange": "22/22", "SourceCidrIp": "10.0.0.0/8", "NicType": "internet"}
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[rule])
    (shown,) = sdk("DescribeSecurityGroupAttribute", SecurityGroupId=group)["Permissions"]["Permission"]
    assert shown["NicType"] == "intranet"
    sdk.cloud.set("ecs.nic_type_internet_in_vpc", "refuse")
    refused = sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[rule])
    assert refused == (400, "InvalidNicType.Mismatch")


def test_sharing_an_image_with_nobody_may_be_refused(sdk: Sdk) -> None:
    (instance_id,) = sdk.run()
    image_id = sdk("CreateImage", InstanceId=instance_id)["ImageId"]
    sdk.cloud.clock_advance(5)
    sdk("ModifyImageSharePermission", ImageId=image_id, LaunchPermission="VISIBLE")
    sdk.cloud.set("ecs.image_share_with_nobody", "refuse")
    assert sdk.refused("ModifyImageSharePermission", ImageId=image_id) == (400, "MissingParameter")
