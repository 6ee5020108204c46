# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Anti-DDoS Basic: thresholds of public addresses, attacks on them, and who may ask."""

from __future__ import annotations

import json
import typing as t

import pytest
from people import other_account, ram_user
from sdk import REGION, Sdk
from wire import Wire

from local_cloud.control import ControlError

PRODUCT = "antiddos-public"
#: of ecs.g7.large: 2048000 kbit/s, 900000 packets per second
MOST = (2048, 900_000)
ABSENT = (404, "InvalidInstanceId.NotFound")
INVALID = (400, "InvalidParameter")


class Guard:
    """Anti-DDoS Basic as one caller, and an instance with a public address of its own."""

    def __init__(self, sdk: Sdk, instance_id: str, address: str) -> None:
        self.sdk = sdk
        self.ecs = {"InstanceType": "ecs", "InstanceId": instance_id}
        self.address = address

    def __call__(self, action: str, **params: t.Any) -> dict[str, t.Any]:
        return self.sdk(action, product=PRODUCT, **params)

    def refused(self, action: str, **params: t.Any) -> tuple[int, str]:
        return self.sdk.refused(action, product=PRODUCT, **params)

    def threshold(self, **asset: str) -> dict[str, t.Any]:
        asset = asset or self.ecs
        wanted = {"InstanceType": asset["InstanceType"], "InstanceIds": [asset["InstanceId"]]}
        (found,) = self("DescribeDdosThreshold", DdosType="defense", **wanted)["Thresholds"]["Threshold"]
        return t.cast("dict[str, t.Any]", found)

    def set(self, mbps: int, pps: int) -> None:
        self("ModifyIpDefenseThreshold", InternetIp=self.address, Bps=mbps, Pps=pps, **self.ecs)

    def state(self) -> str:
        (one,) = self("DescribeInstanceIpAddress", **self.ecs)["InstanceList"]
        (address,) = one["IpAddressConfig"]
        assert one["InstanceStatus"] == ("normal" if address["IpStatus"] == "normal" else "abnormal")
        (older,) = self("DescribeInstance", **self.ecs)["InstanceList"]["Instance"]
        assert older["InstanceStatus"] == address["IpStatus"]
        return str(address["IpStatus"])

    def events(self, **params: t.Any) -> list[dict[str, t.Any]]:
        answer = self("DescribeDdosEventList", **self.ecs, **params)
        return t.cast("list[dict[str, t.Any]]", answer["DdosEventList"]["DdosEvent"])


@pytest.fixture
def guard(sdk: Sdk) -> Guard:
    (instance_id,) = sdk.run(InternetMaxBandwidthOut=5, InstanceName="shop")
    return Guard(sdk, instance_id, sdk.instance(instance_id)["PublicIpAddress"]["IpAddress"][0])


def allocate(sdk: Sdk) -> tuple[dict[str, str], str]:
    """An EIP: how it is named as an asset, and its address."""
    made = sdk("AllocateEipAddress", product="vpc")
    return {"InstanceType": "eip", "InstanceId": made["AllocationId"]}, made["EipAddress"]


# -- assets and thresholds


