# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.ram_policy against the local cloud."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from modules.harness import CheckRun, Modules
from modules.network import IMAGE, Network

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import AccessDenied
from local_cloud import iam

DOCUMENT = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": ["ecs:DescribeInstances", "ecs:DescribeDisks"], "Resource": "*"}],
}


def document(number: int) -> dict[str, t.Any]:
    return {"Version": "1", "Statement": [{"Effect": "Allow", "Action": f"ecs:Describe{number}", "Resource": "*"}]}


def stored(modules: Modules, name: str = "reader") -> list[dict[str, t.Any]]:
    return [policy for policy in modules.cloud.resources("policy") if policy["PolicyName"] == name]


def test_create_a_custom_policy(modules: Modules) -> None:
    created = modules.twice("ram_policy", name="reader", document=DOCUMENT, description="Reading")
    assert created["ram_policy"]["default_version"] == "v1"
    assert created["diff"]["before"] == {}
    lines = ["Allow ecs:DescribeDisks, ecs:DescribeInstances on *"]
    assert created["diff"]["after"] == {"name": "reader", "description": "Reading", "document": lines}
    assert created["summary"] == "create policy reader"

    changed = modules.twice("ram_policy", name="reader", document=document(1))
    assert changed["ram_policy"]["document"] == document(1)
    assert changed["ram_policy"]["default_version"] == "v2"
    assert changed["ram_policy"]["description"] == "Reading", "what is not given stays"

    renamed = modules.twice("ram_policy", name="reader", description="Looking")
    assert renamed["steps"] == ["change the description of policy reader"]
    assert renamed["ram_policy"]["document"] == document(1)

    deleted = modules.twice("ram_policy", name="reader", state="absent")
    assert deleted["diff"]["after"] == {}
    assert not stored(modules)


def test_no_change_costs_one_call(modules: Modules) -> None:
    modules.run("ram_policy", name="reader", document=DOCUMENT)
    again = modules.run("ram_policy", name="reader", document=DOCUMENT)
    assert again["api_calls"] == {"ram:GetPolicy": 1}


def test_json_text_and_another_form_of_the_same_are_no_change(modules: Modules) -> None:
    modules.run("ram_policy", name="reader", document=json.dumps(DOCUMENT, indent=4))
    other = {
        "Statement": {"Resource": ["*"], "Action": ["ecs:describedisks", "ecs:DescribeInstances"], "Effect": "Allow"},
        "Version": 1,
    }
    again = modules.run("ram_policy", name="reader", document=other)
    assert not again["changed"]
    assert again["diff"]["before"] == again["diff"]["after"]


def test_rotate_the_versions_of_a_policy(modules: Modules) -> None:
    for number in range(5):
        modules.run("ram_policy", name="reader", document=document(number))
    before = stored(modules)
    for check in (True, False):
        failed = modules.run("ram_policy", name="reader", document=document(9), check=check, fails=True)
        assert "has 5 versions" in failed["msg"]
        assert "(v1)" in failed["msg"]
    assert stored(modules) == before

    rotated = modules.twice("ram_policy", name="reader", document=document(9), rotate=True)
    assert rotated["ram_policy"]["default_version"] == "v6"
    assert [version["VersionId"] for version in stored(modules)[0]["Versions"]] == ["v2", "v3", "v4", "v5", "v6"]


def test_going_back_to_an_older_document_makes_no_new_version(modules: Modules) -> None:
    for number in range(3):
        modules.run("ram_policy", name="reader", document=document(number))
    back = modules.twice("ram_policy", name="reader", document=document(0))
    assert back["steps"] == ["make version v1 of policy reader the default"]
    assert len(stored(modules)[0]["Versions"]) == 3


def test_choose_the_default_version_of_a_policy(modules: Modules) -> None:
    for number in range(3):
        modules.run("ram_policy", name="reader", document=document(number))
    back = modules.twice("ram_policy", name="reader", default_version="v2")
    assert back["steps"] == ["make version v2 of policy reader the default"]
    assert (back["ram_policy"]["default_version"], back["ram_policy"]["document"]) == ("v2", document(1))
    assert back["diff"]["before"]["default_version"] == "v3"
    failed = modules.run("ram_policy", name="reader", default_version="v9", fails=True)
    assert "has no version v9; it has v1, v2, v3" in failed["msg"]


def test_query_policies(modules: Modules) -> None:
    for number in range(2):
        modules.run("ram_policy", name="reader", document=document(number))
    modules.run("instance_ram_role", name="web", policies=[{"name": "reader"}])
    [found] = modules.run("ram_policy_info", names=["reader", "nothing"])["ram_policies"]
    assert [(one["id"], one["default"], one["document"]) for one in found["versions"]] == [
        ("v1", False, document(0)),
        ("v2", True, document(1)),
    ]
    assert found["attached_to"] == [{"type": "Role", "name": "web"}]
    assert found["attachment_count"] == 1
    assert modules.run("ram_policy_info")["ram_policies"] == [found]
    [system] = modules.run("ram_policy_info", name="AliyunECSReadOnlyAccess", type="System")["ram_policies"]
    assert [one["id"] for one in system["versions"]] == ["v1"]


