# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook audit on a mixed account: it only reads, and finds what is off."""

from __future__ import annotations

import json
import re
import stat
import typing as t
from pathlib import Path

import pytest
from audit import account
from audit.playbook import Report
from controller.playbook import Ansible
from modules.harness import Modules
from modules.network import Network

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

LOOKS = ("Describe", "Get", "List")


def test_it_only_reads(report: Report) -> None:
    operations = {request["operation"] for request in report.requests}
    assert operations
    assert [name for name in operations if not name.split(":")[1].startswith(LOOKS)] == []
    assert [request for request in report.requests if request["status"] >= 400 and request["code"] is None] == []


def test_it_reads_in_batches(report: Report) -> None:
    counted: dict[str, int] = {}
    for request in report.requests:
        counted[request["operation"]] = counted.get(request["operation"], 0) + 1
    for once in ("Instances", "Disks", "SecurityGroups", "KeyPairs", "InstanceRamRole"):
        assert counted[f"ecs:Describe{once}"] == 1, counted
    assert counted["ecs:DescribeSecurityGroupAttribute"] == 5
    security = {name: number for name, number in counted.items() if name.startswith("sas:")}
    looks = ("CloudCenterInstances", "ServiceLinkedRoleStatus", "SuspEvents", "VersionConfig")
    assert security == {f"sas:Describe{look}": 1 for look in looks}
    assert counted["trusted-server:DescribeInstance"] == 9


def test_the_fleets_are_there_by_verdict_and_age(report: Report) -> None:
    fleets = {one["fleet"]: one for one in report.facts["fleets"]}
    assert {name: one["instances"] for name, one in fleets.items()} == {"web": 4, "app": 3, "db": 2}
    assert fleets["web"]["verdicts"] == {"trusted": 3, "untrusted": 1, "unmeasured": 0, "unknown": 0}
    assert fleets["app"]["verdicts"] == {"trusted": 1, "untrusted": 0, "unmeasured": 2, "unknown": 0}
    assert fleets["db"]["verdicts"] == {"trusted": 0, "untrusted": 0, "unmeasured": 2, "unknown": 0}
    ages = {
        name: {column["age"]: sum(column[v] for v in one["verdicts"]) for column in one["timeline"]}
        for name, one in fleets.items()
    }
    assert ages["web"]["under 1 h"] == 4
    assert (ages["app"]["1 to 6 h"], ages["app"]["6 to 24 h"]) == (1, 1)
    assert (ages["db"]["1 to 7 d"], ages["db"]["never"]) == (1, 1)


def test_the_figures_are_those_of_the_account(report: Report) -> None:
    figures = report.facts["figures"]
    expected = {
        "instances": 9,
        "fleets": 3,
        "disks": 12,
        "disks_encrypted": 7,
        "imdsv2_required": 7,
        "deletion_protected": 4,
        "with_key_pair": 7,
        "with_role": 7,
        "security_groups": 5,
        "groups_open_to_world": 3,
        "share_roles": 3,
        "protected": 4,
        "alerts": {"serious": 1, "suspicious": 0, "remind": 1, "other": 0},
        "vulnerabilities": 1,
        "risks": 1,
    }
    assert {name: figures[name] for name in expected} == expected


def test_who_may_reach_whom(report: Report) -> None:
    reach = {(edge["source_name"], edge["security_group"]): edge["ports"] for edge in report.facts["reach"]}
    assert reach[("the world", "web")] == "tcp 80, 443"
    assert reach[("web", "app")] == "tcp 8000-8099"
    assert reach[("the world", "db")] == "tcp 3306"
    assert reach[("app", "db")] == "tcp 3306"
    assert reach[("the world", "legacy")] == "everything"
    assert not [pair for pair in reach if pair[1] == "forgotten"]


