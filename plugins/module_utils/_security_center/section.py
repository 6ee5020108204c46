# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The section C(security_center) of an instance, for the inventory. Private."""

from __future__ import annotations

import typing as t
from collections import Counter

from .._cloud.door import Cloud
from . import findings, servers

Instance = dict[str, t.Any]


def with_security_center(cloud: Cloud, instances: t.Sequence[Instance]) -> list[Instance]:
    """The same instances with a section C(security_center), asked for together.

    :raises CloudError: Security Center does not tell
    """
    found = servers.read(cloud, [one["instance_id"] for one in instances])
    uuids = [one["uuid"] for one in found if one["uuid"]]
    serious = Counter(one["uuid"] for one in findings.alerts(cloud, uuids, ["serious"]))
    return [
        {
            **one,
            "security_center": {
                "agent": server["agent"],
                "protected": server["protected"],
                "edition": server["edition"],
                "alerts": server["alert_count"],
                "serious_alerts": serious[server["uuid"]],
                "vulnerabilities": server["vulnerability_count"],
                "risks": server["risk_count"],
            },
        }
        for one, server in zip(instances, found, strict=True)
    ]
