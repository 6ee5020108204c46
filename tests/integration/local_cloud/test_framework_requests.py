# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests are what the SDK's models and the API's description say, and answers have the documented envelope."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from wire import Wire

from local_cloud.control import LocalCloud

REGION = {"RegionId": "cn-hangzhou"}


@pytest.mark.parametrize(
    ("action", "params", "code", "says"),
    [
        ("DescribeInstances", {"Colour": "red"}, "InvalidParameter", '"Colour"'),
        ("DescribeInstances", {"Tag.1.Colour": "red"}, "InvalidParameter", '"Tag.1.Colour"'),
        ("DescribeInstances", {"PageSize": "many"}, "InvalidParameter", "expected an integer, not 'many'"),
        ("DescribeInstances", {"DryRun": "perhaps"}, "InvalidParameter", "expected true or false"),
        ("DescribeInstances", {"Tag": "x"}, "InvalidParameter", "Tag.1, Tag.2"),
        ("DescribeInstances", {"Tag.0.Key": "x"}, "InvalidParameter", '"Tag.0"'),
        ("DescribeInstances", {"Tag.x.Key": "x"}, "InvalidParameter", '"Tag.x"'),
        ("DescribeInstances", {"Status.1": "Running"}, "InvalidParameter", "Status is a single value"),
        ("DescribeInstances", {"Status": "Sleeping"}, "InvalidStatus.NotFound", "Pending, Running"),
        ("RunInstances", {"Amount": "101"}, "InvalidParameter", "1 to 100, not 101"),
        ("RunInstances", {"SpotPriceLimit": "cheap"}, "InvalidParameter", "expected a number"),
        ("RunInstances", {"SystemDisk": "big"}, "InvalidParameter", "SystemDisk.Size"),
        ("RunInstances", {"InstanceName": "x"}, "InvalidInstanceName.Malformed", "2 to 128"),
        ("RunInstances", {"ClientToken": "x" * 65}, "InvalidClientToken.ValueNotSupported", "64"),
        ("CreateSecurityGroup", {"ClientToken": "é"}, "InvalidParameter", "ASCII"),
        ("DescribeInstanceStatus", {"PageSize": "51"}, "InvalidParameter", "1 to 50"),
        ("RevokeSecurityGroup", {"SecurityGroupId": ""}, "MissingParameter", '"SecurityGroupId"'),
        ("StopInstances", {}, "MissingParameter", '"InstanceId"'),
        ("StopInstances", {f"InstanceId.{n}": "i-1" for n in range(1, 102)}, "InvalidParameter", "100 items at most"),
    ],
)
def test_a_bad_parameter_is_named_with_what_was_expected(
    wire: Wire, action: str, params: dict[str, str], code: str, says: str
) -> None:
    reply = wire.v3("ecs", action, **REGION, **params)
    assert reply.code == code, reply.json
    assert says in reply.json["Message"]


def test_an_absent_region_is_missing(wire: Wire) -> None:
    reply = wire.v3("ecs", "DescribeInstances")
    assert (reply.status, reply.code) == (400, "MissingParameter")
    assert reply.json["Message"] == (
        'The input parameter "RegionId" that is mandatory for processing this request is not supplied.'
    )


def test_unknown_parameters_can_be_ignored_as_the_real_gateway_does(fresh_cloud: LocalCloud, wire: Wire) -> None:
    for unknown in ({"Colour": "red"}, {"Tag.1.Colour": "red"}):
        refused = wire.v3("ecs", "DescribeInstances", **REGION, **unknown)
        assert refused.code == "InvalidParameter"
        assert "setting unknown_parameters=ignore" in refused.json["Message"]
    fresh_cloud.set("unknown_parameters", "ignore")
    assert wire.v3("ecs", "DescribeInstances", **REGION, Colour="red", **{"Tag.1.Colour": "red"}).status == 200


def test_what_other_clients_send_is_taken_too(wire: Wire) -> None:
    """Small-letter booleans and tag keys, owner parameters, gaps in a list, empty numbers, a region for RAM."""
    ok = wire.v3(
        "ecs",
        "DescribeInstances",
        **REGION,
        **{"Tag.1.key": "a", "Tag.7.Value": "b", "Tag.7.Key": "c", "PageSize": "", "OwnerId": "1", "OwnerAccount": "a"},
    )
    assert ok.status == 200, ok.json
    assert wire.v3("ram", "ListUsers", **REGION, AcceptLanguage="en-US").status == 200
    assert wire.v3("ram", "ListRoles", **{"Tag.1.Key": "a", "Tag.1.Value": "b"}).status == 200
    vpc = wire.v3("vpc", "CreateVpc", **REGION, DryRun="true")
    assert vpc.code == wire.v3("vpc", "CreateVpc", **REGION, DryRun="True").code == "DryRunOperation"


def test_an_error_has_the_documented_envelope(wire: Wire) -> None:
    reply = wire.v3("ecs", "DescribeInstanceAttribute", InstanceId="i-none")
    assert reply.status == 404
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", reply.json["RequestId"])
    assert reply.json == {
        "RequestId": reply.json["RequestId"],
        "HostId": wire.address,
        "Code": "InvalidInstanceId.NotFound",
        "Message": reply.json["Message"],
        "Recommend": "https://api.aliyun.com/troubleshoot?q=InvalidInstanceId.NotFound&product=Ecs&requestId="
        + reply.json["RequestId"],
    }
    assert reply.headers["content-type"] == "application/json;charset=utf-8"


