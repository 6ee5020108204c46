# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security Center by the official SDK: servers and their agents, findings by the control API, notifications."""

from __future__ import annotations

import json
import typing as t

import pytest
from people import other_account, ram_user

from local_cloud.control import ControlError

if t.TYPE_CHECKING:
    from sdk import Sdk

INVALID = (400, "InvalidParameter")
MISSING = (400, "MissingParameter")


class SecurityCenter:
    """Security Center as one caller, whose account has three instances."""

    def __init__(self, sdk: Sdk) -> None:
        self.sdk = sdk

    def __call__(self, action: str, **params: t.Any) -> dict[str, t.Any]:
        return self.sdk(action, product="sas", **params)

    def refused(self, action: str, **params: t.Any) -> tuple[int, str]:
        return self.sdk.refused(action, product="sas", **params)

    def servers(self, **params: t.Any) -> dict[str, dict[str, t.Any]]:
        """InstanceId -> what is shown of it."""
        found = self("DescribeCloudCenterInstances", **params)["Instances"]
        return {one["InstanceId"]: one for one in found}


@pytest.fixture
def ids(sdk: Sdk) -> list[str]:
    """Instances, the first of which has come with the agent."""
    place = sdk.place()
    first = sdk("RunInstances", **place, Amount=1, SecurityEnhancementStrategy="Active")
    others = sdk("RunInstances", **place, Amount=2)
    sdk.cloud.clock_advance(60)
    return [one for made in (first, others) for one in made["InstanceIdSets"]["InstanceIdSet"]]


@pytest.fixture
def center(sdk: Sdk) -> SecurityCenter:
    return SecurityCenter(sdk)


def test_instances_are_servers_some_with_the_agent(center: SecurityCenter, ids: list[str]) -> None:
    shown = center.servers()
    assert set(shown) == set(ids)
    assert [(shown[one]["ClientStatus"], shown[one]["ClientSubStatus"]) for one in ids] == [
        ("online", "online"),
        ("offline", "uninstalled"),
        ("offline", "uninstalled"),
    ]
    assert len({one["Uuid"] for one in shown.values()}) == 3
    assert not set(ids) & {one["Uuid"] for one in shown.values()}


def test_servers_are_searched_and_come_by_pages(center: SecurityCenter, ids: list[str]) -> None:
    criteria = [{"name": "instanceId", "value": one} for one in ids[:2]]
    assert set(center.servers(Criteria=json.dumps(criteria), LogicalExp="OR")) == set(ids[:2])
    assert center.servers(Criteria=json.dumps(criteria), LogicalExp="AND") == {}
    assert center.servers(RegionId="eu-central-1") == {}
    second = center("DescribeCloudCenterInstances", PageSize=2, CurrentPage=2)
    assert (len(second["Instances"]), second["PageInfo"]["TotalCount"], second["PageInfo"]["Count"]) == (1, 3, 1)
    assert center.refused("DescribeCloudCenterInstances", Criteria='[{"name": "colour", "value": "red"}]') == INVALID
    assert center.refused("DescribeCloudCenterInstances", PageSize=0) == INVALID


def test_an_agent_is_installed_and_uninstalled_in_time(center: SecurityCenter, ids: list[str]) -> None:
    uuid = center.servers()[ids[1]]["Uuid"]
    answer = center("OperateAgentClientInstall", Uuids=uuid)["AegisCelintInstallResposeList"]
    assert [(one["InstanceId"], one["Uuid"]) for one in answer] == [(ids[1], uuid)]
    (progress,) = center("DescribeAgentInstallStatus", Uuids=uuid)["AegisClientInvokeStatusResponseList"]
    assert progress["Result"] == 0
    center.sdk.cloud.clock_advance(3)
    assert center.servers()[ids[1]]["ClientStatus"] == "online"
    center("AddUninstallClientsByUuids", Uuids=uuid)
    center.sdk.cloud.clock_advance(3)
    assert center.servers()[ids[1]]["ClientSubStatus"] == "uninstalled"
    center("PauseClient", Uuids=center.servers()[ids[0]]["Uuid"], Value="0")
    assert center.servers()[ids[0]]["ClientStatus"] == "pause"


def test_what_an_installation_needs(center: SecurityCenter, ids: list[str]) -> None:
    assert center.refused("OperateAgentClientInstall") == MISSING
    assert center.refused("OperateAgentClientInstall", InstanceIds=ids[1]) == MISSING
    center("OperateAgentClientInstall", InstanceIds=ids[1], Region="cn-hangzhou", Os="linux")
    center.sdk("StopInstance", InstanceId=ids[2])
    center.sdk.cloud.clock_advance(60)
    assert center.servers()[ids[1]]["ClientStatus"] == "online"
    uuid = center.servers()[ids[2]]["Uuid"]
    center("OperateAgentClientInstall", Uuids=uuid)
    (progress,) = center("DescribeAgentInstallStatus", Uuids=uuid)["AegisClientInvokeStatusResponseList"]
    assert (progress["Result"], progress["ResuleCode"]) == (2, "1005")


