# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A chain of tasks is checked from nothing: later ones know what earlier ones would have made or deleted."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from controller.playbook import Ansible, Tasks

from local_cloud.control import LocalCloud

PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ ops"
#: As somebody writes it, by the ids that tasks return and by names.
NETWORK: Tasks = [
    {
        "alitrust.ecs.vpc": {
            "name": "net",
            "cidr_block": "172.16.0.0/16",
            "vswitches": [{"name": "one", "zone_id": "cn-hangzhou-h", "cidr_block": "172.16.0.0/24"}],
        }
    },
    {"alitrust.ecs.vpc_info": {"names": ["net"]}},
    {"alitrust.ecs.security_group": {"name": "web", "vpc_id": "{{ result_0.vpc.vpc_id }}"}},
    {"alitrust.ecs.security_group": {"name": "database", "vpc": "net", "type": "basic", "outbound": "deny"}},
    {
        "alitrust.ecs.sg_rule": {
            "security_group_id": "{{ result_2.security_group.security_group_id }}",
            "state": "exact",
            "rules": [{"service": ["ssh", "https"], "cidr": "198.51.100.0/24"}],
        }
    },
    {
        "alitrust.ecs.sg_rule": {
            "security_group": "database",
            "vpc": "net",
            "rules": [
                {"service": "mysql", "group": "web"},
                {"service": "ssh", "group_id": "{{ result_2.security_group.security_group_id }}"},
            ],
        }
    },
    {"alitrust.ecs.security_group_info": {"vpc": "net", "include_rules": True}},
    {
        "alitrust.ecs.sg_access_info": {
            "security_groups": ["web"],
            "vpc": "net",
            "packets": [{"protocol": "tcp", "port": 22, "peer": "198.51.100.7", "expect": "allow"}],
        }
    },
    {"alitrust.ecs.keypair": {"name": "ops", "public_key": PUBLIC}},
]
GONE: Tasks = [
    {"alitrust.ecs.security_group": {"name": "database", "vpc": "net", "state": "absent"}},
    {"alitrust.ecs.security_group": {"name": "web", "vpc": "net", "state": "absent"}},
    {"alitrust.ecs.vpc": {"name": "net", "state": "absent"}},
]


@pytest.fixture
def ansible(tmp_path: Path, fresh_cloud: LocalCloud) -> Ansible:
    return Ansible(tmp_path, fresh_cloud)


def said(result: dict[str, t.Any]) -> tuple[t.Any, ...]:
    """What a run says of a task that does not depend on ids."""
    return bool(result.get("failed")), result["changed"], result.get("steps"), len(result.get("warnings") or ())


@pytest.mark.parametrize("in_process", [True, False], ids=["in process", "in processes of their own"])
def test_a_chain_is_checked_from_nothing(ansible: Ansible, fresh_cloud: LocalCloud, in_process: bool) -> None:
    arguments = ("-e", f"alitrust_in_process={in_process}", "--diff")
    foretold, output = ansible.play([*NETWORK, *GONE], "--check", *arguments)
    assert not [one for one in fresh_cloud.counts() if ":Describe" not in one]
    assert not fresh_cloud.resources("vpc")
    real, _output = ansible.play([*NETWORK, *GONE], *arguments)
    for task, one, other in zip([*NETWORK, *GONE], foretold, real, strict=True):
        assert not one.get("failed"), (task, one)
        # A step names a group as the task does, so that one given by its id is named by that.
        if "sg_rule" in str(task):
            assert len(one["added"]) == len(other["added"]) == 2
        else:
            assert said(one) == said(other), task
    # Who may reach what is in the diff, also of groups that do not exist yet.
    assert "ingress accept tcp 22/22 from 198.51.100.0/24" in output
    assert "ingress accept tcp 3306/3306 from group sg-foretold-web-" in output
    assert "foretold" not in str([one.keys() for one in foretold])


def test_a_preview_within_a_run_for_real_foretells_nothing(ansible: Ansible) -> None:
    preview = {**NETWORK[0], "check_mode": True}
    results, _output = ansible.play([preview, preview])
    assert [said(one) for one in results] == [said(results[0])] * 2
    assert results[0]["changed"]


def test_a_run_does_not_know_what_the_one_before_has_foretold(ansible: Ansible) -> None:
    first, _output = ansible.play(NETWORK[:1], "--check")
    (alone,), _output = ansible.play([{"alitrust.ecs.security_group": {"name": "web", "vpc": "net"}}], "--check")
    assert first[0]["changed"]
    assert alone["failed"]
    assert "There is no VPC named net in cn-hangzhou" in alone["msg"]