def test_who_may_begin_sessions(report: Report) -> None:
    """By RAM policy, beside who may reach port 22; what a role can is not forgotten."""
    sessions = report.facts["sessions"]
    assert sessions["enabled"] is False
    by_name = {one["name"]: one for one in sessions["who"]}
    assert set(by_name) == {"operators", "everything"}
    assert by_name["operators"]["users"] == ["ann"]
    limit = "acs:ecs:*:*:instance/* where StringEquals acs:ResourceTag/team is web"
    assert by_name["operators"]["limits"] == [limit]
    assert by_name["everything"]["all_instances"]
    assert limit in report.html.read_text()


def test_each_wrong_thing_is_found_at_the_right_place(report: Report) -> None:
    found = {(f["check"], one["name"]) for f in report.facts["findings"] for one in f["resources"]}
    for expected in (
        ("instance_untrusted", "web-004"),
        ("alert_serious", "web-004"),
        ("agent_missing", "app-001"),
        ("agent_missing", "db-001"),
        ("world_open_all", "legacy"),
        ("world_open_risky", "db"),
        ("instance_unmeasured", "app-002"),
        ("imds_without_token", "db-001"),
        ("imds_without_token", account.HOSTILE),
        ("disk_unencrypted", "app-001"),
        ("role_too_wide", "everything"),
        ("share_role_all_keys", "AliyunECSShareEncryptSnapshotDefaultRole"),
        ("rule_without_effect", "web"),
        ("rule_over_wide", "legacy"),
        ("security_group_unused", "forgotten"),
        ("key_pair_unused", "left-over"),
    ):
        assert expected in found
    assert ("imds_without_token", "web-001") not in found
    assert ("world_open_risky", "web") not in found
    assert ("agent_missing", "web-001") not in found


def test_who_can_use_which_key(report: Report) -> None:
    keys = {key["aliases"][0]: key for key in report.facts["kms"]["keys"]}
    users = {name: {user["purpose"]: user["who"] for user in key["users"]} for name, key in keys.items()}
    assert users["alias/disks"]["share_image"] == [f"account {account.PARTNER}"]
    assert "share_image" not in users["alias/archive"]
    assert users["alias/archive"]["share_snapshot"] == [f"account {account.PARTNER}"]
    assert sorted(users["alias/archive"]["instances"]) == ["app-001", "app-002", "app-003"]
    assert keys["alias/disks"]["disks"] == 7


def test_a_hostile_name_is_text_in_the_page_and_unchanged_in_the_facts(report: Report) -> None:
    page = report.html.read_text()
    assert account.HOSTILE in {one["name"] for one in report.facts["instances"]}
    assert "&lt;script&gt;alert(&#39;{{ 1 + 1 }}&#39;)" in page
    assert "<script" not in page
    assert "<img" not in page


def test_the_page_needs_nothing_else(report: Report) -> None:
    page = report.html.read_text()
    assert re.findall(r"""(?:src|href|action|data)\s*=\s*["'](?!#|data:,)[^"']*""", page) == []
    assert "url(" not in page.replace("url(#", "")
    assert "@import" not in page


def test_only_the_owner_can_read_the_files(report: Report) -> None:
    for file in (report.html, report.json):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_play_says_what_was_found_and_changes_nothing(report: Report) -> None:
    assert "trusted 4, untrusted 1, unmeasured 4, unknown 0" in report.output
    assert str(report.html) in report.output
    assert re.search(r"ok=\d+ +changed=0 ", report.output)


# ---------------------------------------------------------------------- on an account of their own


def play(cloud: LocalCloud, folder: Path, *arguments: str, **environment: str) -> tuple[int, str, dict[str, t.Any]]:
    done = Ansible(folder, cloud, **environment).command(
        "ansible-playbook", "alitrust.ecs.audit", "-e", f"audit_report_file={folder}/r.html", *arguments
    )
    return done.returncode, done.stdout + done.stderr, json.loads((folder / "r.json").read_text())