def test_the_control_api_moves_agents(center: SecurityCenter, ids: list[str]) -> None:
    for state, shown in (
        ("offline", "offline"),
        ("paused", "pause"),
        ("uninstalled", "uninstalled"),
        ("online", "online"),
    ):
        center.sdk.cloud.security_center(ids[1], agent=state)
        assert center.servers()[ids[1]]["ClientSubStatus"] == shown
    with pytest.raises(ControlError, match="an agent is one of"):
        center.sdk.cloud.security_center(ids[1], agent="asleep")
    with pytest.raises(ControlError, match="no instance"):
        center.sdk.cloud.security_center("i-none", agent="online")


def test_alerts_are_made_read_and_handled(center: SecurityCenter, ids: list[str]) -> None:
    for level in ("serious", "remind"):
        center.sdk.cloud.security_center(ids[0], alert={"Level": level})
    found = center("DescribeSuspEvents", Dealed="N")
    assert [one["Level"] for one in found["SuspEvents"]] == ["remind", "serious"]
    assert found["TotalCount"] == 2
    (serious,) = center("DescribeSuspEvents", Levels="serious", Uuids=found["SuspEvents"][0]["Uuid"])["SuspEvents"]
    assert center.servers()[ids[0]]["SafeEventCount"] == 2
    which = [str(serious["Id"])]
    task = center("HandleSecurityEvents", OperationCode="ignore", SecurityEventIds=which)
    number = task["HandleSecurityEventsResponse"]["TaskId"]
    told = center("DescribeSecurityEventOperationStatus", TaskId=number, SecurityEventIds=which)
    assert told["SecurityEventOperationStatusResponse"]["TaskStatus"] == "Processing"
    center.sdk.cloud.clock_advance(5)
    told = center("DescribeSecurityEventOperationStatus", TaskId=number, SecurityEventIds=which)
    assert told["SecurityEventOperationStatusResponse"]["TaskStatus"] == "Success"
    (handled,) = center("DescribeSuspEvents", Dealed="Y")["SuspEvents"]
    assert (handled["Id"], handled["EventStatus"]) == (serious["Id"], 2)
    assert center.servers()[ids[0]]["SafeEventCount"] == 1


def test_what_alerts_refuse(center: SecurityCenter, ids: list[str]) -> None:
    center.sdk.cloud.security_center(ids[0], alert={})
    (one,) = center("DescribeSuspEvents")["SuspEvents"]
    which = [str(one["Id"])]
    assert center.refused("HandleSecurityEvents", OperationCode="forget", SecurityEventIds=which) == INVALID
    assert center.refused("HandleSecurityEvents", OperationCode="block_ip", SecurityEventIds=which) == MISSING
    assert center.refused("HandleSecurityEvents", OperationCode="ignore", SecurityEventIds=["99"])[0] == 400
    assert center.refused("DescribeSuspEvents", Levels="grave") == INVALID
    with pytest.raises(ControlError, match="Level of a alert is one of"):
        center.sdk.cloud.security_center(ids[0], alert={"Level": "grave"})
    with pytest.raises(ControlError, match="RiskId of a risk can't be"):
        center.sdk.cloud.security_center(ids[0], risk={"RiskId": "43"})
    with pytest.raises(ControlError, match="Colour of a alert can't be"):
        center.sdk.cloud.security_center(ids[0], alert={"Colour": "red"})


def test_vulnerabilities_and_risks_are_found_where_the_agent_is(center: SecurityCenter, ids: list[str]) -> None:
    for one in ids[:2]:
        center.sdk.cloud.security_center(one, vulnerability={"Necessity": "asap"}, risk={"RiskId": 43})
    (hole,) = center("DescribeVulList", Type="cve", Dealed="n")["VulRecords"]
    assert (hole["InstanceId"], hole["Necessity"]) == (ids[0], "asap")
    assert center("DescribeVulList", Type="sys")["VulRecords"] == []
    assert center.refused("DescribeVulList", Type="app") == MISSING
    assert center.refused("DescribeVulList", Type="holes") == INVALID
    (risk,) = center("DescribeCheckWarningSummary", RiskStatus=1)["WarningSummarys"]
    assert (risk["RiskId"], risk["WarningMachineCount"]) == (43, 1)
    (machine,) = center("DescribeWarningMachines", RiskId=43)["WarningMachines"]
    assert (machine["InstanceId"], machine["Online"]) == (ids[0], True)
    center.sdk.cloud.security_center(ids[1], agent="online")
    assert len(center("DescribeWarningMachines", RiskId=43)["WarningMachines"]) == 2
    shown = center.servers()[ids[1]]
    assert (shown["VulCount"], shown["HealthCheckCount"], shown["RiskStatus"]) == (1, 1, "YES")


