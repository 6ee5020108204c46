# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packets of C(sg_access_info): from options to questions, and from answers to results. Pure. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._cloud.errors import InvalidInput
from .._core import networks
from . import traffic
from .evaluator import Decision, Packet
from .planner import check_id
from .question import ALLOW, DENY, DEPENDS, PRIVATE, Answer, Question
from .rule import NO_PORTS
from .rule_options import network, port_range, protocol_name
from .traffic import Span

#: How the packets are written.
SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str"},
    "direction": {"type": "str", "choices": ["ingress", "egress"], "default": "ingress"},
    "protocol": {"type": "str", "required": True},
    "port": {"type": "str"},
    "source_port": {"type": "str"},
    "address": {"type": "str"},
    "peer": {"type": "str"},
    "peer_group_ids": {"type": "list", "elements": "str"},
    "peer_prefix_list_id": {"type": "str"},
    "peer_instance_id": {"type": "str"},
    "nic_type": {"type": "str", "choices": ["intranet", "internet"]},
    "reply": {"type": "bool", "default": False},
    "expect": {"type": "str", "choices": ["allow", "deny"]},
}
#: TCP port that is closed to the internet whatever the rules say (ECS Security guide, "Add security group rules").
_SMTP = 25
#: Ports that some operators block (the same, "Typical applications of commonly used ports").
_BLOCKED = (135, 139, 444, 445, 5800, 5900)


@dataclass(frozen=True)
class Asked:
    """A packet as a task asks about it.

    :ivar question: without what has to be read first: the peer's instance, the networks of the peer's prefix list
    :ivar notes: what is to be said about how it is written
    """

    name: str
    question: Question
    peer_instance_id: str | None = None
    peer_prefix_list_id: str | None = None
    reply: bool = False
    expect: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        text = line(self.question)
        return f"{self.name} ({text})" if self.name else text


def asked(packets: t.Sequence[t.Mapping[str, t.Any]]) -> list[Asked]:
    """The questions of the option C(packets).

    :raises InvalidInput: naming the element, what is wrong and what was expected
    """
    if not packets:
        raise InvalidInput("packets is empty; expected at least one packet to ask about.")
    return [_asked(one, f"packets[{number}]") for number, one in enumerate(packets)]


def _asked(options: t.Mapping[str, t.Any], where: str) -> Asked:
    protocol = protocol_name(f"{where}.protocol", options["protocol"])
    given = [name for name in ("peer", "peer_instance_id", "peer_prefix_list_id") if options[name]]
    if len(given) > 1:
        raise InvalidInput(f"{where} has {' and '.join(given)}; each says who the peer is, so give one of them.")
    group_ids = options["peer_group_ids"]
    if not given and not group_ids:
        raise InvalidInput(
            f"{where} does not say who the peer is.",
            hint="Give peer (an address, or 0.0.0.0/0 for everybody), peer_group_ids, peer_instance_id or "
            "peer_prefix_list_id.",
        )
    if group_ids is not None and options["peer_instance_id"]:
        raise InvalidInput(f"{where} has peer_group_ids and peer_instance_id; the groups of an instance are looked up.")
    for name in ("peer_instance_id", "peer_prefix_list_id"):
        check_id(f"{where}.{name}", options[name])
    for one in group_ids or ():
        check_id(f"{where}.peer_group_ids", one)
    peer = _network(f"{where}.peer", options["peer"])
    own = _network(f"{where}.address", options["address"])
    _check_versions(where, protocol, peer, own)
    question = Question(
        direction=options["direction"],
        protocol=protocol,
        ports=_ports(f"{where}.port", options["port"], protocol),
        source_ports=_ports(f"{where}.source_port", options["source_port"], protocol),
        peers=(peer,) if peer else None,
        own=(own,) if own else None,
        member_of=frozenset(group_ids or ()),
        groups_known=group_ids is not None,
        nic_type=options["nic_type"],
    )
    return Asked(
        name=options["name"] or "",
        question=question,
        peer_instance_id=options["peer_instance_id"],
        peer_prefix_list_id=options["peer_prefix_list_id"],
        reply=options["reply"],
        expect=options["expect"],
        notes=tuple(
            note
            for name in ("peer", "address")
            for note in networks.notes(f"{where}.{name}", filter(None, [(options[name] or "").strip()]))
        ),
    )


def _network(where: str, value: str | None) -> str | None:
    return str(network(where, value.strip())) if value else None


def _check_versions(where: str, protocol: str, peer: str | None, own: str | None) -> None:
    versions = {networks.network(one).version for one in (peer, own) if one}
    if len(versions) > 1:
        raise InvalidInput(f"{where} has the peer {peer} and the address {own}; one is IPv4 and the other IPv6.")
    for name, other, version in (("icmp", "icmpv6", 6), ("icmpv6", "icmp", 4)):
        if protocol == name and version in versions:
            raise InvalidInput(f"{where} has protocol {name} and an IPv{version} address, for which it is {other}.")


def _ports(where: str, value: str | None, protocol: str) -> Span | None:
    if not value:
        return None
    if protocol == "all":
        raise InvalidInput(
            f"{where} is {value!r}, but with the protocol all every port is meant; leave the option out."
        )
    found = port_range(where, value.strip(), protocol)
    return None if found == NO_PORTS else traffic.span(found)


# ---------------------------------------------------------------------- in words


def line(question: Question) -> str:
    """The question as a person reads it."""
    ingress = question.direction == "ingress"
    words = [question.direction, question.protocol]
    if question.protocol in ("tcp", "udp"):
        words.append(_span(question.ports) if question.ports else "any port")
    words += ["from" if ingress else "to", *_peer_words(question)]
    if question.source_ports:
        words.append(f"source port {_span(question.source_ports)}")
    if question.own:
        words += ["to" if ingress else "from", _bare(question.own[0])]
    if question.nic_type == "internet":
        words.append("on the internet side")
    return " ".join(words)


