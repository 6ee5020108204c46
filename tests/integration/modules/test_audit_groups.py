# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of single security groups, and of rules in a file."""

from __future__ import annotations

from pathlib import Path

from modules.harness import Modules
from modules.network import Network

WORLD = "0.0.0.0/0"
RULES = [
    {"protocol": "tcp", "ports": "22", "cidr": WORLD},
    {"protocol": "tcp", "ports": "443", "cidr": WORLD},
    {"protocol": "tcp", "ports": "443", "cidr": "203.0.113.0/24"},  # the rule before covers it
    {"protocol": "udp", "ports": "1000/9000", "cidr": "10.0.0.0/8"},
    {"protocol": "tcp", "ports": "8443", "cidr": "198.51.100.7", "policy": "drop", "priority": 5},
    {"protocol": "tcp", "ports": "8443", "cidr": "198.51.100.7", "priority": 9},  # never reached
]


def test_audit_of_a_group_finds_open_ports_wide_ranges_idle_rules_and_a_near_limit(modules: Modules) -> None:
    network = Network(modules)
    bad, fine = network.new_group("bad"), network.new_group("fine")
    modules.run("sg_rule", security_group_id=bad, rules=RULES)
    network.new_instances(bad)
    network.local.forget_requests()
    limits = {"rules_per_group": 7, "groups_per_region": 3}
    audit = modules.run("audit_info", security_group_ids=[bad], limits=limits)["audit"]
    found = {finding["check"]: finding for finding in audit["findings"]}
    assert set(found) == {"world_open_risky", "rule_over_wide", "rule_without_effect", "quota_near"}
    assert found["world_open_risky"]["detail"] == "0.0.0.0/0 may reach 22 (SSH) of 1 instance."
    assert "opens 8,001 ports in a row" in found["rule_over_wide"]["detail"]
    assert "2 rules without effect" in found["rule_without_effect"]["detail"]
    assert "is covered by 'ingress accept tcp 443/443 from 0.0.0.0/0" in found["rule_without_effect"]["detail"]
    assert "never takes effect because of 'ingress drop tcp 8443/8443" in found["rule_without_effect"]["detail"]
    assert found["quota_near"]["detail"] == "6 of 7 rules are used."
    assert {one["id"] for finding in audit["findings"] for one in finding["resources"]} == {bad}
    assert [group["name"] for group in audit["security_groups"]] == ["bad"]
    assert sum(network.local.counts().values()) == 3, network.local.counts()
    # The mends mend.
    for finding in audit["findings"]:
        if finding["check"] == "rule_without_effect":
            for task in finding["mend"]:
                modules.run(task["module"].rpartition(".")[2], **task["options"])
    left = modules.run("audit_info", security_group_ids=[bad], checks=["rule_without_effect"])["audit"]["findings"]
    assert left == []
    audit = modules.run("audit_info", security_group_ids=[fine])["audit"]
    assert [check["state"] for check in audit["checks"]] == ["passed"] * 5
    result = modules.run("audit_info", security_group_ids=["sg-nothere"], fails=True)
    assert "There is no security group sg-nothere" in result["msg"]


def test_audit_of_rules_in_a_file(modules: Modules, tmp_path: Path) -> None:
    file = tmp_path / "rules.csv"
    file.write_text(
        "Direction,IpProtocol,PortRange,SourceCidrIp,Policy\n"
        "ingress,ALL,-1/-1,0.0.0.0/0,Accept\n"
        "ingress,TCP,22/22,10.0.0.0/8,Accept\n"
    )
    audit = modules.run("audit_info", rules_file=str(file))["audit"]
    assert [finding["check"] for finding in audit["findings"]] == ["world_open_all", "rule_without_effect"]
    assert audit["findings"][0]["resources"] == [{"kind": "rules_file", "id": str(file), "name": str(file)}]
    assert not any(finding["mend"] for finding in audit["findings"])
    assert not modules.cloud.counts()
