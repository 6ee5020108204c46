# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud goes down and stays down: the run ends in time, says what was done and what not, and the next goes on."""

from __future__ import annotations

import json
import os
import re
import time
import typing as t

import pytest
from proof.weather.sky import PLAYBOOKS, TO_THE_END, WITH_FLEET, Account, Seen, differences

from local_cloud.control import LocalCloud

if t.TYPE_CHECKING:
    from pathlib import Path

    from proof.conftest import Figure

#: What each call meets from some call on, for good.
DOWN: dict[str, dict[str, t.Any]] = {
    "service_unavailable": {},
    "drop_before_commit": {},
    "portal": {},
    "drop_after_commit": {},
    "throttling": {"retry_after_ms": 2000},
}
#: The default of api_timeout, in seconds.
BUDGET = 120.0
#: What a run takes besides, on a busy machine and with states that take time, in seconds.
BESIDES = 120.0
#: In the default run: playbook, how many calls go well before, and how the cloud is down then.
SAMPLE = (("provision", 0, "service_unavailable"), ("provision", 45, "drop_after_commit"), ("teardown", 40, "portal"))


def points() -> list[tuple[str, int, str]]:
    if os.environ.get("ALITRUST_LONG") != "1":
        return list(SAMPLE)
    kinds = list(DOWN)
    lengths = {"provision": 76, "audit": 40, "kms_access": 22, "share": 32, "isolate": 16}
    lengths |= {"unshare": 48, "teardown": 60}
    return [(name, call, kinds[call % len(kinds)]) for name in lengths for call in range(0, lengths[name], 4)]


@pytest.mark.parametrize(("name", "call", "kind"), points())
def test_the_run_ends_in_time(
    cloud: LocalCloud, calm: Seen, tmp_path: Path, name: str, call: int, kind: str, figure: Figure
) -> None:
    account = Account(tmp_path, cloud)
    if before := PLAYBOOKS[: PLAYBOOKS.index(name)]:
        code, output = account.run(*before)
        assert code == 0, output
    cloud.fault(kind, times=None, skip=call, **DOWN[kind])
    start, offset = time.monotonic(), cloud.clock()["offset"]
    code, output = account.run(name)
    took = time.monotonic() - start + cloud.clock()["offset"] - offset
    assert "Traceback" not in output
    if name == "audit" and code == 0:  # a report of what could be read, which names what could not
        assert "Not read: nothing was left out" not in output
    else:
        assert code != 0, output
        check_told(output)
        assert took <= BUDGET + BESIDES, f"{took:.0f} s\n{output}"
    cloud.clear_faults()
    cloud.clock_advance(60)
    group = WITH_FLEET if name in WITH_FLEET else TO_THE_END
    code, output = account.run(*group[group.index(name) :])
    assert code == 0, output
    cloud.clock_advance(60)
    moment = "with the fleet" if name in WITH_FLEET else "at the end"
    assert differences(calm.stored[moment], account.stored()) == []
    figure("outages for good")


def check_told(output: str) -> None:
    """The failure says why, and, where it has begun to change something, what was done and what is left."""
    told = [json.loads(text) for text in re.findall(r"FAILED! => (\{.*\})$", output, re.MULTILINE)]
    assert told, output
    result = next(one for one in told if one.get("msg"))
    assert "given up after" in output or "may have been carried out" in output, output
    if result.get("steps_left"):
        assert result["changed"] == bool(result["steps_done"] or result.get("calls_done")), result
        for done in result["steps_done"]:
            assert done in result["msg"], result


def test_where_nobody_listens_it_ends_soon(tmp_path: Path) -> None:
    """In true time: the address is refused from the first call on, as by a service that is not there."""
    with LocalCloud.start() as cloud:
        account = Account(tmp_path, cloud, hastened=False)
        cloud.kill()
        start = time.monotonic()
        code, output = account.run("teardown")
    assert code != 0
    assert "given up after 10 s" in output, output
    assert "changed=0 " in output
    assert time.monotonic() - start < BUDGET, output