def _peer_words(question: Question) -> list[str]:
    words = [_bare(one) for one in question.peers or ()][:3]
    members = sorted(question.member_of)
    if members:
        words.append(f"{'in ' if words else 'members of '}{', '.join(members)}")
    return words or ["an instance"]


def _packet_line(packet: Packet) -> str:
    """One packet that stands for others."""
    ports = (packet.port, packet.port), (packet.source_port, packet.source_port)
    with_ports = packet.protocol in ("tcp", "udp")
    return line(
        Question(
            direction=packet.direction,
            protocol=packet.protocol,
            ports=ports[0] if with_ports else None,
            source_ports=ports[1] if with_ports else None,
            peers=(packet.peer,),
            own=(packet.own,),
            member_of=packet.member_of,
            nic_type=packet.nic_type,
        )
    )


def _span(span: Span) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}/{span[1]}"


def _bare(cidr: str) -> str:
    return cidr.removesuffix("/32") if "." in cidr else cidr.removesuffix("/128")


def _why(decision: Decision, direction: str, advanced: bool) -> str:
    if decision.rule and decision.group:
        return f"the rule '{decision.rule.line}' of {decision.group.label}"
    if decision.by == "inner_policy" and decision.group:
        return f"members of {decision.group.label} reach each other (its inner policy is accept)"
    kind = "an advanced" if advanced else "a basic"
    what = "lets everything out" if decision.allowed else f"lets nothing {'in' if direction == 'ingress' else 'out'}"
    return f"no rule fits, and by default {kind} security group {what}"


# ---------------------------------------------------------------------- results


@dataclass(frozen=True)
class Side:
    """One end of a connection, with its answer.

    :ivar side: C(own) or C(peer)
    """

    side: str
    answer: Answer
    advanced: bool


def combined(sides: t.Sequence[Side]) -> tuple[str, Side]:
    """The verdict of all sides together, and the side that it comes from."""
    for verdict in (DENY, DEPENDS):
        for side in sides:
            if side.answer.verdict == verdict:
                return verdict, side
    return ALLOW, sides[0]


def result(one: Asked, sides: t.Sequence[Side], notes: t.Sequence[str]) -> dict[str, t.Any]:
    """As the module returns it."""
    verdict, side = combined(sides)
    cases = side.answer.cases
    sure = verdict != DEPENDS
    decision = cases[0][0] if sure else None
    rule = decision.rule if decision else None
    group = decision.group if decision else None
    return {
        "name": one.name,
        "packet": line(one.question),
        "verdict": verdict,
        "by": decision.by if decision else None,
        "side": side.side,
        "reason": _reason(one, side, verdict),
        "rule": rule.to_result() if rule else None,
        "rule_line": rule.line if rule else None,
        "security_group_id": (group.id or None) if group else None,
        "security_group": group.label if group else None,
        "depends_on": list(side.answer.depends_on),
        "cases": [_case(*case, each.side) for each in sides for case in each.answer.cases],
        "notes": [*notes, *_notes(one.question, verdict)],
        "expect": one.expect,
        "ok": one.expect in (None, verdict),
    }


def _case(decision: Decision, packet: Packet, side: str) -> dict[str, t.Any]:
    return {
        "side": side,
        "verdict": ALLOW if decision.allowed else DENY,
        "by": decision.by,
        "rule_line": decision.rule.line if decision.rule else None,
        "security_group": decision.group.label if decision.group else None,
        "packet": _packet_line(packet),
    }


def _reason(one: Asked, side: Side, verdict: str) -> str:
    cases = side.answer.cases
    direction = cases[0][1].direction
    if verdict == DEPENDS:
        allowed = next(case for case in cases if case[0].allowed)
        denied = next(case for case in cases if not case[0].allowed)
        text = f"it depends on {' and '.join(side.answer.depends_on)}: " + "; ".join(
            f"{word} is {_packet_line(packet)}, because {_why(decision, direction, side.advanced)}"
            for word, (decision, packet) in (("allowed", allowed), ("denied", denied))
        )
    else:
        text = _why(cases[0][0], direction, side.advanced)
        if len(cases) > 1:
            text += f" (and in {len(cases) - 1} other ways, see cases)"
    if side.side == "peer":
        text = f"on the peer's side, {text}"
    if one.reply:
        opened = "ingress" if one.question.direction == "egress" else "egress"
        return f"it answers a session that an {opened} packet opened, and is treated like that: {text}"
    return f"{text}; replies pass too" if verdict == ALLOW else text


def _notes(question: Question, verdict: str) -> t.Iterator[str]:
    """What keeps a packet from passing although rules allow it."""
    public = any(not _private(one) for one in question.peers or ())
    if verdict == DENY or not public or question.protocol != "tcp":
        return
    first, last = question.ports or traffic.ALL_PORTS
    if question.direction == "egress" and first <= _SMTP <= last:
        yield "TCP port 25 to the internet stays closed until Alibaba Cloud opens it on request, whatever rules say."
    blocked = [str(port) for port in _BLOCKED if first <= port <= last]
    if question.direction == "ingress" and blocked and last - first < 1000:
        yield f"Some operators block port {', '.join(blocked)}, whatever rules say."


def _private(cidr: str) -> bool:
    return any(traffic.within(cidr, one) for one in PRIVATE)


def unexpected(accesses: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """What did not turn out as expected, in words."""
    return [
        f"{one['name'] + ': ' if one['name'] else ''}{one['packet']}: expected {one['expect']}, found "
        f"{one['verdict']}, because {one['reason']}"
        for one in accesses
        if not one["ok"]
    ]
