# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be bought where: regions, zones, instance types, stock."""

from __future__ import annotations

from local_cloud import catalogue
from local_cloud.catalogue import InstanceType
from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import Record, ecs, page_token
from local_cloud.services.ecs.launch import no_stock
from local_cloud.services.ecs.network import interfaces_of_type
from local_cloud.services.ecs.trusted import secure_boot_support


def _local(call: Call, chinese: str, english: str) -> str:
    return english if (call.get("AcceptLanguage") or "zh-CN").lower().startswith("en") else chinese


def sold_in(zone_id: str) -> list[InstanceType]:
    """The instance types that a zone sells, sold out or not."""
    return [kind for kind in catalogue.instance_types().values() if zone_id not in kind.not_in]


@ecs("DescribeRegions")
def describe_regions(call: Call) -> Record:
    known = ("instance", "disk", "reservedinstance", "natgateway", "eip", "vpc", "bandwidthpackage", "loadbalancer")
    if call.get("ResourceType") and call.params["ResourceType"].lower() not in known:
        raise ApiError("InvalidResourceType.NotFound", 404, "The ResourceType provided does not exist in our records.")
    shown = [
        {
            "RegionId": region.id,
            "LocalName": _local(call, region.zh, region.en),
            "RegionEndpoint": region.endpoint,
            "Status": "available",
        }
        for region in catalogue.regions().values()
    ]
    return {"Regions": {"Region": shown}}


@ecs("DescribeZones")
def describe_zones(call: Call) -> Record:
    region = catalogue.regions()[call.region]
    shown = []
    for zone_id in region.zones:
        letter = zone_id[-1]
        zone = {
            "ZoneId": zone_id,
            "LocalName": _local(call, f"{region.zh} 可用区{letter.upper()}", f"{region.en} Zone {letter.upper()}"),
            "ZoneType": "AvailabilityZone",
            "AvailableResourceCreation": {"ResourceTypes": ["VSwitch", "IoOptimized", "Instance", "Disk"]},
        }
        if call.get("Verbose") is not False:
            zone.update(_details(zone_id))
        shown.append(zone)
    return {"Zones": {"Zone": shown}}


def _details(zone_id: str) -> Record:
    kinds = sold_in(zone_id)
    families = list(dict.fromkeys(kind.family for kind in kinds))
    generations = list(dict.fromkeys(kind.generation for kind in kinds))
    disks = [name for name in catalogue.disk_categories() if any(name in kind.disks for kind in kinds)]
    type_ids = [kind.id for kind in kinds]
    resources = {
        "IoOptimized": True,
        "InstanceTypes": {"supportedInstanceType": type_ids},
        "InstanceTypeFamilies": {"supportedInstanceTypeFamily": families},
        "InstanceGenerations": {"supportedInstanceGeneration": generations},
        "SystemDiskCategories": {"supportedSystemDiskCategory": disks},
        "DataDiskCategories": {"supportedDataDiskCategory": disks},
        "NetworkTypes": {"supportedNetworkCategory": ["vpc"]},
    }
    return {
        "AvailableInstanceTypes": {"InstanceTypes": type_ids},
        "AvailableDiskCategories": {"DiskCategories": disks},
        "AvailableResources": {"ResourcesInfo": [resources]},
    }


@ecs("DescribeInstanceTypeFamilies")
def describe_instance_type_families(call: Call) -> Record:
    generation = call.get("Generation")
    families = {kind.family: kind.generation for kind in catalogue.instance_types().values()}
    shown = [
        {"InstanceTypeFamilyId": family, "Generation": its}
        for family, its in families.items()
        if generation in (None, "", its)
    ]
    return {"InstanceTypeFamilies": {"InstanceTypeFamily": shown}}


@ecs("DescribeInstanceTypes")
def describe_instance_types(call: Call) -> Record:
    wanted = call.get("InstanceTypes") or []
    if len(wanted) > 10:
        raise ApiError("Invalid.Param", 400, "At most 10 InstanceTypes are allowed.")
    found = [
        kind
        for kind in catalogue.instance_types().values()
        if (not wanted or kind.id in wanted)
        and kind.family in (call.get("InstanceTypeFamilies") or [call.get("InstanceTypeFamily") or kind.family])
        and kind.architecture in (call.get("CpuArchitectures") or [call.get("CpuArchitecture") or kind.architecture])
        and kind.category in (call.get("InstanceCategories") or [call.get("InstanceCategory") or kind.category])
        and call.get("InstanceFamilyLevel") in (None, "", kind.level)
        and call.get("NvmeSupport") in (None, "", kind.nvme)
    ]
    entries = [entry for kind in found if _in_ranges(call, entry := _type_shown(call, kind))]
    page = page_token(call, entries, default=1600, most=1600)
    return {"InstanceTypes": {"InstanceType": page.items}, **page.about}


def _in_ranges(call: Call, entry: Record) -> bool:
    """Whether a type's numbers are inside every ``Minimum...`` and ``Maximum...`` of the request."""
    for name, limit in call.params.items():
        if name.startswith("Minimum") and entry.get(name.removeprefix("Minimum"), 0) < limit:
            return False
        if name.startswith("Maximum") and entry.get(name.removeprefix("Maximum"), 0) > limit:
            return False
    return True


def network_of_type(kind: InstanceType) -> tuple[int, int]:
    """What an instance of a type can take in: kbit/s and packets per second."""
    return kind.cpu * 1024 * 1000, kind.cpu * 450_000


