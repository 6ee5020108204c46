# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading instances for C(trusted_instance_info). Private."""

from __future__ import annotations

import typing as t
from collections import Counter

from .._cloud.door import Cloud
from .._core import naming
from .._core import tags as tagging
from .._core.summary import counted
from .._trust import options as trust_options
from .._trust.causes import with_causes
from .._trust.section import with_trust
from . import finder, shape

SPEC: dict[str, dict[str, t.Any]] = {
    "instance_ids": {"type": "list", "elements": "str"},
    "fleet": {"type": "str"},
    "name": {"type": "str"},
    "tags": {"type": "dict"},
    "vpc_id": {"type": "str"},
    "vswitch_id": {"type": "str"},
    "status": {"type": "str", "choices": ["Pending", "Starting", "Running", "Stopping", "Stopped"]},
    "include_ram_role": {"type": "bool", "default": False},
    "trust": {"type": "bool", "default": False},
    "trust_causes": {"type": "bool", "default": False},
    "trust_probe": {"type": "bool", "default": False},
    **trust_options.SPEC,
}

_FILTERS = {"name": "InstanceName", "vpc_id": "VpcId", "vswitch_id": "VSwitchId", "status": "Status"}


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Instances that pass all filters that were given.

    :raises InvalidInput: a filter that cannot match
    """
    ids = options["instance_ids"]
    naming.check_instance_ids(ids)
    rules = trust_options.rules(options)
    filters: dict[str, t.Any] = {api: options[key] for key, api in _FILTERS.items() if options[key] is not None}
    tags = dict(options["tags"] or {})
    if options["fleet"]:
        tags[tagging.OWNER_KEY] = options["fleet"]
    if tags:
        filters["Tag"] = tagging.to_api(tags)
    found = [] if ids == [] else finder.describe(cloud, ids and list(dict.fromkeys(ids)), **filters)
    if options["include_ram_role"]:
        found = finder.with_roles(cloud, found)
    found.sort(key=shape.order)
    if options["trust"]:
        found = with_trust(cloud, found, options, rules)
        if options["trust_causes"] or options["trust_probe"]:
            found = with_causes(cloud, found, probe=options["trust_probe"])
    return {"instances": found, "instance_ids": [one["instance_id"] for one in found], "summary": _summary(found)}


def _summary(found: list[shape.Instance]) -> str:
    kinds = Counter(one["trust"]["verdict"] if "trust" in one else one["status"] for one in found)
    words = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    return counted(len(found), "instances") + (f": {words}" if words else "")
