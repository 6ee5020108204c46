# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the trusted server knows about an instance."""

from __future__ import annotations

from local_cloud.framework import ApiError, Call
from local_cloud.services.trusted_server.common import Record, get_property, is_silent, required, trusted_server

_HIDDEN = ("InstanceId", "RegionId", "AccountId")


@trusted_server("DescribeInstance")
def describe_instance(call: Call) -> Record:
    """The verdict on the last report. That of an instance which has stopped reporting is that nobody knows."""
    record = get_property(call, required(call, "PropertyUuid"), lagged=True)
    shown = {name: value for name, value in record.items() if name not in _HIDDEN and not name.startswith("_")}
    shown.setdefault("ProgramTrustStatus", record["SystemTrustStatus"])
    if not is_silent(call, record):
        return {**shown, "OnlineStatus": 1}
    unmeasured = call.settings["trusted_server.unmeasured_status"]
    why = "no report for too long" if record["GmtRecentReport"] else "no report yet"
    return {
        **shown,
        "OnlineStatus": 0,
        "SystemTrustStatus": unmeasured,
        "SystemTrustDetail": why,
        "ProgramTrustStatus": unmeasured,
        "ProgramTrustDetail": why,
    }


@trusted_server("DescribeBoot")
def describe_boot(call: Call) -> Record:
    """The baseline: there is one once an instance's evidence was verified."""
    boot = get_property(call, required(call, "PropertyUuid"), lagged=True).get("_Boot")
    if not boot:
        raise ApiError("BootMeasurement.NotFound", 404, "The instance has no baseline: nothing was measured yet.")
    return dict(boot)