def test_checks_fail_the_play_only_from_the_severity_on_that_was_chosen(
    fresh_cloud: LocalCloud, tmp_path: Path
) -> None:
    # In an empty account only KMS is off, which is high.
    code, output, facts = play(fresh_cloud, tmp_path, "-e", "audit_fail_on=critical")
    assert [finding["check"] for finding in facts["findings"]] == ["kms_off"]
    assert code == 0, output
    code, output, _facts = play(fresh_cloud, tmp_path, "-e", "audit_fail_on=high")
    assert code == 2, output
    assert "1 checks of severity high or worse did not pass: kms_off" in " ".join(output.split())
    assert (tmp_path / "r.html").exists()
    code, output, _facts = play(
        fresh_cloud, tmp_path, "-e", "audit_fail_on=low", "-e", '{"audit_skip_checks": ["kms_off"]}'
    )
    assert code == 0, output
    code, output, facts = play(fresh_cloud, tmp_path, "-e", '{"audit_checks": ["quota_near"]}')
    assert [one["check"] for one in facts["checks"]] == ["quota_near"]


def test_quotas_of_the_account_are_in_the_report(fresh_cloud: LocalCloud, tmp_path: Path) -> None:
    fresh_cloud.set("ecs.security_groups", 7)
    modules = Modules(fresh_cloud)
    modules.run("keypair", name="spare", private_key_file=str(tmp_path / "spare.pem"))
    code, output, facts = play(fresh_cloud, tmp_path, "-e", "audit_fail_on=critical")
    assert code == 0, output
    rows = {row["limit"]: (row["used"], row["most"], row["source"]) for row in facts["quotas"]}
    assert rows["groups_per_region"] == (0, 7, "account")
    assert rows["key_pairs_per_region"] == (1, 500, "documents")
    assert rows["postpaid_vcpus"] == (0, 10000, "account")
    assert '<tr data-quota="groups_per_region">' in (tmp_path / "r.html").read_text()


def test_public_addresses_under_attack_are_in_the_report(fresh_cloud: LocalCloud, tmp_path: Path) -> None:
    modules = Modules(fresh_cloud)
    network = Network(modules)
    network.new_instances(network.new_group("web"), 2, InternetMaxBandwidthOut=5, InstanceName="shop")
    attacked, calm = (one["PublicIpAddress"] for one in fresh_cloud.resources("instance"))
    fresh_cloud.attack(attacked, mbps=6000)
    code, output, facts = play(fresh_cloud, tmp_path, "-e", "audit_fail_on=never")
    assert code == 0, output
    assert {one["address"]: one["status"] for one in facts["addresses"]} == {attacked: "blackholed", calm: "normal"}
    (finding,) = (one for one in facts["findings"] if one["check"] == "address_attacked")
    assert finding["detail"] == f"{attacked} of shop is black-holed."
    page = (tmp_path / "r.html").read_text()
    assert f'<tr data-address="{calm}">' in page
    assert '<span class="bad">black-holed</span>' in page


def test_what_security_center_tells_is_in_the_report(report: Report) -> None:
    section = report.facts["security_center"]
    assert (section["in_use"], section["edition"]) == (True, "free")
    agents = {one["name"]: one["agent"] for one in section["instances"]}
    assert (agents["web-001"], agents["app-001"], agents["app-002"]) == ("online", "offline", "uninstalled")
    assert [(one["instance_name"], one["level"]) for one in section["alerts"]] == [
        ("web-004", "serious"),
        ("web-001", "remind"),
    ]
    page = report.html.read_text()
    assert page.count("<tr data-protected=") == len(report.facts["instances"])
    assert '<a href="#security-center">' in page
    assert "Security Center: 4 of 9 instances protected, 1 serious alerts" in report.output