def test_kms_adds_the_http_status(wire: Wire) -> None:
    reply = wire.v3("kms", "DescribeKey", KeyId="none")
    assert reply.json["HttpStatus"] == reply.status


def test_rpc_answers_in_xml_unless_json_is_asked_for(wire: Wire) -> None:
    wire.v3("ram", "CreateUser", UserName="ann")
    wire.v3("ram", "CreateUser", UserName="bob", Comments="<&>")
    reply = wire.rpc("ram", "ListUsers")
    assert reply.headers["content-type"] == "text/xml;charset=utf-8"
    root = ET.fromstring(reply.body)
    assert root.tag == "ListUsersResponse"
    assert [user.findtext("UserName") for user in root.findall("Users/User")] == ["ann", "bob"]
    assert root.findtext("Users/User[2]/Comments") == "<&>"
    assert root.findtext("IsTruncated") == "false"
    assert root.findtext("RequestId")
    assert wire.rpc("ram", "ListUsers", Format="json").json["Users"]["User"][0]["UserName"] == "ann"


def test_rpc_errors_are_xml_too(wire: Wire) -> None:
    reply = wire.rpc("ecs", "DescribeInstanceAttribute", InstanceId="i-none")
    root = ET.fromstring(reply.body)
    assert (reply.status, root.tag, root.findtext("Code")) == (404, "Error", "InvalidInstanceId.NotFound")
    assert {element.tag for element in root} >= {"RequestId", "HostId", "Code", "Message"}


def test_v3_answers_in_xml_when_asked(wire: Wire) -> None:
    assert wire.v3("ram", "ListUsers", Format="XML").body.startswith(b"<?xml")


def test_a_long_query_passes(wire: Wire) -> None:
    """A hundred rules, or 32 KB of user data, travel in the query string."""
    reply = wire.v3("ecs", "RunInstances", **REGION, UserData="QUFB+/" * 10000)
    assert reply.code not in (None, "SignatureDoesNotMatch"), reply.json


def test_the_request_log_counts_and_hides_secrets(fresh_cloud: LocalCloud, wire: Wire) -> None:
    wire.v3("ecs", "DescribeInstances", **REGION)
    wire.v3("ecs", "DescribeInstances", **REGION)
    wire.v3("ecs", "RunInstances", **REGION, Password="Sesame-1234", ClientToken="t")
    partner = fresh_cloud.accounts[1]
    other = Wire(wire.address, partner["access_key_id"], partner["access_key_secret"])
    other.v3("ecs", "DescribeInstances", **REGION)

    assert fresh_cloud.counts() == {"ecs:DescribeInstances": 3, "ecs:RunInstances": 1}
    assert fresh_cloud.counts(other.access_key_id) == {"ecs:DescribeInstances": 1}
    run = fresh_cloud.requests(access_key_id=wire.access_key_id)[-1]
    assert run["params"]["Password"] == "***"
    assert run["params"]["ClientToken"] == "t"
    assert (run["operation"], run["status"], run["code"]) == ("ecs:RunInstances", 400, "MissingParameter")
    fresh_cloud.forget_requests()
    assert fresh_cloud.counts() == {}


def test_a_regional_host_name_says_the_region(wire: Wire) -> None:
    wire.host = "ecs.cn-beijing.aliyuncs.com"
    zones = wire.v3("ecs", "DescribeZones").json["Zones"]["Zone"]
    assert {zone["ZoneId"].rpartition("-")[0] for zone in zones} == {"cn-beijing"}
    wire.host = "vpc.cn-beijing.aliyuncs.com"
    assert wire.v3("vpc", "DescribeVpcs", RegionId="").json["TotalCount"] == 0
    wire.host = "ecs.aliyuncs.com"
    assert wire.v3("ecs", "DescribeZones").code == "MissingParameter"


@pytest.mark.parametrize(
    ("product", "action", "params"),
    [
        ("ecs", "DescribeInstances", {"InstanceIds": "['i-1', 'i-2']"}),
        ("ecs", "DescribeInstances", {"PrivateIpAddresses": "['10.0.0.1']"}),
        ("ecs", "DescribeSecurityGroups", {"SecurityGroupIds": "['sg-1']"}),
        ("ecs", "DescribeDisks", {"DiskIds": "[]"}),
        ("ram", "ListRoles", {"Tag": "[{'Key': 'a', 'Value': 'b'}]"}),
    ],
)
def test_json_with_single_quotes_is_taken_unless_set_otherwise(
    fresh_cloud: LocalCloud, wire: Wire, product: str, action: str, params: dict[str, str]
) -> None:
    region = REGION if product == "ecs" else {}
    assert wire.v3(product, action, **region, **params).status == 200
    for half in ("['a', \"b\"]", "['a'", "'a'"):
        assert wire.v3(product, action, **region, **dict.fromkeys(params, half)).status == 400
    fresh_cloud.set("json_single_quotes", "refuse")
    expected = 400 if "'" in str(*params.values()) else 200
    assert wire.v3(product, action, **region, **params).status == expected


def test_the_name_of_an_operation_may_have_other_capitals(fresh_cloud: LocalCloud, wire: Wire) -> None:
    assert wire.rpc("ecs", "DescribeVrouters", Format="JSON", **REGION).status == 200
    assert fresh_cloud.counts() == {"ecs:DescribeVRouters": 1}
    fresh_cloud.set("action_case", "exact")
    assert wire.rpc("ecs", "DescribeVrouters", Format="JSON", **REGION).code == "InvalidAction.NotFound"
