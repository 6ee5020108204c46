# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups and their rules."""

from __future__ import annotations

import json
import typing as t

import pytest
from sdk import Sdk

SSH = {"IpProtocol": "TCP", "PortRange": "22/22", "SourceCidrIp": "10.0.0.0/8"}


@pytest.fixture
def vpc(sdk: Sdk) -> str:
    return sdk.network()[0]


@pytest.fixture
def group(sdk: Sdk, vpc: str) -> str:
    return t.cast(str, sdk("CreateSecurityGroup", VpcId=vpc)["SecurityGroupId"])


def rules(sdk: Sdk, group: str, **params: t.Any) -> list[dict[str, t.Any]]:
    body = sdk("DescribeSecurityGroupAttribute", SecurityGroupId=group, **params)
    return t.cast("list[dict[str, t.Any]]", body["Permissions"]["Permission"])


def many(count: int, first: int = 0) -> list[dict[str, t.Any]]:
    return [
        {"IpProtocol": "UDP", "PortRange": f"{port}/{port}", "SourceCidrIp": "10.0.0.0/8"}
        for port in range(1000 + first, 1000 + first + count)
    ]


# -- groups


def test_a_new_group_has_no_rules_and_its_type_s_inner_policy(sdk: Sdk, vpc: str, group: str) -> None:
    body = sdk("DescribeSecurityGroupAttribute", SecurityGroupId=group)
    assert (body["InnerAccessPolicy"], body["Permissions"]) == ("Accept", {"Permission": []})
    advanced = sdk("CreateSecurityGroup", VpcId=vpc, SecurityGroupType="enterprise")["SecurityGroupId"]
    assert sdk("DescribeSecurityGroupAttribute", SecurityGroupId=advanced)["InnerAccessPolicy"] == "Drop"


def test_names_are_not_unique_but_tokens_are(sdk: Sdk, vpc: str) -> None:
    ids = {sdk("CreateSecurityGroup", VpcId=vpc, SecurityGroupName="web")["SecurityGroupId"] for _index in range(2)}
    assert len(ids) == 2
    same = {sdk("CreateSecurityGroup", VpcId=vpc, ClientToken="t")["SecurityGroupId"] for _index in range(2)}
    assert len(same) == 1
    assert sdk("DescribeSecurityGroups", SecurityGroupName="web")["TotalCount"] == 2
    assert sdk("DescribeSecurityGroups", SecurityGroupName="we")["TotalCount"] == 0


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"VpcId": None}, (403, "InvalidVpcId.NotFound")),
        ({"VpcId": "vpc-none"}, (404, "InvalidVpcId.NotFound")),
        ({"SecurityGroupName": "1web"}, (400, "InvalidSecurityGroupName.Malformed")),
        ({"SecurityGroupName": "http://web"}, (400, "InvalidSecurityGroupName.Malformed")),
        ({"Description": "https://x"}, (400, "InvalidSecurityGroupDiscription.Malformed")),
        ({"Tag": [{"Key": "aliyun-x", "Value": "1"}]}, (400, "InvalidTagKey.Malformed")),
    ],
)
def test_create_security_group_refuses(sdk: Sdk, vpc: str, params: dict[str, t.Any], error: tuple[int, str]) -> None:
    given = {name: value for name, value in {"VpcId": vpc, **params}.items() if value is not None}
    assert sdk.refused("CreateSecurityGroup", **given) == error


def test_the_quota_of_groups(sdk: Sdk, vpc: str, group: str) -> None:
    sdk.cloud.set("ecs.security_groups", 1)
    assert sdk.refused("CreateSecurityGroup", VpcId=vpc) == (403, "QuotaExceed.SecurityGroup")
    value = sdk("DescribeAccountAttributes", AttributeName=["max-security-groups"])
    item = value["AccountAttributeItems"]["AccountAttributeItem"][0]
    assert item["AttributeValues"]["ValueItem"][0]["Value"] == "1"


