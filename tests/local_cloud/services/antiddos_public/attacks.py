# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks, which come by the control API: traffic that is too much is scrubbed, and far too much is thrown away.

The clock of the local cloud ends both. Nothing is done to the traffic of hosts: their public addresses lead nowhere.
"""

from __future__ import annotations

import datetime as dt
import math
import typing as t

from local_cloud.services.antiddos_public.common import Asset, Record, assets, events, states, thresholds

if t.TYPE_CHECKING:
    from local_cloud.settings import Settings
    from local_cloud.store import Store

_LONGEST = 365 * 86_400.0


def attack(
    store: Store, settings: Settings, address: str, *, mbps: float, pps: float = 0.0, seconds: float = 600.0
) -> Record:
    """Send traffic to a public address.

    What is above either scrubbing threshold is scrubbed as long as it lasts. What is above the threshold for a black
    hole black-holes the address for as long as the account's credit says, and again if it still lasts then.

    :returns: the address and its state: C(normal), C(mitigating) or C(blackholed)
    :raises ValueError: nobody has this address, or a number makes no sense
    """
    if not all(math.isfinite(one) and one >= 0 for one in (mbps, pps)) or not 0 < seconds <= _LONGEST:
        raise ValueError(f"mbps and pps are numbers from 0, seconds is one above 0 and up to {_LONGEST:g}")
    asset = _of_address(store, settings, address)
    set_to = thresholds(store, settings, asset, address)
    now = store.clock.now()
    if mbps > settings["antiddos.blackhole_mbps"]:
        for one in _open(store, asset, address, "defense"):
            _end(store, one, now)
        hole = 60.0 * settings["antiddos.blackhole_minutes"]
        _begin(store, asset, address, "blackhole", now, max(1, math.ceil(seconds / hole)) * hole if hole else seconds)
    elif (mbps > set_to["Bps"] or pps > set_to["Pps"]) and not _open(store, asset, address, "blackhole"):
        _begin(store, asset, address, "defense", now, seconds)
    status = states(store, asset.account_id).get((asset.id, address), "normal")
    return {"address": address, "instance_id": asset.id, "status": status}


def _of_address(store: Store, settings: Settings, address: str) -> Asset:
    for kind in ("ecs", "eip"):
        for one in assets(store, settings, kind):
            if address in one.addresses:
                return one
    raise ValueError(f"nobody has the public address {address!r}")


def _open(store: Store, asset: Asset, address: str, kind: str) -> list[Record]:
    """The event of a kind that goes on, if there is one."""
    found = events(store, asset, address)
    return [one for one in found if one["DdosType"] == kind and one["DdosStatus"] != "normal"]


def _begin(store: Store, asset: Asset, address: str, kind: str, now: dt.datetime, seconds: float) -> None:
    """Begin an event, or make the one that goes on last longer: it then had several attacks."""
    end = now + dt.timedelta(seconds=seconds)
    known = _open(store, asset, address, kind)
    event: Record = {
        "EventId": store.new_id("ddos"),
        "AccountId": asset.account_id,
        "InstanceId": asset.id,
        "InternetIp": address,
        "DdosType": kind,
        "DdosStatus": "mitigating" if kind == "defense" else "blackholed",
        "StartTime": _milliseconds(now),
        "EndTime": 0,  # of one that goes on (UNCERTAIN)
    }
    if known:
        event = {**known[0], "DelayTime": _milliseconds(now)}
        planned = [at for at, _changes in store.scheduled("ddos_event", event["EventId"])]
        end = max([end, *planned])
    if kind == "blackhole":
        event["UnBlackholeTime"] = _milliseconds(end)
    store.put("ddos_event", event["EventId"], event, region=asset.region)
    store.unschedule("ddos_event", event["EventId"])
    store.schedule("ddos_event", event["EventId"], end, _over(end))


def _end(store: Store, event: Record, now: dt.datetime) -> None:
    store.unschedule("ddos_event", event["EventId"])
    region = store.region_of("ddos_event", event["EventId"]) or ""
    store.put("ddos_event", event["EventId"], {**event, **_over(now)}, region=region)


def _over(when: dt.datetime) -> Record:
    return {"DdosStatus": "normal", "EndTime": _milliseconds(when)}


def _milliseconds(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1000)
