# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether security groups let one packet through, and what decides that. Pure. Private.

Source of the order: Alibaba Cloud's document "Elastic Compute Service Security" (1.1 Overview, 1.2 Advanced security
groups, 1.7 Add security group rules) and the description of ModifySecurityGroupPolicy.

1. Members of one basic group whose inner policy is accept reach each other over the internal network, whatever its
   rules say.
2. The rules of all groups of the network interface count together, the smallest number of the priority first, and drop
   before accept where it is equal. The first one that fits decides.
3. Where none fits: a basic group lets everything out and nothing in, an advanced one nothing out and nothing in.

Groups are stateful: what is decided is the packet that opens a session. Packets of an open session pass both ways.
"""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass
from functools import cache

from .._core import networks
from . import traffic
from .rule import NO_PORTS, Rule


@dataclass(frozen=True)
class Group:
    """A group that a network interface is in.

    :ivar id: empty for rules that are in no group yet
    :ivar advanced: whether it is an advanced (enterprise) group
    :ivar inner: whether its inner policy lets members reach each other
    :ivar vpc: whether it is in a VPC; otherwise in the classic network
    """

    id: str
    name: str = ""
    rules: tuple[Rule, ...] = ()
    advanced: bool = False
    inner: bool = False
    vpc: bool = True

    @property
    def label(self) -> str:
        return self.name or self.id or "the rules given"


@dataclass(frozen=True)
class Packet:
    """What opens a session, with everything that a rule can look at.

    :ivar direction: C(ingress) or C(egress), seen from the interface whose groups are asked
    :ivar port: destination port; 0 for a protocol without ports, as C(source_port)
    :ivar peer: address of the other side
    :ivar own: address of this side
    :ivar member_of: groups that the other side is in, and prefix and port lists that the packet is in besides those
        whose content is known
    :ivar nic_type: C(intranet) or C(internet); in a VPC everything is intranet
    """

    direction: str
    protocol: str
    port: int
    source_port: int
    peer: str
    own: str
    member_of: frozenset[str] = frozenset()
    nic_type: str = "intranet"


@dataclass(frozen=True)
class Decision:
    """:ivar by: C(rule), C(inner_policy), or C(default) where no rule fits"""

    allowed: bool
    by: str
    group: Group | None = None
    rule: Rule | None = None


#: Prefix list -> its networks, for those that could be read.
Lists = t.Mapping[str, t.Sequence[str]]
#: Rules of several groups, each with its group, the strongest first.
Ordered = t.Sequence[tuple[Rule, Group]]


def ordered(groups: t.Iterable[Group], direction: str) -> list[tuple[Rule, Group]]:
    """The rules of one direction, of all groups together, the one that decides first first."""
    found = [(rule, group) for group in groups for rule in group.rules if rule.direction == direction]
    return sorted(found, key=lambda pair: traffic.strength(pair[0]))


def decide(groups: t.Sequence[Group], rules: Ordered, packet: Packet, lists: Lists) -> Decision:
    """What becomes of a packet.

    :param groups: those of the interface, all of one type
    :param rules: theirs, from L{ordered}
    """
    for group in groups:
        if group.inner and packet.nic_type == "intranet" and group.id in packet.member_of:
            return Decision(True, "inner_policy", group)
    for rule, group in rules:
        if fits(rule, group, packet, lists):
            return Decision(rule.policy == "accept", "rule", group, rule)
    advanced = any(group.advanced for group in groups)
    return Decision(packet.direction == "egress" and not advanced, "default")


def fits(rule: Rule, group: Group, packet: Packet, lists: Lists) -> bool:
    """Whether a rule of the packet's direction is about it."""
    return (
        rule.protocol in ("all", packet.protocol)
        and (_in_ports(rule.ports, packet.port) if not rule.port_list else rule.port_list in packet.member_of)
        and _in_ports(rule.source_ports, packet.source_port)
        and (not rule.local or within(packet.own, rule.local))
        and nic_type(rule, group) == packet.nic_type
        and _is_peer(rule, packet, lists)
    )


def nic_type(rule: Rule, group: Group) -> str:
    """The side of the network that a rule is about; in the classic network an interface has two."""
    return "intranet" if group.vpc else rule.nic_type or "internet"


def _is_peer(rule: Rule, packet: Packet, lists: Lists) -> bool:
    if rule.peer_kind == "cidr":
        return within(packet.peer, rule.peer)
    if rule.peer in packet.member_of:
        return True
    return rule.peer_kind == "prefix_list" and any(within(packet.peer, one) for one in lists.get(rule.peer, ()))


def within(address: str, cidr: str) -> bool:
    """Whether an address is in a network; never, where one is IPv4 and the other IPv6."""
    return _address(address) in networks.network(cidr)


@cache
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(text)


def _in_ports(ports: str, port: int) -> bool:
    if ports == NO_PORTS:
        return True
    first, last = _span(ports)
    return first <= port <= last


_span = cache(traffic.span)
