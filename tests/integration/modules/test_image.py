# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""snapshot, image and their _info twins: made, copied, encrypted, changed, shared, deleted."""

from __future__ import annotations

import typing as t

import pytest
from modules.harness import CheckRun, Modules
from modules.network import Network

OWNER = "alitrust.ecs:owner"
FAR = "cn-beijing"
PARTNER = "1111222233334444"


class Account:
    """An account with one instance, and what can be made of it.

    :ivar disk: ID of its system disk
    """

    def __init__(self, modules: Modules) -> None:
        self.modules, self.local = modules, modules.cloud
        self.network = Network(modules)
        self.api = self.network.api
        (self.instance,) = self.network.new_instances(self.network.new_group("web"))
        self.disk = self.api.pages("ecs", "DescribeDisks", InstanceId=self.instance)[0]["DiskId"]
        for name in ("ecs.snapshot_seconds", "ecs.image_seconds"):
            self.local.set(name, 0.05)
        self.local.forget_requests()

    def snapshot(self, **more: t.Any) -> str:
        """A snapshot of the disk, made by the module."""
        options = {"name": "base", "disk_id": self.disk, **more}
        return str(self.modules.run("snapshot", **options)["snapshot"]["snapshot_id"])

    def image(self, **more: t.Any) -> str:
        """An image of the instance, made by the module."""
        options = {"name": "golden", "instance_id": self.instance, **more}
        return str(self.modules.run("image", **options)["image"]["image_id"])

    def key(self) -> str:
        """A key of one's own that ECS may use."""
        self.modules.run("kms_service")
        key = self.modules.run("kms_key", alias="disks")["kms_key"]["key_id"]
        self.modules.run("kms_share_role", purpose="disk_encrypt")
        return str(key)

    def writes(self) -> list[str]:
        return [name for name in self.local.counts() if not name.partition(":")[2].startswith(("Describe", "List"))]


@pytest.fixture
def account(modules: Modules) -> Account:
    return Account(modules)


# ---------------------------------------------------------------------- snapshots


def test_make_a_snapshot_of_a_disk(modules: Modules, account: Account) -> None:
    options = {"name": "before", "disk_id": account.disk, "retention_days": 30, "tags": {"team": "ops"}}
    made = modules.twice("snapshot", **options)["snapshot"]
    assert made["status"] == "accomplished"
    assert (made["disk_id"], made["disk_type"], made["retention_days"]) == (account.disk, "system", 30)
    assert made["tags"] == {"team": "ops", OWNER: "before"}
    (shown,) = modules.run("snapshot_info", disk_id=account.disk)["snapshots"]
    assert shown == made
    assert modules.run("snapshot_info", names=["other"])["snapshots"] == []


def test_change_a_snapshot_in_place(modules: Modules, account: Account) -> None:
    account.snapshot(tags={"team": "ops"})
    new = {"description": "before the update", "retention_days": 7, "tags": {"team": "dev"}}
    changed = modules.twice("snapshot", name="base", **new)["snapshot"]
    assert (changed["description"], changed["retention_days"]) == ("before the update", 7)
    assert changed["tags"] == {"team": "dev", OWNER: "base"}


def test_a_copy_within_the_region_is_encrypted_with_the_service_key_or_a_cmk(
    modules: Modules, account: Account
) -> None:
    source, key = account.snapshot(), account.key()
    plain = modules.run("snapshot", name="copy", source_snapshot_id=source, fails=True)
    assert "only encrypted copies are made" in plain["msg"]
    made = modules.twice("snapshot", name="copy", source_snapshot_id=source, encrypted=True)["snapshot"]
    assert made["encrypted"]
    assert made["kms_key_id"] != key
    assert (made["source_snapshot_id"], made["source_region"]) == (source, "cn-hangzhou")
    own = {"source_snapshot_id": source, "encrypted": True, "kms_key_id": "alias/disks"}
    assert modules.twice("snapshot", name="to-share", **own)["snapshot"]["kms_key_id"] == key
    other = modules.run("snapshot", name="copy", source_snapshot_id=source, encrypted=True, kms_key_id=key, fails=True)
    assert "kms_key_id" in other["msg"]
    assert "cannot be changed in place" in other["msg"]


def test_copy_a_snapshot_to_another_region(modules: Modules, account: Account) -> None:
    source = account.snapshot()
    far = Modules(modules.cloud, FAR)
    made = far.twice("snapshot", name="far", source_snapshot_id=source, source_region="cn-hangzhou")["snapshot"]
    assert not made["encrypted"]
    assert [one["name"] for one in far.run("snapshot_info")["snapshots"]] == ["far"]
    assert [one["name"] for one in modules.run("snapshot_info")["snapshots"]] == ["base"]
    assert far.twice("snapshot", name="far", state="absent")["snapshot"] is None


