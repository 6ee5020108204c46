# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the trusted server knows about an instance."""

from __future__ import annotations

from local_cloud.framework import ApiError, Call
from local_cloud.services.trusted_server.common import Record, get_property, milliseconds, required, trusted_server

_HIDDEN = ("InstanceId", "RegionId", "AccountId", "LastMessage", "Boot")


@trusted_server("DescribeInstance")
def describe_instance(call: Call) -> Record:
    record = get_property(call, required(call, "PropertyUuid"), lagged=True)
    silent = milliseconds(call) - record["GmtRecentReport"]
    shown = {name: value for name, value in record.items() if name not in _HIDDEN}
    return {
        **shown,
        "OnlineStatus": int(silent <= 1000 * call.settings["trusted_server.online_seconds"]),
        "SystemTrustDetail": record.get("SystemTrustDetail", ""),
        "ProgramTrustStatus": record.get("ProgramTrustStatus", record["SystemTrustStatus"]),
    }


@trusted_server("DescribeBoot")
def describe_boot(call: Call) -> Record:
    """The baseline: there is one once an instance's evidence was verified."""
    boot = get_property(call, required(call, "PropertyUuid"), lagged=True).get("Boot")
    if not boot:
        raise ApiError("BootMeasurement.NotFound", 404, "The instance has no baseline: nothing was measured yet.")
    return dict(boot)
