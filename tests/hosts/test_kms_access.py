# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The right to a key, given by the playbook kms_access and used from inside real hosts."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from hosts.fleet import NAMES, Run, Site
from modules.harness import Modules

#: Hosts see the controller's files, so its interpreter has the SDK for them, too.
ACCESS: dict[str, t.Any] = {
    "kms_access_key": "alias/data",
    "kms_access_fleet": "web",
    "kms_access_python": sys.executable,
    "kms_access_environment": {"REQUESTS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"},
}


@pytest.fixture(scope="module")
def key(site: Site) -> str:
    """Id of the key that the fleet shall use; there is another one that it shall not."""
    modules = Modules(site.cloud)
    modules.run("kms_key", alias="other")
    return str(modules.run("kms_key", alias="data")["kms_key"]["key_id"])


def prove(site: Site, **variables: t.Any) -> Run:
    """The proof alone, without waiting for a right to come."""
    play = [
        {
            "hosts": "alitrust_fleet",
            "gather_facts": False,
            "tasks": [{"ansible.builtin.import_role": {"name": "alitrust.ecs.kms_access", "tasks_from": "prove"}}],
        }
    ]
    book = site.folder / "prove.yml"
    book.write_text(yaml.safe_dump(play))
    return site.playbook(book, "-i", site.inventory, **{**ACCESS, "kms_access_patience": 0, **variables})


def test_access_a_key_from_an_instance_with_the_role_s_own_credentials(site: Site, key: str) -> None:
    refused = prove(site)
    for name in NAMES:
        assert "may not encrypt: Forbidden" in refused.failure(name) or "may not encrypt: NoPermission" in refused.failure(name)

    given = site.playbook("kms_access", "-i", site.inventory, **ACCESS)
    assert given.changed("localhost") == 1, "one role, which all three have"
    for name in NAMES:
        assert given.changed(name) == 0
        assert f"{name} can use the key alias/data" in given.output
    again = site.playbook("kms_access", "-i", site.inventory, **ACCESS)
    assert again.changed("localhost") == 0

    other = prove(site, kms_access_key="alias/other")
    assert "may not encrypt" in other.failure(NAMES[0]), "the right is for one key"
    left = site.output(NAMES[0], "ls -d /tmp/alitrust-kms-* /root/.ansible/tmp/* 2>/dev/null; true")
    assert left == ""
    requests = site.cloud.requests()
    used = {str(one["principal"]) for one in requests if one["operation"] in ("kms:Encrypt", "kms:Decrypt")}
    assert used
    assert all("/alitrust-instance/" in principal for principal in used), used


def test_what_the_proof_needs_is_told_and_nothing_is_left_behind(site: Site, key: str, tmp_path: Path) -> None:
    run = prove(site, kms_access_python="", kms_access_pip_arguments=["--no-index"])
    output = " ".join(run.output.split())
    assert "No matching distribution found" in output or "ensurepip is not available" in output
    for name in NAMES:
        assert site.output(name, "ls -d /tmp/alitrust-kms-* 2>/dev/null; true") == ""
