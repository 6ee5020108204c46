# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether groups let in (or out) what a question is about: one packet, or all that are alike. Pure. Private.

A question may leave something open (the source port) or name many (every address, ports 1 to 1024). Rules tell packets
apart only at the edges of their ranges and networks, so that one packet from each part between two edges stands for all
others there, and asking about these few is exact.
"""

from __future__ import annotations

import ipaddress
import itertools
import typing as t
from dataclasses import dataclass, replace

from .._cloud.errors import InvalidInput
from .._core import networks
from . import traffic
from .evaluator import Decision, Group, Lists, Ordered, Packet, decide, nic_type, ordered, within
from .rule import NO_PORTS, Rule
from .traffic import Span

ALLOW, DENY, DEPENDS = "allow", "deny", "depends"
#: Addresses that members of groups have in an internal network.
PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
_EVERYTHING = {4: "0.0.0.0/0", 6: "::/0"}
#: Most packets that are looked at for one question.
_MOST = 20_000
#: What two packets can differ in, in words.
_WORDS = {
    "protocol": "the protocol",
    "port": "the port",
    "source_port": "the source port",
    "peer": "the peer's address",
    "own": "the own address",
    "member_of": "the groups and lists that the peer is in",
}


@dataclass(frozen=True)
class Question:
    """What is asked; None means: left open.

    :ivar protocol: C(all) for every one
    :ivar peers: networks, one address among them as a network of one
    :ivar own: the same of this side
    :ivar member_of: groups and prefix lists that the peer is known to be in
    :ivar groups_known: whether the peer is in no other group than those
    :ivar nic_type: in the classic network; None goes by the peer's address
    """

    direction: str
    protocol: str
    ports: Span | None = None
    source_ports: Span | None = None
    peers: tuple[str, ...] | None = None
    own: tuple[str, ...] | None = None
    member_of: frozenset[str] = frozenset()
    groups_known: bool = False
    nic_type: str | None = None

    def turned(self) -> Question:
        """The same with direction and ports of the packet that a packet like this one answers."""
        direction = "egress" if self.direction == "ingress" else "ingress"
        return replace(self, direction=direction, ports=self.source_ports, source_ports=self.ports)


@dataclass(frozen=True)
class Answer:
    """:ivar verdict: C(allow), C(deny), or C(depends) where it is not the same for all packets
    :ivar cases: each way it is decided, with a packet that is
    :ivar depends_on: in words, with C(depends)
    """

    verdict: str
    cases: tuple[tuple[Decision, Packet], ...]
    depends_on: tuple[str, ...] = ()


def answer(groups: t.Sequence[Group], question: Question, lists: Lists) -> Answer:
    """Look at the groups' rules, and say what becomes of the packets that the question is about.

    :raises InvalidInput: when it is about too many different ones
    """
    rules = [pair for pair in ordered(groups, question.direction) if _may_fit(pair[0], question)]
    cases: dict[tuple[t.Any, ...], tuple[Decision, Packet]] = {}
    seen: dict[bool, list[Packet]] = {}
    for packet in _packets(groups, rules, question, lists):
        decision = decide(groups, rules, packet, lists)
        key = (decision.allowed, decision.by, id(decision.group), id(decision.rule))
        cases.setdefault(key, (decision, packet))
        seen.setdefault(decision.allowed, []).append(packet)
    if len(seen) == 1:
        return Answer(ALLOW if True in seen else DENY, tuple(cases.values()))
    first, second = _closest(seen[True], seen[False])
    varied = tuple(words for name, words in _WORDS.items() if getattr(first, name) != getattr(second, name))
    return Answer(DEPENDS, tuple(cases.values()), varied)


def _may_fit(rule: Rule, question: Question) -> bool:
    """Whether the rule can be about any of the packets, which saves looking at most rules of a full group."""
    return (
        (question.protocol == "all" or rule.protocol in ("all", question.protocol))
        and _overlap(question.ports, rule.ports)
        and _overlap(question.source_ports, rule.source_ports)
        and (rule.peer_kind != "cidr" or _overlaps(question.peers, rule.peer))
        and (not rule.local or _overlaps(question.own, rule.local))
    )


def _overlap(asked: Span | None, ports: str) -> bool:
    if not asked or not ports or ports == NO_PORTS:
        return True
    first, last = traffic.span(ports)
    return first <= asked[1] and asked[0] <= last


def _overlaps(asked: t.Iterable[str] | None, cidr: str) -> bool:
    return asked is None or any(traffic.within(one, cidr) or traffic.within(cidr, one) for one in asked)


def _packets(groups: t.Sequence[Group], rules: Ordered, question: Question, lists: Lists) -> t.Iterator[Packet]:
    """One packet of each kind that the rules tell apart."""
    version = _version(question)
    for protocol in _protocols(question.protocol, version, [rule for rule, _group in rules]):
        about = [(rule, group) for rule, group in rules if rule.protocol in ("all", protocol)]
        some = [rule for rule, _group in about]
        with_ports = protocol in ("tcp", "udp")
        ports = _ports(question.ports, [rule.ports for rule in some if rule.ports]) if with_ports else [0]
        sources = _ports(question.source_ports, [rule.source_ports for rule in some]) if with_ports else [0]
        peers = _addresses(_peers(question, version), _networks(some, lists))
        owns = _addresses(question.own or (_EVERYTHING[version],), [rule.local for rule in some if rule.local])
        if len(ports) * len(sources) * len(peers) * len(owns) > _MOST:
            raise InvalidInput(
                f"The rules tell more than {_MOST} different packets apart in this question.",
                hint="Ask about one port, or about one address or a smaller network.",
            )
        for port, source, peer, own in itertools.product(ports, sources, peers, owns):
            nic = _nic_type(question, groups, peer)
            fitting = [rule for rule, group in about if nic_type(rule, group) == nic]
            for member_of in _memberships(question, groups, fitting, peer, lists):
                yield Packet(question.direction, protocol, port, source, peer, own, member_of, nic)


# ---------------------------------------------------------------------- what is left open


def _version(question: Question) -> int:
    known = [*(question.peers or ()), *(question.own or ())]
    return networks.network(known[0]).version if known else 6 if question.protocol == "icmpv6" else 4


def _protocols(asked: str, version: int, rules: t.Iterable[Rule]) -> list[str]:
    if asked != "all":
        return [asked]
    named = {rule.protocol for rule in rules} - {"all", "icmp", "icmpv6"}
    other = next(str(number) for number in range(254, 0, -1) if str(number) not in named)
    return sorted({"tcp", "udp", "gre", "icmp" if version == 4 else "icmpv6", other} | named)


def _ports(asked: Span | None, ranges: t.Iterable[str]) -> list[int]:
    first, last = asked or traffic.ALL_PORTS
    spans = (traffic.span(one) for one in ranges if one != NO_PORTS)
    return _starts(first, last, ((low, high) for low, high in spans))


def _starts(first: int, last: int, ranges: t.Iterable[tuple[int, int]]) -> list[int]:
    """The first number of each part that the ranges cut C(first) to C(last) into."""
    edges = {edge for low, high in ranges for edge in (low, high + 1) if first < edge <= last}
    return sorted({first, *edges})


def _addresses(asked: t.Iterable[str], named: t.Iterable[str]) -> list[str]:
    known = [networks.network(one) for one in {*named, *PRIVATE}]
    found = []
    for one in asked:
        network = networks.network(one)
        edges = (
            (int(other.network_address), int(other.broadcast_address))
            for other in known
            if other.version == network.version
        )
        kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
        starts = _starts(int(network.network_address), int(network.broadcast_address), edges)
        found += [str(kind(start)) for start in starts]
    return found


def _networks(rules: t.Iterable[Rule], lists: Lists) -> t.Iterator[str]:
    for rule in rules:
        if rule.peer_kind == "cidr":
            yield rule.peer
        elif rule.peer_kind == "prefix_list":
            yield from lists.get(rule.peer, ())


def _peers(question: Question, version: int) -> tuple[str, ...]:
    if question.peers is not None:
        return question.peers
    # Nothing but its group is known, and the groups of rules are about internal addresses.
    return PRIVATE if version == 4 else (_EVERYTHING[6],)


def _nic_type(question: Question, groups: t.Iterable[Group], peer: str) -> str:
    if all(group.vpc for group in groups):
        return "intranet"
    return question.nic_type or ("intranet" if _is_internal(peer) else "internet")


def _is_internal(address: str) -> bool:
    return any(within(address, one) for one in PRIVATE)


def _memberships(
    question: Question, groups: t.Iterable[Group], rules: t.Iterable[Rule], peer: str, lists: Lists
) -> set[frozenset[str]]:
    """What the packet may be a member of, as far as it makes a difference.

    The rule that decides needs no more memberships than its own, and with fewer of them no other rule comes into play,
    so the needs of one rule at a time stand for every combination.
    """
    may_be_member = not question.groups_known and (":" in peer or _is_internal(peer))
    found = {question.member_of}
    for rule in rules:
        needs = {rule.port_list} if rule.port_list else set()
        if rule.peer_kind == "group":
            if rule.peer not in question.member_of and not may_be_member:
                continue
            needs.add(rule.peer)
        elif rule.peer_kind == "prefix_list" and rule.peer not in lists:
            needs.add(rule.peer)
        found.add(question.member_of | needs)
    if may_be_member:
        found |= {question.member_of | {group.id} for group in groups if group.inner}
    return found


# ---------------------------------------------------------------------- what it depends on


def _closest(allowed: t.Sequence[Packet], denied: t.Sequence[Packet]) -> tuple[Packet, Packet]:
    """Two packets with different verdicts that differ in as little as possible."""
    few = 200  # there may be thousands, and any pair is true
    pairs = itertools.product(allowed[:few], denied[:few])
    return min(pairs, key=lambda pair: sum(getattr(pair[0], name) != getattr(pair[1], name) for name in _WORDS))
