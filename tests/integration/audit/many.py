# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account with any number of instances and security groups: one of each by the API, the others copies of those."""

from __future__ import annotations

import time
import typing as t

from audit import account
from modules.harness import Modules

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

Record = dict[str, t.Any]

#: What an audit calls beside pages, however large the account built here is: who calls, one role with its policy and
#: the three share roles, the one image, the lists that are short, the switches, and the numbers of findings.
ONCE = {
    "ecs:DescribeAccountAttributes": 1,
    "ecs:DescribeCloudAssistantSettings": 1,
    "ecs:DescribeImages": 2,
    "ecs:DescribeKeyPairs": 1,
    "kms:DescribeAccountKmsStatus": 1,
    "kms:DescribeKey": 1,
    "kms:ListAliases": 1,
    "kms:ListKeys": 1,
    "ram:GetPolicy": 1,
    "ram:GetRole": 4,
    "ram:ListPolicies": 2,
    "ram:ListPoliciesForRole": 1,
    "sas:DescribeServiceLinkedRoleStatus": 1,
    "sas:DescribeSuspEvents": 1,
    "sas:DescribeVersionConfig": 1,
    "sts:GetCallerIdentity": 1,
    "trusted-server:DescribeEvents": 1,
}
#: How many records are put into the cloud at a time.
_AT_ONCE = 500
#: One instance in so many has a public address.
_PUBLIC = 10
_FLEETS = 20


def build(cloud: LocalCloud, instances: int, groups: int) -> None:
    """Fill an emptied local cloud, past the API where there are many.

    Every instance is in two groups, has two disks and a record of the trusted server. Of the rules of a group some come
    from the world, some from networks, some from another group; one drops, one has no effect.
    """
    for name in ("ecs.pending_seconds", "ecs.starting_seconds"):
        cloud.set(name, 0)
    modules = Modules(cloud)
    modules.run("kms_service")
    modules.run("instance_ram_role", name="trusted-web")
    vpc = modules.run(
        "vpc",
        name="main",
        cidr_block="10.0.0.0/8",
        vswitches=[{"name": "h", "zone_id": "cn-hangzhou-h", "cidr_block": "10.0.0.0/16"}],
    )["vpc"]
    group, peer = (
        modules.run("security_group", name=name, vpc_id=vpc["vpc_id"])["security_group"]["security_group_id"]
        for name in ("pattern", "peer")
    )
    modules.run("sg_rule", security_group_id=group, rules=_rules(peer))
    modules.run(
        "trusted_instance",
        name="pattern",
        image_id=account.IMAGE,
        instance_type="ecs.g7t.large",
        vswitch_id=vpc["vswitches"][0]["vswitch_id"],
        security_group_ids=[group],
        ram_role_name="trusted-web",
        system_disk={"encrypted": True},
        data_disks=[{"size": 40, "encrypted": False}],
        fleet="fleet-00",
        tags={"env": "test"},
    )
    pattern = _Pattern(cloud, groups - 2)
    records = [
        pattern.enrolled(),
        *pattern.groups(),
        *(one for number in range(instances - 1) for one in pattern.instance(number)),
    ]
    for start in range(0, len(records), _AT_ONCE):
        cloud.preload(records[start : start + _AT_ONCE])
    cloud.forget_requests()


def _rules(peer: str) -> list[Record]:
    inward = {"protocol": "tcp", "description": "A rule as there are many"}
    return [
        {**inward, "ports": [80, 443], "cidr": ["0.0.0.0/0", "::/0"]},
        {**inward, "ports": 22, "cidr": [f"203.0.113.{number}" for number in range(1, 9)]},
        {**inward, "ports": 22, "cidr": "203.0.113.0/24"},
        {**inward, "ports": "8000/8099", "group_id": peer},
        {**inward, "ports": 3306, "cidr": "10.0.0.0/8"},
        {**inward, "ports": 3306, "cidr": "10.9.0.0/16", "policy": "drop"},
        {"direction": "egress", "protocol": "all", "cidr": "0.0.0.0/0"},
    ]


class _Pattern:
    """What was made by the API, to be copied."""

    def __init__(self, cloud: LocalCloud, copies: int) -> None:
        (self._instance,) = cloud.resources("instance")
        (self._group,) = (one for one in cloud.resources("security_group") if one["Permissions"])
        (self._interface,) = cloud.resources("eni")
        self._disks = cloud.resources("disk")
        self._account = cloud.account_id
        self._ids = [f"sg-many{number:016}" for number in range(copies)]
        self._reported = time.time() - 300

    def groups(self) -> t.Iterator[Record]:
        """All of them; a rule that names a group names the one before it."""
        for number, id in enumerate(self._ids):
            rules = [self._rule(rule, number, place) for place, rule in enumerate(self._group["Permissions"])]
            own = {"SecurityGroupId": id, "SecurityGroupName": f"group-{number:04}", "Permissions": rules}
            yield self._record("security_group", id, {**self._group, **own})

    def _rule(self, rule: Record, number: int, place: int) -> Record:
        own = {"SecurityGroupRuleId": f"sgr-many{number:08}{place:08}"}
        if rule.get("SourceGroupId"):
            own["SourceGroupId"] = self._ids[number - 1]
        return {**rule, **own}

    def instance(self, number: int) -> t.Iterator[Record]:
        """An instance with all that belongs to it."""
        id, uuid, name = f"i-many{number:016}", f"00000000-0000-4000-8000-{number:012}", f"web-{number:05}"
        address = f"10.0.{number // 250}.{number % 250 + 1}"
        groups = sorted({self._ids[number % len(self._ids)], self._ids[number * 7 % len(self._ids)]})
        fleet = f"fleet-{number % _FLEETS:02}"
        tags = [
            {**one, "TagValue": fleet} if one["TagKey"] == "alitrust.ecs:owner" else one
            for one in self._instance["Tags"]
        ]
        card = f"eni-many{number:014}"
        public = f"198.18.{number // 2500}.{number // _PUBLIC % 250 + 1}" if number % _PUBLIC == 0 else ""
        placed = {"InstanceId": id, "SecurityGroupIds": groups, "PrivateIpAddress": address, "Tags": tags}
        own = {"InstanceName": name, "SerialNumber": uuid, "NetworkInterfaceId": card, "PublicIpAddress": public}
        yield self._record("instance", id, {**self._instance, **placed, **own})
        yield self._record("eni", card, {**self._interface, **placed, "NetworkInterfaceId": card})
        for place, disk in enumerate(self._disks):
            disk_id = f"d-many{number:08}{place:08}"
            yield self._record("disk", disk_id, {**disk, "DiskId": disk_id, "InstanceId": id, "Tags": tags})
        yield account.property_of(self._account, {**placed, **own}, account.TRUSTED, self._reported)

    def enrolled(self) -> Record:
        """What the trusted server knows of the instance that was made by the API."""
        return account.property_of(self._account, self._instance, account.TRUSTED, self._reported)

    def _record(self, kind: str, id: str, data: Record) -> Record:
        return {"kind": kind, "id": id, "region": "cn-hangzhou", "data": data}