def test_a_snapshot_that_an_image_was_made_of_stays(modules: Modules, account: Account) -> None:
    source = account.snapshot()
    modules.run("image", name="golden", snapshot_id=source)
    account.local.forget_requests()
    for force in (False, True):
        refused = modules.run("snapshot", name="base", state="absent", force=force, fails=True)
        assert "still used by 1 image (m-" in refused["msg"]
    kept = modules.run("snapshot", name="base", state="absent", leave_others=True)
    assert not kept["changed"]
    assert "still used" in kept["kept"][0]
    assert account.writes() == []
    modules.run("image", name="golden", state="absent")
    modules.twice("snapshot", name="base", state="absent")


def test_force_overlooks_disks_and_nothing_else_does(modules: Modules, account: Account) -> None:
    source = account.snapshot()
    account.api.call("ecs", "CreateDisk", ZoneId="cn-hangzhou-h", SnapshotId=source, DiskCategory="cloud_essd", Size=40)
    refused = modules.run("snapshot", name="base", state="absent", fails=True)
    assert "still used by 1 disk (d-" in refused["msg"]
    assert modules.run("snapshot", name="base", state="absent", force=True)["changed"]


def test_what_others_made_is_left_alone(modules: Modules, account: Account) -> None:
    theirs = account.api.call("ecs", "CreateSnapshot", DiskId=account.disk, SnapshotName="base")["SnapshotId"]
    account.local.clock_advance(10)
    refused = modules.run("snapshot", name="base", state="absent", fails=True)
    assert f"does not carry the tag {OWNER}" in refused["msg"]
    tasks: list[dict[str, t.Any]] = [{"state": "absent"}, {"description": "mine"}]
    for task in tasks:
        left = modules.attempt("snapshot", name="base", leave_others=True, **task)
        assert not left["changed"]
        assert theirs in left["kept"][0]
    assert modules.twice("snapshot", name="base", adopt=True)["snapshot"]["tags"] == {OWNER: "base"}
    assert modules.twice("snapshot", snapshot_id=theirs, state="absent")["snapshot"] is None


def test_two_of_one_name_are_listed(modules: Modules, account: Account) -> None:
    for _number in (0, 1):
        account.api.call("ecs", "CreateSnapshot", DiskId=account.disk, SnapshotName="base")
        account.local.clock_advance(10)
    assert "2 snapshots are named base: s-" in modules.run("snapshot", name="base", fails=True)["msg"]


def test_a_snapshot_of_another_disk_is_not_taken_for_it(modules: Modules, account: Account) -> None:
    account.snapshot()
    (other,) = account.network.new_instances(account.network.new_group("other"))
    disk = account.api.pages("ecs", "DescribeDisks", InstanceId=other)[0]["DiskId"]
    refused = modules.run("snapshot", name="base", disk_id=disk, fails=True)
    assert f"has disk_id {account.disk}, not {disk}" in refused["msg"]


def test_an_interrupted_run_is_waited_for(modules: Modules, account: Account) -> None:
    account.local.set("ecs.snapshot_seconds", 600)
    late = modules.run("snapshot", name="slow", disk_id=account.disk, wait_timeout=1, fails=True)
    assert "last seen: progressing 0%" in late["msg"]
    account.local.clock_advance(601)
    done = modules.run("snapshot", name="slow", disk_id=account.disk)
    assert not done["changed"]
    assert done["snapshot"]["status"] == "accomplished"


def test_a_snapshot_that_failed_is_not_taken_for_one(modules: Modules, account: Account) -> None:
    snapshot_id = account.snapshot()
    (record,) = modules.cloud.resources("snapshot")
    data = {**record, "Status": "failed"}
    modules.cloud.preload([{"kind": "snapshot", "id": snapshot_id, "region": "cn-hangzhou", "data": data}])
    failed = modules.run("snapshot", name="base", disk_id=account.disk, fails=True)
    assert "is failed, so that it cannot be used" in failed["msg"]
    assert "state: absent" in failed["msg"]
    assert modules.run("snapshot", name="base", state="absent")["changed"]


# ---------------------------------------------------------------------- images


def test_make_an_image_of_an_instance(modules: Modules, account: Account) -> None:
    options = {"name": "golden", "instance_id": account.instance, "family": "web", "description": "release 4"}
    made = modules.twice("image", **options)["image"]
    assert (made["status"], made["family"], made["owner"]) == ("Available", "web", "self")
    assert made["tags"] == {OWNER: "golden"}
    (shown,) = modules.run("image_info", family="web")["images"]
    assert shown == made
    assert [one["snapshot_id"] for one in modules.run("snapshot_info")["snapshots"]] == made["snapshot_ids"]


def test_make_an_image_of_a_snapshot(modules: Modules, account: Account) -> None:
    source = account.snapshot()
    made = modules.twice("image", name="golden", snapshot_id=source)["image"]
    assert made["snapshot_ids"] == [source]


