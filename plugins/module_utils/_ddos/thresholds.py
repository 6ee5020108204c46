# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scrubbing thresholds: read, set, verified. Behind C(ddos_threshold) and its info twin. Private."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._cloud.door import Cloud, chunks
from .._cloud.errors import InvalidInput, UnexpectedState
from .._core.plan import Plan
from .._core.resource import Resource
from .._core.summary import counted
from .._core.waiter import wait_for
from . import assets, planner
from .assets import PRODUCT, Asset
from .planner import Actual, Desired, Threshold

SPEC: dict[str, dict[str, t.Any]] = {
    **assets.SPEC,
    "automatic": {"type": "bool", "default": False},
    "mbps": {"type": "int"},
    "pps": {"type": "int"},
    "wait_timeout": {"type": "int", "default": 60},
}
INFO_SPEC = assets.SPEC
CONSTRAINTS: dict[str, t.Any] = {"required_one_of": [tuple(assets.SPEC)]}

#: What DescribeDdosThreshold and DescribeInstanceTypes take at once.
_AT_ONCE = 50
_TYPES_AT_ONCE = 10
#: What a check run calls thresholds.
_KIND = "ddos_threshold"

Item = dict[str, t.Any]


def read_all(cloud: Cloud, chosen: t.Sequence[Asset]) -> tuple[list[Threshold], list[Asset]]:
    """The thresholds of addresses, and the assets of which the service knows none.

    In a check run as earlier tasks would have left them.
    """
    items: dict[tuple[str, str], Item] = {}
    for kind in assets.KINDS:
        ids = list(dict.fromkeys(one.id for one in chosen if one.kind == kind and not one.unborn))
        for some in chunks(ids, _AT_ONCE):
            query = {"DdosRegionId": cloud.region, "DdosType": "defense", "InstanceType": kind, "InstanceIds": some}
            answer = cloud.call(PRODUCT, "DescribeDdosThreshold", query)
            for item in (answer.get("Thresholds") or {}).get("Threshold") or ():
                asset = Asset(kind, str(item["InstanceId"]), str(item.get("InternetIp") or ""))
                items[asset.key] = item
    found = [_threshold(cloud, one, items[one.key]) for one in chosen if one.key in items]
    unborn = [_threshold(cloud, one, {}) for one in chosen if one.unborn]
    return [*found, *unborn], [one for one in chosen if one.key not in items and not one.unborn]


def _threshold(cloud: Cloud, asset: Asset, item: Item) -> Threshold:
    asset = replace(asset, address=str(item.get("InternetIp") or "") or asset.address)
    found = Threshold(
        asset,
        None if asset.unborn else bool(item.get("IsAuto")),
        *(int(item.get(name) or 0) for name in ("Bps", "Pps", "MaxBps", "MaxPps")),
    )
    told = cloud.foretold.find(_KIND, _key(asset))
    if told is None:
        return found
    return replace(found, automatic=told["automatic"], mbps=told["mbps"] or found.mbps, pps=told["pps"] or found.pps)


def _key(asset: Asset) -> str:
    return f"{asset.id}/{asset.address or ''}"


