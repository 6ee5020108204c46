# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metadata service: both modes, every item, and the credentials of the instance's role."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from guest import ROLE, Guest, create_role
from sdk import Sdk

TOKEN = "X_aliyun_ecs_metadata_token"
TTL = "X_aliyun_ecs_metadata_token_ttl_seconds"


@pytest.fixture
def guest(sdk: Sdk) -> Guest:
    """An instance with a role, a key pair and user data."""
    create_role(sdk, "ReadOnlyAccess")
    sdk("CreateKeyPair", KeyPairName="pair")
    return Guest.start(
        sdk,
        RamRoleName=ROLE,
        KeyPairName="pair",
        HostName="guest-1",
        UserData=base64.b64encode(b"#!/bin/sh\necho hello\n").decode(),
    )


def test_items_tell_what_the_api_tells(sdk: Sdk, guest: Guest) -> None:
    shown = sdk.instance(guest.instance_id)
    vpc = sdk("DescribeVpcAttribute", product="vpc", VpcId=shown["VpcAttributes"]["VpcId"])
    vswitch_id = shown["VpcAttributes"]["VSwitchId"]
    vswitch = sdk("DescribeVSwitchAttributes", product="vpc", VSwitchId=vswitch_id)
    interface = shown["NetworkInterfaces"]["NetworkInterface"][0]
    mac = interface["MacAddress"]
    expected = {
        "instance-id": guest.instance_id,
        "hostname": "guest-1",
        "instance/instance-type": shown["InstanceType"],
        "instance/instance-name": shown["InstanceName"],
        "image-id": shown["ImageId"],
        "region-id": "cn-hangzhou",
        "zone-id": shown["ZoneId"],
        "vpc-id": vpc["VpcId"],
        "vpc-cidr-block": vpc["CidrBlock"],
        "vswitch-id": vswitch_id,
        "vswitch-cidr-block": vswitch["CidrBlock"],
        "private-ipv4": guest.address,
        "mac": mac,
        "network-type": "vpc",
        "network/interfaces/macs/": f"{mac}/",
        f"network/interfaces/macs/{mac}/network-interface-id": interface["NetworkInterfaceId"],
        f"network/interfaces/macs/{mac}/netmask": "255.255.255.0",
        f"network/interfaces/macs/{mac}/gateway": "10.0.0.253",
        f"network/interfaces/macs/{mac}/primary-ip-address": guest.address,
        f"network/interfaces/macs/{mac}/private-ipv4s": f'["{guest.address}"]',
        f"network/interfaces/macs/{mac}/vswitch-id": vswitch_id,
        "serial-number": shown["SerialNumber"],
        "owner-account-id": sdk.cloud.account_id,
        "public-keys/": "0/",
        "ram/security-credentials/": ROLE,
    }
    assert {path: guest.metadata(f"meta-data/{path}") for path in expected} == {
        path: (200, value) for path, value in expected.items()
    }
    assert guest.metadata("meta-data/public-keys/0/openssh-key")[1].startswith("ssh-rsa ")
    for path in ("dns-conf/nameservers", "ntp-conf/ntp-servers"):
        assert guest.metadata(f"meta-data/{path}")[0] == 200


def test_directories_list_their_items(guest: Guest) -> None:
    assert guest.metadata("")[1].split("\n") == ["dynamic/", "maintenance/", "meta-data/", "user-data"]
    listed = guest.metadata("meta-data")[1].split("\n")
    assert {"instance-id", "network/", "ram/", "region-id"} <= set(listed)
    assert all(guest.metadata(f"meta-data/{name}")[0] == 200 for name in listed)


def test_an_instance_of_the_classic_network_has_neither_a_vpc_nor_a_role(sdk: Sdk) -> None:
    guest = Guest.start(sdk)
    guest.change(VpcId="", VSwitchId="")
    assert guest.metadata("meta-data/network-type") == (200, "classic")
    for path in ("vpc-id", "vswitch-id", "network/interfaces/macs/"):
        assert guest.metadata(f"meta-data/{path}")[0] == 404, path
    ids = json.dumps([guest.instance_id])
    refused = sdk.refused("AttachInstanceRamRole", RamRoleName=create_role(sdk), InstanceIds=ids)
    assert refused == (403, "InvalidNetworkType.MismatchRamRole")


def test_user_data_is_given_as_it_was_meant(guest: Guest) -> None:
    assert guest.metadata("user-data") == (200, "#!/bin/sh\necho hello\n")


def test_identity_document_is_signed(guest: Guest) -> None:
    document = json.loads(guest.metadata("dynamic/instance-identity/document")[1])
    assert (document["instance-id"], document["private-ipv4"]) == (guest.instance_id, guest.address)
    signed = base64.b64decode(guest.metadata("dynamic/instance-identity/pkcs7")[1])
    assert guest.instance_id.encode() in signed


def test_what_there_is_not_is_not_found(sdk: Sdk) -> None:
    guest = Guest.start(sdk)
    for path in (
        *("user-data", "meta-data/nothing", "meta-data/instance-id/more", "meta-data/ram/security-credentials/"),
        *("meta-data/public-keys/", "meta-data/eipv4", "meta-data/instance/spot/termination-time"),
    ):
        assert guest.metadata(path)[0] == 404, path


