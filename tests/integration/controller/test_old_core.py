# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ansible-core that is too old is told so in one sentence, by everything that it can load of the collection."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
from controller.playbook import Ansible

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

VERSION = "2.15.13"
SENTENCE = f"alitrust.ecs needs ansible-core 2.18 or newer, and this is {VERSION}. "
#: Python runs this before anything else.
PRETEND = f"import ansible.release; ansible.release.__version__ = {VERSION!r}"


@pytest.fixture
def ansible(tmp_path: Path) -> Ansible:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "sitecustomize.py").write_text(PRETEND)
    nobody = SimpleNamespace(endpoint="http://127.0.0.1:9", access_key_id="id", access_key_secret="secret")
    return Ansible(tmp_path, t.cast("LocalCloud", nobody), PYTHONPATH=str(tmp_path / "old"))


def test_tasks_and_the_filter_fail_with_it(ansible: Ansible) -> None:
    tasks: list[dict[str, t.Any]] = [
        {"alitrust.ecs.kms_service_info": {}},
        {"alitrust.ecs.kms_service_info": {}, "vars": {"alitrust_in_process": False}},
        {"alitrust.ecs.metadata_credentials": {"credentials": False}},
        {"ansible.builtin.debug": {"msg": "{{ {} | alitrust.ecs.audit_html('x') }}"}},
        {"ansible.builtin.debug": {"msg": "{{ {} | alitrust.ecs.audit_json }}"}},
        {"ansible.builtin.debug": {"msg": "{{ [] | alitrust.ecs.authorized_keys_problems }}"}},
        {"ansible.builtin.debug": {"msg": "{{ lookup('alitrust.ecs.kms_secret', 'db') }}"}},
        {
            "ansible.builtin.raw": "true",
            "vars": {"ansible_connection": "alitrust.ecs.session", "alitrust_instance_id": "i-bp1"},
            "ignore_unreachable": True,
        },
    ]
    results, output = ansible.play(tasks)
    assert all(one.get("failed") or one.get("unreachable") for one in results)
    assert all(SENTENCE in one["msg"] for one in results)
    assert "Traceback" not in output + json.dumps(results)


def test_a_stock_playbook_ends_with_it(ansible: Ansible) -> None:
    done = ansible.command("ansible-playbook", "alitrust.ecs.provision")
    assert done.returncode == 2
    assert (done.stdout + done.stderr).replace("\n", " ").count(SENTENCE) >= 1
    assert "Traceback" not in done.stdout + done.stderr


def test_an_inventory_is_not_read(ansible: Ansible) -> None:
    (ansible.folder / "fleet.alitrust.yml").write_text("plugin: alitrust.ecs.instances\n")
    done = ansible.command("ansible-inventory", "-i", "fleet.alitrust.yml", "--list")
    assert SENTENCE in " ".join(done.stderr.split())
    assert "Traceback" not in done.stdout + done.stderr
