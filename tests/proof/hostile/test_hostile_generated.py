# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of every module with values of wrong types and strange ones: a sentence, no traceback, nothing written.

A value that is refused in check mode is given for real, too, and refused before any writing call. What is not refused
stays in check mode, so that all values of a module meet the same cloud.
"""

from __future__ import annotations

import os
import typing as t

import pytest
from modules import changes
from modules.harness import IN_INSTANCES, Modules
from modules.network import Network
from proof.hostile import wrong_values
from proof.hostile.judging import attempt, refused

if t.TYPE_CHECKING:
    from pathlib import Path

    from proof.conftest import Figure
    from proof.hostile.wrong_values import Case

#: Of the default run: each so many cases.
_SAMPLE = 12
#: Modules that change something, with a change in a world that has what it needs.
CHANGES = {maker.__name__: maker for maker in changes.CHANGES}
WRITING = {
    "encrypted_share": "share_of_an_image",
    "instance_ram_role": "role",
    "keypair": "another_private_key",
    "kms_key": "kms_key",
    "kms_secret": "secret",
    "kms_share_role": "share_role",
    "ram_group": "ram_group",
    "ram_policy": "versions_of_a_policy",
    "ram_user": "ram_user",
    "security_group": "security_group",
    "sg_member": "members",
    "sg_rule": "rules",
    "trust_event": "findings",
    "trusted_instance": "trusted_instance",
    "vpc": "vpc",
}


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """What a path may lead to, beside an ordinary file."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link-to-fifo").symlink_to("fifo")
    (tmp_path / "deep").write_text("[" * 60_000)
    (tmp_path / "zeros").symlink_to("/dev/zero")
    return tmp_path


def base(modules: Modules, module: str, folder: Path) -> dict[str, t.Any]:
    """Options of a task that works."""
    if module in WRITING:
        return CHANGES[WRITING[module]](modules, folder).options
    if module in IN_INSTANCES:
        own = {"path": str(folder / "authorized_keys")} if module.startswith("authorized") else {}
        return {**own, **({"keys": []} if module == "authorized_keys" else {})}
    network = Network(modules)
    group = network.new_own_group("web")
    own_options: dict[str, dict[str, t.Any]] = {
        "preflight_info": {"vpc": {"name": "web", "cidr_block": "172.16.0.0/12"}},
        "sg_access_info": {
            "security_group_ids": [group],
            "packets": [{"protocol": "tcp", "port": 22, "peer": "10.0.0.1"}],
        },
        "sg_rule_export": {"security_group_id": group, "dest": str(folder)},
        "host_key_info": {"instance_ids": ["i-bp1nobody"]},
    }
    return own_options.get(module, {})


def check(modules: Modules, module: str, options: dict[str, t.Any], case: Case) -> None:
    """:raises AssertionError: it went badly"""
    if attempt(modules, module, check=True, **options).get("failed"):
        refused(modules, module, **options)
    else:
        assert not case.wrong, "it passed"


@pytest.mark.parametrize("module", wrong_values.names())
def test_a_wrong_value_of_any_option_is_told(
    modules: Modules, module: str, places: Path, figure: Figure, long: bool
) -> None:
    options = base(modules, module, places)
    every = list(wrong_values.cases(wrong_values.spec(module), places))
    some = every if long else every[len(module) % _SAMPLE :: _SAMPLE]
    bad = []
    for case in some:
        try:
            check(modules, module, case.put(options), case)
        except Exception as exc:
            bad.append(f"{case}: {type(exc).__name__}: {str(exc)[:300]}")
    figure("generated", len(some))
    assert not bad, "\n" + "\n".join(bad)
