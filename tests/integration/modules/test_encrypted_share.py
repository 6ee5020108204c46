# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.encrypted_share and its info module against the local cloud."""

from __future__ import annotations

import typing as t

import pytest
from modules import shareable
from modules.harness import CheckRun, Modules
from modules.shareable import ACCOUNT, PARTNER

OTHER = "3456789012345678"
DIRECTORY = f"{ACCOUNT}=rd-Ab12Cd/r-Ef34Gh, {PARTNER}=rd-Ab12Cd/r-Ef34Gh/fd-Ij56Kl"
FOLDER = "rd-Ab12Cd/r-Ef34Gh/fd-Ij56Kl*"


def numbers(count: int) -> list[str]:
    """Ids of many accounts."""
    return [str(4000000000000000 + number) for number in range(count)]


def partner(modules: Modules) -> t.Any:
    """The way to the same cloud for the other account."""
    account = modules.cloud.accounts[1]
    own = {name: account[name] for name in ("access_key_id", "access_key_secret")}
    return modules.door(**own)


def answer(modules: Modules, verb: str) -> None:
    """The other account answers its invitation."""
    door = partner(modules)
    (invitation,) = door.call("resourcesharing", "ListResourceShareInvitations")["ResourceShareInvitations"]
    invitation_id = invitation["ResourceShareInvitationId"]
    door.call("resourcesharing", f"{verb}ResourceShareInvitation", ResourceShareInvitationId=invitation_id)


# ---------------------------------------------------------------------- images


def test_share_an_image_with_accounts(modules: Modules) -> None:
    image_id = shareable.image(modules)
    for what in ({"image_id": image_id}, {"snapshot_ids": [shareable.snapshot(modules)]}):
        own = modules.run("encrypted_share", **what, account_ids=[shareable.ACCOUNT, PARTNER], fails=True)
        assert f"account_ids has {shareable.ACCOUNT}, the account that this task runs as" in own["msg"]
    made = modules.twice("encrypted_share", image_id=image_id, account_ids=[PARTNER])
    assert made["encrypted_share"]["account_ids"] == [PARTNER]
    assert modules.twice("encrypted_share", image_id=image_id, account_ids=[OTHER])["encrypted_share"][
        "account_ids"
    ] == [PARTNER, OTHER]
    exact = modules.twice("encrypted_share", image_id=image_id, account_ids=[OTHER], state="exact")
    assert exact["encrypted_share"]["account_ids"] == [OTHER]
    (shown,) = modules.run("encrypted_share_info")["encrypted_shares"]
    assert modules.run("encrypted_share_info", kinds=["image"])["encrypted_shares"] == [shown]
    assert modules.run("encrypted_share_info", kinds=["snapshot"])["encrypted_shares"] == []
    assert shown == exact["encrypted_share"]
    gone = modules.twice("encrypted_share", image_id=image_id, state="absent")
    assert gone["encrypted_share"]["account_ids"] == []
    assert modules.run("encrypted_share_info")["encrypted_shares"] == []


def test_many_accounts_are_taken_ten_at_a_time_and_each_is_verified(modules: Modules) -> None:
    image_id, accounts = shareable.image(modules), numbers(25)
    made = modules.twice("encrypted_share", image_id=image_id, account_ids=accounts)
    assert made["encrypted_share"]["account_ids"] == accounts
    assert made["api_calls"]["ecs:ModifyImageSharePermission"] == 6, "three dry runs, then three calls"
    less = modules.twice("encrypted_share", image_id=image_id, account_ids=accounts[:3], state="exact")
    assert len(less["steps"]) == 3


def test_an_account_that_is_missing_afterwards_is_told(modules: Modules) -> None:
    image_id = shareable.image(modules)
    modules.cloud.clock_advance(7200)
    modules.cloud.fault("read_lag", "ecs:DescribeImageSharePermission", times=None, seconds=3600)
    failed = modules.run("encrypted_share", image_id=image_id, account_ids=[PARTNER], wait_timeout=1, fails=True)
    assert f"it would still be necessary to share image {image_id} with {PARTNER}" in failed["msg"]


