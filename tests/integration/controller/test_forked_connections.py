# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin calls the cloud before Ansible forks: no worker may go on speaking on its connection."""

from __future__ import annotations

from pathlib import Path

import yaml
from controller.playbook import Ansible, Tasks

from local_cloud.control import LocalCloud

INSTANCES = 8
ROUNDS = 6


def test_hosts_that_ask_at_the_same_time_get_their_own_answers(tmp_path: Path, fresh_cloud: LocalCloud) -> None:
    ansible = Ansible(tmp_path, fresh_cloud, ANSIBLE_FORKS=str(INSTANCES))
    network: Tasks = [
        {"alitrust.ecs.kms_service": {}},
        {
            "alitrust.ecs.vpc": {
                "name": "net",
                "cidr_block": "172.16.0.0/16",
                "vswitches": [{"name": "one", "zone_id": "cn-hangzhou-h", "cidr_block": "172.16.0.0/24"}],
            }
        },
        {"alitrust.ecs.security_group": {"name": "web", "vpc_id": "{{ result_1.vpc.vpc_id }}"}},
        {
            "alitrust.ecs.trusted_instance": {
                "name": "web-[1,3]",
                "count": INSTANCES,
                "instance_type": "ecs.g7t.large",
                "image_id": "aliyun_3_x64_20G_uefi_alibase_20240528.vhd",
                "vswitch_id": "{{ result_1.vpc.vswitches[0].vswitch_id }}",
                "security_group_ids": ["{{ result_2.security_group.security_group_id }}"],
            }
        },
    ]
    made, output = ansible.play(network)
    assert not any(one["failed"] for one in made), output

    (tmp_path / "fleet.alitrust.yml").write_text("plugin: alitrust.ecs.instances\n")
    ask = {
        "alitrust.ecs.trusted_instance_info": {"instance_ids": ["{{ alitrust_instance_id }}"]},
        "delegate_to": "localhost",
        "connection": "local",
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "register": "asked",
        "failed_when": "asked.instances | map(attribute='instance_id') | list != [alitrust_instance_id]",
    }
    book = tmp_path / "ask.yml"
    book.write_text(yaml.safe_dump([{"hosts": "alitrust_fleet", "gather_facts": False, "tasks": [ask] * ROUNDS}]))
    done = ansible.command("ansible-playbook", str(book), "-i", "fleet.alitrust.yml")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(f"ok={ROUNDS} ") == INSTANCES, done.stdout
