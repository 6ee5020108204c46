# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks about keys: share and unshare, the role that encrypted disks take, the right of an instance to a key."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from controller.test_roles import Playbooks
from modules import shareable
from modules.harness import Modules
from modules.network import Network
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
    assert playbooks.changed("share", "--check", **both) == 2, "as if the role were there"
    assert playbooks.writing_calls() == []
    assert playbooks.changed("share", **both) == 2
    assert playbooks.changed("share", **both) == 0
    assert recipients(modules) == [PARTNER, OTHER]
    nobody = playbooks.refused("share", encrypted_share_image_id="", encrypted_share_account_ids=[PARTNER])
    assert "Set either encrypted_share_image_id or encrypted_share_snapshot_ids" in nobody
    playbooks.changed(
        "share", encrypted_share_image_id=two, encrypted_share_account_ids=[PARTNER], encrypted_share_folder_paths=""
    )

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
    modules.cloud.forget_requests()
    unnamed = playbooks.refused("share", **{**share, "encrypted_share_name": ""}, encrypted_share_folder_paths=[folder])
    assert "Set encrypted_share_name" in unnamed
    assert playbooks.writing_calls() == []
    assert playbooks.changed("share", encrypted_share_folder_paths=[folder], **share) == 2
    assert recipients(modules, "share_snapshot") == [folder]
    assert playbooks.changed("unshare", **share) == 2
    assert recipients(modules, "share_snapshot") == []


def test_unshare_takes_up_what_was_cut_off(playbooks: Playbooks, modules: Modules) -> None:
    """After the share has ended, which told whom it was with; and after the role is gone, but not its policies."""
    image = shareable.image(modules, shareable.key(modules))
    share: dict[str, t.Any] = {"encrypted_share_image_id": image, "encrypted_share_account_ids": [PARTNER]}
    playbooks.changed("share", **share)
    modules.run("encrypted_share", state="absent", image_id=image)
    assert playbooks.changed("unshare", encrypted_share_image_id=image) == 1
    assert recipients(modules) == []

    playbooks.changed("share", **share)
    modules.run("encrypted_share", state="absent", image_id=image)
    (role,) = (
        one for one in modules.cloud.resources("role") if one["RoleName"].endswith("ShareEncryptImageDefaultRole")
    )
    call = modules.door().call
    for policy in role["Policies"]:
        names = {name: policy[name] for name in ("PolicyType", "PolicyName")}
        call("ram", "DetachPolicyFromRole", RoleName=role["RoleName"], **names)
    call("ram", "DeleteRole", RoleName=role["RoleName"])
    assert playbooks.changed("unshare", encrypted_share_image_id=image) == 1
    assert not [one for one in modules.cloud.resources("policy") if one["PolicyName"].startswith("alitrust-share")]
    assert playbooks.changed("unshare", encrypted_share_image_id=image) == 0


def test_a_fleet_with_disks_encrypted_by_a_cmk_gets_the_role_that_it_takes(
    playbooks: Playbooks, modules: Modules
) -> None:
    key = shareable.key(modules)
    disk = {"category": "cloud_essd", "size": 40, "encrypted": True, "kms_key_id": key}
    fleet: dict[str, t.Any] = {"fleet_count": 1, "fleet_system_disk": disk, "fleet_data_disks": [disk]}
    playbooks.changed("provision", "--check", **fleet)
    assert not modules.cloud.resources("role")
    playbooks.changed("provision", **fleet)
    assert "AliyunECSDiskEncryptDefaultRole" in {role["RoleName"] for role in modules.cloud.resources("role")}
    assert [disk["KMSKeyId"] for disk in modules.cloud.resources("disk")] == [key, key]


