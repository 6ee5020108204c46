# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules as options of a task say them: checked, and taken apart into one rule for each combination. Pure. Private."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import replace

from .._cloud.errors import InvalidInput
from .._cloud.texts import whole
from .._core import naming, networks
from .rule import DIRECTIONS, LOWEST_PRIORITY, NO_PORTS, SYSTEM_PRIORITY, Rule, is_number, known_protocol
from .services import SERVICES

_POLICIES = ("accept", "drop")
_NIC_TYPES = ("intranet", "internet")
_NAMES = ("tcp", "udp", "icmp", "icmpv6", "gre", "all")
_WITH_PORTS = ("tcp", "udp")
_RANGE = re.compile(r"(\d{1,5})(?:/(\d{1,5}))?")
_ID = re.compile(r"[A-Za-z0-9\-]+")


def from_options(rules: t.Sequence[t.Mapping[str, t.Any]]) -> list[Rule]:
    """The rules that the option C(rules) asks for: one for each combination of port range and peer, each once.

    :raises InvalidInput: naming the element, what is wrong and what was expected
    """
    origin: dict[Rule, tuple[int, Rule]] = {}
    ids: dict[str, int] = {}
    for index, options in enumerate(rules):
        made = list(combinations(options, f"rules[{index}]"))
        rule_id = options.get("security_group_rule_id") or None
        if rule_id:
            made = [_with_id(index, made, rule_id, ids)]
        for rule in made:
            first, known = origin.setdefault(rule, (index, rule))
            if known.description and rule.description and known.description != rule.description:
                raise InvalidInput(
                    f"rules[{first}] and rules[{index}] are the same rule ({_without_words(rule)}) with different "
                    f"descriptions: {known.description!r} and {rule.description!r}.",
                    hint="Keep one of them; a description does not make another rule.",
                )
            if rule.description and not known.description:
                origin[rule] = (first, rule)
    return [rule for _index, rule in origin.values()]


def _with_id(index: int, rules: t.Sequence[Rule], rule_id: str, ids: dict[str, int]) -> Rule:
    where = f"rules[{index}]"
    if len(rules) != 1:
        raise InvalidInput(
            f"{where} has the id of one rule, {rule_id}, but stands for {len(rules)} rules.",
            hint="Give one port range and one peer, or leave security_group_rule_id out.",
        )
    first = ids.setdefault(_id(f"{where}.security_group_rule_id", rule_id), index)
    if first != index:
        raise InvalidInput(f"rules[{first}] and {where} both have the id {rule_id}.")
    return replace(rules[0], rule_id=rule_id)


def combinations(options: t.Mapping[str, t.Any], where: str) -> t.Iterator[Rule]:
    """A rule for each combination of ports and peers that one element names.

    :param where: what the element is called in errors
    :raises InvalidInput: what is wrong, what was expected
    """
    direction = _one_of(f"{where}.direction", options.get("direction") or "ingress", DIRECTIONS)
    description = options.get("description") or None
    _check_description(where, description)
    nic_type = options.get("nic_type") or None
    owner = _owner(options, where)
    local = _local(options, where, direction)
    peers = list(_peers(options, where))
    if owner and any(kind == "group_name" for kind, _peer in peers):
        raise InvalidInput(
            f"{where}.group has the name of a group of another account; names are looked up in this one.",
            hint="Give its ID with group_id.",
        )
    if not peers:
        raise InvalidInput(
            f"{where} says nothing about the other side.",
            hint="Give cidr (0.0.0.0/0 for everybody), group_id, group or prefix_list_id.",
        )
    for protocol, ports, port_list in _protocols(options, where):
        for source_ports in _ports(f"{where}.source_ports", options.get("source_ports"), protocol):
            for kind, peer in peers:
                _check_versions(where, protocol, peer if kind == "cidr" else "", local)
                yield Rule(
                    direction=direction,
                    protocol=protocol,
                    ports=ports,
                    port_list=port_list,
                    peer_kind=kind,
                    peer=peer,
                    source_ports=source_ports,
                    local=local,
                    policy=_one_of(f"{where}.policy", options.get("policy") or "accept", _POLICIES),
                    priority=_priority(f"{where}.priority", options.get("priority")),
                    nic_type=_one_of(f"{where}.nic_type", nic_type, _NIC_TYPES) if nic_type else None,
                    description=description,
                    owner=owner if kind == "group" else None,
                )


