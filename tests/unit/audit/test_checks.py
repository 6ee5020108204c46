# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks, one wrong thing at a time."""

from __future__ import annotations

import copy
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from ansible_collections.alitrust.ecs.plugins.module_utils._audit import (
    checks,
    collect,
    quotas,
    report,
    security,
)
from ansible_collections.alitrust.ecs.plugins.module_utils._audit.collect import Facts, Item
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._ram import rights
from ansible_collections.alitrust.ecs.plugins.module_utils._security_group.rule import Rule

if t.TYPE_CHECKING:
    from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud

OPTIONS = {name: spec.get("default") for name, spec in report.SPEC.items()}
ROOT = Path(__file__).resolve().parents[3]


def rule(ports: str, peer: str = "0.0.0.0/0", kind: str = "cidr", **more: t.Any) -> Rule:
    values = {"direction": "ingress", "protocol": "tcp", "ports": ports, "peer_kind": kind, "peer": peer, **more}
    return Rule(**values)


def role(*actions: str, resource: str = "*") -> Item:
    found = rights.statements({"Statement": {"Effect": "Allow", "Action": list(actions), "Resource": resource}})
    return {
        "name": "r",
        "policies": [],
        "statements": found,
        "rights": rights.summary(found),
        "too_wide": rights.too_wide(found),
        "can_report": all(rights.allows(found, one) for one in rights.TRUST_CLIENT),
    }


def share_role(**changes: t.Any) -> Item:
    plain = {
        "purpose": "share_image",
        "recipients": ["account 1"],
        "services": ["1@ecs.aliyuncs.com"],
        "conditional": False,
    }
    return {**role("kms:Decrypt", resource="acs:kms:r:1:key/k"), **plain, "name": "share", **changes}


def group(*rules: Rule, **changes: t.Any) -> Item:
    plain = {
        "name": "web",
        "vpc_id": "vpc-1",
        "type": "normal",
        "inner_access_policy": "accept",
        "instance_ids": ["i-1"],
    }
    return {"security_group_id": "sg-1", **plain, "addresses": ["10.0.0.1"], "rules": rules, **changes}


def address(status: str) -> Item:
    about = {"asset_id": "i-1", "asset_type": "ecs", "name": "web-001", "instance_id": "i-1"}
    return {"address": "203.0.113.7", **about, "status": status, "scrubbing_mbps": 100, "scrubbing_pps": 20000}


def server(instance_id: str, agent: str, uuid: str | None = "u") -> Item:
    """As the servers of Security Center are read."""
    counts = {"alert_count": 0, "vulnerability_count": 2, "risk_count": 1}
    return {"instance_id": instance_id, "uuid": uuid, "agent": agent, "protected": agent == "online", **counts}


def alert(level: str, uuid: str | None = "u", instance_id: str | None = "i-1") -> Item:
    about = {"alert_id": "7", "type": "", "name": "Webshell", "first_time": None, "last_time": None}
    return {**about, "uuid": uuid, "instance_id": instance_id, "level": level}


def center(agent: str = "online", alerts: t.Sequence[Item] = (), *, role: bool = True) -> Item:
    """The section of the one instance of the good account."""
    named = [{"instance_id": "i-1", "name": "web-001"}]
    return security.section(role, "free", named, [server("i-1", agent)], alerts)


def good() -> Facts:
    """An account in which nothing is off."""
    instance = {
        "instance_id": "i-1",
        "name": "web-001",
        "fleet": "web",
        "status": "Running",
        "instance_type": "ecs.g7t.large",
        "zone_id": "z",
        "vswitch_id": "vsw-1",
        "image_id": "m-1",
        "os_name": "Linux",
        "private_ip": "10.0.0.1",
        "public_ip": None,
        "security_group_ids": ["sg-1"],
        "key_name": "ops",
        "ram_role_name": "r",
        "deletion_protection": True,
        "http_endpoint": "enabled",
        "http_tokens": "required",
        "creation_time": "",
        "trusted": {"supports_vtpm": True},
        "disks": [{"disk_id": "d-1", "type": "system", "encrypted": True, "kms_key_id": "k"}],
        "trust": {"verdict": "trusted", "reason": "", "last_report": "", "last_report_age": 60, "findings": 0},
    }
    return Facts(
        region="cn-hangzhou",
        account_id="1",
        instances=[instance],
        groups=[group(rule("443/443"), rule("22/22", "203.0.113.0/24"))],
        key_pairs=[{"name": "ops", "fingerprint": "", "instance_ids": ["i-1"]}],
        images={"m-1": {"image_id": "m-1", "name": "Linux", "status": "Available"}},
        roles={"r": role(*rights.TRUST_CLIENT)},
        share_roles=[share_role()],
        security_center=center(),
        kms_status="Enabled",
        keys=[{"key_id": "k", "arn": "acs:kms:r:1:key/k", "aliases": [], "state": "Enabled", "creator": "1"}],
    )