def test_give_an_instance_the_right_to_a_key(playbooks: Playbooks, modules: Modules) -> None:
    key = shareable.key(modules)
    network = Network(modules)
    (bare,) = network.new_instances(network.new_group("web"))
    access: dict[str, t.Any] = {"kms_access_key": "alias/disks", "kms_access_instance_ids": [bare]}
    modules.cloud.forget_requests()
    assert playbooks.changed("kms_access", "--check", **access) == 1
    assert playbooks.writing_calls() == []
    assert playbooks.changed("kms_access", **access) == 1
    (role,) = modules.run("instance_ram_role_info", names=["alitrust-kms"])["instance_ram_roles"]
    assert role["instance_ids"] == [bare]
    name = f"alitrust-kms-access-{key}"
    assert role["policies"] == [{"name": name, "type": "Custom"}]
    (policy,) = [one for one in modules.cloud.resources("policy") if one["PolicyName"] == name]
    assert json.loads(policy["Versions"][-1]["PolicyDocument"])["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": f"acs:kms:cn-hangzhou:{ACCOUNT}:key/{key}",
        }
    ]
    assert playbooks.changed("kms_access", kms_access_full=True, **access) == 1
    (role,) = modules.run("instance_ram_role_info", names=["alitrust-kms"])["instance_ram_roles"]
    assert {"name": "AliyunKMSFullAccess", "type": "System"} in role["policies"]


# ---------------------------------------------------------------------- what others made


def make_role(modules: Modules, name: str, service: str) -> None:
    """A role without policies, as somebody makes it by hand."""
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": [service]}}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    modules.door().call("ram", "CreateRole", RoleName=name, AssumeRolePolicyDocument=document)


def everything_of_ram(modules: Modules) -> t.Any:
    return modules.cloud.resources("role"), modules.cloud.resources("policy")


def test_a_role_of_others_gets_no_right_to_a_key_unless_it_is_adopted(playbooks: Playbooks, modules: Modules) -> None:
    shareable.key(modules)
    network = Network(modules)
    one, two = network.new_instances(network.new_group("web"), count=2)
    make_role(modules, "zz-corp", "ecs.aliyuncs.com")
    modules.run("instance_ram_role", name="aa-ours", policies=[], instance_ids=[one])
    modules.run("instance_ram_role", name="zz-corp", policies=[], instance_ids=[two])
    before = everything_of_ram(modules)
    access: dict[str, t.Any] = {"kms_access_key": "alias/disks", "kms_access_instance_ids": [one, two]}
    refused = playbooks.refused("kms_access", **access)
    assert "The RAM role zz-corp is not this collection's" in refused
    assert everything_of_ram(modules) == before, "nor did the role before it get anything"
    assert playbooks.changed("kms_access", kms_access_adopt=True, **access) == 1
    assert playbooks.changed("kms_access", **access) == 0, "it is ours now"


def test_shares_and_share_roles_of_others_are_left_alone(playbooks: Playbooks, modules: Modules) -> None:
    key = shareable.key(modules)
    image = shareable.image(modules, key, accounts=[OTHER])
    make_role(modules, ROLE, f"{OTHER}@ecs.aliyuncs.com")
    before = everything_of_ram(modules)
    share: dict[str, t.Any] = {"encrypted_share_image_id": image}
    refused = playbooks.refused("share", encrypted_share_account_ids=[PARTNER], **share)
    assert f"it does not trust {PARTNER} and it may not use the key {key}" in refused
    assert "_adopt" in refused
    for check in (["--check"], []):
        counts, output = playbooks.run("unshare", *check, **share)
        assert (counts["failed"], counts["changed"]) == (0, 0), output
        assert f"The share of image {image} with {OTHER} stays" in " ".join(output.split())
    assert everything_of_ram(modules) == before
    assert modules.run("encrypted_share_info")["encrypted_shares"][0]["account_ids"] == [OTHER]
    adopt = {"encrypted_share_adopt": True, **share}
    assert playbooks.changed("share", encrypted_share_account_ids=[PARTNER, OTHER], **adopt) == 2
    assert playbooks.changed("unshare", **share) == 2
    assert recipients(modules) == []


