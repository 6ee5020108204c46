# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How public addresses are: attacked or not, since when, until when. Behind C(ddos_info). Private."""

from __future__ import annotations

import time
import typing as t
from collections import Counter
from dataclasses import dataclass

from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput
from .._core.summary import counted
from . import assets
from .assets import PRODUCT, Asset

SPEC: dict[str, dict[str, t.Any]] = {
    **assets.SPEC,
    "events": {"type": "bool", "default": True},
    "days": {"type": "int", "default": 7},
}

#: IpStatus of DescribeInstanceIpAddress, and what people call it.
NORMAL, SCRUBBED, BLACK_HOLED = "normal", "mitigating", "blackholed"
WORDS = {NORMAL: "normal", SCRUBBED: "being scrubbed", BLACK_HOLED: "black-holed"}

#: No black hole is known to last longer.
_WATCHED_DAYS = 7

Item = dict[str, t.Any]


@dataclass(frozen=True)
class Address:
    """A public address as Anti-DDoS Basic sees it now.

    :ivar data: its entry of DescribeInstanceIpAddress
    :ivar events: its events, the newest first; None where they were not read
    """

    asset: Asset
    name: str
    data: Item
    events: tuple[Item, ...] | None = None

    @property
    def status(self) -> str:
        return str(self.data.get("IpStatus") or NORMAL)

    @property
    def until(self) -> str | None:
        """When its black hole ends; None where there is none, or nobody says."""
        if self.status != BLACK_HOLED:
            return None
        ends = [
            int(one.get("UnBlackholeTime") or 0) for one in self.events or () if one.get("DdosStatus") == BLACK_HOLED
        ]
        return utc(max(ends, default=0))

    def brief(self) -> dict[str, t.Any]:
        """As results have it, without what its events tell; what is not known is null."""
        return {
            "address": self.asset.address,
            "asset_id": self.asset.id,
            "asset_type": self.asset.kind,
            "name": self.name,
            "instance_id": self.asset.instance_id,
            "status": self.status,
            "scrubbing_mbps": int(self.data.get("DefenseBpsThreshold") or 0) or None,
            "scrubbing_pps": int(self.data.get("DefensePpsThreshold") or 0) or None,
            "black_hole_mbps": int(self.data.get("BlackholeThreshold") or 0) or None,
        }

    def shape(self) -> dict[str, t.Any]:
        """The same with its events; null where these were not read."""
        return {
            **self.brief(),
            "black_hole_until": self.until,
            "events": None if self.events is None else [_event(one) for one in self.events],
        }