def test_groups_are_described_with_counts_and_in_pages(sdk: Sdk) -> None:
    place = sdk.place()
    group = place["SecurityGroupId"]
    sdk.run(place, Amount=2)
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[SSH])
    shown = sdk("DescribeSecurityGroups", SecurityGroupIds=f'["{group}"]')["SecurityGroups"]["SecurityGroup"][0]
    assert (shown["EcsCount"], shown["AvailableInstanceAmount"], shown["RuleCount"]) == (2, 1998, 1)
    vpc_id = shown["VpcId"]
    ids = [group] + [sdk("CreateSecurityGroup", VpcId=vpc_id)["SecurityGroupId"] for _index in range(11)]
    assert len(sdk("DescribeSecurityGroups")["SecurityGroups"]["SecurityGroup"]) == 10
    body = sdk("DescribeSecurityGroups", MaxResults=8)
    assert "TotalCount" not in body
    rest = sdk("DescribeSecurityGroups", MaxResults=8, NextToken=body["NextToken"])
    both = [*body["SecurityGroups"]["SecurityGroup"], *rest["SecurityGroups"]["SecurityGroup"]]
    assert [shown["SecurityGroupId"] for shown in both] == ids
    assert rest["NextToken"] == ""
    assert sdk("DescribeSecurityGroups", SecurityGroupId="sg-none")["TotalCount"] == 0


def test_a_group_in_use_can_t_be_deleted_and_membership_lingers(sdk: Sdk) -> None:
    place = sdk.place()
    group = place["SecurityGroupId"]
    sdk.cloud.set("ecs.membership_linger_seconds", 10)
    (instance_id,) = sdk.run(place)
    assert sdk.refused("DeleteSecurityGroup", SecurityGroupId=group) == (403, "DependencyViolation")
    sdk("DeleteInstance", InstanceId=instance_id, Force=True)
    sdk.cloud.clock_advance(2)
    assert sdk.status(instance_id) == "gone"
    assert sdk.refused("DeleteSecurityGroup", SecurityGroupId=group) == (403, "DependencyViolation")
    sdk.cloud.clock_advance(10)
    sdk("DeleteSecurityGroup", SecurityGroupId=group)
    assert sdk.refused("DeleteSecurityGroup", SecurityGroupId=group) == (404, "InvalidSecurityGroupId.NotFound")
    assert sdk.refused("DeleteSecurityGroup", SecurityGroupId="web") == (400, "InvalidSecurityGroupId.Malformed")


def test_a_referenced_group_can_t_be_deleted(sdk: Sdk, vpc: str, group: str) -> None:
    other = sdk("CreateSecurityGroup", VpcId=vpc, SecurityGroupName="other")["SecurityGroupId"]
    rule = {"IpProtocol": "ALL", "PortRange": "-1/-1", "SourceGroupId": other}
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[rule])
    assert sdk.refused("DeleteSecurityGroup", SecurityGroupId=other) == (403, "DependencyViolation")
    references = sdk("DescribeSecurityGroupReferences", SecurityGroupId=[other, group])["SecurityGroupReferences"]
    assert [
        (
            item["SecurityGroupId"],
            [by["SecurityGroupId"] for by in item["ReferencingSecurityGroups"]["ReferencingSecurityGroup"]],
        )
        for item in references["SecurityGroupReference"]
    ] == [(other, [group])]
    shown = rules(sdk, group)[0]
    assert (shown["SourceGroupId"], shown["SourceGroupName"], shown["SourceCidrIp"]) == (other, "other", "")
    itself = {**rule, "SourceGroupId": group}
    refused = sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[itself])
    assert refused == (403, "InvalidParamter.Conflict")
    sdk("RevokeSecurityGroup", SecurityGroupId=group, Permissions=[rule])
    sdk("DeleteSecurityGroup", SecurityGroupId=other)


def test_attributes_and_inner_policy_change(sdk: Sdk, vpc: str, group: str) -> None:
    sdk("ModifySecurityGroupAttribute", SecurityGroupId=group, SecurityGroupName="new", Description="for tests")
    sdk("ModifySecurityGroupAttribute", SecurityGroupId=group, SecurityGroupName="", Description="")
    sdk("ModifySecurityGroupPolicy", SecurityGroupId=group, InnerAccessPolicy="drop")
    sdk("ModifySecurityGroupPolicy", SecurityGroupId=group, InnerAccessPolicy="Drop")
    body = sdk("DescribeSecurityGroupAttribute", SecurityGroupId=group)
    assert (body["SecurityGroupName"], body["Description"], body["InnerAccessPolicy"]) == ("new", "for tests", "Drop")
    wrong = sdk.refused("ModifySecurityGroupPolicy", SecurityGroupId=group, InnerAccessPolicy="Maybe")
    assert wrong == (400, "InvalidPolicy.Malformed")


