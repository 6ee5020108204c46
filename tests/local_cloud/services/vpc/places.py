# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regions and zones as VPC lists them."""

from __future__ import annotations

import typing as t

from local_cloud import catalogue
from local_cloud.services.vpc.common import Record, check_region, served

if t.TYPE_CHECKING:
    from local_cloud.framework import Call


@served("DescribeRegions")
def describe_regions(call: Call) -> Record:
    english = str(call.get("AcceptLanguage", "zh-CN")).lower().startswith("en")
    regions = [
        {
            "RegionId": region.id,
            "LocalName": region.en if english else region.zh,
            "RegionEndpoint": f"vpc.{region.id}.aliyuncs.com",
        }
        for region in catalogue.regions().values()
    ]
    return {"Regions": {"Region": regions}}


@served("DescribeZones")
def describe_zones(call: Call) -> Record:
    check_region(call)
    region = catalogue.regions()[call.region]
    english = str(call.get("AcceptLanguage", "zh-cn")).lower().startswith("en")
    zones = []
    for zone in region.zones:
        letter = zone.removeprefix(region.id).strip("-").upper()
        local_name = f"{region.en} Zone {letter}" if english else f"{region.zh} 可用区{letter}"
        zones.append({"ZoneId": zone, "LocalName": local_name, "ZoneType": "AvailabilityZone"})
    return {"Zones": {"Zone": zones}}
