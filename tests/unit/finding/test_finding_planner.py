# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exactly what is expected is handled, and one finding more stops everything."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._finding import finding_planner, findings
from ansible_collections.alitrust.ecs.plugins.module_utils._finding.finding_planner import plan
from ansible_collections.alitrust.ecs.plugins.module_utils._trust import meanings


def finding(number: int, suspect: str = "PCR 9", state: str = "open") -> dict[str, t.Any]:
    status, handling = {"open": (0, 0), "accepted": (1, 1), "ignored": (1, 2), "handled": (1, 9)}[state]
    return findings.shape(
        {
            "EventUuid": f"e{number}",
            "Suspect": suspect,
            "EventStatus": str(status),
            "HandleType": str(handling),
            "EventLevel": "3",
            "PropertyUuid": "u1",
            "PropertyName": "web-001",
            "GmtCreate": 1_769_833_200_000 + number,
        },
        meanings.DEFAULTS,
        {"u1": "i-1"},
    )


def make(found: list[dict[str, t.Any]], wanted: str = "accepted", **more: t.Any) -> t.Any:
    return plan(found, wanted, **{"ids": None, "expected": None, "leave_unexpected": False, **more})


def handled(made: t.Any) -> list[str]:
    return [one for step in made.steps for one in step.args["ids"]]


def test_the_shape_names_what_the_numbers_mean_and_keeps_them() -> None:
    shown = finding(1, state="ignored")
    assert (shown["state"], shown["level"], shown["instance_id"]) == ("ignored", "high", "i-1")
    assert (shown["status_number"], shown["level_number"], shown["handle_type_number"]) == (1, 3, 2)
    assert shown["created"] == "2026-01-31T04:20:00Z"
    strange = findings.shape({"EventStatus": "8", "EventLevel": "x"}, meanings.DEFAULTS, {})
    assert (strange["state"], strange["level"]) == ("unknown", "unknown")


def test_filters_handle_what_is_open_only() -> None:
    made = make([finding(1), finding(2, state="ignored"), finding(3, state="accepted")])
    assert handled(made) == ["e1"]
    assert made.before["e1"]["state"] == "open"
    assert made.after["e1"]["state"] == "accepted"


def test_what_is_named_is_decided_anew() -> None:
    found = [finding(1, state="ignored"), finding(2, state="accepted"), finding(3, state="handled")]
    assert handled(make(found, ids=["e1", "e2", "e3"])) == ["e1"]


def test_what_is_named_must_exist() -> None:
    with pytest.raises(UnexpectedState, match="no finding e2"):
        make([finding(1)], ids=["e1", "e2"])


def test_one_surprise_and_nothing_is_handled() -> None:
    found = [finding(1, "PCR 8"), finding(2, "PCR 0")]
    with pytest.raises(UnexpectedState, match="1 of 2 findings are not expected: PCR 0 on web-001") as caught:
        make(found, expected=["PCR 8", "PCR 9"])
    assert [one["event_id"] for one in caught.value.details["unexpected"]] == ["e2"]
    left = make(found, expected=["pcr 8"], leave_unexpected=True)
    assert handled(left) == ["e1"]
    assert "Left open" in left.warnings[0]


def test_an_empty_list_expects_nothing() -> None:
    with pytest.raises(UnexpectedState, match="1 of 1"):
        make([finding(1)], expected=[])


@pytest.mark.parametrize(
    ("pattern", "suspect", "fits"),
    [
        ("PCR 9", "PCR 9", True),
        ("PCR 9", "pcr 9 ", True),
        ("PCR 9", "PCR 9: initrd, vmlinuz", True),
        ("PCR 9: initrd", "PCR 9: initrd, vmlinuz", False),
        ("PCR 1", "PCR 10", False),
        ("PCR 1", "PCR 10: x", False),
        ("/boot/*", "/boot/grub/grub.cfg", True),
        ("/boot/*", "/etc/boot/x", False),
        ("PCR ?", "PCR 10", False),
        ("*", "", True),
    ],
)
def test_patterns(pattern: str, suspect: str, fits: bool) -> None:
    assert finding_planner.explained(finding(1, suspect), [pattern]) is fits


@given(
    st.lists(
        st.tuples(st.sampled_from(["PCR 0", "PCR 9"]), st.sampled_from(["open", "accepted", "ignored", "handled"])),
        max_size=120,
    ),
    st.sampled_from(["accepted", "ignored"]),
)
def test_a_second_plan_is_empty(drawn: list[tuple[str, str]], wanted: str) -> None:
    found = [finding(number, suspect, state) for number, (suspect, state) in enumerate(drawn)]
    made = make(found, wanted, expected=["PCR 9"], leave_unexpected=True)
    assert all(len(step.args["ids"]) <= finding_planner.AT_ONCE for step in made.steps)
    after = [{**one, "state": wanted} if one["event_id"] in handled(made) else one for one in found]
    assert not make(after, wanted, expected=["PCR 9"], leave_unexpected=True).steps
