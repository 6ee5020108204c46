# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network interface's security groups do to packets, as a ruleset of nftables.

Pure, and written from the documents alone: the collection has its own answer to the same question
(``_security_group/evaluator.py``), which tests compare with what these rules do to real packets.

The rules are in the region's network namespace, at its end of the instance's link, not in the instance's own: there as
on Alibaba Cloud they are out of reach of root in the instance, show nothing of themselves to it, leave nftables in it
to its owner, and work for virtual machines, too.
"""

from __future__ import annotations

import ipaddress
import typing as t
from collections import defaultdict
from dataclasses import dataclass

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: the internal network, as opposed to the internet, for the two sides that rules of the classic network have
_INTERNAL = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
_FAMILIES = {4: "ip", 6: "ip6"}
_NUMBERS = {"GRE": "47"}
#: neighbours are found without asking security groups
_NEIGHBOURS = "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert }"


@dataclass(frozen=True)
class Rule:
    """A rule of a security group, its peers and its own side looked up: addresses and networks in text.

    Ports are the first and the last one, None for all. ``own`` is None where the rule is about all own addresses.
    """

    direction: t.Literal["ingress", "egress"]
    protocol: str
    """TCP, UDP, ICMP, ICMPv6, GRE, ALL or a number."""
    accept: bool
    priority: int
    peers: tuple[str, ...]
    ports: tuple[int, int] | None = None
    source_ports: tuple[int, int] | None = None
    own: tuple[str, ...] | None = None
    side: t.Literal["", "intranet", "internet"] = ""
    """In the classic network, which of its two networks the rule is about."""


@dataclass(frozen=True)
class Guard:
    """All that the groups of one network interface say, together."""

    advanced: bool
    """Groups of an interface are of one type."""
    inner: tuple[str, ...] = ()
    """Addresses of the members of those of its groups in which members reach each other."""
    rules: tuple[Rule, ...] = ()
    spared: tuple[str, ...] = ()
    """Networks that are reached whatever the groups say."""


def ruleset(link: str, guard: Guard | None) -> str:
    """The text for ``nft -f -`` that puts the guard at a link (its name in the region), in place of any other.

    Without a guard what there was is removed.
    """
    # Adding first makes deleting work the first time, too; all of the text is one transaction.
    start = f"table inet {link}\ndelete table inet {link}\n"
    if guard is None:
        return start
    chains = {
        # What the instance sends to another one or the controller, and to what the region itself serves.
        "forward": [
            "type filter hook forward priority filter; policy accept;",
            f'iifname "{link}" jump egress',
            f'oifname "{link}" jump ingress',
        ],
        "input": ["type filter hook input priority filter; policy accept;", f'iifname "{link}" jump egress'],
        "egress": [*_chain("egress", guard), "drop" if guard.advanced else "return"],
        "ingress": [*_chain("ingress", guard), "drop"],
    }
    text = "".join(
        f"  chain {name} {{\n" + "".join(f"    {line}\n" for line in chains[name]) + "  }\n"
        for name in ("ingress", "egress", "forward", "input")
    )
    return f"{start}table inet {link} {{\n{text}}}\n"


def _chain(direction: str, guard: Guard) -> list[str]:
    """What is asked in turn, before the default of the groups' type.

    ``return`` accepts: the guard at the other end of the way has still to agree, and has tables of its own.
    """
    lines = ["ct state established,related return", f"{_NEIGHBOURS} return"]
    # Members of a basic group reach each other whatever the rules say.
    for found in [guard.inner, *([guard.spared] if direction == "egress" else [])]:
        lines += [f"{match} return" for match in _addresses(_peer_word(direction), found).values()]
    rules = [rule for rule in guard.rules if rule.direction == direction]
    # The smallest number first, at the same priority what forbids: whichever group a rule is of.
    for rule in sorted(rules, key=lambda rule: (rule.priority, rule.accept)):
        lines += [f"{match} {'return' if rule.accept else 'drop'}" for match in _matches(rule)]
    return lines


def _peer_word(direction: str) -> str:
    return "saddr" if direction == "ingress" else "daddr"


def _matches(rule: Rule) -> list[str]:
    """What a rule is about; one text for each address family, none where no packet can be meant."""
    versions = {"ICMP": (4,), "ICMPV6": (6,)}.get(rule.protocol.upper(), (4, 6))
    word = _peer_word(rule.direction)
    peers = _addresses(word, rule.peers)
    own = None if rule.own is None else _addresses("daddr" if word == "saddr" else "saddr", rule.own)
    found = []
    for version in versions:
        if version not in peers or (own is not None and version not in own):
            continue
        parts = [peers[version], *([own[version]] if own is not None else [])]
        if rule.side and version == 4:
            parts.append(f"ip {word} {'!= ' if rule.side == 'internet' else ''}{{ {', '.join(_INTERNAL)} }}")
        found.append(" ".join([*parts, *_protocol(rule)]))
    return found


def _protocol(rule: Rule) -> list[str]:
    name = rule.protocol.lower()
    if name == "all":
        return []
    parts = [f"meta l4proto {_NUMBERS.get(rule.protocol.upper(), name)}"]
    for word, ports in (("dport", rule.ports), ("sport", rule.source_ports)):
        if ports is not None and name in ("tcp", "udp"):
            parts.append(f"{name} {word} {ports[0]}-{ports[1]}")
    return parts


def _addresses(word: str, networks: t.Iterable[str]) -> dict[int, str]:
    """A match of these networks for each address family among them."""
    by_version: dict[int, list[Network]] = defaultdict(list)
    for text in networks:
        network = ipaddress.ip_network(text, strict=False)
        by_version[network.version].append(network)
    found = {}
    for version, members in sorted(by_version.items()):
        merged = [str(one) for one in ipaddress.collapse_addresses(t.cast("list[t.Any]", members))]
        everything = any(one.endswith("/0") for one in merged)
        found[version] = (
            f"meta nfproto ipv{version}" if everything else f"{_FAMILIES[version]} {word} {{ {', '.join(merged)} }}"
        )
    return found