def failed(facts: Facts, limits: dict[str, int] | None = None) -> list[str]:
    findings, _states = checks.run(facts, list(checks.CHECKS), limits or quotas.DOCUMENTED)
    return [finding["check"] for finding in findings]


def test_nothing_is_found_where_nothing_is_off() -> None:
    assert failed(good()) == []


#: What is changed in the good account -> the one check that then fails.
INSTANCE: dict[str, dict[str, t.Any]] = {
    "imds_without_token": {"http_tokens": "optional"},
    "disk_unencrypted": {"disks": [{"disk_id": "d", "type": "data", "encrypted": False, "kms_key_id": None}]},
    "deletion_unprotected": {"deletion_protection": False},
    "instance_without_vtpm": {"trusted": {"supports_vtpm": False}},
    "instance_without_role": {"ram_role_name": ""},
    "image_gone": {"image_id": "m-2"},
}


@pytest.mark.parametrize("check", INSTANCE)
def test_an_instance_that_is_off_is_found(check: str) -> None:
    facts = good()
    facts.images["m-2"] = None
    facts.instances[0].update(INSTANCE[check])
    assert failed(facts) == [check]


@pytest.mark.parametrize("verdict", ["untrusted", "unmeasured", "unknown"])
def test_only_trusted_passes(verdict: str) -> None:
    facts = good()
    facts.instances[0]["trust"] = {**facts.instances[0]["trust"], "verdict": verdict, "reason": "it says so"}
    assert failed(facts) == [f"instance_{verdict}"]


def test_a_key_pair_that_no_instance_has_is_unused_and_an_instance_without_one_is_found() -> None:
    facts = good()
    facts.instances[0]["key_name"] = None
    facts.key_pairs[0]["instance_ids"] = []
    assert failed(facts) == ["instance_without_key_pair", "key_pair_unused"]


def test_a_metadata_service_that_is_off_needs_no_token() -> None:
    facts = good()
    facts.instances[0].update(http_tokens="optional", http_endpoint="disabled")
    assert failed(facts) == []


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule("22/22")], ["world_open_risky"]),
        ([rule("20/30")], ["world_open_risky"]),
        ([rule("22/22", "::/0")], ["world_open_risky"]),
        ([rule("22/22", "0.0.0.0/1")], ["world_open_risky"]),
        ([rule("22/22"), rule("22/22", policy="drop")], ["rule_without_effect"]),
        ([rule("80/80")], []),
        ([rule("1/65535")], ["world_open_all"]),
        ([rule("-1/-1", protocol="all")], ["world_open_all"]),
        ([rule("-1/-1", protocol="icmp")], []),
        ([rule("8000/9999", "10.0.0.0/8")], ["rule_over_wide"]),
        ([rule("8000/9000", "10.0.0.0/8")], ["rule_over_wide"]),
        ([rule("8000/8999", "10.0.0.0/8")], []),
        ([rule("443/443", "8.0.0.0/9")], ["rule_over_wide"]),
        ([rule("443/443", "2001::/20")], ["rule_over_wide"]),
        ([rule("443/443"), rule("443/443", "8.8.8.8/32", priority=2)], ["rule_without_effect"]),
        ([rule("22/22", "sg-9", "group")], []),
    ],
)
def test_rules(rules: list[Rule], expected: list[str]) -> None:
    facts = good()
    facts.groups = [group(*rules)]
    assert failed(facts) == expected


def test_limits_count_from_eighty_percent() -> None:
    facts = good()
    facts.groups = [group(*(rule(f"{port}/{port}", "10.0.0.0/8") for port in range(30000, 30008)))]
    limits = {**quotas.DOCUMENTED, "rules_per_group": 10}
    assert failed(facts, limits) == ["quota_near"]
    assert failed(facts, {**limits, "rules_per_group": 11}) == []
    assert failed(facts, {**quotas.DOCUMENTED, "rules_per_instance": 10}) == ["quota_near"]


