# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was kept for something goes with it, or after its time; and what strangers send is not kept without end."""

from __future__ import annotations

import logging
import typing as t

import pytest
from guest import ROLE, Guest, create_role
from sdk import Sdk
from wire import Wire

from local_cloud.__main__ import Sparing
from local_cloud.control import ControlError, LocalCloud
from local_cloud.requests_log import RequestLog


def test_a_released_instance_leaves_no_credentials_and_no_agent(sdk: Sdk) -> None:
    create_role(sdk)
    guest = Guest.start(sdk, RamRoleName=ROLE)
    assert guest.metadata(f"meta-data/ram/security-credentials/{ROLE}")[0] == 200
    sdk.cloud.agent(guest.instance_id, online=False)
    assert len(sdk.cloud.resources("metadata_credentials")) == len(sdk.cloud.resources("agent_offline")) == 1
    sdk("DeleteInstances", InstanceId=[guest.instance_id], Force=True)
    sdk.cloud.clock_advance(60)
    assert sdk.cloud.resources("metadata_credentials") == sdk.cloud.resources("agent_offline") == []


def test_what_was_run_is_forgotten_after_two_weeks(sdk: Sdk) -> None:
    (instance_id,) = sdk.run()
    sdk("RunCommand", InstanceId=[instance_id], Type="RunShellScript", CommandContent="ZWNobyBoaQ==")
    sdk.cloud.clock_advance(13 * 86400)
    assert len(sdk.cloud.resources("invocation")) == 1
    sdk.cloud.clock_advance(2 * 86400)
    assert sdk.cloud.resources("invocation") == []


def test_the_request_log_is_bounded() -> None:
    log = RequestLog(size=10, characters=1000, names=3)
    for number in range(20):
        log.add({"operation": f"ecs:Op{number}", "access_key_id": f"k{number}", "params": {"X": "y" * 300}})
    assert [entry["operation"] for entry in log.entries()] == ["ecs:Op17", "ecs:Op18", "ecs:Op19"]
    assert log.counts() == {"ecs:Op0": 1, "ecs:Op1": 1, "ecs:Op2": 1, "?:?": 17}
    assert log.counts("k0") == {"ecs:Op0": 1}
    assert log.counts("k19") == {}


def test_the_log_says_the_same_only_so_often() -> None:
    sparing = Sparing(most=3)
    same = logging.LogRecord("uvicorn", logging.WARNING, "", 1, "nonsense %s", ("a",), None)
    assert [sparing.filter(same) for _again in range(5)] == [True] * 3 + [False] * 2
    assert sparing.filter(logging.LogRecord("uvicorn", logging.WARNING, "", 1, "something else", (), None))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vpc.pending_seconds", -1),
        ("vpc.pending_seconds", "nan"),
        ("vpc.pending_seconds", 1e300),
        ("ecs.dry_run_status", 7),
        ("ecs.trusted.kms_off", "no status"),
        ("ecs.key_bits", 5),
    ],
)
def test_settings_that_calls_could_not_work_with_are_refused(fresh_cloud: LocalCloud, name: str, value: t.Any) -> None:
    with pytest.raises(ControlError, match=name):
        fresh_cloud.set(name, value)


def test_a_clock_out_of_all_dates_is_refused(fresh_cloud: LocalCloud) -> None:
    with pytest.raises(ControlError, match="past 2500"):
        fresh_cloud.clock_advance(1e12)
    with pytest.raises(ControlError, match="0 to 1000000"):
        fresh_cloud.clock_scale(1e7)
    with pytest.raises(ControlError, match="too large"):
        fresh_cloud.clock_scale(float("inf"))


def test_a_missing_parameter_is_named_where_no_description_says_so(wire: Wire) -> None:
    reply = wire.v3("ecs", "DeleteNetworkInterface", RegionId="cn-hangzhou")
    assert (reply.status, reply.code) == (400, "MissingParameter")
    assert "NetworkInterfaceId" in reply.json["Message"]
