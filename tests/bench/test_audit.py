# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What C(audit) of a large account costs, as a share of a playbook that only reads the same pages and writes as much.

That playbook reads by the same door, as many things side by side as the audit, and works nothing out: its facts and its
page are those that the audit has written. A benchmark reports; it fails only when what it measured was not what it
says. C(ALITRUST_BENCH_AUDIT_INSTANCES) and C(ALITRUST_BENCH_AUDIT_GROUPS) set the size of the account.
"""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import yaml
from audit import many
from controller.playbook import Ansible
from figures import Figures, ratios
from measure import Cost, measured

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

#: A tenth by default, which takes a minute instead of fifteen; C(dev/test bench --long) has all of it.
INSTANCES, GROUPS = (5000, 1000) if os.environ.get("ALITRUST_LONG") == "1" else (500, 100)
INSTANCES = int(os.environ.get("ALITRUST_BENCH_AUDIT_INSTANCES", INSTANCES))
GROUPS = int(os.environ.get("ALITRUST_BENCH_AUDIT_GROUPS", GROUPS))
ROUNDS = int(os.environ.get("ALITRUST_BENCH_ROUNDS", "3"))
TARGET = 1.3

READER = """
import json
import os
from concurrent.futures import ThreadPoolExecutor

from ansible.plugins.action import ActionBase

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud, chunks, json_list
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import Connection


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        cloud = Cloud(Connection.from_options({}))
        instances = cloud.pages("ecs", "DescribeInstances", AdditionalAttributes=["META_OPTIONS"])
        cloud.pages("ecs", "DescribeDisks")
        for part in chunks([one["InstanceId"] for one in instances], 50):
            cloud.pages("ecs", "DescribeInstanceRamRole", InstanceIds=json_list(part))
        uuids = [one["SerialNumber"] for one in instances]
        first, *others = uuids
        cloud.call("trusted-server", "DescribeInstance", PropertyUuid=first)
        with ThreadPoolExecutor(10) as pool:
            list(pool.map(lambda uuid: cloud.call("trusted-server", "DescribeInstance", PropertyUuid=uuid), others))
        groups = [one["SecurityGroupId"] for one in cloud.pages("ecs", "DescribeSecurityGroups")]
        with ThreadPoolExecutor(10) as pool:
            list(pool.map(lambda id: cloud.pages("ecs", "DescribeSecurityGroupAttribute", SecurityGroupId=id), groups))
        for kind in ("ecs", "eip"):
            cloud.pages("antiddos-public", "DescribeInstanceIpAddress", DdosRegionId=cloud.region, InstanceType=kind)
        cloud.pages("sas", "DescribeCloudCenterInstances", Lang="en", MachineTypes="ecs")
        with open(os.path.join(task_vars["playbook_dir"], "facts.json"), encoding="utf-8") as file:
            return {"audit": json.load(file)}
"""
BOOK = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {"name": "Read", "reader": {}, "register": "read"},
            {
                "name": "Write the facts",
                "ansible.builtin.copy": {
                    "content": "{{ read.audit | to_nice_json(indent=2) }}\n",
                    "dest": "{{ playbook_dir }}/plain.json",
                    "mode": "0600",
                },
            },
            {
                "name": "Write the page",
                "ansible.builtin.copy": {
                    "content": "{{ lookup('ansible.builtin.file', playbook_dir ~ '/facts.html') }}",
                    "dest": "{{ playbook_dir }}/plain.html",
                    "mode": "0600",
                },
            },
        ],
    }
]


def test_audit_against_a_playbook_that_only_reads(cloud: LocalCloud, tmp_path: Path, figures: Figures) -> None:
    many.build(cloud, INSTANCES, GROUPS)
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "reader.py").write_text(READER)
    (tmp_path / "reader.yml").write_text(yaml.safe_dump(BOOK))
    ansible = Ansible(tmp_path, cloud, ANSIBLE_ACTION_PLUGINS=str(tmp_path / "actions"))
    report = f"audit_report_file={tmp_path / 'facts.html'}"
    ours: list[Cost] = []
    plain: list[Cost] = []
    for _round in range(ROUNDS):
        cloud.forget_requests()
        ours.append(measured(ansible, "ours.out", "ansible-playbook", "alitrust.ecs.audit", "-e", report))
        calls = cloud.counts()
        cloud.forget_requests()
        for written in ("plain.json", "plain.html"):
            (tmp_path / written).unlink(missing_ok=True)
        plain.append(measured(ansible, "plain.out", "ansible-playbook", "reader.yml"))
        pages = cloud.counts()
        assert {name: calls[name] for name in pages} == pages
    for kind in ("json", "html"):
        size, same = ((tmp_path / f"{name}.{kind}").stat().st_size for name in ("facts", "plain"))
        assert abs(size - same) < 0.01 * size
    beyond = sum(calls.values()) - sum(pages.values())
    assert calls == pages | many.ONCE, "calls that are neither pages nor those that an account costs once"
    what = f"audit of {INSTANCES:,} instances and {GROUPS:,} groups"
    figures.ratio(f"{what} / a playbook that only reads, wall", ratios(ours, plain, "wall"), TARGET)
    figures.ratio(f"{what} / a playbook that only reads, processor", ratios(ours, plain, "processor"))
    figures.ratio(f"{what} / a playbook that only reads, memory", ratios(ours, plain, "memory"))
    figures.number(f"{what}: calls beyond the {sum(pages.values()):,} pages", beyond, "a fixed number")
