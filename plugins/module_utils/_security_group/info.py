# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading security groups. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud, chunks, json_list
from .._core import naming, tags
from .._network.find import chosen_vpc
from .._network.planner import check_choice
from . import find, outbound, rules, shape
from .planner import check_id

_IDS_PER_CALL = 100


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """The groups that match every filter given, sorted by name."""
    name, ids = options["name"], options["security_group_ids"]
    naming.check(naming.SECURITY_GROUP, "name", name)
    check_id("vpc_id", options["vpc_id"])
    check_choice(options["vpc_id"], options["vpc"])
    for one in ids or ():
        check_id("security_group_ids", one)
    tags.check(options["tags"])
    query = {
        "SecurityGroupName": name,
        "VpcId": chosen_vpc(cloud, options["vpc_id"], options["vpc"]),
        "NetworkType": options["network_type"],
        "SecurityGroupType": shape.TYPES[options["type"]] if options["type"] else None,
        "Tag": tags.to_api(options["tags"]) if options["tags"] else None,
    }
    query = {key: value for key, value in query.items() if value}
    parts: list[dict[str, t.Any]] = [{}]
    if ids is not None:
        parts = [{"SecurityGroupIds": json_list(part)} for part in chunks(sorted(set(ids)), _IDS_PER_CALL)]
    wanted = {key: tags.text(value) for key, value in (options["tags"] or {}).items()}

    def fits(item: find.Item) -> bool:
        group = shape.group(item)
        return (
            name in (None, group["name"])
            and (ids is None or group["security_group_id"] in ids)
            and query.get("VpcId") in (None, group["vpc_id"])
            and options["network_type"] in (None, group["network_type"])
            and query.get("SecurityGroupType") in (None, group["type"])
            and wanted.items() <= group["tags"].items()
        )

    items = {item["SecurityGroupId"]: item for part in parts for item in find.listed(cloud, {**query, **part}, fits)}
    groups = [shape.group(item) for item in items.values()]
    groups.sort(key=lambda group: (group["name"], group["security_group_id"]))
    if options["include_rules"]:
        for group in groups:
            group.update(_details(cloud, group))
    return {"security_groups": groups}


def _details(cloud: Cloud, group: dict[str, t.Any]) -> dict[str, t.Any]:
    found = rules.read(cloud, group["security_group_id"], group["name"])
    return {
        "inner_access_policy": found.inner_access_policy,
        "outbound": outbound.state(group["type"], found.rules),
        "rules": [rule.to_result() for rule in sorted(found.rules, key=lambda rule: rule.order)],
    }
