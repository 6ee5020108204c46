# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of what Security Center tells people, how and when."""

from __future__ import annotations

from local_cloud.framework import Call
from local_cloud.services.sas.common import Record, invalid, sas
from local_cloud.settings import define

define(
    "sas.notice_route", 6, "Route of a notification that nobody has set: 6 is email and internal message (UNCERTAIN)"
)
define("sas.notice_time_limit", 0, "TimeLimit of a notification that nobody has set: 0 is any time (UNCERTAIN)", (0, 1))

_PROJECTS = (
    *("yundun_security_Weekreport", "yundun_sas_antiransomware_task", "sas_healthcheck", "sas_suspicious"),
    *("yundun_aegis_AV_true", "yundun_sas_ak_leakage", "yundun_sas_config_alert", "yundun_sas_vul_Emergency"),
    *("yundun_webguard_event", "yundun_sas_cloud_native_firewall", "yundun_sas_cloud_native_firewall_Defense"),
    *("yundun_IP_Blocking", "yundun_sas_anti_virus_config", "yundun_sas_log", "yundun_honeypot_alarm"),
    *("aliyun_rasp_alarm", "virusScheduleTask", "yundun_anti_Virus", "sas_vulnerability", "weeklyreport", "agent"),
    *("bruteforcesuccess", "webshell", "suspicious", "remotelogin", "health", "yundun_sas_cloudsiem_log"),
)
_ROUTES = range(8)


def _config(call: Call, project: str, *, lagged: bool = False) -> Record:
    unset = {"Route": int(call.settings["sas.notice_route"]), "TimeLimit": int(call.settings["sas.notice_time_limit"])}
    return call.store.get("security_notice", f"{call.account_id}/{project}", lagged=lagged) or {
        "Project": project,
        **unset,
    }


@sas("DescribeNoticeConfig")
def describe_notice_config(call: Call) -> Record:
    if call.get("BizType") not in (None, "", "cms"):
        raise invalid("BizType", "Expected cms, or nothing.")
    shown = [] if call.get("BizType") else [_config(call, one, lagged=True) for one in _PROJECTS]
    return {"NoticeConfigList": [{**one, "AliUid": int(call.account_id), "CurrentPage": 1} for one in shown]}


@sas("ModifyNoticeConfig")
def modify_notice_config(call: Call) -> Record:
    project = call.params["Project"]
    if project not in _PROJECTS:
        raise invalid("Project", "There is no such notification.")
    config = _config(call, project)
    route, limit = int(call.get("Route", config["Route"])), int(call.get("TimeLimit", config["TimeLimit"]))
    if route not in _ROUTES:
        raise invalid("Route", "Expected 0 to 7.")
    if limit not in (0, 1):
        raise invalid("TimeLimit", "Expected 0 or 1.")
    if not call.get("DryRun"):
        record = {"Project": project, "Route": route, "TimeLimit": limit}
        call.store.put("security_notice", f"{call.account_id}/{project}", record)
    return {}
