# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an event source tells of two looks at the instances."""

from __future__ import annotations

import typing as t

from ansible_collections.alitrust.ecs.plugins.module_utils._instance.watch import (
    SPEC,
    Watch,
    changes,
    with_attacks,
)


def instance(name: str, status: str = "Running", verdict: str | None = "trusted") -> dict[str, t.Any]:
    told = dict.fromkeys(("fleet", "zone_id", "vpc_id", "private_ip", "public_ip", "security_group_ids", "tags"))
    trust = {"trust": {"verdict": verdict, "summary": f"{name} is {verdict}"}} if verdict else {}
    return {**told, "instance_id": f"i-{name}", "name": name, "status": status, **trust}


def told(before: list[dict[str, t.Any]], after: list[dict[str, t.Any]]) -> list[tuple[t.Any, ...]]:
    first, second = ({one["instance_id"]: one for one in ones} for ones in (before, after))
    found = changes(first, second, "cn-hangzhou", 0.0)
    assert all(event["at"] == "1970-01-01T00:00:00Z" and event["region"] == "cn-hangzhou" for event in found)
    return [(event["type"], event["before"], event["after"], event["summary"]) for event in found]


def test_what_stays_is_not_told() -> None:
    assert told([instance("a"), instance("b")], [instance("b"), instance("a")]) == []


def test_state_and_verdict_are_told_apart() -> None:
    assert told([instance("a")], [instance("a", "Stopped")]) == [("status", "Running", "Stopped", "a is Stopped")]
    found = told([instance("a")], [instance("a", verdict="untrusted")])
    assert found == [("trust", "trusted", "untrusted", "a is untrusted")]


def test_new_and_gone_instances_are_told_by_name() -> None:
    assert told([instance("c")], [instance("b"), instance("a", verdict=None)]) == [
        ("status", None, "Running", "a is Running"),
        ("status", None, "Running", "b is Running"),
        ("trust", None, "trusted", "b is trusted"),
        ("status", "Running", None, "c is gone"),
    ]


def attacked(name: str, status: str | None, until: str | None = None) -> dict[str, t.Any]:
    """An instance with its public address, or without one."""
    one = {**instance(name, verdict=None), "public_ip": "203.0.113.7" if status else None}
    known = {"203.0.113.7": {"status": str(status), "black_hole_until": until}} if status != "normal" else {}
    return with_attacks({one["instance_id"]: one}, known)[one["instance_id"]]


def test_attacks_are_told_when_they_begin_change_and_end() -> None:
    calm, scrubbed = attacked("a", "normal"), attacked("a", "mitigating")
    gone = attacked("a", "blackholed", "2026-11-29T14:30:00Z")
    assert told([calm], [calm]) == []
    assert told([calm], [scrubbed]) == [("ddos", "normal", "mitigating", "a (203.0.113.7) is being scrubbed")]
    assert told([scrubbed], [gone]) == [
        ("ddos", "mitigating", "blackholed", "a (203.0.113.7) is black-holed until 2026-11-29T14:30:00Z")
    ]
    assert told([gone], [calm]) == [("ddos", "blackholed", "normal", "a (203.0.113.7) is normal")]
    assert told([gone], [attacked("a", None)]) == [("ddos", "blackholed", None, "a is without a public address")]


def test_that_nothing_is_attacked_is_no_event() -> None:
    calm, none, scrubbed = attacked("a", "normal"), attacked("a", None), attacked("a", "mitigating")
    new = ("status", None, "Running", "a is Running")
    assert told([none], [calm]) == told([calm], [none]) == []
    assert told([], [calm]) == [new]
    assert told([], [scrubbed]) == [new, ("ddos", None, "mitigating", "a (203.0.113.7) is being scrubbed")]
    assert told([scrubbed], []) == [("status", "Running", None, "a is gone")]


def test_blank_arguments_are_those_that_were_not_given() -> None:
    watch = Watch({**dict.fromkeys(SPEC, ""), "region": "cn-hangzhou"})
    assert watch.interval == SPEC["interval"]["default"]