def test_quotas_are_those_of_the_account_where_it_tells_them_and_of_whoever_asks_before_that() -> None:
    facts = good()
    facts.groups = [group(rule("443/443")), group(rule("443/443"), rule("80/80"), security_group_id="sg-2", name="old")]
    facts.told = quotas.Told({"groups_per_region": 40, "postpaid_vcpus": 100}, {"postpaid_vcpus": 85})
    rows = {row["limit"]: row for row in quotas.table(facts, {"rules_per_group": 4})}
    assert [rows["groups_per_region"][key] for key in ("used", "most", "source")] == [2, 40, "account"]
    assert [rows["rules_per_group"][key] for key in ("used", "most", "fullest", "source")] == [2, 4, "old", "given"]
    assert rows["key_pairs_per_region"]["source"] == "documents"
    assert "spot_vcpus" not in rows, "nobody tells"
    assert next(iter(rows)) == "postpaid_vcpus", "the fullest first"
    findings, _states = checks.run(facts, ["quota_near"], quotas.limits(facts.told, {}))
    assert [one["detail"] for one in findings] == ["85 of 100 vCPUs of pay-as-you-go instances are used."]
    facts.unread["key pairs"] = "You are not authorized."
    assert "key_pairs_per_region" not in {row["limit"] for row in quotas.table(facts, {})}


def test_groups_that_nothing_uses_are_found() -> None:
    facts = good()
    unused = group(security_group_id="sg-2", name="old", instance_ids=[], addresses=[])
    facts.groups.append(unused)
    assert failed(facts) == ["security_group_unused"]
    facts.groups[0]["rules"] += (rule("80/80", "sg-2", "group"),)
    assert failed(facts) == []
    facts.groups[0]["rules"] = facts.groups[0]["rules"][:-1]
    assert failed(facts, {**quotas.DOCUMENTED, "groups_per_region": 2}) == ["quota_near", "security_group_unused"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"recipients": [], "services": ["*@ecs.aliyuncs.com"]}, ["share_role_open"]),
        ({"recipients": [], "services": []}, ["share_role_open"]),
        ({"recipients": [], "services": ["ecs.aliyuncs.com"], "purpose": "disk_encrypt"}, []),
        ({"too_wide": ["kms:*"]}, ["share_role_all_keys"]),
        ({"too_wide": ["kms:*"], "purpose": "disk_encrypt"}, []),
    ],
)
def test_share_roles(changes: Item, expected: list[str]) -> None:
    facts = good()
    facts.share_roles = [share_role(**changes)]
    assert failed(facts) == expected


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (["*"], ["role_too_wide"]),
        ([*rights.TRUST_CLIENT, "ecs:*"], ["role_too_wide"]),
        (["yundun-systrust:*"], []),
        (["yundun-systrust:Generate*", "yundun-systrust:RegisterMessage"], ["role_cannot_report"]),
    ],
)
def test_rights_of_instance_roles(actions: list[str], expected: list[str]) -> None:
    facts = good()
    facts.roles = {"r": role(*actions)}
    assert failed(facts) == expected


def test_a_denial_takes_a_right_away() -> None:
    found = rights.statements(
        {
            "Statement": [
                {"Effect": "Allow", "Action": "kms:*", "Resource": "*"},
                {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "acs:kms:*:*:key/k"},
            ]
        }
    )
    assert not rights.allows(found, "kms:Decrypt", "acs:kms:r:1:key/k")
    assert rights.allows(found, "KMS:decrypt", "acs:kms:r:1:key/other")


def test_kms_that_is_off_is_found() -> None:
    facts = good()
    facts.kms_status = "NotEnabled"
    assert failed(facts) == ["kms_off"]


@pytest.mark.parametrize("part", sorted({part for check in checks.CHECKS.values() for part in check.needs}))
def test_what_was_not_read_is_unknown_and_never_passed(part: str) -> None:
    facts = good()
    facts.unread[part] = "no right"
    _findings, states = checks.run(facts, list(checks.CHECKS), quotas.DOCUMENTED)
    unknown = {one["check"] for one in states if one["state"] == "unknown"}
    assert unknown == {name for name, check in checks.CHECKS.items() if part in check.needs}


def test_without_the_trusted_server_every_verdict_is_unknown_and_says_why() -> None:
    facts = good()
    del facts.instances[0]["trust"]
    facts.unread["trust"] = "there is no package"
    audit = report.assemble(facts, list(checks.CHECKS), quotas.DOCUMENTED, 0.0)
    assert audit["instances"][0]["trust"]["verdict"] == "unknown"
    assert audit["instances"][0]["trust"]["reason"] == "there is no package"
    assert audit["figures"]["verdicts"] == {"trusted": 0, "untrusted": 0, "unmeasured": 0, "unknown": 1}
    assert [finding["check"] for finding in audit["findings"]] == ["instance_unknown"]
    assert audit["not_read"] == [{"part": "trust", "reason": "there is no package"}]


