# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module preflight_info: what it tells, what it asks for, and what it leaves alone.

What wrong values bring is in C(tests/integration/preflight).
"""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

import policies
import pytest
from modules.harness import Modules
from rights.users import Users

PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ ops"
WRITES = ("Describe", "Get", "List")


class Chain:
    """The tasks that make a fleet from nothing, by their modules."""

    def __init__(self, modules: Modules, folder: Path) -> None:
        self.modules = modules
        self.cloud = modules.cloud
        for name in ("pending", "created_stopped", "starting", "stopping"):
            self.cloud.set(f"ecs.{name}_seconds", 0.05)
        self.cloud.set("vpc.pending_seconds", 0.05)
        self.options: dict[str, dict[str, t.Any]] = {
            "kms_service": {},
            "instance_ram_role": {"name": "alitrust-instance"},
            "vpc": {
                "name": "web",
                "cidr_block": "172.16.0.0/16",
                "vswitches": [{"name": "web", "zone_id": "cn-hangzhou-h", "cidr_block": "172.16.0.0/24"}],
            },
            "security_group": {"name": "web"},
            "sg_rule": {"rules": [{"protocol": "tcp", "ports": 22, "cidr": "203.0.113.0/24"}], "state": "exact"},
            "keypair": {"name": "web", "private_key_file": str(folder / "web.pem")},
            "trusted_instance": {
                "fleet": "web",
                "name": "web-[1,3]",
                "count": 2,
                "state": "running",
                "instance_type": "ecs.g7t.large",
                "image_id": "aliyun_3_x64_20G_uefi_alibase_20240528.vhd",
                "key_name": "web",
                "ram_role_name": "alitrust-instance",
            },
        }

    def look(self, *, check: bool = False, fails: bool = False, **more: t.Any) -> dict[str, t.Any]:
        before = self.cloud.counts()
        result = self.modules.run("preflight_info", check=check, fails=fails, **{**self.options, **more})
        new = {name for name, count in self.cloud.counts().items() if count > before.get(name, 0)}
        assert not [one for one in new if not one.partition(":")[2].startswith(WRITES)], new
        return result

    def changed(self, section: str, **options: t.Any) -> dict[str, t.Any]:
        return {section: {**self.options[section], **options}}

    def make(self) -> None:
        """Run the tasks for real."""
        given = {name: dict(options) for name, options in self.options.items()}
        for name, options in given.items():
            result = self.modules.run(name, **options)
            if name == "vpc":
                given["security_group"]["vpc_id"] = result["vpc"]["vpc_id"]
                given["trusted_instance"]["vswitch_id"] = result["vpc"]["vswitches"][0]["vswitch_id"]
            if name == "security_group":
                group = result["security_group"]["security_group_id"]
                given["sg_rule"]["security_group_id"] = group
                given["trusted_instance"]["security_group_ids"] = [group]


@pytest.fixture
def chain(modules: Modules, tmp_path: Path) -> Chain:
    return Chain(modules, tmp_path)


@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_a_whole_chain_is_judged_from_nothing(chain: Chain, check: bool) -> None:
    told = chain.look(check=check)
    assert told["lacks"] == []
    assert told["summary"] == "nothing is lacking"
    done = ["switch KMS on", "create role alitrust-instance", "create VPC web", "create security group web"]
    assert [one for one in done if one not in told["steps"]] == []
    assert "create 2 instances web-001 to web-002" in told["steps"][-1]
    assert "KMS cannot be switched off again through the API." in told["notes"]


def test_disks_may_have_a_key_that_is_made_before(chain: Chain) -> None:
    """KMS is not switched on yet, which alone says nothing about its keys."""
    disk = {"size": 40, "encrypted": True, "kms_key_id": "alias/disks"}
    wanted = {"kms_share_role": {"purpose": "disk_encrypt"}, **chain.changed("trusted_instance", system_disk=disk)}
    (lack,) = chain.look(**wanted)["lacks"]
    assert "There is no KMS key alias/disks: KMS is not switched on yet" in lack["problem"]
    told = chain.look(kms_key={"alias": "disks", "dkms_instance_id": "kst-1"}, **wanted)
    assert told["lacks"] == []
    assert "create role AliyunECSDiskEncryptDefaultRole" in told["steps"]


@pytest.mark.usefixtures("real_pauses")
def test_what_is_there_already_is_not_asked_for_again(chain: Chain) -> None:
    chain.make()
    # What was made in this very second is looked at twice, because somebody may make another of its name. The time of
    # an answer, from which that is told, may be a second old.
    time.sleep(2.2)
    told = chain.look(fail=True)
    assert told["lacks"] == told["steps"] == told["notes"] == []
    # One look at each kind of thing, and neither at KMS nor at the role, which the instances prove.
    assert set(told["api_calls"].values()) == {1}
    assert set(told["api_calls"]) == {
        "ecs:DescribeInstances",
        "ecs:DescribeInstanceRamRole",
        "ecs:DescribeKeyPairs",
        "ecs:DescribeSecurityGroupAttribute",
        "ecs:DescribeSecurityGroups",
        "vpc:DescribeVSwitches",
        "vpc:DescribeVpcs",
    }


def test_it_tells_or_fails_as_asked(chain: Chain) -> None:
    wrong = chain.changed("trusted_instance", image_id="nope", instance_type="ecs.g6.large")
    told = chain.look(**wrong)
    assert [one["option"] for one in told["lacks"]] == ["trusted_instance.image_id", "trusted_instance.instance_type"]
    assert told["summary"] == "2 things are lacking"
    failed = chain.look(fails=True, fail=True, **wrong)
    assert failed["msg"].startswith(
        "2 things are lacking; nothing was changed:\n- trusted_instance.image_id: There is no"
    )
    assert failed["lacks"] == told["lacks"]


def test_names_of_variables_take_the_place_of_options(chain: Chain) -> None:
    told = chain.look(
        called={"trusted_instance.count": "shop_size", "sg_rule.rules[0]": "shop_rules[4]"},
        **chain.changed("trusted_instance", count="many"),
        **chain.changed("sg_rule", rules=[{"protocol": "tcp", "ports": 0, "cidr": "0.0.0.0/0"}]),
    )
    assert [one["option"] for one in told["lacks"]] == ["shop_rules[4].ports", "shop_size"]
    assert told["lacks"][1] == {
        "option": "shop_size",
        "problem": "shop_size is 'many'",
        "expected": "a whole number",
        "what_to_do": "",
    }


def test_text_with_commas_and_blanks_is_a_list(chain: Chain) -> None:
    types = {"instance_type": None, "instance_types": "ecs.g7t.large , ecs.g7.large,"}
    assert chain.look(**chain.changed("trusted_instance", **types))["lacks"] == []
    groups = chain.changed("trusted_instance", security_group_ids="sg-a, sg-b")
    told = chain.look(**groups)["lacks"]
    assert [one["problem"] for one in told] == [
        f"There is no security group {one} in this region." for one in ("sg-a", "sg-b")
    ]


def test_quotas_are_told(chain: Chain) -> None:
    chain.modules.run("vpc", name="other", cidr_block="10.0.0.0/8")
    vpc = chain.cloud.resources("vpc")[0]["VpcId"]
    chain.modules.run("security_group", name="other", vpc_id=vpc)
    chain.modules.run("keypair", name="other", public_key=PUBLIC)
    chain.cloud.set("ecs.security_groups", 1)
    told = chain.look(**chain.changed("keypair", quota=1))["lacks"]
    assert [one["option"] for one in told] == ["security_group", "keypair"]
    assert "1 security groups in this region and may have 1" in told[0]["problem"]
    assert "the quota is 1" in told[1]["problem"]


def test_what_others_made_is_used_as_it_is_and_told(chain: Chain) -> None:
    chain.modules.door().call("ecs", "ImportKeyPair", KeyPairName="web", PublicKeyBody=PUBLIC)
    given = {"name": "web", "public_key": PUBLIC, "leave_others": True}
    told = chain.look(keypair=given)
    assert told["lacks"] == []
    assert "Using the existing key pair web; it is left as it is." in told["notes"]
    other = PUBLIC.replace("IJdD7", "IJdD8")
    (lack,) = chain.look(keypair={**given, "public_key": other})["lacks"]
    assert lack["option"] == "keypair"
    assert "has another public key" in lack["problem"]


def test_no_secret_is_shown(chain: Chain) -> None:
    secret = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----"
    told = chain.look(
        keypair={"name": "web", "public_key": secret},
        variables=[{"specification": {"fleet_public_key": {"type": "int"}}, "values": {"fleet_public_key": secret}}],
        **chain.changed("trusted_instance", user_data="#!/bin/sh\npassword=hunter22"),
    )
    assert "b3BlbnNzaC1rZXktdjEAAAAA" not in str(told)
    assert "hunter22" not in str(told)


def test_variables_are_checked_by_their_specification(chain: Chain) -> None:
    options = {
        "size": {"type": "int", "default": 1},
        "zones": {"type": "list", "elements": "str"},
        "mode": {"type": "str", "choices": ["a", "b", ""]},
        "name": {"type": "str", "required": True},
    }
    values = {"size": None, "zones": "a, b", "mode": "c", "name": " "}
    told = chain.modules.run("preflight_info", variables=[{"specification": options, "values": values}])
    assert {one["option"]: one["expected"] for one in told["lacks"]} == {
        "size": "a whole number",
        "mode": "one of a, b",
        "name": "",
    }
    fine = {"size": "3", "zones": None, "mode": "", "name": "web"}
    assert chain.modules.run("preflight_info", variables=[{"specification": options, "values": fine}])["lacks"] == []


# ---------------------------------------------------------------------- rights


def limited(chain: Chain, *, without: str, groups: bool = False) -> dict[str, t.Any]:
    """The credentials of a user with all rights of provision but one, which its group may give."""
    document = policies.document("provision", policies.rights(policies.load("provision")) - {without})
    key = Users(chain.cloud).make("runs-provision", document)
    if groups:
        call = chain.modules.door().call
        call("ram", "CreateGroup", GroupName="people")
        call("ram", "AddUserToGroup", GroupName="people", UserName="runs-provision")
        call("ram", "AttachPolicyToGroup", PolicyType="System", PolicyName="AdministratorAccess", GroupName="people")
    return key.options()


def test_a_right_that_no_policy_gives_is_lacking(chain: Chain) -> None:
    who = limited(chain, without="ram:CreatePolicy")
    (lack,) = chain.look(**who)["lacks"]
    assert lack["problem"] == "No policy of the caller allows ram:CreatePolicy, which is needed."
    assert "Let an administrator allow ram:CreatePolicy" in lack["what_to_do"]
    assert chain.look(check_rights=False, **who)["lacks"] == []


def test_in_check_mode_somebody_else_may_have_the_right(chain: Chain) -> None:
    told = chain.look(check=True, **limited(chain, without="ram:CreatePolicy"))
    assert told["lacks"] == []
    assert "No policy of the caller allows ram:CreatePolicy, which is needed." in told["notes"]


def test_a_group_of_the_user_gives_rights_too(chain: Chain) -> None:
    assert chain.look(**limited(chain, without="ram:CreatePolicy", groups=True))["lacks"] == []


def test_a_role_that_may_not_be_passed_is_told(chain: Chain) -> None:
    """The policy allows to pass the role alitrust-instance."""
    other = chain.changed("instance_ram_role", name="other") | chain.changed("trusted_instance", ram_role_name="other")
    (lack,) = chain.look(**limited(chain, without="none"), **other)["lacks"]
    assert "ram:PassRole" in lack["problem"]


def test_rights_that_cannot_be_read_are_a_note(chain: Chain) -> None:
    told = chain.look(**limited(chain, without="ram:ListPoliciesForUser"))
    assert told["lacks"] == []
    assert "could not be checked: NoPermission for ram:ListPoliciesForUser" in " ".join(told["notes"])


def test_a_look_that_is_refused_names_the_right(chain: Chain) -> None:
    (lack,) = chain.look(**limited(chain, without="vpc:DescribeVpcs"))["lacks"]
    assert "Let an administrator allow vpc:DescribeVpcs" in lack["what_to_do"]


def test_credentials_that_are_none_are_told_with_the_rest(chain: Chain) -> None:
    told = chain.look(access_key_secret="wrong", **chain.changed("trusted_instance", count="many"))["lacks"]
    assert [one["option"] for one in told] == ["trusted_instance.count", ""]
    assert "SignatureDoesNotMatch" in told[1]["problem"]


def test_a_fleet_behind_no_open_port_needs_session_manager(chain: Chain) -> None:
    behind = chain.changed("trusted_instance", wait_for_ssh=True, ssh_address="session")
    lacking = chain.look(**behind, fails=False)
    (lack,) = lacking["lacks"]
    assert "Session Manager is switched off" in lack["problem"]
    told = chain.look(**behind, session_manager={})
    assert told["lacks"] == []
    assert "switch Session Manager on" in told["steps"]
    # The policy of provision is for fleets with an open port.
    who = limited(chain, without="ram:CreatePolicy")
    problems = " ".join(lack["problem"] for lack in chain.look(**behind, session_manager={}, **who)["lacks"])
    assert "DescribeCloudAssistantSettings" in problems
    assert "No policy of the caller allows ecs:StartTerminalSession, which is needed." in problems
