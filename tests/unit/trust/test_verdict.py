# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trusted is only what says so, and has said so lately. Everything else fails closed."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._trust import meanings
from ansible_collections.alitrust.ecs.plugins.module_utils._trust.options import moment
from ansible_collections.alitrust.ecs.plugins.module_utils._trust.verdict import Rules, judge

NOW = 1_800_000_000.0


def record(system: t.Any = 1, program: t.Any = 1, age: float = 60.0, **more: t.Any) -> dict[str, t.Any]:
    """What the trusted server tells of an instance that reported C(age) seconds ago."""
    return {
        "SystemTrustStatus": system,
        "ProgramTrustStatus": program,
        "GmtRecentReport": int((NOW - age) * 1000),
        **more,
    }


@pytest.mark.parametrize(
    ("told", "verdict", "reason"),
    [
        (record(), "trusted", ""),
        (record(program=4), "trusted", ""),
        (record(age=3600), "trusted", ""),
        (record(age=3601), "unmeasured", "3601 s old"),
        (record(system=4), "unmeasured", "not measured"),
        (record(system=2), "untrusted", "SystemTrustStatus is 2"),
        (record(system=2, SystemTrustDetail="PCR 9"), "untrusted", "(PCR 9)"),
        (record(system=2, age=90000), "untrusted", "SystemTrustStatus is 2"),
        (record(system=3), "untrusted", ""),
        (record(system=0), "untrusted", ""),
        (record(program=2), "untrusted", "ProgramTrustStatus is 2"),
        (record(system=None), "unknown", "SystemTrustStatus is None"),
        (record(system="1"), "unknown", ""),
        (record(system=True), "unknown", ""),
        (record(age=-5000), "unknown", "in the future"),
        (None, "unmeasured", "never reported"),
        ({}, "unmeasured", "never reported"),
        (record(GmtRecentReport=0), "unmeasured", "never reported"),
        (record(GmtRecentReport=None), "unmeasured", "never reported"),
    ],
)
def test_the_verdict(told: dict[str, t.Any] | None, verdict: str, reason: str) -> None:
    judged = judge(told, Rules(), NOW)
    assert judged.verdict == verdict
    assert reason in judged.reason
    assert bool(judged.reason) == (verdict != "trusted")


def test_reports_from_before_a_restart_do_not_count_whatever_they_say() -> None:
    rules = Rules(since=NOW - 30)
    for system in (1, 2, 4):
        assert judge(record(system, age=31), rules, NOW).verdict == "unmeasured"
    assert judge(record(age=29), rules, NOW).verdict == "trusted"


def test_programs_can_be_left_out() -> None:
    assert judge(record(program=2), Rules(programs=False), NOW).verdict == "trusted"


ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(-3, 9), st.text(max_size=3), st.floats())


@given(system=ANYTHING, program=ANYTHING, report=st.one_of(st.none(), st.text(max_size=3), st.integers(-1, 2**53)))
def test_nothing_but_a_fresh_1_is_trusted(system: t.Any, program: t.Any, report: t.Any) -> None:
    told = {"SystemTrustStatus": system, "ProgramTrustStatus": program, "GmtRecentReport": report}
    if judge(told, Rules(), NOW).verdict == "trusted":
        assert system == 1
        assert system is not True
        assert abs(NOW - report / 1000) <= 3600


@given(st.dictionaries(st.integers(0, 9), st.sampled_from(["untrusted", "unmeasured", "unknown"])))
def test_no_table_of_meanings_makes_another_number_trusted(entries: dict[int, str]) -> None:
    rules = Rules(meanings=meanings.table({"system_status": entries}))
    for system in range(10):
        assert system == 1 or judge(record(system), rules, NOW).verdict != "trusted"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"system_status": {"1": "trusted", "2": "trusted"}}, "calls 2 trusted"),
        ({"system_status": {"one": "trusted"}}, "expected a number"),
        ({"system_status": {"2": "fine"}}, "expected one of trusted, untrusted"),
        ({"system_status": "trusted"}, "must map numbers to names"),
        ({"statuses": {}}, "expected one of system_status"),
    ],
)
def test_a_table_of_meanings_that_cannot_be_is_refused(given: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        meanings.table(given)


def test_meanings_that_are_given_replace_those_assumed() -> None:
    rules = Rules(meanings=meanings.table({"system_status": {"1": "trusted", "7": "unmeasured"}}))
    assert judge(record(7), rules, NOW).verdict == "unmeasured"
    assert judge(record(4), rules, NOW).verdict == "untrusted"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T00:01Z", 60.0),
        ("1970-01-01 00:01:00+00:00", 60.0),  # what YAML makes of an unquoted time
        ("1970-01-01T08:01:00+08:00", 60.0),
        ("1970-01-01 00:01:00", 60.0),
        ("1769833200", 1769833200.0),
        ("1769833200.5", 1769833200.5),
        ("0", 0.0),
        (None, None),
    ],
)
def test_times_that_are_understood(text: str | None, seconds: float | None) -> None:
    assert moment("since", text) == seconds


@pytest.mark.parametrize("text", ["yesterday", "-1", "2026", "750", "1769833200000", "2026-01-31", "nan", "inf"])
def test_times_that_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="expected a UTC time"):
        moment("since", text)