def test_a_share_role_keeps_whom_it_serves_in_another_region(playbooks: Playbooks, modules: Modules) -> None:
    key = shareable.key(modules)
    here = shareable.image(modules, key, number=5)
    share: dict[str, t.Any] = {"encrypted_share_image_id": here, "encrypted_share_account_ids": [PARTNER]}
    playbooks.changed("share", **share)
    there = shareable.image(modules, key, accounts=[PARTNER], number=6)
    record = next(one for one in modules.cloud.resources("image") if one["ImageId"] == there)
    moved = {**record, "RegionId": "cn-shanghai"}
    modules.cloud.preload([{"kind": "image", "id": there, "region": "cn-shanghai", "data": moved}])
    assert playbooks.changed("unshare", **share) == 1
    assert recipients(modules) == [PARTNER]


@pytest.fixture
def account_role(playbooks: Playbooks) -> t.Callable[..., str]:
    """Run the role account, or take it down, and return what was printed on one line."""

    def run(part: str, *arguments: str, **variables: t.Any) -> str:
        role = {"name": "alitrust.ecs.account", "tasks_from": part}
        task = {"ansible.builtin.import_role": role, "vars": {"account_kms": False, **variables}}
        book = playbooks.home / "account.yml"
        book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
        done = playbooks.ansible.command("ansible-playbook", str(book), *arguments)
        assert "Traceback" not in done.stdout + done.stderr
        return f"{' '.join((done.stdout + done.stderr).split())} rc={done.returncode}"

    return run


def test_an_account_s_role_of_others_is_used_as_it_is_and_stays(
    modules: Modules, account_role: t.Callable[..., str]
) -> None:
    make_role(modules, "corp-prod", "ecs.aliyuncs.com")
    make_role(modules, "corp-people", "fc.aliyuncs.com")
    before = everything_of_ram(modules)
    for arguments in (["--check"], []):
        used = account_role("main", *arguments, account_ram_role_name="corp-prod")
        assert "Using the existing RAM role corp-prod" in used
        assert "changed=0 " in used
        refused = account_role("main", *arguments, account_ram_role_name="corp-people")
        assert "ecs.aliyuncs.com may not assume it" in refused
        assert "_adopt" in refused
        kept = account_role("absent", *arguments, account_ram_role_name="corp-prod")
        assert "The RAM role corp-prod stays" in kept
        assert kept.endswith("rc=0")
    assert everything_of_ram(modules) == before
    assert "changed=1 " in account_role("main", account_ram_role_name="corp-prod", account_adopt=True)
    assert "changed=1 " in account_role("absent", account_ram_role_name="corp-prod")
    assert [role["RoleName"] for role in modules.cloud.resources("role")] == ["corp-people"]


def test_an_account_s_role_goes_with_its_last_user(modules: Modules, account_role: t.Callable[..., str]) -> None:
    there = Modules(modules.cloud, region="cn-shanghai")
    account_role("main")
    network = Network(there, zone="cn-shanghai-g")
    (instance,) = network.new_instances(network.new_group("web"))
    there.run("instance_ram_role", name="alitrust-instance", instance_ids=[instance])
    for arguments in (["--check"], []):
        kept = account_role("absent", *arguments)
        assert f"The RAM role alitrust-instance stays: it is still used by {instance} in the region cn-shanghai" in kept
        assert "changed=0 " in kept
        assert kept.endswith("rc=0")
    there.door().call("ecs", "DeleteInstances", InstanceId=[instance], Force=True)
    assert "changed=1 " in account_role("absent")
    assert not modules.cloud.resources("role")


def test_an_account_has_a_key_in_its_kms_instance(modules: Modules, account_role: t.Callable[..., str]) -> None:
    modules.run("kms_service")
    modules.cloud.kms_instance("kst-1")
    modules.cloud.set("kms.keys_without_instance", 0)
    wanted = {"account_kms_key_alias": "disks"}
    refused = account_role("main", **wanted)
    assert "Give dkms_instance_id: kst-1, which is the only enabled one in the region" in refused
    wanted["account_dkms_instance_id"] = "kst-1"
    assert "changed=2 " in account_role("main", **wanted)
    assert "changed=0 " in account_role("main", **wanted)
    account_role("absent", **wanted)
    (key,) = modules.run("kms_key_info", dkms_instance_id="kst-1")["kms_keys"]
    assert (key["aliases"], key["key_state"]) == (["alias/disks"], "Enabled"), "what is encrypted with it is not lost"
