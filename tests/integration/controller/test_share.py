# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks share and unshare, with the role by which the recipients use the key."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from controller.test_roles import Playbooks
from modules import shareable
from modules.harness import Modules
from modules.shareable import ACCOUNT, PARTNER

from local_cloud.control import LocalCloud

OTHER = "3456789012345678"
ROLE = "AliyunECSShareEncryptImageDefaultRole"


@pytest.fixture
def playbooks(tmp_path: Path, fresh_cloud: LocalCloud) -> Playbooks:
    return Playbooks(tmp_path, fresh_cloud)


@pytest.fixture
def modules(fresh_cloud: LocalCloud) -> Modules:
    return Modules(fresh_cloud)


def recipients(modules: Modules, purpose: str = "share_image") -> list[str]:
    """Who is in the share role; an empty list when there is none."""
    found = modules.run("kms_share_role_info", purpose=purpose)["kms_share_roles"]
    kinds = ("account_ids", "resource_directory_ids", "folder_paths")
    return [one for role in found for kind in kinds for one in role[kind]]


def test_share_and_unshare_an_encrypted_image(playbooks: Playbooks, modules: Modules) -> None:
    key = shareable.key(modules)
    one, two = (shareable.image(modules, key, number=number) for number in (5, 6))
    both: dict[str, t.Any] = {"encrypted_share_image_id": one, "encrypted_share_account_ids": [PARTNER, OTHER]}
    modules.cloud.forget_requests()
    assert playbooks.changed("share", "--check", **both) == 1
    assert playbooks.writing_calls() == []
    assert playbooks.changed("share", **both) == 2
    assert playbooks.changed("share", **both) == 0
    assert recipients(modules) == [PARTNER, OTHER]
    playbooks.changed("share", encrypted_share_image_id=two, encrypted_share_account_ids=[PARTNER])

    modules.cloud.forget_requests()
    assert playbooks.changed("unshare", encrypted_share_image_id=one) == 2
    assert recipients(modules) == [PARTNER], "the other image still needs the role for this account"
    calls = ("ecs:ModifyImageSharePermission", "ram:UpdateRole")
    order = [call["operation"] for call in modules.cloud.requests() if call["operation"] in calls]
    assert order == list(calls), "the role goes last"
    assert playbooks.changed("unshare", encrypted_share_image_id=two, encrypted_share_account_ids=[PARTNER]) == 2
    assert recipients(modules) == [], "the role goes with its last recipient"
    assert modules.run("encrypted_share_info")["encrypted_shares"] == []


def test_share_and_unshare_encrypted_snapshots_with_a_folder(playbooks: Playbooks, modules: Modules) -> None:
    members = f"{ACCOUNT}=rd-Ab12Cd/r-Ef34Gh, {PARTNER}=rd-Ab12Cd/r-Ef34Gh/fd-Ij56Kl"
    modules.cloud.set("resource_directory.members", members)
    modules.door().call("resourcesharing", "EnableSharingWithResourceDirectory")
    key = shareable.key(modules)
    share: dict[str, t.Any] = {
        "encrypted_share_snapshot_ids": [shareable.snapshot(modules, number, key) for number in (0, 1)],
        "encrypted_share_name": "backup",
    }
    folder = "rd-Ab12Cd/r-Ef34Gh/fd-Ij56Kl*"
    assert playbooks.changed("share", encrypted_share_folder_paths=[folder], **share) == 2
    assert recipients(modules, "share_snapshot") == [folder]
    assert playbooks.changed("unshare", **share) == 2
    assert recipients(modules, "share_snapshot") == []

