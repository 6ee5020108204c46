# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which assets there are, and how they are."""

from __future__ import annotations

from local_cloud import catalogue
from local_cloud.framework import Call
from local_cloud.services.antiddos_public.common import (
    KINDS,
    STATES,
    Asset,
    Record,
    antiddos,
    assets,
    chosen,
    events,
    own_asset,
    own_assets,
    page,
    region_of,
    states,
    thresholds,
)
from local_cloud.services.shapes import ABSENT
from local_cloud.settings import define

define("antiddos.blackhole_minutes", 150, "how long an address stays black-holed (UNCERTAIN)")
define("antiddos.credit_score", 1000, "security credit score of an account")
define("antiddos.credit_level", "A", "security credit level of an account", ("A", "B", "C", "D", "E", "F"))

_MILLISECONDS_A_DAY = 86_400_000
#: DdosStatus of DescribeInstanceIpAddress, which has other words for the same
_OTHER_WORDS = {"defense": "mitigating", "blackhole": "blackholed"}


@antiddos("DescribeRegions")
def describe_regions(call: Call) -> Record:
    listed = [
        {"RegionNo": _code(one.id), "RegionName": one.zh, "RegionEnName": one.en, "RegionNoAlias": one.id}
        for one in catalogue.regions().values()
    ]
    return {"Regions": {"Region": listed}}


def _code(region: str) -> str:
    """The code of a region, which is not its ID."""
    return f"{region}-dg-a01"


@antiddos("DescribeInstance")
def describe_instance(call: Call) -> Record:
    wanted = chosen(call, "DdosStatus", STATES) if call.get("DdosStatus") else None
    known = states(call.store, call.account_id, lagged=True)
    rows = [
        {
            **_shown(call, one, address),
            "InstanceId": one.id,
            "InstanceName": one.name,
            "InstanceType": one.kind,
            "InstanceIp": address,
            "InstanceStatus": known.get((one.id, address), "normal"),
        }
        for one, address in _matching(call)
    ]
    found = [row for row in rows if wanted in (None, row["InstanceStatus"])]
    return {"InstanceList": {"Instance": page(call, found)}, "Total": len(found)}


@antiddos("DescribeInstanceIpAddress")
def describe_instance_ip_address(call: Call) -> Record:
    wanted = _OTHER_WORDS[chosen(call, "DdosStatus", tuple(_OTHER_WORDS))] if call.get("DdosStatus") else None
    known = states(call.store, call.account_id, lagged=True)
    found: dict[str, Record] = {}
    for one, address in _matching(call):
        status = known.get((one.id, address), "normal")
        if wanted not in (None, status):
            continue
        row = found.setdefault(
            one.id,
            {
                "InstanceId": one.id,
                "InstanceName": one.name,
                "InstanceType": one.kind,
                "InstanceStatus": "normal",
                "IpAddressConfig": [],
            },
        )
        if status != "normal":
            row["InstanceStatus"] = "abnormal"
        row["IpAddressConfig"].append(
            {
                **_shown(call, one, address),
                "InstanceIp": address,
                "IpStatus": status,
                "RegionId": _code(one.region),
                "IsFullProtection": 0,
            }
        )
    rows = list(found.values())
    return {"InstanceList": page(call, rows), "Total": len(rows)}


def _matching(call: Call) -> list[tuple[Asset, str]]:
    """The addresses that pass the filters, each with its asset."""
    filters = {name: str(call.params[name]) for name in ("InstanceId", "InstanceIp", "InstanceName") if call.get(name)}
    return [
        (one, address)
        for one in own_assets(call, lagged=True)
        for address in one.addresses
        if filters.items() <= {"InstanceId": one.id, "InstanceIp": address, "InstanceName": one.name}.items()
    ]


def _shown(call: Call, asset: Asset, address: str) -> Record:
    """What both lists show of an address."""
    set_to = thresholds(call.store, call.settings, asset, address, lagged=True)
    black_hole = call.settings["antiddos.blackhole_mbps"]
    return {
        "BlackholeThreshold": black_hole,
        "ElasticThreshold": black_hole,
        "DefenseBpsThreshold": set_to["Bps"],
        "DefensePpsThreshold": set_to["Pps"],
        "IpVersion": "v4",
        "IsBgppack": False,
    }


@antiddos("DescribeDdosCount")
def describe_ddos_count(call: Call) -> Record:
    known = states(call.store, call.account_id, lagged=True)
    found = [{known.get((one.id, address)) for address in one.addresses} for one in own_assets(call, lagged=True)]
    return {
        "DdosCount": {
            "InstacenCount": len(found),
            "DefenseCount": sum("mitigating" in one for one in found),
            "BlackholeCount": sum("blackholed" in one for one in found),
        }
    }


@antiddos("DescribeDdosCredit")
def describe_ddos_credit(call: Call) -> Record:
    region_of(call)
    return {
        "Success": True,
        "DdosCredit": {
            "BlackholeTime": call.settings["antiddos.blackhole_minutes"],
            "Score": call.settings["antiddos.credit_score"],
            "ScoreLevel": call.settings["antiddos.credit_level"],
        },
    }


@antiddos("DescribeDdosEventList")
def describe_ddos_event_list(call: Call) -> Record:
    days = int(call.get("QueryDays", 7))
    asset = own_asset(call, lagged=True)
    oldest = int(call.clock.timestamp() * 1000) - days * _MILLISECONDS_A_DAY
    address = str(call.get("InternetIp") or "") or None
    found = [
        _event_shown(one)
        for one in events(call.store, asset, address, lagged=True)
        if one["DdosStatus"] != "normal" or one["EndTime"] >= oldest
    ]
    return {"DdosEventList": {"DdosEvent": page(call, found)}, "Total": len(found)}


def _event_shown(event: Record) -> Record:
    """DelayTime is of events with several attacks only, UnBlackholeTime of black holes."""
    shown = {name: event[name] for name in ("DdosStatus", "DdosType", "StartTime", "EndTime")}
    return {**shown, **{name: event.get(name) or ABSENT for name in ("DelayTime", "UnBlackholeTime")}}


@antiddos("DescribeIpLocationService")
def describe_ip_location_service(call: Call) -> Record:
    address = str(call.params["InternetIp"])
    for kind in KINDS:
        for one in assets(call.store, call.settings, kind, None, call.account_id, lagged=True):
            if address in one.addresses:
                return {
                    "Instance": {
                        "InstanceId": one.id,
                        "InstanceName": one.name,
                        "InstanceType": one.kind,
                        "InternetIp": address,
                        "Region": one.region,
                    }
                }
    return {"Instance": {}}
