# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts where playbooks need them: in the inventory, and as a first play that stops a deployment."""

from __future__ import annotations

import json
import sys
import time
import typing as t
from pathlib import Path

import pytest
from controller.playbook import Ansible
from modules import trust_records as records
from modules.harness import Modules

from local_cloud.control import LocalCloud

ROLE = "alitrust.ecs.assert_trusted"


@pytest.fixture
def modules(fresh_cloud: LocalCloud) -> Modules:
    return Modules(fresh_cloud)


@pytest.fixture
def ansible(tmp_path: Path, fresh_cloud: LocalCloud) -> Ansible:
    return Ansible(tmp_path, fresh_cloud)


@pytest.fixture
def fleet(modules: Modules) -> list[dict[str, t.Any]]:
    """Three instances, of which the last is not trusted."""
    ones = records.fleet(modules, 3)
    for one in ones[:2]:
        records.report(modules, one)
    records.report(modules, ones[2], 2, SystemTrustDetail="PCR 9 differs")
    modules.cloud.forget_requests()
    return ones


def inventory(ansible: Ansible, **options: t.Any) -> Path:
    path = ansible.folder / "fleet.alitrust.yml"
    path.write_text(json.dumps({"plugin": "alitrust.ecs.instances", "fleets": ["web"], **options}))
    return path


@pytest.mark.usefixtures("fleet")
def test_the_inventory_has_verdicts_where_they_are_asked_for(ansible: Ansible) -> None:
    groups = [{"key": "alitrust_trust_verdict", "prefix": "trust"}]
    listed = ansible.command("ansible-inventory", "-i", inventory(ansible, trust=True, keyed_groups=groups), "--list")
    found = json.loads(listed.stdout)
    assert found["trust_trusted"]["hosts"] == ["web-001", "web-002"]
    variables = found["_meta"]["hostvars"]["web-003"]
    assert variables["alitrust_trust_verdict"] == {"__ansible_unsafe": "untrusted"}
    assert variables["alitrust_trust"]["system_trust_status"] == 2


@pytest.mark.usefixtures("fleet")
def test_the_inventory_does_not_ask_by_itself(ansible: Ansible, fresh_cloud: LocalCloud) -> None:
    ansible.command("ansible-inventory", "-i", inventory(ansible), "--list")
    assert not any(name.startswith("trusted-server") for name in fresh_cloud.counts())


# ---------------------------------------------------------------------- verdicts


def verdicts(ansible: Ansible, **variables: str) -> tuple[int, str]:
    extra = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
    done = ansible.command("ansible-playbook", "alitrust.ecs.verdicts", *extra)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.usefixtures("fleet")
def test_verdicts_are_told_and_none_is_a_failure(ansible: Ansible) -> None:
    code, output = verdicts(ansible, fleet_name="web")
    assert code == 0, output
    assert "web-001 is trusted" in output
    assert "web-003 is untrusted: SystemTrustStatus is 2 (PCR 9 differs)" in output
    code, output = verdicts(ansible, fleet_name="nobody")
    assert code == 0, output
    assert "The fleet nobody has no instances." in output


@pytest.mark.usefixtures("fleet")
def test_verdicts_that_cannot_be_read_fail_even_after_waiting(ansible: Ansible) -> None:
    ansible.environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = "wrong"
    code, output = verdicts(ansible, fleet_name="web", verdicts_wait="1")
    assert code == 2
    assert "SignatureDoesNotMatch" in output


# ---------------------------------------------------------------------- assert_trusted


def prove(ansible: Ansible, *arguments: str | Path) -> tuple[int, str]:
    done = ansible.command("ansible-playbook", ROLE, *arguments)
    return done.returncode, done.stdout + done.stderr


def test_a_deployment_stops_at_the_host_that_is_not_trusted(
    ansible: Ansible, modules: Modules, fleet: list[dict[str, t.Any]]
) -> None:
    code, output = prove(ansible, "-i", inventory(ansible))
    assert code == 2
    assert "web-003 is untrusted: SystemTrustStatus is 2 (PCR 9 differs)." in output
    assert modules.cloud.counts()["trusted-server:DescribeInstance"] == 3, "all hosts in one read"
    records.report(modules, fleet[2])
    code, output = prove(ansible, "-i", inventory(ansible))
    assert code == 0, output


def test_only_hosts_that_are_trusted_go_on(ansible: Ansible, fleet: list[dict[str, t.Any]]) -> None:
    assert fleet
    book = ansible.folder / "site.yml"
    book.write_text(
        f"""
- hosts: alitrust_fleet
  gather_facts: false
  serial: [1, 2]
  roles: [{ROLE}]
- hosts: alitrust_fleet
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "deployed to {{{{ inventory_hostname }}}}, which is {{{{ alitrust_trust.verdict }}}}"
"""
    )
    done = ansible.command("ansible-playbook", "-i", inventory(ansible), book)
    assert "deployed to web-002, which is trusted" in done.stdout
    assert "deployed to web-003" not in done.stdout
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["-e", "assert_trusted_fleet=web"], "web-003 is untrusted"),
        (["-e", "assert_trusted_fleet=nothere"], "there is no instance to prove trust of"),
        (["-e", '{"assert_trusted_instance_ids": ["i-gone"]}'], "there is no instance i-gone"),
        ([], "localhost is not known to be trusted: it has no variable alitrust_instance_id"),
        (["-e", "alitrust_instance_id=i-gone"], "there is no instance i-gone"),
        (["-e", "assert_trusted_hosts=nowhere"], "No host matches nowhere, so nothing is proven"),
    ],
)
@pytest.mark.usefixtures("fleet")
def test_whatever_is_not_proven_fails(ansible: Ansible, arguments: list[str], reason: str) -> None:
    code, output = prove(ansible, "-e", "assert_trusted_hosts=localhost", *arguments)
    assert code != 0
    assert reason in output


