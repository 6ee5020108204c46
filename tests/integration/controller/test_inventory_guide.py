# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file of the inventory guide does what the guide says, as it is written."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import guides
from controller.playbook import Ansible
from sdk import Sdk

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

GUIDE = guides.ROOT / "docs/docsite/rst/inventory.rst"


def test_the_files_of_the_guide(tmp_path: Path, fresh_cloud: LocalCloud) -> None:
    sdk = Sdk(fresh_cloud)
    owner = "alitrust.ecs:owner"
    tags = {owner: "web", "Name": "the-web", "role": "db", "team": "ops"}
    place = sdk.place()
    (instance_id,) = sdk.run(
        place, InstanceName="web-1", Tag=[{"Key": key, "Value": value} for key, value in tags.items()]
    )
    (untagged_id,) = sdk.run(place, InstanceName="web-2", Tag=[{"Key": owner, "Value": "web"}])
    # All files in one command, because most of its time is its start. The first file to list an instance takes its
    # name, the others share the name with the ID appended.
    host, untagged = f"web-1-{instance_id}", f"web-2-{untagged_id}"
    arguments: list[str | Path] = []
    for block in guides.blocks(GUIDE, "yaml"):
        (name,) = re.findall(r"\A# (\S+alitrust\.yml)\n", block)
        (tmp_path / name).write_text(block)
        arguments += ["-i", tmp_path / name]
    ansible = Ansible(tmp_path, fresh_cloud, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true", HOME=str(tmp_path))
    done = ansible.command("ansible-inventory", "--list", *arguments)
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    assert len(arguments) == 2 * 11
    assert {"zone_cn_hangzhou_h", "ram_role_none", "region_cn_hangzhou", "old_metadata"} <= set(listed)
    assert listed["agent_uninstalled"]["hosts"] == [host, untagged]
    assert listed["trust_unmeasured"]["hosts"] == [host, untagged]
    assert (listed["role_db"]["hosts"], listed["role_none"]["hosts"]) == ([host], [untagged])
    hosts = listed["_meta"]["hostvars"]
    assert set(hosts) == {"web-1", "the-web", host, "web-2", untagged}
    assert hosts[host]["ansible_ssh_private_key_file"]["__ansible_unsafe"] == "~/.ssh/alitrust-web.pem"
    assert {"alitrust_key_name", "ecs_system_tags", "alitrust_trust"} <= set(hosts[host])
    assert list((tmp_path / ".cache/alitrust-inventory").iterdir())