def test_joining_and_leaving(sdk: Sdk) -> None:
    place = sdk.place()
    first = place["SecurityGroupId"]
    (instance_id,) = sdk.run(place)
    vpc_id = sdk.instance(instance_id)["VpcAttributes"]["VpcId"]
    second = sdk("CreateSecurityGroup", VpcId=vpc_id)["SecurityGroupId"]
    last = sdk.refused("LeaveSecurityGroup", SecurityGroupId=first, InstanceId=instance_id)
    assert last == (403, "InstanceLastSecurityGroup")
    sdk("JoinSecurityGroup", SecurityGroupId=second, InstanceId=instance_id)
    again = sdk.refused("JoinSecurityGroup", SecurityGroupId=second, InstanceId=instance_id)
    assert again == (403, "InvalidInstanceId.AlreadyExists")
    sdk("LeaveSecurityGroup", SecurityGroupId=first, InstanceId=instance_id)
    outside = sdk.refused("LeaveSecurityGroup", SecurityGroupId=first, InstanceId=instance_id)
    assert outside == (403, "InstanceNotInSecurityGroup")
    (eni,) = sdk("DescribeNetworkInterfaces", InstanceId=instance_id)["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    assert eni["SecurityGroupIds"] == {"SecurityGroupId": [second]}
    stranger = sdk("CreateSecurityGroup", VpcId=sdk.network()[0])["SecurityGroupId"]
    elsewhere = sdk.refused("JoinSecurityGroup", SecurityGroupId=stranger, InstanceId=instance_id)
    assert elsewhere == (400, "InvalidInstanceId.Mismatch")
    sdk("DeleteSecurityGroup", SecurityGroupId=first)


# -- rules


def test_a_rule_is_shown_in_full_and_normalised(sdk: Sdk, group: str) -> None:
    given = {**SSH, "IpProtocol": "tcp", "Policy": "accept", "Description": "ssh", "Priority": "5"}
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[given])
    (shown,) = rules(sdk, group)
    assert shown.pop("SecurityGroupRuleId").startswith("sgr-")
    assert shown.pop("CreateTime").endswith("Z")
    used = {name: value for name, value in shown.items() if value != ""}
    assert used == {
        "Direction": "ingress",
        "IpProtocol": "TCP",
        "PortRange": "22/22",
        "SourceCidrIp": "10.0.0.0/8",
        "Policy": "Accept",
        "Priority": 5,
        "NicType": "intranet",
        "Description": "ssh",
    }


def test_the_flat_form_works_too_but_not_both(sdk: Sdk, group: str) -> None:
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, **SSH)
    assert len(rules(sdk, group)) == 1
    both = sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[SSH], **SSH)
    assert both == (400, "InvalidParam.Permissions")
    assert sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=group) == (400, "MissingParameter")


