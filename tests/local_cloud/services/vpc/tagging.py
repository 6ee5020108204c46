# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of VPCs and vSwitches that exist."""

from __future__ import annotations

from local_cloud.framework import ApiError, Call
from local_cloud.services.vpc.common import Record, served, tags

#: resource type in capitals -> kind of record
_KINDS = {"VPC": "vpc", "VSWITCH": "vswitch"}
_MOST_TAGS = 20


def _resources(call: Call) -> list[tuple[str, str, Record]]:
    """Kind, id and record of every resource that the request names; an error for the first that doesn't exist."""
    kind = _KINDS.get(str(call.params["ResourceType"]).upper())
    if kind is None:
        raise ApiError("InvalidResourceType.NotFound", 404, "The specified ResourceType does not exist.")
    found = []
    for resource_id in call.get("ResourceId") or ():
        record = call.store.get(kind, resource_id)
        if record is None or record["AccountId"] != call.account_id or record["RegionId"] != call.region:
            raise ApiError("InvalidResourceId.NotFound", 404, f"The specified ResourceId {resource_id} does not exist.")
        found.append((kind, resource_id, record))
    return found


@served("TagResources")
def tag_resources(call: Call) -> Record:
    given = tags(call)["Tag"]
    if not given:
        raise ApiError("MissingParameter.Tag", 400, "The Tag is mandatory.")
    for kind, resource_id, record in _resources(call):
        merged = {tag["Key"]: tag for tag in [*record["Tags"]["Tag"], *given]}
        if len(merged) > _MOST_TAGS:
            raise ApiError("QuotaExceeded.TagNum", 400, f"A resource takes at most {_MOST_TAGS} tags.")
        call.store.put(kind, resource_id, {**record, "Tags": {"Tag": list(merged.values())}}, region=call.region)
    return {}


@served("UnTagResources")
def untag_resources(call: Call) -> Record:
    keys, everything = set(call.get("TagKey") or ()), bool(call.get("All"))
    for kind, resource_id, record in _resources(call):
        kept = [tag for tag in record["Tags"]["Tag"] if tag["Key"] not in keys and not (everything and not keys)]
        call.store.put(kind, resource_id, {**record, "Tags": {"Tag": kept}}, region=call.region)
    return {}