def utc(milliseconds: int) -> str | None:
    """A time of the API as text; None for none."""
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(milliseconds // 1000)) if milliseconds > 0 else None
    except (OverflowError, ValueError, OSError):  # no time that a clock can show
        return None


def _event(item: Item) -> Item:
    ended = item.get("DdosStatus") == NORMAL
    return {
        "type": item.get("DdosType"),
        "status": item.get("DdosStatus"),
        "start_time": utc(int(item.get("StartTime") or 0)),
        "end_time": utc(int(item.get("EndTime") or 0)) if ended else None,
        "last_attack_time": utc(int(item.get("DelayTime") or 0)),
        "black_hole_until": utc(int(item.get("UnBlackholeTime") or 0)),
    }


def read_region(cloud: Cloud) -> list[Address]:
    """All addresses of the region, without their events and without whose EIPs are."""
    pairs = [pair for kind in assets.KINDS for pair in _pairs(assets.rows(cloud, kind))]
    return [_address(assets.of_row(row, at), row, at) for row, at in pairs]


def read_states(cloud: Cloud, options: t.Mapping[str, t.Any]) -> list[Address]:
    """The addresses that a task names, all of the region where it names none, without their events.

    Those of instances that would only be made are left out: nobody can attack them yet.

    :raises UnexpectedState: what is named is not there
    """
    if all(options[name] is None for name in assets.SPEC):
        found = read_region(cloud)
        known = assets.with_instances(cloud, [one.asset for one in found])
        return [Address(asset, one.name, one.data) for asset, one in zip(known, found, strict=True)]
    chosen = [one for one in assets.choose(cloud, options).assets if not one.unborn]
    listed: dict[tuple[str, str], tuple[Item, Item]] = {}
    for kind in assets.KINDS:
        ids = list(dict.fromkeys(one.id for one in chosen if one.kind == kind))
        for row, at in _pairs(assets.rows_of(cloud, kind, "InstanceId", ids)):
            listed[assets.of_row(row, at).key] = (row, at)
    known = assets.with_instances(
        cloud,
        [_with_address(one, listed[one.key][1]) for one in chosen if one.key in listed],
    )
    return [_address(one, *listed[one.key]) for one in known]


def _pairs(rows: t.Iterable[Item]) -> list[tuple[Item, Item]]:
    return [(row, at) for row in rows for at in assets.configs(row)]


def _with_address(asset: Asset, at: Item) -> Asset:
    return Asset(asset.kind, asset.id, str(at["InstanceIp"]), asset.instance_id, asset.instance_type)


def _address(asset: Asset, row: Item, at: Item) -> Address:
    return Address(asset, str(row.get("InstanceName") or ""), at)


def with_events(cloud: Cloud, ones: t.Sequence[Address], days: int, *, all_of_them: bool) -> list[Address]:
    """The same with their events of the last days, which is a call for each address at least.

    :param all_of_them: otherwise only those that are under attack
    """
    return [
        Address(one.asset, one.name, one.data, tuple(_events(cloud, one.asset, days)))
        if all_of_them or one.status != NORMAL
        else one
        for one in ones
    ]


def _events(cloud: Cloud, asset: Asset, days: int) -> list[Item]:
    found = cloud.pages(
        PRODUCT,
        "DescribeDdosEventList",
        DdosRegionId=cloud.region,
        InstanceType=asset.kind,
        InstanceId=asset.id,
        InternetIp=asset.address,
        QueryDays=days,
    )
    return sorted(found, key=lambda one: int(one.get("StartTime") or 0), reverse=True)


def under_attack(cloud: Cloud) -> dict[str, dict[str, t.Any]]:
    """The addresses of the region that are under attack, each with its state and when its black hole ends.

    While nothing is attacked this is a call for each kind of asset, however many there are.
    """
    found = []
    for kind in assets.KINDS:
        counts = _counts(_count(cloud, kind))
        if counts["mitigating"] or counts["blackholed"]:
            pairs = _pairs(assets.rows(cloud, kind))
            found += [_address(assets.of_row(row, at), row, at) for row, at in pairs if at.get("IpStatus") != NORMAL]
    return {
        str(one.asset.address): {"status": one.status, "black_hole_until": one.until}
        for one in with_events(cloud, found, _WATCHED_DAYS, all_of_them=False)
    }


def _count(cloud: Cloud, kind: str) -> Item:
    return cloud.call(PRODUCT, "DescribeDdosCount", DdosRegionId=cloud.region, InstanceType=kind).get("DdosCount") or {}


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(ddos_info) returns.

    :raises InvalidInput: what is no ID, no address or no number of days
    """
    assets.check(options)
    if options["days"] < 1:
        raise InvalidInput(f"days is {options['days']}; expected a number above 0.")
    found = with_events(cloud, read_states(cloud, options), options["days"], all_of_them=options["events"])
    counts = {kind: _count(cloud, kind) for kind in assets.KINDS}
    credit = cloud.call(PRODUCT, "DescribeDdosCredit", DdosRegionId=cloud.region).get("DdosCredit") or {}
    return {
        "addresses": [one.shape() for one in found],
        "counts": {kind: _counts(one) for kind, one in counts.items()},
        "credit": {
            "score": credit.get("Score"),
            "level": credit.get("ScoreLevel"),
            "black_hole_minutes": credit.get("BlackholeTime"),
        },
        "summary": _summary(found),
    }


def _counts(counted_by_cloud: Item) -> dict[str, int]:
    names = {"assets": "InstacenCount", "mitigating": "DefenseCount", "blackholed": "BlackholeCount"}
    return {ours: int(counted_by_cloud.get(theirs) or 0) for ours, theirs in names.items()}


def _summary(found: t.Sequence[Address]) -> str:
    states = Counter(one.status for one in found)
    order = [*WORDS, *sorted(set(states) - set(WORDS))]
    words = ", ".join(f"{states[one]} {WORDS.get(one, one)}" for one in order if states[one])
    return counted(len(found), "addresses") + (f": {words}" if words else "")