def test_change_an_image_in_place(modules: Modules, account: Account) -> None:
    account.image()
    changed = modules.twice("image", name="golden", description="release 5", family="web", tags={"a": "b"})["image"]
    assert (changed["description"], changed["family"]) == ("release 5", "web")


def test_a_copy_that_can_be_shared(modules: Modules, account: Account) -> None:
    """What encrypted_share advises where an image is encrypted with the service key."""
    source, key = account.image(), account.key()
    service = modules.twice("image", name="service", source_image_id=source, encrypted=True)["image"]
    assert service["encrypted"]
    modules.run("kms_share_role", purpose="share_image", account_ids=[PARTNER], kms_key_ids=[key])
    refused = modules.run("encrypted_share", image_id=service["image_id"], account_ids=[PARTNER], fails=True)
    assert "service key" in refused["msg"]
    own = {"source_image_id": service["image_id"], "encrypted": True, "kms_key_id": "alias/disks"}
    copy = modules.twice("image", name="to-share", **own)["image"]
    assert (copy["kms_key_ids"], copy["is_copy"]) == ([key], True)
    assert modules.run("encrypted_share", image_id=copy["image_id"], account_ids=[PARTNER])["changed"]
    (shared,) = modules.run("image_info", names=["to-share"])["images"]
    assert shared["is_shared"]


def test_copy_an_image_to_another_region(modules: Modules, account: Account) -> None:
    source = account.image()
    modules.run("kms_service")
    far = Modules(modules.cloud, FAR)
    where = {"source_image_id": source, "source_region": "cn-hangzhou"}
    assert not far.twice("image", name="far", **where)["image"]["encrypted"]
    assert far.twice("image", name="sealed", encrypted=True, **where)["image"]["encrypted"]
    assert {one["name"] for one in far.run("image_info")["images"]} == {"far", "sealed"}
    assert [one["name"] for one in modules.run("image_info")["images"]] == ["golden"]


def test_delete_an_image_and_then_its_snapshots(modules: Modules, account: Account) -> None:
    account.image()
    gone = modules.twice("image", name="golden", state="absent")
    assert gone["image"] is None
    (left,) = gone["snapshot_ids"]
    modules.run("snapshot", snapshot_id=left, state="absent", adopt=True)
    assert modules.cloud.resources("snapshot") == []


def test_a_shared_image_and_one_with_instances_stay(modules: Modules, account: Account) -> None:
    image = account.image()
    account.api.call("ecs", "ModifyImageSharePermission", ImageId=image, AddAccount=[PARTNER])
    account.local.forget_requests()
    refused = modules.run("image", name="golden", state="absent", force=True, fails=True)
    assert f"1 account that it is shared with ({PARTNER})" in refused["msg"]
    assert account.writes() == []
    account.api.call("ecs", "ModifyImageSharePermission", ImageId=image, RemoveAccount=[PARTNER])
    (instance,) = account.network.new_instances(account.network.new_group("more"), ImageId=image)
    refused = modules.run("image", name="golden", state="absent", fails=True)
    assert f"1 instance ({instance})" in refused["msg"]
    assert modules.run("image", name="golden", state="absent", force=True)["changed"]


def test_public_images_are_neither_changed_nor_deleted(modules: Modules, account: Account) -> None:
    public = modules.run("image_info", owner="system")["images"][0]["image_id"]
    for task in ({"state": "absent", "adopt": True}, {"description": "mine"}):
        assert "is not the account's own" in modules.run("image", image_id=public, fails=True, **task)["msg"]


def test_a_check_from_nothing_knows_what_would_be_made(modules: Modules, account: Account) -> None:
    modules.run("kms_service")
    check = CheckRun(modules)
    snapshot = check("snapshot", name="base", disk_id=account.disk)["snapshot"]
    assert snapshot["status"] is None
    image = check("image", name="golden", snapshot_id=snapshot["snapshot_id"])["image"]
    copy = check("image", name="copy", source_image_id=image["image_id"], encrypted=True)["image"]
    assert copy["encrypted"]
    assert [one["name"] for one in check("image_info")["images"]] == ["copy", "golden"]
    assert check("image", name="copy", state="absent")["image"] is None
    assert [one["name"] for one in check("image_info")["images"]] == ["golden"]
    assert not modules.cloud.resources("image")


@pytest.mark.parametrize("module", ["snapshot", "image"])
def test_reads_that_are_behind_are_waited_for(modules: Modules, account: Account, module: str) -> None:
    source = {"snapshot": {"disk_id": account.disk}, "image": {"instance_id": account.instance}}[module]
    modules.cloud.fault("read_lag", times=None, seconds=0.5)
    options = {"name": "late", **source}
    assert modules.run(module, **options)["changed"]
    assert not modules.run(module, **options)["changed"]
    assert modules.run(module, name="late", state="absent")["changed"]
    assert not modules.run(module, name="late", state="absent")["changed"]
