# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of ssh that the playbook session writes; people use one in tests/hosts."""

from __future__ import annotations

import json
import re
import typing as t

from controller.playbook import Ansible
from modules import trust_records as records
from modules.harness import Modules

if t.TYPE_CHECKING:
    from pathlib import Path

    from local_cloud.control import LocalCloud

#: What instances are called, and whether people can call them that.
NAMES = {
    "shop": True,
    "shop-2_b": True,
    "git.example.com": False,  # ssh would go to the instance
    "fe80::1": False,
    "localhost": False,
    "i-bp1another": False,
    "twin": False,  # two of them
}


def test_no_name_is_there_that_may_be_another_hosts(tmp_path: Path, fresh_cloud: LocalCloud) -> None:
    modules = Modules(fresh_cloud)
    ones = records.fleet(modules, len(NAMES) + 1)
    renamed = zip(ones, [*NAMES, "twin"], strict=True)
    fresh_cloud.preload([
        {"kind": "instance", "id": one["InstanceId"], "region": "cn-hangzhou", "data": {**one, "InstanceName": name}}
        for one, name in renamed
    ])  # fmt: skip
    ansible, config = Ansible(tmp_path, fresh_cloud), tmp_path / "fleet.conf"
    # No host keys: the instances have no hosts that could be asked.
    given = json.dumps({"fleet_name": "web", "session_config_file": str(config), "session__running": []})
    done = ansible.command("ansible-playbook", "alitrust.ecs.session", "-e", given)
    assert done.returncode == 0, done.stdout + done.stderr
    aliases = {name for line in re.findall("^Host (.*)$", config.read_text(), re.MULTILINE) for name in line.split()}
    assert aliases == {one["InstanceId"] for one in ones} | {name for name, usable in NAMES.items() if usable}
    told = " ".join(done.stdout.split()).partition("By ID only: ")[2]
    assert ones[2]["InstanceId"] in told
    assert ones[0]["InstanceId"] not in told
