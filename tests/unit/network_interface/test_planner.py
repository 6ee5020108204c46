# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about a network interface, without any cloud."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._core.ownership import Terms
from ansible_collections.alitrust.ecs.plugins.module_utils._network_interface import find, planner

OWNER = "alitrust.ecs:owner"
ITEM = {
    "NetworkInterfaceId": "eni-1",
    "NetworkInterfaceName": "second",
    "Type": "Secondary",
    "Status": "InUse",
    "InstanceId": "i-1",
    "VSwitchId": "vsw-1",
    "PrivateIpAddress": "172.16.0.9",
    "PrivateIpSets": {"PrivateIpSet": [{"PrivateIpAddress": "172.16.0.9", "Primary": True}]},
    "SecurityGroupIds": {"SecurityGroupId": ["sg-2", "sg-1"]},
    "Tags": {"Tag": [{"TagKey": OWNER, "TagValue": "second"}]},
}


def steps(item: dict[str, t.Any], **wanted: t.Any) -> list[str]:
    there = find.shape({**ITEM, **item})
    return [step.do for step in planner.plan(planner.Desired(name="second", **wanted), there, "cn-hangzhou").steps]


@pytest.mark.parametrize(
    ("item", "wanted", "expected"),
    [
        ({}, {}, []),
        ({}, {"group_ids": ("sg-1", "sg-2")}, []),
        ({}, {"instance_id": "i-1"}, []),
        ({"Status": "Attaching"}, {"instance_id": "i-1"}, []),
        ({"Status": "Detaching"}, {"instance_id": "i-1"}, ["attach"]),
        ({"Status": "Detaching"}, {"state": "detached"}, []),
        ({"Status": "Attaching"}, {"state": "detached"}, ["detach"]),
        ({"Status": "Available", "InstanceId": ""}, {"instance_id": "i-1"}, ["attach"]),
        ({}, {"instance_id": "i-2", "detach": True}, ["move"]),
        ({}, {"state": "absent", "detach": True}, ["detach", "delete"]),
        ({"Status": "Detaching"}, {"state": "absent"}, ["delete"]),
        (
            {},
            {"group_ids": ("sg-3",), "instance_id": "i-2", "detach": True, "tags": {"a": "b"}},
            ["modify", "tag", "move"],
        ),
    ],
)
def test_steps(item: dict[str, t.Any], wanted: dict[str, t.Any], expected: list[str]) -> None:
    assert steps(item, **wanted) == expected


@pytest.mark.parametrize("status", ["Attaching", "Detaching"])
def test_what_is_on_its_way_is_waited_for_by_a_task_that_is_about_it(status: str) -> None:
    there = find.shape({**ITEM, "Status": status})
    about = planner.Desired(name="second", state="detached" if status == "Detaching" else "present", instance_id="i-1")
    assert planner.plan(about, there, "cn-hangzhou").unsettled
    assert not planner.plan(planner.Desired(name="second", description="x y"), there, "cn-hangzhou").unsettled


@pytest.mark.parametrize(
    "wanted",
    [
        {"state": "absent", "detach": True},
        {"state": "detached"},
        {"instance_id": "i-2", "detach": True},
    ],
)
def test_what_others_made_is_taken_from_no_instance(wanted: dict[str, t.Any]) -> None:
    with pytest.raises(UnexpectedState, match="does not carry the tag"):
        steps({"Tags": {}}, **wanted)
    assert steps({"Tags": {}}, **wanted, terms=Terms(leave_others=True)) == []
    assert len(steps({"Tags": {}}, **wanted, terms=Terms(adopt=True))) > 0