def test_only_a_running_instance_is_answered(guest: Guest) -> None:
    stranger = Guest(guest.sdk, guest.instance_id, "127.0.1.77")
    assert stranger.metadata("meta-data/instance-id")[0] == 404
    guest.change(Status="Stopped")
    assert guest.metadata("meta-data/instance-id")[0] == 404


def test_token_opens_the_hardened_mode(guest: Guest) -> None:
    guest.change(MetadataOptions={**guest.record["MetadataOptions"], "HttpTokens": "required"})
    assert guest.metadata("meta-data/instance-id")[0] == 403
    token = guest.token(60)
    assert guest.metadata("meta-data/instance-id", **{TOKEN: token}) == (200, guest.instance_id)
    guest.sdk.cloud.clock_advance(61)
    assert guest.metadata("meta-data/instance-id", **{TOKEN: token})[0] == 401


def test_bad_token_is_refused_in_both_modes(sdk: Sdk, guest: Guest) -> None:
    other = Guest.start(sdk, 2)
    expiry, _mark, proof = guest.token(60).partition(".")
    for bad in ("", "x", f"{int(expiry, 16) + 999:x}.{proof}", other.token()):
        assert guest.metadata("meta-data/instance-id", **{TOKEN: bad})[0] == 401


@pytest.mark.parametrize("ttl", ["0", "21601", "-1", "x", "", "1e3"])
def test_lifetime_of_a_token_has_limits(guest: Guest, ttl: str) -> None:
    assert guest.metadata("api/token", "PUT", **{TTL: ttl})[0] == 400
    assert guest.metadata("api/token", "PUT")[0] == 400
    assert guest.metadata("api/token", "PUT", **{TTL: "21600"})[0] == 200


def test_token_is_not_given_through_a_proxy(guest: Guest) -> None:
    assert guest.metadata("api/token", "PUT", **{TTL: "60"}, X_Forwarded_For="10.0.0.1")[0] == 403


def test_disabled_service_is_silent(guest: Guest) -> None:
    guest.change(MetadataOptions={**guest.record["MetadataOptions"], "HttpEndpoint": "disabled"})
    assert guest.metadata("meta-data/instance-id")[0] == 403
    assert guest.metadata("api/token", "PUT", **{TTL: "60"})[0] == 403


def test_options_follow_the_api(sdk: Sdk, guest: Guest) -> None:
    options = {"InstanceId": guest.instance_id, "HttpEndpoint": "enabled", "HttpTokens": "required"}
    sdk("ModifyInstanceMetadataOptions", **options)
    assert guest.metadata("meta-data/instance-id")[0] == 403


def credentials(guest: Guest) -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads(guest.metadata(f"meta-data/ram/security-credentials/{ROLE}")[1])
    return found


def caller(guest: Guest) -> Sdk:
    """The SDK with the credentials of the instance's role."""
    found = credentials(guest)
    return Sdk(guest.sdk.cloud, found["AccessKeyId"], found["AccessKeySecret"], found["SecurityToken"])


def test_credentials_work_for_what_the_role_may(sdk: Sdk, guest: Guest) -> None:
    found = credentials(guest)
    assert found["Code"] == "Success"
    assert found["LastUpdated"] < found["Expiration"]
    instance = caller(guest)
    assert instance("DescribeRegions")
    identity = instance("GetCallerIdentity", product="sts")
    assert identity["Arn"].endswith(f"/{guest.instance_id}")
    assert instance.refused("CreateRole", product="ram", RoleName="x", AssumeRolePolicyDocument="{}") == (
        403,
        "NoPermission",
    )


def test_credentials_are_renewed_before_they_expire(guest: Guest) -> None:
    first = credentials(guest)
    guest.sdk.cloud.clock_advance(5 * 3600)
    assert credentials(guest) == first
    guest.sdk.cloud.clock_advance(1801)
    second = credentials(guest)
    assert second["Expiration"] > first["Expiration"]
    old = Sdk(guest.sdk.cloud, first["AccessKeyId"], first["AccessKeySecret"], first["SecurityToken"])
    assert old("DescribeRegions")  # until it expires


def test_credentials_go_with_the_role(sdk: Sdk, guest: Guest) -> None:
    sdk("DetachPolicyFromRole", product="ram", RoleName=ROLE, PolicyName="ReadOnlyAccess", PolicyType="System")
    sdk("DeleteRole", product="ram", RoleName=ROLE)
    assert guest.metadata("meta-data/ram/security-credentials/")[0] == 404


def test_role_that_ecs_may_no_longer_assume_gives_nothing(sdk: Sdk, guest: Guest) -> None:
    trust = json.dumps(
        {
            "Version": "1",
            "Statement": [
                {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["fc.aliyuncs.com"]}}
            ],
        }
    )
    sdk("UpdateRole", product="ram", RoleName=ROLE, NewAssumeRolePolicyDocument=trust)
    assert guest.metadata(f"meta-data/ram/security-credentials/{ROLE}")[0] == 404


def test_tokens_and_credentials_outlive_the_server(sdk: Sdk, guest: Guest) -> None:
    """In a restart nothing is lost that an instance was given; here: what a new server would read is in the store."""
    token, first = guest.token(), credentials(guest)
    kept = sdk.cloud.resources("metadata_credentials")
    assert [item["AccessKeyId"] for item in kept] == [first["AccessKeyId"]]
    assert guest.metadata("meta-data/instance-id", **{TOKEN: token})[0] == 200
