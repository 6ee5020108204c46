# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The thresholds of addresses, for scrubbing and for black holes."""

from __future__ import annotations

from local_cloud.framework import ApiError, Call
from local_cloud.services.antiddos_public.common import (
    Asset,
    Record,
    antiddos,
    chosen,
    own_address,
    own_asset,
    own_assets,
    thresholds,
)
from local_cloud.services.shapes import ABSENT

_TYPES = ("defense", "blackhole")


@antiddos("DescribeDdosThreshold")
def describe_ddos_threshold(call: Call) -> Record:
    wanted = [str(one) for one in call.params["InstanceIds"]]
    kind = chosen(call, "DdosType", _TYPES)
    found = [
        _shown(call, kind, one, address)
        for one in own_assets(call, lagged=True)
        if one.id in wanted
        for address in one.addresses
    ]
    return {"Thresholds": {"Threshold": found}}


@antiddos("DescribeIpDdosThreshold")
def describe_ip_ddos_threshold(call: Call) -> Record:
    kind = chosen(call, "DdosType", _TYPES)
    asset = own_asset(call, lagged=True)
    return {"Threshold": _shown(call, kind, asset, own_address(call, asset))}


def _shown(call: Call, kind: str, asset: Asset, address: str) -> Record:
    """Pps is of scrubbing only, ElasticBps of black holes."""
    about = {"DdosType": kind, "InstanceId": asset.id, "InternetIp": address}
    told = call.settings["antiddos.tells_highest"]
    highest = {"MaxBps": asset.max_mbps if told else 0, "MaxPps": asset.max_pps if told else 0}
    set_to = thresholds(call.store, call.settings, asset, address, lagged=True)
    if kind == "defense":
        return {**about, **highest, **set_to, "ElasticBps": ABSENT}
    black_hole = call.settings["antiddos.blackhole_mbps"]
    return {
        **about,
        **highest,
        "Bps": black_hole,
        "ElasticBps": black_hole,
        "IsAuto": set_to["IsAuto"],
        "Pps": ABSENT,
    }


@antiddos("ModifyDefenseThreshold")
def modify_defense_threshold(call: Call) -> Record:
    asset = own_asset(call)
    addresses = [own_address(call, asset)] if call.get("InternetIp") else asset.addresses
    for address in addresses:
        _set(call, asset, address)
    return {}


@antiddos("ModifyIpDefenseThreshold")
def modify_ip_defense_threshold(call: Call) -> Record:
    asset = own_asset(call)
    _set(call, asset, own_address(call, asset))
    return {}


def _set(call: Call, asset: Asset, address: str) -> None:
    if call.get("IsAuto"):
        record: Record = {"IsAuto": True}
    else:
        if call.get("Bps") is None or call.get("Pps") is None:
            return  # one of them alone does not take effect, and is no error
        for name, most in (("Bps", asset.max_mbps), ("Pps", asset.max_pps)):
            if not 1 <= call.params[name] <= most:
                code = call.settings["antiddos.threshold_code"]
                raise ApiError(code, 400, f'The specified parameter "{name}" is not valid: it must be 1 to {most}.')
        record = {"IsAuto": False, "Bps": call.params["Bps"], "Pps": call.params["Pps"]}
    call.store.put("ddos_threshold", f"{asset.id}/{address}", record, region=asset.region)