TOLD = {"verdict": "trusted", "last_report": "2026-01-20T08:15:00Z", "reason": ""}
JUDGED = {"verdict": "unknown", "last_report": "2026-01-20T08:15:00Z", "reason": "the clocks do not agree"}
DENIED = {"verdict": "unknown", "last_report": None, "reason": "the trusted server does not tell: no right"}


@pytest.mark.parametrize(
    ("trust", "unread"),
    [
        ([TOLD, JUDGED], {}),
        ([DENIED, DENIED], {"trust": DENIED["reason"]}),
        ([TOLD, DENIED], {"trust of web-2": DENIED["reason"]}),
    ],
)
def test_instances_that_the_trusted_server_does_not_tell_of_are_not_read(
    monkeypatch: pytest.MonkeyPatch, trust: list[dict[str, t.Any]], unread: dict[str, str]
) -> None:
    instances = [{"name": f"web-{number}", "trust": one} for number, one in enumerate(trust, 1)]
    monkeypatch.setattr(
        "ansible_collections.alitrust.ecs.plugins.module_utils._trust.section.with_trust", lambda *_given: instances
    )
    reader = collect._Reader(t.cast("Cloud", SimpleNamespace(region="cn-hangzhou")), OPTIONS)
    reader.facts.instances = instances
    reader._trust()
    assert reader.facts.unread == unread


@pytest.mark.parametrize(
    ("seconds", "age"),
    [(0, "under 1 h"), (3600, "1 to 6 h"), (86400, "1 to 7 d"), (10**7, "over 7 d"), (None, "never")],
)
def test_ages(seconds: float | None, age: str) -> None:
    assert report.age_of(seconds) == age


def test_every_check_is_documented_with_its_severity() -> None:
    text = (ROOT / "plugins/modules/audit_info.py").read_text()
    listed = text.split("From worst to least", 1)[1].split("type: list", 1)[0]
    order = [listed.index(f"V({name})") for name in checks.CHECKS]
    assert order == sorted(order)
    for severity in checks.SEVERITIES:
        last = [name for name, check in checks.CHECKS.items() if check.severity == severity][-1]
        assert f"V({last}) ({severity})" in " ".join(listed.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"checks": ["nonsense"]}, "checks has 'nonsense'; expected some of instance_untrusted"),
        ({"skip_checks": ["nonsense"]}, "skip_checks has 'nonsense'"),
        ({"security_group_ids": [], "checks": ["kms_off"]}, "checks has 'kms_off'; expected some of world_open_all"),
        ({"security_group_ids": ["sg-1"], "rules_file": "rules.json"}, "give one of them"),
        ({"security_group_ids": ["the web"]}, "security_group_ids"),
        ({"limits": {"rules": 1}}, "limits has 'rules'; expected some of rules_per_group"),
        ({"limits": {"rules_per_group": "many"}}, "limits.rules_per_group is 'many'; expected a number above 0"),
    ],
)
def test_bad_options_are_refused_before_any_call(options: Item, message: str) -> None:
    nothing: Item = {"checks": None, "skip_checks": [], "limits": {}, "security_group_ids": None, "rules_file": None}
    with pytest.raises(InvalidInput) as caught:
        report.read(t.cast("t.Any", None), {**nothing, **options})
    assert message in str(caught.value)


# ---------------------------------------------------------------------- what mends


def everything_off() -> Facts:
    facts = good()
    bad = copy.deepcopy(facts.instances[0])
    for verdict in ("untrusted", "unmeasured", "unknown"):
        one = copy.deepcopy(bad)
        one["trust"] = {**bad["trust"], "verdict": verdict, "reason": "it says so"}
        facts.instances.append(one)
    for change in INSTANCE.values():
        facts.instances.append({**copy.deepcopy(bad), **change})
    facts.instances.append({**copy.deepcopy(bad), "key_name": None})
    facts.images["m-2"] = None
    facts.roles["r"] = role("*")
    facts.roles["s"] = {**role("ecs:DescribeInstances"), "name": "s"}
    facts.groups = [
        group(rule("1/65535"), rule("443/443", "8.8.8.8/32", priority=3)),
        group(rule("22/22", description="{{ evil }}")),
        group(rule("1/9000", "10.0.0.0/8")),
        group(name="old", security_group_id="sg-3", instance_ids=[], addresses=[]),
    ]
    facts.key_pairs.append({"name": "old", "fingerprint": "", "instance_ids": []})
    facts.share_roles = [share_role(recipients=[], services=["*@ecs.aliyuncs.com"], too_wide=["kms:*"])]
    facts.kms_status = "NotEnabled"
    facts.addresses = [address("blackholed")]
    facts.security_center = center("offline", [alert("serious")])
    return facts


