# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An empty description says that there shall be none: it is cleared, or refused where the API takes no empty one."""

from __future__ import annotations

import typing as t

import pytest
from modules.harness import Modules
from modules.network import Network
from modules.trusted_world import World

Options = dict[str, t.Any]
DOCUMENT = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["ecs:Describe*"], "Resource": "*"}]}


@pytest.mark.parametrize(
    ("module", "options", "option"),
    [
        ("kms_key", {"alias": "disks"}, "description"),
        ("ram_user", {"name": "ann"}, "comments"),
        ("ram_group", {"name": "dev"}, "comments"),
    ],
)
def test_it_is_cleared(modules: Modules, module: str, options: Options, option: str) -> None:
    modules.run("kms_service")
    old: Options = {option: "old"}
    modules.run(module, **options, **old)
    assert not modules.run(module, **options)["changed"]
    assert modules.twice(module, **options, **dict.fromkeys(old, ""))[module][option] == ""


def refusing(module: str, modules: Modules) -> Options:
    """What the module needs, besides a description."""
    if module == "trusted_instance":
        world = World(modules)
        return {**world.fleet(count=1)}
    if module == "security_group":
        return {"name": "web", "vpc_id": Network(modules).vpc}
    others: dict[str, Options] = {
        "ram_policy": {"name": "look", "document": DOCUMENT},
        "instance_ram_role": {"name": "app", "policies": []},
        "kms_share_role": {"purpose": "disk_encrypt"},
        "kms_secret": {"name": "db", "value": "x"},
    }
    return others[module]


@pytest.mark.parametrize(
    "module", ["trusted_instance", "security_group", "ram_policy", "instance_ram_role", "kms_share_role", "kms_secret"]
)
def test_it_is_refused(modules: Modules, module: str) -> None:
    options = refusing(module, modules)
    if module == "kms_secret":
        modules.run("kms_service")
    modules.run(module, **options, description="old")
    for check in (True, False):
        refused = modules.run(module, **options, description=" ", check=check, fails=True)
        assert "cannot be cleared: Alibaba Cloud takes another one, but no empty one." in refused["msg"]
    assert not modules.run(module, **options, description="old")["changed"]