# ---------------------------------------------------------------------- ready-made documents, as RAM decides on them


class Holder:
    """A RAM user with one policy."""

    def __init__(self, modules: Modules, folder: Path, policy: str) -> None:
        path = folder / "key.json"
        modules.run("ram_user", name="ann", policies=[{"name": policy}], access_key_file=str(path))
        key = json.loads(path.read_text())
        self.api = modules.door(access_key_id=key["access_key_id"], access_key_secret=key["access_key_secret"])

    def may(self, product: str, action: str, **params: t.Any) -> bool:
        try:
            self.api.call(product, action, params)
        except AccessDenied:
            return False
        return True


LOOKS = (
    *(("ecs", action) for action in ("DescribeImages", "DescribeSecurityGroups", "DescribeKeyPairs")),
    *(("vpc", action) for action in ("DescribeVpcs", "DescribeVSwitches")),
)


def order(network: Network, **params: t.Any) -> dict[str, t.Any]:
    return {
        "ImageId": IMAGE,
        "InstanceType": "ecs.g7.large",
        "VSwitchId": network.vswitch,
        "SecurityGroupId": network.new_group("web"),
        "SystemDisk": {"Category": "cloud_essd"},
        **params,
    }


def test_let_a_ram_user_create_pay_as_you_go_instances(modules: Modules, tmp_path: Path) -> None:
    network = Network(modules)
    modules.twice("ram_policy", name="create", template="create_pay_as_you_go_instances")
    holder = Holder(modules, tmp_path, "create")
    assert all(holder.may(product, action) for product, action in LOOKS)
    assert holder.may("ecs", "RunInstances", **order(network))
    assert not holder.may("ecs", "DescribeInstances")
    more = modules.twice(
        "ram_policy", name="create", template="create_pay_as_you_go_instances", actions=["ecs:DescribeInstances"]
    )
    assert more["steps"] == ["give policy create a new default version"]
    assert holder.may("ecs", "DescribeInstances")


def test_let_a_ram_user_create_subscription_instances(modules: Modules, tmp_path: Path) -> None:
    network = Network(modules)
    made = modules.twice("ram_policy", name="create", template="create_subscription_instances")
    holder = Holder(modules, tmp_path, "create")
    assert holder.may("ecs", "RunInstances", **order(network, InstanceChargeType="PrePaid", Period=1))
    assert not holder.may("ecs", "DescribeInstances")
    for action, decision in {"PayOrder": "Allow", "CancelOrder": "Allow", "RefundOrder": "ImplicitDeny"}.items():
        assert iam.evaluate([made["ram_policy"]["document"]], f"bss:{action}", "*", {}) == decision


def test_let_a_ram_user_query_instances_and_disks(modules: Modules, tmp_path: Path) -> None:
    modules.twice("ram_policy", name="query", template="query_instances")
    holder = Holder(modules, tmp_path, "query")
    assert holder.may("ecs", "DescribeInstances")
    assert holder.may("ecs", "DescribeDisks")
    assert not any(holder.may(product, action) for product, action in LOOKS)


def test_let_a_ram_user_use_instance_ram_roles(modules: Modules) -> None:
    modules.run("ram_policy", name="use", template="use_instance_role")
    assert stored(modules, "use")[0]["Versions"][0]["PolicyDocument"].count("ram:PassRole") == 1
    narrow = modules.twice("ram_policy", name="use", template="use_instance_role", roles=["web", "db"])
    document = narrow["ram_policy"]["document"]
    for role, decision in {"web": "Allow", "db": "Allow", "other": "ImplicitDeny"}.items():
        assert iam.evaluate([document], "ram:PassRole", f"acs:ram::1234567890123456:role/{role}", {}) == decision
    assert iam.evaluate([document], "ecs:DetachInstanceRAMRole", "*", {}) == "Allow"


def test_a_policy_in_use_is_deleted_only_on_request(modules: Modules) -> None:
    door = modules.door()
    modules.run("ram_policy", name="reader", document=DOCUMENT)
    modules.run("ram_policy", name="reader", document=document(1))
    modules.run("instance_ram_role", name="web", policies=[{"name": "reader"}])
    door.call("ram", "CreateUser", UserName="eve")
    door.call("ram", "AttachPolicyToUser", UserName="eve", PolicyName="reader", PolicyType="Custom")
    door.call("ram", "CreateGroup", GroupName="ops")
    door.call("ram", "AttachPolicyToGroup", GroupName="ops", PolicyName="reader", PolicyType="Custom")

    refused = modules.run("ram_policy", name="reader", state="absent", fails=True)
    assert "role web, user eve, group ops" in refused["msg"]
    assert stored(modules)

    gone = modules.twice("ram_policy", name="reader", state="absent", detach=True)
    assert gone["steps"][-1] == "delete policy reader"
    assert len(gone["steps"]) == 4
    assert not stored(modules)


