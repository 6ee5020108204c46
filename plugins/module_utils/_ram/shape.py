# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RAM's things as the modules return them. Private."""

from __future__ import annotations

import typing as t

from .._core.plan import Plan
from .policies import Policy
from .role_planner import RoleState, refs_view


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
        "instance_ids": _carrying(found.name, state.carriers),
        "create_date": found.create_date,
        "update_date": found.update_date,
    }


def foretold(plan: Plan, actual: RoleState) -> dict[str, t.Any]:
    """The role as it would be after the plan, as far as that can be known."""
    if not plan.after:
        return {}
    after = {key: value for key, value in plan.after.items() if key not in ("documents", "instances")}
    carriers = plan.after.get("instances", actual.carriers)
    return {**role(actual), **after, "instance_ids": _carrying(after["name"], carriers)}


def _carrying(name: str, carriers: t.Mapping[str, str]) -> list[str]:
    return sorted(one for one, carried in carriers.items() if carried.lower() == name.lower())