def test_an_instance_has_the_highest_thresholds_of_its_type_until_others_are_set(guard: Guard) -> None:
    found = guard.threshold()
    assert (found["Bps"], found["Pps"], found["IsAuto"]) == (*MOST, True)
    assert (found["MaxBps"], found["MaxPps"], found["InternetIp"]) == (*MOST, guard.address)
    types = guard.sdk("DescribeInstanceTypes", InstanceTypes=["ecs.g7.large"])["InstanceTypes"]["InstanceType"]
    assert (types[0]["InstanceBandwidthRx"] // 1000, types[0]["InstancePpsRx"]) == MOST
    guard.set(100, 20_000)
    found = guard.threshold()
    assert (found["Bps"], found["Pps"], found["IsAuto"]) == (100, 20_000, False)
    (shown,) = guard("DescribeInstanceIpAddress", **guard.ecs)["InstanceList"]
    (address,) = shown["IpAddressConfig"]
    assert (address["DefenseBpsThreshold"], address["DefensePpsThreshold"]) == (100, 20_000)
    assert (address["BlackholeThreshold"], shown["InstanceName"]) == (5000, "shop")
    assert address["RegionId"] != REGION, "it is a code, not the ID"
    guard("ModifyDefenseThreshold", IsAuto=True, **guard.ecs)
    assert guard.threshold()["IsAuto"] is True


def test_one_threshold_alone_does_not_take_effect(guard: Guard) -> None:
    before = guard.threshold()
    for given in ({"Bps": 100}, {"Pps": 20_000}):
        guard("ModifyDefenseThreshold", **guard.ecs, **given)
        guard("ModifyIpDefenseThreshold", InternetIp=guard.address, **guard.ecs, **given)
        assert guard.threshold() == before


@pytest.mark.parametrize(("mbps", "pps"), [(2049, 1000), (100, 900_001), (0, 1000), (100, -1)])
def test_a_threshold_above_the_type_s_is_refused(guard: Guard, mbps: int, pps: int) -> None:
    before = guard.threshold()
    for action in ("ModifyDefenseThreshold", "ModifyIpDefenseThreshold"):
        wanted = {**guard.ecs, "InternetIp": guard.address, "Bps": mbps, "Pps": pps}
        assert guard.refused(action, **wanted) == INVALID
    assert guard.threshold() == before
    guard.set(*MOST)
    assert guard.threshold()["IsAuto"] is False


def test_an_eip_is_an_asset_of_its_own_with_the_figures_of_its_instance(guard: Guard) -> None:
    eip, address = allocate(guard.sdk)
    guard.sdk.cloud.set("antiddos.eip_max_mbps", 300)
    assert guard.threshold(**eip)["MaxBps"] == 300
    (bound,) = guard.sdk.run()
    guard.sdk("AssociateEipAddress", product="vpc", AllocationId=eip["InstanceId"], InstanceId=bound)
    guard.sdk.cloud.clock_advance(2)
    found = guard.threshold(**eip)
    assert (found["MaxBps"], found["MaxPps"], found["InternetIp"]) == (*MOST, address)
    listed = guard("DescribeInstanceIpAddress", InstanceType="ecs")["InstanceList"]
    assert [one["InstanceId"] for one in listed] == [guard.ecs["InstanceId"]]
    one = guard("DescribeIpDdosThreshold", DdosType="blackhole", InternetIp=address, **eip)["Threshold"]
    assert (one["Bps"], one["DdosType"]) == (5000, "blackhole")
    located = guard("DescribeIpLocationService", InternetIp=address)["Instance"]
    assert (located["InstanceId"], located["Region"]) == (eip["InstanceId"], REGION)


def test_lists_have_filters_and_pages(guard: Guard) -> None:
    for _number in range(3):
        allocate(guard.sdk)
    first = guard("DescribeInstanceIpAddress", InstanceType="eip", PageSize=2)
    second = guard("DescribeInstanceIpAddress", InstanceType="eip", PageSize=2, CurrentPage=2)
    assert [len(page["InstanceList"]) for page in (first, second)] == [2, 1]
    assert first["Total"] == second["Total"] == 3
    address = second["InstanceList"][0]["IpAddressConfig"][0]["InstanceIp"]
    for action in ("DescribeInstance", "DescribeInstanceIpAddress"):
        assert guard(action, InstanceType="eip", InstanceIp=address)["Total"] == 1
        assert guard(action, InstanceType="ecs", InstanceName="other")["Total"] == 0
        assert guard(action, InstanceType="slb")["Total"] == 0
        for wrong in ({"PageSize": 51}, {"PageSize": 0}, {"CurrentPage": 0}):
            assert guard.refused(action, InstanceType="eip", **wrong) == INVALID


@pytest.mark.parametrize(
    ("action", "params", "error"),
    [
        ("DescribeInstance", {}, (400, "MissingParameter")),
        ("DescribeInstance", {"InstanceType": "rds"}, INVALID),
        ("DescribeInstance", {"InstanceType": "ecs", "DdosStatus": "defense"}, INVALID),
        ("DescribeInstanceIpAddress", {"InstanceType": "ecs", "DdosStatus": "mitigating"}, INVALID),
        ("DescribeDdosCount", {"InstanceType": "ecs", "DdosRegionId": "mars"}, (404, "InvalidRegionId.NotFound")),
        ("DescribeDdosThreshold", {"InstanceType": "ecs", "InstanceIds": ["i"], "DdosType": "all"}, INVALID),
        ("DescribeDdosThreshold", {"InstanceType": "ecs", "InstanceIds": ["i"] * 51, "DdosType": "defense"}, INVALID),
        ("DescribeDdosEventList", {"InstanceType": "ecs", "InstanceId": "i-none"}, ABSENT),
        ("ModifyDefenseThreshold", {"InstanceType": "ecs", "InstanceId": "i-none", "IsAuto": True}, ABSENT),
        ("DescribeDdosEventList", {"InstanceType": "ecs"}, (400, "MissingParameter")),
    ],
)
def test_what_is_wrong_is_refused(guard: Guard, action: str, params: dict[str, t.Any], error: tuple[int, str]) -> None:
    assert guard.refused(action, **params) == error


def test_an_asset_has_no_address_of_another(guard: Guard) -> None:
    _eip, address = allocate(guard.sdk)
    wanted = {**guard.ecs, "InternetIp": address}
    assert guard.refused("ModifyIpDefenseThreshold", Bps=1, Pps=1, **wanted) == ABSENT
    assert guard.refused("DescribeIpDdosThreshold", DdosType="defense", **wanted) == ABSENT


# -- attacks


def test_traffic_above_a_scrubbing_threshold_is_scrubbed_while_it_lasts(guard: Guard) -> None:
    guard.set(100, 20_000)
    cloud = guard.sdk.cloud
    assert cloud.attack(guard.address, mbps=100, pps=20_000)["status"] == "normal"
    assert guard.state() == "normal"
    assert guard.events() == []
    assert cloud.attack(guard.address, mbps=1, pps=20_001, seconds=300)["status"] == "mitigating"
    assert guard.state() == "mitigating"
    (event,) = guard.events()
    assert (event["DdosType"], event["DdosStatus"], event["EndTime"]) == ("defense", "mitigating", 0)
    assert {"UnBlackholeTime", "DelayTime"}.isdisjoint(event)
    cloud.clock_advance(299)
    assert guard.state() == "mitigating"
    cloud.clock_advance(2)
    assert guard.state() == "normal"
    (event,) = guard.events()
    assert (event["DdosStatus"], event["EndTime"] - event["StartTime"]) == ("normal", 300_000)


def test_traffic_above_5_gbit_a_second_black_holes_for_as_long_as_the_credit_says(guard: Guard) -> None:
    cloud = guard.sdk.cloud
    assert cloud.attack(guard.address, mbps=3000)["status"] == "mitigating"
    cloud.clock_advance(60)
    assert cloud.attack(guard.address, mbps=5001)["status"] == "blackholed"
    assert guard.state() == "blackholed"
    hole, scrubbing = guard.events()
    assert (scrubbing["DdosStatus"], scrubbing["EndTime"] - scrubbing["StartTime"]) == ("normal", 60_000)
    minutes = guard("DescribeDdosCredit")["DdosCredit"]["BlackholeTime"]
    assert hole["UnBlackholeTime"] - hole["StartTime"] == minutes * 60_000
    assert cloud.attack(guard.address, mbps=3000)["status"] == "blackholed", "nothing reaches what would scrub it"
    cloud.clock_advance(minutes * 60 + 1)
    assert guard.state() == "normal"
    assert guard.events()[0]["EndTime"] == hole["UnBlackholeTime"]


def test_attacks_while_one_goes_on_are_one_event(guard: Guard) -> None:
    guard.set(100, 20_000)
    cloud = guard.sdk.cloud
    cloud.attack(guard.address, mbps=200, seconds=100)
    cloud.clock_advance(60)
    cloud.attack(guard.address, mbps=200, seconds=100)
    (event,) = guard.events()
    assert event["DelayTime"] - event["StartTime"] == 60_000
    cloud.clock_advance(99)
    assert guard.state() == "mitigating"
    cloud.clock_advance(2)
    assert guard.state() == "normal"


def test_a_black_hole_lasts_as_long_as_its_attack(guard: Guard) -> None:
    guard.sdk.cloud.set("antiddos.blackhole_minutes", 10)
    guard.sdk.cloud.attack(guard.address, mbps=9000, seconds=900)
    (event,) = guard.events()
    assert event["UnBlackholeTime"] - event["StartTime"] == 1_200_000


def test_counts_filters_and_days(guard: Guard) -> None:
    eip, address = allocate(guard.sdk)
    cloud = guard.sdk.cloud
    cloud.attack(guard.address, mbps=4000)
    cloud.attack(address, mbps=6000)
    counted = {kind: guard("DescribeDdosCount", InstanceType=kind)["DdosCount"] for kind in ("ecs", "eip", "slb")}
    assert counted["ecs"] == {"InstacenCount": 1, "DefenseCount": 1, "BlackholeCount": 0}
    assert counted["eip"] == {"InstacenCount": 1, "DefenseCount": 0, "BlackholeCount": 1}
    assert counted["slb"]["InstacenCount"] == 0
    for status, number in (("mitigating", 1), ("blackholed", 0), ("normal", 0)):
        assert guard("DescribeInstance", InstanceType="ecs", DdosStatus=status)["Total"] == number
    for status, number in (("defense", 1), ("blackhole", 0)):
        assert guard("DescribeInstanceIpAddress", InstanceType="ecs", DdosStatus=status)["Total"] == number
    assert guard("DescribeDdosEventList", InternetIp=address, **eip)["Total"] == 1
    cloud.clock_advance(8 * 86_400)
    assert guard.events() == []
    assert len(guard.events(QueryDays=9)) == 1
    assert guard.refused("DescribeDdosEventList", QueryDays=0, **guard.ecs) == INVALID


def test_an_attack_survives_a_restart(guard: Guard) -> None:
    cloud = guard.sdk.cloud
    cloud.attack(guard.address, mbps=4000, seconds=3600)
    assert [(one["kind"], len(one["scheduled"])) for one in cloud.records() if one["kind"] == "ddos_event"] == [
        ("ddos_event", 1)
    ]


@pytest.mark.parametrize("body", [{"mbps": -1}, {"mbps": 1, "seconds": 0}, {"mbps": float("inf")}])
def test_an_attack_that_makes_no_sense_is_none(guard: Guard, body: dict[str, float]) -> None:
    with pytest.raises((ControlError, ValueError)):
        guard.sdk.cloud.attack(guard.address, **body)
    with pytest.raises(ControlError, match="nobody has the public address"):
        guard.sdk.cloud.attack("192.0.2.1", mbps=1)
    assert guard.events() == []


# -- who asks, and where


def test_accounts_and_rights(guard: Guard) -> None:
    guard.sdk.cloud.attack(guard.address, mbps=6000)
    _account, other = other_account(guard.sdk)
    assert other("DescribeInstanceIpAddress", product=PRODUCT, InstanceType="ecs")["Total"] == 0
    assert other.refused("DescribeDdosEventList", product=PRODUCT, **guard.ecs) == ABSENT
    ann = ram_user(guard.sdk, "ann")
    assert ann.refused("DescribeDdosCredit", product=PRODUCT) == (403, "Forbidden.RAM")
    statement = {"Effect": "Allow", "Action": "yundun-ddos:Describe*", "Resource": "*"}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    guard.sdk("CreatePolicy", product="ram", PolicyName="look", PolicyDocument=document)
    guard.sdk("AttachPolicyToUser", product="ram", UserName="ann", PolicyName="look", PolicyType="Custom")
    assert ann("DescribeDdosCredit", product=PRODUCT)["DdosCredit"]["Score"] == 1000
    assert ann.refused("ModifyDefenseThreshold", product=PRODUCT, IsAuto=True, **guard.ecs) == (403, "Forbidden.RAM")


def test_a_regional_endpoint_serves_its_region(wire: Wire) -> None:
    wanted = {"InstanceType": "ecs", "DdosRegionId": "eu-central-1"}
    for host, status in (
        ("antiddos.aliyuncs.com", 200),
        ("antiddos-openapi.eu-central-1.aliyuncs.com", 200),
        ("antiddos-openapi.eu-west-1.aliyuncs.com", 400),
    ):
        wire.host = host
        assert wire.v3(PRODUCT, "DescribeDdosCount", **wanted).status == status


def test_regions_have_codes(guard: Guard) -> None:
    regions = guard("DescribeRegions")["Regions"]["Region"]
    assert REGION in [one["RegionNoAlias"] for one in regions]