def test_notifications_are_set_one_by_one(center: SecurityCenter) -> None:
    def config(project: str) -> tuple[int, int]:
        listed = center("DescribeNoticeConfig")["NoticeConfigList"]
        return next((one["Route"], one["TimeLimit"]) for one in listed if one["Project"] == project)

    assert config("sas_suspicious") == (6, 0)
    center("ModifyNoticeConfig", Project="sas_suspicious", Route=7, TimeLimit=1)
    assert (config("sas_suspicious"), config("sas_healthcheck")) == ((7, 1), (6, 0))
    center("ModifyNoticeConfig", Project="sas_suspicious", Route=0)
    assert config("sas_suspicious") == (0, 1)
    for wrong in ({"Project": "rain"}, {"Project": "sas_suspicious", "Route": 8}, {"Project": "agent", "TimeLimit": 2}):
        assert center.refused("ModifyNoticeConfig", **wrong) == INVALID


def test_install_codes_and_the_role(center: SecurityCenter) -> None:
    center("AddInstallCode", Os="linux", ExpiredDate=1893456000000)
    (code,) = center("DescribeInstallCodes")["InstallCodes"]
    assert (code["Os"], code["ExpiredDate"], code["VendorName"]) == ("linux", 1893456000000, "ALIYUN")
    center("DeleteInstallCode", CaptchaCode=code["CaptchaCode"])
    assert center("DescribeInstallCodes")["InstallCodes"] == []
    assert center("DescribeServiceLinkedRoleStatus")["RoleStatus"]["Status"] is False
    center("CreateServiceLinkedRole")
    assert center("DescribeServiceLinkedRoleStatus")["RoleStatus"]["Status"] is True
    assert center.refused("CreateServiceLinkedRole") == (409, "EntityAlreadyExists.Role")


def test_a_user_needs_the_right_and_another_account_sees_nothing(center: SecurityCenter, ids: list[str]) -> None:
    sdk = center.sdk
    assert SecurityCenter(ram_user(sdk, "nobody")).refused("DescribeCloudCenterInstances")[0] == 403
    reader = SecurityCenter(ram_user(sdk, "reader", "AliyunYundunSASReadOnlyAccess"))
    assert set(reader.servers()) == set(ids)
    assert reader.refused("ModifyNoticeConfig", Project="agent", Route=1)[0] == 403
    assert SecurityCenter(other_account(sdk)[1]).servers() == {}


@pytest.mark.parametrize("version", [1, 3])
def test_the_edition_is_a_setting(center: SecurityCenter, ids: list[str], version: int) -> None:
    center.sdk.cloud.set("sas.version", version)
    assert center("DescribeVersionConfig")["Version"] == version
    assert {one["AuthVersion"] for one in center.servers().values()} == {version}


def test_a_new_instance_can_be_unknown_until_asked_for(center: SecurityCenter, ids: list[str]) -> None:
    center.sdk.cloud.set("sas.new_server_seconds", 600)
    assert center.servers() == {}
    center("RefreshAssets", AssetType="ecs")
    assert set(center.servers()) == set(ids)


def test_usual_logons_are_of_servers_and_switches_of_the_account(center: SecurityCenter, ids: list[str]) -> None:
    first, second = (center.servers()[one]["Uuid"] for one in ids[:2])

    def modify(flag: str, *uuids: str, config: t.Any = None) -> dict[str, t.Any]:
        target = [{"target": one, "targetType": "uuid", "flag": flag} for one in uuids]
        given = json.dumps(config or {"ip": "192.0.2.1", "totalCount": 3})
        return {"Type": "login_common_ip", "Config": given, "Target": json.dumps(target)}

    center("ModifyLoginBaseConfig", **modify("add", first, second))
    (one,) = center("DescribeLoginBaseConfigs", Type="login_common_ip")["BaseConfigs"]
    assert (one["Ip"], one["UuidCount"], one["TotalCount"]) == ("192.0.2.1", 2, 3)
    assert {target["Target"] for target in one["TargetList"]} == {first, second}
    assert center("DescribeLoginBaseConfigs", Type="login_common_account")["BaseConfigs"] == []
    center("ModifyLoginBaseConfig", **modify("del", first, second))
    assert center("DescribeLoginBaseConfigs", Type="login_common_ip")["TotalCount"] == 0
    assert center.refused("ModifyLoginBaseConfig", **modify("add", "none")) == (400, "DataNotExists")
    for wrong in (modify("keep", first), modify("add", first, config={"account": "root"})):
        assert center.refused("ModifyLoginBaseConfig", **wrong) == INVALID
    assert center.refused("DescribeLoginBaseConfigs", Type="login_common_colour") == INVALID
    center("ModifyLoginSwitchConfig", Item="login_common_ip", Status=1)
    switches = center("DescribeLoginSwitchConfigs")["ConfigList"]
    assert {one["Item"].removeprefix("login_common_"): one["Status"] for one in switches} == {
        "ip": 1,
        "time": 0,
        "account": 0,
    }
    assert center.refused("ModifyLoginSwitchConfig", Item="login_common_location", Status=1) == INVALID
