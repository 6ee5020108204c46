# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.instance_ram_role and its info module against the local cloud."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from modules.harness import CheckRun, Modules

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import CloudError

TRUSTS_ECS = {
    "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["ecs.aliyuncs.com"]}}],
    "Version": "1",
}
TRUSTS_ACCOUNT = {
    "Version": "1",
    "Statement": [
        {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": ["acs:ram::1234567890123456:root"]}}
    ],
}
TRUSTED_DOCUMENT = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": "yundun-systrust:PutMessage", "Resource": "*"}],
}
DOCUMENT = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}]}


def run_instances(modules: Modules, amount: int) -> list[str]:
    """Ids of new instances, in a network of their own."""
    door = modules.door()
    vpc = door.call("vpc", "CreateVpc", CidrBlock="10.0.0.0/8")["VpcId"]
    modules.cloud.clock_advance(10)  # until it is Available
    zone = door.pages("ecs", "DescribeZones")[0]["ZoneId"]
    vswitch = door.call("vpc", "CreateVSwitch", VpcId=vpc, CidrBlock="10.0.0.0/20", ZoneId=zone)["VSwitchId"]
    modules.cloud.clock_advance(10)
    group = door.call("ecs", "CreateSecurityGroup", VpcId=vpc)["SecurityGroupId"]
    wanted = {"VSwitchId": vswitch, "SecurityGroupId": group, "InstanceType": "ecs.g6t.large"}
    image = next(one["ImageId"] for one in door.pages("ecs", "DescribeImages") if "secured" in one["ImageId"])
    modules.run("kms_service")
    ids: list[str] = []
    while len(ids) < amount:
        answer = door.call(
            "ecs",
            "RunInstances",
            wanted,
            ImageId=image,
            Amount=min(100, amount - len(ids)),
            SystemDisk={"Category": "cloud_essd"},
        )
        ids += answer["InstanceIdSets"]["InstanceIdSet"]
    modules.cloud.forget_requests()
    return sorted(ids)


def role_of(modules: Modules) -> dict[str, str]:
    return {one["InstanceId"]: one["_RamRoleName"] for one in modules.cloud.resources("instance")}


def own_policies(modules: Modules) -> list[str]:
    return [policy["PolicyName"] for policy in modules.cloud.resources("policy") if policy["PolicyType"] == "Custom"]


# ---------------------------------------------------------------------- the role itself


def test_create_an_instance_ram_role(modules: Modules) -> None:
    created = modules.twice("instance_ram_role", name="Trusted.Web", description="Web")
    role = created["instance_ram_role"]
    assert role["trust_policy"] == TRUSTS_ECS
    assert role["policies"] == [{"name": "Trusted-Web-trust-report", "type": "Custom"}]
    assert created["diff"]["after"]["documents"]["Trusted-Web-trust-report"] == [
        "Allow yundun-systrust:GenerateAikcert, yundun-systrust:GenerateNonce, yundun-systrust:PutMessage, "
        "yundun-systrust:RegisterMessage on *"
    ]
    assert created["diff"]["after"]["trust_policy"] == ["Allow sts:AssumeRole to Service ecs.aliyuncs.com"]
    assert created["diff"]["after"]["policies"] == ["Custom Trusted-Web-trust-report"]

    changed = modules.twice(
        "instance_ram_role", name="Trusted.Web", description="Web servers", max_session_duration=7200
    )
    assert changed["steps"] == ["change the description and session duration of role Trusted.Web"]
    assert changed["instance_ram_role"]["max_session_duration"] == 7200

    deleted = modules.twice("instance_ram_role", name="Trusted.Web", state="absent")
    assert deleted["instance_ram_role"] == {}
    assert not modules.cloud.resources("role")
    assert not own_policies(modules), "the policy that was made for the role goes with it"


def test_no_change_costs_three_calls(modules: Modules) -> None:
    modules.run("instance_ram_role", name="web")
    again = modules.run("instance_ram_role", name="web")
    assert again["api_calls"] == {"ram:GetRole": 1, "ram:ListPoliciesForRole": 1, "ram:GetPolicy": 1}


def test_authorize_an_instance_ram_role_with_system_policies(modules: Modules) -> None:
    wanted = [
        {"name": "AliyunECSInstanceForYundunSysTrustRolePolicy", "type": "System"},
        {"name": "AliyunKMSFullAccess", "type": "System"},
    ]
    result = modules.twice("instance_ram_role", name="web", policies=wanted)
    assert result["instance_ram_role"]["policies"] == wanted
    assert not own_policies(modules)


