# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a survey asks for as text may be blank, and then the playbook does what it does without the variable.

Here all questions of all surveys are left blank at once, as C(-e NAME=) does. AWX makes null of it: with that the jobs
of test_jobs.py run. What needs hosts is run only there (golden_image) and in tests/hosts/test_awx.py (rotate_keys).
"""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import yaml
from awx.awx import questions, templates
from controller.playbook import Ansible
from modules import shareable
from modules.harness import Modules

from local_cloud.control import LocalCloud

PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ ops"


def test_blank_answers_are_as_good_as_none(tmp_path: Path, fresh_cloud: LocalCloud) -> None:
    modules = Modules(fresh_cloud)
    needed: dict[str, dict[str, t.Any]] = {
        "provision": {
            "fleet_image_name": "aliyun_3_x64_20G_uefi_alibase_*",
            "fleet_instance_type": "ecs.g7t.large",
            "fleet_public_key": PUBLIC,
            "fleet_reach": "false",
            "network_zone_id": "cn-hangzhou-h",
        },
        "audit": {},
        "share": {
            "encrypted_share_image_id": shareable.image(modules, shareable.key(modules)),
            "encrypted_share_account_ids": "2345678901234567",
        },
    }
    needed["unshare"] = needed["share"]
    needed["protect"] = {"protect_fleet": "alitrust"}
    needed["teardown"] = {}
    surveys = {name for name, one in templates().items() if one.get("survey_enabled")}
    assert set(needed) | {"golden_image", "rotate_keys"} == surveys

    # The second and the third have nothing to do if the first means the same.
    walk = [
        ("provision", needed["provision"]),
        ("provision", _answers("provision", None) | needed["provision"]),
        *((name, _answers(name, "") | variables) for name, variables in needed.items()),
    ]
    book = tmp_path / "walk.yml"
    book.write_text(
        yaml.safe_dump([{"import_playbook": f"alitrust.ecs.{name}", "vars": variables} for name, variables in walk])
    )
    done = Ansible(tmp_path, fresh_cloud, PWD=str(tmp_path)).command("ansible-playbook", str(book))
    assert done.returncode == 0, done.stdout + done.stderr
    parts = done.stdout.partition("PLAY RECAP")[0].split("PLAY [")[1:]
    changed = [bool(re.search(r"^changed:", part, re.MULTILINE)) for part in parts]
    assert [name for name, _variables in walk] == [
        *("provision", "provision", "provision", "audit", "share", "unshare", "protect", "teardown")
    ]
    assert changed == [True, False, False, False, True, True, True, True], done.stdout
    assert fresh_cloud.resources("instance") == []
    assert fresh_cloud.resources("vpc") == []


def _answers(playbook: str, blank: str | None) -> dict[str, t.Any]:
    """The defaults of what cannot be blank, and all other questions left blank in this way."""
    return {
        one["variable"]: blank if one["type"] in ("text", "textarea") else one["default"] for one in questions(playbook)
    }
