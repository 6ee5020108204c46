# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the rules of security groups. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput, NotFound
from .._core import naming
from .._network.find import chosen_vpc
from . import find, rules
from .planner import check_id, check_place
from .rule import Rule
from .rule_options import protocol_name
from .rule_planner import Group


def read(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """The groups chosen, sorted by name, each with the rules that match every filter given."""
    naming.check(naming.SECURITY_GROUP, "security_group", options["security_group"])
    check_place(options)
    for one in options["security_group_ids"] or ():
        check_id("security_group_ids", one)
    if options["security_group_ids"] is not None and options["security_group"]:
        raise InvalidInput("security_group_ids and security_group both say which groups; give one of them.")
    wanted = {
        "direction": options["direction"],
        "policy": options["policy"],
        "protocol": protocol_name("protocol", options["protocol"]) if options["protocol"] else None,
    }
    groups = sorted(_groups(cloud, options), key=lambda group: (group.label, str(group.security_group_id)))
    return {"security_groups": [_shown(group, wanted) for group in groups]}


def _groups(cloud: Cloud, options: dict[str, t.Any]) -> t.Iterator[Group]:
    name, ids = options["security_group"], options["security_group_ids"]
    vpc_id = chosen_vpc(cloud, options["vpc_id"], options["vpc"])
    if ids is None:
        kind = options["network_type"]
        items = find.all_by_name(cloud, name, vpc_id, network_type=kind) if name else find.all_in(cloud, vpc_id, kind)
        ids = [item["SecurityGroupId"] for item in items]
    for security_group_id in sorted(set(ids)):
        try:
            group = rules.read(cloud, security_group_id)
        except NotFound:
            continue
        fits = options["network_type"] in (None, "vpc" if group.vpc else "classic")
        if fits and vpc_id in (None, group.vpc_id):
            yield group


def _shown(group: Group, wanted: dict[str, str | None]) -> dict[str, t.Any]:
    def fits(rule: Rule) -> bool:
        return all(value in (None, getattr(rule, name)) for name, value in wanted.items())

    return {
        "security_group_id": group.security_group_id,
        "name": group.label,
        "vpc_id": group.vpc_id,
        "inner_access_policy": group.inner_access_policy,
        "rules": [rule.to_result() for rule in sorted(group.rules, key=lambda rule: rule.order) if fits(rule)],
    }