def test_other_actions_for_the_trust_client_become_a_new_version(modules: Modules) -> None:
    modules.run("instance_ram_role", name="web")
    changed = modules.twice("instance_ram_role", name="web", trust_actions=["yundun-systrust:*"])
    assert changed["steps"] == ["give policy web-trust-report a new default version"]


def test_authorize_an_instance_ram_role_with_a_custom_policy(modules: Modules) -> None:
    kms = {"name": "AliyunKMSReadOnlyAccess", "type": "System"}
    modules.run("instance_ram_role", name="web", policies=[kms])
    reader = {"name": "reader", "document": DOCUMENT}
    added = modules.twice("instance_ram_role", name="web", policies=[reader])
    assert added["instance_ram_role"]["policies"] == [kms, {"name": "reader", "type": "Custom"}]
    purged = modules.twice("instance_ram_role", name="web", policies=[{"name": "reader"}], purge_policies=True)
    assert purged["instance_ram_role"]["policies"] == [{"name": "reader", "type": "Custom"}]
    emptied = modules.twice("instance_ram_role", name="web", policies=[], purge_policies=True)
    assert emptied["instance_ram_role"]["policies"] == []


def test_an_existing_role_keeps_who_may_assume_it_and_ecs_comes_in(modules: Modules) -> None:
    door = modules.door()
    door.call("ram", "CreateRole", RoleName="web", AssumeRolePolicyDocument=json.dumps(TRUSTS_ACCOUNT))
    result = modules.twice("instance_ram_role", name="web", policies=[])
    statements = result["instance_ram_role"]["trust_policy"]["Statement"]
    assert statements == [*t.cast("list[t.Any]", TRUSTS_ACCOUNT["Statement"]), *TRUSTS_ECS["Statement"]]


def test_a_given_trust_policy_replaces_what_is_there_and_is_compared_by_meaning(modules: Modules) -> None:
    modules.run("instance_ram_role", name="web", policies=[])
    exact = modules.twice("instance_ram_role", name="web", policies=[], trust_policy=TRUSTS_ACCOUNT)
    assert exact["instance_ram_role"]["trust_policy"] == TRUSTS_ACCOUNT
    other = {
        "Version": "1",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"RAM": "acs:ram::1234567890123456:root"},
            "Action": ["STS:AssumeRole"],
        },
    }
    assert not modules.run("instance_ram_role", name="web", policies=[], trust_policy=other)["changed"]


def test_what_the_role_s_policy_has_besides_is_kept_on_deletion_while_others_use_it(modules: Modules) -> None:
    modules.run("instance_ram_role", name="web", policies=[{"name": "shared", "document": DOCUMENT}])
    modules.run("instance_ram_role", name="db", policies=[{"name": "shared"}])
    gone = modules.twice("instance_ram_role", name="web", state="absent")
    assert gone["kept"] == ["The policy shared stays: role db has it too."]
    assert own_policies(modules) == ["shared"]


def test_a_policy_that_somebody_else_made_is_not_deleted(modules: Modules) -> None:
    modules.run("ram_policy", name="reader", document=DOCUMENT)
    modules.run("instance_ram_role", name="web", policies=[{"name": "reader"}])
    modules.run("instance_ram_role", name="web", state="absent")
    assert own_policies(modules) == ["reader"]


def test_deleting_goes_on_where_it_was_interrupted(modules: Modules) -> None:
    modules.run("instance_ram_role", name="web")
    modules.cloud.fault("error", "ram:DeletePolicy", code="NoPermission", status=403)
    failed = modules.run("instance_ram_role", name="web", state="absent", fails=True)
    assert failed["steps_done"] == ["detach custom policy web-trust-report from role web", "delete role web"]
    assert failed["steps_left"] == ["delete policy web-trust-report"]
    assert "Already done: " in failed["msg"]
    modules.run("instance_ram_role", name="web", state="absent")
    assert not own_policies(modules)


# ---------------------------------------------------------------------- instances


