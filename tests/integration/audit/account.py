# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mixed account on the local cloud: three fleets, some of it right, some of it wrong, one name hostile."""

from __future__ import annotations

import json
import time
import typing as t

from modules.harness import Modules

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

IMAGE = "aliyun_3_x64_20G_uefi_alibase_20240528.vhd"
#: The API would take no such name; what an attacker may get into an account is not known.
HOSTILE = "<script>alert('{{ 1 + 1 }}')</script>\"><img src=x onerror=alert(2)>"
PARTNER = "2345678901234567"

TRUSTED, UNTRUSTED, UNMEASURED = 1, 2, 4


#: What the group of operators may do.
SESSIONS = {
    "Effect": "Allow",
    "Action": "ecs:StartTerminalSession",
    "Resource": "acs:ecs:*:*:instance/*",
    "Condition": {"StringEquals": {"acs:ResourceTag/team": "web"}},
}


def build(cloud: LocalCloud) -> None:
    """Fill an emptied local cloud."""
    modules = Modules(cloud)
    for name in ("ecs.pending_seconds", "ecs.starting_seconds"):
        if name in cloud.settings():
            cloud.set(name, 0)
    door = modules.door()
    modules.run("kms_service")
    key = door.call("kms", "CreateKey", Description="disks")["KeyMetadata"]["KeyId"]
    door.call("kms", "CreateAlias", AliasName="alias/disks", KeyId=key)
    other = door.call("kms", "CreateKey", Description="archive")["KeyMetadata"]["KeyId"]
    door.call("kms", "CreateAlias", AliasName="alias/archive", KeyId=other)
    modules.run("kms_share_role", purpose="disk_encrypt")
    modules.run("kms_share_role", purpose="share_image", account_ids=[PARTNER], kms_key_ids=[key])
    modules.run("kms_share_role", purpose="share_snapshot", account_ids=[PARTNER], service_key=True)
    modules.run("instance_ram_role", name="trusted-web")
    modules.run("instance_ram_role", name="everything", policies=[{"name": "AdministratorAccess", "type": "System"}])
    modules.run("ram_user", name="ann")
    modules.run("ram_policy", name="sessions", document={"Version": "1", "Statement": [SESSIONS]})
    modules.run("ram_group", name="operators", users=["ann"], policies=[{"name": "sessions"}])
    network = modules.run(
        "vpc",
        name="main",
        cidr_block="10.0.0.0/8",
        vswitches=[{"name": "h", "zone_id": "cn-hangzhou-h", "cidr_block": "10.1.0.0/16"}],
    )["vpc"]
    vswitch = network["vswitches"][0]["vswitch_id"]
    groups = _groups(modules, network["vpc_id"])
    modules.run("keypair", name="ops", public_key=_public_key())
    modules.run("keypair", name="left-over", public_key=_public_key())
    common = {
        "image_id": IMAGE,
        "vswitch_id": vswitch,
        "state": "running",
        "tags": {"env": "test"},
        "instance_type": "ecs.g7t.large",
    }
    encrypted = {"encrypted": True, "kms_key_id": key}
    modules.run(
        "trusted_instance",
        **common,
        name="web-[1,3]",
        count=4,
        fleet="web",
        security_group_ids=[groups["web"]],
        ram_role_name="trusted-web",
        key_name="ops",
        http_tokens="required",
        deletion_protection=True,
        system_disk=encrypted,
    )
    modules.run(
        "trusted_instance",
        **common,
        name="app-[1,3]",
        count=3,
        fleet="app",
        security_group_ids=[groups["app"]],
        ram_role_name="everything",
        key_name="ops",
        http_tokens="required",
        system_disk=encrypted,
        data_disks=[{"size": 40, "encrypted": False}],
    )
    modules.run(
        "trusted_instance",
        **common,
        name="db-[1,3]",
        count=2,
        fleet="db",
        security_group_ids=[groups["db"], groups["legacy"]],
        trusted_mode=False,
        http_tokens="optional",
        internet_max_bandwidth_out=5,
        system_disk={"encrypted": False},
    )
    _report(cloud)
    _protect(cloud)


