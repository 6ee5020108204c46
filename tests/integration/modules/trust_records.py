# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts and findings put straight into the trusted server of the local cloud, which gives none without evidence."""

from __future__ import annotations

import time
import typing as t

if t.TYPE_CHECKING:
    from modules.harness import Modules

Record = dict[str, t.Any]


def fleet(modules: Modules, amount: int, name: str = "web") -> list[Record]:
    """New running instances of a fleet, as the local cloud stores them, by name."""
    door = modules.door()
    modules.run("kms_service")
    modules.run("instance_ram_role", name="reporter")
    vpc = door.call("vpc", "CreateVpc", CidrBlock="172.21.0.0/16")["VpcId"]
    modules.cloud.clock_advance(10)
    zone = "cn-hangzhou-h"
    vswitch = door.call("vpc", "CreateVSwitch", VpcId=vpc, CidrBlock="172.21.0.0/20", ZoneId=zone)["VSwitchId"]
    modules.cloud.clock_advance(10)
    group = door.call("ecs", "CreateSecurityGroup", VpcId=vpc)["SecurityGroupId"]
    door.call(
        "ecs",
        "RunInstances",
        ImageId="aliyun_3_x64_20G_uefi_alibase_20240528.vhd",
        InstanceType="ecs.g7t.large",
        VSwitchId=vswitch,
        SecurityGroupId=group,
        InstanceName=f"{name}-[1,3]",
        Amount=amount,
        RamRoleName="reporter",
        SystemDisk={"Category": "cloud_essd"},
        SecurityOptions={"TrustedSystemMode": "vTPM"},
        Tag=[{"Key": "alitrust.ecs:owner", "Value": name}],
    )
    modules.cloud.clock_advance(60)
    modules.cloud.forget_requests()
    found = modules.cloud.resources("instance")
    return sorted((one for one in found if one["InstanceName"].startswith(name)), key=lambda one: one["InstanceName"])


def report(modules: Modules, instance: Record, system: int = 1, *, age: float = 60.0, **more: t.Any) -> None:
    """Let an instance be known to have reported C(age) seconds ago, with this SystemTrustStatus."""
    modules.cloud.preload([report_record(modules, instance, system, age=age, **more)])


def report_record(modules: Modules, instance: Record, system: int = 1, *, age: float = 60.0, **more: t.Any) -> Record:
    """What :func:`report` puts into the trusted server."""
    moment = int((time.time() - age) * 1000)
    data = {
        "PropertyUuid": instance["SerialNumber"],
        "PropertyName": instance["InstanceName"],
        "SystemTrustStatus": system,
        "ProgramTrustStatus": system,
        "GmtCreate": moment,
        "GmtModified": moment,
        "GmtRecentReport": moment,
        "InstanceId": instance["InstanceId"],
        "RegionId": "cn-hangzhou",
        "AccountId": modules.cloud.account_id,
        **more,
    }
    return {"kind": "trusted_property", "id": data["PropertyUuid"], "data": data, "region": "cn-hangzhou"}


def found(modules: Modules, number: int, instance: Record, suspect: str = "PCR 9", **more: t.Any) -> str:
    """Let the trusted server have found something; returns the finding's id."""
    record = found_record(modules, number, instance, suspect, **more)
    modules.cloud.preload([record])
    return str(record["id"])


def found_record(modules: Modules, number: int, instance: Record, suspect: str = "PCR 9", **more: t.Any) -> Record:
    """What :func:`found` puts into the trusted server."""
    data = {
        "EventUuid": f"e{number:03}",
        "EventType": "1",
        "EventLevel": "3",
        "EventStatus": "0",
        "HandleType": "0",
        "PropertyUuid": instance["SerialNumber"],
        "PropertyName": instance["InstanceName"],
        "Suspect": suspect,
        "GmtCreate": 1_769_833_200_000 + 60_000 * number,
        "AccountId": modules.cloud.account_id,
        **more,
    }
    return {"kind": "trust_event", "id": data["EventUuid"], "data": data}
