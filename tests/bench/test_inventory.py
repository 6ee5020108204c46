# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory of a large fleet costs, as a share of a plugin that emits the same hosts without any call.

A benchmark reports; it fails only when what it measured was not what it says. C(ALITRUST_BENCH_HOSTS) sets the number
of instances.
"""

from __future__ import annotations

import json
import math
import os
import typing as t
from pathlib import Path

import pytest
from controller.playbook import Ansible
from figures import Figures, ratios
from measure import Cost, measured
from sdk import Sdk

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

HOSTS = int(os.environ.get("ALITRUST_BENCH_HOSTS", "10000"))
ROUNDS = int(os.environ.get("ALITRUST_BENCH_ROUNDS", "5"))
TARGET = 1.1

SYNTHETIC = """
import json
from ansible.plugins.inventory import BaseInventoryPlugin


class InventoryModule(BaseInventoryPlugin):
    NAME = "synthetic"

    def verify_file(self, path):
        return path.endswith("synthetic.json")

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        inventory.add_group("alitrust_fleet")
        with open(path) as file:
            pattern = json.load(file)
        first = pattern["first"]
        for number in range(1, pattern["hosts"] + 1):
            name = f"web-{number:05}"
            inventory.add_host(name, group="alitrust_fleet")
            for key, value in first.items():
                inventory.set_variable(name, key, value)
            inventory.set_variable(name, "alitrust_instance_name", name)
            inventory.set_variable(name, "alitrust_instance_id", f"i-bench{number:015}")
"""


@pytest.fixture
def fleet(cloud: LocalCloud) -> int:
    """That many running instances of one fleet, put past the API."""
    sdk = Sdk(cloud)
    sdk.run(sdk.place(), InstanceName="web-00001", Tag=[{"Key": "alitrust.ecs:owner", "Value": "web"}])
    (first,) = cloud.resources("instance")
    records = [
        {"kind": "instance", "id": own["InstanceId"], "region": "cn-hangzhou", "data": {**first, **own}}
        for own in (
            {"InstanceId": f"i-bench{number:015}", "InstanceName": f"web-{number:05}"} for number in range(1, HOSTS + 1)
        )
    ]
    sdk("DeleteInstance", InstanceId=first["InstanceId"], Force=True)
    for start in range(0, HOSTS, 500):
        cloud.preload(records[start : start + 500])
    cloud.forget_requests()
    return HOSTS


def listing(ansible: Ansible, source: str) -> Cost:
    """What listing an inventory costs."""
    return measured(ansible, f"{source}.out", "ansible-inventory", "-i", source, "--list")


def listed(ansible: Ansible, source: str) -> dict[str, t.Any]:
    """The host variables that were listed last."""

    def plain(value: dict[str, t.Any]) -> t.Any:
        return value.get("__ansible_unsafe", value)  # text that is never a template is marked so in the listing

    text = (ansible.folder / f"{source}.out").read_text()
    found: dict[str, t.Any] = json.loads(text, object_hook=plain)["_meta"]["hostvars"]
    return found


def test_inventory_against_a_plugin_that_asks_nobody(
    cloud: LocalCloud, fleet: int, tmp_path: Path, figures: Figures
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "synthetic.py").write_text(SYNTHETIC)
    ansible = Ansible(tmp_path, cloud)
    ansible.environment |= {
        "ANSIBLE_INVENTORY_PLUGINS": str(tmp_path / "plugins"),
        "ANSIBLE_INVENTORY_ENABLED": "alitrust.ecs.instances,synthetic",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    }
    ours, plain = "fleet.alitrust.yml", "synthetic.json"
    (tmp_path / ours).write_text("plugin: alitrust.ecs.instances\n")
    found: dict[str, list[Cost]] = {plain: [], ours: []}
    for number in range(ROUNDS):
        found[ours].append(listing(ansible, ours))
        if number == 0:
            assert cloud.counts() == {"ecs:DescribeInstances": math.ceil(fleet / 100)}
            first = listed(ansible, ours)["web-00001"]
            own = {"alitrust_instance_name", "alitrust_instance_id"}
            pattern = {"hosts": fleet, "first": {key: value for key, value in first.items() if key not in own}}
            (tmp_path / plain).write_text(json.dumps(pattern))
        found[plain].append(listing(ansible, plain))
    assert len(listed(ansible, ours)) == fleet
    assert (tmp_path / f"{ours}.out").read_text() == (tmp_path / f"{plain}.out").read_text()
    what = f"inventory of {fleet:,} hosts / a plugin that emits the same without any call"
    figures.ratio(f"{what}, wall", ratios(found[ours], found[plain], "wall"), TARGET)
    figures.ratio(f"{what}, processor", ratios(found[ours], found[plain], "processor"))
    figures.ratio(f"{what}, memory", ratios(found[ours], found[plain], "memory"))
