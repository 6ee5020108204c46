# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules conclude of several things at once, and what the model concludes."""

from __future__ import annotations

import ipaddress
import typing as t

from proof.model.model_network import Rule, told_rule
from proof.model.model_parts import Options, State

if t.TYPE_CHECKING:
    from modules.harness import Modules

#: Direction, protocol, port, the other side.
PACKETS = [
    ("ingress", "tcp", "22", "203.0.113.7"),
    ("ingress", "tcp", "443", "198.51.100.1"),
    ("ingress", "udp", "53", "10.9.9.9"),
    ("egress", "tcp", "443", "198.51.100.1"),
    ("egress", "udp", "123", "198.51.100.1"),
]


def access(state: State) -> dict[str, list[str]]:
    """Which packets the members of each group may receive and send: the smallest priority decides, then a drop."""
    return {name: [_verdict(group, *packet) for packet in PACKETS] for name, group in state["groups"].items()}


def _verdict(group: Options, direction: str, protocol: str, port: str, peer: str) -> str:
    found = []
    for there, of, ports, other, policy, priority in group["rules"]:
        first, last = map(int, ports.split("/"))
        if (
            there == direction
            and of in (protocol, "all")
            and (first == -1 or first <= int(port) <= last)
            and not other.startswith("group:")
            and ipaddress.ip_address(peer) in ipaddress.ip_network(other)
        ):
            found.append((priority, policy != "drop"))
    if found:
        return "allow" if min(found)[1] else "deny"
    return "allow" if direction == "egress" and group["type"] == "normal" else "deny"


def told_access(modules: Modules) -> dict[str, list[str]]:
    packets = [dict(zip(("direction", "protocol", "port", "peer"), one, strict=True)) for one in PACKETS]
    return {
        one["name"]: [
            two["verdict"]
            for two in modules.run(
                "sg_access_info",
                security_group_ids=[one["security_group_id"]],
                packets=[{**packet, "peer_group_ids": []} for packet in packets],
            )["accesses"]
        ]
        for one in modules.run("security_group_info")["security_groups"]
    }


def rules(state: State) -> dict[str, list[Rule]]:
    return {name: sorted(group["rules"]) for name, group in state["groups"].items()}


def told_rules(modules: Modules) -> dict[str, list[Rule]]:
    names = {one["security_group_id"]: one["name"] for one in modules.run("security_group_info")["security_groups"]}
    found = modules.run("sg_rule_info", security_group_ids=list(names))["security_groups"]
    return {one["name"]: sorted(told_rule(rule, names) for rule in one["rules"]) for one in found}


def audit(state: State) -> Options:
    """What an audit finds off."""
    bound = {one["key_name"] for one in state["instances"].values()}
    open_to_all = [one for one in state["instances"] if state["instances"][one]["http_tokens"] == "optional"]
    unprotected = [name for name, one in state["instances"].items() if not one["deletion_protection"]]
    return {
        "kms_off": not state["kms"],
        "key_pair_unused": sorted(set(state["pairs"]) - bound),
        "imds_without_token": sorted(open_to_all),
        "deletion_unprotected": sorted(unprotected),
        "instance_without_role": sorted(name for name, one in state["instances"].items() if not one["ram_role_name"]),
    }


def told_audit(modules: Modules) -> Options:
    names = ("kms_off", "key_pair_unused", "imds_without_token", "deletion_unprotected", "instance_without_role")
    found = modules.run("audit_info", checks=list(names))["audit"]["findings"]
    about = {
        name: sorted(two["name"] for one in found if one["check"] == name for two in one["resources"]) for name in names
    }
    return {**about, "kms_off": any(one["check"] == "kms_off" for one in found)}


def protected(state: State) -> dict[str, bool]:
    """Whether Security Center protects each instance: none has come with the agent."""
    return dict.fromkeys(state["instances"], False)


def told_protected(modules: Modules) -> dict[str, bool]:
    servers = modules.run("security_center_info", gather=[])["servers"]
    unprotected = modules.run("security_center_agent_info")["unprotected"]
    return {one["name"]: one["protected"] or one["instance_id"] not in unprotected for one in servers}


#: By kind: what the model concludes, what is told.
CONCLUSIONS: dict[str, tuple[t.Callable[[State], t.Any], t.Callable[[Modules], t.Any]]] = {
    "rules": (rules, told_rules),
    "access": (access, told_access),
    "audit": (audit, told_audit),
    "protected": (protected, told_protected),
}
#: Modules whose options preflight_info takes.
FORESEEN = (
    "kms_service",
    "kms_key",
    "session_manager",
    "instance_ram_role",
    "vpc",
    "security_group",
    "sg_rule",
    "keypair",
)
