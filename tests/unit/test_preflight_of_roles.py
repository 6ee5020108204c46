# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles say that they will ask their modules for is what they ask for."""

from __future__ import annotations

import typing as t
from pathlib import Path

import policies
import pytest
import yaml

from ansible_collections.alitrust.ecs.plugins.module_utils._preflight import rights
from ansible_collections.alitrust.ecs.plugins.module_utils._preflight.sections import SECTIONS
from ansible_collections.alitrust.ecs.plugins.module_utils._ram import needed

ROLES = Path(__file__).resolve().parents[2] / "roles"
MODULES = {section.name for section in SECTIONS}
#: Options whose values are known to a role only when those before it have run, or that come from the preflight's own.
FROM_BEFORE = {
    ("security_group", "vpc"),
    ("security_group", "vpc_id"),
    ("sg_rule", "security_group_id"),
    ("trusted_instance", "vswitch_ids"),
    ("trusted_instance", "vswitch_names"),
    ("trusted_instance", "security_group_ids"),
}


def tasks(role: str, file: str) -> list[dict[str, t.Any]]:
    listed: list[dict[str, t.Any]] = yaml.safe_load((ROLES / role / "tasks" / f"{file}.yml").read_text())
    return listed


def asked(role: str) -> dict[str, dict[str, t.Any]]:
    """What the tasks of the role ask of each module."""
    found = {}
    for task in tasks(role, "main"):
        for key, options in task.items():
            if key.removeprefix("alitrust.ecs.") in MODULES and key.startswith("alitrust.ecs."):
                found[key.removeprefix("alitrust.ecs.")] = options or {}
    return found


def told(role: str) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """What the role tells the preflight of each module, and the variables that this is made with."""
    task = tasks(role, "preflight")[-1]
    return task["ansible.builtin.set_fact"][f"{role}_preflight"], task.get("vars", {})


@pytest.mark.parametrize("role", ["account", "network", "fleet"])
def test_a_role_tells_the_preflight_what_it_asks_its_modules_for(role: str) -> None:
    wanted, variables = told(role)
    if role == "network":
        wanted = {**wanted, "vpc": variables["network__wanted_vpc"]}
        del wanted["trusted_instance"]  # the vSwitch, which main.yml hands on
    assert set(wanted) == set(asked(role))
    for module, options in asked(role).items():
        if not isinstance(wanted[module], dict):
            assert options == {}, module
            continue
        plain = {name: value for name, value in options.items() if (module, name) not in FROM_BEFORE}
        given = {name: value for name, value in wanted[module].items() if (module, name) not in FROM_BEFORE}
        assert given.keys() == plain.keys(), module
        for name, value in plain.items():
            # An empty list is refused by a module; the preflight says that something has to be given.
            assert given[name] in (value, str(value).replace(" }}", " or omit }}")), (module, name)


def test_every_right_of_the_playbook_to_change_something_is_foreseen() -> None:
    """But for what an option of a host needs, and what the dry run asks about."""
    changing = {right for right in policies.rights(policies.load("provision")) if not needed.reads(right)}
    known = {
        *(right for needed in (*rights._NEEDED.values(), *rights._NEEDED_BY.values()) for right in needed),
        *rights._RULES.values(),
        "ram:AttachPolicyToRole",
        "ecs:TagResources",
        "ecs:UntagResources",
    }
    assert changing - known == {"ecs:RunCommand"}