def test_the_fifty_accounts_of_an_image(modules: Modules) -> None:
    image_id = shareable.image(modules, accounts=numbers(50))
    failed = modules.run("encrypted_share", image_id=image_id, account_ids=[PARTNER], fails=True)
    assert "would be shared with 51 accounts; at most 50 are possible" in failed["msg"]
    options = {"image_id": image_id, "account_ids": [PARTNER], "state": "exact"}
    for check in (True, False):
        failed = modules.run("encrypted_share", check=check, fails=True, **options)
        assert "does not carry a tag alitrust.ecs:shared-with-... that names them" in failed["msg"]
    moved = modules.twice("encrypted_share", adopt=True, **options)
    assert moved["encrypted_share"]["account_ids"] == [PARTNER]


def test_an_encrypted_image_is_shared_only_with_the_role_in_place(modules: Modules) -> None:
    key = shareable.key(modules)
    image_id = shareable.image(modules, key)
    share: dict[str, t.Any] = {"image_id": image_id, "account_ids": [PARTNER]}
    for check in (True, False):
        failed = modules.run("encrypted_share", check=check, fails=True, **share)
        assert "the role AliyunECSShareEncryptImageDefaultRole does not exist" in failed["msg"]
        assert "Run alitrust.ecs.kms_share_role with purpose share_image" in failed["msg"]
    role: dict[str, t.Any] = {"purpose": "share_image"}
    modules.run("kms_share_role", account_ids=[OTHER], **role)
    failed = modules.run("encrypted_share", fails=True, **share)
    assert f"does not trust {PARTNER}" in failed["msg"]
    assert f"may not use the key {key}" in failed["msg"], "all that is missing at once"
    assert not any(action.endswith("Permission") for action in modules.cloud.counts() if "Modify" in action)
    modules.run("kms_share_role", account_ids=[PARTNER], kms_key_ids=[key], **role)
    made = modules.twice("encrypted_share", **share)["encrypted_share"]
    assert (made["encrypted"], made["kms_key_ids"]) == (True, [key])


def test_what_the_service_key_encrypts_cannot_be_shared(modules: Modules) -> None:
    modules.run("kms_service")
    image_id, snapshot_id = shareable.image(modules, ""), shareable.snapshot(modules, 1, "")
    for what in ({"image_id": image_id}, {"snapshot_id": [snapshot_id]}):
        failed = modules.run("encrypted_share", account_ids=[PARTNER], fails=True, **what)
        assert "is encrypted with the service key of ECS, which cannot be shared" in failed["msg"]


def test_nothing_is_shared_with_the_own_account(modules: Modules) -> None:
    image_id = shareable.image(modules)
    for check in (True, False):
        own = modules.run("encrypted_share", image_id=image_id, account_ids=[ACCOUNT], check=check, fails=True)
        assert f"account_ids has {ACCOUNT}, the account that this task runs as" in own["msg"]


# ---------------------------------------------------------------------- snapshots


def test_share_a_snapshot_with_an_account(modules: Modules) -> None:
    snapshot_id = shareable.snapshot(modules)
    made = modules.twice("encrypted_share", snapshot_id=[snapshot_id], account_ids=[PARTNER])["encrypted_share"]
    assert made["name"] == f"alitrust-{snapshot_id}"
    assert (made["status"], made["account_ids"], made["invited_account_ids"]) == ("Pending", [PARTNER], [PARTNER])
    answer(modules, "Accept")
    joined = modules.run("encrypted_share", snapshot_id=[snapshot_id], account_ids=[PARTNER])
    assert (joined["changed"], joined["encrypted_share"]["invited_account_ids"]) == (False, [])
    (copy,) = partner(modules).pages("ecs", "DescribeSnapshots")
    assert snapshot_id in copy["Tags"]["Tag"][0]["TagKey"]
    (shown,) = modules.run("encrypted_share_info", snapshot_ids=[snapshot_id])["encrypted_shares"]
    assert shown == joined["encrypted_share"]
    gone = modules.twice("encrypted_share", snapshot_id=[snapshot_id], state="absent")
    assert gone["encrypted_share"] == {}
    modules.cloud.clock_advance(1)
    assert partner(modules).pages("ecs", "DescribeSnapshots") == []


