# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many hosts of one play at once, by whichever strategy: one result, no duplicates, to each host what is its own."""

from __future__ import annotations

import collections
import json
import re
import typing as t

import pytest
import yaml
from controller.playbook import Ansible, kept

if t.TYPE_CHECKING:
    from pathlib import Path

    from proof.conftest import Figure

    from local_cloud.control import LocalCloud

HOSTS = [f"host{number}" for number in range(6)]
_SAYS_SO = re.compile(r"somebody\s+else|another\s+task", re.IGNORECASE)
_MODULE = "alitrust.ecs."
_DOCUMENT = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["ecs:Describe*"], "Resource": "*"}]}
_NETWORK: dict[str, t.Any] = {f"{_MODULE}vpc": {"name": "web", "cidr_block": "10.0.0.0/8"}}
_GROUP: dict[str, t.Any] = {f"{_MODULE}security_group": {"name": "web", "vpc": "web", "tags": {"team": "ops"}}}
#: What the hosts make together, and apart: register -> task. The names of network and group are not unique.
TASKS: dict[str, dict[str, t.Any]] = {
    "network": _NETWORK,
    "group": _GROUP,
    "rules": {
        f"{_MODULE}sg_rule": {
            "security_group": "web",
            "vpc_id": "{{ network.vpc.vpc_id }}",
            "rules": [{"protocol": "tcp", "ports": ["22"], "cidr": ["10.0.0.0/8"]}],
        }
    },
    "role": {f"{_MODULE}instance_ram_role": {"name": "web"}},
    "own": {
        f"{_MODULE}ram_policy": {"name": "{{ inventory_hostname }}-{{ item }}", "document": _DOCUMENT},
        "loop": ["a", "b"],
    },
    "key": {
        f"{_MODULE}keypair": {
            "name": "{{ inventory_hostname }}",
            "private_key_file": "{{ playbook_dir }}/{{ inventory_hostname }}.pem",
        }
    },
    "later": {
        f"{_MODULE}ram_policy": {"name": "{{ inventory_hostname }}-later", "document": _DOCUMENT},
        "async": 300,
        "poll": 4,  # a process for each look: most find it done at the first
    },
}
KINDS: dict[str, dict[str, t.Any]] = {
    "linear": {},
    "free": {"strategy": "ansible.builtin.free"},
    "host_pinned": {"strategy": "ansible.builtin.host_pinned"},
    "serial": {"serial": 2},
    "throttle": {"throttle": 2, "strategy": "ansible.builtin.free"},
    "not in process": {"vars": {"alitrust_in_process": False}, "strategy": "ansible.builtin.free"},
}


class Play:
    """One play of all hosts, and what each of them got."""

    def __init__(self, folder: Path, cloud: LocalCloud, settings: dict[str, t.Any]) -> None:
        self._folder = folder
        self._ansible = Ansible(folder, cloud, HOME=str(folder), ANSIBLE_FORKS=str(len(HOSTS)))
        self._ansible.environment["ANSIBLE_ASYNC_DIR"] = str(folder / "async")  # core looks for ~ in two ways
        tasks = [{**task, "register": name} for name, task in TASKS.items()]
        registered = "{" + ", ".join(f"'{name}': {name}" for name in TASKS) + "}"
        keep = kept(registered, "{{ playbook_dir }}/{{ inventory_hostname }}.json")
        play = {"hosts": "all", "connection": "local", "gather_facts": False, "tasks": [*tasks, keep], **settings}
        play["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", **settings.get("vars", {})}
        self._book = folder / "play.yml"
        self._book.write_text(yaml.safe_dump([play]))
        (folder / "inventory").write_text("\n".join(HOSTS) + "\n")

    def run(self) -> tuple[int, str, dict[str, dict[str, t.Any]]]:
        """:returns: exit code, output, and results by host where it came to its end"""
        for path in self._folder.glob("host*.json"):
            path.unlink()
        done = self._ansible.command("ansible-playbook", "-i", self._folder / "inventory", self._book)
        results = {path.stem: json.loads(path.read_text()) for path in self._folder.glob("host*.json")}
        return done.returncode, done.stdout + done.stderr, results


@pytest.mark.parametrize("kind", KINDS)
def test_hosts_of_one_play_at_once(shared_cloud: LocalCloud, tmp_path: Path, figure: Figure, kind: str) -> None:
    shared_cloud.reset()
    play = Play(tmp_path, shared_cloud, KINDS[kind])
    code, output, results = play.run()
    assert "Traceback" not in output, output
    if code:  # a host that lost says so, and the next run puts it right
        assert _SAYS_SO.search(output), output
        figure("hosts that lost, saying so", len(HOSTS) - len(results))
        code, output, results = play.run()
    assert code == 0, output
    assert sorted(results) == HOSTS
    for host, result in results.items():
        assert [one["ram_policy"]["name"] for one in result["own"]["results"]] == [f"{host}-a", f"{host}-b"]
        assert result["later"]["ram_policy"]["name"] == f"{host}-later"
        assert result["key"]["key_pair"]["name"] == host
        assert (tmp_path / f"{host}.pem").stat().st_mode & 0o777 == 0o600
    for name, thing, key in (("network", "vpc", "vpc_id"), ("group", "security_group", "security_group_id")):
        assert len({result[name][thing][key] for result in results.values()}) == 1, results
    there = {
        "vpc": ["web"],
        "security_group": ["web"],
        "role": ["web"],
        "key_pair": HOSTS,
    }
    for one, names in there.items():
        names_by = {"vpc": "Vpc", "security_group": "SecurityGroup", "role": "Role", "key_pair": "KeyPair"}
        found = collections.Counter(record[f"{names_by[one]}Name"] for record in shared_cloud.resources(one))
        assert found == collections.Counter(names), one
    assert len(shared_cloud.resources("security_group")[0]["Permissions"]) == 1
    code, output, results = play.run()
    assert code == 0, output
    changed = {host: [name for name, one in result.items() if one["changed"]] for host, result in results.items()}
    assert not any(changed.values()), changed
    figure("kinds of plays")
    figure("hosts at once", len(HOSTS))
