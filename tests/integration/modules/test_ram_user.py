# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.ram_user, ram_group and their info modules against the local cloud."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import typing as t
from pathlib import Path

import pytest
from modules.harness import CheckRun, Modules

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import AccessDenied
from ansible_collections.alitrust.ecs.plugins.module_utils._ram import access_key_file

PASSWORD = "Canary-Pass-1"
READ_ONLY = {"name": "AliyunECSReadOnlyAccess", "type": "System"}
FULL = {"name": "AliyunECSFullAccess", "type": "System"}
FAULTS = ["drop_before_commit", "drop_after_commit", "throttling", "internal_error", "empty_body"]


def user(modules: Modules, name: str = "ann") -> dict[str, t.Any]:
    return next(one for one in modules.cloud.resources("user") if one["UserName"] == name)


def keys(modules: Modules) -> list[str]:
    return [one["AccessKeyId"] for one in modules.cloud.resources("access_key") if one["UserName"]]


# ---------------------------------------------------------------------- users


def test_create_a_ram_user(modules: Modules) -> None:
    created = modules.twice("ram_user", name="ann", display_name="Ann", email="ann@example.com")
    assert created["steps"] == ["create user ann"]
    shown = created["ram_user"]
    assert (shown["display_name"], shown["email"], shown["console_login"]) == ("Ann", "ann@example.com", False)

    changed = modules.twice(
        "ram_user", name="ann", display_name="Ann E.", comments="Ops", mobile_phone="86-13000000000"
    )
    assert changed["steps"] == ["change the display name and comments and mobile phone of user ann"]
    assert changed["ram_user"]["email"] == "ann@example.com", "what is not given stays"

    gone = modules.twice("ram_user", name="ann", state="absent")
    assert gone["ram_user"] == gone["diff"]["after"] == {}
    assert not modules.cloud.resources("user")


def test_give_a_ram_user_a_console_password(modules: Modules) -> None:
    rules = {"password_reset_required": True, "mfa_bind_required": True}
    created = modules.twice("ram_user", name="ann", password=PASSWORD, **rules)
    assert created["steps"] == ["create user ann", "let user ann log on to the console"]
    shown = created["ram_user"]
    assert [shown[key] for key in ("console_login", *rules)] == [True, True, True]
    first = user(modules)["LoginProfile"]["Hash"]
    modules.run("ram_user", name="ann", password="Another-Pass-2")
    assert user(modules)["LoginProfile"]["Hash"] == first, "it stays, unless a new one is asked for"

    relaxed = modules.twice("ram_user", name="ann", password_reset_required=False)
    assert relaxed["steps"] == ["change the rules for the logon of user ann"]
    anew = modules.run("ram_user", name="ann", password="Another-Pass-2", update_password="always")
    assert anew["steps"] == ["change the password of user ann"]
    assert user(modules)["LoginProfile"]["Hash"] != first

    ended = modules.twice("ram_user", name="ann", console_login=False)
    assert ended["ram_user"]["console_login"] is False
    assert "LoginProfile" not in user(modules)


def test_a_password_is_never_shown(modules: Modules) -> None:
    results = [
        modules.run("ram_user", name="ann", password=PASSWORD, check=True),
        modules.run("ram_user", name="ann", password=PASSWORD),
        modules.run("ram_user", name="ann", password=PASSWORD, update_password="always"),
    ]
    modules.cloud.fault("error", "ram:UpdateLoginProfile", code="InvalidPassword", status=400)
    results.append(
        modules.run("ram_user", name="ann", password=PASSWORD, update_password="always", fails=True),
    )
    assert PASSWORD not in str(results).replace("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "")
    assert PASSWORD not in json.dumps(modules.cloud.resources("user"))


def test_generate_a_console_password_that_nobody_sees(modules: Modules, tmp_path: Path) -> None:
    path = tmp_path / "ann.password"
    foretold = modules.run("ram_user", name="ann", password_file=str(path), check=True)
    assert not path.exists()
    made = modules.twice("ram_user", name="ann", password_file=str(path))
    steps = ["create user ann", f"make a password of user ann in {path}", "let user ann log on to the console"]
    assert foretold["steps"] == made["steps"] == steps
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    password = path.read_text().removesuffix("\n")
    assert len(password) == 32
    assert all(re.search(kind, password) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]")), (
        "it meets every password policy"
    )
    first = user(modules)["LoginProfile"]["Hash"]

    path.unlink()  # handed over
    assert not modules.run("ram_user", name="ann", password_file=str(path))["changed"]
    assert not path.exists()
    anew = modules.run("ram_user", name="ann", password_file=str(path), update_password="always")
    assert anew["steps"] == [f"make a password of user ann in {path}", "change the password of user ann"]
    assert path.read_text() != password + "\n"
    assert user(modules)["LoginProfile"]["Hash"] != first
    assert not [one for one in (password, path.read_text().strip()) if one in str([foretold, made, anew])]
    assert os.listdir(tmp_path) == ["ann.password"]


