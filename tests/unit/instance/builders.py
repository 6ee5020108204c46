# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options and instances for the tests of the planner."""

from __future__ import annotations

import typing as t

from ansible_collections.alitrust.ecs.plugins.module_utils._instance import shape
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.desired import Desired
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.options import SPEC
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.shape import Instance

OWNER = "alitrust.ecs:owner"

#: Enough to create instances.
CREATABLE: dict[str, t.Any] = {
    "instance_type": "ecs.g7t.large",
    "image_id": "uefi",
    "vswitch_id": "vsw-1",
    "security_group_ids": ["sg-1"],
}


def options(**given: t.Any) -> dict[str, t.Any]:
    """The module's options with their defaults."""
    return {**{name: spec.get("default") for name, spec in SPEC.items()}, **given}


def desired(**given: t.Any) -> Desired:
    return Desired.from_options(options(**given))


def instance(name: str, id: str | None = None, *, fleet: str | None = "web", **more: t.Any) -> Instance:
    """An instance as the finder tells it."""
    one = shape.instance({"InstanceId": id or f"i-{name}", "InstanceName": name, "Status": "Running"}, role="")
    own = {OWNER: fleet} if fleet else {}
    given = {
        "instance_type": "ecs.g7t.large",
        "image_id": "uefi",
        "vswitch_id": "vsw-1",
        "security_group_ids": ["sg-1"],
        "http_endpoint": "enabled",
        "http_tokens": "optional",
        "creation_time": "2026-01-01T00:00Z",
        "trusted": {"supports_vtpm": True},
        **more,
    }
    return {**one, **given, "fleet": fleet, "tags": {**own, **given.get("tags", {})}}
