# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operations of Anti-DDoS Basic share: registration, parameters, and the addresses that it guards.

Records:
``ddos_threshold`` (id: asset and address) has Bps, Pps and IsAuto of an address whose scrubbing thresholds were set,
``ddos_event`` (id: EventId) has the members of DescribeDdosEventList's DdosEvent, EventId, AccountId, InstanceId and
InternetIp. Times are milliseconds since 1970.
"""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass

from local_cloud import catalogue
from local_cloud.framework import ApiError, Call, Handler, operation
from local_cloud.products import of_host
from local_cloud.services.ecs.stock import network_of_type
from local_cloud.services.shapes import complete
from local_cloud.settings import Settings, define

if t.TYPE_CHECKING:
    from local_cloud.store import Store

Record = dict[str, t.Any]

define("antiddos.blackhole_mbps", 5000, "traffic above which an address is black-holed, in Mbit/s: 5 Gbit/s")
define("antiddos.tells_highest", True, "whether MaxBps and MaxPps are told (UNCERTAIN)")
define("antiddos.eip_max_mbps", 5000, "highest scrubbing threshold of an EIP that no instance has (UNCERTAIN)")
define("antiddos.eip_max_pps", 1_000_000, "the same in packets per second (UNCERTAIN)")
define("antiddos.automatic", True, "whether scrubbing thresholds are automatic until somebody sets them (UNCERTAIN)")
define(
    "antiddos.absent_code",
    "InvalidInstanceId.NotFound",
    "code (404) of an operation on an asset or address that the caller has not (UNCERTAIN)",
)
define("antiddos.threshold_code", "InvalidParameter", "code (400) of a threshold above the highest (UNCERTAIN)")

#: InstanceType; of the others there are none here
KINDS = ("ecs", "slb", "eip", "ipv6", "swas", "waf", "ga_basic")
STATES = ("normal", "mitigating", "blackholed")
#: the one region whose endpoints serve others, too
_CENTRAL_REGION = "cn-hangzhou"


@dataclass(frozen=True)
class Asset:
    """What has public addresses, and the highest scrubbing thresholds of these."""

    id: str
    kind: str
    name: str
    account_id: str
    region: str
    addresses: tuple[str, ...]
    max_mbps: int
    max_pps: int


def antiddos(action: str) -> t.Callable[[Handler], Handler]:
    """Register a handler; its answer is completed to the SDK's response model."""

    def register(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def served(call: Call) -> Record:
            return complete("antiddos-public", action, handler(call))

        operation("antiddos-public", action)(served)
        return handler

    return register


# -- parameters


def invalid(name: str, problem: str) -> ApiError:
    return ApiError("InvalidParameter", 400, f'The specified parameter "{name}" is not valid: {problem}')


def chosen(call: Call, name: str, choices: t.Sequence[str]) -> str:
    """A parameter that must be there and be one of these."""
    value = str(call.params[name])
    if value not in choices:
        raise invalid(name, f"it must be one of {', '.join(choices)}.")
    return value


def region_of(call: Call) -> str:
    """DdosRegionId, which takes the place of RegionId here; the endpoint has to be that region's or a central one."""
    region = str(call.params["DdosRegionId"])
    if region not in catalogue.regions():
        raise ApiError("InvalidRegionId.NotFound", 404, "The specified DdosRegionId does not exist.")
    host_region = of_host(call.host)[1]
    if host_region not in (None, _CENTRAL_REGION, region):
        raise ApiError(
            "InvalidOperation.NotSupportedEndpoint", 400, "The specified endpoint can't operate this region."
        )
    return region


def page(call: Call, records: list[Record]) -> list[Record]:
    """The page that is asked for."""
    number, size = int(call.get("CurrentPage", 1)), int(call.get("PageSize", 10))
    return records[(number - 1) * size : number * size]


def absent(call: Call, what: str) -> ApiError:
    return ApiError(call.settings["antiddos.absent_code"], 404, f"The specified {what} does not exist.")


# -- assets


def assets(
    store: Store,
    settings: Settings,
    kind: str,
    region: str | None = None,
    account_id: str | None = None,
    *,
    lagged: bool = False,
) -> list[Asset]:
    """Everything of a kind that has a public address.

    :param kind: C(InstanceType); an EIP is an asset of its own, whether an instance has it or not
    """
    where = {"AccountId": account_id} if account_id else None
    if kind == "ecs":
        found = store.find("instance", region, where=where, lagged=lagged)
        return [_of_instance(one) for one in found if one.get("PublicIpAddress")]
    if kind == "eip":
        return [
            _of_eip(store, settings, one, lagged=lagged)
            for one in store.find("eip", region, where=where, lagged=lagged)
        ]
    return []


def _of_instance(instance: Record) -> Asset:
    return Asset(
        instance["InstanceId"],
        "ecs",
        instance["InstanceName"],
        instance["AccountId"],
        instance["RegionId"],
        (instance["PublicIpAddress"],),
        *_highest(instance),
    )


def _of_eip(store: Store, settings: Settings, eip: Record, *, lagged: bool) -> Asset:
    instance = store.get("instance", eip["InstanceId"], lagged=lagged) if eip["InstanceId"] else None
    highest = settings["antiddos.eip_max_mbps"], settings["antiddos.eip_max_pps"]
    return Asset(
        eip["AllocationId"],
        "eip",
        str(eip.get("Name") or ""),
        eip["AccountId"],
        eip["RegionId"],
        (eip["IpAddress"],),
        *(_highest(instance) if instance else highest),
    )


def _highest(instance: Record) -> tuple[int, int]:
    """Mbit/s and packets per second of an instance's type, from which its highest thresholds are."""
    kbits, packets = network_of_type(catalogue.instance_types()[instance["InstanceType"]])
    return kbits // 1000, packets


def own_assets(call: Call, *, lagged: bool = False) -> list[Asset]:
    """The caller's assets of the kind and in the region that the call names."""
    kind = chosen(call, "InstanceType", KINDS)
    return assets(call.store, call.settings, kind, region_of(call), call.account_id, lagged=lagged)


def own_asset(call: Call, *, lagged: bool = False) -> Asset:
    """The asset that the call names; 404 if the caller has none such."""
    wanted = str(call.params["InstanceId"])
    for one in own_assets(call, lagged=lagged):
        if one.id == wanted:
            return one
    raise absent(call, "InstanceId")


def own_address(call: Call, asset: Asset) -> str:
    """The address of an asset that the call names; 404 if it has none such."""
    address = str(call.params["InternetIp"])
    if address not in asset.addresses:
        raise absent(call, "InternetIp")
    return address


# -- what is known of an address


def thresholds(store: Store, settings: Settings, asset: Asset, address: str, *, lagged: bool = False) -> Record:
    """Bps, Pps and IsAuto: the highest, as long as nobody has set others (what automatic ones are is UNCERTAIN)."""
    record = store.get("ddos_threshold", f"{asset.id}/{address}", lagged=lagged)
    if record is None or record["IsAuto"]:
        automatic = settings["antiddos.automatic"] if record is None else True
        return {"Bps": asset.max_mbps, "Pps": asset.max_pps, "IsAuto": automatic}
    # A smaller type has lower figures than were set for it when it was larger.
    lower = {"Bps": min(record["Bps"], asset.max_mbps), "Pps": min(record["Pps"], asset.max_pps)}
    return {**lower, "IsAuto": False}


def events(store: Store, asset: Asset, address: str | None = None, *, lagged: bool = False) -> list[Record]:
    """The events of an asset, or of one address of it, the newest first."""
    where = {"AccountId": asset.account_id, "InstanceId": asset.id, **({"InternetIp": address} if address else {})}
    return store.find("ddos_event", where=where, lagged=lagged)[::-1]


def states(store: Store, account_id: str, *, lagged: bool = False) -> dict[tuple[str, str], str]:
    """The states of an account's addresses that have had events, by asset and address: the worst of each one's."""
    found: dict[tuple[str, str], str] = {}
    for one in store.find("ddos_event", where={"AccountId": account_id}, lagged=lagged):
        key = (one["InstanceId"], one["InternetIp"])
        found[key] = max(found.get(key, STATES[0]), one["DdosStatus"], key=STATES.index)
    return found
