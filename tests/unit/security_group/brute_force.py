# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second, naive answer to "would this be let in?", written from the documents and not from the evaluator.

It knows nothing of ranges: it walks through every packet of a small world, one by one, and through the priorities from
1 to 100, with rules as DescribeSecurityGroupAttribute gives them.
"""

from __future__ import annotations

import itertools
import typing as t
from functools import cache

Permission = dict[str, t.Any]

#: The world. The last port of each side stands for all that no rule of the world names.
PORTS = [1, 2, 3, 40000]
SOURCE_PORTS = [1, 2, 50000]
#: The last one stands for all that no rule names.
INTERNAL = ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "192.168.7.7"]
PUBLIC = ["203.0.113.8", "203.0.113.9", "203.0.113.10", "203.0.113.11"]
OWN = ["10.0.1.0", "10.0.1.1"]
GROUPS = ["sg-a", "sg-b", "sg-c"]
#: Of the first one the content is known.
PREFIX_LISTS = {"pl-known": ["10.0.0.2", "203.0.113.8"], "pl-secret": None}
#: C(50) stands for all that no rule of the world names.
PROTOCOLS = ["TCP", "UDP", "ICMP", "GRE", "50"]


class NaiveGroup(t.NamedTuple):
    id: str
    type: str
    inner: str
    vpc: bool
    permissions: list[Permission]


class Packet(t.NamedTuple):
    direction: str
    protocol: str
    port: int
    source_port: int
    peer: str
    own: str
    peer_groups: frozenset[str]
    secret_lists: frozenset[str]
    side: str


def number(address: str) -> int:
    a, b, c, d = address.split(".")
    return ((int(a) * 256 + int(b)) * 256 + int(c)) * 256 + int(d)


@cache
def inside(address: str, cidr: str) -> bool:
    network, _slash, length = cidr.partition("/")
    free = 32 - int(length or 32)
    return number(address) >> free == number(network) >> free


@cache
def ports_fit(text: str, port: int) -> bool:
    if text in ("", "-1/-1"):
        return True
    first, last = text.split("/")
    return int(first) <= port <= int(last)


def about(permission: Permission, packet: Packet) -> bool:
    """Whether a rule is about the packet: each attribute of the document's table, one after the other."""
    if permission["Direction"] != packet.direction:
        return False
    if permission["NicType"] != packet.side:
        return False
    if permission["IpProtocol"] not in ("ALL", packet.protocol):
        return False
    if packet.protocol in ("TCP", "UDP"):
        if not ports_fit(permission["PortRange"], packet.port):
            return False
        if not ports_fit(permission["SourcePortRange"], packet.source_port):
            return False
    elif permission["SourcePortRange"]:
        return False
    here, there = ("Dest", "Source") if packet.direction == "ingress" else ("Source", "Dest")
    if permission.get(f"{here}CidrIp") and not inside(packet.own, permission[f"{here}CidrIp"]):
        return False
    if permission.get(f"{there}CidrIp"):
        return inside(packet.peer, permission[f"{there}CidrIp"])
    if permission.get(f"{there}GroupId"):
        return permission[f"{there}GroupId"] in packet.peer_groups
    content = PREFIX_LISTS[permission[f"{there}PrefixListId"]]
    if content is None:
        return permission[f"{there}PrefixListId"] in packet.secret_lists
    return packet.peer in content


def let_through(groups: list[NaiveGroup], packet: Packet) -> bool:
    for group in groups:
        if group.inner == "Accept" and packet.side == "intranet" and group.id in packet.peer_groups:
            return True  # user rules are ignored for this traffic
    for priority in range(1, 101):
        policies = [
            permission["Policy"]
            for group in groups
            for permission in group.permissions
            if int(permission["Priority"]) == priority and about(permission, packet)
        ]
        if "Drop" in policies:
            return False
        if policies:
            return True
    if packet.direction == "ingress":
        return False
    return groups[0].type == "normal"


def subsets(names: t.Iterable[str]) -> list[frozenset[str]]:
    listed = list(names)
    return [frozenset(some) for size in range(len(listed) + 1) for some in itertools.combinations(listed, size)]


def outcomes(
    groups: list[NaiveGroup],
    direction: str,
    protocol: str | None,
    ports: tuple[int, int] | None,
    source_ports: tuple[int, int] | None,
    peer: str | None,
    own: str | None,
    peer_groups: frozenset[str] | None,
) -> set[bool]:
    """What becomes of all packets of the world that fit; None leaves something open."""
    found = set()
    named = {group for one in groups for group in [one.id]} | {
        permission[key]
        for one in groups
        for permission in one.permissions
        for key in ("SourceGroupId", "DestGroupId")
        if permission.get(key)
    }
    peers = [one for one in INTERNAL + PUBLIC if inside(one, peer)] if peer else INTERNAL
    owns = [one for one in OWN if inside(one, own)] if own else OWN
    for kind in [protocol] if protocol else PROTOCOLS:
        with_ports = kind in ("TCP", "UDP")
        for address, mine in itertools.product(peers, owns):
            internal = address in INTERNAL
            side = "intranet" if groups[0].vpc or internal else "internet"
            some = [peer_groups] if peer_groups is not None else subsets(named) if internal else [frozenset[str]()]
            for members, secret in itertools.product(some, subsets(["pl-secret"])):
                for port in PORTS if with_ports else [0]:
                    if with_ports and ports and not ports[0] <= port <= ports[1]:
                        continue
                    for source in SOURCE_PORTS if with_ports else [0]:
                        if with_ports and source_ports and not source_ports[0] <= source <= source_ports[1]:
                            continue
                        packet = Packet(direction, kind, port, source, address, mine, members, secret, side)
                        found.add(let_through(groups, packet))
                        if len(found) == 2:
                            return found
    return found
