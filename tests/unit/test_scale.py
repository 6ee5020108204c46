# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What C(dev/bench --scale) makes of its measurements."""

from __future__ import annotations

import os
import re
from dataclasses import replace

import pytest
import scale

SMALL = scale.Growth(calls=12, tasks=100, wall=10, processor=8, memory=200, processes=11)


def grown(calls: float) -> scale.Growth:
    return replace(SMALL, calls=calls)


def test_the_line_goes_through_the_smallest_and_the_largest() -> None:
    fixed, each = scale.line({200: grown(999), 20: grown(12), 2000: grown(210)}, "calls")
    assert (fixed, each) == pytest.approx((10, 0.1))


def test_the_table_says_how_far_the_model_is_off_and_what_it_gives_for_a_large_fleet() -> None:
    table = scale.report({"audit": {20: grown(12), 200: grown(33), 2000: grown(210)}})

    def first(begin: str) -> str:
        (line,) = (one for one in table.splitlines() if one.startswith(begin))
        return re.split(r" {2,}", line.strip())[1]

    assert first("  each instance") == "0.100"
    assert first("  fixed") == "10.0"
    assert first("  200 is off the line by") == "10%"  # of 30
    (large,) = (one.split() for one in table.splitlines() if one.startswith("  by the line"))
    assert large[3:5] == ["10,000", "1,010"]


def test_one_size_alone_has_no_line() -> None:
    assert "each instance" not in scale.report({"site": {20: SMALL}})


def test_a_process_is_seen_with_its_children() -> None:
    me = os.getpid()
    child = os.fork()
    if not child:
        os.execvp("sleep", ["sleep", "600"])
    try:
        assert {me, child} <= set(scale._tree(me))
        assert scale._share(me) > 1
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert child not in scale._tree(me)
    assert scale._share(child) == 0
