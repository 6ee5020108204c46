# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stock playbooks go where their variables say, as whom they say, and with every option that there is."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from guides import ROOT

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import credentials, options, sdk
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import CONNECTION_SPEC
from ansible_collections.alitrust.ecs.plugins.plugin_utils._cloud_action import name_become

PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
#: Plays that talk to no cloud: they only look at the inventory, configure hosts, or start the local cloud.
WITHOUT = {
    "See that there are hosts",
    "See that there is something to prove trust of",
    "See that there is something to ask about",
    "Run the local cloud",
}
WITHOUT |= {"Configure the trusted fleet"}


def test_each_option_of_the_connection_is_a_variable() -> None:
    connection = yaml.safe_load((ROOT / "playbooks" / "vars" / "connection.yml").read_text())["alitrust__connection"]
    assert set(connection) == set(CONNECTION_SPEC)
    for name, value in connection.items():
        default = CONNECTION_SPEC[name].get("default", "")
        assert value == f"{{{{ alitrust_{name} | default({default!r}, true) }}}}"


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_each_play_with_cloud_tasks_uses_them(path: Path) -> None:
    plays: list[dict[str, t.Any]] = yaml.safe_load(path.read_text())
    for play in plays:
        if "ansible.builtin.import_playbook" not in play and play["name"] not in WITHOUT:
            assert play["vars_files"] == ["vars/connection.yml"], play["name"]
            assert play["module_defaults"] == {"group/alitrust.ecs.all": "{{ alitrust__connection }}"}


def nested(content: t.Any) -> Iterator[dict[str, t.Any]]:
    """All plays, blocks and tasks of a file."""
    for one in content if isinstance(content, list) else ():
        yield one
        for part in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
            yield from nested(one.get(part))


LOCAL = [
    path
    for pattern in ("playbooks/*.yml", "roles/*/tasks/*.yml", "roles/*/handlers/*.yml", "examples/awx/*.yml")
    for path in sorted(ROOT.glob(pattern))
]


@pytest.mark.parametrize("path", LOCAL, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_runs_on_the_controller_runs_as_its_user_whatever_the_configuration_says(path: Path) -> None:
    """With become in ansible.cfg it would run as root, who has neither the credentials nor the Python packages."""
    for one in nested(yaml.safe_load(path.read_text())):
        local = (one.get("hosts"), one.get("connection"), one.get("delegate_to"))
        if local[0] == "localhost" or "local" in local[1:2] or local[2] == "localhost":
            assert one.get("become") is False, one.get("name")


@pytest.mark.parametrize("lack", [f"{credentials.NONE_USABLE}: none.", f"{sdk.MISSING} python", options.NO_REGION])
def test_what_another_user_may_lack_is_said_to_be_because_of_become(lack: str) -> None:
    failed = {"failed": True, "msg": lack}
    name_become(failed, become=False)
    assert failed["msg"] == lack
    name_become(failed, become=True)
    assert "set become: false" in str(failed["msg"])
    other = {"failed": True, "msg": "no"}
    name_become(other, become=True)
    assert other["msg"] == "no"
