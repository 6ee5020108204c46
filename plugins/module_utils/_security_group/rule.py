# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One security group rule in its canonical form: written in many ways, equal when it does the same. Pure. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from functools import cached_property

from .._core import networks

#: Port range of protocols that have no ports, and of rules that do not look at source ports.
NO_PORTS = "-1/-1"
DIRECTIONS = ("ingress", "egress")
#: Priority of the rules that Alibaba Cloud itself puts into a default group; nobody else can set it.
SYSTEM_PRIORITY = 110
#: The weakest priority that can be set.
LOWEST_PRIORITY = 100
#: IANA numbers of the protocols that have a name in the API.
_NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "47": "gre", "58": "icmpv6"}


@dataclass(frozen=True)
class Rule:
    """A rule; two rules are equal when Alibaba Cloud counts them as the same one.

    The description is not part of that. Neither is the owner of a peer group: a group's id is unique among all
    accounts, and an answer names the owner in another way than a request does.

    :ivar ports: C(first/last) of the destination ports
    :ivar peer_kind: C(cidr), C(group) or C(prefix_list); C(group_name) until the group is looked up
    :ivar peer: the other side: a network in canonical form, or an id
    :ivar local: network of the group's own side in five-tuple rules, else empty
    :ivar port_list: id of a port list instead of ports
    :ivar nic_type: None until it is known whether the group is in a VPC
    :ivar owner: account of a peer group, as its number or its login name
    """

    direction: str
    protocol: str
    ports: str
    peer_kind: str
    peer: str
    source_ports: str = NO_PORTS
    local: str = ""
    policy: str = "accept"
    priority: int = 1
    nic_type: str | None = None
    port_list: str = ""
    description: str | None = field(default=None, compare=False)
    owner: str | None = field(default=None, compare=False)
    rule_id: str | None = field(default=None, compare=False)

    @cached_property
    def order(self) -> tuple[t.Any, ...]:
        """For sorting: ingress first, then by priority and what the rule is about."""
        return (
            DIRECTIONS.index(self.direction),
            self.priority,
            self.protocol,
            [int(port) for port in self.ports.split("/")] if self.ports else [],
            self.peer_kind,
            self.peer,
            self.policy,
            self.source_ports,
            self.local,
            self.port_list,
            self.nic_type or "",
        )

    @property
    def line(self) -> str:
        """The rule as a person reads it."""
        ingress = self.direction == "ingress"
        words = [self.direction, self.policy, self.protocol]
        if self.port_list:
            words.append(f"ports of {self.port_list}")
        elif self.ports != NO_PORTS:
            words.append(self.ports)
        kind = "" if self.peer_kind == "cidr" else f"{self.peer_kind.replace('_', ' ')} "
        words.append(f"{'from' if ingress else 'to'} {kind}{self.peer}")
        if self.source_ports != NO_PORTS:
            words.append(f"source ports {self.source_ports}")
        if self.local:
            words.append(f"{'to' if ingress else 'from'} {self.local}")
        words.append(f"priority {self.priority}")
        if self.nic_type == "internet":
            words.append("on the internet side")
        if self.description:
            words.append(f'"{self.description}"')
        return " ".join(words)

    # ------------------------------------------------------------------ forms

    def to_result(self) -> dict[str, t.Any]:
        """With the names of the module's options, so that a result can be given back as an option."""
        ingress = self.direction == "ingress"
        return {
            "direction": self.direction,
            "protocol": self.protocol,
            "ports": self.ports or None,
            "port_list_id": self.port_list or None,
            "source_ports": None if self.source_ports == NO_PORTS else self.source_ports,
            "cidr": self.peer if self.peer_kind == "cidr" else None,
            "group_id": self.peer if self.peer_kind == "group" else None,
            "group_owner_id": self.owner if is_number(self.owner) else None,
            "group_owner_account": None if is_number(self.owner) else self.owner,
            "prefix_list_id": self.peer if self.peer_kind == "prefix_list" else None,
            "dest_cidr": (self.local or None) if ingress else None,
            "source_cidr": None if ingress else (self.local or None),
            "policy": self.policy,
            "priority": self.priority,
            "nic_type": self.nic_type,
            "description": self.description or None,
            "security_group_rule_id": self.rule_id,
        }

    def to_api(self) -> dict[str, t.Any]:
        """As an element of C(Permissions), or as the parameters of ModifySecurityGroupRule."""
        here, there = ("Dest", "Source") if self.direction == "ingress" else ("Source", "Dest")
        values: dict[str, t.Any] = {
            "IpProtocol": "ICMPv6" if self.protocol == "icmpv6" else self.protocol.upper(),
            "Policy": self.policy,
            "Priority": str(self.priority),
            "NicType": self.nic_type,
            "Description": self.description or None,
        }
        if self.port_list:
            values["PortRangeListId"] = self.port_list
        else:
            values["PortRange"] = self.ports
        if self.source_ports != NO_PORTS:
            values["SourcePortRange"] = self.source_ports
        if self.peer_kind == "cidr":
            values[_cidr_name(there, self.peer)] = self.peer
        elif self.peer_kind == "group":
            values[f"{there}GroupId"] = self.peer
            if self.owner and is_number(self.owner):
                values[f"{there}GroupOwnerId"] = int(self.owner)
            elif self.owner:
                values[f"{there}GroupOwnerAccount"] = self.owner
        else:
            values[f"{there}PrefixListId"] = self.peer
        if self.local:
            values[_cidr_name(here, self.local)] = self.local
        return {name: value for name, value in values.items() if value is not None}


