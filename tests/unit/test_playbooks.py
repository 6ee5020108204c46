# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stock playbooks go where their variables say, as whom they say, and with every option that there is."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from guides import ROOT

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import CONNECTION_SPEC

PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
#: Plays that talk to no cloud: they only look at the inventory, configure hosts, or start the local cloud.
WITHOUT = {"See that there are hosts", "See that there is something to prove trust of", "Run the local cloud"}
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