def test_recipients_and_snapshots_are_added_removed_and_made_exact(modules: Modules) -> None:
    ids = [shareable.snapshot(modules, number) for number in range(7)]
    share: dict[str, t.Any] = {"name": "backup"}
    accounts = numbers(12)
    made = modules.twice("encrypted_share", snapshot_ids=ids, account_ids=accounts, **share)
    assert made["encrypted_share"]["snapshot_ids"] == ids
    assert made["encrypted_share"]["account_ids"] == accounts
    assert len(made["steps"]) == 4, "five at a time"
    assert not modules.run("encrypted_share", snapshot_ids=ids[:1], account_ids=accounts[:1], **share)["changed"]
    less = modules.twice("encrypted_share", snapshot_ids=ids[:2], account_ids=accounts[:2], state="exact", **share)
    assert less["encrypted_share"]["snapshot_ids"] == ids[:2]
    removed = modules.twice("encrypted_share", account_ids=accounts[:1], state="absent", **share)
    assert removed["encrypted_share"]["account_ids"] == accounts[1:2]
    taken = modules.twice("encrypted_share", snapshot_ids=ids[:1], state="absent", **share)
    assert taken["encrypted_share"]["snapshot_ids"] == ids[1:2]
    last = modules.twice("encrypted_share", account_ids=accounts, state="absent", **share)
    assert last["steps"] == ["delete the resource share backup"]


def test_share_a_snapshot_with_a_directory_or_a_folder(modules: Modules) -> None:
    modules.cloud.set("resource_directory.members", DIRECTORY)
    modules.door().call("resourcesharing", "EnableSharingWithResourceDirectory")
    share: dict[str, t.Any] = {"snapshot_ids": [shareable.snapshot(modules)], "allow_external": False}
    folder = modules.twice("encrypted_share", name="folder", folder_paths=[FOLDER], **share)["encrypted_share"]
    assert (folder["folder_ids"], folder["status"]) == (["fd-Ij56Kl"], "Active")
    whole = modules.twice("encrypted_share", name="whole", resource_directory_id=["rd-Ab12Cd"], **share)
    assert whole["encrypted_share"]["resource_directory_ids"] == ["rd-Ab12Cd"]
    assert len(partner(modules).pages("ecs", "DescribeSnapshots")) == 2
    failed = modules.run("encrypted_share", name="new", account_ids=[OTHER], fails=True, **share)
    assert "InvalidTarget" in failed["msg"]
    opened = modules.run("encrypted_share", name="whole", account_ids=[OTHER], **{**share, "allow_external": True})
    assert "let the resource share whole have accounts outside the directory" in opened["steps"]


@pytest.mark.parametrize("whom", ["accounts", "directory", "folder"])
def test_an_encrypted_snapshot_needs_the_role_for_the_same_recipients(modules: Modules, whom: str) -> None:
    modules.cloud.set("resource_directory.members", DIRECTORY)
    modules.door().call("resourcesharing", "EnableSharingWithResourceDirectory")
    key = shareable.key(modules)
    wanted: dict[str, t.Any] = {
        "accounts": {"account_ids": [PARTNER]},
        "directory": {"resource_directory_ids": ["rd-Ab12Cd"]},
        "folder": {"folder_paths": [FOLDER]},
    }[whom]
    share = {"snapshot_id": [shareable.snapshot(modules, 0, key)], **wanted}
    failed = modules.run("encrypted_share", fails=True, **share)
    assert "the role AliyunECSShareEncryptSnapshotDefaultRole does not exist" in failed["msg"]
    modules.run("kms_share_role", purpose="share_snapshot", kms_key_ids=[key], **wanted)
    modules.twice("encrypted_share", **share)
    assert len(partner(modules).pages("ecs", "DescribeSnapshots")) == 1


def test_a_refusal_is_told_and_the_next_run_invites_again(modules: Modules) -> None:
    share: dict[str, t.Any] = {"snapshot_id": [shareable.snapshot(modules)], "account_ids": [PARTNER]}
    modules.run("encrypted_share", **share)
    answer(modules, "Reject")
    again = modules.run("encrypted_share", **share)
    assert again["changed"]
    assert "had failed before: " in str(again["warnings"])
    assert "rejected" in str(again["warnings"])
    assert again["encrypted_share"]["invited_account_ids"] == [PARTNER]


