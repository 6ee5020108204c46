# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluator gives the same answers as a naive walk through every packet of a small world."""

from __future__ import annotations

import itertools
import random
import typing as t

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.security_group import brute_force as naive

from ansible_collections.alitrust.ecs.plugins.module_utils._security_group import question
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.evaluator import Group
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule import from_api

LISTS = {name: [f"{one}/32" for one in content] for name, content in naive.PREFIX_LISTS.items() if content}
NETWORKS = [
    "0.0.0.0/0",
    "0.0.0.0/0",
    "0.0.0.0/0",
    "10.0.0.0/30",
    "10.0.0.0/31",
    "10.0.0.1",
    "10.0.0.3/32",
    "203.0.113.8/30",
    "203.0.113.10/31",
    "203.0.113.9/32",
]
OWN_NETWORKS = ["10.0.1.0/31", "10.0.1.0/32", "10.0.1.1/32"]
ports = st.sampled_from([(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3)])
source_ports = st.sampled_from([(1, 1), (1, 2), (2, 2)])


@st.composite
def permissions(draw: st.DrawFn, vpc: bool, advanced: bool) -> naive.Permission:
    direction = draw(st.sampled_from(["ingress", "egress"]))
    here, there = ("Dest", "Source") if direction == "ingress" else ("Source", "Dest")
    protocol = draw(st.sampled_from(["TCP", "TCP", "TCP", "TCP", "UDP", "ICMP", "GRE", "ALL", "ALL"]))
    found = {
        "Direction": direction,
        "IpProtocol": protocol,
        "PortRange": "-1/-1",
        "SourcePortRange": "",
        "Policy": "Accept" if advanced else draw(st.sampled_from(["Accept", "Drop"])),
        "Priority": "1" if advanced else str(draw(st.integers(1, 3))),
        "NicType": "intranet" if vpc else draw(st.sampled_from(["intranet", "internet"])),
    }
    if protocol in ("TCP", "UDP"):
        found["PortRange"] = "{}/{}".format(*draw(ports))
        if draw(st.booleans()):
            found["SourcePortRange"] = "{}/{}".format(*draw(source_ports))
    kinds = ["CidrIp", "CidrIp", "PrefixListId"] if advanced else ["CidrIp", "CidrIp", "GroupId", "PrefixListId"]
    kind = draw(st.sampled_from(kinds))
    peers = {"CidrIp": NETWORKS, "GroupId": naive.GROUPS, "PrefixListId": list(naive.PREFIX_LISTS)}[kind]
    found[f"{there}{kind}"] = draw(st.sampled_from(peers))
    if kind == "CidrIp" and draw(st.booleans()):
        found[f"{here}CidrIp"] = draw(st.sampled_from(OWN_NETWORKS))
    return found


@st.composite
def groups(draw: st.DrawFn) -> list[naive.NaiveGroup]:
    advanced = draw(st.booleans())
    vpc = advanced or draw(st.booleans())
    return [
        naive.NaiveGroup(
            name,
            "enterprise" if advanced else "normal",
            "Drop" if advanced else draw(st.sampled_from(["Accept", "Drop"])),
            vpc,
            draw(st.lists(permissions(vpc, advanced), min_size=2, max_size=8)),
        )
        for name in naive.GROUPS[: draw(st.integers(1, 2))]
    ]


#: Questions that leave nothing open.
PACKETS: list[dict[str, t.Any]] = [
    {
        "direction": direction,
        "protocol": protocol,
        "ports": (port, port),
        "source_ports": (source, source),
        "peer": f"{peer}/32",
        "own": f"{own}/32",
        "peer_groups": frozenset(members),
    }
    for direction, protocol, port, source, peer, own, members in itertools.product(
        ["ingress", "egress"],
        ["TCP", "TCP", "TCP", "ICMP"],
        [1, 2, 3],
        [1, 2],
        naive.INTERNAL + naive.PUBLIC,
        naive.OWN,
        [(), naive.GROUPS[:1], naive.GROUPS[1:]],
    )
]
#: Questions about many packets at once.
asked = st.fixed_dictionaries(
    {
        "direction": st.sampled_from(["ingress", "egress"]),
        "protocol": st.sampled_from(["TCP", "TCP", "TCP", "UDP", "ICMP", None]),
        "ports": st.one_of(st.none(), ports),
        "source_ports": st.one_of(st.none(), source_ports),
        "peer": st.one_of(st.none(), st.sampled_from([one for one in NETWORKS if one != "0.0.0.0/0"])),
        "own": st.one_of(st.none(), st.sampled_from(OWN_NETWORKS)),
        "peer_groups": st.one_of(st.none(), st.frozensets(st.sampled_from(naive.GROUPS), max_size=2)),
    }
)


def evaluated(rules_of: list[naive.NaiveGroup], about: dict[str, t.Any]) -> str:
    """The evaluator's verdict on the same question."""
    mine = [
        Group(
            one.id,
            rules=tuple(from_api(permission) for permission in one.permissions),
            advanced=one.type == "enterprise",
            inner=one.inner == "Accept",
            vpc=one.vpc,
        )
        for one in rules_of
    ]
    peer = about["peer"]
    asked_now = question.Question(
        direction=about["direction"],
        protocol=(about["protocol"] or "all").lower(),
        ports=about["ports"],
        source_ports=about["source_ports"],
        peers=(peer if "/" in peer else f"{peer}/32",) if peer else None,
        own=(about["own"] or "10.0.1.0/31",),
        member_of=about["peer_groups"] or frozenset(),
        groups_known=about["peer_groups"] is not None,
    )
    return question.answer(mine, asked_now, LISTS).verdict


@settings(max_examples=200)
@given(groups(), asked)
def test_the_same_answer_as_a_walk_through_every_packet(
    rules_of: list[naive.NaiveGroup], many: dict[str, t.Any]
) -> None:
    single = random.Random(repr(rules_of)).sample(PACKETS, 20)  # the same ones in each run
    for about in (*single, many):
        outcomes = naive.outcomes(rules_of, **about)
        expected = "depends" if len(outcomes) == 2 else "allow" if outcomes == {True} else "deny"
        assert evaluated(rules_of, about) == expected, about
