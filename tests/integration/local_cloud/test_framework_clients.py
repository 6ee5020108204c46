# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alibaba Cloud's own clients, the current SDK and the older core, can't tell the difference."""

from __future__ import annotations

import json
import typing as t

import pytest
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_ecs20140526.client import Client as Ecs
from alibabacloud_ram20150501 import models as ram
from alibabacloud_ram20150501.client import Client as Ram
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException, ThrottlingException
from alibabacloud_tea_openapi.models import Config
from alibabacloud_trusted_server20200613 import models as trusted
from alibabacloud_trusted_server20200613.client import Client as TrustedServer
from aliyunsdkcore.acs_exception.exceptions import ServerException as OldServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from aliyunsdkecs.request.v20140526.AuthorizeSecurityGroupRequest import AuthorizeSecurityGroupRequest
from aliyunsdkecs.request.v20140526.CreateSecurityGroupRequest import CreateSecurityGroupRequest
from aliyunsdkecs.request.v20140526.DescribeSecurityGroupAttributeRequest import DescribeSecurityGroupAttributeRequest
from aliyunsdkecs.request.v20140526.DescribeSecurityGroupsRequest import DescribeSecurityGroupsRequest
from wire import Wire

from local_cloud.control import LocalCloud


def config(cloud: LocalCloud, **more: t.Any) -> Config:
    return Config(
        access_key_id=cloud.access_key_id,
        access_key_secret=cloud.access_key_secret,
        endpoint=cloud.address,
        protocol="http",
        region_id="cn-hangzhou",
        **more,
    )


def test_the_current_sdk_reads_and_writes(fresh_cloud: LocalCloud) -> None:
    client = Ram(config(fresh_cloud))
    made = client.create_user(ram.CreateUserRequest(user_name="ann", comments="a b+c*d~é"))
    assert made.body.user.comments == "a b+c*d~é"
    assert [user.user_name for user in client.list_users(ram.ListUsersRequest()).body.users.user] == ["ann"]


def test_the_current_sdk_raises_what_it_raises_for_the_real_cloud(fresh_cloud: LocalCloud) -> None:
    client = Ecs(config(fresh_cloud))
    ask = ecs.DescribeInstanceAttributeRequest(instance_id="i-none")
    with pytest.raises(ClientException) as missing:
        client.describe_instance_attribute(ask)
    assert (missing.value.code, missing.value.status_code) == ("InvalidInstanceId.NotFound", 404)
    fresh_cloud.fault("throttling", retry_after_ms=250)
    with pytest.raises(ThrottlingException) as throttled:
        client.describe_instance_attribute(ask)
    assert throttled.value.retry_after == 250
    fresh_cloud.fault("internal_error")
    with pytest.raises(ServerException):
        client.describe_instance_attribute(ask)


def test_the_current_sdk_reads_who_was_denied_what(fresh_cloud: LocalCloud) -> None:
    client = Ram(config(fresh_cloud))
    client.create_user(ram.CreateUserRequest(user_name="ann"))
    key = client.create_access_key(ram.CreateAccessKeyRequest(user_name="ann")).body.access_key
    ann = Config(
        access_key_id=key.access_key_id,
        access_key_secret=key.access_key_secret,
        endpoint=fresh_cloud.address,
        protocol="http",
    )
    with pytest.raises(ClientException) as denied:
        Ram(ann).list_users(ram.ListUsersRequest())
    assert denied.value.access_denied_detail["AuthAction"] == "ram:ListUsers"


def test_the_trusted_server_sdk_signs_the_old_way(fresh_cloud: LocalCloud) -> None:
    with pytest.raises(ClientException) as missing:
        TrustedServer(config(fresh_cloud)).describe_instance(trusted.DescribeInstanceRequest(property_uuid="none"))
    assert "Signature" not in missing.value.code
    assert fresh_cloud.requests(last=1)[0]["operation"] == "trusted-server:DescribeInstance"


def test_the_older_sdk_makes_a_group_and_a_rule(fresh_cloud: LocalCloud, wire: Wire) -> None:
    client = AcsClient(fresh_cloud.access_key_id, fresh_cloud.access_key_secret, "cn-hangzhou")
    fresh_cloud.set("vpc.pending_seconds", 0)
    vpc = wire.v3("vpc", "CreateVpc", RegionId="cn-hangzhou").json["VpcId"]

    def call(request: t.Any, **values: t.Any) -> dict[str, t.Any]:
        request.set_endpoint(fresh_cloud.address)
        request.set_protocol_type("http")
        request.set_accept_format("json")
        for name, value in values.items():
            getattr(request, f"set_{name}")(value)
        answer: dict[str, t.Any] = json.loads(client.do_action_with_exception(request))
        return answer

    tags = [{"Key": "made", "Value": "by the older SDK"}]
    group = call(CreateSecurityGroupRequest(), VpcId=vpc, SecurityGroupName="old-group", Tags=tags)["SecurityGroupId"]
    rule = {"IpProtocol": "tcp", "PortRange": "22/22", "SourceCidrIp": "10.0.0.0/8"}
    call(AuthorizeSecurityGroupRequest(), SecurityGroupId=group, **rule)
    found = call(DescribeSecurityGroupsRequest(), Tags=tags)["SecurityGroups"]["SecurityGroup"]
    assert [each["SecurityGroupId"] for each in found] == [group]
    rules = call(DescribeSecurityGroupAttributeRequest(), SecurityGroupId=group)["Permissions"]["Permission"]
    assert [(each["PortRange"], each["SourceCidrIp"]) for each in rules] == [("22/22", "10.0.0.0/8")]
    with pytest.raises(OldServerException) as missing:
        call(DescribeSecurityGroupAttributeRequest(), SecurityGroupId="sg-none")
    assert (missing.value.get_error_code(), missing.value.get_http_status()) == ("InvalidSecurityGroupId.NotFound", 404)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_older_core_s_common_requests(fresh_cloud: LocalCloud, method: str) -> None:
    client = AcsClient(fresh_cloud.access_key_id, fresh_cloud.access_key_secret, "cn-hangzhou")
    request = CommonRequest(domain=fresh_cloud.address, version="2015-05-01", action_name="ListUsers")
    request.set_method(method)
    request.set_protocol_type("http")
    assert json.loads(client.do_action_with_exception(request))["Users"] == {"User": []}