def test_the_reason_why_nothing_is_measured_is_named(ansible: Ansible, modules: Modules) -> None:
    [one] = records.fleet(modules, 1)
    modules.door().call(
        "ecs", "DetachInstanceRamRole", InstanceIds=json.dumps([one["InstanceId"]]), RamRoleName="reporter"
    )
    code, output = prove(ansible, "-i", inventory(ansible), "-e", "assert_trusted_timeout=1")
    assert code == 2
    assert "it has never reported to the trusted server; no RAM role is attached" in output


def test_trusted_instances_pass_from_localhost(
    ansible: Ansible, modules: Modules, fleet: list[dict[str, t.Any]]
) -> None:
    records.report(modules, fleet[2])
    code, output = prove(ansible, "-e", "assert_trusted_hosts=localhost", "-e", "assert_trusted_fleet=web")
    assert code == 0, output
    assert "All 3 instances are trusted." in output


# ---------------------------------------------------------------------- patch


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"patch_report_timeout": 0}, "web-001 was updated, and its trust is not proven"),
        ({"patch_poll_seconds": 0}, "patch_poll_seconds is 0; expected a number of seconds above 0."),
    ],
)
def test_an_update_without_a_report_from_after_it_is_not_proven(
    ansible: Ansible, modules: Modules, variables: dict[str, int], reason: str
) -> None:
    [one] = records.fleet(modules, 1)
    records.report(modules, one)
    code, output = patch(ansible, **variables)
    assert code == 2, output
    assert reason in output
    assert ("nothing to update" in output) == ("patch_report_timeout" in variables), "refused before the update"


@pytest.mark.parametrize(
    ("begun", "found", "reason"),
    [
        (3600, {"PCR 9": 60}, "trust is not proven"),  # after the update; this test has no report
        (3600, {"PCR 9": 7200}, "findings from before"),
        (3600, {"PCR 9": 60, "PCR 4": 60}, "not expected: PCR 4 on web-001. Nothing was handled."),
        (90000, {"PCR 9": 60}, "web-001 has 1 findings that wait for a decision"),
        (-3600, {"PCR 9": 60}, "web-001 has 1 findings that wait for a decision"),
        (None, {"PCR 9": 60}, "web-001 has 1 findings that wait for a decision"),
    ],
)
def test_an_interrupted_update_is_gone_on_with_only_if_it_explains_all_findings(
    ansible: Ansible, modules: Modules, begun: int | None, found: dict[str, int], reason: str
) -> None:
    [one] = records.fleet(modules, 1)
    records.report(modules, one)
    for number, (suspect, age) in enumerate(found.items()):
        records.found(modules, number, one, suspect, GmtCreate=int((time.time() - age) * 1000))
    if begun is not None:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - begun))
        tags = {"alitrust.ecs:update": f"begun {moment}"}
        modules.run("trusted_instance", instance_ids=[one["InstanceId"]], tags=tags, purge_tags=False)
    code, output = patch(ansible, patch_report_timeout=0)
    assert code == 2, output
    assert reason in output
    assert ("nothing to update" in output) == (reason == "trust is not proven"), "refused before the update"
    states = {event["state"] for event in modules.run("trust_event_info")["findings"]}
    assert states == {"open"}


def test_an_update_says_in_a_tag_that_it_is_under_way(ansible: Ansible, modules: Modules) -> None:
    [one] = records.fleet(modules, 1)
    records.report(modules, one)
    code, output = patch(ansible, "--check")
    assert code == 0, output
    assert update_tag(modules) is None
    code, output = patch(ansible, patch_report_timeout=0)
    assert code == 2, output
    begun = update_tag(modules)
    assert begun is not None
    assert begun.startswith("begun ")
    code, output = patch(ansible, patch_report_timeout=0)
    assert code == 2, output
    assert update_tag(modules) == begun, "since when does not change"
    records.report(modules, one, age=-600)
    code, output = patch(ansible)
    assert code == 0, output
    assert update_tag(modules) == "done"
    assert "[WARNING]" not in output


def test_an_update_that_cannot_be_noted_goes_on_and_says_so(ansible: Ansible, modules: Modules) -> None:
    [one] = records.fleet(modules, 1)
    records.report(modules, one)
    modules.cloud.fault("error", "ecs:TagResources", code="Forbidden.RAM", status=403, times=100)
    code, output = patch(ansible, patch_report_timeout=0)
    assert code == 2, output
    assert "web-001 could not be given the tag alitrust.ecs:update" in output
    assert "Forbidden.RAM" in output
    assert update_tag(modules) is None
    records.report(modules, one, age=-600)
    code, output = patch(ansible)
    assert code == 0, output
    assert update_tag(modules) is None


def update_tag(modules: Modules) -> str | None:
    tags = modules.run("trusted_instance_info", fleet="web")["instances"][0]["tags"]
    return t.cast("str | None", tags.get("alitrust.ecs:update"))


def patch(ansible: Ansible, *arguments: str, **variables: t.Any) -> tuple[int, str]:
    """Run the playbook with an update that does nothing."""
    tasks = ansible.folder / "update.yml"
    tasks.write_text(json.dumps([{"ansible.builtin.debug": {"msg": "nothing to update"}}]))
    here = {"ansible_connection": "'local'", "ansible_python_interpreter": f"'{sys.executable}'"}
    given = json.dumps({"patch_tasks": str(tasks), "patch_reboot": False, **variables})
    done = ansible.command(
        "ansible-playbook", "alitrust.ecs.patch", "-i", inventory(ansible, compose=here), "-e", given, *arguments
    )
    return done.returncode, done.stdout + done.stderr