def test_a_password_that_was_made_before_a_run_broke_off_is_set_by_the_next(modules: Modules, tmp_path: Path) -> None:
    path = tmp_path / "ann.password"
    modules.cloud.fault("error", "ram:CreateLoginProfile", code="InvalidPassword", status=400)
    failed = modules.run("ram_user", name="ann", password_file=str(path), fails=True)
    password = path.read_text()
    assert f"make a password of user ann in {path}" in failed["steps_done"]
    assert password.strip() not in str(failed)
    modules.cloud.clear_faults()
    path.chmod(0o644)
    again = modules.twice("ram_user", name="ann", password_file=str(path))
    assert again["steps"] == [f"take the rights of others from {path}", "let user ann log on to the console"]
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == (password, 0o600)


def test_create_an_access_key_of_a_ram_user_in_a_file(modules: Modules, tmp_path: Path) -> None:
    path = tmp_path / "ann.json"
    options: dict[str, t.Any] = {"name": "ann", "access_key_file": str(path)}
    foretold = modules.run("ram_user", check=True, **options)
    assert not path.exists()
    made = modules.run("ram_user", **options)
    assert foretold["steps"] == made["steps"] == ["create user ann", f"create an AccessKey pair of user ann in {path}"]
    assert foretold["diff"] == made["diff"]
    written = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert [key["id"] for key in made["ram_user"]["access_keys"]] == [written["access_key_id"]] == keys(modules)
    assert written["access_key_secret"] not in json.dumps(made)
    assert os.listdir(tmp_path) == [path.name]

    door = modules.door(access_key_id=written["access_key_id"], access_key_secret=written["access_key_secret"])
    assert door.call("sts", "GetCallerIdentity")["IdentityType"] == "RAMUser"
    assert not modules.run("ram_user", **options)["changed"]
    path.chmod(0o644)
    assert modules.twice("ram_user", **options)["steps"] == [f"take the rights of others from {path}"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_access_key_file_is_never_overwritten(modules: Modules, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    modules.run("ram_user", name="ann", access_key_file=str(path))
    content = path.read_bytes()
    refused = modules.run("ram_user", name="bob", access_key_file=str(path), fails=True)
    assert "it is never overwritten" in refused["msg"]
    assert path.read_bytes() == content
    assert [one["UserName"] for one in modules.cloud.resources("user")] == ["ann"]
    path.write_text("something else")
    assert "has no AccessKey pair" in modules.run("ram_user", name="ann", access_key_file=str(path), fails=True)["msg"]


def test_a_third_access_key_is_refused_before_anything_is_changed(modules: Modules, tmp_path: Path) -> None:
    modules.run("ram_user", name="ann", access_key_file=str(tmp_path / "1"))
    second = modules.run("ram_user", name="ann", access_key_file=str(tmp_path / "2"))
    assert "this is a second AccessKey pair" in str(second["warnings"])
    options: dict[str, t.Any] = {"name": "ann", "access_key_file": str(tmp_path / "3"), "comments": "Ops"}
    assert "are the most that are possible" in modules.run("ram_user", fails=True, **options)["msg"]
    assert user(modules)["Comments"] == "[alitrust.ecs:owner]"
    assert not (tmp_path / "3").exists()


def test_an_access_key_whose_answer_got_lost_is_told(modules: Modules, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    modules.cloud.fault("drop_after_commit", "ram:CreateAccessKey")
    failed = modules.run("ram_user", name="ann", access_key_file=str(path), fails=True)
    assert failed["access_key_ids"] == keys(modules)
    assert keys(modules)[0] in failed["msg"]
    assert not os.listdir(tmp_path)
    modules.run("ram_user", name="ann", access_key_file=str(path))
    assert len(keys(modules)) == 2


def test_an_access_key_that_cannot_be_kept_is_deleted_again(
    modules: Modules, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(access_key_file.Destination, "keep", full)
    path = tmp_path / "key.json"
    failed = modules.run("ram_user", name="ann", access_key_file=str(path), fails=True)
    assert f"could not be written to {path}: No space left on device. It was deleted again" in failed["msg"]
    assert not keys(modules)
    assert not os.listdir(tmp_path)


def test_what_is_left_of_another_users_pair_is_not_written_over(modules: Modules, tmp_path: Path) -> None:
    """A run for ann was killed when it had got a pair; its secret is nowhere else."""
    path, left = tmp_path / "key.json", tmp_path / ".key.json.new"
    modules.run("ram_user", name="ann", access_key_file=str(path))
    path.rename(left)
    kept = left.read_text()
    refused = modules.run("ram_user", name="bob", access_key_file=str(path), fails=True)
    assert "what a task for the user ann has left, or is at" in refused["msg"]
    assert str(left) in refused["msg"]
    assert "bob" not in {one["UserName"] for one in modules.cloud.resources("user")}
    assert left.read_text() == kept
    modules.run("ram_user", name="bob", access_key_file=str(tmp_path / "other.json"))
    (tmp_path / "other.json").rename(path)
    assert not modules.run("ram_user", name="bob", access_key_file=str(path))["changed"]
    assert left.read_text() == kept, "nor is it tidied up"
    path.unlink()
    modules.run("ram_user", name="ann", access_key_file=str(path))
    assert not left.exists()
    assert len(keys(modules)) == 2, "one each"


def test_authorize_a_ram_user(modules: Modules) -> None:
    modules.run("ram_policy", name="create", template="create_pay_as_you_go_instances")
    both = [READ_ONLY, {"name": "create"}]
    given = modules.twice("ram_user", name="ann", policies=both)
    assert given["ram_user"]["policies"] == [READ_ONLY, {"name": "create", "type": "Custom"}]
    more = modules.twice("ram_user", name="ann", policies=[FULL])
    assert len(more["ram_user"]["policies"]) == 3, "others stay"
    exact = modules.twice("ram_user", name="ann", policies=[FULL], purge_policies=True)
    assert exact["ram_user"]["policies"] == [FULL]


def test_move_a_ram_user_to_another_group(modules: Modules) -> None:
    for name in ("Developers", "SysAdmins"):
        modules.run("ram_group", name=name)
    modules.run("ram_user", name="ann", groups=["Developers"])
    moved = modules.twice("ram_user", name="ann", groups=["SysAdmins"], purge_groups=True)
    assert moved["ram_user"]["groups"] == ["SysAdmins"]
    assert moved["steps"] == ["add user ann to group SysAdmins", "remove user ann from group Developers"]


def test_delete_a_ram_user(modules: Modules, tmp_path: Path) -> None:
    modules.run("ram_group", name="ops")
    modules.run(
        "ram_user",
        name="ann",
        password=PASSWORD,
        groups=["ops"],
        policies=[READ_ONLY],
        access_key_file=str(tmp_path / "key.json"),
    )
    refused = modules.run("ram_user", name="ann", state="absent", fails=True)
    assert keys(modules)[0] in refused["msg"]
    assert user(modules)["Groups"] == ["ops"], "nothing was changed"
    gone = modules.twice("ram_user", name="ann", state="absent", delete_access_keys=True)
    assert len(gone["steps"]) == 5
    assert not modules.cloud.resources("user")
    assert not keys(modules)


# ---------------------------------------------------------------------- groups


def test_create_a_ram_user_group(modules: Modules) -> None:
    for name in ("ann", "bob"):
        modules.run("ram_user", name=name)
    created = modules.twice("ram_group", name="ops", comments="Ops", users=["bob", "ann"], policies=[FULL])
    assert (created["ram_group"]["users"], created["ram_group"]["policies"]) == (["ann", "bob"], [FULL])
    changed = modules.twice("ram_group", name="ops", comments="Sysadmins", users=["ann"], policies=[READ_ONLY])
    assert changed["ram_group"]["users"] == ["ann", "bob"], "others stay"
    exact = modules.twice(
        "ram_group", name="ops", users=["ann"], purge_users=True, policies=[READ_ONLY], purge_policies=True
    )
    assert (exact["ram_group"]["users"], exact["ram_group"]["policies"]) == (["ann"], [READ_ONLY])


def test_delete_a_ram_user_group(modules: Modules) -> None:
    modules.run("ram_user", name="ann")
    modules.run("ram_group", name="ops", users=["ann"], policies=[FULL])
    refused = modules.run("ram_group", name="ops", state="absent", fails=True)
    assert "has users: ann" in refused["msg"]
    modules.twice("ram_group", name="ops", state="absent", remove_users=True)
    assert not modules.cloud.resources("group")
    assert user(modules)["Groups"] == [], "the user stays"


def test_give_a_ram_user_group_permissions(modules: Modules, tmp_path: Path) -> None:
    """The users of a group may do what its policies allow, from the moment they are in it."""
    path = tmp_path / "key.json"
    modules.run("ram_user", name="ann", access_key_file=str(path))
    key = json.loads(path.read_text())
    door = modules.door(access_key_id=key["access_key_id"], access_key_secret=key["access_key_secret"])
    with pytest.raises(AccessDenied):
        door.call("ecs", "DescribeRegions")
    modules.run("ram_group", name="ops", users=["ann"], policies=[READ_ONLY])
    assert door.call("ecs", "DescribeRegions")


def test_deny_a_group_access_from_outside_the_corporate_network(modules: Modules, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    modules.run("ram_user", name="ann", policies=[READ_ONLY], access_key_file=str(path))
    key = json.loads(path.read_text())
    door = modules.door(access_key_id=key["access_key_id"], access_key_secret=key["access_key_secret"])
    for network, allowed in (("203.0.113.0/24", False), ("127.0.0.0/8", True)):
        condition = {"NotIpAddress": {"acs:SourceIp": [network]}}
        statement = {"Effect": "Deny", "Action": "ecs:*", "Resource": "*", "Condition": condition}
        modules.twice("ram_policy", name="office", document={"Version": "1", "Statement": [statement]})
        modules.run("ram_group", name="staff", users=["ann"], policies=[{"name": "office"}])
        if allowed:
            assert door.call("ecs", "DescribeRegions")
        else:
            with pytest.raises(AccessDenied):
                door.call("ecs", "DescribeRegions")


# ---------------------------------------------------------------------- trouble


@pytest.mark.parametrize("fault", FAULTS)
def test_trouble_is_outlasted_and_nothing_is_done_twice(modules: Modules, fault: str) -> None:
    for operation in (
        *("CreateGroup", "CreateUser", "CreateLoginProfile", "AddUserToGroup", "AttachPolicyToUser"),
        *("RemoveUserFromGroup", "DetachPolicyFromUser", "DeleteLoginProfile", "DeleteUser", "DeleteGroup"),
    ):
        modules.cloud.fault(fault, f"ram:{operation}")
    modules.run("ram_group", name="ops")
    wanted: dict[str, t.Any] = {"name": "ann", "display_name": "Ann", "groups": ["ops"], "policies": [READ_ONLY]}
    modules.run("ram_user", password=PASSWORD, **wanted)
    assert not modules.run("ram_user", **wanted)["changed"]
    modules.run("ram_user", name="ann", state="absent")
    modules.run("ram_group", name="ops", state="absent")
    assert not modules.cloud.resources("user") + modules.cloud.resources("group")


def test_reads_behind_writes_are_waited_for(modules: Modules) -> None:
    modules.cloud.fault("read_lag", "ram:*", times=None, seconds=0.5)
    modules.run("ram_group", name="ops")
    wanted: dict[str, t.Any] = {"name": "ann", "groups": ["ops"], "policies": [READ_ONLY]}
    modules.run("ram_user", **wanted)
    assert not modules.run("ram_user", **wanted)["changed"]
    modules.run("ram_user", name="ann", state="absent")
    assert not modules.run("ram_user", name="ann", state="absent")["changed"]


# ---------------------------------------------------------------------- info


def test_query_ram_users_and_groups(modules: Modules) -> None:
    modules.run("ram_group", name="ops", policies=[FULL])
    made = modules.run("ram_user", name="ann", password=PASSWORD, groups=["ops"])
    modules.run("ram_user", name="bob")
    asked = modules.run("ram_user_info", names=["ann", "nobody"])
    assert asked["ram_users"] == [made["ram_user"]]
    assert [one["name"] for one in modules.run("ram_user_info")["ram_users"]] == ["ann", "bob"]
    group = modules.run("ram_group", name="ops")["ram_group"]
    assert group["users"] == ["ann"]
    assert modules.run("ram_group_info")["ram_groups"] == [group]
    assert modules.run("ram_group_info", names=["nothing"])["ram_groups"] == []


# ---------------------------------------------------------------------- what others made


@pytest.fixture
def theirs(modules: Modules) -> t.Callable[[], t.Any]:
    """A user and a group that were made by hand; what is called reads both."""
    door = modules.door()
    door.call("ram", "CreateUser", UserName="ann", Comments="by hand")
    door.call("ram", "CreateGroup", GroupName="ops", Comments="by hand")
    door.call("ram", "AddUserToGroup", UserName="ann", GroupName="ops")
    return lambda: (modules.cloud.resources("user"), modules.cloud.resources("group"))


@pytest.mark.parametrize(
    ("module", "name", "options"),
    [
        ("ram_user", "ann", {"state": "absent"}),
        ("ram_user", "ann", {"groups": [], "purge_groups": True}),
        ("ram_group", "ops", {"state": "absent", "remove_users": True}),
        ("ram_group", "ops", {"users": [], "purge_users": True}),
    ],
)
def test_what_others_made_loses_something_only_when_it_is_adopted(
    modules: Modules, theirs: t.Callable[[], t.Any], module: str, name: str, options: dict[str, t.Any]
) -> None:
    before = theirs()
    for check in (True, False):
        failed = modules.run(module, name=name, check=check, fails=True, **options)
        assert "[alitrust.ecs:owner] in its comments: this collection did not make it" in failed["msg"]
        kept = modules.run(module, name=name, check=check, leave_others=True, **options)
        assert not kept["changed"]
        assert kept["kept"]
    assert theirs() == before
    modules.twice(module, name=name, adopt=True, **options)


def test_what_was_made_here_is_known_by_its_comments(modules: Modules) -> None:
    for module in ("ram_user", "ram_group"):
        made = modules.twice(module, name="ann", comments="Ops")
        assert made[module]["comments"] == "Ops"
        modules.twice(module, name="ann", comments="More")
        modules.twice(module, name="ann", state="absent", leave_others=True)


def test_a_user_that_is_adopted_keeps_its_comments(modules: Modules, theirs: t.Callable[[], t.Any]) -> None:
    adopted = modules.run("ram_user", name="ann", adopt=True)
    assert adopted["steps"] == ["adopt user ann"]
    assert adopted["ram_user"]["comments"] == "by hand"
    assert not modules.run("ram_user", name="ann", adopt=True)["changed"]
    assert modules.run("ram_user_info", names=["ann"])["ram_users"][0]["comments"] == "by hand"
    modules.twice("ram_user", name="ann", state="absent")


def test_users_and_groups_are_checked_from_nothing(modules: Modules, check_run: CheckRun) -> None:
    check_run("ram_user", name="ann")
    assert check_run("ram_group", name="ops", users=["ann"])["changed"]
    assert check_run("ram_user", name="bob", groups=["ops"])["changed"]
    assert not check_run("ram_user", name="ann")["changed"], "it would be there by now"
    assert check_run("ram_user", name="ann", state="absent")["changed"]
    assert not check_run("ram_user", name="ann", state="absent")["changed"]
