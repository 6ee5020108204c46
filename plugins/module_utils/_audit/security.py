# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Security Center tells of the instances of a region, which are asked for together. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._security_center import agent, findings, servers

Item = dict[str, t.Any]

#: Agents of instances on which Security Center has never been.
_NEVER = ("uninstalled", "unknown")
_KEPT = ("instance_id", "agent", "protected", "vulnerability_count", "risk_count")


def read(cloud: Cloud, instances: t.Sequence[Item]) -> Item:
    """The edition, and what Security Center tells of these instances.

    :param instances: those of the region
    :raises CloudError: something may not be read
    """
    role = agent.has_role(cloud)
    number = cloud.call(servers.PRODUCT, "DescribeVersionConfig").get("Version")
    found = servers.read(cloud, [one["instance_id"] for one in instances])
    agent.foresee(cloud, found)
    # Those of the whole account: an alert about the account itself is of no instance.
    alerts = findings.alerts(cloud, None)
    return section(role, servers.edition(number), instances, found, alerts)


def section(
    role: bool,
    edition: str,
    instances: t.Sequence[Item],
    found: t.Sequence[servers.Server],
    alerts: t.Sequence[findings.Found],
) -> Item:
    """The section of the audit. Pure.

    :param role: whether Security Center may read the account
    :param found: the servers that these instances are, in their order
    :param alerts: those of the account that wait, newest first
    """
    names = {one["instance_id"]: one["name"] for one in instances}
    ids = {one["uuid"]: one["instance_id"] for one in found if one["uuid"]}
    told = []
    for one in alerts:
        of_account = not one["uuid"] and not one["instance_id"]
        if of_account or one["uuid"] in ids:
            instance_id = ids.get(one["uuid"])
            kept = ("alert_id", "level", "type", "name", "first_time", "last_time")
            told.append(
                {"instance_id": instance_id, "instance_name": names.get(instance_id or "", "")}
                | {key: one[key] for key in kept}
            )
    levels = (*findings.LEVELS, "unknown")
    by_instance: dict[str | None, list[Item]] = {}
    for alert in told:
        by_instance.setdefault(alert["instance_id"], []).append(alert)
    told.sort(key=lambda one: levels.index(one["level"]) if one["level"] in levels else len(levels))
    return {
        "in_use": role or any(one["agent"] not in _NEVER for one in found),
        "edition": edition,
        "instances": [
            {
                **{key: one[key] for key in _KEPT},
                "name": names[one["instance_id"]],
                "alerts": by_level(by_instance.get(one["instance_id"], ())),
            }
            for one in found
        ],
        "alerts": told,
    }


def by_level(alerts: t.Iterable[Item]) -> dict[str, int]:
    """How many alerts there are of each level; C(other) is what is not documented."""
    listed = [one["level"] for one in alerts]
    known = {level: listed.count(level) for level in findings.LEVELS}
    return {**known, "other": len(listed) - sum(known.values())}
