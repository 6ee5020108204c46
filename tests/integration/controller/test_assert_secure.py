# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role assert_secure and its playbook: stop where Security Center has something against an instance."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from controller.guarded import Guarded
from modules import trust_records as records

from local_cloud.control import LocalCloud

LOCALHOST = {"assert_secure_hosts": "localhost"}


@pytest.fixture
def guarded(tmp_path: Path, fresh_cloud: LocalCloud) -> Guarded:
    guarded = Guarded(tmp_path, fresh_cloud)
    for one in guarded.ids:
        fresh_cloud.security_center(one, agent="online")
    return guarded


def test_instances_without_alerts_that_are_protected_pass(guarded: Guarded) -> None:
    guarded.modules.cloud.security_center(guarded.ids[0], alert={"Level": "suspicious"}, vulnerability={"Type": "cve"})
    output = guarded.run("assert_secure", **LOCALHOST)
    assert "failed=0" in output, output
    assert "nothing against all 2 instances" in output
    assert guarded.changes() == set()


@pytest.mark.parametrize(
    ("found", "variables", "said"),
    [
        ({"alert": {"Level": "serious"}}, {}, "has the serious alert"),
        ({"alert": {"Level": "remind"}}, {"assert_secure_alert_levels": "serious, remind"}, "has the remind alert"),
        ({"vulnerability": {"Type": "cve"}}, {"assert_secure_vulnerability_types": ["cve"]}, "has the vulnerability"),
        ({"agent": "offline"}, {}, "is not protected by Security Center: its agent is offline"),
        ({}, {"assert_secure_instance_ids": ["i-bp67acfmxazb4pgone00"]}, "i-bp67acfmxazb4pgone00"),
        ({}, {"assert_secure_instance_ids": [], "assert_secure_fleet": "nobody"}, "there is no instance to ask"),
        ({}, {"assert_secure_hosts": "nowhere"}, "No host matches nowhere"),
    ],
)
def test_what_is_against_an_instance_stops(
    guarded: Guarded, found: dict[str, t.Any], variables: dict[str, t.Any], said: str
) -> None:
    if found:
        guarded.modules.cloud.security_center(guarded.ids[0], **found)
    output = guarded.run("assert_secure", **{**LOCALHOST, **variables})
    assert said in output, output
    assert "failed=1" in output
    assert guarded.changes() == set()


def test_assert_trusted_demands_it_on_request(guarded: Guarded) -> None:
    fleet = records.fleet(guarded.modules, 2)
    guarded.ids = [one["InstanceId"] for one in fleet]
    for one in fleet:
        records.report(guarded.modules, one)
        guarded.modules.cloud.security_center(one["InstanceId"], agent="online")
    here = {"assert_trusted_hosts": "localhost"}
    assert "failed=0" in guarded.run("assert_trusted", **here, assert_trusted_secure=True)
    guarded.modules.cloud.security_center(guarded.ids[0], alert={"Level": "serious"})
    assert "failed=0" in guarded.run("assert_trusted", **here)
    output = guarded.run("assert_trusted", **here, assert_trusted_secure=True)
    assert ("has the serious alert" in output, "failed=1" in output) == (True, True), output


def test_of_hosts_those_fail_that_something_is_against(guarded: Guarded, tmp_path: Path) -> None:
    guarded.modules.cloud.security_center(guarded.ids[1], alert={"Level": "serious"})
    hosts = {name: {"alitrust_instance_id": one} for name, one in zip(("good", "bad"), guarded.ids, strict=True)}
    inventory = {"alitrust_fleet": {"hosts": {**hosts, "stray": {}}, "vars": {"ansible_connection": "local"}}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
    output = guarded.run("assert_secure", "-i", str(tmp_path / "hosts.yml"), assert_secure_instance_ids=[])
    assert "stray is not known to be secure: it has no variable alitrust_instance_id" in output
    assert "has the serious alert" in output
    assert "nothing against good" in output
    assert output.count("failed=1") == 2
