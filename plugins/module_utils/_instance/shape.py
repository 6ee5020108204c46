# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How instances look in results and to the planner: one shape everywhere. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import dig
from .._core import tags as tagging
from .families import VTPM_TAG

Instance = dict[str, t.Any]


def instance(item: t.Mapping[str, t.Any], role: str | None = None) -> Instance:
    """The shape of an item of DescribeInstances.

    :param role: name of the instance's RAM role, empty for none, None when it was not read (the item does not tell)
    """
    all_tags = tagging.from_api(dig(item, "Tags.Tag"))
    options = item.get("MetadataOptions") or {}
    private = dig(item, "VpcAttributes.PrivateIpAddress.IpAddress") or dig(item, "InnerIpAddress.IpAddress") or [None]
    public = dig(item, "EipAddress.IpAddress") or (dig(item, "PublicIpAddress.IpAddress") or [None])[0]
    return {
        "instance_id": item["InstanceId"],
        "name": item.get("InstanceName") or "",
        "fleet": all_tags.get(tagging.OWNER_KEY),
        "status": item.get("Status") or "",
        "description": item.get("Description") or "",
        "host_name": item.get("HostName") or "",
        "region_id": item.get("RegionId"),
        "zone_id": item.get("ZoneId"),
        "instance_type": item.get("InstanceType"),
        "image_id": item.get("ImageId"),
        "os_name": item.get("OSNameEn") or item.get("OSName"),
        "os_type": item.get("OSType"),
        "vpc_id": dig(item, "VpcAttributes.VpcId"),
        "vswitch_id": dig(item, "VpcAttributes.VSwitchId"),
        "private_ip": private[0],
        "public_ip": public or None,
        "internet_max_bandwidth_out": item.get("InternetMaxBandwidthOut"),
        "internet_charge_type": item.get("InternetChargeType"),
        "security_group_ids": sorted(dig(item, "SecurityGroupIds.SecurityGroupId") or []),
        "key_name": item.get("KeyPairName") or None,
        "ram_role_name": role,
        "deletion_protection": bool(item.get("DeletionProtection")),
        "http_endpoint": options.get("HttpEndpoint"),
        "http_tokens": options.get("HttpTokens"),
        "secure_boot": dig(item, "SecurityOptions.EnableSecureBoot"),
        "stopped_mode": item.get("StoppedMode"),
        "serial_number": item.get("SerialNumber"),
        "creation_time": item.get("CreationTime"),
        "trusted": {"supports_vtpm": VTPM_TAG in all_tags},
        "tags": tagging.own(all_tags),
    }


def order(one: Instance) -> tuple[str, str]:
    """Sort key: by name, then id."""
    return one["name"], one["instance_id"]