def _type_shown(call: Call, kind: InstanceType) -> Record:
    """A type's entry. The numbers grow with the type, as the real ones do, without claiming to be them."""
    interfaces = interfaces_of_type(kind)
    bandwidth, packets = network_of_type(kind)
    return {
        "InstanceTypeId": kind.id,
        "InstanceTypeFamily": kind.family,
        "CpuCoreCount": kind.cpu,
        "MemorySize": kind.memory,
        "CpuArchitecture": kind.architecture,
        "CpuSpeedFrequency": 2.7,
        "CpuTurboFrequency": 3.5,
        "CpuOptions": {"Core": kind.cpu // 2, "CoreFactor": 1, "ThreadsPerCore": 2},
        "InstanceCategory": kind.category,
        "InstanceFamilyLevel": kind.level,
        "EniQuantity": interfaces,
        "EniTotalQuantity": interfaces,
        "EniPrivateIpAddressQuantity": 6 if kind.cpu <= 2 else 15,
        "EniIpv6AddressQuantity": 6 if kind.cpu <= 2 else 15,
        "DiskQuantity": 17,
        "InstanceBandwidthRx": bandwidth,
        "InstanceBandwidthTx": bandwidth,
        "InstancePpsRx": packets,
        "InstancePpsTx": packets,
        "NetworkCardQuantity": 1,
        "NvmeSupport": kind.nvme,
        "PhysicalProcessorModel": kind.processor,
        "PrimaryEniQueueNumber": min(kind.cpu, 32),
        "SecondaryEniQueueNumber": min(kind.cpu, 16),
        "MaximumQueueNumberPerEni": 32,
        "TotalEniQueueQuantity": kind.cpu * 2,
        "SecurityOptions": {"SecureBootSupport": secure_boot_support(call, kind.boot)},
        "SupportedBootModes": {"SupportedBootMode": list(kind.boot)},
    }


# -- stock

_DESTINATIONS = {"Zone", "IoOptimized", "InstanceType", "SystemDisk", "DataDisk", "Network", "ddh"}


@ecs("DescribeAvailableResource")
def describe_available_resource(call: Call) -> Record:
    wanted = call.params["DestinationResource"]
    if wanted not in _DESTINATIONS:
        raise ApiError("Invalid.DestinationResource", 404, "The specified DestinationResource is not valid.")
    if (call.get("ResourceType") or "instance") not in ("instance", "disk", "reservedinstance", "ddh"):
        raise ApiError("Invalid.ResourceType", 404, "The ResourceType provided does not exist in our records.")
    if (call.get("NetworkCategory") or "vpc") not in ("vpc", "classic"):
        raise ApiError("Invalid.NetworkCategory", 404, "The specified NetworkCategory is not valid.")
    if (call.get("InstanceChargeType") or "PostPaid") not in ("PostPaid", "PrePaid"):
        raise ApiError("Invalid.InstanceChargeType", 400, "The specified InstanceChargeType is not valid.")
    if call.get("InstanceType") and (call.get("Cores") is not None or call.get("Memory") is not None):
        raise ApiError("InvalidParam.TypeAndCpuMem.Conflict", 403, "InstanceType excludes Cores and Memory.")
    if (
        wanted == "SystemDisk"
        and (call.get("ResourceType") or "instance") == "instance"
        and not call.get("InstanceType")
    ):
        raise ApiError("Invalid.Param", 400, "DestinationResource SystemDisk needs InstanceType.")
    zones = [
        _zone(call, wanted, z) for z in catalogue.regions()[call.region].zones if call.get("ZoneId") in (None, "", z)
    ]
    return {"AvailableZones": {"AvailableZone": [zone for zone in zones if zone is not None]}}


def _zone(call: Call, wanted: str, zone_id: str) -> Record | None:
    kinds = [
        kind
        for kind in sold_in(zone_id)
        if call.get("InstanceType") in (None, "", kind.id)
        and call.get("Cores") in (None, kind.cpu)
        and call.get("Memory") in (None, kind.memory)
        and call.get("SystemDiskCategory") in (None, "", *kind.disks)
        and call.get("DataDiskCategory") in (None, "", *kind.disks)
    ]
    if not kinds or call.get("NetworkCategory") == "classic":
        return None
    stock = {kind.id: not no_stock(call, kind.id, zone_id) for kind in kinds}
    zone = {"RegionId": call.region, "ZoneId": zone_id, **_status(any(stock.values()))}
    if wanted in ("Zone", "ddh"):
        return zone
    if wanted == "InstanceType":
        supported = [{"Value": kind.id, **_status(stock[kind.id])} for kind in kinds]
    elif wanted in ("SystemDisk", "DataDisk"):
        use = "system" if wanted == "SystemDisk" else "data"
        supported = [
            {
                "Value": name,
                "Min": min(getattr(limits, use)[0] for limits in levels.values()),
                "Max": max(getattr(limits, use)[1] for limits in levels.values()),
                "Unit": "GiB",
                **_status(True),
            }
            for name, levels in catalogue.disk_categories().items()
            if any(name in kind.disks for kind in kinds)
        ]
    else:
        supported = [{"Value": "optimized" if wanted == "IoOptimized" else "vpc", **_status(True)}]
    zone["AvailableResources"] = {
        "AvailableResource": [{"Type": wanted, "SupportedResources": {"SupportedResource": supported}}]
    }
    return zone


def _status(stock: bool) -> Record:
    if stock:
        return {"Status": "Available", "StatusCategory": "WithStock"}
    return {"Status": "SoldOut", "StatusCategory": "WithoutStock"}