class DdosThreshold(Resource[Actual]):
    """The scrubbing thresholds of some public addresses."""

    def __init__(self, cloud: Cloud, options: dict[str, t.Any]) -> None:
        super().__init__(cloud, options)
        self.desired = Desired.from_options(options)

    def validate(self) -> None:
        assets.check(self.options)
        if all(not self.options[name] for name in assets.SPEC):
            raise InvalidInput(
                f"None of {', '.join(assets.SPEC)} names anything; expected at least one instance, EIP or address."
            )
        self.desired.check()

    def find(self) -> Actual:
        """Read; the service may need a moment to know an address that is new."""
        chosen = assets.choose(self.cloud, self.options)
        known = assets.with_instances(self.cloud, chosen.assets)
        found, missing = read_all(self.cloud, known)
        if any(one.instance_id for one in missing):
            waited = wait_for(
                self.cloud,
                f"Anti-DDoS Basic to know {', '.join(one.label for one in missing[:3])}",
                lambda: read_all(self.cloud, known),
                lambda seen: not seen[1],
                lambda seen: f"it does not know {counted(len(seen[1]), 'addresses')}",
                timeout=self.options["wait_timeout"],
            )
            found, missing = waited.value
        if missing:
            raise UnexpectedState(
                f"Anti-DDoS Basic knows nothing of {', '.join(one.id for one in missing[:3])} in {self.cloud.region}.",
                hint="Check eip_ids and region; alitrust.ecs.ddos_threshold_info lists what it knows.",
            )
        return Actual(tuple(found), chosen.without)

    def plan(self, actual: Actual) -> Plan:
        return planner.plan(self.desired, actual)

    def preflight(self, plan: Plan, actual: Actual) -> None:
        changed = [one for one in actual.thresholds if one.set_to != self.desired.set_to]
        unsaid = {one.asset.instance_type for one in changed if not (one.max_mbps and one.max_pps)} - {None}
        types = {} if self.desired.automatic else _figures(self.cloud, sorted(str(one) for one in unsaid))
        if error := planner.too_high(self.desired, changed, types):
            raise error

    # ------------------------------------------------------------------ steps

    def set_thresholds(self, kind: str, asset_id: str, address: str) -> None:
        self.cloud.call(
            PRODUCT,
            "ModifyIpDefenseThreshold",
            DdosRegionId=self.cloud.region,
            InstanceType=kind,
            InstanceId=asset_id,
            InternetIp=address,
            IsAuto=self.desired.automatic,
            Bps=self.desired.mbps,
            Pps=self.desired.pps,
        )

    # ------------------------------------------------------------------ results

    def settle(self, plan: Plan, actual: Actual) -> dict[str, t.Any]:
        what = f"the scrubbing thresholds of {counted(len(actual.thresholds), 'addresses')}"
        return _result(self.reread(what, self.options["wait_timeout"]))

    def foretell(self, plan: Plan, actual: Actual) -> dict[str, t.Any]:
        if not plan.changed:
            return _result(actual)
        wanted = self.desired
        planned = []
        for one in actual.thresholds:
            if one.set_to == wanted.set_to:
                planned.append(one)
                continue
            key = _key(one.asset)
            self.cloud.foretold.would_change(
                _KIND, key, key, automatic=wanted.automatic, mbps=wanted.mbps, pps=wanted.pps
            )
            planned.append(replace(one, automatic=wanted.automatic, mbps=wanted.mbps or 0, pps=wanted.pps or 0))
        return _result(Actual(tuple(planned), actual.without))


def _figures(cloud: Cloud, types: t.Sequence[str]) -> dict[str, tuple[int, int]]:
    """What instance types take in: Mbit/s and packets per second. By the documents, no threshold is higher."""
    found = (
        item
        for some in chunks(types, _TYPES_AT_ONCE)
        for item in cloud.pages("ecs", "DescribeInstanceTypes", InstanceTypes=some)
    )
    return {
        str(one.get("InstanceTypeId")): (
            int(one.get("InstanceBandwidthRx") or 0) // 1000,
            int(one.get("InstancePpsRx") or 0),
        )
        for one in found
    }


def _result(actual: Actual) -> dict[str, t.Any]:
    return {"thresholds": [one.shape() for one in actual.thresholds]}


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(ddos_threshold_info) returns.

    :raises InvalidInput: what is no ID and no address
    """
    assets.check(options)
    chosen = assets.choose(cloud, options)
    found, _unknown = read_all(cloud, assets.with_instances(cloud, chosen.assets))
    by_hand = sum(not one.automatic for one in found)
    return {
        **_result(Actual(tuple(found))),
        "summary": f"scrubbing thresholds of {counted(len(found), 'addresses')}: {by_hand} set by hand",
    }
