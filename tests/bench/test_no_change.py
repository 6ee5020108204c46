# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task that changes nothing costs, as a share of an ansible.builtin.ping in the same play.

The same task is there many times. What one more costs is the time between the start of one of the first and the start
of the last, by their number: what only the first of them pays for, such as the import of the module, is left out.
A benchmark reports; it fails only when what it measured was not what it says. C(ALITRUST_BENCH_TASKS) sets how many
there are of each.
"""

from __future__ import annotations

import json
import os
import statistics
import typing as t
from pathlib import Path

import yaml
from controller.playbook import Ansible
from controller.strangers import IMAGE
from figures import Figures

from local_cloud.control import LocalCloud

TASKS = int(os.environ.get("ALITRUST_BENCH_TASKS", "12"))
#: Tasks at the beginning that are not counted.
FIRST = 2
ROUNDS = 5
ITEMS = 100
INSTANCES = 20
RULES = 50
PING = "ansible.builtin.ping"
TARGET = 0.2
#: Of what is not measured by the same standard.
TARGETS = {
    f"an item of a loop of {ITEMS}": 0.08,
    "kms_service over TLS": 0.25,
    "kms_service the ordinary way": 1.2,
}

#: Writes when each task, and each item of a loop, began.
CALLBACK = """
import json, os, time
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_NAME = "starts"
    CALLBACK_TYPE = "notification"

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.starts = []

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.starts.append((task.name, time.perf_counter()))

    def v2_runner_item_on_ok(self, result):
        self.starts.append(("item", time.perf_counter()))

    def v2_playbook_on_stats(self, stats):
        with open(os.environ["BENCH_STARTS"], "w") as file:
            json.dump({"starts": self.starts, "changed": stats.changed, "failures": stats.failures}, file)
"""

#: Has core read the options of a task and bring a result to the callbacks, and does nothing in between.
CORE_ALONE = """
import json
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return {**super().run(tmp, task_vars), **json.loads(%r)}
"""


class Bench:
    """Playbooks whose tasks' starts are written down."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        (folder / "callbacks").mkdir()
        (folder / "callbacks" / "starts.py").write_text(CALLBACK)
        self.starts = folder / "starts.json"
        self.book = folder / "bench.yml"
        self.ansible = Ansible(
            folder,
            cloud,
            ANSIBLE_CALLBACK_PLUGINS=str(folder / "callbacks"),
            ANSIBLE_CALLBACKS_ENABLED="starts",
            BENCH_STARTS=str(self.starts),
            REQUESTS_CA_BUNDLE=str(cloud.ca_certificate),
        )
        self.ansible.forked = False

    def run(self, tasks: list[dict[str, t.Any]], *, changes: bool = False) -> list[tuple[str, float]]:
        """The name of each task, and of each item of a loop, with its time in seconds."""
        tasks = [*tasks, {"name": "end", "ansible.builtin.meta": "noop"}]
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": tasks,
        }
        self.book.write_text(yaml.safe_dump([play]))
        done = self.ansible.command("ansible-playbook", self.book)
        found = json.loads(self.starts.read_text())
        assert not found["failures"], done.stdout + done.stderr
        assert bool(found["changed"]) == changes, done.stdout + done.stderr
        starts: list[tuple[str, float]] = found["starts"]
        return starts