def _groups(modules: Modules, vpc_id: str) -> dict[str, str]:
    kinds: dict[str, dict[str, t.Any]] = {
        "web": {},
        "app": {"inner_access_policy": "drop"},
        "db": {"inner_access_policy": "drop"},
        "legacy": {},
        "forgotten": {},
    }
    made = {
        name: modules.run("security_group", name=name, vpc_id=vpc_id, **options)["security_group"]["security_group_id"]
        for name, options in kinds.items()
    }
    rules: dict[str, list[dict[str, t.Any]]] = {
        "web": [
            {"protocol": "tcp", "ports": [80, 443], "cidr": ["0.0.0.0/0", "::/0"]},
            {"protocol": "tcp", "ports": 22, "cidr": "203.0.113.0/24", "description": "SSH from the office"},
            {"protocol": "tcp", "ports": 22, "cidr": "203.0.113.7", "priority": 10},
        ],
        "app": [
            {"protocol": "tcp", "ports": "8000/8099", "group_id": made["web"]},
            {"protocol": "tcp", "ports": 22, "cidr": "10.0.0.0/8"},
            {"direction": "egress", "protocol": "tcp", "ports": 3306, "group_id": made["db"]},
        ],
        "db": [
            {"protocol": "tcp", "ports": 3306, "group_id": made["app"]},
            {"protocol": "tcp", "ports": 3306, "cidr": "0.0.0.0/0"},
            {"protocol": "tcp", "ports": 3306, "cidr": "198.51.100.0/24", "policy": "drop"},
        ],
        "legacy": [
            {"protocol": "all", "cidr": "0.0.0.0/0", "priority": 50},
            {"protocol": "tcp", "ports": "1/20000", "cidr": "10.0.0.0/8"},
            {"protocol": "icmp", "cidr": "0.0.0.0/0", "priority": 60},
        ],
    }
    for name, wanted in rules.items():
        modules.run("sg_rule", security_group_id=made[name], rules=wanted)
    return made


def _public_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048).public_key()
    return key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


def _report(cloud: LocalCloud) -> None:
    """What the trusted server knows: reports of several ages, one finding, one instance that never reported."""
    hour = 3600
    reports = {
        "web-001": (TRUSTED, 300),
        "web-002": (TRUSTED, 1200),
        "web-003": (TRUSTED, 1700),
        "web-004": (UNTRUSTED, 900),
        "app-001": (TRUSTED, 2400),
        "app-002": (TRUSTED, 9 * hour),
        "app-003": (UNMEASURED, 3 * hour),
        "db-001": (TRUSTED, 40 * hour),
    }
    now = time.time()
    records: list[dict[str, t.Any]] = []
    for instance in cloud.resources("instance", "cn-hangzhou"):
        name = instance["InstanceName"]
        if name in reports:
            status, age = reports[name]
            records.append(property_of(cloud.account_id, instance, status, now - age))
            if status == UNTRUSTED:
                records.append(_event(cloud, instance, now - age))
        if name == "db-002":
            # A name that only somebody who gets around the API's rules could give.
            records.append(
                {**_record("instance", instance["InstanceId"]), "data": {**instance, "InstanceName": HOSTILE}}
            )
    cloud.preload(records)


def _protect(cloud: LocalCloud) -> None:
    """Security Center: its agent on some of the instances, alerts on two of them, one of a hostile name."""
    agents = {"web-001": "online", "web-002": "online", "web-003": "online", "web-004": "online", "app-001": "offline"}
    ids = {one["InstanceName"]: one["InstanceId"] for one in cloud.resources("instance", "cn-hangzhou")}
    for name, state in agents.items():
        cloud.security_center(ids[name], agent=state)
    cloud.security_center(ids["web-004"], alert={"Level": "serious", "AlarmEventNameDisplay": f"Webshell {HOSTILE}"})
    cloud.security_center(ids["web-001"], alert={"Level": "remind", "AlarmEventNameDisplay": "Logon at night"})
    cloud.security_center(ids["web-001"], vulnerability={"Type": "cve"})
    cloud.security_center(ids["web-002"], risk={"Level": "high"})


def _record(kind: str, id: str) -> dict[str, t.Any]:
    return {"kind": kind, "id": id, "region": "cn-hangzhou"}


def property_of(account_id: str, instance: dict[str, t.Any], status: int, reported: float) -> dict[str, t.Any]:
    """What the trusted server knows of an instance that has reported.

    :param status: SystemTrustStatus
    :param reported: when, in seconds since 1970
    """
    uuid = instance["SerialNumber"]
    data = {
        "PropertyUuid": uuid,
        "PropertyName": instance["InstanceName"],
        "InstanceId": instance["InstanceId"],
        "RegionId": "cn-hangzhou",
        "AccountId": account_id,
        "SystemTrustStatus": status,
        "SystemTrustDetail": json.dumps({"pcr": [4]}) if status == UNTRUSTED else "",
        "ProgramTrustStatus": status,
        "GmtRecentReport": int(reported * 1000),
        "GmtCreate": int(reported * 1000),
        "GmtModified": int(reported * 1000),
    }
    return {"kind": "trusted_property", "id": uuid, "data": data, "region": "cn-hangzhou"}


def _event(cloud: LocalCloud, instance: dict[str, t.Any], when: float) -> dict[str, t.Any]:
    data = {
        "EventUuid": f"event-{instance['InstanceId']}",
        "EventType": "1",
        "EventLevel": "3",
        "EventStatus": "0",
        "HandleType": "0",
        "PropertyUuid": instance["SerialNumber"],
        "PropertyName": instance["InstanceName"],
        "Suspect": "PCR 4",
        "AccountId": cloud.account_id,
        "GmtCreate": int(when * 1000),
        "GmtModified": int(when * 1000),
    }
    return {"kind": "trust_event", "id": data["EventUuid"], "data": data, "region": "cn-hangzhou"}