def _protocols(options: t.Mapping[str, t.Any], where: str) -> t.Iterator[tuple[str, str, str]]:
    """Protocol, ports and port list of each rule of an element."""
    services = _listed(options.get("service"))
    given = [name for name in ("protocol", "ports", "port_list_id") if _listed(options.get(name))]
    if services and given:
        raise InvalidInput(f"{where} has service and {given[0]}; a service says protocol and ports itself.")
    for name in services:
        if name.lower() not in SERVICES:
            raise InvalidInput(f"{where}.service has {name!r}; expected {', '.join(sorted(SERVICES))}.")
        for known, span in SERVICES[name.lower()]:
            yield known, span, ""
    if services:
        return
    if "protocol" not in given:
        raise InvalidInput(f"{where} has neither protocol nor service.", hint="Write protocol: tcp, or service: ssh.")
    protocol = protocol_name(f"{where}.protocol", options["protocol"])
    lists = _listed(options.get("port_list_id"))
    for one in lists:
        if protocol not in _WITH_PORTS:
            raise InvalidInput(f"{where}.port_list_id is given, but the protocol {protocol} has no ports.")
        yield protocol, "", _id(f"{where}.port_list_id", one)
    ports = _ports(f"{where}.ports", options.get("ports"), protocol)
    if protocol in _WITH_PORTS and ports == [NO_PORTS]:
        if lists:
            return
        raise InvalidInput(
            f"{where}.ports is not given; {protocol} needs ports, for example 22 or 8000/8080 (1/65535 for all)."
        )
    for span in ports:
        yield protocol, span, ""


def _check_description(where: str, description: str | None) -> None:
    if not description:
        return
    naming.check_description(naming.RULE_DESCRIPTION, f"{where}.description", description)
    try:
        description.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"{where}.description has half a character, which no text can have.") from None


def _owner(options: t.Mapping[str, t.Any], where: str) -> str | None:
    number, account = options.get("group_owner_id") or None, options.get("group_owner_account") or None
    if number and not is_number(str(number)):
        raise InvalidInput(
            f"{where}.group_owner_id is {number!r}; expected the number of an account.",
            hint="A login name such as somebody@example.com goes into group_owner_account.",
        )
    return str(number or account or "") or None


def _one_of(where: str, value: t.Any, choices: tuple[str, ...]) -> str:
    word = str(value).strip().lower()
    if word not in choices:
        raise InvalidInput(f"{where} is {value!r}; expected {' or '.join(choices)}.")
    return word


def protocol_name(where: str, value: t.Any) -> str:
    """A protocol as rules name it.

    :raises InvalidInput: for any other word or number
    """
    word = known_protocol(str(value if value is not None else ""))
    if word in _NAMES:
        return word
    number = whole(word)
    if number is not None and number <= 255:
        return str(number)
    hint = f"{word} is a service: write service: {word} instead." if word in SERVICES else ""
    raise InvalidInput(
        f"{where} is {value!r}; expected {', '.join(_NAMES)}, or the number of a protocol (0 to 255).", hint=hint
    )


def _ports(where: str, value: t.Any, protocol: str) -> list[str]:
    return [port_range(where, item, protocol) for item in _listed(value)] or [NO_PORTS]