def test_bind_an_instance_ram_role_to_many_and_unbind_it(modules: Modules) -> None:
    ids = run_instances(modules, 120)
    attached = modules.twice("instance_ram_role", name="web", policies=[], instance_ids=ids)
    assert attached["instance_ram_role"]["instance_ids"] == ids
    assert attached["api_calls"]["ecs:AttachInstanceRamRole"] == 2
    assert set(role_of(modules).values()) == {"web"}
    idle = modules.run("instance_ram_role", name="web", policies=[], instance_ids=ids)
    assert idle["api_calls"] == {"ram:GetRole": 1, "ram:ListPoliciesForRole": 1, "ecs:DescribeInstanceRamRole": 3}

    part = ids[:70]
    off = modules.twice("instance_ram_role", name="web", policies=[], instance_ids=part, attachment="detached")
    assert off["instance_ram_role"]["instance_ids"] == []
    assert {one for one, role in role_of(modules).items() if role} == set(ids) - set(part)


def test_replace_an_instance_ram_role(modules: Modules) -> None:
    one, two = run_instances(modules, 2)
    modules.run("instance_ram_role", name="db", policies=[], instance_ids=[one])
    for check in (True, False):
        refused = modules.run("instance_ram_role", name="web", instance_ids=[one, two], check=check, fails=True)
        assert f"{one} has db" in refused["msg"]
    assert [role["RoleName"] for role in modules.cloud.resources("role")] == ["db"], "refused before anything is made"
    replaced = modules.twice("instance_ram_role", name="web", instance_ids=[one, two], replace=True)
    assert replaced["steps"][-2:] == [f"give {one} the role web in place of db", f"attach role web to {two}"]
    kept = modules.run("instance_ram_role", name="db", policies=[], instance_ids=[one], attachment="detached")
    assert not kept["changed"], "detaching one role leaves another alone"


def test_a_role_that_ecs_may_not_assume_takes_the_place_of_none(modules: Modules) -> None:
    one, *_others = ids = run_instances(modules, 1)
    modules.run("instance_ram_role", name="db", policies=[], instance_ids=ids)
    for check in (True, False):
        options = {"policies": [], "trust_policy": TRUSTS_ACCOUNT, "instance_ids": ids, "replace": True}
        failed = modules.run("instance_ram_role", name="web", check=check, fails=True, **options)
        assert "does not let ecs.aliyuncs.com assume it" in failed["msg"]
    assert role_of(modules) == {one: "db"}
    assert [role["RoleName"] for role in modules.cloud.resources("role")] == ["db"]


def test_the_old_role_comes_back_where_the_new_one_is_refused(modules: Modules) -> None:
    ids = run_instances(modules, 3)
    for name, some in (("db", ids[:2]), ("mail", ids[2:])):
        modules.run("instance_ram_role", name=name, policies=[], instance_ids=some)
    modules.run("instance_ram_role", name="web", policies=[])
    before = role_of(modules)
    modules.cloud.fault("error", "ecs:AttachInstanceRamRole", code="InvalidUser.PassRoleForbidden", status=403)
    failed = modules.run("instance_ram_role", name="web", policies=[], instance_ids=ids, replace=True, fails=True)
    assert f"As before, the role db is attached to 2 instances: {ids[0]}, {ids[1]}." in failed["msg"]
    assert role_of(modules) == before
    modules.cloud.fault("error", "ecs:AttachInstanceRamRole", times=2, code="InvalidUser.PassRoleForbidden", status=403)
    failed = modules.run("instance_ram_role", name="web", policies=[], instance_ids=ids[:1], replace=True, fails=True)
    assert f"Without a role now, because db could not be attached again: {ids[0]}" in failed["msg"]
    finished = modules.run("instance_ram_role", name="web", policies=[], instance_ids=ids, replace=True)
    assert finished["instance_ram_role"]["instance_ids"] == ids


def test_a_role_in_use_is_deleted_only_on_request(modules: Modules) -> None:
    ids = run_instances(modules, 2)
    modules.run("instance_ram_role", name="web", instance_ids=ids)
    refused = modules.run("instance_ram_role", name="web", state="absent", fails=True)
    assert refused["instance_ids"] == ids
    gone = modules.twice("instance_ram_role", name="web", state="absent", detach=True)
    assert gone["steps"][0].startswith("detach role web from 2 instances")
    assert not any(role_of(modules).values())


