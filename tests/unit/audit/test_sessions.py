# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may begin sessions, from the statements of policies."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._audit import sessions
from ansible_collections.alitrust.ecs.plugins.module_utils._ram import rights
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.policies import Entity

START = "ecs:StartTerminalSession"
ANN = Entity("User", "ann")
Statement = dict[str, t.Any]


def told(*statements: Statement) -> dict[str, t.Any] | None:
    given = [{"Effect": "Allow", "Action": START, "Resource": "*", **one} for one in statements]
    found = sessions.who({ANN: rights.statements({"Version": "1", "Statement": given})}, {})
    return found[0] if found else None


@pytest.mark.parametrize("action", [START, "ecs:Start*", "ecs:*", "*", "ECS:startterminalsession"])
def test_every_way_to_allow_it_counts(action: str) -> None:
    assert told({"Action": ["ecs:DescribeInstances", action]}) == {
        "kind": "user",
        "name": "ann",
        "users": [],
        "all_instances": True,
        "limits": ["all instances"],
        "denied": [],
    }


def test_all_but_something_else_allows_it() -> None:
    assert told({"Action": None, "NotAction": "ram:*"}) is not None
    assert told({"Action": None, "NotAction": "ecs:*"}) is None


def test_limits_by_arn_and_tag_are_said() -> None:
    tagged = {"Condition": {"StringEquals": {"acs:ResourceTag/team": ["web", "db"]}}}
    found = told({"Resource": ["acs:ecs:*:*:instance/i-1", "acs:ecs:*:*:instance/i-2"]}, tagged)
    assert found is not None
    assert not found["all_instances"]
    assert found["limits"] == [
        "acs:ecs:*:*:instance/i-1, acs:ecs:*:*:instance/i-2",
        "all instances where StringEquals acs:ResourceTag/team is web or db",
    ]


def test_denials_take_away() -> None:
    assert told({}, {"Effect": "Deny"}) is None
    found = told({}, {"Effect": "Deny", "Resource": "acs:ecs:*:*:instance/i-1"})
    assert found is not None
    assert not found["all_instances"]
    assert found["denied"] == ["acs:ecs:*:*:instance/i-1"]
    assert told({"Effect": "Deny", "Condition": {"Bool": {"acs:MFAPresent": "false"}}}) is None


def test_a_group_stands_for_its_users() -> None:
    group = Entity("Group", "ops")
    statements = rights.statements({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    found = sessions.who({group: statements, ANN: statements}, {group: ["bob", "ann"]})
    assert [(one["kind"], one["name"], one["users"]) for one in found] == [
        ("group", "ops", ["ann", "bob"]),
        ("user", "ann", []),
    ]