def test_an_existing_rule_is_no_error_and_nothing_is_added(sdk: Sdk, group: str) -> None:
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[SSH])
    (before,) = rules(sdk, group)
    for same in ({**SSH, "IpProtocol": "tcp", "Description": "other"}, {**SSH, "Policy": "Accept", "Priority": "1"}):
        sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[same])
        assert rules(sdk, group) == [before]
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[{**SSH, "Priority": "2"}])
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[{**SSH, "Policy": "drop"}])
    sdk("AuthorizeSecurityGroupEgress", SecurityGroupId=group, Permissions=[{**SSH, "DestCidrIp": "10.0.0.0/8"}])
    assert len(rules(sdk, group)) == 4
    twice = sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[SSH, {**SSH, "Description": "x"}])
    assert twice == (400, "InvalidParam.DuplicatePermissions")
    assert len(rules(sdk, group, Direction="egress")) == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"IpProtocol": "SCTP"}, (400, "InvalidIpProtocol.ValueNotSupported")),
        ({"IpProtocol": None}, (400, "MissingParameter")),
        ({"PortRange": None}, (400, "InvalidPortRange.Malformed")),
        ({"PortRange": "22"}, (400, "InvalidIpProtocol.Malformed")),
        ({"PortRange": "0/22"}, (400, "InvalidParam.PortRange")),
        ({"PortRange": "23/22"}, (400, "InvalidParam.PortRange")),
        ({"PortRange": "22/65536"}, (400, "InvalidParam.PortRange")),
        ({"PortRange": "-1/-1"}, (400, "OperationDenied")),
        ({"IpProtocol": "ICMP"}, (400, "OperationDenied")),
        ({"SourcePortRange": "x"}, (400, "InvalidSourcePortRange.Malformed")),
        ({"SourceCidrIp": None}, (400, "MissingParameter.Source")),
        ({"SourceCidrIp": "10.0.0.0/33"}, (400, "InvalidSourceCidrIp.Malformed")),
        ({"SourceCidrIp": "10.0.0.1/8"}, (400, "InvalidParam.SourceIp")),
        ({"SourceCidrIp": "2001:db8::/32"}, (400, "InvalidSourceCidrIp.Malformed")),
        ({"SourceCidrIp": None, "Ipv6SourceCidrIp": "10.0.0.0/8"}, (400, "ILLEGAL_IPV6_CIDR")),
        ({"Ipv6SourceCidrIp": "2001:db8::/32"}, (400, "InvalidParameter.Conflict")),
        ({"SourceCidrIp": None, "SourceGroupId": "sg-none"}, (404, "InvalidSourceGroupId.NotFound")),
        ({"SourceCidrIp": None, "SourcePrefixListId": "pl-none"}, (404, "InvalidPrefixListId.NotFound")),
        ({"Policy": "maybe"}, (400, "InvalidPolicy.Malformed")),
        ({"Priority": "101"}, (400, "InvalidPriority.ValueNotSupported")),
        ({"Priority": "high"}, (400, "InvalidPriority.Malformed")),
        ({"Description": "x" * 513}, (400, "InvalidSecurityGroupDiscription.Malformed")),
    ],
)
def test_a_bad_rule_is_refused_and_none_of_its_call_is_added(
    sdk: Sdk, group: str, change: dict[str, t.Any], error: tuple[int, str]
) -> None:
    bad = {name: value for name, value in {**SSH, **change}.items() if value is not None}
    good = {**SSH, "PortRange": "80/80"}
    assert sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[good, bad]) == error
    assert rules(sdk, group) == []


def test_two_hundred_rules_fit_and_no_more(sdk: Sdk, group: str) -> None:
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=many(100))
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=many(99, 100))
    full = sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=many(2, 199))
    assert full == (403, "AuthorizationLimitExceed")
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=many(1, 199))
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=many(100))
    first = sdk("DescribeSecurityGroupAttribute", SecurityGroupId=group, MaxResults=150)
    rest = rules(sdk, group, MaxResults=150, NextToken=first["NextToken"])
    assert len(first["Permissions"]["Permission"]) + len(rest) == 200
    sdk.cloud.set("ecs.rule_limit_status", 400)
    assert sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[SSH])[0] == 400


def test_group_rules_are_limited_and_advanced_groups_have_none(sdk: Sdk, vpc: str, group: str) -> None:
    sdk.cloud.set("ecs.group_rules_per_group", 1)
    other = sdk("CreateSecurityGroup", VpcId=vpc)["SecurityGroupId"]
    to_group = {"IpProtocol": "ALL", "PortRange": "-1/-1", "SourceGroupId": other}
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[to_group])
    second = {**to_group, "Priority": "2"}
    limit = sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[second])
    assert limit == (400, "AuthorizedGroupRule.LimitExceed")
    advanced = sdk("CreateSecurityGroup", VpcId=vpc, SecurityGroupType="enterprise")["SecurityGroupId"]
    for rule, code in (
        (to_group, "InvalidGroupParameter.OperationDenied"),
        ({**SSH, "Policy": "drop"}, "InvalidGroupParameter.OperationDenied"),
        ({**SSH, "Priority": "2"}, "InvalidPriority.ValueNotSupported"),
    ):
        assert sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=advanced, Permissions=[rule]) == (400, code)
    sdk("AuthorizeSecurityGroup", SecurityGroupId=advanced, Permissions=[SSH])
    policy = sdk.refused("ModifySecurityGroupPolicy", SecurityGroupId=advanced, InnerAccessPolicy="Accept")
    assert policy == (400, "InvalidParameter.InnerAccessPolicy")
    of_advanced = {**to_group, "SourceGroupId": advanced, "Priority": "4"}
    denied = sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[of_advanced])
    assert denied == (400, "InvalidGroupAuthParameter.OperationDenied")
    elsewhere = sdk("CreateSecurityGroup", VpcId=sdk.network()[0])["SecurityGroupId"]
    mismatch = {**to_group, "SourceGroupId": elsewhere, "Priority": "3"}
    refused = sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[mismatch])
    assert refused == (400, "InvalidSourceGroupId.Mismatch")


