# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scrubbing thresholds: what has to be set, and what cannot be."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._ddos.assets import Asset
from ansible_collections.alitrust.ecs.plugins.module_utils._ddos.attacks import Address, utc
from ansible_collections.alitrust.ecs.plugins.module_utils._ddos.planner import (
    Actual,
    Desired,
    Threshold,
    plan,
    too_high,
)

BY_HAND = Desired(False, 100, 20_000)
AUTOMATIC = Desired(True, None, None)


def one(number: int = 1, automatic: bool | None = True, **more: t.Any) -> Threshold:
    asset = Asset("ecs", f"i-{number}", f"203.0.113.{number}", f"i-{number}", more.pop("kind", "ecs.g7.large"))
    return Threshold(asset, automatic, **{"mbps": 2048, "pps": 900_000, "max_mbps": 2048, "max_pps": 900_000, **more})


@pytest.mark.parametrize(
    ("actual", "desired", "changes"),
    [
        (one(), BY_HAND, True),
        (one(), AUTOMATIC, False),
        (one(automatic=False), AUTOMATIC, True),
        (one(automatic=False, mbps=100, pps=20_000), BY_HAND, False),
        (one(automatic=False, mbps=100, pps=20_001), BY_HAND, True),
        (one(automatic=False, mbps=101, pps=20_000), BY_HAND, True),
        (one(automatic=True, mbps=100, pps=20_000), BY_HAND, True),
        (one(automatic=None), AUTOMATIC, True),
    ],
)
def test_only_what_differs_is_set(actual: Threshold, desired: Desired, changes: bool) -> None:
    made = plan(desired, Actual((actual,)))
    assert made.changed is changes
    assert (made.before != made.after) is changes


def test_a_step_for_each_address() -> None:
    made = plan(BY_HAND, Actual((one(1), one(2, False, mbps=100, pps=20_000), one(3)), ("i-9",)))
    assert [step.args["asset_id"] for step in made.steps] == ["i-1", "i-3"]
    assert list(made.after) == ["203.0.113.1", "203.0.113.2", "203.0.113.3"]
    assert made.kept == ("i-9 has no public address, and so no scrubbing thresholds.",)


@pytest.mark.parametrize(
    "wrong", [Desired(False, 1, None), Desired(False, None, 1), Desired(False, None, None), Desired(True, 1, 1)]
)
def test_both_thresholds_or_none(wrong: Desired) -> None:
    with pytest.raises(InvalidInput, match="expected"):
        wrong.check()


def test_the_service_says_the_most_and_else_the_instance_type_does() -> None:
    types = {"ecs.g7.large": (50, 10_000)}
    assert too_high(BY_HAND, [one()], types) is None
    silent = one(max_mbps=0, max_pps=0)
    assert "at most 50 Mbit/s and 10000 packets per second (ecs.g7.large)" in str(too_high(BY_HAND, [silent], types))
    assert too_high(BY_HAND, [silent], {}) is None, "nobody knows"
    assert too_high(AUTOMATIC, [silent], types) is None
    part = one(max_mbps=2048, max_pps=0)
    assert "at most 2048 Mbit/s and 10000 packets" in str(too_high(BY_HAND, [part], types))
    many = str(too_high(Desired(False, 9999, 1), [one(number) for number in range(6)], types))
    assert "203.0.113.2 can have" in many
    assert "and 3 more" in many


def test_a_black_hole_ends_when_its_last_event_does() -> None:
    asset = Asset("eip", "eip-1", "203.0.113.1")
    over = {"DdosStatus": "normal", "UnBlackholeTime": 9_000_000}
    running = {"DdosStatus": "blackholed", "UnBlackholeTime": 5_000_000}
    assert Address(asset, "", {"IpStatus": "blackholed"}, (over, running)).until == "1970-01-01T01:23:20Z"
    assert Address(asset, "", {"IpStatus": "normal"}, (over,)).until is None
    assert Address(asset, "", {"IpStatus": "blackholed"}, None).until is None
    assert utc(0) is None
    assert utc(10**20) is None
