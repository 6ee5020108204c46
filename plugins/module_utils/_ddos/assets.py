# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Anti-DDoS Basic guards: the public addresses of instances and EIPs. Private.

To it an address of its own makes the instance an asset, and an EIP is an asset itself, whether an instance has it or
not. Its operations name a region by C(DdosRegionId).
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass, replace

from .._cloud import foretold
from .._cloud.door import Cloud, chunks, dig, json_list
from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming

PRODUCT = "antiddos-public"
SPEC: dict[str, dict[str, t.Any]] = {
    "instance_ids": {"type": "list", "elements": "str", "aliases": ["instance_id"]},
    "eip_ids": {"type": "list", "elements": "str", "aliases": ["allocation_ids"]},
    "addresses": {"type": "list", "elements": "str", "aliases": ["public_ips"]},
}

#: Kinds of assets: InstanceType.
INSTANCE, EIP = "ecs", "eip"
KINDS = (INSTANCE, EIP)
#: What a check run calls an instance.
_KIND = "instance"
_EIP_ID = re.compile(r"eip-[A-Za-z0-9]+")
_DESCRIBED_AT_ONCE = 100
#: Up to so many are asked about one by one; for more, all there are of a region are read, 50 at a time.
_FEW = 10
_NAMED = 5

Row = dict[str, t.Any]


@dataclass(frozen=True)
class Asset:
    """A public address.

    :ivar kind: C(ecs) or C(eip)
    :ivar id: ID of the instance or of the EIP
    :ivar address: None where the instance will only be made, in a check run, and of an EIP that nobody has read yet
    :ivar instance_id: the instance that has it; None where none has, or nobody has asked yet
    """

    kind: str
    id: str
    address: str | None
    instance_id: str | None = None
    instance_type: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """By which it is one: an EIP has but one address."""
        return self.id, "" if self.kind == EIP else self.address or ""

    @property
    def unborn(self) -> bool:
        """Whether its instance would only be made, by an earlier task of a check run."""
        return foretold.is_id(self.id)

    @property
    def label(self) -> str:
        """What people call it."""
        return self.address or f"the address of {self.id}"


@dataclass(frozen=True)
class Chosen:
    """What a task is about.

    :ivar without: instances that have no public address
    """

    assets: tuple[Asset, ...]
    without: tuple[str, ...] = ()


def check(options: t.Mapping[str, t.Any]) -> None:
    """:raises InvalidInput: an ID or an address that cannot be one"""
    naming.check_instance_ids(options["instance_ids"])
    for one in options["eip_ids"] or ():
        if not _EIP_ID.fullmatch(one):
            raise InvalidInput(
                f"eip_ids has {one!r}; expected the ID of an EIP (AllocationId), which begins with eip-, for example "
                "eip-bp1a2b3c4d5e6f7g8h9j."
            )
    for one in options["addresses"] or ():
        try:
            ipaddress.IPv4Address(one)
        except ValueError:
            raise InvalidInput(f"addresses has {one!r}; expected a public IPv4 address, such as 203.0.113.7.") from None


def choose(cloud: Cloud, options: t.Mapping[str, t.Any]) -> Chosen:
    """The addresses that a task names: all of the region where it names none, in the order given otherwise.

    :raises UnexpectedState: what is named is not there
    """
    named = [options[name] for name in SPEC]
    if all(one is None for one in named):
        return Chosen(tuple(of_row(row, at) for kind in KINDS for row in rows(cloud, kind) for at in configs(row)))
    found, without = _of_instances(cloud, options["instance_ids"] or [])
    found += [Asset(EIP, one, None) for one in options["eip_ids"] or ()]
    found += _of_addresses(cloud, options["addresses"] or [])
    once: dict[tuple[str, str], Asset] = {}
    for one in found:
        once.setdefault(one.key, one)
    return Chosen(tuple(once.values()), tuple(without))


def _of_instances(cloud: Cloud, ids: t.Sequence[str]) -> tuple[list[Asset], list[str]]:
    """Addresses of instances, and the instances that have none.

    An instance that an earlier task of a check run would have made has an address where it gets public bandwidth.
    """
    items = _instances(cloud, [one for one in ids if not foretold.is_id(one)])
    found: list[Asset] = []
    without: list[str] = []
    missing: list[str] = []
    for one in ids:
        record = cloud.foretold.find(_KIND, one)
        if foretold.is_id(one) and record is not None:
            shape = record.get("instance") or {}
            if shape.get("internet_max_bandwidth_out"):
                found.append(Asset(INSTANCE, one, None, one, shape.get("instance_type")))
            else:
                without.append(one)
        elif one not in items:
            missing.append(one)
        elif assets := _of_item(items[one]):
            found += assets
        else:
            without.append(one)
    if missing:
        raise UnexpectedState(
            f"There is no instance {_some_of(missing)} in {cloud.region}.",
            hint="Check instance_ids and region; alitrust.ecs.trusted_instance_info lists what is there.",
        )
    return found, without


