# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trusted server: who may speak for an instance, and what users are told. Evidence: test_attestation.py."""

from __future__ import annotations

import json

import pytest
from alibabacloud_trusted_server20200613 import models
from guest import ROLE, Guest, create_role
from people import other_account, ram_user
from sdk import Sdk
from shapes import problems
from wire import Reply, Wire

POLICY = "AliyunECSInstanceForYundunSysTrustRolePolicy"


@pytest.fixture
def guest(sdk: Sdk) -> Guest:
    """An instance with the role that the trusted server needs."""
    create_role(sdk, POLICY)
    return Guest.start(sdk, RamRoleName=ROLE)


def ask(caller: Wire, action: str, **params: str) -> Reply:
    """Call the trusted server as its SDK does, and check the shape of what succeeds."""
    caller.method, caller.form = "POST", True
    reply = caller.rpc("trusted-server", action, Format="JSON", **params)
    if reply.status == 200:
        assert problems(models, action, reply.json) == []
    return reply


def refusal(caller: Wire, action: str, **params: str) -> tuple[int, str | None]:
    reply = ask(caller, action, **params)
    return reply.status, reply.code


def instance_caller(guest: Guest) -> Wire:
    """Who calls with the credentials from the instance's metadata."""
    found = json.loads(guest.metadata(f"meta-data/ram/security-credentials/{guest.record['_RamRoleName']}")[1])
    return Wire(guest.sdk.cloud.address, found["AccessKeyId"], found["AccessKeySecret"], found["SecurityToken"])


def enrol(guest: Guest) -> tuple[Wire, str]:
    """Enrol the instance; its caller and its PropertyUuid."""
    caller, uuid = instance_caller(guest), str(guest.record["SerialNumber"])
    enrolled = ask(
        caller,
        "RegisterMessage",
        PropertyUuid=uuid,
        PropertyName="one",
        PropertyPrivateIp=guest.address,
        InstanceId=guest.instance_id,
        PropertyAffiliation="0",
    )
    assert enrolled.status == 200
    return caller, uuid


def test_instance_enrols(guest: Guest, wire: Wire) -> None:
    _caller, uuid = enrol(guest)
    shown = ask(wire, "DescribeInstance", PropertyUuid=uuid).json
    assert (shown["PropertyName"], shown["OnlineStatus"], shown["GmtRecentReport"]) == ("one", 0, 0)
    assert (shown["SystemTrustStatus"], shown["ProgramTrustStatus"]) == (4, 4)
    assert shown["SystemTrustDetail"] == "no report yet"
    assert refusal(wire, "DescribeBoot", PropertyUuid=uuid) == (404, "BootMeasurement.NotFound")


def test_status_of_the_trusted_is_not_to_be_had_by_a_setting(sdk: Sdk) -> None:
    with pytest.raises(Exception, match="one of 0, 2, 3, 4"):
        sdk.cloud.set("trusted_server.unmeasured_status", 1)


def test_instance_speaks_for_itself_only(sdk: Sdk, guest: Guest) -> None:
    other = Guest.start(sdk, 2, RamRoleName=ROLE)
    _caller, uuid = enrol(guest)
    stranger = instance_caller(other)
    for action, params in (
        ("RegisterMessage", {}),
        ("PutMessage", {"FileData": "e30="}),
        ("GenerateNonce", {"AikName": "a", "EkCert": "c", "EkPub": "p"}),
    ):
        assert refusal(stranger, action, PropertyUuid=uuid, **params) == (403, "Forbidden.OtherInstance")
    own = str(other.record["SerialNumber"])
    wrong_id = refusal(stranger, "RegisterMessage", PropertyUuid=own, InstanceId=guest.instance_id)
    assert wrong_id == (403, "Forbidden.OtherInstance")
    assert refusal(stranger, "UnregisterMessage", Properties=uuid)[0] == 403


def test_nobody_but_an_instance_reports(sdk: Sdk, guest: Guest, wire: Wire) -> None:
    _caller, uuid = enrol(guest)
    user = ram_user(sdk, "mallory", "AdministratorAccess")
    for caller in (wire, Wire(sdk.cloud.address, user.access_key_id, user.access_key_secret)):
        assert refusal(caller, "PutMessage", PropertyUuid=uuid, FileData="e30=") == (403, "Forbidden.NotInstance")
        assert refusal(caller, "RegisterMessage", PropertyUuid=uuid) == (403, "Forbidden.NotInstance")