def test_every_finding_is_mended_by_modules_and_options_that_exist() -> None:
    limits = {"rules_per_group": 1, "groups_per_region": 1, "rules_per_instance": 1}
    findings, states = checks.run(everything_off(), list(checks.CHECKS), limits)
    assert [one["check"] for one in states if one["state"] != "failed"] == []
    documented: dict[str, t.Any] = {}
    for finding in findings:
        assert finding["mend"], finding
        for task in finding["mend"]:
            name = task["module"].removeprefix("alitrust.ecs.")
            path = ROOT / "plugins" / "modules" / f"{name}.py"
            if name not in documented:
                text = path.read_text().split('DOCUMENTATION = r"""', 1)[1].split('"""', 1)[0]
                documented[name] = yaml.safe_load(text)["options"]
            unknown = set(task["options"]) - set(documented[name])
            assert not unknown, (finding["check"], name, unknown)
            for option, value in task["options"].items():
                choices = documented[name][option].get("choices")
                values = value if isinstance(value, list) else [value]
                assert not choices or set(values) <= set(choices), (name, option, value)


@pytest.mark.parametrize(("status", "found"), [("normal", False), ("mitigating", True), ("blackholed", True)])
def test_addresses_under_attack_are_found(status: str, found: bool) -> None:
    facts = good()
    facts.addresses = [address(status)]
    assert failed(facts) == (["address_attacked"] if found else [])


@pytest.mark.parametrize(
    ("agent", "role", "expected"),
    [
        ("online", True, []),
        ("offline", True, ["agent_missing"]),
        ("paused", True, ["agent_missing"]),
        ("uninstalled", True, ["agent_missing"]),
        ("unknown", True, ["agent_missing"]),
        # Nobody has used Security Center here, and nobody is told to begin.
        ("uninstalled", False, []),
        ("unknown", False, []),
        ("offline", False, ["agent_missing"]),
    ],
)
def test_instances_that_security_center_does_not_protect(agent: str, role: bool, expected: list[str]) -> None:
    facts = good()
    facts.security_center = center(agent, role=role)
    assert failed(facts) == expected
    facts.instances[0]["status"] = "Stopped"
    assert failed(facts) == []


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        (alert("serious"), ["instance"]),
        (alert("serious", uuid=None, instance_id=None), ["account"]),
        (alert("suspicious"), []),
        (alert("remind"), []),
        # On an instance of another region, or one that is gone.
        (alert("serious", uuid="another", instance_id="i-2"), []),
        (alert("serious", uuid="another", instance_id=None), []),
        (alert("serious", uuid=None, instance_id="i-2"), []),
    ],
)
def test_serious_alerts_of_the_region_and_of_the_account_are_found(given: Item, kinds: list[str]) -> None:
    facts = good()
    facts.security_center = center(alerts=[given])
    findings, _states = checks.run(facts, list(checks.CHECKS), quotas.DOCUMENTED)
    assert [(one["check"], one["resources"][0]["kind"]) for one in findings] == [("alert_serious", k) for k in kinds]


def test_alerts_are_counted_by_level_and_the_serious_ones_come_first() -> None:
    found = [alert("remind"), alert("unheard of"), alert("serious"), alert("remind")]
    section = center(alerts=found)
    assert [one["level"] for one in section["alerts"]] == ["serious", "remind", "remind", "unheard of"]
    assert section["instances"][0]["alerts"] == {"serious": 1, "suspicious": 0, "remind": 2, "other": 1}
    facts = good()
    facts.security_center = section
    figures = report.assemble(facts, [], {}, 0.0)["figures"]
    assert figures["alerts"] == section["instances"][0]["alerts"]
    assert [figures[name] for name in ("protected", "vulnerabilities", "risks")] == [1, 2, 1]


def test_no_number_of_security_center_is_told_where_it_was_not_read() -> None:
    facts = good()
    facts.security_center = None
    facts.unread["Security Center"] = "no right"
    figures = report.assemble(facts, [], {}, 0.0)["figures"]
    assert [figures[name] for name in ("alerts", "protected", "vulnerabilities", "risks")] == [None] * 4


def test_findings_are_ranked() -> None:
    findings, _states = checks.run(everything_off(), list(checks.CHECKS), quotas.DOCUMENTED)
    order = [checks.SEVERITIES.index(finding["severity"]) for finding in findings]
    assert order == sorted(order)


def test_checks_can_be_chosen() -> None:
    findings, states = checks.run(everything_off(), ["kms_off"], quotas.DOCUMENTED)
    assert [one["check"] for one in states] == ["kms_off"]
    assert [finding["check"] for finding in findings] == ["kms_off"]
