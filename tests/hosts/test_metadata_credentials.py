# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credentials of an instance's role, asked for by a module that runs in a real host."""

from __future__ import annotations

import json

import yaml
from hosts.fleet import NAMES, Site

NAME = "alitrust.ecs.metadata_credentials"


def test_obtain_a_temporary_authorization_token_inside_an_instance(site: Site) -> None:
    """Over SSH, whose plugin shows at -vvv what a module printed, unless it was told not to."""
    role = site.instance(NAMES[0])["_RamRoleName"]
    kept = site.folder / "kept.json"
    play = [
        {
            "hosts": NAMES[0],
            "gather_facts": False,
            "tasks": [
                {NAME: {"role_name": role, "credentials": False}},
                {NAME: {"role_name": role}, "register": "found", "no_log": True},
                {
                    "ansible.builtin.copy": {"content": "{{ found.credentials | to_json }}", "dest": str(kept)},
                    "delegate_to": "localhost",
                    "no_log": True,
                },
            ],
        }
    ]
    book = site.folder / "credentials.yml"
    book.write_text(yaml.safe_dump(play))
    run = site.playbook(book, "-i", site.inventory, "-vvv")
    assert run.succeeded, run.output
    given = json.loads(kept.read_text())
    kept.unlink()
    assert given["access_key_id"].startswith("STS.")
    assert role in run.output
    assert "censored due to no log" in run.output
    assert given["access_key_secret"] not in run.output
    assert given["security_token"] not in run.output