def test_revoking_by_id_is_strict_and_by_tuple_lenient(sdk: Sdk, group: str) -> None:
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[SSH, {**SSH, "PortRange": "80/80"}])
    first, second = (rule["SecurityGroupRuleId"] for rule in rules(sdk, group))
    unknown = (400, "InvalidParam.SecurityGroupRuleId")
    ids = [first, "sgr-none"]
    assert sdk.refused("RevokeSecurityGroup", SecurityGroupId=group, SecurityGroupRuleId=ids) == unknown
    assert sdk.refused("RevokeSecurityGroupEgress", SecurityGroupId=group, SecurityGroupRuleId=[first]) == unknown
    assert len(rules(sdk, group)) == 2
    sdk("RevokeSecurityGroup", SecurityGroupId=group, SecurityGroupRuleId=[first])
    assert sdk.refused("RevokeSecurityGroup", SecurityGroupId=group, SecurityGroupRuleId=[first]) == unknown
    sdk("RevokeSecurityGroup", SecurityGroupId=group, Permissions=[SSH])
    assert [rule["SecurityGroupRuleId"] for rule in rules(sdk, group)] == [second]
    web = {**SSH, "PortRange": "80/80", "Description": "whatever", "IpProtocol": "tcp"}
    sdk("RevokeSecurityGroup", SecurityGroupId=group, Permissions=[web])
    assert rules(sdk, group) == []
    both = sdk.refused("RevokeSecurityGroup", SecurityGroupId=group, SecurityGroupRuleId=[second], Permissions=[SSH])
    assert both == (400, "InvalidParam.Permissions")


def test_an_address_and_its_network_of_one_are_the_same_rule(sdk: Sdk, group: str) -> None:
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[{**SSH, "SourceCidrIp": "10.0.0.1"}])
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[{**SSH, "SourceCidrIp": "10.0.0.1/32"}])
    assert len(rules(sdk, group)) == 1


def test_a_rule_is_modified_by_id(sdk: Sdk, group: str) -> None:
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[SSH, {**SSH, "PortRange": "80/80"}])
    before = rules(sdk, group)[0]
    rule = {"SecurityGroupId": group, "SecurityGroupRuleId": before["SecurityGroupRuleId"]}
    sdk("ModifySecurityGroupRule", **rule, Description="new", Priority="7", SourceCidrIp="10.1.0.0/16")
    after = rules(sdk, group)[0]
    assert after == {**before, "Description": "new", "Priority": 7, "SourceCidrIp": "10.1.0.0/16"}
    kind = sdk.refused("ModifySecurityGroupRule", **rule, Ipv6SourceCidrIp="2001:db8::/32")
    assert kind == (400, "InvalidOperation.ModifySgRuleEntityType")
    mismatch = sdk.refused("ModifySecurityGroupRule", **rule, IpProtocol="ICMP")
    assert mismatch == (400, "InvalidParam.ProtocolAndPortRangeMismatch")
    twin = {"Priority": "1", "SourceCidrIp": "10.0.0.0/8", "PortRange": "80/80"}
    assert sdk.refused("ModifySecurityGroupRule", **rule, **twin) == (400, "SecurityGroupRuleConflict")
    unknown = sdk.refused("ModifySecurityGroupRule", SecurityGroupId=group, SecurityGroupRuleId="sgr-none")
    assert unknown == (400, "InvalidParam.SecurityGroupRuleId")


def test_a_rule_is_modified_the_older_way(sdk: Sdk, group: str) -> None:
    outbound = {"IpProtocol": "ALL", "PortRange": "-1/-1", "DestCidrIp": "0.0.0.0/0"}
    sdk("AuthorizeSecurityGroupEgress", SecurityGroupId=group, Permissions=[outbound])
    sdk("ModifySecurityGroupEgressRule", SecurityGroupId=group, **outbound, Description="everything")
    assert rules(sdk, group)[0]["Description"] == "everything"
    other = {**outbound, "DestCidrIp": "10.0.0.0/8"}
    missing = sdk.refused("ModifySecurityGroupEgressRule", SecurityGroupId=group, **other, Description="x")
    assert missing == (404, "SecurityGroupRule.NotFound")