def _instances(cloud: Cloud, ids: t.Sequence[str]) -> dict[str, Row]:
    """Items of DescribeInstances by ID, without those that an earlier task of a check run would have deleted."""
    return {
        str(item["InstanceId"]): item
        for some in chunks(list(ids), _DESCRIBED_AT_ONCE)
        for item in cloud.pages("ecs", "DescribeInstances", InstanceIds=json_list(some))
        if not cloud.foretold.is_gone(_KIND, item["InstanceId"])
    }


def _of_item(item: Row) -> list[Asset]:
    """The public addresses of an instance: its own, and its EIP."""
    about = (str(item["InstanceId"]), str(item.get("InstanceType") or "") or None)
    found = [Asset(INSTANCE, about[0], str(one), *about) for one in dig(item, "PublicIpAddress.IpAddress") or []]
    if address := dig(item, "EipAddress.IpAddress"):
        found.append(Asset(EIP, str(dig(item, "EipAddress.AllocationId")), str(address), *about))
    return found


def _of_addresses(cloud: Cloud, addresses: t.Sequence[str]) -> list[Asset]:
    found: dict[str, Asset] = {}
    for kind in KINDS:
        left = [one for one in addresses if one not in found]
        for row in rows_of(cloud, kind, "InstanceIp", left):
            assets = (of_row(row, at) for at in configs(row))
            found |= {str(one.address): one for one in assets if one.address in left}
    missing = [one for one in addresses if one not in found]
    if missing:
        raise UnexpectedState(
            f"No instance and no EIP of this account in {cloud.region} has the address {_some_of(missing)}.",
            hint="Check addresses and region. Anti-DDoS Basic may need a moment to know an address that is new.",
        )
    return [found[one] for one in addresses]


# ---------------------------------------------------------------------- lists


def rows(cloud: Cloud, kind: str, **filters: t.Any) -> list[Row]:
    """Items of DescribeInstanceIpAddress of one kind."""
    return cloud.pages(PRODUCT, "DescribeInstanceIpAddress", DdosRegionId=cloud.region, InstanceType=kind, **filters)


def rows_of(cloud: Cloud, kind: str, name: str, values: t.Sequence[str]) -> list[Row]:
    """The same of some assets: the operation takes one value of a filter.

    :param name: C(InstanceId) or C(InstanceIp)
    """
    if len(values) > _FEW:
        wanted = set(values)
        found = rows(cloud, kind)
        if name == "InstanceId":
            return [row for row in found if row.get("InstanceId") in wanted]
        return [row for row in found if any(at.get("InstanceIp") in wanted for at in configs(row))]
    return [row for one in values for row in rows(cloud, kind, **{name: one})]


def configs(row: Row) -> list[Row]:
    """The addresses of an asset, each with its state and thresholds."""
    return list(row.get("IpAddressConfig") or ())


def of_row(row: Row, at: Row) -> Asset:
    kind, asset_id = str(row.get("InstanceType") or INSTANCE), str(row["InstanceId"])
    return Asset(kind, asset_id, str(at["InstanceIp"]), asset_id if kind == INSTANCE else None)


# ---------------------------------------------------------------------- whose an address is


def with_instances(cloud: Cloud, assets: t.Sequence[Asset]) -> list[Asset]:
    """The same with the instance that has each, and its type; the service itself knows neither."""
    own = [one.id for one in assets if one.kind == INSTANCE and not one.instance_type]
    elastic = [one.address for one in assets if one.kind == EIP and not one.instance_id and one.address]
    items = _instances(cloud, own)
    owners = {
        str(dig(item, "EipAddress.IpAddress")): item
        for some in chunks(elastic, _DESCRIBED_AT_ONCE)
        for item in cloud.pages("ecs", "DescribeInstances", EipAddresses=json_list(some))
    }
    return [_with_instance(one, items.get(one.id) or owners.get(one.address or "")) for one in assets]


def _with_instance(asset: Asset, item: Row | None) -> Asset:
    if asset.instance_type or item is None:
        return asset
    return replace(
        asset, instance_id=str(item["InstanceId"]), instance_type=str(item.get("InstanceType") or "") or None
    )


def _some_of(names: t.Sequence[str]) -> str:
    return f"{', '.join(names[:_NAMED])}{' and others' if names[_NAMED:] else ''}"