def test_session_with_an_instances_name_is_not_the_instance(sdk: Sdk, guest: Guest) -> None:
    _caller, uuid = enrol(guest)
    trust = {"RAM": [f"acs:ram::{sdk.cloud.account_id}:root"], "Service": ["ecs.aliyuncs.com"]}
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": trust}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    role = sdk("UpdateRole", product="ram", RoleName=ROLE, NewAssumeRolePolicyDocument=document)["Role"]
    user = ram_user(sdk, "mallory", "AliyunSTSAssumeRoleAccess")
    given = user("AssumeRole", product="sts", RoleArn=role["Arn"], RoleSessionName=guest.instance_id)["Credentials"]
    pretender = Wire(sdk.cloud.address, given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"])
    assert refusal(pretender, "PutMessage", PropertyUuid=uuid, FileData="e30=") == (403, "Forbidden.NotInstance")


def test_role_needs_the_permissions(sdk: Sdk, guest: Guest) -> None:
    caller, uuid = enrol(guest)
    sdk("DetachPolicyFromRole", product="ram", RoleName=ROLE, PolicyName=POLICY, PolicyType="System")
    assert refusal(caller, "PutMessage", PropertyUuid=uuid, FileData="e30=") == (403, "Forbidden.RAM")


def test_role_that_was_detached_no_longer_reports(sdk: Sdk, guest: Guest) -> None:
    caller, uuid = enrol(guest)
    sdk("DetachInstanceRamRole", InstanceIds=json.dumps([guest.instance_id]))
    assert refusal(caller, "PutMessage", PropertyUuid=uuid, FileData="e30=") == (403, "Forbidden.NotInstance")


def test_enrolment_is_needed_and_can_end(guest: Guest, wire: Wire) -> None:
    caller, uuid = instance_caller(guest), str(guest.record["SerialNumber"])
    unknown = (404, "InvalidPropertyUuid.NotFound")
    assert refusal(caller, "PutMessage", PropertyUuid=uuid, FileData="e30=") == unknown
    assert refusal(wire, "DescribeInstance", PropertyUuid=uuid) == unknown
    enrol(guest)
    assert ask(wire, "UnregisterMessage", Properties=json.dumps([uuid])).status == 200
    assert refusal(wire, "DescribeInstance", PropertyUuid=uuid) == unknown


def test_other_accounts_see_nothing(sdk: Sdk, guest: Guest) -> None:
    _caller, uuid = enrol(guest)
    _id, other = other_account(sdk)
    stranger = Wire(sdk.cloud.address, other.access_key_id, other.access_key_secret)
    assert refusal(stranger, "DescribeInstance", PropertyUuid=uuid) == (404, "InvalidPropertyUuid.NotFound")
    assert ask(stranger, "DescribeEvents").json["TotalCount"] == 0


def test_property_uuid_can_be_the_instance_id(guest: Guest) -> None:
    guest.sdk.cloud.set("trusted_server.property_uuid", "InstanceId")
    caller = instance_caller(guest)
    assert ask(caller, "RegisterMessage", PropertyUuid=guest.instance_id).status == 200


def test_events_are_found_and_handled(sdk: Sdk, wire: Wire) -> None:
    events = [
        {
            "EventUuid": f"e{number}",
            "EventType": "1",
            "EventLevel": str(number),
            "EventStatus": "0",
            "PropertyUuid": f"u{number}",
            "Suspect": "PCR 8",
            "GmtCreate": 1000 * number,
            "AccountId": sdk.cloud.account_id,
        }
        for number in range(3)
    ]
    sdk.cloud.preload([{"kind": "trust_event", "id": event["EventUuid"], "data": event} for event in events])

    def found(**filters: str) -> list[str]:
        return [item["EventUuid"] for item in ask(wire, "DescribeEvents", **filters).json["Items"]]

    assert found() == ["e0", "e1", "e2"]
    assert found(EventLevel="1") == ["e1"]
    assert found(PropertyUuid="u2") == ["e2"]
    assert found(CreateStartDate="1000", CreateEndDate="1500") == ["e1"]
    assert found(PageSize="2", CurrentPage="2") == ["e2"]
    assert ask(wire, "TrustEvents", EventUuids='["e0"]', HandleStyle="1").status == 200
    assert ask(wire, "IgnoreEvents", EventUuids="e1,e2", HandleStyle="2").status == 200
    assert found(EventStatus="0") == []
    assert found(HandleType="2") == ["e1", "e2"]
    assert refusal(wire, "TrustEvents", EventUuids="no") == (404, "InvalidEventUuid.NotFound")
