# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents of Cloud Assistant as the API shows them."""

from __future__ import annotations

from local_cloud.framework import Call
from local_cloud.services.ecs.common import Record, ecs, find_all, page_either, seconds_text
from local_cloud.session_manager import agents

_VERSION = "2.2.4.1000"


@ecs("DescribeCloudAssistantStatus")
def describe_cloud_assistant_status(call: Call) -> Record:
    ids = call.get("InstanceId") or []
    os_type = (call.get("OSType") or "").lower()
    counts: dict[str, int] = {}
    for invocation in find_all(call, "invocation", lagged=True):
        for instance_id in invocation["_Results"]:
            counts[instance_id] = counts.get(instance_id, 0) + 1
    shown = []
    for instance in find_all(call, "instance", lagged=True):
        if (ids and instance["InstanceId"] not in ids) or os_type not in ("", instance["OSType"]):
            continue
        up = agents.online(call.store, call.settings, instance)
        shown.append(
            {
                "InstanceId": instance["InstanceId"],
                "CloudAssistantStatus": "true" if up else "false",
                "CloudAssistantVersion": _VERSION if agents.installed(call.store, call.settings) else "",
                "LastHeartbeatTime": seconds_text(call) if up else "",
                "InvocationCount": counts.get(instance["InstanceId"], 0),
                "OSType": "Windows" if instance["OSType"] == "windows" else "Linux",
                "SupportSessionManager": up,
            }
        )
    if ids:  # named instances come in one page
        counts_shown = {"PageNumber": 1, "PageSize": len(shown), "TotalCount": len(shown), "NextToken": ""}
        return {"InstanceCloudAssistantStatusSet": {"InstanceCloudAssistantStatus": shown}, **counts_shown}
    page = page_either(call, shown, least=1, most=50)
    return {"InstanceCloudAssistantStatusSet": {"InstanceCloudAssistantStatus": page.items}, **page.about}
