# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two instances and the playbooks that look after them by Security Center and Anti-DDoS Basic."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

from controller.playbook import Ansible
from modules.harness import Modules
from modules.network import Network

from local_cloud.control import LocalCloud


class Guarded:
    """Two instances, one of them with a public address."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        cloud.set("sas.install_seconds", 0.2)
        self.modules = Modules(cloud)
        network = Network(self.modules)
        group = network.new_group("web")
        self.ids = [
            *network.new_instances(group, 1),
            *network.new_instances(group, 1, InternetMaxBandwidthOut=5),
        ]
        self.public = self.ids[1]
        self.ansible = Ansible(folder, cloud, HOME=str(folder))
        cloud.forget_requests()

    def run(self, playbook: str, *arguments: str, **variables: t.Any) -> str:
        """The output of a playbook for them, in one line."""
        given = {f"{playbook}_instance_ids": self.ids, **variables}
        done = self.ansible.command("ansible-playbook", f"alitrust.ecs.{playbook}", "-e", json.dumps(given), *arguments)
        assert "Traceback" not in done.stderr
        return " ".join((done.stdout + done.stderr).split())

    def changes(self) -> set[str]:
        """Operations that were called and change something."""
        return {one for one in self.modules.cloud.counts() if not re.search(r":(Describe|Get|List)", one)}
