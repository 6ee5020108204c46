# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be done because Alibaba Cloud has no operation for it. Should one come, this fails."""

from __future__ import annotations

import products


def test_no_operation_switches_scrubbing_off_or_ends_a_black_hole() -> None:
    names = dir(products.models("antiddos-public"))
    writing = {
        name.removesuffix("Request") for name in names if name.endswith("Request") and not name.startswith("Describe")
    }
    assert writing == {"ModifyDefenseThreshold", "ModifyIpDefenseThreshold"}
    request = products.models("antiddos-public").ModifyIpDefenseThresholdRequest()
    asked = {"bps", "ddos_region_id", "instance_id", "instance_type", "internet_ip", "is_auto", "pps"}
    assert {name for name in vars(request) if not name.startswith("_")} == asked