def port_range(where: str, value: str, protocol: str) -> str:
    """Ports as C(first/last), or C(-1/-1) for a protocol without ports.

    :raises InvalidInput: what is wrong, what was expected
    """
    if protocol not in _WITH_PORTS:
        if value != NO_PORTS:
            raise InvalidInput(f"{where} is {value!r}, but the protocol {protocol} has no ports; leave the option out.")
        return NO_PORTS
    match = _RANGE.fullmatch(value)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= 65535:
        hint = " For all ports, write 1/65535." if value == NO_PORTS else ""
        raise InvalidInput(
            f"{where} has {value!r}; expected a port such as 22, or first/last such as 8000/8080, from 1 to "
            f"65535.{hint}"
        )
    return f"{first}/{last}"


def _priority(where: str, value: t.Any) -> int:
    text = str(1 if value is None else value).strip()
    number = whole(text)
    if number is None or not 1 <= number <= LOWEST_PRIORITY:
        hint = "110 is for the system's own rules; 100 is the next to it." if text == str(SYSTEM_PRIORITY) else ""
        raise InvalidInput(f"{where} is {value!r}; expected a number from 1 (decides first) to 100.", hint=hint)
    return number


def _local(options: t.Mapping[str, t.Any], where: str, direction: str) -> str:
    own, other = ("dest_cidr", "source_cidr") if direction == "ingress" else ("source_cidr", "dest_cidr")
    if options.get(other):
        raise InvalidInput(
            f"{where}.{other} is given for an {direction} rule, where the other side is said with cidr, group_id or "
            f"prefix_list_id; {own} narrows down the group's own side.",
        )
    value = str(options.get(own) or "").strip()
    return str(network(f"{where}.{own}", value)) if value else ""


def _peers(options: t.Mapping[str, t.Any], where: str) -> t.Iterator[tuple[str, str]]:
    for value in _listed(options.get("cidr")):
        yield "cidr", str(network(f"{where}.cidr", value))
    for kind, name in (("group", "group_id"), ("prefix_list", "prefix_list_id")):
        for value in _listed(options.get(name)):
            yield kind, _id(f"{where}.{name}", value)
    for value in _listed(options.get("group")):
        naming.check(naming.SECURITY_GROUP, f"{where}.group", value)
        yield "group_name", value


def _id(where: str, value: str) -> str:
    if not _ID.fullmatch(value):
        raise InvalidInput(f"{where} has {value!r}; expected an id of letters, digits and hyphens.")
    return value


def _listed(value: t.Any) -> list[str]:
    """Elements of a list, or of a text with commas, without blank ones."""
    if value is None:
        return []
    elements = value if isinstance(value, (list, tuple)) else str(value).split(",")
    return [str(element).strip() for element in elements if str(element).strip()]


def network(where: str, value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A network, where a bare address is a network of one, and an address with a mask the network that it is in.

    :raises InvalidInput: what was expected
    """
    found = networks.meant(value)
    if found is None:
        raise InvalidInput(
            f"{where} has {value!r}; expected an address or a network such as 10.0.0.0/8 or 2001:db8::/32."
        )
    return found


def notes(options: t.Mapping[str, t.Any], prefix: str) -> list[str]:
    """What a task should hear about an element whose rules are fine.

    :param prefix: what comes before the name of an option, such as C(rules[0].)
    """
    return [
        note
        for name in ("cidr", "dest_cidr", "source_cidr")
        for note in networks.notes(f"{prefix}{name}", _listed(options.get(name)))
    ]


def _check_versions(where: str, protocol: str, peer: str, local: str) -> None:
    """:raises InvalidInput: when IPv4 and IPv6 are mixed in one rule"""
    versions = {networks.network(value).version for value in (peer, local) if value}
    if len(versions) > 1:
        raise InvalidInput(f"{where} mixes IPv4 and IPv6: {peer} and {local}; write two rules.")
    if protocol == "icmp" and 6 in versions:
        raise InvalidInput(f"{where} has protocol icmp and the IPv6 network {peer or local}; for IPv6 it is icmpv6.")
    if protocol == "icmpv6" and 4 in versions:
        raise InvalidInput(f"{where} has protocol icmpv6 and the IPv4 network {peer or local}; for IPv4 it is icmp.")


def _without_words(rule: Rule) -> str:
    return rule.line.split(' "', 1)[0]
