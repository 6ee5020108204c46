# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RAM's things as the modules return them. Private."""

from __future__ import annotations

import typing as t
from dataclasses import asdict

from .._core.plan import Plan, told_ahead
from . import recipients, user_planner
from .policies import Entity, Policy
from .policy_planner import refs_view
from .role_planner import RoleState
from .user_planner import GroupState, UserState

#: What a plan about a role says of the role itself.
ROLE_PLANNED = ("name", "description", "max_session_duration", "trust_policy", "policies")


def foretold(plan: Plan, known: dict[str, t.Any], planned: dict[str, t.Any]) -> dict[str, t.Any]:
    """What is there as it would be after the plan, without what only Alibaba Cloud chooses when something changes."""
    unknown = {"update_date"} if plan.changed else set()
    if plan.does("create_policy_version"):
        unknown.add("default_version")
    return told_ahead(known, planned, unknown)


def policy(found: Policy) -> dict[str, t.Any]:
    """A policy as C(ram_policy) returns it."""
    return {
        "name": found.ref.name,
        "type": found.ref.type,
        "description": found.description,
        "document": found.document,
        "default_version": found.default_version,
        "attachment_count": found.attachment_count,
        "create_date": found.create_date,
        "update_date": found.update_date,
    }


def policy_in_full(found: Policy, entities: t.Iterable[Entity]) -> dict[str, t.Any]:
    """A policy as C(ram_policy_info) returns it: with its versions, oldest first, and who has it."""
    return {
        **policy(found),
        "versions": [
            {
                "id": one.id,
                "default": one.id == found.default_version,
                "create_date": one.create_date,
                "document": one.document,
            }
            for one in found.versions or ()
        ],
        "attached_to": [{"type": entity.kind, "name": entity.name} for entity in entities],
    }


def role(state: RoleState) -> dict[str, t.Any]:
    """A role as the modules about roles return it; empty when there is none."""
    found = state.role
    if found is None:
        return {}
    return {
        "name": found.name,
        "id": found.id,
        "arn": found.arn,
        "description": found.description,
        "max_session_duration": found.max_session_duration,
        "trust_policy": found.trust_policy,
        "policies": refs_view(state.attached),
        "create_date": found.create_date,
        "update_date": found.update_date,
    }


def instance_role(state: RoleState) -> dict[str, t.Any]:
    """A role for instances as C(instance_ram_role) and its info module return it."""
    shown = role(state)
    return {**shown, "instance_ids": _carrying(shown["name"], state.carriers)} if shown else {}


def foretold_role(plan: Plan, actual: RoleState) -> dict[str, t.Any]:
    """The role as it would be after the plan, as far as that can be known."""
    if not plan.after:
        return {}
    return foretold(plan, role(actual), {key: plan.after[key] for key in ROLE_PLANNED if key in plan.after})


def foretold_instance_role(plan: Plan, actual: RoleState) -> dict[str, t.Any]:
    """As C(foretold_role), for a role for instances."""
    shown = foretold_role(plan, actual)
    carriers = plan.after.get("instances", actual.carriers)
    return {**shown, "instance_ids": _carrying(shown["name"], carriers)} if shown else {}


def user(state: UserState) -> dict[str, t.Any]:
    """A user as C(ram_user) and its info module return it; empty when it does not exist."""
    found = state.user
    if found is None:
        return {}
    return {
        "id": found.id,
        **user_planner.view_user(state),
        "access_keys": [asdict(key) for key in state.access_keys],
        "create_date": found.create_date,
        "update_date": found.update_date,
        "last_login_date": found.last_login_date,
    }


def foretold_user(plan: Plan, actual: UserState) -> dict[str, t.Any]:
    """The user as it would be after the plan, as far as that can be known."""
    if not plan.after:
        return {}
    hidden = ("password", "access_key_in_file")
    return foretold(plan, user(actual), {key: value for key, value in plan.after.items() if key not in hidden})


def group(state: GroupState) -> dict[str, t.Any]:
    """A group as C(ram_group) and its info module return it; empty when it does not exist."""
    found = state.group
    if found is None:
        return {}
    return {
        "id": found.id,
        **user_planner.view_group(state),
        "create_date": found.create_date,
        "update_date": found.update_date,
    }


def foretold_group(plan: Plan, actual: GroupState) -> dict[str, t.Any]:
    """The group as it would be after the plan, as far as that can be known."""
    return foretold(plan, group(actual), plan.after) if plan.after else {}


def _carrying(name: str, carriers: t.Mapping[str, str]) -> list[str]:
    return sorted(one for one, carried in carriers.items() if carried == name)


def share_role(purpose: str, shown: dict[str, t.Any]) -> dict[str, t.Any]:
    """A role as C(kms_share_role) and its info module return it.

    :param shown: the role, as C(role) or C(foretold_role) show it
    """
    if not shown:
        return {}
    lists: dict[str, list[str]] = {"account_ids": [], "resource_directory_ids": [], "folder_paths": []}
    found = recipients.of_trust_policy(shown["trust_policy"])
    if found:
        lists[found.kind] = list(found.ids)
    return {"purpose": purpose, **shown, **lists}
