# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit makes as many calls as there are pages, and a few that do not become more with the account."""

from __future__ import annotations

import math
import typing as t

from audit import many
from modules.harness import Modules

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

INSTANCES, GROUPS = 300, 60


def test_as_many_calls_as_pages(fresh_cloud: LocalCloud) -> None:
    many.build(fresh_cloud, INSTANCES, GROUPS)
    found = Modules(fresh_cloud).run("audit_info")
    public = sum(1 for one in fresh_cloud.resources("instance") if one["PublicIpAddress"])
    pages = {
        "ecs:DescribeInstances": math.ceil(INSTANCES / 100),
        "ecs:DescribeDisks": math.ceil(2 * INSTANCES / 500),
        "ecs:DescribeInstanceRamRole": math.ceil(INSTANCES / 50),
        "ecs:DescribeSecurityGroups": math.ceil(GROUPS / 100),
        # A page is the rules of a group, of which there can be no more than it holds.
        "ecs:DescribeSecurityGroupAttribute": GROUPS,
        # The trusted server has no list.
        "trusted-server:DescribeInstance": INSTANCES,
        "sas:DescribeCloudCenterInstances": math.ceil(INSTANCES / 100),
        # Public addresses of instances, and the one empty page of EIPs.
        "antiddos-public:DescribeInstanceIpAddress": math.ceil(public / 50) + 1,
    }
    assert fresh_cloud.counts() == pages | many.ONCE
    assert found["api_calls"] == fresh_cloud.counts()
    audit = found["audit"]
    assert (len(audit["instances"]), len(audit["security_groups"])) == (INSTANCES, GROUPS)
    assert audit["not_read"] == []