def test_a_role_that_ecs_does_not_see_yet_is_waited_for(modules: Modules) -> None:
    ids = run_instances(modules, 1)
    modules.cloud.set("ram.role_visible_after", 1.0)
    result = modules.run("instance_ram_role", name="web", instance_ids=ids)
    assert result["instance_ram_role"]["instance_ids"] == ids
    assert result["api_calls"]["ecs:AttachInstanceRamRole"] > 1


def test_a_role_whose_policies_are_not_quite_detached_is_deleted_in_the_end(modules: Modules) -> None:
    modules.run("instance_ram_role", name="web")
    modules.cloud.set("ram.detach_effective_after", 1.0)
    assert modules.run("instance_ram_role", name="web", state="absent")["api_calls"]["ram:DeleteRole"] > 1


FAULTS = ["drop_before_commit", "drop_after_commit", "throttling", "internal_error", "empty_body", "cut_body"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", ["ram:CreateRole", "ram:AttachPolicyToRole"])
def test_trouble_is_outlasted_and_nothing_is_done_twice(modules: Modules, fault: str, operation: str) -> None:
    modules.cloud.fault(fault, operation)
    modules.run("instance_ram_role", name="web")
    assert len(modules.cloud.resources("role")) == 1
    assert len(own_policies(modules)) == 1
    assert not modules.run("instance_ram_role", name="web")["changed"]


@pytest.mark.parametrize("fault", FAULTS)
def test_trouble_while_attaching_and_detaching_is_outlasted(modules: Modules, fault: str) -> None:
    ids = run_instances(modules, 2)
    for operation in ("ecs:AttachInstanceRamRole", "ecs:DetachInstanceRamRole", "ecs:DescribeInstanceRamRole"):
        modules.cloud.fault(fault, operation)
    result = modules.run("instance_ram_role", name="web", policies=[], instance_ids=ids)
    assert result["instance_ram_role"]["instance_ids"] == ids
    modules.run("instance_ram_role", name="web", state="absent", detach=True)
    assert not any(role_of(modules).values())


@pytest.mark.parametrize("fault", FAULTS)
def test_trouble_while_deleting_is_outlasted(modules: Modules, fault: str) -> None:
    modules.run("instance_ram_role", name="web")
    for operation in ("ram:DetachPolicyFromRole", "ram:DeleteRole", "ram:DeletePolicy"):
        modules.cloud.fault(fault, operation)
    modules.run("instance_ram_role", name="web", state="absent")
    assert not modules.cloud.resources("role")
    assert not own_policies(modules)


@pytest.mark.parametrize("operation", ["ram:CreatePolicy", "ram:AttachPolicyToRole", "ecs:AttachInstanceRamRole"])
def test_a_run_after_a_failure_finishes_the_job(modules: Modules, operation: str) -> None:
    ids = run_instances(modules, 2)
    modules.cloud.fault("error", operation, code="Forbidden.RAM", status=403)
    failed = modules.run("instance_ram_role", name="web", instance_ids=ids, fails=True)
    assert failed["steps_done"]
    assert f"Let an administrator allow {operation} to this RAM user or role." in failed["msg"]
    finished = modules.run("instance_ram_role", name="web", instance_ids=ids)
    assert finished["steps"] == failed["steps_left"]
    assert len(modules.cloud.resources("role")) == 1


def test_reads_behind_writes_are_waited_for(modules: Modules) -> None:
    ids = run_instances(modules, 2)
    modules.cloud.fault("read_lag", times=None, seconds=0.5)
    modules.run("instance_ram_role", name="web", instance_ids=ids)
    assert not modules.run("instance_ram_role", name="web", instance_ids=ids)["changed"]
    modules.run("instance_ram_role", name="web", state="absent", detach=True)
    assert not modules.run("instance_ram_role", name="web", state="absent")["changed"]


def test_an_instance_that_fails_in_a_successful_answer_is_told(modules: Modules) -> None:
    one, two = run_instances(modules, 2)
    modules.run("instance_ram_role", name="db", policies=[], instance_ids=[one])
    # The look before the change is so old that it does not see the other role.
    modules.run("instance_ram_role", name="web", policies=[])
    modules.cloud.fault("read_lag", "ecs:DescribeInstanceRamRole", seconds=3600)
    failed = modules.run("instance_ram_role", name="web", policies=[], instance_ids=[one, two], fails=True)
    assert [item["id"] for item in failed["failed_items"]] == [one]
    assert "InvalidInstanceRamRole.NotSupport" in failed["msg"]
    assert role_of(modules) == {one: "db", two: "web"}


def test_instances_of_the_classic_network_are_refused(modules: Modules) -> None:
    ids = run_instances(modules, 2)
    record = next(one for one in modules.cloud.resources("instance") if one["InstanceId"] == ids[0])
    classic = {**record, "VpcId": "", "VSwitchId": ""}
    modules.cloud.preload([{"kind": "instance", "id": ids[0], "data": classic, "region": classic["RegionId"]}])
    for check in (True, False):
        failed = modules.run("instance_ram_role", name="web", policies=[], instance_ids=ids, check=check, fails=True)
        assert f"{ids[0]} is in the classic network; only an instance in a VPC can have a role" in failed["msg"]
    assert not modules.cloud.resources("role")


# ---------------------------------------------------------------------- what others made and use


@pytest.fixture
def theirs(modules: Modules) -> t.Callable[[], t.Any]:
    """A role with a policy that was made by hand; what is called reads both."""
    door = modules.door()
    tag = [{"Key": "team", "Value": "theirs"}]
    door.call("ram", "CreateRole", RoleName="web", AssumeRolePolicyDocument=json.dumps(TRUSTS_ECS), Tag=tag)
    door.call("ram", "CreatePolicy", PolicyName="corp", PolicyDocument=json.dumps(DOCUMENT))
    door.call("ram", "AttachPolicyToRole", PolicyType="Custom", PolicyName="corp", RoleName="web")
    return lambda: (modules.cloud.resources("role"), modules.cloud.resources("policy"), role_of(modules))


def test_a_role_of_others_is_deleted_only_when_it_is_adopted(modules: Modules, theirs: t.Callable[[], t.Any]) -> None:
    ids = run_instances(modules, 1)
    modules.run("instance_ram_role", name="web", policies=[], instance_ids=ids)
    before = theirs()
    for check in (True, False):
        failed = modules.run("instance_ram_role", name="web", state="absent", detach=True, check=check, fails=True)
        assert "does not carry the tag alitrust.ecs:owner" in failed["msg"]
        kept = modules.run("instance_ram_role", name="web", state="absent", leave_others=True, check=check)
        assert not kept["changed"]
        assert "The RAM role web stays" in kept["kept"][0]
        assert kept["instance_ram_role"]["name"] == "web"
    assert theirs() == before
    modules.twice("instance_ram_role", name="web", state="absent", detach=True, adopt=True)
    assert not modules.cloud.resources("role")
    assert own_policies(modules) == ["corp"], "the policy was not made for the role"


def test_a_role_of_others_is_used_as_it_is(modules: Modules, theirs: t.Callable[[], t.Any]) -> None:
    ids = run_instances(modules, 1)
    before = theirs()[:2]
    options: dict[str, t.Any] = {"name": "web", "leave_others": True}
    used = modules.run("instance_ram_role", description="ours", instance_ids=ids, **options)
    assert used["kept"] == ["Using the existing RAM role web; its trust policy and its policies are left as they are."]
    assert "does not allow yundun-systrust:GenerateNonce" in str(used["warnings"])
    assert used["instance_ram_role"]["instance_ids"] == ids, "which role an instance has is no matter of the role"
    assert theirs()[:2] == before
    for wanted in ([{"name": "AliyunKMSFullAccess", "type": "System"}], [{"name": "p", "document": TRUSTED_DOCUMENT}]):
        failed = modules.run("instance_ram_role", policies=wanted, fails=True, **options)
        assert "has to be used as it is; but it lacks" in failed["msg"]
        assert "_adopt" in failed["msg"]
    assert not modules.run("instance_ram_role", policies=[{"name": "x", "document": DOCUMENT}], **options)["changed"]
    assert theirs()[:2] == before


def test_a_role_of_others_that_ecs_may_not_assume_is_no_use(modules: Modules) -> None:
    door = modules.door()
    door.call("ram", "CreateRole", RoleName="web", AssumeRolePolicyDocument=json.dumps(TRUSTS_ACCOUNT))
    failed = modules.run("instance_ram_role", name="web", leave_others=True, fails=True)
    assert "ecs.aliyuncs.com may not assume it" in failed["msg"]
    adopted = modules.twice("instance_ram_role", name="web", leave_others=True, adopt=True)
    assert adopted["steps"][0] == "adopt role web"
    modules.twice("instance_ram_role", name="web", state="absent", leave_others=True)


@pytest.mark.parametrize("options", [{"purge_policies": True}, {"trust_policy": TRUSTS_ACCOUNT}])
def test_nothing_is_taken_away_from_a_role_of_others(
    modules: Modules, theirs: t.Callable[[], t.Any], options: dict[str, t.Any]
) -> None:
    before = theirs()
    for check in (True, False):
        failed = modules.run("instance_ram_role", name="web", policies=[], check=check, fails=True, **options)
        assert "this collection did not make it" in failed["msg"]
    assert theirs() == before
    modules.twice("instance_ram_role", name="web", policies=[], adopt=True, **options)


def shanghai(modules: Modules) -> Modules:
    return Modules(modules.cloud, region="cn-shanghai")


def test_a_role_goes_with_its_last_user_in_any_region(modules: Modules) -> None:
    there = shanghai(modules)
    mine, others = run_instances(modules, 1), run_instances(there, 2)
    modules.run("instance_ram_role", name="web", instance_ids=mine)
    there.run("instance_ram_role", name="web", instance_ids=others)
    for check in (True, False):
        kept = modules.run("instance_ram_role", name="web", state="absent", leave_others=True, check=check)
        assert not kept["changed"]
        assert f"{mine[0]} in the region cn-hangzhou; {', '.join(others)} in the region cn-shanghai" in kept["kept"][0]
        failed = modules.run("instance_ram_role", name="web", state="absent", detach=True, check=check, fails=True)
        assert f"{', '.join(others)} in the region cn-shanghai" in failed["msg"]
        assert mine[0] not in failed["msg"]
        assert "detach_regions" in failed["msg"]
    assert set(role_of(modules).values()) == {"web"}
    options = {"name": "web", "state": "absent", "detach": True}
    gone = modules.twice("instance_ram_role", detach_regions=["cn-shanghai"], **options)
    assert gone["steps"][:2] == [
        f"detach role web from {mine[0]} in cn-hangzhou",
        f"detach role web from 2 instances: {', '.join(others)} in cn-shanghai",
    ]
    assert set(role_of(modules).values()) == {""}


def test_a_role_can_be_detached_in_all_regions(modules: Modules) -> None:
    ids = run_instances(shanghai(modules), 1)
    shanghai(modules).run("instance_ram_role", name="web", instance_ids=ids)
    modules.twice("instance_ram_role", name="web", state="absent", detach=True, detach_regions=["all"])
    assert role_of(modules) == {ids[0]: ""}


@pytest.mark.parametrize("operation", ["ecs:DescribeInstanceRamRole", "ecs:DescribeRegions"])
def test_a_role_stays_where_a_region_cannot_be_asked(modules: Modules, operation: str) -> None:
    modules.run("instance_ram_role", name="web")
    for check in (True, False):
        modules.cloud.fault("error", operation, code="Forbidden.RAM", status=403)
        kept = modules.run("instance_ram_role", name="web", state="absent", leave_others=True, check=check)
        assert not kept["changed"]
        assert "could not be asked (Forbidden.RAM)" in kept["kept"][0]
        # What stands in the way is read once more, because somebody may have changed it meanwhile.
        modules.cloud.fault("error", operation, code="Forbidden.RAM", status=403, times=None)
        options = {"detach": True, "detach_regions": ["all"]}
        failed = modules.run("instance_ram_role", name="web", state="absent", check=check, fails=True, **options)
        assert "Forbidden.RAM" in failed["msg"]
        modules.cloud.clear_faults()
        assert "web" in [role["RoleName"] for role in modules.cloud.resources("role")]
    modules.twice("instance_ram_role", name="web", state="absent", leave_others=True)


# ---------------------------------------------------------------------- check runs


def test_a_chain_is_checked_from_nothing(modules: Modules, check_run: CheckRun) -> None:
    ids = run_instances(modules, 1)
    check_run("ram_policy", name="reader", document=DOCUMENT)
    check_run("ram_user", name="ann")
    made = check_run("instance_ram_role", name="web", policies=[{"name": "reader"}], users=["ann"], instance_ids=ids)
    assert made["changed"]
    assert made["instance_ram_role"]["policies"] == [{"name": "reader", "type": "Custom"}]
    again = check_run("instance_ram_role", name="web", policies=[{"name": "reader"}])
    assert not again["changed"], "it would be there by now"
    assert check_run("instance_ram_role", name="web", state="absent", detach=True)["changed"]
    assert not check_run("instance_ram_role", name="web", state="absent")["changed"], "it would be gone by now"
    assert not modules.cloud.resources("role")


def test_instances_that_would_be_gone_do_not_carry_a_role_any_more(modules: Modules, check_run: CheckRun) -> None:
    there = shanghai(modules)
    mine, others = run_instances(modules, 1), run_instances(there, 1)
    modules.run("instance_ram_role", name="web", instance_ids=mine)
    there.run("instance_ram_role", name="web", instance_ids=others)
    check_run.would_delete("instance", mine[0], "cn-hangzhou")
    kept = check_run("instance_ram_role", name="web", state="absent", leave_others=True)
    assert mine[0] not in kept["kept"][0]
    assert others[0] in kept["kept"][0]
    check_run.would_delete("instance", others[0], "cn-shanghai")
    assert check_run("instance_ram_role", name="web", state="absent", leave_others=True)["changed"]


# ---------------------------------------------------------------------- who may use the role


def test_authorize_a_ram_user_to_use_an_instance_ram_role(modules: Modules, tmp_path: Path) -> None:
    one, *_others = run_instances(modules, 2)
    key_file = tmp_path / "key.json"
    modules.run("ram_user", name="ann", access_key_file=str(key_file))
    modules.run("ram_user", name="bob")
    modules.run("instance_ram_role", name="Other", policies=[])
    granted = modules.twice("instance_ram_role", name="Web", policies=[], users=["ann"])
    assert granted["instance_ram_role"]["users"] == ["ann"]
    assert granted["diff"]["after"]["documents"]["Web-use"] == [
        "Allow ecs:AttachInstanceRamRole, ecs:CreateInstance, ecs:DetachInstanceRamRole on *",
        "Allow ram:PassRole on acs:ram:*:*:role/Web, acs:ram:*:*:role/web",
    ]
    key = json.loads(key_file.read_text())
    ann = modules.door(access_key_id=key["access_key_id"], access_key_secret=key["access_key_secret"])
    for action in ("AttachInstanceRamRole", "DetachInstanceRamRole"):
        assert ann.call("ecs", action, RamRoleName="Web", InstanceIds=json.dumps([one]))["FailCount"] == 0
    with pytest.raises(CloudError, match="PassRole"):
        ann.call("ecs", "AttachInstanceRamRole", RamRoleName="Other", InstanceIds=json.dumps([one]))

    actions = ["ecs:RunInstances"]
    moved = modules.twice("instance_ram_role", name="Web", policies=[], users=["bob"], user_actions=actions)
    assert len(moved["steps"]) == 3
    with pytest.raises(CloudError, match="Forbidden"):
        ann.call("ecs", "AttachInstanceRamRole", RamRoleName="Web", InstanceIds=json.dumps([one]))
    assert not modules.run("instance_ram_role", name="Web", policies=[])["changed"], "what is not given stays"
    gone = modules.twice("instance_ram_role", name="Web", state="absent")
    assert not gone.get("warnings")
    assert not own_policies(modules), "a right to use a role goes with the role"


def test_users_that_do_not_exist_are_told_before_anything_is_changed(modules: Modules) -> None:
    failed = modules.run("instance_ram_role", name="web", users=["nobody"], fails=True)
    assert "There is no RAM user nobody" in failed["msg"]
    assert not modules.cloud.resources("role")


# ---------------------------------------------------------------------- info


def test_query_instance_ram_roles(modules: Modules) -> None:
    ids = run_instances(modules, 3)
    made = modules.run("instance_ram_role", name="Web", instance_ids=ids[:2])
    modules.door().call("ram", "CreateRole", RoleName="people", AssumeRolePolicyDocument=json.dumps(TRUSTS_ACCOUNT))
    expected = [made["instance_ram_role"]]
    assert modules.run("instance_ram_role_info", names=["Web", "nobody"])["instance_ram_roles"] == expected
    assert modules.run("instance_ram_role_info")["instance_ram_roles"] == expected, "those that ECS may assume"
    asked = modules.run("instance_ram_role_info", instance_ids=ids)
    assert asked["instance_ram_roles"] == expected
    assert asked["instances"] == {ids[0]: "Web", ids[1]: "Web", ids[2]: ""}
    assert asked["changed"] is False
