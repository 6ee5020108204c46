# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may begin sessions to instances, by RAM policy: beside security groups, the other way in. Private."""

from __future__ import annotations

import typing as t

from .._assistant.settings import session_manager_is_on
from .._cloud.door import Cloud
from .._ram import policies, rights
from .._ram.policies import Entity, PolicyRef

Item = dict[str, t.Any]
Statements = t.Sequence[Item]

_ACTION = "ecs:StartTerminalSession"
_KINDS = {"User": "user", "Group": "group", "Role": "role"}
#: The account itself may do everything, without a policy.
_TYPES = ("Custom", "System")


def read(cloud: Cloud, statements_of: t.Callable[[PolicyRef], Statements]) -> Item:
    """The switch, and who may begin sessions.

    :param statements_of: what a policy says
    :raises CloudError: something may not be read
    """
    on = session_manager_is_on(cloud)
    holders: dict[Entity, list[Item]] = {}
    for kind in _TYPES:
        for item in cloud.pages("ram", "ListPolicies", PolicyType=kind):
            if not item.get("AttachmentCount"):
                continue
            ref = PolicyRef(kind, item["PolicyName"])
            about = [one for one in statements_of(ref) if rights.is_about(one, _ACTION)]
            for entity in policies.read_entities(cloud, ref) if about else ():
                holders.setdefault(entity, []).extend(about)
    members = {
        entity: [str(user["UserName"]) for user in cloud.pages("ram", "ListUsersForGroup", GroupName=entity.name)]
        for entity in holders
        if entity.kind == "Group"
    }
    return {"enabled": on, "who": who(holders, members)}


def who(holders: t.Mapping[Entity, Statements], members: t.Mapping[Entity, t.Sequence[str]]) -> list[Item]:
    """Who may begin sessions, and to which instances. Pure.

    :param holders: users, groups and roles with the statements of their policies that are about sessions
    :param members: the users of each group
    """
    found = []
    for entity, statements in sorted(holders.items()):
        limits = rights.limits(statements, _ACTION)
        if limits:
            found.append(
                {
                    "kind": _KINDS[entity.kind],
                    "name": entity.name,
                    "users": sorted(members.get(entity, ())),
                    "all_instances": any(one["resources"] == ["*"] and not one["conditions"] for one in limits)
                    and not rights.denials(statements, _ACTION),
                    "limits": [_words(one) for one in limits],
                    "denied": [_words(one) for one in rights.denials(statements, _ACTION)],
                }
            )
    return found


def _words(limit: Item) -> str:
    """One grant, for example C(acs:ecs:*:*:instance/i-bp1 where StringEquals acs:ResourceTag/team is web)."""
    where = "all instances" if limit["resources"] == ["*"] else ", ".join(limit["resources"])
    return f"{where} where {' and '.join(limit['conditions'])}" if limit["conditions"] else where
