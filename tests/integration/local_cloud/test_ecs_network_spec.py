# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public bandwidth of instances that exist."""

from __future__ import annotations

import typing as t

import pytest
from sdk import Sdk

MODIFY = "ModifyInstanceNetworkSpec"


@pytest.fixture
def instance_id(sdk: Sdk) -> str:
    sdk.cloud.set("ecs.network_spec_pause_seconds", 0)
    return sdk.run()[0]


def spec(sdk: Sdk, instance_id: str) -> tuple[t.Any, ...]:
    shown = sdk.instance(instance_id)
    bandwidths = shown["InternetMaxBandwidthOut"], shown["InternetMaxBandwidthIn"]
    return (*bandwidths, shown["InternetChargeType"], bool(shown["PublicIpAddress"]["IpAddress"]))


def test_bandwidth_comes_without_an_address_unless_that_is_asked_for(sdk: Sdk, instance_id: str) -> None:
    one = {"InstanceId": instance_id}
    assert spec(sdk, instance_id) == (0, 0, "PayByTraffic", False)
    assert sdk(MODIFY, **one, InternetMaxBandwidthOut=5)["OrderId"]
    assert spec(sdk, instance_id) == (5, 10, "PayByTraffic", False)
    sdk(MODIFY, **one, InternetMaxBandwidthOut=20, AllocatePublicIp=True)
    assert spec(sdk, instance_id) == (20, 20, "PayByTraffic", True)
    sdk(MODIFY, **one, NetworkChargeType="PayByBandwidth")
    assert spec(sdk, instance_id) == (20, 20, "PayByBandwidth", True)


@pytest.mark.parametrize("keeps", [True, False])
def test_without_bandwidth_the_address_may_go(sdk: Sdk, instance_id: str, keeps: bool) -> None:
    sdk(MODIFY, InstanceId=instance_id, InternetMaxBandwidthOut=5, AllocatePublicIp=True)
    sdk.cloud.set("ecs.no_bandwidth_keeps_address", keeps)
    sdk(MODIFY, InstanceId=instance_id, InternetMaxBandwidthOut=0)
    assert spec(sdk, instance_id) == (0, 0, "PayByTraffic", keeps)


def test_a_subscription_gets_an_address_with_its_first_bandwidth(sdk: Sdk) -> None:
    (paid,) = sdk.run(InstanceChargeType="PrePaid", Period=1)
    sdk(MODIFY, InstanceId=paid, InternetMaxBandwidthOut=5)
    assert spec(sdk, paid) == (5, 10, "PayByTraffic", True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, (400, "InvalidParameter.Bandwidth")),
        ({"InternetMaxBandwidthOut": 101}, (400, "InvalidInternetMaxBandwidthOut.ValueNotSupported")),
        ({"InternetMaxBandwidthOut": -1}, (400, "InvalidInternetMaxBandwidthOut.ValueNotSupported")),
        (
            {"InternetMaxBandwidthOut": 5, "InternetMaxBandwidthIn": 11},
            (400, "InvalidInternetMaxBandwidthIn.ValueNotSupported"),
        ),
        ({"NetworkChargeType": "PayByLuck"}, (400, "InvalidInternetChargeType.ValueNotSupported")),
        ({"AllocatePublicIp": True}, (400, "InvalidParam.AllocatePublicIp")),
        ({"InternetMaxBandwidthOut": 5, "StartTime": "2026-01-01T00:00Z"}, (403, "ChargeTypeViolation")),
    ],
)
def test_what_can_t_be_had_is_refused(
    sdk: Sdk, instance_id: str, change: dict[str, t.Any], code: tuple[int, str]
) -> None:
    assert sdk.refused(MODIFY, InstanceId=instance_id, **change) == code
    assert spec(sdk, instance_id) == (0, 0, "PayByTraffic", False)


def test_an_instance_on_its_way_is_not_changed(sdk: Sdk, instance_id: str) -> None:
    assert sdk.refused(MODIFY, InternetMaxBandwidthOut=5) == (400, "MissingParameter")
    assert sdk.refused(MODIFY, InstanceId="i-none", InternetMaxBandwidthOut=5) == (404, "InvalidInstanceId.NotFound")
    sdk("StopInstance", InstanceId=instance_id)
    busy = sdk.refused(MODIFY, InstanceId=instance_id, InternetMaxBandwidthOut=5)
    assert busy == (403, "IncorrectInstanceStatus")


def test_for_five_minutes_there_is_no_second_change(sdk: Sdk) -> None:
    (instance_id,) = sdk.run()
    for _again in range(2):
        sdk(MODIFY, InstanceId=instance_id, InternetMaxBandwidthOut=5, ClientToken="once")
    soon = sdk.refused(MODIFY, InstanceId=instance_id, InternetMaxBandwidthOut=6)
    assert soon == (400, "Throttling")
    sdk.cloud.clock_advance(301)
    sdk(MODIFY, InstanceId=instance_id, InternetMaxBandwidthOut=6)
    assert spec(sdk, instance_id)[0] == 6
