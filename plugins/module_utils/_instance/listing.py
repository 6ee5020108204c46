# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instances of several regions as an inventory sees them: filters, variables, names. Private."""

from __future__ import annotations

import re
import typing as t
from concurrent.futures import ThreadPoolExecutor

from .._cloud.door import Cloud, dig, json_list
from .._cloud.errors import AlitrustError, InvalidInput
from .._cloud.options import Connection
from .._cloud.spelling import nearest
from .._core import tags as tagging
from . import shape
from .reach import SESSION

Facts = dict[str, t.Any]

#: How many regions are read side by side.
_SIDE_BY_SIDE = 8
#: Where the list of regions is asked for when no region is given; each region gives the same list.
_ANY_REGION = "cn-hangzhou"
#: Filter -> parameter of DescribeInstances.
_FILTERS = {
    "image_id": "ImageId",
    "instance_name": "InstanceName",
    "instance_network_type": "InstanceNetworkType",
    "instance_type": "InstanceType",
    "instance_type_family": "InstanceTypeFamily",
    "key_name": "KeyPairName",
    "resource_group_id": "ResourceGroupId",
    "security_group_id": "SecurityGroupId",
    "vpc_id": "VpcId",
    "vswitch_id": "VSwitchId",
    "zone_id": "ZoneId",
}
#: Filters that take up to 100 values at once.
_LIST_FILTERS = {
    "eips": "EipAddresses",
    "instance_ids": "InstanceIds",
    "private_ips": "PrivateIpAddresses",
    "public_ips": "PublicIpAddresses",
}
_MOST_VALUES = 100
#: What a host can be named by, besides a tag.
NAMES = ("name", "instance_id", "host_name", "private_ip", "public_ip", "eip")
_TAG = "tag:"


def parameters(filters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Filters as parameters of DescribeInstances; blank ones are not given.

    :raises InvalidInput: a filter that does not exist, or too many values
    """
    known = {**_FILTERS, **_LIST_FILTERS}
    found: dict[str, t.Any] = {}
    for name, value in filters.items():
        if name not in known:
            raise InvalidInput(
                f"filters has {name!r}; expected {', '.join(sorted(known))}.", hint=nearest([name], known)
            )
        if value in (None, "", []):
            continue
        if name in _LIST_FILTERS:
            values = value if isinstance(value, list) else [value]
            if len(values) > _MOST_VALUES:
                raise InvalidInput(f"filters.{name} has {len(values)} values; expected at most {_MOST_VALUES}.")
            found[known[name]] = json_list(str(one) for one in values)
        else:
            found[known[name]] = str(value)
    return found


def check_names(names: t.Iterable[str]) -> None:
    """Refuse what a host cannot be named by.

    :raises InvalidInput: naming it
    """
    for name in names:
        if name not in NAMES and not (name.startswith(_TAG) and len(name) > len(_TAG)):
            raise InvalidInput(f"hostnames has {name!r}; expected {', '.join(NAMES)} or {_TAG}KEY.")


def host_name(one: Facts, names: t.Iterable[str], *, safe: bool = False) -> str:
    """The first of these that the instance has; its id when it has none of them.

    Ansible shows it as it is, so that what a terminal obeys or does not show becomes C(_) in any case.

    :param safe: with C(_) for what means something in a host pattern
    """
    for name in names:
        found = one["tags"].get(name[len(_TAG) :]) if name.startswith(_TAG) else one[name]
        if found:
            seen = str(found)
            if not seen.isprintable():
                seen = "".join(letter if letter.isprintable() else "_" for letter in seen)
            return re.sub(r"[^\w.-]", "_", seen) if safe else seen
    return str(one["instance_id"])


def host_names(ones: t.Sequence[Facts], names: t.Sequence[str], *, safe: bool = False) -> dict[str, str]:
    """What each instance is called, by its id; C(safe) as for C(host_name).

    Of several with the same name the oldest keeps it and the others get their id appended, so that what was said of a
    host never comes to mean another machine because one more was made.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for one in sorted(ones, key=lambda one: (one["creation_time"] or "", one["instance_id"])):
        name = host_name(one, names, safe=safe)
        found[one["instance_id"]] = f"{name}-{one['instance_id']}" if name in taken else name
        taken.add(name)
    return found


def facts(item: t.Mapping[str, t.Any]) -> Facts:
    """What is known of an instance, from an item of DescribeInstances: its shape, and what only an inventory tells."""
    cards = dig(item, "NetworkInterfaces.NetworkInterface") or []
    own = shape.instance(item)
    return {
        **own,
        "instance_name": own["name"],
        "eip": dig(item, "EipAddress.IpAddress") or None,
        "eni_ips": [card.get("PrimaryIpAddress") for card in cards if card.get("Type") == "Secondary"],
        "network_interface_ids": [card.get("NetworkInterfaceId") for card in cards],
        "resource_group_id": item.get("ResourceGroupId") or None,
        "supports_vtpm": own["trusted"]["supports_vtpm"],
        "system_tags": {
            key: value
            for key, value in tagging.from_api(dig(item, "Tags.Tag")).items()
            if key.startswith(tagging.SYSTEM_PREFIXES)
        },
    }


def address(one: Facts, kinds: t.Iterable[str]) -> str | None:
    """The first of these addresses that the instance has."""
    for kind in kinds:
        if kind == SESSION:
            found = one["instance_id"]
        else:
            found = next(iter(one["eni_ips"]), None) if kind == "eni_ip" else one[kind]
        if found:
            return str(found)
    return None


def by_session(one: Facts) -> dict[str, str]:
    """What a host needs as variables to be reached by the connection C(session), whatever the prefix of others is."""
    return {
        "ansible_connection": "alitrust.ecs.session",
        "alitrust_instance_id": one["instance_id"],
        "alitrust_region_id": one["region_id"],
    }


def regions(cloud: Cloud, wanted: t.Sequence[str]) -> list[str]:
    """The regions to read, each once. C(all) stands for those that the account can use.

    :raises InvalidInput: no region was given
    """
    if "all" not in wanted:
        return list(dict.fromkeys(wanted)) or [cloud.region]
    asked = cloud if cloud.connection.region else cloud.in_region(_ANY_REGION)
    return [item["RegionId"] for item in asked.pages("ecs", "DescribeRegions")]


def read(
    connection: Connection, wanted: t.Sequence[str], of_region: t.Callable[[Cloud], list[Facts]]
) -> tuple[list[Facts], dict[str, AlitrustError]]:
    """What C(of_region) finds in each region, read side by side, and the error of each region that failed.

    :returns: the instances of all regions by name, and region -> error
    """
    found: list[Facts] = []
    failed: dict[str, AlitrustError] = {}

    def one(region: str) -> list[Facts] | AlitrustError:
        try:
            return of_region(Cloud(connection.in_region(region)))
        except AlitrustError as error:
            return error

    with ThreadPoolExecutor(max_workers=min(_SIDE_BY_SIDE, len(wanted)) or 1) as pool:
        for region, outcome in zip(wanted, pool.map(one, wanted), strict=True):
            if isinstance(outcome, AlitrustError):
                failed[region] = outcome
            else:
                found += outcome
    return sorted(found, key=shape.order), failed