def test_rules_can_name_prefix_lists(sdk: Sdk, group: str) -> None:
    entries = [{"Cidr": "10.0.0.0/8", "Description": "inside"}]
    list_id = sdk("CreatePrefixList", PrefixListName="inside", AddressFamily="IPv4", MaxEntries=5, Entry=entries)[
        "PrefixListId"
    ]
    rule = {"IpProtocol": "TCP", "PortRange": "22/22", "SourcePrefixListId": list_id}
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[rule])
    shown = rules(sdk, group)[0]
    assert (shown["SourcePrefixListId"], shown["SourcePrefixListName"]) == (list_id, "inside")
    (listed,) = sdk("DescribePrefixLists", PrefixListId=[list_id])["PrefixLists"]["PrefixList"]
    assert listed["AssociationCount"] == 1
    assert sdk("DescribePrefixListAttributes", PrefixListId=list_id)["Entries"] == {"Entry": entries}


def test_a_user_may_be_limited_to_one_group(sdk: Sdk, vpc: str, group: str) -> None:
    other = sdk("CreateSecurityGroup", VpcId=vpc)["SecurityGroupId"]
    statement = {"Effect": "Allow", "Action": "ecs:*SecurityGroup*", "Resource": f"acs:ecs:*:*:securitygroup/{group}"}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    sdk("CreatePolicy", product="ram", PolicyName="OneGroup", PolicyDocument=document)
    sdk("CreateUser", product="ram", UserName="ops")
    key = sdk("CreateAccessKey", product="ram", UserName="ops")["AccessKey"]
    sdk("AttachPolicyToUser", product="ram", PolicyType="Custom", PolicyName="OneGroup", UserName="ops")
    ops = Sdk(sdk.cloud, key["AccessKeyId"], key["AccessKeySecret"])
    ops("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[SSH])
    assert ops.refused("AuthorizeSecurityGroup", SecurityGroupId=other, Permissions=[SSH]) == (403, "Forbidden.RAM")
    assert ops.refused("DeleteSecurityGroup", SecurityGroupId=other) == (403, "Forbidden.RAM")
    assert ops.refused("CreateSecurityGroup", VpcId=vpc) == (403, "Forbidden.RAM")


def test_a_group_of_the_classic_network_has_rules_for_two_sides(sdk: Sdk) -> None:
    sdk.cloud.set("ecs.classic_network", True)
    group, other = (sdk("CreateSecurityGroup")["SecurityGroupId"] for _index in range(2))
    inside, about = {**SSH, "NicType": "intranet"}, {**SSH, "SourceCidrIp": None, "SourceGroupId": other}
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[SSH, inside, {**about, "NicType": "intranet"}])
    assert [rule["NicType"] for rule in rules(sdk, group, NicType="internet")] == ["internet"]
    assert [rule["NicType"] for rule in rules(sdk, group)] == ["intranet", "intranet"]
    for bad, error in (
        (about, (400, "InvalidNicType.Mismatch")),
        ({**SSH, "NicType": "eth0"}, (400, "InvalidNicType.ValueNotSupported")),
        ({**SSH, "SourceCidrIp": None, "SourcePrefixListId": "pl-1"}, (403, "InvalidNetworkType.Conflict")),
    ):
        assert sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[bad]) == error


def test_a_peer_s_account_is_given_by_number_or_name(sdk: Sdk, vpc: str, group: str) -> None:
    other = sdk("CreateSecurityGroup", VpcId=vpc)["SecurityGroupId"]
    mine, partner = (account["name"] for account in sdk.cloud.accounts)
    rule = {**SSH, "SourceCidrIp": None, "SourceGroupId": other}
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[{**rule, "SourceGroupOwnerAccount": mine}])
    assert rules(sdk, group)[0]["SourceGroupOwnerAccount"] == sdk.cloud.accounts[0]["account_id"]
    foreign = [{**rule, "SourceGroupOwnerAccount": partner}]
    refused = sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=foreign)
    assert refused == (404, "InvalidSourceGroupId.NotFound")
    refused = sdk.refused("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[{**SSH, "IpProtocol": "132"}])
    assert refused == (400, "InvalidIpProtocol.ValueNotSupported")
    sdk.cloud.set("ecs.protocol_numbers", True)
    sctp = {**SSH, "IpProtocol": "132", "PortRange": "-1/-1"}
    sdk("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[sctp])
    assert rules(sdk, group)[1]["IpProtocol"] == "132"
