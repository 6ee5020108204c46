# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RAM's things as the modules return them. Private."""

from __future__ import annotations

import typing as t

from .._core.plan import Plan
from . import recipients
from .policies import Policy
from .role_planner import RoleState, refs_view

#: What a plan about a role says of the role itself.
ROLE_PLANNED = ("name", "description", "max_session_duration", "trust_policy", "policies")


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
    return {**role(actual), **{key: plan.after[key] for key in ROLE_PLANNED if key in plan.after}}


def foretold_instance_role(plan: Plan, actual: RoleState) -> dict[str, t.Any]:
    """As C(foretold_role), for a role for instances."""
    shown = foretold_role(plan, actual)
    carriers = plan.after.get("instances", actual.carriers)
    return {**shown, "instance_ids": _carrying(shown["name"], carriers)} if shown else {}


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
