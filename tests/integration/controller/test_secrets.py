# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play keeps a value in a secret and uses it: the value is in no output and in no file, whichever way modules run."""

from __future__ import annotations

import base64
import typing as t

import pytest
from controller.playbook import Ansible, Tasks

if t.TYPE_CHECKING:
    from pathlib import Path

    from local_cloud.control import LocalCloud

CANARY = "Canary-Pass-77c1"


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_a_value_is_used_and_shown_nowhere(tmp_path: Path, fresh_cloud: LocalCloud, in_process: str) -> None:
    ansible = Ansible(tmp_path, fresh_cloud, ANSIBLE_LOCAL_TEMP=str(tmp_path / "tmp"))
    ansible.environment["CANARY"] = CANARY
    looked_up = "lookup('alitrust.ecs.kms_secret', 'shop/db')"
    tasks: Tasks = [
        {"alitrust.ecs.kms_service": {}},
        {"alitrust.ecs.kms_secret": {"name": "shop/db", "value": "older"}},
        {"alitrust.ecs.kms_secret": {"name": "shop/db", "value": "{{ lookup('ansible.builtin.env', 'CANARY') }}"}},
        {
            "ansible.builtin.assert": {"that": f"{looked_up} == lookup('ansible.builtin.env', 'CANARY')"},
            "no_log": True,
        },
        {"alitrust.ecs.kms_secret": {"name": "copy", "value": f"{{{{ {looked_up} }}}}"}},
        {"alitrust.ecs.kms_secret_info": {}},
    ]
    results, output = ansible.play(tasks, "-vvvv", "--diff", "-e", f"alitrust_in_process={in_process}")
    assert [one["changed"] for one in results] == [True, True, True, False, True, False]
    assert "hidden, another one" in output
    left = [output, *(path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file())]
    for form in (CANARY, base64.b64encode(CANARY.encode()).decode()):
        assert not [text for text in left if form in text]
