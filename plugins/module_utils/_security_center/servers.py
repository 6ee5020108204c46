# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers as Security Center knows them: their agents, and how much was found on each. Private."""

from __future__ import annotations

import json
import typing as t

from .._cloud import foretold
from .._cloud.door import Cloud, chunks
from .._cloud.errors import UnexpectedState
from .._core import naming
from .._core import tags as tagging
from .._instance import finder

PRODUCT = "sas"
Options = t.Mapping[str, t.Any]
Server = dict[str, t.Any]

#: Which instances a task means.
SPEC: dict[str, dict[str, t.Any]] = {
    "instance_ids": {"type": "list", "elements": "str"},
    "fleet": {"type": "str"},
}
#: How many instances are asked for by ID in one call, and up to how many in all; of more, all of the region are read.
_ASKED_AT_ONCE, _MOST_ASKED = 20, 100
#: UUIDs in one call: they go into the address of the request.
UUIDS_AT_ONCE = 50
#: Texts come in Chinese otherwise.
ENGLISH = {"Lang": "en"}
#: Numbers of editions, as the documents of DescribeVersionConfig and DescribeCloudCenterInstances name them.
_EDITIONS = {
    1: "free",
    3: "enterprise",
    5: "advanced",
    6: "anti_virus",
    7: "ultimate",
    8: "multi_edition",
    10: "value_added",
}
#: What C(ClientSubStatus) is called here, where it is not the same.
_AGENTS = {"pause": "paused"}


def edition(number: t.Any) -> str:
    """The edition of this number; a number that nobody has documented stays one."""
    return _EDITIONS.get(number, str(number))


def wanted_ids(cloud: Cloud, options: Options) -> list[str] | None:
    """The instances that a task means; None for all of the region.

    :raises InvalidInput: what is no ID of an instance
    :raises UnexpectedState: no instance belongs to the fleet
    """
    ids, fleet = options["instance_ids"], options["fleet"]
    naming.check_instance_ids(ids)
    if not fleet:
        return None if ids is None else list(dict.fromkeys(ids))
    if ids:
        of_both = finder.describe(cloud, list(dict.fromkeys(ids)), Tag=tagging.to_api({tagging.OWNER_KEY: fleet}))
        if lost := sorted(set(ids) - {one["instance_id"] for one in of_both}):
            raise UnexpectedState(f"There are no instances {', '.join(lost)} that belong to the fleet {fleet}.")
        return list(dict.fromkeys(ids))
    return [one["instance_id"] for one in finder.of_fleet(cloud, fleet)]


def read(cloud: Cloud, ids: t.Sequence[str] | None) -> list[Server]:
    """The servers of the region, or those of these instances, in their order; C(agent) is C(unknown) of an instance
    that Security Center has not heard of."""
    query = {**ENGLISH, "MachineTypes": "ecs"}
    if ids is None:
        return [shape(item) for item in cloud.pages(PRODUCT, "DescribeCloudCenterInstances", query)]
    real = [one for one in ids if not foretold.is_id(one)]
    if len(real) > _MOST_ASKED:
        items = cloud.pages(PRODUCT, "DescribeCloudCenterInstances", query)
    else:
        items = [
            item
            for some in chunks(real, _ASKED_AT_ONCE)
            for item in cloud.pages(PRODUCT, "DescribeCloudCenterInstances", {**query, **_any_of(some)})
        ]
    found = {one["instance_id"]: one for one in map(shape, items)}
    return [found.get(one) or _unknown(cloud, one) for one in ids]


def _any_of(ids: t.Sequence[str]) -> dict[str, str]:
    """The search for any of some instances."""
    criteria = [{"name": "instanceId", "value": one} for one in ids]
    return {"Criteria": json.dumps(criteria, separators=(",", ":")), "LogicalExp": "OR"}


def shape(item: t.Mapping[str, t.Any]) -> Server:
    """The shape of an item of DescribeCloudCenterInstances."""
    agent = item.get("ClientSubStatus") or item.get("ClientStatus") or "unknown"
    return {
        "instance_id": item.get("InstanceId") or "",
        "name": item.get("InstanceName") or "",
        "uuid": item.get("Uuid") or None,
        "region": item.get("RegionId") or "",
        "running": item.get("Status") == "Running",
        "agent": _AGENTS.get(agent, agent),
        "protected": item.get("ClientStatus") == "online",
        "edition": edition(item.get("AuthVersion")),
        "alert_count": int(item.get("SafeEventCount") or 0),
        "vulnerability_count": int(item.get("VulCount") or 0),
        "risk_count": int(item.get("HealthCheckCount") or 0),
    }


def _unknown(cloud: Cloud, instance_id: str) -> Server:
    return {
        **shape({"InstanceId": instance_id, "RegionId": cloud.region}),
        "edition": None,
    }


def words(one: Server) -> str:
    """A server in a few words."""
    return f"{one['name']} ({one['instance_id']})" if one["name"] else str(one["instance_id"])


def listed(ones: t.Sequence[Server], most: int = 5) -> str:
    """Several servers in words."""
    more = f" and {len(ones) - most} more" if len(ones) > most else ""
    return ", ".join(map(words, ones[:most])) + more
