# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a captive portal, a gateway or a proxy answers is never taken for "there is nothing", nor for "it is done"."""

from __future__ import annotations

import re
import typing as t

import pytest
from modules.harness import Modules
from modules.network import Network

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import ForeignAnswer

#: Bodies with status 200.
BODIES = ["{}", "null", "[]", '{"RequestId": "x"}', '{"Code": "Forbidden", "Message": "no"}', "<html>Log in</html>", ""]
IMPATIENT: dict[str, t.Any] = {"api_timeout": 1}

Task = tuple[str, dict[str, t.Any], str]

#: A task, and what it reads to know what there is.
READS: list[Task] = [
    ("keypair", {"name": "web", "state": "absent"}, "ecs:DescribeKeyPairs"),
    ("keypair_info", {}, "ecs:DescribeKeyPairs"),
    ("security_group", {"name": "web", "state": "absent"}, "ecs:DescribeSecurityGroups"),
    ("security_group_info", {}, "ecs:DescribeSecurityGroups"),
    ("trusted_instance", {"fleet": "web", "state": "absent"}, "ecs:DescribeInstances"),
    ("trusted_instance_info", {}, "ecs:DescribeInstances"),
    ("instance_ram_role", {"name": "web", "policies": []}, "ram:GetRole"),
    ("instance_ram_role", {"name": "web", "state": "absent"}, "ram:GetRole"),
    ("ram_policy", {"name": "web", "state": "absent"}, "ram:GetPolicy"),
    ("ram_user", {"name": "web", "state": "absent"}, "ram:GetUser"),
    ("ram_group", {"name": "web", "state": "absent"}, "ram:GetGroup"),
    ("kms_key", {"alias": "web", "state": "pending_deletion"}, "kms:DescribeKey"),
    ("kms_service_info", {}, "kms:DescribeAccountKmsStatus"),
    ("vpc", {"name": "web", "state": "absent"}, "vpc:DescribeVpcs"),
]


@pytest.mark.parametrize("body", BODIES[-4:-1])  # the door's own tests have all of them
@pytest.mark.parametrize(("module", "options", "operation"), READS, ids=[f"{one[0]} {one[2]}" for one in READS])
def test_a_read_that_is_not_answered_fails_and_changes_nothing(
    modules: Modules, module: str, options: dict[str, t.Any], operation: str, body: str
) -> None:
    modules.cloud.fault("portal", operation, times=None, body=body)
    result = modules.run(module, fails=True, **options, **IMPATIENT)
    assert result["error_code"] == "NoAnswer"
    assert "is no answer of Alibaba Cloud" in result["msg"]
    assert modules.cloud.address in result["msg"]
    reads = re.compile(r"\w+:(Describe|Get|List)\w+")
    assert all(reads.fullmatch(entry["operation"]) for entry in modules.cloud.requests())


@pytest.mark.parametrize("fault", ["portal", "other_body"])
@pytest.mark.parametrize("body", BODIES)
def test_one_answer_that_is_none_is_outlasted(modules: Modules, fault: str, body: str) -> None:
    """Each call of the task is hit once, and what may have been done already is found."""
    for options in ({"name": "web", "policies": []}, {"name": "web", "state": "absent"}):
        for operation in ("GetRole", "CreateRole", "ListPoliciesForRole", "DeleteRole"):
            if (operation, fault, body) == ("DeleteRole", "portal", BODIES[3]):
                continue  # a true answer to it looks just like that
            modules.cloud.fault(fault, f"ram:{operation}", body=body)
        assert modules.run("instance_ram_role", **options)["changed"]
        modules.cloud.clear_faults()
        assert not modules.run("instance_ram_role", **options)["changed"]


@pytest.mark.parametrize("fault", ["portal", "other_body"])
@pytest.mark.parametrize("body", BODIES)
def test_a_call_that_must_not_happen_twice_is_looked_after(
    modules: Modules, fault: str, body: str, tmp_path: t.Any
) -> None:
    modules.cloud.fault(fault, "ecs:CreateKeyPair", body=body)
    result = modules.run("keypair", name="web", private_key_file=str(tmp_path / "web.pem"))
    assert result["changed"]
    assert len(modules.door().pages("ecs", "DescribeKeyPairs")) == 1
    assert not modules.run("keypair", name="web", private_key_file=str(tmp_path / "web.pem"))["changed"]


def test_a_gateway_s_error_is_no_error_of_alibaba_cloud(modules: Modules) -> None:
    modules.cloud.fault("portal", "ram:GetRole", times=None, status=404, body='{"Code": "EntityNotExist.Role"}')
    result = modules.run("instance_ram_role", name="web", state="absent", fails=True, **IMPATIENT)
    assert (result["error_code"], result["http_status"]) == ("NoAnswer", 404)


def test_pages_of_a_long_list_are_looked_at_too(modules: Modules) -> None:
    for body in BODIES:
        modules.cloud.fault("portal", "ecs:DescribeInstances", body=body)
    assert list(modules.door().walk("ecs", "DescribeInstances", {})) == [[]]
    modules.cloud.fault("portal", "ecs:DescribeInstances", times=None, body='{"RequestId": "x"}')
    with pytest.raises(ForeignAnswer):
        list(modules.door(api_timeout=1).walk("ecs", "DescribeInstances", {}))


def test_what_a_command_in_an_instance_printed_is_an_answer(modules: Modules) -> None:
    """The one list whose count is inside of its wrapper."""
    world = Network(modules)
    door, (instance_id,) = world.api, world.new_instances(world.new_group())
    command = {"Type": "RunShellScript", "CommandContent": "true", "InstanceId": [instance_id]}
    invoke_id = door.call("ecs", "RunCommand", command)["InvokeId"]
    assert len(door.pages("ecs", "DescribeInvocationResults", InvokeId=invoke_id)) == 1
    modules.cloud.fault("portal", "ecs:DescribeInvocationResults", body='{"RequestId": "x"}')
    assert len(door.pages("ecs", "DescribeInvocationResults", InvokeId=invoke_id)) == 1
