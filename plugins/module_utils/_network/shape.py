# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VPC and its vSwitches as results show them. Private."""

from __future__ import annotations

import typing as t

from .._core import tags

Item = t.Mapping[str, t.Any]


def vpc(item: Item, vswitches: t.Iterable[Item]) -> dict[str, t.Any]:
    """From an item of DescribeVpcs and the items of DescribeVSwitches."""
    return {
        "vpc_id": str(item["VpcId"]),
        "name": str(item.get("VpcName") or ""),
        "cidr_block": str(item.get("CidrBlock") or ""),
        "status": str(item.get("Status") or ""),
        "tags": _tags(item),
        "vswitches": sorted((vswitch(one) for one in vswitches), key=lambda one: (one["name"], one["vswitch_id"])),
    }


def vswitch(item: Item) -> dict[str, t.Any]:
    return {
        "vswitch_id": str(item["VSwitchId"]),
        "name": str(item.get("VSwitchName") or ""),
        "zone_id": str(item.get("ZoneId") or ""),
        "cidr_block": str(item.get("CidrBlock") or ""),
        "vpc_id": str(item.get("VpcId") or ""),
        "available_ip_address_count": int(item.get("AvailableIpAddressCount") or 0),
        "status": str(item.get("Status") or ""),
        "tags": _tags(item),
    }


def _tags(item: Item) -> dict[str, str]:
    return tags.own(tags.from_api((item.get("Tags") or {}).get("Tag")))
