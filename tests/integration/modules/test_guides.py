# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of the guides about security groups run as they are written."""

from __future__ import annotations

import typing as t

import guides
from modules.network import Network

if t.TYPE_CHECKING:
    from modules.harness import Modules

PREFIX = guides.COLLECTION
PAGES = ("security_groups", "migrating")


def test_tasks_as_written(modules: Modules) -> None:
    network = Network(modules)
    other = next(one for one in modules.cloud.accounts if one["account_id"] != modules.cloud.account_id)
    key: dict[str, t.Any] = {name: other[name] for name in ("access_key_id", "access_key_secret")}
    vpc = modules.run("vpc", name="theirs", cidr_block="192.168.0.0/16", **key)["vpc"]["vpc_id"]
    theirs = modules.run("security_group", name="theirs", vpc_id=vpc, **key)["security_group"]
    group = network.new_own_group("web")
    modules.run("vpc", name="corp", cidr_block="10.0.0.0/16")
    modules.run("security_group", name="corp-sg", vpc="corp")
    ids = {
        "vpc-bp1aevy8sofi8mh1q0000": network.vpc,
        "sg-bp1fg655nh68xyz90001": network.new_group("peer"),
        "sg-bp1dpxr8sx68xyz90002": theirs["security_group_id"],
        "2345678901234567": other["account_id"],
    }
    ran = 0
    for block in (one for page in PAGES for one in guides.blocks(guides.ROOT / f"docs/docsite/rst/{page}.rst", "yaml")):
        for written, real in ids.items():
            block = block.replace(written, real)
        tasks = guides.load(block)
        for task in tasks if isinstance(tasks, list) else []:
            for name, options in task.items():
                if name.startswith(PREFIX):
                    modules.run(name.removeprefix(PREFIX), check=True, **options)
                    modules.run(name.removeprefix(PREFIX), **options)
                    ran += 1
    assert ran == 13
    assert len(network.rules(group)) == 2  # as the last task has it, exactly