def prepared(bench: Bench, cloud: LocalCloud) -> dict[str, dict[str, t.Any]]:
    """Kind -> task, none of which has anything to do."""
    bench.ansible.play(
        [
            {
                "alitrust.ecs.vpc": {
                    "name": "net",
                    "cidr_block": "172.16.0.0/16",
                    "vswitches": [{"name": "one", "zone_id": "cn-hangzhou-h", "cidr_block": "172.16.0.0/24"}],
                }
            },
            {"alitrust.ecs.security_group": {"name": "web", "vpc_id": "{{ result_0.vpc.vpc_id }}"}},
            {
                "ansible.builtin.copy": {
                    "content": "{{ [result_0.vpc.vpc_id, result_0.vpc.vswitches[0].vswitch_id, "
                    "result_1.security_group.security_group_id] | to_json }}",
                    "dest": str(bench.ansible.folder / "ids.json"),
                }
            },
        ]
    )
    vpc, vswitch, group = json.loads((bench.ansible.folder / "ids.json").read_text())
    instances: dict[str, t.Any] = {
        "name": "web-[1,3]",
        "count": INSTANCES,
        "fleet": "web",
        "instance_type": "ecs.g7t.large",
        "image_id": IMAGE,
        "vswitch_id": vswitch,
        "security_group_ids": [group],
        "ram_role_name": "web",
        "key_name": "ops",
    }
    tls = {"endpoint_url": cloud.tls_endpoint}
    rules: dict[str, t.Any] = {
        "security_group": "web",
        "vpc_id": vpc,
        "rules": [{"protocol": "tcp", "ports": [number], "cidr": "192.0.2.0/24"} for number in range(1, RULES + 1)],
    }
    kms: dict[str, t.Any] = {"alitrust.ecs.kms_service": {}}
    kinds: dict[str, dict[str, t.Any]] = {
        PING: {PING: {}},
        "kms_service": kms,
        "keypair with its private key": {
            "alitrust.ecs.keypair": {"name": "ops", "private_key_file": "{{ playbook_dir }}/ops.pem"}
        },
        f"sg_rule with {RULES} rules": {"alitrust.ecs.sg_rule": rules},
        "kms_share_role": {"alitrust.ecs.kms_share_role": {"purpose": "disk_encrypt"}},
        "instance_ram_role": {"alitrust.ecs.instance_ram_role": {"name": "web"}},
        f"trusted_instance, a fleet of {INSTANCES}": {"alitrust.ecs.trusted_instance": instances},
        f"an item of a loop of {ITEMS}": {**kms, "loop": list(range(ITEMS))},
        "kms_service over TLS": {"alitrust.ecs.kms_service": tls},
        "kms_service the ordinary way": {**kms, "vars": {"alitrust_in_process": False}},
    }
    bench.run([{"name": name, **task} for name, task in kinds.items()], changes=True)
    plugins = bench.ansible.folder / "action_plugins"
    plugins.mkdir()
    [result], _printed = bench.ansible.play([{"alitrust.ecs.sg_rule": rules}])
    (plugins / "core_alone.py").write_text(CORE_ALONE % json.dumps(result))
    return {**kinds, "core alone with the same rules": {"core_alone": rules}}


def costs(starts: list[tuple[str, float]], kinds: t.Iterable[str]) -> dict[str, float]:
    """Kind -> seconds that one more task takes."""
    found: dict[str, float] = {}
    for kind in kinds:
        if kind.startswith("an item"):
            items = [at for name, at in starts if name == "item"]
            found[kind] = (items[-1] - items[FIRST]) / (len(items) - 1 - FIRST)
            continue
        own = [at for name, at in starts if name == kind]
        found[kind] = (own[-1] - own[FIRST]) / (len(own) - 1 - FIRST)
    return found


def test_no_change_against_ping(cloud: LocalCloud, tmp_path: Path, figures: Figures) -> None:
    bench = Bench(tmp_path, cloud)
    kinds = prepared(bench, cloud)
    tasks = [
        {"name": name, **task} for name, task in kinds.items() for _number in range(1 if "loop" in task else TASKS)
    ]
    rounds = [costs(bench.run(tasks), kinds) for _round in range(ROUNDS)]
    print(f"\nms of one more task without changes, median of {ROUNDS} rounds of {TASKS}")
    for kind in kinds:
        print(f"  {kind:35} {statistics.median(one[kind] for one in rounds) * 1000:6.0f}")
        if kind != PING:
            values = [one[kind] / one[PING] for one in rounds]
            target = None if kind.startswith("core alone") else TARGETS.get(kind, TARGET)
            figures.ratio(f"{kind}, no change / a ping", values, target)