@pytest.mark.parametrize(
    "fault", ["drop_before_commit", "drop_after_commit", "throttling", "internal_error", "empty_body"]
)
@pytest.mark.parametrize("operation", ["ram:CreatePolicy", "ram:GetPolicy"])
def test_trouble_while_creating_is_outlasted(modules: Modules, fault: str, operation: str) -> None:
    modules.cloud.fault(fault, operation)
    result = modules.run("ram_policy", name="reader", document=DOCUMENT)
    assert result["changed"]
    assert len(stored(modules)[0]["Versions"]) == 1


@pytest.mark.parametrize(
    "fault", ["drop_before_commit", "drop_after_commit", "internal_error", "empty_body", "cut_body"]
)
def test_trouble_while_changing_never_makes_two_versions(modules: Modules, fault: str) -> None:
    modules.run("ram_policy", name="reader", document=DOCUMENT)
    modules.cloud.fault(fault, "ram:CreatePolicyVersion")
    options: dict[str, t.Any] = {"name": "reader", "document": document(1)}
    # A lost answer to this call is not repeated blindly: either the look afterwards finds it done, or the task fails.
    attempt = modules.run("ram_policy", fails=fault in ("drop_before_commit", "internal_error"), **options)
    if attempt.get("failed"):
        assert "may have been carried out" in attempt["msg"]
    modules.run("ram_policy", **options)
    assert len(stored(modules)[0]["Versions"]) == 2
    assert not modules.run("ram_policy", **options)["changed"]


def test_reads_behind_writes_are_waited_for(modules: Modules) -> None:
    modules.cloud.fault("read_lag", "ram:*", times=None, seconds=0.5)
    modules.run("ram_policy", name="reader", document=DOCUMENT)
    modules.run("ram_policy", name="reader", document=document(1))
    assert len(stored(modules)[0]["Versions"]) == 2
    assert modules.run("ram_policy", name="reader", document=document(1))["changed"] is False
    modules.run("ram_policy", name="reader", state="absent")
    assert modules.run("ram_policy", name="reader", state="absent")["changed"] is False


def test_somebody_else_s_policy_of_that_name_is_not_taken_for_ours(modules: Modules) -> None:
    modules.door().call("ram", "CreatePolicy", PolicyName="reader", PolicyDocument=json.dumps(document(7)))
    modules.cloud.fault("read_lag", "ram:GetPolicy", seconds=3600)  # the first look does not see it yet
    failed = modules.run("ram_policy", name="reader", document=DOCUMENT, fails=True)
    assert "created by somebody else in the meantime" in failed["msg"]
    assert stored(modules)[0]["Versions"][-1]["PolicyDocument"] == json.dumps(document(7))


# ---------------------------------------------------------------------- what others made


def test_a_policy_of_others_is_deleted_only_when_it_is_adopted(modules: Modules) -> None:
    door = modules.door()
    door.call("ram", "CreatePolicy", PolicyName="corp", PolicyDocument=json.dumps(DOCUMENT))
    before = modules.cloud.resources("policy")
    for check in (True, False):
        failed = modules.run("ram_policy", name="corp", state="absent", detach=True, check=check, fails=True)
        assert "does not carry the tag alitrust.ecs:owner" in failed["msg"]
        kept = modules.run("ram_policy", name="corp", state="absent", leave_others=True, check=check)
        assert not kept["changed"]
        assert "The policy corp stays" in kept["kept"][0]
        assert kept["ram_policy"]["name"] == "corp"
        used = modules.run("ram_policy", name="corp", document=DOCUMENT, leave_others=True, check=check)
        assert used["kept"] == ["Using the existing policy corp; it is left as it is."]
    assert modules.cloud.resources("policy") == before
    assert modules.run("ram_policy", name="corp", adopt=True)["steps"] == ["adopt policy corp"]
    assert not modules.run("ram_policy", name="corp", adopt=True)["changed"]
    modules.twice("ram_policy", name="corp", state="absent")


def test_a_policy_stays_while_others_have_it(modules: Modules) -> None:
    modules.run("ram_policy", name="reader", document=DOCUMENT)
    modules.run("instance_ram_role", name="web", policies=[{"name": "reader"}])
    kept = modules.run("ram_policy", name="reader", state="absent", leave_others=True)
    assert "still used by role web" in kept["kept"][0]


def test_a_policy_is_checked_from_nothing(modules: Modules, check_run: CheckRun) -> None:
    assert check_run("ram_policy", name="reader", document=DOCUMENT)["changed"]
    assert not check_run("ram_policy", name="reader", document=DOCUMENT)["changed"]
    assert check_run("ram_user", name="ann", policies=[{"name": "reader"}])["changed"]
    assert check_run("ram_policy", name="reader", state="absent")["changed"]
    assert not check_run("ram_policy", name="reader", state="absent")["changed"]
