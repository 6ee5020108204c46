# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may reach whom on which ports, as a graph: the world, networks and security groups. Pure. Private.

Said of each security group by itself. An instance in several groups can be reached by what any of them lets in, as long
as no rule of another one with a stronger priority drops it.
"""

from __future__ import annotations

import typing as t
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

from .._core import networks
from .._security_group import traffic
from .._security_group.rule import Rule
from .._security_group.traffic import Ports

WORLD = "world"


@dataclass(frozen=True)
class Group:
    """What the graph needs of a security group.

    :ivar advanced: whether it is an advanced (enterprise) group, whose members may send nothing by default
    :ivar inner: whether its members reach each other
    :ivar addresses: private addresses of its members
    """

    id: str
    name: str
    rules: tuple[Rule, ...] = ()
    advanced: bool = False
    inner: bool = False
    addresses: tuple[str, ...] = ()

    @cached_property
    def grants(self) -> tuple[tuple[Rule, Ports], ...]:
        """Each rule that lets something in, with the ports that no rule drops before."""
        return tuple(_grants(self.rules))


@dataclass(frozen=True)
class Edge:
    """A source that may reach the members of a group.

    :ivar kind: of the source: C(world), C(cidr), C(group), C(foreign_group) or C(prefix_list)
    :ivar source: its id; a network for C(cidr)
    :ivar peers: how the rules say it
    """

    kind: str
    source: str
    group: str
    ports: Ports
    peers: tuple[str, ...] = ()


def _grants(rules: t.Iterable[Rule]) -> t.Iterator[tuple[Rule, Ports]]:
    inward = [rule for rule in rules if rule.direction == "ingress"]
    drops = [rule for rule in inward if rule.policy == "drop" and traffic.is_whole(rule)]
    for rule in inward:
        if rule.policy != "accept":
            continue
        ports = traffic.ports_of(rule)
        for drop in drops:
            if drop.priority <= rule.priority and _applies(drop, rule):
                ports = traffic.minus(ports, traffic.ports_of(drop))
        if ports:
            yield rule, ports


def _applies(rule: Rule, about: Rule) -> bool:
    """Whether a rule decides about all of another rule's peer."""
    if (rule.nic_type or "intranet") != (about.nic_type or "intranet"):
        return False
    # Members of a group have addresses too, so what is about every address is also about them.
    everywhere = rule.peer_kind == "cidr" and about.peer_kind != "cidr" and rule.peer == "0.0.0.0/0"
    return everywhere or traffic.peer_covers(rule, about)


def outward(group: Group, target: Group | None = None) -> Ports:
    """What members of a group may send: to another group's members, or to the world."""
    fitting = []
    for rule in group.rules:
        if rule.direction != "egress":
            continue
        if target is None:
            fits = rule.peer_kind == "cidr" and networks.network(rule.peer).prefixlen == 0
        elif rule.peer_kind == "group":
            fits = rule.peer == target.id
        else:
            fits = rule.peer_kind == "cidr" and _holds_all(rule.peer, target.addresses)
        if fits:
            fitting.append(rule)
    return traffic.accepted(fitting, default=not group.advanced)


def _holds_all(cidr: str, addresses: t.Sequence[str]) -> bool:
    if cidr == "0.0.0.0/0":
        return True
    return bool(addresses) and all(traffic.within(address, cidr) for address in addresses)


def edges(groups: t.Sequence[Group]) -> list[Edge]:
    """Who may reach whom, by group and source; what a known group may not send is left out."""
    known = {group.id: group for group in groups}
    found: list[Edge] = []
    for group in groups:
        by_source: dict[tuple[str, str], tuple[Ports, list[str]]] = {}
        for rule, ports in group.grants:
            key = _source(rule, known)
            if key[0] == "group":
                ports = traffic.minus(ports, traffic.minus(traffic.everything(), outward(known[key[1]], group)))
            if ports:
                before, peers = by_source.get(key, (Ports(), []))
                by_source[key] = (traffic.joined(before, ports), sorted({*peers, rule.peer}))
        found += [Edge(*key, group.id, ports, tuple(peers)) for key, (ports, peers) in by_source.items()]
        if group.inner and len(group.addresses) > 1:
            found.append(Edge("group", group.id, group.id, traffic.everything(), (group.id,)))
    return found


def _source(rule: Rule, known: t.Mapping[str, Group]) -> tuple[str, str]:
    if traffic.is_world(rule):
        return WORLD, WORLD
    if rule.peer_kind == "group" and rule.peer not in known:
        return "foreign_group", rule.peer
    return rule.peer_kind, rule.peer


class Members:
    """Where the members of groups are, to be asked for many networks."""

    def __init__(self, groups: t.Sequence[Group]) -> None:
        self._ids = [group.id for group in groups]
        placed = sorted(
            (*networks.numbers(address)[:2], place) for place, group in enumerate(groups) for address in group.addresses
        )
        self._addresses = [one[:2] for one in placed]
        self._places = [one[2] for one in placed]
        self._known: dict[str, list[str]] = {}

    def within(self, cidr: str) -> list[str]:
        """Groups that have a member inside of a network, in their order."""
        if cidr not in self._known:
            version, first, last = networks.numbers(cidr)
            start = bisect_left(self._addresses, (version, first))
            end = bisect_left(self._addresses, (version, last + 1))
            self._known[cidr] = [self._ids[place] for place in sorted(set(self._places[start:end]))]
        return self._known[cidr]
