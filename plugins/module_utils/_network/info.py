# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading VPCs with their vSwitches. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._core import naming, tags
from .._core.summary import counted
from . import find, shape


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """The VPCs that match every filter given, sorted by name."""
    ids, names, wanted = options["vpc_ids"], options["names"], options["tags"] or {}
    naming.check_each(naming.VPC, "names", names)
    tags.check(wanted)
    asked = {key: tags.text(value) for key, value in wanted.items()}
    items = [item for item in find.vpcs(cloud, ids, names) if asked.items() <= shape.vpc(item, ())["tags"].items()]
    found = [shape.vpc(item, inside) for item, inside in _with_vswitches(cloud, items)]
    found.sort(key=lambda one: (one["name"], one["vpc_id"]))
    return {"vpcs": found, "summary": counted(len(found), "VPCs")}


def _with_vswitches(cloud: Cloud, items: list[find.Item]) -> t.Iterator[tuple[find.Item, list[find.Item]]]:
    if len(items) == 1:
        yield items[0], find.vswitches_of(cloud, items[0]["VpcId"])
    elif items:
        # One list for all costs less than a call for each VPC.
        everything = find.vswitches(cloud, {})
        for item in items:
            yield item, [one for one in everything if one["VpcId"] == item["VpcId"]]
