# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rules of a security group do to traffic: which ports a rule decides, and which rules never decide. Pure.
Private."""

from __future__ import annotations

import typing as t

from .._core.networks import network, numbers
from .rule import NO_PORTS, Rule

#: First and last port.
Span = tuple[int, int]
#: Protocol -> spans, in order, that neither overlap nor touch.
Ports = dict[str, list[Span]]

ALL_PORTS: Span = (1, 65535)
#: Stands for a protocol without ports.
NO_SPAN: Span = (0, 0)
#: What the protocol C(all) of a rule is taken apart into, because a drop may be about one of them.
_PARTS = ("tcp", "udp", "icmp", "icmpv6", "gre")
#: Networks shorter than this count as the world, so that two halves of it do too.
_WORLD_PREFIX = {4: 8, 6: 16}


def is_world(rule: Rule) -> bool:
    """Whether the rule is about the whole internet (or so much of it that it makes no difference)."""
    if rule.peer_kind != "cidr":
        return False
    peer = network(rule.peer)
    return peer.prefixlen < _WORLD_PREFIX[peer.version]


def everything() -> Ports:
    return {name: [ALL_PORTS if name in ("tcp", "udp") else NO_SPAN] for name in _PARTS}


def ports_of(rule: Rule) -> Ports:
    """The destination ports that a rule names. Those of a port list are not known and count as none."""
    if rule.protocol == "all":
        return everything()
    if rule.port_list:
        return {}
    if rule.protocol not in ("tcp", "udp"):
        return {rule.protocol: [NO_SPAN]}
    return {rule.protocol: [ALL_PORTS if rule.ports == NO_PORTS else span(rule.ports)]}


def span(text: str) -> Span:
    """Of C(first/last)."""
    first, last = text.split("/")
    return int(first), int(last)


def union(one: t.Sequence[Span], other: t.Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for first, last in sorted([*one, *other]):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def without(spans: t.Sequence[Span], taken: t.Sequence[Span]) -> list[Span]:
    left = list(spans)
    for low, high in taken:
        left = [
            part
            for first, last in left
            for part in ((first, min(last, low - 1)), (max(first, high + 1), last))
            if part[0] <= part[1]
        ]
    return left


def joined(one: Ports, other: Ports) -> Ports:
    return {name: union(one.get(name, []), other.get(name, [])) for name in {**one, **other}}


def minus(one: Ports, other: Ports) -> Ports:
    found = {name: without(spans, other.get(name, [])) for name, spans in one.items()}
    return {name: spans for name, spans in found.items() if spans}


def is_everything(ports: Ports) -> bool:
    return not minus(everything(), ports)


def text(ports: Ports) -> str:
    """As a person reads it, for example C(tcp 22, 80-90; icmp)."""
    if is_everything(ports):
        return "everything"
    parts = []
    for name in (*_PARTS, *sorted(set(ports) - set(_PARTS))):
        spans = ports.get(name)
        if not spans:
            continue
        numbers = ", ".join(
            "all" if span == ALL_PORTS else str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"
            for span in spans
        )
        parts.append(name if spans == [NO_SPAN] else f"{name} {numbers}")
    return "; ".join(parts) or "nothing"


def strength(rule: Rule) -> tuple[int, bool]:
    """For sorting: what decides first comes first, by priority, and drop before accept where that is equal."""
    return rule.priority, rule.policy != "drop"


def accepted(rules: t.Iterable[Rule], default: bool) -> Ports:
    """What rules that all apply to the same peer let through: by priority, and drop before accept where that is equal.

    :param default: whether what no rule decides is let through
    """
    undecided, through = everything(), Ports()
    for rule in sorted(rules, key=strength):
        left = minus(undecided, ports_of(rule))
        if rule.policy == "accept":
            through = joined(through, minus(undecided, left))
        if rule.policy == "accept" or is_whole(rule):
            undecided = left
    return joined(through, undecided) if default else through


def is_whole(rule: Rule) -> bool:
    """Whether the rule looks neither at source ports nor at a part of the group's own addresses."""
    return rule.source_ports == NO_PORTS and not rule.local


def covers(one: Rule, other: Rule) -> bool:
    """Whether all traffic that C(other) is about is traffic that C(one) is about."""
    if (one.direction, one.nic_type) != (other.direction, other.nic_type) or not peer_covers(one, other):
        return False
    if one.port_list or other.port_list:
        same = (one.port_list, one.protocol) == (other.port_list, other.protocol)
        if not same and not (one.protocol == "all" and not one.port_list):
            return False
    elif one.protocol != "all" and (one.protocol != other.protocol or minus(ports_of(other), ports_of(one))):
        return False
    sources = one.source_ports == NO_PORTS or (
        other.source_ports != NO_PORTS and not without([span(other.source_ports)], [span(one.source_ports)])
    )
    local = not one.local or (bool(other.local) and within(other.local, one.local))
    return sources and local


def peer_covers(one: Rule, other: Rule) -> bool:
    if one.peer_kind == "cidr" and other.peer_kind == "cidr":
        return within(other.peer, one.peer)
    return (one.peer_kind, one.peer) == (other.peer_kind, other.peer)


def within(inner: str, outer: str) -> bool:
    (kind, first, last), (other, lowest, highest) = numbers(inner), numbers(outer)
    return kind == other and lowest <= first and last <= highest


def idle(rules: t.Sequence[Rule]) -> list[tuple[str, Rule, Rule]]:
    """Rules that never decide anything, because another one of the group always decides first.

    :returns: why (C(duplicate), C(covered) by a wider rule of the same policy, or C(overridden) by one of the other
        policy), the idle rule, and the one that decides
    """
    found = []
    for place, rule in enumerate(rules):
        for other_place, other in enumerate(rules):
            if other is rule or not _decides_before(other, rule) or not covers(other, rule):
                continue
            equal = covers(rule, other) and other.policy == rule.policy
            if equal and rule.priority == other.priority and place < other_place:
                continue  # of two that are the same, the later one is idle
            kind = "duplicate" if equal else "covered" if other.policy == rule.policy else "overridden"
            found.append((kind, rule, other))
            break
    return found


def _decides_before(one: Rule, other: Rule) -> bool:
    if one.priority != other.priority:
        return one.priority < other.priority
    return one.policy == "drop" or one.policy == other.policy