def test_what_resource_sharing_cannot_do_is_told(modules: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.alitrust.ecs.plugins.module_utils._share.snapshots._BELIEVED", 0.2)
    modules.cloud.set("resource_directory.members", DIRECTORY)
    modules.cloud.set("resourcesharing.targets_per_snapshot", 0)
    share: dict[str, t.Any] = {"snapshot_id": [shareable.snapshot(modules)], "account_ids": [PARTNER]}
    failed = modules.run("encrypted_share", fails=True, **share)
    assert f"could not share {PARTNER}: LimitExceeded" in failed["msg"]


def test_two_shares_of_one_name_are_not_guessed_at(modules: Modules) -> None:
    door = modules.door()
    for _number in range(2):
        door.call("resourcesharing", "CreateResourceShare", ResourceShareName="backup")
    failed = modules.run("encrypted_share", name="backup", state="absent", fails=True)
    assert "There are 2 resource shares with the name backup" in failed["msg"]


@pytest.mark.parametrize("fault", ["drop_before_commit", "drop_after_commit", "throttling"])
def test_trouble_is_outlasted_and_nothing_is_made_twice(
    modules: Modules, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ansible_collections.alitrust.ecs.plugins.module_utils._share.snapshots._DOUBT", 0.5)
    modules.cloud.fault(fault, "resourcesharing:CreateResourceShare")
    share: dict[str, t.Any] = {"snapshot_id": [shareable.snapshot(modules)], "account_ids": [PARTNER]}
    modules.run("encrypted_share", **share)
    assert len(modules.cloud.resources("resource_share")) == 1
    assert not modules.run("encrypted_share", **share)["changed"]


def test_reads_behind_writes_are_waited_for(modules: Modules) -> None:
    modules.cloud.fault("read_lag", "resourcesharing:*", times=None, seconds=0.5)
    share: dict[str, t.Any] = {"snapshot_id": [shareable.snapshot(modules)], "account_ids": [PARTNER]}
    modules.run("encrypted_share", **share)
    assert not modules.run("encrypted_share", **share)["changed"]
    modules.run("encrypted_share", snapshot_id=share["snapshot_id"], state="absent")
    assert not modules.run("encrypted_share", snapshot_id=share["snapshot_id"], state="absent")["changed"]


# ---------------------------------------------------------------------- what others made


def test_the_share_of_an_image_with_others_is_ended_only_when_it_is_adopted(modules: Modules) -> None:
    image_id = shareable.image(modules, accounts=[OTHER])
    modules.run("encrypted_share", image_id=image_id, account_ids=[PARTNER])
    share: dict[str, t.Any] = {"image_id": image_id}
    for options in ({"state": "absent"}, {"state": "absent", "account_ids": [OTHER]}):
        for check in (True, False):
            failed = modules.run("encrypted_share", check=check, fails=True, **share, **options)
            assert f"The share of image {image_id} with {OTHER} does not carry a tag" in failed["msg"]
    used = modules.run("encrypted_share", account_ids=[OTHER], leave_others=True, **share)
    assert (used["changed"], len(used["kept"])) == (False, 1)
    gone = modules.twice("encrypted_share", state="absent", leave_others=True, **share)
    assert gone["encrypted_share"]["account_ids"] == [OTHER]
    assert f"with {OTHER} stays" in gone["kept"][0]
    (tags,) = [one["Tags"] for one in modules.cloud.resources("image") if one["ImageId"] == image_id]
    assert tags == [], "the record goes with what it is about"
    adopted = modules.run("encrypted_share", account_ids=[OTHER], adopt=True, **share)
    assert adopted["steps"] == [f"adopt the share of image {image_id} with {OTHER}"]
    assert not modules.run("encrypted_share", account_ids=[OTHER], adopt=True, **share)["changed"]
    modules.twice("encrypted_share", state="absent", **share)


def test_a_resource_share_of_others_is_ended_only_when_it_is_adopted(modules: Modules) -> None:
    snapshot_id = shareable.snapshot(modules)
    modules.door().call(
        "resourcesharing",
        "CreateResourceShare",
        ResourceShareName="backup",
        AllowExternalTargets=True,
        Resources=[{"ResourceId": snapshot_id, "ResourceType": "Snapshot"}],
        Targets=[PARTNER],
    )
    modules.cloud.clock_advance(1)
    before = modules.cloud.resources("resource_share")
    share: dict[str, t.Any] = {"name": "backup", "snapshot_ids": [snapshot_id]}
    for check in (True, False):
        failed = modules.run("encrypted_share", name="backup", state="absent", check=check, fails=True)
        assert "The resource share backup does not carry the tag alitrust.ecs:owner" in failed["msg"]
        kept = modules.run("encrypted_share", name="backup", state="absent", leave_others=True, check=check)
        assert (kept["changed"], kept["encrypted_share"]["account_ids"]) == (False, [PARTNER])
        failed = modules.run("encrypted_share", account_ids=[OTHER], state="exact", check=check, fails=True, **share)
        assert "does not take anything out of it" in failed["msg"]
        failed = modules.run(
            "encrypted_share", account_ids=[OTHER], leave_others=True, check=check, fails=True, **share
        )
        assert f"has to be used as it is; but it does not have {OTHER}" in failed["msg"]
        used = modules.run("encrypted_share", account_ids=[PARTNER], leave_others=True, check=check, **share)
        assert used["kept"] == ["Using the existing resource share backup; it is left as it is."]
    assert modules.cloud.resources("resource_share") == before
    adopted = modules.run("encrypted_share", account_ids=[PARTNER], adopt=True, **share)
    assert adopted["steps"] == ["adopt the resource share backup"]
    modules.twice("encrypted_share", name="backup", state="absent")


def test_shares_are_read_in_all_regions(modules: Modules) -> None:
    image_id = shareable.image(modules, accounts=[OTHER])
    elsewhere = Modules(modules.cloud, region="cn-shanghai")
    read = elsewhere.run("encrypted_share_info", regions=["all"])
    assert [(one["image_id"], one["region_id"]) for one in read["encrypted_shares"]] == [(image_id, "cn-hangzhou")]
    assert read["unread_regions"] == {}
    assert elsewhere.run("encrypted_share_info", regions=["cn-shanghai"])["encrypted_shares"] == []
    modules.cloud.fault("error", "ecs:DescribeRegions", code="Forbidden.RAM", status=403)
    read = elsewhere.run("encrypted_share_info", regions=["all"])
    assert read["unread_regions"] == {"all other regions": "Forbidden.RAM"}
    failed = elsewhere.run("encrypted_share_info", regions=["all"], image_ids=[image_id], fails=True)
    assert "image_ids is about one region" in failed["msg"]


def test_a_share_of_snapshots_is_read_once_and_outlives_them(modules: Modules) -> None:
    snapshot_id = shareable.snapshot(modules)
    modules.run("encrypted_share", snapshot_ids=[snapshot_id], account_ids=[PARTNER])
    (shown,) = modules.run("encrypted_share_info", regions=["all"])["encrypted_shares"]
    assert (shown["snapshot_ids"], shown["encrypted"], shown["region_id"]) == ([snapshot_id], False, "cn-hangzhou")
    gone = next(one for one in modules.cloud.resources("snapshot") if one["SnapshotId"] == snapshot_id)
    moved = {**gone, "AccountId": PARTNER}
    modules.cloud.preload([{"kind": "snapshot", "id": snapshot_id, "region": shareable.REGION, "data": moved}])
    (shown,) = modules.run("encrypted_share_info")["encrypted_shares"]
    assert (shown["snapshot_ids"], shown["encrypted"]) == ([snapshot_id], None)


def test_an_encrypted_share_is_checked_with_a_role_that_would_be_made(modules: Modules, check_run: CheckRun) -> None:
    key = shareable.key(modules)
    image_id = shareable.image(modules, key)
    check_run("kms_share_role", purpose="share_image", account_ids=[PARTNER], kms_key_ids=[key])
    assert check_run("encrypted_share", image_id=image_id, account_ids=[PARTNER])["changed"]
