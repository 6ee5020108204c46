# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller whose clock is five minutes off is told so, with both times, before anything is written."""

from __future__ import annotations

import datetime as dt
import re
import typing as t

import pytest
from proof.weather.sky import Account

if t.TYPE_CHECKING:
    from pathlib import Path

    from proof.conftest import Figure

    from local_cloud.control import LocalCloud

OFF = 300.0


@pytest.mark.parametrize(("name", "ahead"), [("provision", OFF), ("teardown", -OFF), ("share", OFF)])
def test_both_times_are_told(cloud: LocalCloud, tmp_path: Path, name: str, ahead: float, figure: Figure) -> None:
    """How far a clock may be off is documented nowhere, so the local cloud is told to take less than that."""
    account = Account(tmp_path, cloud)
    cloud.set("signature_window_seconds", 60)
    cloud.set("clock_ahead_seconds", ahead)
    cloud.forget_requests()
    code, output = account.run(name)
    assert code != 0
    assert "Traceback" not in output
    told = " ".join(output.split())
    times = re.search(
        r"The clock of the machine that runs the task says (\S+Z), that of Alibaba Cloud (\S+Z): the machine's is "
        rf"(\d+) s {'slow' if ahead > 0 else 'fast'}\.",
        told,
    )
    assert times, output
    here, there = (dt.datetime.fromisoformat(text) for text in times.groups()[:2])
    assert abs((there - here).total_seconds() - ahead) <= 2
    assert abs(int(times[3]) - OFF) <= 2
    assert {one["code"] for one in cloud.requests()} == {"InvalidTimeStamp.Expired"}, "something was carried out"
    figure("clocks that are off")
