# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The baseline of an instance in its record."""

from __future__ import annotations

from local_cloud.attestation import message, verdict
from local_cloud.framework import Call
from local_cloud.services.trusted_server.common import Record, milliseconds


def set_baseline(call: Call, record: Record, baseline: verdict.Baseline) -> None:
    """Put a baseline, and what DescribeBoot shows of it, into the record of a property."""
    if baseline == (record.get("_Baseline") or {}):
        return
    boot = record.get("_Boot") or {"Id": call.store.next_number("trusted_boot"), "GmtCreate": str(milliseconds(call))}
    programs = {path: entry["digest"] for path, entry in baseline.get("programs", {}).items()}
    detail = {"pcrs": baseline.get("pcrs", {}), "events": baseline.get("events", {}), "programs": programs}
    record["_Baseline"] = baseline
    record["_Boot"] = {
        **boot,
        "WhiteListAffiliation": 0,
        "WhiteListDetail": message.canonical(detail),
        "GmtModified": str(milliseconds(call)),
    }
    record["SystemWhiteListId"] = record["ProgramWhiteListId"] = boot["Id"]
