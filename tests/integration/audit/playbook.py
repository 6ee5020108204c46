# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook audit, run on a mixed account of the local cloud."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from pathlib import Path

from audit import account
from controller.playbook import Ansible

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud


@dataclass
class Report:
    """:ivar requests: what the local cloud was asked while the report was made"""

    html: Path
    json: Path
    facts: dict[str, t.Any]
    requests: list[dict[str, t.Any]]
    output: str


def make(cloud: LocalCloud, folder: Path) -> Report:
    cloud.reset()
    account.build(cloud)
    cloud.forget_requests()
    html = folder / "report.html"
    done = Ansible(folder, cloud).command("ansible-playbook", "alitrust.ecs.audit", "-e", f"audit_report_file={html}")
    assert done.returncode == 0, done.stdout + done.stderr
    facts = folder / "report.json"
    return Report(html, facts, json.loads(facts.read_text()), cloud.requests(), done.stdout + done.stderr)
