# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of a value that is more than a result, a filter writes what templates give, and what only looks like one as it is."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path
from types import SimpleNamespace

from controller.playbook import Ansible

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud


def test_templates_of_a_playbook_are_filled_in_and_others_are_not(tmp_path: Path) -> None:
    nobody = SimpleNamespace(endpoint="http://127.0.0.1:9", access_key_id="id", access_key_secret="secret")
    ansible = Ansible(tmp_path, t.cast("LocalCloud", nobody))
    (tmp_path / "others.json").write_text(json.dumps({"note": "{{ 7 * 7 }}"}))
    audit = {
        "figures": {"instances": 2, "share": 0.5, "none": None},
        "parts": [{"name": "{{ word }}", "deep": [["{{ word }}{{ 1 + 1 }}"]]}],
        "others": "{{ lookup('ansible.builtin.file', 'others.json') | from_json }}",
    }
    content = "{{ audit.parts[0].deep | length }} {{ audit | alitrust.ecs.audit_json }}"
    copied = {"ansible.builtin.copy": {"content": content, "dest": str(tmp_path / "written"), "mode": "0600"}}
    (result,), output = ansible.play([copied], vars={"audit": audit, "word": "Zoë"})
    assert result["changed"], output
    count, _blank, text = (tmp_path / "written").read_text().partition(" ")
    assert count == "1"
    assert json.loads(text) == {
        **audit,
        "parts": [{"name": "Zoë", "deep": [["Zoë2"]]}],
        "others": {"note": "{{ 7 * 7 }}"},
    }