def test_the_tasks_that_mend_what_security_center_finds(fresh_cloud: LocalCloud) -> None:
    """Run as they are told, they leave nothing of it; an account that has never used it is not told to begin."""
    fresh_cloud.set("sas.install_seconds", 0)
    modules = Modules(fresh_cloud)
    network = Network(modules)
    first, second = network.new_instances(network.new_group("web"), 2)

    def audit() -> dict[str, t.Any]:
        found: dict[str, t.Any] = modules.run("audit_info", checks=["alert_serious", "agent_missing"])["audit"]
        return found

    assert audit()["findings"] == []
    assert not audit()["security_center"]["in_use"]
    fresh_cloud.security_center(first, agent="online")
    fresh_cloud.security_center(first, alert={"Level": "serious", "AlarmEventNameDisplay": "Webshell"})
    found = audit()["findings"]
    assert {one["check"]: [r["id"] for r in one["resources"]] for one in found} == {
        "alert_serious": [first],
        "agent_missing": [second],
    }
    for finding in found:
        for task in finding["mend"]:
            modules.run(task["module"].removeprefix("alitrust.ecs."), **task["options"])
    assert audit()["findings"] == []


def test_what_may_not_be_read_is_said_and_not_passed(fresh_cloud: LocalCloud, tmp_path: Path) -> None:
    modules = Modules(fresh_cloud)
    door = modules.door()
    document = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}]}
    modules.run("ram_policy", name="look", document=document)
    door.call("ram", "CreateUser", UserName="auditor")
    door.call("ram", "AttachPolicyToUser", PolicyType="Custom", PolicyName="look", UserName="auditor")
    key = door.call("ram", "CreateAccessKey", UserName="auditor")["AccessKey"]
    modules.run("kms_service")
    _preload_instance(fresh_cloud, modules)
    code, output, facts = play(
        fresh_cloud,
        tmp_path,
        "-e",
        "audit_fail_on=high",
        ALIBABA_CLOUD_ACCESS_KEY_ID=key["AccessKeyId"],
        ALIBABA_CLOUD_ACCESS_KEY_SECRET=key["AccessKeySecret"],
    )
    assert {one["part"] for one in facts["not_read"]} >= {"trust", "KMS", "share roles", "Security Center"}
    states = {one["check"]: one["state"] for one in facts["checks"]}
    assert (states["alert_serious"], states["agent_missing"]) == ("unknown", "unknown")
    assert facts["figures"]["protected"] is None
    said = " ".join(output.split())
    assert "The audit knows nothing about trust: the trusted server does not tell: " in said
    assert "Not read: " in said
    assert facts["figures"]["verdicts"]["unknown"] == 1
    assert code == 2, output
    assert "kms_off" in output
    page = (tmp_path / "r.html").read_text()
    assert "Not everything could be read" in page
    assert key["AccessKeySecret"] not in page + output


def _preload_instance(cloud: LocalCloud, modules: Modules) -> None:
    place = [{"name": "h", "zone_id": "cn-hangzhou-h", "cidr_block": "10.1.0.0/16"}]
    network = modules.run("vpc", name="main", cidr_block="10.0.0.0/8", vswitches=place)["vpc"]
    group = modules.run("security_group", name="web", vpc_id=network["vpc_id"])["security_group"]["security_group_id"]
    modules.run(
        "trusted_instance",
        name="web",
        instance_type="ecs.g7t.large",
        image_id=account.IMAGE,
        vswitch_id=network["vswitches"][0]["vswitch_id"],
        security_group_ids=[group],
    )


@pytest.mark.parametrize("fault", ["throttling", "service_unavailable", "drop_after_commit"])
def test_faults_on_the_way_do_not_change_what_is_read(fresh_cloud: LocalCloud, fault: str) -> None:
    modules = Modules(fresh_cloud)
    quiet = modules.run("audit_info")["audit"]
    fresh_cloud.fault(fault, "ecs:DescribeSecurityGroups")
    shaken = modules.run("audit_info")["audit"]
    assert {**shaken, "generated": ""} == {**quiet, "generated": ""}