def from_api(item: t.Mapping[str, t.Any]) -> Rule:
    """From an element of DescribeSecurityGroupAttribute's C(Permissions)."""
    direction = str(item.get("Direction") or "ingress").lower()
    here, there = ("Dest", "Source") if direction == "ingress" else ("Source", "Dest")
    group, prefix_list = item.get(f"{there}GroupId"), item.get(f"{there}PrefixListId")
    cidr = item.get(f"{there}CidrIp") or item.get(f"Ipv6{there}CidrIp")
    if cidr:
        peer_kind, peer = "cidr", str(networks.network(cidr))
    elif group:
        peer_kind, peer = "group", str(group)
    else:
        peer_kind, peer = "prefix_list", str(prefix_list or "")
    local = item.get(f"{here}CidrIp") or item.get(f"Ipv6{here}CidrIp")
    port_list = str(item.get("PortRangeListId") or "")
    return Rule(
        direction=direction,
        protocol=known_protocol(str(item.get("IpProtocol") or "all")),
        ports="" if port_list else str(item.get("PortRange") or NO_PORTS),
        peer_kind=peer_kind,
        peer=peer,
        source_ports=str(item.get("SourcePortRange") or NO_PORTS),
        local=str(networks.network(local)) if local else "",
        policy=str(item.get("Policy") or "accept").lower(),
        priority=int(item.get("Priority") or 1),
        nic_type=str(item.get("NicType") or "intranet").lower(),
        port_list=port_list,
        description=str(item.get("Description") or ""),
        owner=(str(item.get(f"{there}GroupOwnerAccount") or "") or None) if peer_kind == "group" else None,
        rule_id=str(item.get("SecurityGroupRuleId") or "") or None,
    )


def known_protocol(value: str) -> str:
    """A protocol in lower case, by its name where it has one."""
    word = value.strip().lower()
    return _NUMBERS.get(word, word)


def is_number(text: str | None) -> bool:
    """Whether an account is said by its number; otherwise it is by its login name."""
    return bool(text) and str(text).isascii() and str(text).isdigit()


def _cidr_name(side: str, value: str) -> str:
    return f"Ipv6{side}CidrIp" if ":" in value else f"{side}CidrIp"
